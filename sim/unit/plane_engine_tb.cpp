// parameters: DP=2 Channels=16 PackProducts=1 SumBits=20 DspLanes=1
// parameters: DP=2 Reach=2 Channels=16 PackProducts=1 SumBits=20 DspLanes=1 ChannelMul=1
// parameters: DP=2 Reach=3 Channels=16 PackProducts=0 SumBits=21 DspLanes=0
// parameters: DP=2 Reach=2 Channels=8 PackProducts=0 SumBits=32 DspLanes=0
// parameters: DP=1 Reach=3 Channels=8 PackProducts=0 SumBits=21 DspLanes=0
// parameters: DP=1 Reach=2 Channels=16 PackProducts=0 SumBits=20 DspLanes=0
// parameters: DP=2 Channels=8 PackProducts=0 SumBits=32 DspLanes=0 ChannelMul=1
// parameters: DP=1 Channels=16 PackProducts=0 SumBits=21 DspLanes=0 ChannelMul=1
// parameters: DP=1 Channels=8 PackProducts=0 SumBits=21 DspLanes=0
// parameters: DP=4 Channels=16 PackProducts=1 SumBits=20 DspLanes=1
// parameters: DP=4 Beat=2 Reach=2 Channels=16 PackProducts=1 SumBits=20 DspLanes=1 ChannelMul=1
// parameters: DP=4 Reach=3 Channels=16 PackProducts=0 SumBits=21 DspLanes=0
// parameters: DP=4 Beat=2 Reach=3 Channels=8 PackProducts=1 SumBits=32 DspLanes=0
//
// Plane engine against a naive model of rules A4 to A7 and A9 (docs/arithmetic.md).
//
// Random passes: sizes, strides, padding, planes, one or two filters, factors, maxima with tap masks; random
// gaps in pixels and parameters, random back-pressure. Parameters of plane k + 1 and its pixels
// come as the accelerator's stream brings them: the pixels only after the parameters. Passes
// without gaps are checked to the cycle.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <vector>

#include "Vplane_engine_tb.h"
#include "testbench.h"
#include "verilated.h"

static constexpr int DP = PARAM_DP;
#ifndef PARAM_Beat
#define PARAM_Beat PARAM_DP
#endif
static constexpr int BEAT = PARAM_Beat;
#ifndef PARAM_Reach
#define PARAM_Reach 1
#endif
static constexpr int REACH = PARAM_Reach;
#ifndef PARAM_ChannelMul
#define PARAM_ChannelMul 0
#endif
// Cycles of a part of a window for each filter.
static constexpr int TURNS = 16 / PARAM_Channels;
static Random draw(12345);
static int uniform(int low, int high) { return int(draw.in(low, high)); }

struct Channel {
  int8_t weight[49];
  int8_t factor;  // of a product: what the weights are masks of
  int8_t zero_in;
  int32_t bias;
  int argument;  // shift of A5, or of A6 step 1
  int out_shift;
  int8_t zero_out;
};
struct Set {
  Channel channel[2][16];
};
struct Filter {
  bool direct, relu, wide;
  int function;  // 0 ReLU, 1 identity and a table of two segments for each sign, 2 clamp
};
struct Pass {
  int height, width, out_height, out_width, planes, stride, reach, pad_top, pad_left;
  bool maximum, two, multiply;
  int side() const { return 2 * reach + 1; }
  // Cycles of a window that emits.
  long turns() const { return TURNS * (two ? 2 : 1) * reach * reach; }
  // Groups in which the columns right of the center lie.
  int near() const { return (reach + DP - 1) / DP; }
  int mask;
  Filter filter[2];
  std::vector<Set> sets;
  std::vector<int8_t> pixels;  // plane, y, x, channel
  int pixel_gap, output_gap, parameter_gap;  // percent
  int8_t at(int plane, int y, int x, int c) const {
    return pixels[((size_t(plane) * height + y) * width + x) * 16 + c];
  }
};

static int64_t rounding_shift(int64_t x, int s) {
  return s > 0 ? (x + (int64_t(1) << (s - 1))) >> s : x * (int64_t(1) << -s);
}
static int64_t saturate(int64_t x, int bits) {
  int64_t top = (int64_t(1) << (bits - 1)) - 1;
  return x > top ? top : x < -top - 1 ? -top - 1 : x;
}

