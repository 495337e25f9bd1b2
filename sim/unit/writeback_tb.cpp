// parameters: P=1 N=1 Aligned=0 Streams=1 RowBits=16
// parameters: P=1 N=1 Aligned=0 Streams=2 RowBits=16
// parameters: P=2 N=1 Aligned=1 Streams=1 RowBits=15
// parameters: P=2 N=1 Aligned=0 Streams=2 RowBits=15
// parameters: P=4 N=2 Aligned=0 Streams=2 RowBits=14
// parameters: P=4 N=2 Aligned=1 Streams=1 RowBits=14
// parameters: P=8 N=2 Aligned=0 Streams=2 RowBits=13
// parameters: P=8 N=4 Aligned=1 Streams=1 RowBits=13
// parameters: P=8 N=4 Aligned=0 Streams=2 RowBits=13
//
// Write-back: every word at its address, one write a row, rows of a stream in order, nothing else; to the cycle without
// stalls. Beats of two streams come in turns or in any order, of one stream alone in some passes.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "Vseigo_writeback.h"
#include "clocked.h"
#include "testbench.h"

static constexpr int P = PARAM_P, N = PARAM_N, Streams = PARAM_Streams, RowBits = PARAM_RowBits;
static Random draw(1);
static int uniform(int low, int high) { return int(draw.in(low, high)); }

// What a stream sends in a pass, and how far it is.
struct Stream {
  bool used = false, wide = false;
  int per_plane = 0, stride = 0, base = 0, row_width = 0;
  std::vector<int16_t> values;
  long fed = 0, writes = 0;
  int in_row = 0, fill = 0;

  void draw(bool use, int pixels, int planes, int low, int rows) {
    *this = Stream();
    used = use;
    if (!used) return;
    wide = uniform(0, 1);
    per_plane = (pixels * (wide ? 2 : 1) + P - 1) / P;
    stride = per_plane + uniform(0, 3);
    base = low + uniform(0, rows - stride * planes);
    row_width = uniform(1, 12);
    values.resize(size_t(pixels) * planes * 16);
    for (int16_t& v : values) v = int16_t(wide ? uniform(-32768, 32767) : uniform(-128, 127));
  }

  bool owns(int row, int planes) const { return used && row >= base && row < base + stride * planes; }

  // Byte `k` of word `w` of a plane.
  int byte(size_t pixel, int w, int k) const {
    const int16_t* q = &values[(pixel + (wide ? w / 2 : w)) * 16];
    return wide ? uint16_t(q[w % 2 * 8 + k / 2]) >> (k % 2 * 8) & 255 : uint8_t(q[k]);
  }

