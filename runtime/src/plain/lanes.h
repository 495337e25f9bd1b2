// What looks at all elements along an axis: sums in double precision, rounded once.
#ifndef CERAS_PLAIN_LANES_H
#define CERAS_PLAIN_LANES_H

#include <cmath>
#include <cstddef>

namespace ceras::detail {

// Of `count` elements that are `step` apart on both sides.
inline void softmax_lane(const float* from, float* to, std::size_t count, std::size_t step, bool log) {
  float largest = -__builtin_inff();
  for (std::size_t at = 0; at < count; ++at) largest = largest < from[at * step] ? from[at * step] : largest;
  double sum = -0.0;
  for (std::size_t at = 0; at < count; ++at) sum += std::exp(static_cast<double>(from[at * step] - largest));
  for (std::size_t at = 0; at < count; ++at) {
    const double shifted = from[at * step] - largest;
    to[at * step] = static_cast<float>(log ? shifted - std::log(sum) : std::exp(shifted) / sum);
  }
}

// The mean of `count` elements that are `step` apart.
inline float mean_lane(const float* from, std::size_t count, std::size_t step) {
  double sum = -0.0;
  for (std::size_t at = 0; at < count; ++at) sum += static_cast<double>(from[at * step]);
  return static_cast<float>(sum / static_cast<double>(count));
}

inline float largest_lane(const float* from, std::size_t count, std::size_t step) {
  float largest = -__builtin_inff();
  for (std::size_t at = 0; at < count; ++at) largest = from[at * step] > largest ? from[at * step] : largest;
  return largest;
}

}  // namespace ceras::detail

#endif