// plane_engine_tb.v draws the same entries.
static int64_t table(int64_t x) {
  static std::vector<int64_t> entries;
  uint32_t state = 12345;
  while (entries.size() < 480) {
    state = state * 1664525u + 1013904223u;
    entries.push_back(int16_t(state >> 16));
  }
  int64_t a = x < 0 ? -x : x;
  int64_t bin = a < 1024 ? a >> 3 : std::min<int64_t>(112 + (a >> 6), 239);
  return entries[size_t(bin + (x < 0 ? 240 : 0))];
}

// One output of one channel.
static int expected(const Pass& p, int plane, int f, int oy, int ox, int c) {
  int64_t sum = 0;
  int largest = -128;
  for (int ky = 0; ky < p.side(); ky++)
    for (int kx = 0; kx < p.side(); kx++) {
      int y = oy * p.stride - p.pad_top + ky, x = ox * p.stride - p.pad_left + kx;
      bool inside = y >= 0 && y < p.height && x >= 0 && x < p.width;
      if (p.maximum) {
        if (inside && (p.mask >> (3 * ky + kx) & 1))
          largest = std::max<int>(largest, p.at(plane, y, x, c));
      } else {
        const Channel& k = p.sets[plane].channel[f][c];
        int weight = k.weight[p.side() * ky + kx];
        if (p.multiply) {
          weight = weight ? k.factor : 0;
          inside = inside && ky == 1;
        }
        sum += int64_t(weight) * (inside ? p.at(plane, y, x, c) : k.zero_in);
      }
    }
  if (p.maximum) return largest;
  const Channel& k = p.sets[plane].channel[f][c];
  const Filter& m = p.filter[f];
  int64_t x = rounding_shift(sum + k.bias, k.argument);
  if (m.direct) {
    if (m.relu && x < 0) x = 0;
  } else {
    x = saturate(x, 20);
    if (m.function == 0) x = x < 0 ? 0 : x;
    if (m.function == 1) x += table(x);
    if (m.function == 2) x = x < -512 ? -512 : x > 6144 ? 6144 : x;
    x = rounding_shift(x, k.out_shift);
  }
  return int(saturate(x + k.zero_out, m.wide ? 16 : 8));
}

static Pass random_pass(bool gaps) {
  Pass p;
  int most = uniform(0, 3) == 0 ? 40 : uniform(0, 1) ? 12 : 4;
  p.height = uniform(1, most);
  p.width = uniform(1, most);
  if (uniform(0, 9) == 0) p.width = 40;
  p.stride = uniform(1, 2);
  p.maximum = uniform(0, 3) == 0;
  p.multiply = PARAM_ChannelMul && !p.maximum && uniform(0, 2) == 0;
  p.reach = p.maximum || p.multiply ? 1 : uniform(1, REACH);
  p.pad_top = uniform(0, p.reach);
  p.pad_left = uniform(0, p.reach);
  int tallest = (p.height - 1 + p.pad_top) / p.stride + 1;
  int widest = (p.width - 1 + p.pad_left) / p.stride + 1;
  p.out_height = uniform(uniform(0, 4) ? std::max(1, tallest - 2) : 1, tallest);
  p.out_width = uniform(uniform(0, 4) ? std::max(1, widest - 2) : 1, widest);
  p.planes = uniform(1, 5);
  p.two = !p.multiply && uniform(0, 2) == 0;
  int rows = uniform(1, 7), columns = uniform(1, 7);
  p.mask = 0;
  for (int row = 0; row < 3; row++)
    if (rows >> row & 1) p.mask |= columns << 3 * row;
  for (Filter& f : p.filter)
    f = {uniform(0, 1) == 0, uniform(0, 1) == 0, uniform(0, 3) == 0, uniform(0, 2)};
  p.pixels.resize(size_t(p.planes) * p.height * p.width * 16);
  bool extreme = uniform(0, 7) == 0;
  auto byte = [&] { return int8_t(extreme ? (uniform(0, 1) ? -128 : 127) : uniform(-128, 127)); };
  for (int8_t& q : p.pixels) q = byte();
  if (!p.maximum) {
    p.sets.resize(p.planes);
    for (Set& s : p.sets)
      for (int f = 0; f < 2; f++)
        for (int c = 0; c < 16; c++) {
          Channel& k = s.channel[f][c];
          for (int8_t& w : k.weight) w = p.multiply ? int8_t(-uniform(0, 1)) : byte();
          k.factor = byte();
          k.zero_in = f ? s.channel[0][c].zero_in : int8_t(uniform(-128, 127));
          k.bias = uniform(-200000, 200000);
          k.argument = p.filter[f].direct ? uniform(-2, 14) : uniform(-2, 8);
          k.out_shift = uniform(0, 15);
          k.zero_out = int8_t(uniform(-128, 127));
        }
  }
  auto gap = [&] { return gaps ? (uniform(0, 2) ? uniform(0, 70) : 0) : 0; };
  p.pixel_gap = gap();
  p.output_gap = gap();
  p.parameter_gap = gap();
  return p;
}

