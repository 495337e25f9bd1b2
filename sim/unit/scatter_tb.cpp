// parameters: P=1 N=1 RowBits=16
// parameters: P=2 N=1 RowBits=15
// parameters: P=4 N=2 RowBits=14
// parameters: P=8 N=4 RowBits=13
//
// Scatter: every word of every pixel at its address and nothing else, in order; a word a cycle without stalls.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "Vseigo_scatter.h"
#include "clocked.h"
#include "testbench.h"

static constexpr int P = PARAM_P, N = PARAM_N, RowBits = PARAM_RowBits;
static Random draw(1);
static int uniform(int low, int high) { return int(draw.in(low, high)); }

int main(int argc, char** argv) {
  int passes = argc > 1 ? atoi(argv[1]) : 1000;
  Clocked<Vseigo_scatter> clocked;
  auto& top = clocked.top;
  const long& cycle = clocked.cycle;
  auto edge = [&] { clocked.edge(); };
  top->start_i = top->valid_i = top->req_ready_i = 0;
  clocked.reset();
  int exact = 0;
  for (int pass = 0; pass < passes; pass++) {
    int width = uniform(1, 12), height = uniform(1, 9), planes = uniform(1, 4), pixels = width * height;
    bool wide = uniform(0, 1);
    int words = wide ? 2 : 1;
    bool stalls = pass % 3 != 0;
    int gap_in = stalls ? uniform(0, 70) : 0, gap_out = stalls ? uniform(0, 70) : 0;
    // Every block_x-th pixel of every block_y-th row of planes of `pitch` columns.
    int block_x = uniform(1, 15), block_y = uniform(1, 15), pitch = width * block_x + uniform(0, 5);
    int stride = pitch * height * block_y * words, room = (1 << RowBits) * P - stride * planes;
    int base = room > 0 ? uniform(0, room) : 0;
    auto address = [&](long word) {
      long pixel = word / words, inside = pixel % pixels;
      long at = (inside / width * block_y * pitch + inside % width * block_x) * words + word % words;
      return (base + pixel / pixels * stride + at) & 0xfffff;
    };
    auto fail = [&](const char* what) {
      printf("FAIL at cycle %ld: %s (pass %d: %d x %d pixels, %d planes%s)\n", cycle, what, pass, width, height,
             planes, wide ? ", wide" : "");
      exit(1);
    };
    std::vector<int16_t> values(size_t(pixels) * planes * 16);
    for (int16_t& v : values) v = int16_t(wide ? uniform(-32768, 32767) : uniform(-128, 127));

    top->start_i = 1;
    top->wide_i = wide;
    top->base_i = base;
    top->stride_i = stride;
    top->step_i = block_x * words;
    top->skip_i = (block_y * pitch - (width - 1) * block_x) * words;
    top->width_i = width;
    top->pixels_i = pixels;
    top->planes_i = planes;
    top->eval();
    if (!top->idle_o) fail("not idle");
    edge();
    top->start_i = 0;
    top->wide_i = uniform(0, 1);
    top->base_i = top->stride_i = top->skip_i = uniform(0, 1 << 20);
    top->step_i = top->width_i = top->pixels_i = top->planes_i = uniform(0, 31);
    long total = long(pixels) * planes, fed = 0, writes = 0, first = -1, last = -1;
    int count = 0;
    bool valid = false;
    long limit = cycle + 1000 + 60 * total * words;
    while (true) {
      if (cycle > limit) fail("no end");
      if (!valid && fed < total && uniform(1, 100) > gap_in) {
        valid = true;
        count = uniform(stalls ? 0 : 1, int(std::min<long>(N, pixels - fed % pixels)));
      }
      top->valid_i = valid;
      top->count_i = count;
      for (int i = 0; i < 8 * N; i++) {
        uint32_t v = uint32_t(draw.next());
        if (i / 8 < count && fed + i / 8 < total) {
          const int16_t* q = &values[(fed + i / 8) * 16 + i % 8 * 2];
          v = uint16_t(q[0]) | uint32_t(uint16_t(q[1])) << 16;
        }
        top->data_i[i] = v;
      }
      top->req_ready_i = uniform(1, 100) > gap_out;
      top->eval();
      bool taken = valid && top->ready_o;
      if (top->req_valid_o && top->req_ready_i) {
        if (writes >= total * words) fail("more writes than words");
        long at = address(writes);
        int bank = int(at % P);
        if (long(top->req_row_o) != at / P % (1L << RowBits)) fail("row");
        if (int(top->req_enable_o) != 1 << bank) fail("enables");
        const int16_t* q = &values[size_t(writes / words) * 16];
        for (int k = 0; k < 16; k++) {
          int want = wide ? uint16_t(q[writes % 2 * 8 + k / 2]) >> (k % 2 * 8) & 255 : uint8_t(q[k]);
          int have = top->req_data_o[bank * 4 + k / 4] >> (k % 4 * 8) & 255;
          if (have != want) fail("wrong byte");
        }
        writes++;
        last = cycle;
      }
      bool done = fed == total && writes == total * words;
      if (top->idle_o && !done) fail("idle too early");
      if (taken && first < 0) first = cycle;
      edge();
      if (taken) {
        fed += count;
        valid = false;
      }
      if (done) break;
    }
    top->valid_i = 0;
    top->req_ready_i = 0;
    top->eval();
    if (!top->idle_o || top->req_valid_o) fail("something is left");
    if (!stalls) {
      // The first write is requested 2 cycles after its beat.
      if (last - first != total * words + 1) {
        printf("%ld cycles, expected %ld\n", last - first, total * words + 1);
        fail("a bubble");
      }
      exact++;
    }
  }
  printf("scatter: %d passes, %d of them exact to the cycle\n", passes, exact);
  return 0;
}
