// parameters: P=1
// parameters: P=2
// parameters: P=4
// parameters: P=8
//
// Testbench of fetch: random passes on a memory whose words hold their own addresses. The expected
// sequence of groups comes from plain loops over tiles, batches, steps and groups, with coordinates
// computed by division; gates open and close at random. Products come from their own module.
#include "Vfetch_tb.h"
#include "verilated.h"
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <random>
#include <vector>

static const int P = PARAM_P;
static const int RowBits = 14;
static const int ReadLatency = 4;
static std::mt19937 rng(1);
static int pick(int low, int high) { return low + int(rng() % unsigned(high - low + 1)); }

struct Segment { int base, planes, stride; bool up, parity; };

// The word of an address in a segment by parity: even addresses in the first row of two, odd ones in the second, turned.
static int word_of(const Segment& s, int address) {
  if (!s.parity) return address;
  int odd = address % 2, half = address / 2 % P;
  return address / (2 * P) * 2 * P + (odd ? P + (half + P / 2) % P : half);
}
struct Pass {
  int kind, tiles, kx, ky, stride, dilation, inh, inw, outh, outw, top, left, advance;
  std::vector<Segment> segments;
  int planes() const { int n = 0; for (auto& s : segments) n += s.planes; return n; }
};

static void put(uint32_t* d, int word, int lsb, int width, uint32_t value) {
  uint64_t mask = ((uint64_t(1) << width) - 1) << lsb;
  d[word] = uint32_t((d[word] & ~mask) | ((uint64_t(value) << lsb) & mask));
}

static Pass random_pass() {
  for (;;) {
    Pass p{};
    p.kind = pick(0, 3) == 0 ? 1 : 0;
    bool point = p.kind == 1 || pick(0, 1);
    p.tiles = pick(1, 3);
    p.kx = point ? 1 : pick(1, 4);
    p.ky = point ? 1 : pick(1, 4);
    p.stride = p.kind == 1 ? 1 : pick(1, 3);
    p.dilation = point ? 1 : pick(1, 3);
    p.inh = pick(1, 14);
    p.inw = pick(1, 14);
    p.top = point ? 0 : pick(0, 3);
    p.left = point ? 0 : pick(0, 3);
    int bottom = point ? 0 : pick(0, 3), right = point ? 0 : pick(0, 3);
    int eh = p.inh + p.top + bottom - ((p.ky - 1) * p.dilation + 1);
    int ew = p.inw + p.left + right - ((p.kx - 1) * p.dilation + 1);
    if (eh < 0 || ew < 0) continue;
    p.outh = eh / p.stride + 1;
    p.outw = ew / p.stride + 1;
    bool can_up = point && p.stride == 1 && p.outw >= P && p.inh % 2 == 0 && p.inw % 2 == 0;
    p.advance = p.kind == 1 ? 1 : (pick(0, 2) == 0 ? pick(1, 2) : 0);
    int n = p.advance ? pick(1, 2) : pick(1, 4);
    if (p.kind == 1) n = 1;
    for (int i = 0; i < n; i++) {
      Segment s;
      s.up = can_up && pick(0, 1);
      int words = s.up ? p.inh / 2 * (p.inw / 2) : p.inh * p.inw;
      s.parity = P > 1 && p.kind == 0 && !s.up && pick(0, 2) == 0;
      int rows = s.parity ? 2 * P : P;
      s.stride = (words + rows - 1) / rows * rows;
      s.planes = p.kind == 1 ? 1 : pick(1, 3);
      s.base = pick(0, 1000) * rows;
      p.segments.push_back(s);
    }
    return p;
  }
}

struct Expected { bool feed, swap, first, last; int group, half; std::vector<int> address; };

static int half = 0;

static void expect(const Pass& p, std::deque<Expected>& out) {
  int groups = (p.outh * p.outw + P - 1) / P, batches = (groups + 15) / 16;
  for (int t = 0; t < p.tiles; t++) {
    int first_group = 0;
    for (int b = 0; b < batches; b++) {
      int size = groups / batches + (b < groups % batches ? 1 : 0);
      int step = 0, steps = p.planes() * p.kx * p.ky;
      for (auto& s : p.segments)
        for (int c = 0; c < s.planes; c++)
          for (int y = 0; y < p.ky; y++)
            for (int x = 0; x < p.kx; x++, step++)
              for (int g = 0; g < size; g++) {
                Expected e{p.kind == 1, g == 0, step == 0, g + 1 == size && step + 1 == steps, g, half, {}};
                for (int l = 0; l < P; l++) {
                  int pixel = (first_group + g) * P + l;
                  int iy = pixel / p.outw * p.stride + y * p.dilation - p.top;
                  int ix = pixel % p.outw * p.stride + x * p.dilation - p.left;
                  int base = s.base + (c + t * p.advance) * s.stride;
                  bool outside = iy < 0 || ix < 0 || iy >= p.inh || ix >= p.inw;
                  int at = s.up ? iy / 2 * (p.inw / 2) + ix / 2 : iy * p.inw + ix;
                  e.address.push_back(outside ? -1 : word_of(s, base + at));
                }
                out.push_back(e);
              }
      if (p.kind == 0) half ^= 1;
      first_group += size;
    }
  }
}

