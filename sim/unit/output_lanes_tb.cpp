// parameters: LP=1 Full=1 Bits=20 Dsp=0 Block=0 Residual=3
// parameters: LP=2 Full=1 Bits=22 Dsp=1 Block=1 Residual=2
// parameters: LP=1 Full=1 Bits=26 Dsp=1 Block=1 Residual=3
// parameters: LP=2 Full=0 Bits=32 Dsp=0 Block=0 Residual=1
// parameters: LP=4 Full=1 Bits=24 Dsp=0 Block=1 Residual=0
//
// Sends random accumulators and residuals through `output_lanes` and compares every output with rules A2, A3 and
// A5 to A7 in 64 bits. Parameters and mode change with every tile, and a tile may be one word.
#include <deque>
#include <vector>

#include "Voutput_lanes_tb.h"
#include "testbench.h"
#include "verilated.h"

namespace {

constexpr int LP = PARAM_LP;
constexpr int Bits = PARAM_Bits;
constexpr int64_t Top = (int64_t{1} << (Bits - 1)) - 1;
constexpr int Latency = 11;
constexpr int Entries = 3768;

enum Base { Zero, Relu, Identity, Clamp, Leaky };
enum Layout { None, TwoSegments, Uniform };

struct Function {
  Base base;
  Layout layout;
  bool two_blocks;
  int slope, offset;
  int64_t minimum, maximum;
};

const Function kFunctions[] = {
    {Identity, None, false, 0, 0, 0, 0},
    {Relu, None, false, 0, 0, 0, 0},
    {Clamp, None, false, 0, 0, -512, 6144},
    {Zero, TwoSegments, true, 0, 216, 0, 0},
    {Leaky, None, false, 26, 0, 0, 0},
    {Leaky, None, false, 255, 0, 0, 0},
    {Zero, Uniform, false, 0, 696, 0, 0},
    {Identity, Uniform, true, 0, 1720, 0, 0},
    {Relu, TwoSegments, false, 0, 0, 0, 0},
};
constexpr int Functions = PARAM_Full ? 9 : 3;

std::vector<int64_t> draw_rom() {
  std::vector<int64_t> rom;
  uint32_t state = 12345;
  for (int i = 0; i < Entries; ++i) {
    state = state * 1664525u + 1013904223u;
    rom.push_back(static_cast<int16_t>(state >> 16));
  }
  return rom;
}

// A2: floor(x / 2^s + 1/2), by division.
int64_t rshift(int64_t x, int s) {
  if (s <= 0) return x * (int64_t{1} << -s);
  int64_t twice = int64_t{1} << (s + 1);
  int64_t numerator = 2 * x + (int64_t{1} << s);
  int64_t quotient = numerator / twice;
  return numerator % twice < 0 ? quotient - 1 : quotient;
}

// A3.
int64_t saturate(int64_t x, int n) {
  int64_t top = (int64_t{1} << (n - 1)) - 1;
  return x > top ? top : x < -top - 1 ? -top - 1 : x;
}

struct Parameters {
  int64_t bias;
  int argument, out, zero, res_zero, res_shift;
};

struct Mode {
  bool direct, relu, wide;
  int residual, function;
};

// A7.
int64_t base_at(const Function& f, int64_t x) {
  switch (f.base) {
    case Zero: return 0;
    case Relu: return x > 0 ? x : 0;
    case Identity: return x;
    case Clamp: return x < f.minimum ? f.minimum : x > f.maximum ? f.maximum : x;
    default: return x < 0 ? rshift(x * f.slope, 8) : x;
  }
}

int64_t rom_at(const Function& f, const std::vector<int64_t>& rom, int64_t x) {
  if (f.layout == None) return 0;
  int64_t a = x < 0 ? -x : x, bin = 0, block = 0;
  if (f.layout == TwoSegments) {
    block = 240;
    bin = a < 1024 ? a / 8 : 112 + a / 64;
    if (bin > 239) bin = 239;
  } else {
    block = 1024;
    bin = a / 8 > 1023 ? 1023 : a / 8;
  }
  return rom.at(f.offset + bin + (f.two_blocks && x < 0 ? block : 0));
}

int64_t model(const Mode& mode, const Parameters& p, const std::vector<int64_t>& rom, int64_t acc,
              int64_t residual) {
  int width = mode.wide ? 16 : 8;
  int64_t shifted = rshift(acc + p.bias, p.argument);
  if (mode.direct) {
    if (mode.relu && shifted < 0) shifted = 0;
    return saturate(shifted + p.zero, width);
  }
  int64_t aligned = rshift(residual - p.res_zero, -p.res_shift);
  int64_t x = saturate(shifted, 20);
  if (mode.residual == 1) x = saturate(x + aligned, 20);
  const Function& f = kFunctions[mode.function];
  int64_t y = base_at(f, x) + rom_at(f, rom, x);
  if (mode.residual == 2) y += aligned;
  return saturate(rshift(y, p.out) + p.zero, width);
}

// An accumulator whose argument is likely within the bins; in one case of four anything. Its sum with the bias fits
// `Bits`.
int64_t draw_accumulator(Random& random, const Parameters& p) {
  int64_t sum = random.extreme(-Top - 1, Top);
  if (!random.one_in(4)) {
    int64_t x = random.one_in(2) ? random.in(-2048, 2048) : random.in(-10000, 10000);
    sum = rshift(x, -p.argument) + random.in(-3, 3) + (random.one_in(2) ? p.bias : 0);
  }
  if (sum > Top || sum < -Top - 1) sum = random.in(-9, 9);
  return saturate(sum - p.bias, Bits);
}

Parameters draw_parameters(Random& random, const Mode& mode) {
  Parameters p;
  p.bias = random.one_in(3) ? random.extreme(-Top / 2, Top / 2) : random.in(-5000, 5000);
  p.argument = static_cast<int>(random.extreme(mode.direct ? -2 : -8, 31));
  p.out = static_cast<int>(random.extreme(0, 15));
  p.zero = static_cast<int>(random.extreme(-128, 127));
  p.res_zero = static_cast<int>(random.extreme(-128, 127));
  p.res_shift = static_cast<int>(random.extreme(-15, 11));
  return p;
}

struct Want {
  std::vector<int64_t> values;
  uint32_t tag;
};

}  // namespace

