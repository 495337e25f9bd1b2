// Stem unit: patches against the definition of the convolution window, over random images, paddings, batches,
// output sizes (group ends at row ends and not), memory timing and reader stalls; then the rate of a real pass.
// parameters: P=4
// parameters: P=4 Shifts=1028
// parameters: P=1
// parameters: P=1 Shifts=21845
// parameters: P=2
// parameters: P=2 Shifts=17476
// parameters: P=8
// parameters: P=8 Shifts=1024
// parameters: P=4 K=3 S=1 C=1
// parameters: P=2 K=3 S=2 C=3
// parameters: P=8 K=7 S=2 C=3
// parameters: P=1 K=2 S=4 C=2
// parameters: P=4 K=5 S=3 C=4
// parameters: P=4 K=1 S=1 C=4
#include <algorithm>
#include <memory>

#include "Vstem_unit_tb.h"
#include "axi_model.h"
#include "verilated.h"

#ifndef PARAM_K
#define PARAM_K 6
#endif
#ifndef PARAM_S
#define PARAM_S 2
#endif
#ifndef PARAM_C
#define PARAM_C 3
#endif
#ifndef PARAM_Shifts
#define PARAM_Shifts 0xffff
#endif

using Top = Vstem_unit_tb;
constexpr int P = PARAM_P, K = PARAM_K, S = PARAM_S, C = PARAM_C, MaxWidth = 416;
constexpr int Steps = (K * K * C + 15) / 16;

struct Pass {
  int in_height, in_width, out_height, out_width, pad_top, pad_left, tiles;
  int batch_groups, batches, batch_extra;
  uint64_t address;
  uint8_t pad[4];

  int pixels() const { return out_height * out_width; }
  int groups() const { return (pixels() + P - 1) / P; }
  int row_bytes() const { return (in_width * C + 15) / 16 * 16; }

  // Whether the windows of all groups begin where the unit can shift them to, modulo 16, from the first column that a
  // group would have in a row if it were not cut.
  bool fits() const {
    for (int y = 0; y < out_height; ++y) {
      int first = y * out_width, last = first + out_width - 1;
      for (int group = first / P; group <= last / P; ++group) {
        int byte = ((group * P - first) * S - pad_left) * C;
        if ((PARAM_Shifts >> (byte & 15) & 1) == 0) return false;
      }
    }
    return true;
  }

  // Batches as even as possible, none longer than `most` groups
  void split(int most) {
    batches = (groups() + most - 1) / most;
    batch_groups = groups() / batches;
    batch_extra = groups() % batches;
  }
};

// Byte `i` of the patch of output pixel `n`, from the definition
static int patch_byte(const Pass& pass, AxiMemory& memory, int n, int i) {
  if (i >= K * K * C) return 0;
  int channel = i % C, kx = i / C % K, ky = i / C / K;
  int y = n / pass.out_width * S - pass.pad_top + ky, x = n % pass.out_width * S - pass.pad_left + kx;
  if (y < 0 || y >= pass.in_height || x < 0 || x >= pass.in_width) return static_cast<int8_t>(pass.pad[channel]);
  uint64_t at = pass.address - memory.base + static_cast<uint64_t>(y) * pass.row_bytes() + x * C + channel;
  return static_cast<int>(memory.bytes[at]) - 128;
}

static VerilatedContext context;
static Top top{&context};
static Checker check{"stem_unit"};

static void clock(AxiReadModel<Top>& axi) {
  axi.drive();
  top.eval();
  axi.sample();
  top.aclk = 1;
  top.eval();
  top.aclk = 0;
  top.eval();
}

// Runs a pass; reads each batch as the array does, with a pause one cycle in `pause`. Returns its cycles.
static int64_t run(const Pass& pass, AxiMemory& memory, AxiReadModel<Top>& axi, Random& random, int pause) {
  top.start_i = 1;
  top.address_i = pass.address;
  top.in_height_i = pass.in_height;
  top.in_width_i = pass.in_width;
  top.out_height_i = pass.out_height;
  top.out_width_i = pass.out_width;
  top.pad_top_i = pass.pad_top;
  top.pad_left_i = pass.pad_left;
  top.pad_i = pass.pad[0] | pass.pad[1] << 8 | pass.pad[2] << 16 | static_cast<uint32_t>(pass.pad[3]) << 24;
  top.batch_groups_i = pass.batch_groups;
  top.batch_extra_i = pass.batch_extra;
  top.tiles_i = pass.tiles;
  clock(axi);
  top.start_i = 0;
  struct Read {
    int step, pixel;
    uint64_t due;
  };
  std::deque<Read> reads;
  int64_t begin = static_cast<int64_t>(axi.cycle), idle = 0;
  int tile = 0, batch = 0, step = 0, group = 0, first_group = 0;
  bool reading = false;
  while (tile < pass.tiles || !reads.empty()) {
    int size = pass.batch_groups + (batch < pass.batch_extra ? 1 : 0);
    top.eval();
    check.equal(top.batches_o <= 4, 1, "batches held", batch);
    if (!reading && top.batches_o != 0 && tile < pass.tiles) reading = true;
    bool go = reading && (pause == 0 || !random.one_in(pause));
    top.read_i = go;
    top.batch_done_i = 0;
    if (go) {
      top.read_step_i = step;
      top.read_group_i = group;
      reads.push_back({step, (first_group + group) * P, axi.cycle + 2});
      idle = 0;
      if (++group == size) {
        group = 0;
        if (++step == Steps) {
          step = 0;
          reading = false;
          top.batch_done_i = 1;
          first_group += size;
          if (++batch == pass.batches) {
            batch = first_group = 0;
            ++tile;
          }
        }
      }
    }
    if (!reads.empty() && reads.front().due == axi.cycle) {
      Read read = reads.front();
      reads.pop_front();
      for (int lane = 0; lane < P && read.pixel + lane < pass.pixels(); ++lane)
        for (int k = 0; k < 16; ++k)
          check.equal(sign_extend(bits(top.data_o, 128 * lane + 8 * k, 8), 8),
                      patch_byte(pass, memory, read.pixel + lane, 16 * read.step + k), "patch byte",
                      (read.pixel + lane) * 1000 + 16 * read.step + k);
    }
    clock(axi);
    if (++idle > 20000) {
      std::printf("stem_unit: no progress, tile %d batch %d of a %d x %d image\n", tile, batch, pass.in_width,
                  pass.in_height);
      std::exit(EXIT_FAILURE);
    }
  }
  top.read_i = top.batch_done_i = 0;
  int64_t cycles = static_cast<int64_t>(axi.cycle) - begin;
  clock(axi);
  check.equal(top.busy_o, 0, "busy after the pass", cycles);
  check.equal(static_cast<int64_t>(axi.bursts.size()), 0, "bursts after the pass", cycles);
  return cycles;
}