static void describe(const Pass& p, uint32_t* d) {
  int groups = (p.outh * p.outw + P - 1) / P, batches = (groups + 15) / 16;
  put(d, 0, 0, 8, p.kind);
  put(d, 3, 0, 16, p.tiles);
  put(d, 3, 16, 16, p.planes() * p.kx * p.ky);
  put(d, 4, 20, 5, groups / batches);
  put(d, 5, 0, 16, batches);
  put(d, 5, 16, 16, groups % batches);
  put(d, 6, 12, 4, p.kx);
  put(d, 6, 16, 4, p.ky);
  put(d, 6, 20, 4, p.stride);
  put(d, 6, 24, 4, p.dilation);
  put(d, 7, 0, 16, p.inh);
  put(d, 7, 16, 16, p.inw);
  put(d, 8, 0, 16, p.outh);
  put(d, 8, 16, 16, p.outw);
  put(d, 9, 0, 8, p.top);
  put(d, 9, 8, 8, p.left);
  for (int l = 0; l < P; l++) {
    put(d, 10, 4 * l, 4, l % p.outw);
    put(d, 11, 4 * l, 4, l / p.outw);
  }
  put(d, 12, 0, 16, p.stride * (P % p.outw));
  put(d, 12, 16, 16, p.stride * (P / p.outw));
  put(d, 13, 0, 16, p.stride * p.outw);
  put(d, 14, 0, 12, p.advance);
  put(d, 31, 0, 20, p.stride * p.inw);
  for (size_t i = 0; i < p.segments.size(); i++) {
    put(d, 32 + 2 * i, 0, 20, p.segments[i].base);
    put(d, 32 + 2 * i, 20, 12, p.segments[i].planes);
    put(d, 33 + 2 * i, 0, 20, p.segments[i].stride);
    put(d, 33 + 2 * i, 20, 1, p.segments[i].up);
    put(d, 33 + 2 * i, 21, 1, p.segments[i].parity);
  }
}

