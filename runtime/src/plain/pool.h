// Maximum pooling (A9) of int8 planes, q + 128 with channels innermost.
#ifndef CERAS_PLAIN_POOL_H
#define CERAS_PLAIN_POOL_H

#include <cstdint>

#include "window.h"

namespace ceras::detail {

inline void plain_max_pool(const Axis& rows, const Axis& columns, std::size_t batch, std::size_t channels, const std::uint8_t* input,
                           std::uint8_t* output) {
  for (std::size_t line = 0; line < batch * rows.output; ++line) {
    const std::uint8_t* image = input + line / rows.output * rows.input * columns.input * channels;
    for (std::size_t x = 0; x < columns.output; ++x, output += channels) {
      for (std::size_t channel = 0; channel < channels; ++channel) output[channel] = 0;
      for (std::size_t tap = 0; tap < rows.kernel * columns.kernel; ++tap) {
        std::size_t row = 0, column = 0;
        if (!reads(rows, line % rows.output, tap / columns.kernel, row) || !reads(columns, x, tap % columns.kernel, column)) continue;
        const std::uint8_t* from = image + (row * columns.input + column) * channels;
        for (std::size_t channel = 0; channel < channels; ++channel) {
          if (from[channel] > output[channel]) output[channel] = from[channel];
        }
      }
    }
  }
}

}  // namespace ceras::detail

#endif
