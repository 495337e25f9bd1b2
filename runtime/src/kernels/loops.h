// Loops that compilers turn into vectors by themselves: written once, inlined into a function per instruction set.
#ifndef CERAS_KERNELS_LOOPS_H
#define CERAS_KERNELS_LOOPS_H

#include "functions.h"

namespace ceras::detail {

// A11 for int8, in single precision: scaling by a power of two and the distance to a whole number are exact in it.
// Whether all numbers are finite.
CERAS_INLINE bool quantize_loop(const QuantizeRow& row) {
  constexpr std::size_t kPart = 256;
  constexpr std::uint32_t kNotFinite = 0x7F800000u;
  const float step = row.step;
  const std::int32_t zero = row.zero, even = row.half_even ? 1 : 0;
  const std::size_t jump = row.jump;
  std::uint32_t worst = 0;
  for (std::size_t first = 0; first < row.count; first += kPart) {
    const std::size_t count = row.count - first < kPart ? row.count - first : kPart;
    // Whole parts: the loops over them have a length that compilers know.
    float part[kPart] = {};
    std::int32_t whole[kPart];
    __builtin_memcpy(part, row.from + first, count * sizeof(float));
    for (std::size_t at = 0; at < kPart; ++at) {
      std::uint32_t bits;
      __builtin_memcpy(&bits, part + at, 4);
      bits &= kNotFinite;
      worst = worst > bits ? worst : bits;
    }
    for (std::size_t at = 0; at < kPart; ++at) {
      float x = part[at] * step;
      // Beyond these everything saturates; NaN ends at the upper one.
      x = x < 1024.0f ? x : 1024.0f;
      x = x > -1024.0f ? x : -1024.0f;
      std::int32_t below = static_cast<std::int32_t>(x);
      below -= static_cast<float>(below) > x ? 1 : 0;
      const float rest = x - static_cast<float>(below);
      // Of a tie, half to even takes the step up back where it leads to an odd number.
      const std::int32_t up = rest >= 0.5f ? 1 : 0, tie = rest == 0.5f ? even : 0;
      const std::int32_t q = below + (up & ~(tie & ~below & 1)) + zero;
      whole[at] = q < 0 ? 0 : q > 255 ? 255 : q;
    }
    std::uint8_t* to = row.to + first * jump;
    for (std::size_t at = 0; at < count; ++at) to[at * jump] = static_cast<std::uint8_t>(whole[at]);
  }
  return worst != kNotFinite;
}

template <typename T>
CERAS_INLINE void dequantize_from(const T* from, float* to, std::size_t rows, std::size_t channels, const double* steps, const double* zeros) {
  for (std::size_t row = 0; row < rows; ++row, from += channels, to += channels) {
    for (std::size_t at = 0; at < channels; ++at) to[at] = static_cast<float>((static_cast<double>(from[at]) - zeros[at]) * steps[at]);
  }
}

// A12 for rows of channels.
CERAS_INLINE void dequantize_loop(const void* from, Integer width, float* to, std::size_t rows, std::size_t channels,
                                  const double* steps, const double* zeros) {
  switch (width) {
    case Integer::biased: return dequantize_from(static_cast<const std::uint8_t*>(from), to, rows, channels, steps, zeros);
    case Integer::half: return dequantize_from(static_cast<const std::int16_t*>(from), to, rows, channels, steps, zeros);
    case Integer::word: return dequantize_from(static_cast<const std::int32_t*>(from), to, rows, channels, steps, zeros);
  }
}

CERAS_INLINE void maximum_loop(std::uint8_t* to, const std::uint8_t* from, std::size_t count) {
  for (std::size_t at = 0; at < count; ++at) to[at] = to[at] > from[at] ? to[at] : from[at];
}

CERAS_INLINE void sigmoid_loop(float* values, std::size_t count) {
  for (std::size_t at = 0; at < count; ++at) values[at] = 1.0f / (1.0f + exponential(-values[at]));
}

CERAS_INLINE void silu_loop(float* values, std::size_t count) {
  for (std::size_t at = 0; at < count; ++at) values[at] = values[at] / (1.0f + exponential(-values[at]));
}

template <std::size_t Rows>
CERAS_INLINE void matrix_rows(const Matrix& task, std::size_t row, std::size_t block) {
  float sums[Rows][kLanes] = {};
  const float* weights = task.weights + block * task.depth * kLanes;
  const float* rows = task.rows + row * task.step;
  for (std::size_t k = 0; k < task.depth; ++k, weights += kLanes) {
    for (std::size_t at = 0; at < Rows; ++at) {
      const float factor = rows[at * task.step + (task.offsets != nullptr ? task.offsets[k] : k)];
      for (std::size_t lane = 0; lane < kLanes; ++lane) sums[at][lane] = __builtin_fmaf(factor, weights[lane], sums[at][lane]);
    }
  }
  for (std::size_t at = 0; at < Rows; ++at) __builtin_memcpy(task.sums + ((row + at) * task.blocks + block) * kLanes, sums[at], sizeof sums[at]);
}

CERAS_INLINE void matrix_loop(const Matrix& task) {
  constexpr std::size_t kRows = 4;
  for (std::size_t block = 0; block < task.blocks; ++block) {
    std::size_t row = 0;
    for (; row + kRows <= task.count; row += kRows) matrix_rows<kRows>(task, row, block);
    for (; row < task.count; ++row) matrix_rows<1>(task, row, block);
  }
}

CERAS_INLINE void add_products_loop(float* sums, const float* a, const float* b, std::size_t count) {
  for (std::size_t at = 0; at < count; ++at) sums[at] = __builtin_fmaf(a[at], b[at], sums[at]);
}

}  // namespace ceras::detail

#endif
