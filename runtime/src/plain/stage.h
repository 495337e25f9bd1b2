// The output stage of a convolution: from its sums to stored integers (A5, A6, A13).
#ifndef CERAS_PLAIN_STAGE_H
#define CERAS_PLAIN_STAGE_H

#include "arithmetic.h"

namespace ceras::detail {

// Numbers are per output channel.
template <typename Number>
struct StageOf {
  enum class Kind : std::uint8_t { direct, function, dpu };
  Kind kind = Kind::direct;
  Rounding rounding = Rounding::half_up;
  bool relu = false;
  const Function* function = nullptr;
  std::uint8_t residual = 0;    // 0 none, 1 before, 2 behind the function
  std::uint8_t activation = 0;  // of a DPU layer: 0 none, 1 ReLU, 2 leaky ReLU
  int accumulator_shift = 0, bias_shift = 0, shift = 0;  // of a DPU layer
  int bits = 8;                 // of the output
  const std::int32_t* bias = nullptr;    // as the file has it
  const std::int32_t* folded = nullptr;  // bias - 128 * sum of the weights, modulo 2^32
  const Number* argument = nullptr;
  const Number* shifts = nullptr;
  const Number* zero = nullptr;
  const Number* align = nullptr;
  const Number* residual_zero = nullptr;
};

// From the argument of a function, saturated (A6 behind step 1), to the integer before the zero point; `residual` is its q + 128,
// or null.
template <typename Number>
inline std::int64_t behind_argument(const StageOf<Number>& stage, std::size_t channel, std::int64_t x, const std::uint8_t* residual) {
  const Rounding rounding = stage.rounding;
  const std::int64_t r = residual == nullptr ? 0 : *residual - 128 - stage.residual_zero[channel];
  const std::int64_t aligned = residual == nullptr ? 0 : rshift(rounding, r, stage.align[channel]);
  if (stage.residual == 1) x = saturate(x + aligned, format::kArgumentBits);
  std::int64_t y = stage.function->at(x);
  if (stage.residual == 2) y += aligned;
  return rshift(rounding, y, stage.shifts[channel]);
}

// From the sum of a channel, bias included, to the integer before the zero point; `residual` is its q + 128, or null.
template <typename Number>
inline std::int64_t staged(const StageOf<Number>& stage, std::size_t channel, std::int32_t sum, const std::uint8_t* residual) {
  using Kind = typename StageOf<Number>::Kind;
  const Rounding rounding = stage.rounding;
  if (stage.kind == Kind::direct) {
    const std::int64_t y = rshift(rounding, sum, stage.shifts[channel]);
    return stage.relu && y < 0 ? 0 : y;
  }
  if (stage.kind == Kind::function) {
    const std::int64_t x = saturate(rshift(rounding, sum, stage.argument[channel]), format::kArgumentBits);
    return behind_argument(stage, channel, x, residual);
  }
  const std::int64_t bias = stage.bias[channel];
  const std::int64_t n = shift_left(sum - bias, stage.accumulator_shift) + shift_left(bias, stage.bias_shift);
  if (n < 0 && stage.activation == 1) return 0;
  if (n < 0 && stage.activation == 2) return rshift(rounding, 26 * n, stage.shift + 8);
  return rshift(rounding, n, stage.shift);
}

// Stores the result of a sum without its bias, of inputs q + 128.
template <typename Number>
inline void finish_sum(const StageOf<Number>& stage, std::size_t channel, std::uint32_t sum, const std::uint8_t* residual,
                       std::uint8_t* output, std::size_t at) {
  const std::int32_t whole = static_cast<std::int32_t>(sum + static_cast<std::uint32_t>(stage.folded[channel]));
  const std::int64_t q = saturate(staged(stage, channel, whole, residual) + stage.zero[channel], stage.bits);
  store_integer(output, at, stage.bits, q);
}

}  // namespace ceras::detail

#endif