// The 9 ring words of a filter with the taps of one of its parts, as 72 words of 32 bits.
static void ring_words(const Pass& p, const Set& s, int f, int row, int column, uint32_t* out) {
  uint8_t bytes[288];
  for (int t = 0; t < 9; t++)
    for (int c = 0; c < 16; c++) {
      int y = 3 * row + t / 3, x = 3 * column + t % 3;
      bool tap = y < p.side() && x < p.side();
      bytes[16 * t + c] = tap ? uint8_t(s.channel[f][c].weight[p.side() * y + x]) : 0;
    }
  for (int c = 0; c < 16; c++) {
    const Channel& k = s.channel[f][c];
    bytes[144 + c] = uint8_t(k.zero_in);
    uint64_t lane = uint64_t(uint32_t(k.bias)) | uint64_t(k.argument + 8) << 32 |
                    uint64_t(k.out_shift) << 38 | uint64_t(uint8_t(k.zero_out)) << 42;
    for (int b = 0; b < 8; b++) bytes[160 + 8 * c + b] = uint8_t(lane >> 8 * b);
  }
  memcpy(out, bytes, sizeof bytes);
}

// Registers start with noise.
struct NoisyContext : VerilatedContext {
  NoisyContext() { randReset(2); }
};

struct Bench {
  NoisyContext context;
  Vplane_engine_tb top{&context};
  long cycle = 0;
  long tail = -1;  // cycles from the last window to its output, the same for all passes of a kind
  long tail_maximum = -1;

  // Parameters run ahead of the passes: sets of all of them in one line.
  struct Word {
    int filter, part, index;
    bool commit, multiply;
    uint32_t data[8], factor[4];
  };
  std::deque<Word> words;
  long committed = 0;  // sets loaded
  bool parameter_taken_before = false;  // in the cycle before

  [[noreturn]] void fail(const Pass& p, const char* what) {
    printf("FAIL at cycle %ld: %s\n  input %dx%d output %dx%d stride %d reach %d pad %d,%d planes %d ",
           cycle, what, p.height, p.width, p.out_height, p.out_width, p.stride, p.reach, p.pad_top,
           p.pad_left, p.planes);
    printf("%s%s mask %x\n", p.maximum ? "maximum" : "convolution", p.two ? " two" : "", p.mask);
    exit(1);
  }
  void edge() {
    top.aclk = 1;
    top.eval();
    top.aclk = 0;
    top.eval();
    cycle++;
  }
  void reset() {
    top.aclk = 0;
    top.aresetn = 0;
    top.start_i = top.valid_i = top.parameter_valid_i = top.parameter_commit_i = top.ready_i = 0;
    for (int i = 0; i < 3; i++) edge();
    top.aresetn = 1;
    edge();
  }
  void queue_parameters(const Pass& p) {
    for (const Set& s : p.sets)
      for (int f = 0; f <= int(p.two); f++) {
        // The commit comes with the last word or on its own.
        bool alone = uniform(0, 1);
        for (int n = 0; n < p.reach * p.reach; n++) {
          int row = n / p.reach, column = n % p.reach;
          bool ends = n == p.reach * p.reach - 1;
          uint32_t ring[72];
          ring_words(p, s, f, row, column, ring);
          // Behind the taps of other parts than the last there is nothing.
          if (!ends) memset(ring + 36, 0, 16);
          for (int k = 0; k < (ends ? 9 : 5); k++) {
            Word w{f, row << 2 | column, k, ends && f == int(p.two) && k == 8 && !alone, p.multiply, {}, {}};
            memcpy(w.data, ring + 8 * k, 32);
            for (int c = 0; c < 16; c++) w.factor[c / 4] |= uint32_t(uint8_t(s.channel[0][c].factor)) << 8 * (c % 4);
            words.push_back(w);
          }
        }
        if (f == int(p.two) && alone) words.push_back(Word{0, 0, 15, true, p.multiply, {}, {}});
      }
  }

