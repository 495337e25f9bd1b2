// Loops that compilers turn into vectors by themselves: written once, inlined into a function per instruction set.
#ifndef CERAS_KERNELS_LOOPS_H
#define CERAS_KERNELS_LOOPS_H

#include "functions.h"

namespace ceras::detail {

// A11 for int8, in single precision: scaling by a power of two and the distance to a whole number are exact in it. `x` is
// scaled; `even` is 1 where ties go to the even number, else 0.
CERAS_INLINE std::uint8_t nearest_byte(float x, std::int32_t zero, std::int32_t even) {
  // Beyond these everything saturates; NaN ends at the upper one.
  x = x < 1024.0f ? x : 1024.0f;
  x = x > -1024.0f ? x : -1024.0f;
  std::int32_t below = static_cast<std::int32_t>(x);
  below -= static_cast<float>(below) > x ? 1 : 0;
  const float rest = x - static_cast<float>(below);
  // Of a tie, half to even takes the step up back where it leads to an odd number.
  const std::int32_t up = rest >= 0.5f ? 1 : 0, tie = rest == 0.5f ? even : 0;
  const std::int32_t q = below + (up & ~(tie & ~below & 1)) + zero;
  return static_cast<std::uint8_t>(q < 0 ? 0 : q > 255 ? 255 : q);
}

constexpr std::uint32_t kNotFinite = 0x7F800000u;

CERAS_INLINE std::uint32_t exponent_bits(float x) {
  std::uint32_t bits;
  __builtin_memcpy(&bits, &x, 4);
  return bits & kNotFinite;
}

// Rows of channels. Whether all numbers are finite.
CERAS_INLINE bool quantize_rows_loop(const QuantizeRows& task) {
  const std::int32_t even = task.half_even ? 1 : 0;
  std::uint32_t worst = 0;
  const float* from = task.from;
  std::uint8_t* to = task.to;
  for (std::size_t row = 0; row < task.rows; ++row, from += task.channels, to += task.channels) {
    for (std::size_t at = 0; at < task.channels; ++at) {
      const std::uint32_t bits = exponent_bits(from[at]);
      worst = worst > bits ? worst : bits;
      to[at] = nearest_byte(from[at] * task.steps[at], task.zeros[at], even);
    }
  }
  return worst != kNotFinite;
}

// One channel. Whether all numbers are finite.
CERAS_INLINE bool quantize_loop(const QuantizeRow& row) {
  constexpr std::size_t kPart = 256;
  const float step = row.step;
  const std::int32_t zero = row.zero, even = row.half_even ? 1 : 0;
  std::uint32_t worst = 0;
  for (std::size_t first = 0; first < row.count; first += kPart) {
    const std::size_t count = row.count - first < kPart ? row.count - first : kPart;
    // Whole parts: the loops over them have a length that compilers know.
    float part[kPart] = {};
    std::uint8_t whole[kPart];
    __builtin_memcpy(part, row.from + first, count * sizeof(float));
    for (std::size_t at = 0; at < kPart; ++at) {
      const std::uint32_t bits = exponent_bits(part[at]);
      worst = worst > bits ? worst : bits;
    }
    for (std::size_t at = 0; at < kPart; ++at) whole[at] = nearest_byte(part[at] * step, zero, even);
    __builtin_memcpy(row.to + first, whole, count);
  }
  return worst != kNotFinite;
}

template <typename T>
CERAS_INLINE void widen(const void* from, std::size_t first, std::size_t count, std::int32_t* to) {
  const T* begin = static_cast<const T*>(from) + first;
  for (std::size_t at = 0; at < count; ++at) to[at] = begin[at];
}

// A12 for rows of channels.
CERAS_INLINE void dequantize_loop(const void* from, Integer width, float* to, std::size_t rows, std::size_t channels,
                                  const double* steps, const double* zeros) {
  constexpr std::size_t kPart = 128;
  std::int32_t part[kPart];
  for (std::size_t row = 0; row < rows; ++row, to += channels) {
    for (std::size_t first = 0; first < channels; first += kPart) {
      const std::size_t count = channels - first < kPart ? channels - first : kPart, begin = row * channels + first;
      switch (width) {
        case Integer::biased: widen<std::uint8_t>(from, begin, count, part); break;
        case Integer::half: widen<std::int16_t>(from, begin, count, part); break;
        case Integer::word: widen<std::int32_t>(from, begin, count, part); break;
      }
      for (std::size_t at = 0; at < count; ++at) {
        to[first + at] = static_cast<float>((static_cast<double>(part[at]) - zeros[first + at]) * steps[first + at]);
      }
    }
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
      const float factor = rows[at * task.step + task.offsets[k]];
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
