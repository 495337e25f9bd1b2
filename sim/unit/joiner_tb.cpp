// parameters: LP=1
// parameters: LP=2
//
// Joiner: every pixel once, in order, in words that are full but for the last one of a plane; a word is taken in every
// cycle where nothing stalls, but for a last word of a plane without a second half, which may wait one.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "Vseigo_joiner.h"
#include "clocked.h"
#include "testbench.h"

static constexpr int LP = PARAM_LP;
static Random draw(1);
static int uniform(int low, int high) { return int(draw.in(low, high)); }

int main() {
  Clocked<Vseigo_joiner> clocked;
  auto& top = clocked.top;
  const long& cycle = clocked.cycle;
  top->start_i = top->valid_i = top->ready_i = 0;
  clocked.reset();
  for (int pass = 0; pass < 3000; pass++) {
    long pixels = uniform(1, uniform(0, 1) ? 9 : 300), total = pixels * uniform(1, 5);
    bool stalls = pass % 3 != 0;
    int gap_in = stalls ? uniform(0, 70) : 0, gap_out = stalls ? uniform(0, 70) : 0;
    auto fail = [&](const char* what) {
      printf("FAIL at cycle %ld: %s (pass %d: %ld of planes of %ld pixels)\n", cycle, what, pass, total, pixels);
      exit(1);
    };
    if (!top->idle_o) fail("not idle");
    top->start_i = 1;
    top->pixels_i = uint32_t(draw.next());
    clocked.edge();
    top->start_i = 0;
    top->pixels_i = uint32_t(pixels);
    top->ready_i = 0;
    clocked.edge();
    uint32_t base = uint32_t(draw.next());
    auto word = [&](long i, int part) { return base + uint32_t(i) * 2654435761u + uint32_t(part) * 40503u; };
    long fed = 0, got = 0, limit = cycle + 1000 + 40 * total;
    bool valid = false, waited = false;
    int count = 0;
    while (got < total) {
      if (cycle > limit) fail("no end");
      if (!valid && fed < total && uniform(1, 100) > gap_in) {
        valid = true;
        count = stalls && uniform(0, 15) == 0 ? 0 : int(std::min<long>(LP, pixels - fed % pixels));
      }
      top->valid_i = valid;
      top->count_i = count;
      for (int i = 0; i < 4 * LP; i++)
        top->data_i[i] = i / 4 < count ? word(fed + i / 4, i % 4) : uint32_t(draw.next());
      top->ready_i = uniform(1, 100) > gap_out;
      // Whether a word is taken does not depend on this cycle's `ready_i`.
      bool ready = top->ready_i;
      top->ready_i = !ready;
      top->eval();
      bool takes = top->ready_o;
      top->ready_i = ready;
      top->eval();
      if (takes != bool(top->ready_o)) fail("ready depends on ready");
      long at = fed % pixels;
      bool lone = at + count == pixels && at / LP % 2 == 0;
      if (!stalls && valid && !top->ready_o && (!lone || waited)) fail("a word waits");
      waited = valid && !top->ready_o;
      bool taken = valid && top->ready_o;
      if (top->valid_o && top->ready_i) {
        int want = int(std::min<long>(2 * LP, pixels - got % pixels));
        if (top->count_o != want) fail("count");
        for (int i = 0; i < 4 * want; i++)
          if (top->data_o[i] != word(got + i / 4, i % 4)) fail("wrong pixel");
        got += want;
      }
      clocked.edge();
      if (taken) fed += count, valid = false;
    }
    top->valid_i = 0;
    top->eval();
    if (!top->idle_o || top->valid_o) fail("something is left");
  }
  printf("joiner: 3000 passes\n");
  return 0;
}
