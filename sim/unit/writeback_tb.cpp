// parameters: P=1 N=1 Aligned=0 RowBits=16
// parameters: P=2 N=1 Aligned=1 RowBits=15
// parameters: P=4 N=2 Aligned=0 RowBits=14
// parameters: P=4 N=2 Aligned=1 RowBits=14
// parameters: P=8 N=2 Aligned=0 RowBits=13
// parameters: P=8 N=4 Aligned=1 RowBits=13
//
// Write-back: every word at its address, one write a row, nothing else; to the cycle without
// stalls.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <vector>

#include "Vseigo_writeback.h"
#include "clocked.h"
#include "testbench.h"

static constexpr int P = PARAM_P, N = PARAM_N, RowBits = PARAM_RowBits;
static Random draw(1);
static int uniform(int low, int high) { return int(draw.in(low, high)); }

int main(int argc, char** argv) {
  int passes = argc > 1 ? atoi(argv[1]) : 2000;
  Clocked<Vseigo_writeback> clocked;
  auto& top = clocked.top;
  const long& cycle = clocked.cycle;
  auto edge = [&] { clocked.edge(); };
  top->start_i = top->valid_i = top->req_ready_i = 0;
  clocked.reset();
  int exact = 0;
  for (int pass = 0; pass < passes; pass++) {
    int pixels = uniform(0, 4) ? uniform(1, 20) : uniform(1, 300), planes = uniform(1, 5);
    bool wide = uniform(0, 1);
    bool stalls = pass % 3 != 0;
    int gap_in = stalls ? uniform(0, 70) : 0, gap_out = stalls ? uniform(0, 70) : 0;
    // Beats as of the lanes (full but for the end), as of the plane engine (rows), or any.
    int kind = PARAM_Aligned ? 0 : uniform(0, 2), row_width = uniform(1, 12);
    int per_plane = (pixels * (wide ? 2 : 1) + P - 1) / P;
    int stride = per_plane + uniform(0, 3), base = uniform(0, (1 << RowBits) - stride * planes);
    auto fail = [&](const char* what) {
      printf("FAIL at cycle %ld: %s (pass %d: %d pixels, %d planes%s)\n", cycle, what, pass, pixels,
             planes, wide ? ", wide" : "");
      exit(1);
    };
    std::vector<int16_t> values(size_t(pixels) * planes * 16);
    for (int16_t& v : values) v = int16_t(wide ? uniform(-32768, 32767) : uniform(-128, 127));

    top->start_i = 1;
    top->wide_i = wide;
    top->base_i = base * P;
    top->stride_i = stride * P;
    top->pixels_i = pixels;
    top->planes_i = planes;
    top->eval();
    if (!top->idle_o) fail("not idle");
    edge();
    top->start_i = 0;
    top->wide_i = uniform(0, 1);
    top->base_i = top->stride_i = uniform(0, 1 << 20);
    top->pixels_i = top->planes_i = uniform(0, 1000);
    long total = long(pixels) * planes, fed = 0, writes = 0, first = -1, last = -1, cost = 0;
    int count = 0, in_row = 0;
    bool valid = false;
    int fill = 0;
    long limit = cycle + 1000 + 60 * total;
    while (true) {
      if (cycle > limit) fail("no end");
      if (!valid && fed < total && uniform(1, 100) > gap_in) {
        valid = true;
        int most = int(std::min<long>(N, pixels - fed % pixels));
        count = kind == 0   ? most
                : kind == 1 ? std::min(most, row_width - in_row)
                            : uniform(stalls ? 0 : 1, most);
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
        // Rows come in order: the row and the enables follow from the count of writes.
        if (writes >= long(per_plane) * planes) fail("more writes than rows");
        int plane = int(writes / per_plane), row = int(writes % per_plane);
        if (int(top->req_row_o) != base + plane * stride + row) fail("row");
        int words = std::min(P, pixels * (wide ? 2 : 1) - row * P);
        if (int(top->req_enable_o) != (1 << words) - 1) fail("enables");
        for (int b = 0; b < words; b++)
          for (int k = 0; k < 16; k++) {
            int w = row * P + b, want;
            const int16_t* q = &values[(size_t(plane) * pixels + (wide ? w / 2 : w)) * 16];
            if (wide) want = uint16_t(q[w % 2 * 8 + k / 2]) >> (k % 2 * 8) & 255;
            else want = uint8_t(q[k]);
            int have = top->req_data_o[b * 4 + k / 4] >> (k % 4 * 8) & 255;
            if (have != want) fail("wrong byte");
          }
        writes++;
        last = cycle;
      }
      bool done = fed == total && writes == long(per_plane) * planes;
      if (top->idle_o && !done) fail("idle too early");
      if (taken) {
        if (first < 0) first = cycle;
        // Cycles that this beat takes by the module's description.
        int words = count * (wide ? 2 : 1);
        bool ends = fed % pixels + count == pixels;
        cost += P == 1 ? words : 1 + (ends && fill + words > P);
        fill = ends ? 0 : (fill + words) % P;
      }
      edge();
      if (taken) {
        fed += count;
        in_row = (in_row + count) % row_width;
        if (fed % pixels == 0) in_row = 0;
        valid = false;
      }
      if (done) break;
    }
    top->valid_i = 0;
    top->req_ready_i = 0;
    top->eval();
    if (!top->idle_o || top->req_valid_o) fail("something is left");
    if (!stalls) {
      // The last write is requested 3 cycles after the last beat's last cycle.
      if (last - first != cost - 1 + 3) {
        printf("%ld cycles, expected %ld\n", last - first, cost - 1 + 3);
        fail("a bubble");
      }
      exact++;
    }
  }
  printf("writeback: %d passes, %d of them exact to the cycle\n", passes, exact);
  return 0;
}
