// The integer rules of docs/arithmetic.md; A1 to A13 are its numbers.
#ifndef CERAS_ARITHMETIC_H
#define CERAS_ARITHMETIC_H

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "../format.h"

namespace ceras::detail {

// x << shift for 0 <= shift < 64, defined for every x.
inline std::int64_t shift_left(std::int64_t x, int shift) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(x) << shift);
}

// Rounding of right shifts and of floats (A2, A11).
enum class Rounding : std::uint8_t { half_up, half_even };

// rshift(x, shift) of A2.
inline std::int64_t rshift(Rounding rounding, std::int64_t x, int shift) {
  if (shift <= 0) return shift_left(x, -shift);
  const std::int64_t half = std::int64_t{1} << (shift - 1);
  if (rounding == Rounding::half_up) return (x + half) >> shift;
  const std::int64_t floor = x >> shift;
  const std::int64_t rest = x - shift_left(floor, shift);
  return floor + (rest > half || (rest == half && (floor & 1)) ? 1 : 0);
}

// sat_bits(x) of A3.
inline std::int64_t saturate(std::int64_t x, int bits) {
  const std::int64_t limit = std::int64_t{1} << (bits - 1);
  return x < -limit ? -limit : x > limit - 1 ? limit - 1 : x;
}

// A11, with saturation to `bits`; `value` is finite.
inline std::int64_t quantize(Rounding rounding, double value, int exponent, int zero, int bits) {
  const double scaled = std::ldexp(value, -exponent);
  double whole = rounding == Rounding::half_up ? std::floor(scaled + 0.5) : std::nearbyint(scaled);
  const double far = 4e12;  // beyond every width: the conversion below is defined, the result saturates all the same
  whole = whole < -far ? -far : whole > far ? far : whole;
  return saturate(static_cast<std::int64_t>(whole) + zero, bits);
}

// Stores an integer of 8 (as q + 128), 16 or 32 bits.
inline void store_integer(std::uint8_t* output, std::size_t at, int bits, std::int64_t q) {
  if (bits == 8) {
    output[at] = static_cast<std::uint8_t>(q + 128);
  } else if (bits == 16) {
    reinterpret_cast<std::int16_t*>(output)[at] = static_cast<std::int16_t>(q);
  } else {
    reinterpret_cast<std::int32_t*>(output)[at] = static_cast<std::int32_t>(q);
  }
}

// A12.
inline float dequantize(std::int64_t q, int exponent, int zero) {
  return static_cast<float>(std::ldexp(static_cast<double>(q - zero), exponent));
}

enum class Base : std::uint8_t { zero, relu, identity, clamp, leaky };
enum class RomLayout : std::uint8_t { none, two_segments, uniform };

// An activation function (A7).
struct Function {
  Base base = Base::identity;
  RomLayout layout = RomLayout::none;
  bool is_signed = false;
  std::int32_t low = 0, high = 0;  // of a clamp
  std::int32_t slope = 0;          // of leaky
  int fraction = format::kFraction, gain = 0;
  const std::int32_t* rom = nullptr;  // of both signs where it is signed

  int entries() const {
    return layout == RomLayout::none ? 0 : layout == RomLayout::uniform ? format::kUniformEntries : format::kTwoSegmentEntries;
  }
  bool has_unit() const { return layout != RomLayout::none || base == Base::clamp; }

  std::int64_t base_at(std::int64_t x) const {
    switch (base) {
      case Base::zero: return 0;
      case Base::relu: return x > 0 ? x : 0;
      case Base::identity: return x;
      case Base::clamp: return x < low ? low : x > high ? high : x;
      case Base::leaky: return x < 0 ? rshift(Rounding::half_up, x * slope, 8) : x;
    }
    return x;
  }

  std::int64_t at(std::int64_t x) const {
    const std::int64_t straight = base_at(x);
    if (layout == RomLayout::none) return straight;
    const std::int64_t magnitude = x < 0 ? -x : x;
    std::int64_t address = magnitude >> 3;
    if (layout == RomLayout::two_segments) {
      if (magnitude >= 1024) address = 112 + (magnitude >> 6);
    }
    const std::int64_t last = entries() - 1;
    address = address < last ? address : last;
    const std::int64_t block = is_signed && x < 0 ? entries() : 0;
    return straight + rom[block + address];
  }
};

}  // namespace ceras::detail

#endif
