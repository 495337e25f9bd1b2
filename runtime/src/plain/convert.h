// Floats to stored integers and back (A11, A12), between row-major tensors and those with channels innermost.
#ifndef CERAS_PLAIN_CONVERT_H
#define CERAS_PLAIN_CONVERT_H

#include "arithmetic.h"

namespace ceras::detail {

struct ChannelScale {
  std::int8_t exponent, zero;
};

// A tensor of integers; `bits` is 0 where it holds floats.
struct Planes {
  std::size_t batch, channels, plane;
  int bits;
  const ChannelScale* scales;
};

// The place of an element with channels innermost, from the row-major one.
inline std::size_t placed(const Planes& planes, std::size_t index) {
  const std::size_t image = index / planes.plane / planes.channels, channel = index / planes.plane % planes.channels;
  return (image * planes.plane + index % planes.plane) * planes.channels + channel;
}

// `row_major` is the order of `from`. False where a number is not finite.
inline bool quantize_planes(const Planes& planes, Rounding rounding, bool row_major, const float* from, std::uint8_t* to) {
  for (std::size_t index = 0; index < planes.batch * planes.channels * planes.plane; ++index) {
    const std::size_t at = placed(planes, index);
    const float value = from[row_major ? index : at];
    if (!(value - value == 0.0f)) return false;
    const ChannelScale scale = planes.scales[index / planes.plane % planes.channels];
    store_integer(to, at, planes.bits, quantize(rounding, value, scale.exponent, scale.zero, planes.bits));
  }
  return true;
}

// `row_major` is the order of `to`.
inline void dequantize_planes(const Planes& planes, bool row_major, const std::uint8_t* from, float* to) {
  for (std::size_t index = 0; index < planes.batch * planes.channels * planes.plane; ++index) {
    const std::size_t at = placed(planes, index);
    const ChannelScale scale = planes.scales[index / planes.plane % planes.channels];
    const std::int64_t q = planes.bits == 8    ? from[at] - 128
                           : planes.bits == 16 ? reinterpret_cast<const std::int16_t*>(from)[at]
                                               : reinterpret_cast<const std::int32_t*>(from)[at];
    to[row_major ? index : at] = dequantize(q, scale.exponent, scale.zero);
  }
}

// Floats with channels innermost into row-major order, or the other way.
inline void turn_planes(const Planes& planes, bool to_row_major, const float* from, float* to) {
  for (std::size_t index = 0; index < planes.batch * planes.channels * planes.plane; ++index) {
    const std::size_t at = placed(planes, index);
    to[to_row_major ? index : at] = from[to_row_major ? at : index];
  }
}

}  // namespace ceras::detail

#endif
