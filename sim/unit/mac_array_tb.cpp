// parameters: P=1 PackProducts=0 AccumulatorBits=22
// parameters: P=1 PackProducts=1 AccumulatorBits=22
// parameters: P=2 PackProducts=1 AccumulatorBits=32
// parameters: P=4 PackProducts=1 AccumulatorBits=22
// parameters: P=4 PackProducts=0 AccumulatorBits=25
// parameters: P=8 PackProducts=1 AccumulatorBits=22
//
// Plays random passes of batches, steps and groups into `mac_array`, swaps as close as 8 cycles, and compares
// every drained accumulator with sums in 64 bits (rule A4).
#include <array>
#include <cstring>
#include <map>
#include <vector>

#include "Vseigo_mac_array.h"
#include "testbench.h"
#include "verilated.h"

namespace {

constexpr int P = PARAM_P;
constexpr int LP = P >= 2 ? P / 2 : 1;
constexpr int Bits = PARAM_AccumulatorBits;
constexpr int Latency = 12;
constexpr int MinimumWeight = PARAM_PackProducts ? -127 : -128;

struct Word {
  int index;
  std::array<int8_t, 32> bytes;
};

struct Entry {
  bool swap, first, last;
  int group, half;
  std::array<std::array<int8_t, 16>, P> data;
  uint32_t mask;
};

struct Drain {
  int half, group, part;
  std::array<std::array<int64_t, 16>, LP> want;
};

// What happens in which cycle.
struct Schedule {
  std::map<int64_t, Word> words;
  std::map<int64_t, Entry> entries;
  std::map<int64_t, Drain> drains;
  std::map<int64_t, int> done;
  int64_t end = 0;
};

struct Tile {
  int8_t weight[16][16];
  int8_t pad[16];
};

// The values of a pass: small ones hide nothing in a field, extreme ones fill it.
int8_t draw(Random& random, int style, int low) {
  switch (style) {
    case 0: return static_cast<int8_t>(random.in(low, 127));
    case 1: return static_cast<int8_t>(random.one_in(2) ? low : 127);
    case 2: return static_cast<int8_t>(low);
    default: return static_cast<int8_t>(random.in(-2, 2));
  }
}

class Player {
 public:
  explicit Player(uint64_t seed) : random_(seed) {}

  Schedule play(int batches) {
    for (int batch = 0; batch < batches; ++batch) add_batch(batch % 2);
    schedule_.end = drain_free_ + 4;
    return schedule_;
  }

 private:
  // Sends the next tile in the cycles from the last swap on; returns the first cycle for its swap.
  int64_t load_tile(const Tile& tile, bool padded, bool tight) {
    int64_t cycle = last_swap_;
    for (int index = 0; index < (padded ? 9 : 8); ++index, ++cycle) {
      if (!tight && random_.one_in(4)) cycle += random_.in(1, 3);
      Word word{index, {}};
      for (int c = 0; c < 16; ++c) {
        if (index == 8) {
          word.bytes[c] = tile.pad[c];
        } else {
          word.bytes[c] = tile.weight[2 * index][c];
          word.bytes[16 + c] = tile.weight[2 * index + 1][c];
        }
      }
      schedule_.words[cycle] = word;
    }
    return cycle;
  }

  void add_batch(int half) {
    bool tight = random_.one_in(2);
    bool padded = random_.one_in(2);
    int groups = static_cast<int>(random_.one_in(3) ? 1 : random_.in(1, 16));
    int steps = static_cast<int>(random_.in(1, 6));
    int style_w = static_cast<int>(random_.in(0, 3)), style_a = static_cast<int>(random_.in(0, 3));
    std::vector<std::array<std::array<int64_t, 16>, P>> sums(groups);
    for (int step = 0; step < steps; ++step) {
      // Now and then a step keeps the tile of the step before.
      bool swap = !have_tile_ || padded || !random_.one_in(8);
      if (swap) {
        for (auto& row : tile_.weight) {
          for (auto& w : row) w = draw(random_, style_w, MinimumWeight);
        }
        for (auto& z : tile_.pad) z = draw(random_, 0, -128);
        int64_t ready = load_tile(tile_, padded, tight);
        if (ready > now_) now_ = ready;
        have_tile_ = true;
      }
      // The first group may accumulate in the cycle in which the last one of its half is drained.
      if (step == 0 && drained_[half] - Latency + 1 > now_) now_ = drained_[half] - Latency + 1;
      for (int group = 0; group < groups; ++group) {
        if (!tight && random_.one_in(4)) now_ += random_.in(1, 5);
        Entry entry{swap && group == 0, step == 0, step == steps - 1 && group == groups - 1,
                    group, half, {}, 0};
        if (entry.swap) last_swap_ = now_;
        for (int p = 0; p < P; ++p) {
          bool masked = padded && random_.one_in(4);
          entry.mask |= static_cast<uint32_t>(masked) << p;
          for (int c = 0; c < 16; ++c) entry.data[p][c] = draw(random_, style_a, -128);
          for (int o = 0; o < 16; ++o) {
            int64_t& sum = sums[group][p][o];
            if (step == 0) sum = 0;
            for (int c = 0; c < 16; ++c) {
              int64_t a = masked ? tile_.pad[c] : entry.data[p][c];
              sum += a * tile_.weight[o][c];
            }
          }
        }
        schedule_.entries[now_++] = entry;
      }
    }
    int64_t done = now_ - 1 + Latency;
    schedule_.done[done] = half;
    if (done > drain_free_) drain_free_ = done;
    for (int group = 0; group < groups; ++group) {
      for (int part = 0; part < P / LP; ++part) {
        if (!tight && random_.one_in(4)) drain_free_ += random_.in(1, 3);
        Drain drain{half, group, part, {}};
        for (int p = 0; p < LP; ++p) drain.want[p] = sums[group][part * LP + p];
        schedule_.drains[drain_free_++] = drain;
      }
    }
    drained_[half] = drain_free_ - 1;
  }

