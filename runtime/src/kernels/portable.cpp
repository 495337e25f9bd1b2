// Kernels for every processor; the compiler may use what vectors there are.
#include <cmath>
#include <cstring>

#include "../kernels.h"
#include "functions.h"
#include "loops.h"

namespace ceras::detail {

namespace {

std::vector<std::uint8_t> pack(const WeightReader& reader) { return pack_blocks<std::int8_t>(reader, 1); }

void dense(const Dense& task) {
  const std::int8_t* weights = static_cast<const std::int8_t*>(task.weights);
  const std::size_t block_size = task.segment_count * task.segment_length * kLanes;
  for (std::size_t block = 0; block < task.blocks; ++block) {
    for (std::size_t pixel = 0; pixel < task.pixels; ++pixel) {
      std::int32_t sums[kLanes] = {};
      const std::int8_t* own = weights + block * block_size;
      for (std::size_t segment = 0; segment < task.segment_count; ++segment) {
        const std::uint8_t* from = task.input + pixel * task.pixel_step + task.segments[segment];
        for (std::size_t k = 0; k < task.segment_length; ++k, own += kLanes) {
          const std::int32_t q = from[k];
          // Modulo 2^32, which unsigned numbers are.
          for (std::size_t lane = 0; lane < kLanes; ++lane) {
            sums[lane] = static_cast<std::int32_t>(static_cast<std::uint32_t>(sums[lane]) + static_cast<std::uint32_t>(q * own[lane]));
          }
        }
      }
      std::memcpy(task.sums + (pixel * task.blocks + block) * kLanes, sums, sizeof sums);
    }
  }
}

// [tap][channel]
std::vector<std::uint8_t> pack_depthwise(const std::int8_t* weights, std::size_t channels, std::size_t rows, std::size_t columns) {
  const std::size_t taps = rows * columns;
  std::vector<std::uint8_t> packed(channels * taps);
  for (std::size_t channel = 0; channel < channels; ++channel) {
    for (std::size_t tap = 0; tap < taps; ++tap) {
      packed[tap * channels + channel] = static_cast<std::uint8_t>(weights[channel * taps + tap]);
    }
  }
  return packed;
}

void depthwise(const Depthwise& task) {
  const std::int8_t* weights = static_cast<const std::int8_t*>(task.weights);
  for (std::size_t pixel = 0; pixel < task.pixels; ++pixel) {
    std::int32_t* sums = task.sums + pixel * task.sums_step;
    std::memset(sums, 0, task.channels * sizeof *sums);
    for (std::size_t tap = 0; tap < task.tap_count; ++tap) {
      const std::uint8_t* from = task.input + pixel * task.pixel_step + task.taps[tap];
      const std::int8_t* own = weights + tap * task.channels;
      for (std::size_t channel = 0; channel < task.channels; ++channel) {
        sums[channel] = static_cast<std::int32_t>(static_cast<std::uint32_t>(sums[channel]) +
                                                  static_cast<std::uint32_t>(from[channel] * own[channel]));
      }
    }
  }
}

void maximum(std::uint8_t* to, const std::uint8_t* from, std::size_t count) { maximum_loop(to, from, count); }

bool quantize_row(const QuantizeRow& row) { return quantize_loop(row); }

bool quantize_rows(const QuantizeRows& task) { return quantize_rows_loop(task); }

void dequantize_rows(const void* from, Integer width, float* to, std::size_t rows, std::size_t channels, const double* steps,
                     const double* zeros) {
  dequantize_loop(from, width, to, rows, channels, steps, zeros);
}

void sigmoid(float* values, std::size_t count) { sigmoid_loop(values, count); }
void silu(float* values, std::size_t count) { silu_loop(values, count); }
void matrix(const Matrix& task) { matrix_loop(task); }
void add_products(float* sums, const float* a, const float* b, std::size_t count) { add_products_loop(sums, a, b, count); }

}  // namespace

void finish_portably(const Finish& task) {
  for (std::size_t pixel = 0; pixel < task.pixels; ++pixel) {
    for (std::size_t lane = 0; lane < task.channels; ++lane) {
      const std::size_t channel = task.first + lane, at = pixel * task.step + channel;
      const std::uint32_t sum = static_cast<std::uint32_t>(task.sums[pixel * task.sums_step + lane]);
      finish_sum(*task.stage, channel, sum, task.residual == nullptr ? nullptr : task.residual + at, task.output, at);
    }
  }
}

const KernelSet kPortable = {"portable",      pack,    dense,        pack_depthwise,  depthwise,
                             finish_portably, maximum, quantize_row, quantize_rows, dequantize_rows, sigmoid, silu, matrix, add_products};

}  // namespace ceras::detail
