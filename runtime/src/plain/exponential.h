// e^x in single precision.
#ifndef CERAS_PLAIN_EXPONENTIAL_H
#define CERAS_PLAIN_EXPONENTIAL_H

#include <cstdint>
#include <cstring>

#define CERAS_INLINE inline __attribute__((always_inline))

namespace ceras::detail {

// Constants of e^x by x = n ln 2 + r with a Taylor series of degree 7 for e^r, in fused operations; the float layers
// of the Rust executor compute it in the same ones, so that results are equal.
namespace exponent {
constexpr float kLog2E = 1.44269504088896340736f;
constexpr float kLn2High = 0.6933594f, kLn2Low = -2.1219444e-4f;
constexpr float kRound = 12582912.0f;  // adding it rounds to a whole number, left in the lowest bits
constexpr float kLimit = 88.0f, kLowLimit = -87.0f;
constexpr float kFirst = 1.0f / 5040.0f;
constexpr float kSeries[7] = {1.0f / 720.0f, 1.0f / 120.0f, 1.0f / 24.0f, 1.0f / 6.0f, 0.5f, 1.0f, 1.0f};
}  // namespace exponent

CERAS_INLINE float exponential(float x) {
  using namespace exponent;
  x = x > kLimit ? kLimit : x;
  x = x < kLowLimit ? kLowLimit : x;
  const float rounded = __builtin_fmaf(x, kLog2E, kRound), n = rounded - kRound;
  const float r = __builtin_fmaf(n, -kLn2Low, __builtin_fmaf(n, -kLn2High, x));
  float series = kFirst;
  for (float coefficient : kSeries) series = __builtin_fmaf(series, r, coefficient);
  std::uint32_t bits;
  std::memcpy(&bits, &rounded, 4);
  bits = (bits << 23) + (std::uint32_t{127} << 23);
  float power;
  std::memcpy(&power, &bits, 4);
  return series * power;
}

}  // namespace ceras::detail

#endif
