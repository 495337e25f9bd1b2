// parameters: LP=1 DP=1
// parameters: LP=2 DP=1
// parameters: LP=2 DP=2
// parameters: LP=4 DP=1
// parameters: LP=4 DP=2
// parameters: LP=4 DP=4
//
// Splitter: every pixel once, in order, in groups that end with the row; to the cycle without
// stalls.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "Vseigo_splitter.h"
#include "clocked.h"
#include "testbench.h"

static constexpr int LP = PARAM_LP, DP = PARAM_DP;
static Random draw(1);
static int uniform(int low, int high) { return int(draw.in(low, high)); }

int main(int argc, char** argv) {
  int passes = argc > 1 ? atoi(argv[1]) : 3000;
  Clocked<Vseigo_splitter> clocked;
  auto& top = clocked.top;
  const long& cycle = clocked.cycle;
  auto edge = [&] { clocked.edge(); };
  top->start_i = top->valid_i = top->ready_i = 0;
  clocked.reset();
  int exact = 0;
  for (int pass = 0; pass < passes; pass++) {
    int width = uniform(1, uniform(0, 1) ? 9 : 40), height = uniform(1, 12), planes = uniform(1, 5);
    bool stalls = pass % 3 != 0;
    int gap_in = stalls ? uniform(0, 70) : 0, gap_out = stalls ? uniform(0, 70) : 0;
    long pixels = long(width) * height, total = pixels * planes;
    auto fail = [&](const char* what) {
      printf("FAIL at cycle %ld: %s (pass %d: %dx%d, %d planes)\n", cycle, what, pass, width, height,
             planes);
      exit(1);
    };
    top->start_i = 1;
    top->width_i = width;
    top->eval();
    if (!top->idle_o) fail("not idle");
    edge();
    top->start_i = 0;
    top->width_i = uniform(0, 65535);
    long fed = 0, got = 0, first = -1, last = -1, words = 0, last_word = -1;
    bool valid = false, before = false;
    uint32_t base = uint32_t(draw.next());
    int count = 0;
    long limit = cycle + 1000 + 40 * total;
    auto pixel = [&](long i, int w) {
      return base + uint32_t(i) * 2654435761u + uint32_t(w) * 40503u;
    };
    while (got < total) {
      if (cycle > limit) fail("no end");
      if (!valid && fed < total && uniform(1, 100) > gap_in) {
        valid = true;
        // A word without pixels may pass; the last word of a plane has what is left.
        count = stalls && uniform(0, 15) == 0 ? 0 : int(std::min<long>(LP, pixels - fed % pixels));
      }
      top->valid_i = valid;
      top->count_i = count;
      for (int i = 0; i < 4 * LP; i++)
        top->data_i[i] = i / 4 < count ? pixel(fed + i / 4, i % 4) : uint32_t(draw.next());
      top->ready_i = uniform(1, 100) > gap_out;
      top->eval();
      // Valid groups stay.
      if (before && !top->valid_o) fail("a valid group vanished");
      bool taken = valid && top->ready_o;
      if (taken && first < 0 && count) first = cycle;
      if (taken && count) last_word = cycle, words++;
      before = top->valid_o && !top->ready_i;
      if (top->valid_o && top->ready_i) {
        int in_row = int(got % width), want = std::min(DP, width - in_row);
        if (top->count_o != want) fail("count");
        if (bool(top->last_in_row_o) != (in_row + want == width)) fail("last_in_row");
        for (int i = 0; i < 4 * want; i++)
          if (top->data_o[i] != pixel(got + i / 4, i % 4)) fail("wrong pixel");
        got += want;
        last = cycle;
      }
      edge();
      if (taken) fed += count, valid = false;
    }
    top->valid_i = 0;
    top->ready_i = 0;
    top->eval();
    if (!top->idle_o || top->valid_o) fail("something is left");
    if (!stalls) {
      // The output is the slower side when LP = DP; a group a cycle, the first one after the first
      // word.
      long groups = long(planes) * height * ((width + DP - 1) / DP);
      long slack = last - first - groups;
      if (slack != 0) {
        printf("%ld groups in %ld cycles\n", groups, last - first);
        fail("a bubble");
      }
      bool even = width % DP == 0 && LP == DP && pixels % LP == 0;
      if (even && last_word - first != words - 1) fail("input rate");
      exact++;
    }
  }
  printf("splitter: %d passes, %d of them exact to the cycle\n", passes, exact);
  return 0;
}
