// Where sliding windows read.
#ifndef CERAS_PLAIN_WINDOW_H
#define CERAS_PLAIN_WINDOW_H

#include <cstddef>

namespace ceras::detail {

// A window along one axis.
struct Axis {
  std::size_t input = 1, output = 1, kernel = 1, stride = 1, dilation = 1, begin = 0, end = 0;
};

// The input element that a tap reads for an output; false in the padding.
inline bool reads(const Axis& axis, std::size_t output, std::size_t tap, std::size_t& at) {
  const std::size_t position = output * axis.stride + tap * axis.dilation;
  at = position - axis.begin;
  return position >= axis.begin && at < axis.input;
}

}  // namespace ceras::detail

#endif