static Pass any_pass(Random& random) {
  Pass pass{};
  pass.in_width = static_cast<int>(random.one_in(4) ? random.in(1, 5) : random.in(1, 70));
  pass.in_height = static_cast<int>(random.in(1, 24));
  pass.pad_top = static_cast<int>(random.in(0, K - 1));
  pass.pad_left = static_cast<int>(random.in(0, K - 1));
  int bottom = static_cast<int>(random.in(0, K - 1)), right = static_cast<int>(random.in(0, K - 1));
  pass.out_height = std::max(1, (pass.in_height + pass.pad_top + bottom - K) / S + 1);
  pass.out_width = std::max(1, (pass.in_width + pass.pad_left + right - K) / S + 1);
  if (random.one_in(4)) pass.out_height = static_cast<int>(random.in(1, pass.out_height));
  if (random.one_in(4)) pass.out_width = static_cast<int>(random.in(1, pass.out_width));
  pass.tiles = static_cast<int>(random.one_in(3) ? random.in(2, 3) : 1);
  pass.split(static_cast<int>(random.one_in(3) ? random.in(1, 4) : 16));
  pass.address = 0x1234560000 + 16 * static_cast<uint64_t>(random.in(0, 600));
  for (uint8_t& pad : pass.pad) pad = static_cast<uint8_t>(random.in(0, 255));
  return pass;
}

static Pass random_pass(Random& random) {
  Pass pass = any_pass(random);
  while (!pass.fits()) pass = any_pass(random);
  return pass;
}

int main() {
  Random random(11);
  AxiMemory memory(0x1234560000, 1 << 20);
  for (uint8_t& byte : memory.bytes) byte = static_cast<uint8_t>(random.next());
  AxiReadModel<Top> axi(top, memory, 5);
  top.aresetn = 0;
  clock(axi);
  clock(axi);
  top.aresetn = 1;
  for (int i = 0; i < 150; ++i) {
    axi.timing.latency_low = static_cast<int>(random.in(1, 50));
    axi.timing.latency_high = axi.timing.latency_low + static_cast<int>(random.in(0, 50));
    axi.timing.address_stall = static_cast<int>(random.in(0, 3)) * 2;
    axi.timing.data_stall = static_cast<int>(random.in(0, 3)) * 2;
    run(random_pass(random), memory, axi, random, static_cast<int>(random.in(0, 3)) * 2);
    if (check.failures != 0) return check.verdict();
  }

  axi.timing = {100, 100, 0, 0};
  Pass pass{};
  pass.in_width = MaxWidth;
  pass.out_width = 208;
  pass.in_height = 96;
  pass.pad_top = pass.pad_left = (K - S + 1) / 2;
  pass.out_height = (pass.in_height + 2 * pass.pad_top - K) / S + 1;
  pass.tiles = 1;
  pass.address = 0x1234560000;
  pass.split(16);
  int64_t ideal = static_cast<int64_t>(pass.groups()) * Steps;
  int64_t cycles = run(pass, memory, axi, random, 0);
  std::printf("stem_unit: 208 x %d outputs, latency 100: %lld cycles, %lld words\n", pass.out_height,
              static_cast<long long>(cycles), static_cast<long long>(ideal));
  pass.out_width = 207;
  if (!pass.fits()) return check.verdict();
  pass.split(16);
  cycles = run(pass, memory, axi, random, 0);
  std::printf("stem_unit: 207 x %d outputs, latency 100: %lld cycles, %lld words\n", pass.out_height,
              static_cast<long long>(cycles), static_cast<long long>(pass.groups()) * Steps);
  return check.verdict();
}
