// An int8 convolution without memory of its own: one output behind the other.
#ifndef CERAS_PLAIN_CONV_H
#define CERAS_PLAIN_CONV_H

#include "stage.h"
#include "window.h"

namespace ceras::detail {

// Tensors are q + 128, channels innermost.
struct PlainConv {
  Axis rows, columns;
  std::size_t batch, channels, outputs, group;
  const std::int8_t* weights;  // [output][row][column][input of the group]
  const std::int8_t* zeros;    // per input channel, what the padding is; null where there is none
  StageOf<std::int16_t> stage;
};

// The sum of one output, modulo 2^32.
inline std::uint32_t plain_sum(const PlainConv& conv, const std::uint8_t* image, std::size_t y, std::size_t x, std::size_t output) {
  const std::size_t own = conv.channels / conv.group, first = output / (conv.outputs / conv.group) * own;
  const std::int8_t* weights = conv.weights + output * conv.rows.kernel * conv.columns.kernel * own;
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < conv.rows.kernel; ++i) {
    for (std::size_t j = 0; j < conv.columns.kernel; ++j, weights += own) {
      std::size_t row = 0, column = 0;
      std::int32_t tap = 0;  // far from 32 bits for any tap that a file can have
      if (reads(conv.rows, y, i, row) && reads(conv.columns, x, j, column)) {
        const std::uint8_t* from = image + (row * conv.columns.input + column) * conv.channels + first;
        for (std::size_t at = 0; at < own; ++at) tap += weights[at] * from[at];
      } else {
        for (std::size_t at = 0; at < own; ++at) tap += weights[at] * (conv.zeros[first + at] + 128);
      }
      sum = static_cast<std::int32_t>(static_cast<std::uint32_t>(sum) + static_cast<std::uint32_t>(tap));
    }
  }
  return static_cast<std::uint32_t>(sum);
}

inline void plain_conv(const PlainConv& conv, const std::uint8_t* input, const std::uint8_t* residual, std::uint8_t* output) {
  std::size_t at = 0;
  for (std::size_t image = 0; image < conv.batch; ++image, input += conv.rows.input * conv.columns.input * conv.channels) {
    for (std::size_t y = 0; y < conv.rows.output; ++y) {
      for (std::size_t x = 0; x < conv.columns.output; ++x) {
        for (std::size_t channel = 0; channel < conv.outputs; ++channel, ++at) {
          const std::uint32_t sum = plain_sum(conv, input, y, x, channel);
          finish_sum(conv.stage, channel, sum, residual == nullptr ? nullptr : residual + at, output, at);
        }
      }
    }
  }
}

}  // namespace ceras::detail

#endif