  // When each window enters after the start without gaps; the last one that emits, and how many pixels it does.
  void timing(const Pass& p, long& last_input, long& last_window, int& last_pixels) const {
    int in_groups = (p.width + DP - 1) / DP;
    int groups = std::max(in_groups, ((p.out_width - 1) * p.stride + p.reach - p.pad_left) / DP + 1);
    if (REACH > 1) groups = std::max(groups, 2);
    int rows = std::max({p.height, (p.out_height - 1) * p.stride + p.reach + 1 - p.pad_top, p.reach + p.near()});
    long lag = long(p.reach) * groups + p.near();
    long slots = long(p.planes) * rows * groups + lag, waits = 0;
    for (long n = 0; n < slots; n++) {
      long in_row = n / groups;
      bool fed = n % groups < in_groups && in_row % rows < p.height;
      if (fed && in_row < long(p.planes) * rows) last_input = n + waits;
      long center = n - lag;
      if (center < 0) continue;
      int x = int(center % groups) * DP, y = int(center / groups % rows);
      int emits = 0;
      for (int oy = 0; oy < p.out_height; oy++)
        for (int ox = 0; ox < p.out_width && oy * p.stride + p.reach - p.pad_top == y; ox++) {
          int ax = ox * p.stride + p.reach - p.pad_left;
          emits += ax >= x && ax < x + DP;
        }
      if (emits) last_window = n + waits, last_pixels = emits;
      if (emits) waits += p.turns() - 1;
    }
  }

