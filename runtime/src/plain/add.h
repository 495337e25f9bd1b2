// Additions (A8, A13), changes of scale and products (A15) of stored integers, element by element.
#ifndef CERAS_PLAIN_ADD_H
#define CERAS_PLAIN_ADD_H

#include <cstddef>

#include "arithmetic.h"

namespace ceras::detail {

// What is done in one channel.
struct AddChannel {
  std::int8_t left[2];  // shift of each operand; negative: to the right, rounded down
  std::int8_t right;    // rounded shift to the output
  std::int8_t zero[2], target;
};

// From operands q + 128 to the integer of the output; `b` is null for a change of scale.
inline std::int64_t added(const AddChannel& channel, Rounding rounding, int bits, const std::uint8_t* a, const std::uint8_t* b) {
  std::int64_t sum = 0;
  for (int side = 0; side < (b == nullptr ? 1 : 2); ++side) {
    const std::int64_t x = (side == 0 ? *a : *b) - 128 - channel.zero[side];
    sum += channel.left[side] >= 0 ? shift_left(x, channel.left[side]) : x >> -channel.left[side];
  }
  return saturate(rshift(rounding, sum, channel.right) + channel.target, bits);
}

// The product of two operands q + 128; `left` has no meaning.
inline std::int64_t multiplied(const AddChannel& channel, Rounding rounding, int bits, std::uint8_t a, std::uint8_t b) {
  const std::int64_t product = std::int64_t{a - 128 - channel.zero[0]} * (b - 128 - channel.zero[1]);
  return saturate(rshift(rounding, product, channel.right) + channel.target, bits);
}

}  // namespace ceras::detail

#endif