  Random random_;
  Schedule schedule_;
  Tile tile_{};
  bool have_tile_ = false;
  int64_t now_ = 0, last_swap_ = 0, drain_free_ = 0;
  int64_t drained_[2] = {-100, -100};
};

// Everything that is not scheduled is noise: the array must not look at it.
void drive(Vseigo_mac_array& dut, const Schedule& schedule, int64_t cycle, Random& noise) {
  auto word = schedule.words.find(cycle);
  dut.weight_valid_i = word != schedule.words.end();
  dut.weight_index_i = noise.in(0, 8);
  for (int i = 0; i < 8; ++i) dut.weight_data_i[i] = static_cast<uint32_t>(noise.next());
  if (dut.weight_valid_i) {
    dut.weight_index_i = word->second.index;
    for (int i = 0; i < 32; ++i) set_bits(dut.weight_data_i, 8 * i, 8, word->second.bytes[i] & 255);
  }

  auto entry = schedule.entries.find(cycle);
  dut.valid_i = entry != schedule.entries.end();
  dut.swap_i = noise.in(0, 1);
  dut.first_i = noise.in(0, 1);
  dut.last_i = noise.in(0, 1);
  dut.group_i = noise.in(0, 15);
  dut.half_i = noise.in(0, 1);
  dut.mask_i = noise.in(0, (1 << P) - 1);
  for (int i = 0; i < 4 * P; ++i) dut.data_i[i] = static_cast<uint32_t>(noise.next());
  if (dut.valid_i) {
    const Entry& e = entry->second;
    dut.swap_i = e.swap;
    dut.first_i = e.first;
    dut.last_i = e.last;
    dut.group_i = e.group;
    dut.half_i = e.half;
    dut.mask_i = e.mask;
    for (int p = 0; p < P; ++p) {
      for (int c = 0; c < 16; ++c) set_bits(dut.data_i, 128 * p + 8 * c, 8, e.data[p][c] & 255);
    }
  }

  auto drain = schedule.drains.find(cycle);
  dut.drain_i = drain != schedule.drains.end();
  dut.drain_half_i = noise.in(0, 1);
  dut.drain_group_i = noise.in(0, 15);
  dut.drain_part_i = noise.in(0, 1);
  if (dut.drain_i) {
    dut.drain_half_i = drain->second.half;
    dut.drain_group_i = drain->second.group;
    if (P > LP) dut.drain_part_i = drain->second.part;
  }
}

void clock(Vseigo_mac_array& dut) {
  dut.aclk = 0;
  dut.eval();
  dut.aclk = 1;
  dut.eval();
}

}  // namespace

int main() {
  Checker check{"mac_array"};
  Verilated::randReset(2);
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    Random noise(1000 + seed);
    Schedule schedule = Player(seed).play(60);
    Verilated::randSeed(static_cast<int>(seed));
    Vseigo_mac_array dut;
    dut.aresetn = 0;
    for (int i = 0; i < 4; ++i) clock(dut);
    dut.aresetn = 1;
    for (int64_t cycle = 0; cycle < schedule.end; ++cycle) {
      drive(dut, schedule, cycle, noise);
      dut.aclk = 0;
      dut.eval();
      auto done = schedule.done.find(cycle);
      check.equal(dut.done_o, done != schedule.done.end(), "done", cycle);
      if (done != schedule.done.end()) check.equal(dut.done_half_o, done->second, "half", cycle);
      dut.aclk = 1;
      dut.eval();
      auto drain = schedule.drains.find(cycle);
      if (drain == schedule.drains.end()) continue;
      for (int p = 0; p < LP; ++p) {
        for (int o = 0; o < 16; ++o) {
          int64_t got = sign_extend(bits(dut.drain_data_o, Bits * (16 * p + o), Bits), Bits);
          check.equal(got, drain->second.want[p][o], "accumulator", cycle);
        }
      }
    }
    dut.final();
  }
  return check.verdict();
}