int main() {
  Vfetch_tb dut;
  auto* desc = &dut.descriptor_i[0];
  std::deque<std::vector<int>> memory(ReadLatency, std::vector<int>(P, -1));
  std::deque<Expected> expected;
  int feed = 0, begun = 0, drained = 0, read = 0;
  std::deque<int> sizes;  // groups of the batches that wait to be drained
  long cycles = 0, groups = 0;
  Pass now{};
  auto fail = [&](const char* what) { printf("fetch_tb P=%d: %s at cycle %ld\n", P, what, cycles); exit(1); };
  bool free_running = false;
  auto cycle = [&](bool start) {
    dut.start_i = start;
    dut.weights_ready_i = free_running || pick(0, 2) != 0;
    // The oldest complete batch is drained group by group.
    dut.drained_i = read;
    bool reads_group = begun > drained && (free_running || pick(0, 3) == 0);
    dut.batch_drained_i = reads_group && read + 1 == sizes.front();
    dut.feed_pop_i = feed > 0 && (free_running || pick(0, 1));
    // A read of cycle t answers in cycle t + ReadLatency.
    for (int b = 0; b < P; b++) {
      int word = memory.front()[b];
      for (int k = 0; k < 4; k++) dut.a_data_i[4 * b + k] = word < 0 ? 0xdeadbeef : word * 4 + k;
    }
    dut.aclk = 0;
    dut.eval();
    memory.pop_front();
    std::vector<int> reads(P, -1);
    for (int b = 0; b < P; b++) {
      if (!(dut.a_read_o >> b & 1)) continue;
      int row = 0;
      for (int i = 0; i < RowBits; i++) {
        int bit = b * RowBits + i;
        uint64_t rows = 0;
#if PARAM_P <= 2
        rows = uint64_t(dut.a_row_o) >> bit;
#elif PARAM_P == 4
        rows = uint64_t(dut.a_row_o) >> bit;
#else
        rows = dut.a_row_o[bit / 32] >> (bit % 32);
#endif
        row |= int(rows & 1) << i;
      }
      reads[b] = row * P + b;
    }
    memory.push_back(reads);
    if (reads_group) read++;
    if (dut.batch_drained_i) { drained++; read = 0; sizes.pop_front(); }
    if (dut.feed_pop_i) feed--;
    if (dut.array_valid_o || dut.feed_valid_o) {
      if (expected.empty()) fail("a group too many");
      Expected e = expected.front();
      expected.pop_front();
      groups++;
      if (e.feed != bool(dut.feed_valid_o) || e.feed == bool(dut.array_valid_o)) fail("wrong receiver");
      if (!e.feed && (e.swap != dut.swap_o || e.first != dut.first_o || e.last != dut.last_o
                      || e.group != dut.group_o || e.half != dut.half_o)) fail("wrong flags");
      // Accumulators are added to 11 cycles later; by then the group must have been read.
      if (!e.feed && e.first && begun - drained == 2 && read <= e.group) fail("a group is overwritten");
      if (!e.feed && e.first && begun - drained > 2) fail("more batches than halves");
      if (!e.feed && e.last) { begun++; sizes.push_back(e.group + 1); }
      if (e.feed) feed++;
      if (feed > 16) fail("more rows than places");
      for (int l = 0; l < P; l++) {
        bool masked = dut.mask_o >> l & 1;
        if (masked != (e.address[l] < 0)) fail("wrong mask");
        if (!masked && int(dut.data_o[4 * l]) != e.address[l] * 4) { printf("lane %d: word %d, not %d\n", l, int(dut.data_o[4 * l]) / 4, e.address[l]); printf("kind %d k %dx%d s %d d %d in %dx%d out %dx%d pad %d %d adv %d segs %zu up %d base %d stride %d group %d\n", now.kind, now.ky, now.kx, now.stride, now.dilation, now.inh, now.inw, now.outh, now.outw, now.top, now.left, now.advance, now.segments.size(), now.segments[0].up, now.segments[0].base, now.segments[0].stride, e.group); fail("wrong word"); }
      }
    }
    dut.aclk = 1;
    dut.eval();
    cycles++;
  };
  dut.aresetn = 0;
  dut.stem_batches_i = 0;
  dut.next_valid_i = 0;
  for (int i = 0; i < 4; i++) cycle(false);
  dut.aresetn = 1;
  for (int n = 0; n < 400; n++) {
    free_running = n % 4 == 0;
    Pass p = random_pass();
    for (int i = 0; i < 80; i++) desc[i] = 0;
    describe(p, desc);
    now = p;
    expect(p, expected);
    size_t total = expected.size();
    int plane_height = pick(1, 65535), plane_width = pick(1, 65535);
    put(desc, 24, 0, 16, plane_height);
    put(desc, 24, 16, 16, plane_width);
    // Another descriptor may come and go before its products are there.
    dut.next_valid_i = 1;
    for (int i = pick(0, 1) ? pick(0, 30) : 0; i > 0; i--) cycle(false);
    if (pick(0, 1)) {
      dut.next_valid_i = 0;
      cycle(false);
      dut.next_valid_i = 1;
      cycle(false);
    }
    for (int i = 0; !dut.products_ready_o; i++) {
      if (i > 8 + 5 + P + 4) fail("no products");
      cycle(false);
    }
    long from = cycles;
    cycle(true);
    dut.next_valid_i = 0;
    if (dut.pixels_o != uint32_t(p.outh * p.outw)) fail("wrong pixels");
    if (dut.plane_pixels_o != uint32_t(plane_height) * uint32_t(plane_width)) fail("wrong pixels of the plane engine");
    while ((dut.busy_o || !expected.empty()) && cycles < from + 2000000) cycle(false);
    if (!expected.empty()) fail("groups are missing");
    bool plain = p.stride == 1 && p.outw == p.inw, point = p.kx == 1 && p.ky == 1;
    bool halved = p.stride == 2 && p.outw % P == 0;
    bool conflict_free = plain || halved;
    for (auto& s : p.segments)
      conflict_free = conflict_free && !s.up && (s.parity ? halved || point : plain);
    // A batch of one group and few steps waits for the one before it to be drained.
    bool drained_in_time = p.planes() * p.kx * p.ky >= 4 || p.outh * p.outw > P;
    if (free_running && conflict_free && drained_in_time && cycles - from > long(total) + 16)
      fail("slower than a group a cycle");
    while (begun > drained || feed > 0) cycle(false);
  }
  printf("fetch_tb P=%d: 400 passes, %ld groups in %ld cycles\n", P, groups, cycles);
  return 0;
}