  // Cycles that a beat takes by the module's description.
  int cost(int count, int pixels) {
    int words = count * (wide ? 2 : 1);
    bool ends = fed % pixels + count == pixels;
    int cycles = P == 1 ? words : 1 + (ends && fill + words > P);
    fill = ends ? 0 : (fill + words) % P;
    return cycles;
  }
};

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
    bool stalls = pass % 3 != 0;
    int gap_in = stalls ? uniform(0, 70) : 0, gap_out = stalls ? uniform(0, 70) : 0;
    // Beats as of the lanes (full but for the end), as of the plane engine (rows), or any; streams in turns or not.
    int kind = PARAM_Aligned ? 0 : uniform(0, 2);
    bool turns = uniform(0, 1);
    auto fail = [&](const char* what) {
      printf("FAIL at cycle %ld: %s (pass %d: %d pixels, %d planes)\n", cycle, what, pass, pixels, planes);
      exit(1);
    };
    Stream streams[2];
    int used = Streams == 1 ? 1 : uniform(1, 3), rows = (1 << RowBits) / Streams;
    for (int s = 0; s < 2; s++) streams[s].draw(used >> s & 1, pixels, planes, s * rows, rows);
    uint64_t base = 0, stride = 0;
    int wide = 0;
    for (int s = 0; s < 2; s++) {
      base |= uint64_t(streams[s].base * P) << (20 * s);
      stride |= uint64_t(streams[s].stride * P) << (20 * s);
      wide |= int(streams[s].wide) << s;
    }
    top->start_i = used;
    top->wide_i = wide;
    top->base_i = base;
    top->stride_i = stride;
    top->pixels_i = pixels;
    top->planes_i = planes;
    top->eval();
    if (!top->idle_o) fail("not idle");
    edge();
    top->start_i = 0;
    top->wide_i = uniform(0, (1 << Streams) - 1);
    top->base_i = top->stride_i = uniform(0, 1 << 20);
    top->pixels_i = top->planes_i = uniform(0, 1000);
    long each = long(pixels) * planes, first = -1, last = -1, cost = 0;
    auto open = [&](int s) { return streams[s].used && streams[s].fed < each; };
    int count = 0, from = 0;
    bool valid = false;
    long limit = cycle + 1000 + 120 * each;
    while (true) {
      if (cycle > limit) fail("no end");
      if (!valid && (open(0) || open(1)) && uniform(1, 100) > gap_in) {
        valid = true;
        from = turns ? 1 - from : uniform(0, 1);
        if (!open(from)) from = 1 - from;
        const Stream& stream = streams[from];
        int most = int(std::min<long>(N, pixels - stream.fed % pixels));
        count = kind == 0   ? most
                : kind == 1 ? std::min(most, stream.row_width - stream.in_row)
                            : uniform(stalls ? 0 : 1, most);
      }
      Stream& stream = streams[from];
      top->valid_i = int(valid) << from;
      top->count_i = count;
      for (int i = 0; i < 8 * N; i++) {
        uint32_t v = uint32_t(draw.next());
        if (i / 8 < count && stream.fed + i / 8 < each) {
          const int16_t* q = &stream.values[(stream.fed + i / 8) * 16 + i % 8 * 2];
          v = uint16_t(q[0]) | uint32_t(uint16_t(q[1])) << 16;
        }
        top->data_i[i] = v;
      }
      top->req_ready_i = uniform(1, 100) > gap_out;
      top->eval();
      bool taken = valid && (top->ready_o >> from & 1);
      if (top->req_valid_o && top->req_ready_i) {
        // The row tells whose it is; those of a stream come in order, so row and enables follow from its count of writes.
        int at = int(top->req_row_o);
        if (!streams[0].owns(at, planes) && !streams[1].owns(at, planes)) fail("a row of no stream");
        Stream& owner = streams[streams[0].owns(at, planes) ? 0 : 1];
        if (owner.writes >= long(owner.per_plane) * planes) fail("more writes than rows");
        int plane = int(owner.writes / owner.per_plane), row = int(owner.writes % owner.per_plane);
        if (at != owner.base + plane * owner.stride + row) fail("row");
        int words = std::min(P, pixels * (owner.wide ? 2 : 1) - row * P);
        if (int(top->req_enable_o) != (1 << words) - 1) fail("enables");
        for (int b = 0; b < words; b++)
          for (int k = 0; k < 16; k++) {
            int have = top->req_data_o[b * 4 + k / 4] >> (k % 4 * 8) & 255;
            if (have != owner.byte(size_t(plane) * pixels, row * P + b, k)) fail("wrong byte");
          }
        owner.writes++;
        last = cycle;
      }
      bool done = !open(0) && !open(1);
      for (const Stream& s : streams) done &= !s.used || s.writes == long(s.per_plane) * planes;
      if (top->idle_o && !done) fail("idle too early");
      if (taken) {
        if (first < 0) first = cycle;
        cost += stream.cost(count, pixels);
      }
      edge();
      if (taken) {
        stream.fed += count;
        stream.in_row = stream.fed % pixels == 0 ? 0 : (stream.in_row + count) % stream.row_width;
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