int main() {
  Checker check{"output_lanes"};
  Random random(7);
  const std::vector<int64_t> rom = draw_rom();
  Verilated::randReset(2);
  Voutput_lanes_tb dut;
  std::deque<std::pair<int64_t, Want>> pending;
  Mode mode{};
  std::vector<Parameters> parameters(16);
  int left = 0;
  dut.aresetn = 0;
  for (int64_t cycle = -20; cycle < 12000; ++cycle) {
    dut.aresetn = cycle >= 0;
    dut.valid_i = cycle >= 0 && !random.one_in(5);
    dut.first_i = random.in(0, 1);
    dut.tag_i = random.in(0, 65535);
    // Between the words, and after a tile's first one for what travels with it, the inputs are noise.
    dut.direct_i = random.in(0, 1);
    dut.relu_i = random.in(0, 1);
    dut.residual_mode_i = random.in(0, 2);
    dut.wide_i = random.in(0, 1);
    dut.function_i = random.in(0, Functions - 1);
    if (dut.valid_i) {
      dut.first_i = left == 0;
      if (left == 0) {
        left = static_cast<int>(random.one_in(2) ? 1 : random.in(1, 40));
        int residual = static_cast<int>(random.in(0, 2));
        if (residual > 0 && (PARAM_Residual >> (residual - 1) & 1) == 0) residual = 0;
        mode = {random.one_in(3), random.one_in(2), random.one_in(2), residual, static_cast<int>(random.in(0, Functions - 1))};
        dut.direct_i = mode.direct;
        dut.relu_i = mode.relu;
        dut.residual_mode_i = mode.residual;
        dut.wide_i = mode.wide;
        dut.function_i = mode.function;
        for (int c = 0; c < 16; ++c) {
          Parameters& p = parameters[c] = draw_parameters(random, mode);
          set_bits(dut.parameters_i, 64 * c, 32, static_cast<uint64_t>(p.bias));
          set_bits(dut.parameters_i, 64 * c + 32, 6, p.argument + 8);
          set_bits(dut.parameters_i, 64 * c + 38, 4, p.out);
          set_bits(dut.parameters_i, 64 * c + 42, 8, static_cast<uint64_t>(p.zero));
          set_bits(dut.parameters_i, 64 * c + 50, 8, static_cast<uint64_t>(p.res_zero));
          set_bits(dut.parameters_i, 64 * c + 58, 6, static_cast<uint64_t>(p.res_shift));
        }
      }
      --left;
    }
    Want want{{}, dut.tag_i};
    for (int p = 0; p < LP; ++p) {
      for (int c = 0; c < 16; ++c) {
        int64_t acc = draw_accumulator(random, parameters[c]), residual = random.extreme(-128, 127);
        set_bits(dut.acc_i, Bits * (16 * p + c), Bits, static_cast<uint64_t>(acc));
        set_bits(dut.residual_i, 128 * p + 8 * c, 8, static_cast<uint64_t>(residual));
        if (dut.valid_i) want.values.push_back(model(mode, parameters[c], rom, acc, residual));
      }
    }
    if (dut.valid_i) pending.push_back({cycle + Latency, want});
    dut.aclk = 0;
    dut.eval();
    bool due = !pending.empty() && pending.front().first == cycle;
    if (cycle >= 0) check.equal(dut.valid_o, due, "valid", cycle);
    if (due) {
      check.equal(dut.tag_o, pending.front().second.tag, "tag", cycle);
      for (int i = 0; i < 16 * LP; ++i) {
        int64_t got = sign_extend(bits(dut.data_o, 16 * i, 16), 16);
        check.equal(got, pending.front().second.values[i], "output", cycle);
      }
      pending.pop_front();
    }
    dut.aclk = 1;
    dut.eval();
  }
  dut.final();
  return check.verdict();
}
