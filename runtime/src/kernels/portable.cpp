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
std::vector<std::uint8_t> pack_depthwise(const std::int8_t* weights, std::size_t channels, std::size_t taps) {
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

// From the sum of a channel, bias included, to the integer before the zero point (A5, A6, A13).
std::int64_t finished(const Finish& task, std::size_t channel, std::size_t pixel, std::int32_t sum) {
  const Stage& stage = *task.stage;
  const auto shifted = [&](std::int64_t x, int shift) { return rshift(stage.rounding, x, shift); };
  switch (stage.kind) {
    case Stage::Kind::direct: {
      const std::int64_t y = shifted(sum, stage.shifts[channel]);
      return stage.relu && y < 0 ? 0 : y;
    }
    case Stage::Kind::function: {
      std::int64_t aligned = 0;
      if (task.residual != nullptr) {
        const std::int64_t r = task.residual[pixel * task.step + channel] - 128 - stage.residual_zero[channel];
        aligned = shifted(r, stage.align[channel]);
      }
      std::int64_t x = saturate(shifted(sum, stage.argument[channel]), format::kArgumentBits);
      if (stage.residual == 1) x = saturate(x + aligned, format::kArgumentBits);
      std::int64_t y = stage.function->at(x);
      if (stage.residual == 2) y += aligned;
      return shifted(y, stage.shifts[channel]);
    }
    case Stage::Kind::dpu: break;
  }
  const std::int64_t bias = stage.bias[channel];
  const std::int64_t n = shift_left(sum - bias, stage.accumulator_shift) + shift_left(bias, stage.bias_shift);
  if (n < 0 && stage.activation == 1) return 0;
  if (n < 0 && stage.activation == 2) return shifted(26 * n, stage.shift + 8);
  return shifted(n, stage.shift);
}

void maximum(std::uint8_t* to, const std::uint8_t* from, std::size_t count) { maximum_loop(to, from, count); }

bool quantize_row(const QuantizeRow& row) { return quantize_loop(row); }

void dequantize_rows(const void* from, Integer width, float* to, std::size_t rows, std::size_t channels, const double* steps,
                     const double* zeros) {
  dequantize_loop(from, width, to, rows, channels, steps, zeros);
}

void sigmoid(float* values, std::size_t count) { sigmoid_loop(values, count); }
void silu(float* values, std::size_t count) { silu_loop(values, count); }

}  // namespace

void finish_portably(const Finish& task) {
  const Stage& stage = *task.stage;
  for (std::size_t pixel = 0; pixel < task.pixels; ++pixel) {
    for (std::size_t lane = 0; lane < task.channels; ++lane) {
      const std::size_t channel = task.first + lane, at = pixel * task.step + channel;
      const std::uint32_t sum = static_cast<std::uint32_t>(task.sums[pixel * task.sums_step + lane]) +
                                static_cast<std::uint32_t>(stage.folded[channel]);
      const std::int64_t y = finished(task, channel, pixel, static_cast<std::int32_t>(sum));
      const std::int64_t q = saturate(y + stage.zero[channel], stage.bits);
      if (stage.bits == 8) {
        task.output[at] = static_cast<std::uint8_t>(q + 128);
      } else if (stage.bits == 16) {
        reinterpret_cast<std::int16_t*>(task.output)[at] = static_cast<std::int16_t>(q);
      } else {
        reinterpret_cast<std::int32_t*>(task.output)[at] = static_cast<std::int32_t>(q);
      }
    }
  }
}

const KernelSet kPortable = {"portable",      pack,    dense,        pack_depthwise,  depthwise,
                             finish_portably, maximum, quantize_row, dequantize_rows, sigmoid, silu};

}  // namespace ceras::detail