  void run(const Pass& p, long first_set) {
    top.height_i = p.height;
    top.width_i = p.width;
    top.out_height_i = p.out_height;
    top.out_width_i = p.out_width;
    top.planes_i = p.planes;
    top.stride_i = p.stride;
    top.reach_i = p.reach;
    top.pad_top_i = p.pad_top;
    top.pad_left_i = p.pad_left;
    top.maximum_i = p.maximum;
    top.tap_mask_i = p.mask;
    top.two_i = p.two;
    top.direct_i = p.filter[0].direct | p.filter[1].direct << 1;
    top.relu_i = p.filter[0].relu | p.filter[1].relu << 1;
    top.wide_i = p.filter[0].wide | p.filter[1].wide << 1;
    top.function0_i = p.filter[0].function;
    top.function1_i = p.filter[1].function;

    int filters = p.two ? 2 : 1;
    long total = long(p.planes) * p.out_height * p.out_width, got[2] = {0, 0};
    long fed = 0, groups = (p.width + DP - 1) / DP, feed_total = long(p.planes) * p.height * groups;
    long started = -1, first_accept = -1, last_accept = -1, last_output = -1;
    bool starved = false;
    bool valid = false, parameter_valid = false;
    long limit = cycle + 20000 + 60 * p.reach * p.reach * (feed_total + total) + 400 * p.planes * p.reach * p.reach;
    bool clean = p.pixel_gap + p.output_gap + p.parameter_gap == 0;
    while (true) {
      if (cycle > limit) fail(p, "no end");
      top.start_i = started < 0 && (!clean || p.maximum || committed > first_set);
      // Pixels. A valid one stays until it is taken.
      if (!valid && fed < feed_total && started >= 0) {
        long plane = fed / (p.height * groups);
        bool there = p.maximum || committed > first_set + plane;
        starved |= !there;
        valid = there && uniform(1, 100) > p.pixel_gap;
      }
      top.valid_i = valid;
      for (int i = 0; i < 4 * DP; i++) top.data_i[i] = uint32_t(draw.next());
      if (valid) {
        long plane = fed / (p.height * groups), y = fed / groups % p.height, x = fed % groups * DP;
        for (int j = 0; j < DP && x + j < p.width; j++)
          memcpy(&top.data_i[4 * j], &p.pixels[((plane * p.height + y) * p.width + x + j) * 16], 16);
      }
      // Parameters.
      bool rests = TURNS == 2 && parameter_taken_before;
      if (!parameter_valid && !words.empty() && !rests) parameter_valid = uniform(1, 100) > p.parameter_gap;
      top.parameter_valid_i = 0;
      top.parameter_commit_i = 0;
      // A pass has words of its own kind only; here they run ahead.
      top.multiply_i = top.start_i || words.empty() ? p.multiply : words.front().multiply;
      if (parameter_valid && words.front().multiply == top.multiply_i) {
        const Word& w = words.front();
        memcpy(&top.factor_i[0], w.factor, 16);
        top.parameter_valid_i = w.index < 9;
        top.parameter_filter_i = w.filter;
        top.parameter_part_i = w.part;
        top.parameter_index_i = w.index;
        memcpy(&top.parameter_data_i[0], w.data, 32);
        top.parameter_commit_i = w.commit && top.parameter_ready_o;
      }
      top.ready_i = (uniform(1, 100) > p.output_gap) | (uniform(1, 100) > p.output_gap) << 1;
      top.eval();

      if (top.start_i && !top.idle_o) fail(p, "not idle at the start");
      bool all = got[0] == total && (!p.two || got[1] == total);
      if (started >= 0 && !all && top.idle_o) fail(p, "idle before the last result");
      bool taken = top.valid_i && top.ready_o;
      if (top.ready_o && started < 0) fail(p, "ready before the start");
      bool parameter_taken = parameter_valid && top.parameter_ready_o && words.front().multiply == top.multiply_i;
      for (int f = 0; f < 2; f++)
        if (top.valid_o >> f & top.ready_i >> f & 1) {
          if (f >= filters) fail(p, "result of a filter that is not there");
          if (top.count_o < 1 || top.count_o > BEAT) fail(p, "count");
          for (int j = 0; j < top.count_o; j++, got[f]++) {
            if (got[f] >= total) fail(p, "more results than outputs");
            int plane = int(got[f] / (long(p.out_height) * p.out_width));
            int y = int(got[f] / p.out_width % p.out_height), x = int(got[f] % p.out_width);
            for (int c = 0; c < 16; c++) {
              int k = 16 * j + c, have = int16_t(top.data_o[k / 2] >> (k % 2 * 16));
              int want = expected(p, plane, f, y, x, c);
              if (have != want) {
                printf("filter %d plane %d y %d x %d channel %d: %d, expected %d\n", f, plane, y, x,
                       c, have, want);
                fail(p, "wrong result");
              }
            }
          }
          last_output = cycle;
        }
      if (top.start_i) started = cycle;
      if (taken && first_accept < 0) first_accept = cycle;
      if (taken) last_accept = cycle;
      all = got[0] == total && (!p.two || got[1] == total);
      bool done = all && fed == feed_total && top.idle_o && started >= 0;
      edge();
      if (taken) {
        valid = false;
        fed++;
      }
      parameter_taken_before = parameter_taken;
      if (parameter_taken) {
        committed += words.front().commit;
        words.pop_front();
        parameter_valid = false;
      }
      if (done && cycle > started + 1) break;
    }
    if (top.valid_o) fail(p, "results after the end");

    // Exact time, unless parameters (18 words at most a plane, 98 of large windows) are the slower side.
    bool big = p.maximum || long(p.height) * groups >= (p.reach == 1 ? 60 : 200);
    // Where results are more than a beat, windows wait for those before.
    bool leaves = p.turns() * BEAT >= filters * DP;
    if (clean && big && !starved && leaves) {
      long last_input = 0, last_window = 0;
      int last_pixels = 0;
      timing(p, last_input, last_window, last_pixels);
      if (first_accept != started + 3) fail(p, "first input late");
      if (last_accept - first_accept != last_input) {
        printf("inputs took %ld cycles, expected %ld\n", last_accept - first_accept, last_input);
        fail(p, "input rate");
      }
      long& constant = p.maximum ? tail_maximum : tail;
      long rest = last_output - first_accept - last_window - (p.turns() - 1) - (last_pixels > BEAT);
      if (constant < 0) constant = rest;
      if (rest != constant) {
        printf("last result after %ld cycles, expected %ld\n", rest, constant);
        fail(p, "output rate");
      }
      exact++;
    }
  }
  int exact = 0;
};

int main(int argc, char** argv) {
  int passes = argc > 1 ? atoi(argv[1]) : 600;
  if (argc > 2) draw = Random(uint64_t(atoi(argv[2])));
  auto bench = std::make_unique<Bench>();
  bench->reset();
  std::vector<Pass> list;
  for (int i = 0; i < passes; i++) list.push_back(random_pass(i % 3 != 0));
  long set = 0;
  size_t queued = 0;
  for (int i = 0; i < passes; i++) {
    // The parameters of the next pass run ahead.
    for (; queued < list.size() && queued <= size_t(i) + 1; queued++)
      bench->queue_parameters(list[queued]);
    bench->run(list[i], set);
    set += long(list[i].sets.size());
  }
  printf("plane_engine: %d passes, %d of them exact to the cycle; latency %ld, maximum %ld\n", passes,
         bench->exact, bench->tail, bench->tail_maximum);
  return 0;
}
