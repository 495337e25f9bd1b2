// The loops that are written once per instruction set. All sets give the same numbers.
#ifndef CERAS_KERNELS_H
#define CERAS_KERNELS_H

#include <cstddef>
#include <cstdint>
#include <vector>

#include "plain/stage.h"

// What runs once, when a model is opened: compiled for size, also in a file that is compiled for speed.
#define CERAS_ONCE [[gnu::cold]]

namespace ceras::detail {

constexpr std::size_t kLanes = 16;  // output channels of a block

inline std::size_t blocks_of(std::size_t channels) { return (channels + kLanes - 1) / kLanes; }

// Integers in memory: int8 as q + 128, int16, int32.
enum class Integer : std::uint8_t { biased, half, word };

// Sums of products for some pixels of a row and all outputs of a group: sums[pixel][output] without bias, modulo
// 2^32, of inputs q + 128. A window is made of segments, runs of bytes that are in memory one behind the other.
struct Dense {
  const std::uint8_t* input;  // of the first pixel
  std::size_t pixel_step;     // bytes
  std::size_t pixels;
  const std::size_t* segments;  // first bytes, from `input` on
  std::size_t segment_count;
  std::size_t segment_length;  // bytes
  const void* weights;         // by KernelSet::pack
  std::size_t blocks;          // of kLanes outputs
  std::int32_t* sums;          // blocks * kLanes from one pixel to the next
};

// The same where every channel has its own filter; sums[pixel][channel].
struct Depthwise {
  const std::uint8_t* input;
  std::size_t pixel_step;
  std::size_t pixels;
  const std::size_t* taps;  // offset in bytes of each tap, row by row of the window
  std::size_t tap_count;
  std::size_t tap_columns;  // taps of a row, which are equally far from each other
  std::size_t channels;
  const void* weights;   // by KernelSet::pack_depthwise
  std::int32_t* sums;
  std::size_t sums_step;  // from one pixel to the next; channels rounded up to kLanes
};

// A table of one sign (A7) whose last entries repeat, so that every byte is an address.
struct ShortTable {
  static constexpr std::size_t kEntries = 256;
  std::int32_t lift = 0;               // makes all entries positive
  std::int16_t entries[kEntries] = {};
  std::uint16_t lifted[kEntries] = {};              // entry + lift,
  std::uint8_t low[kEntries] = {}, high[kEntries] = {};  // and its bytes
};

// The output stage of a layer; arrays are as long as blocks of kLanes, and the step's.
struct Stage : StageOf<std::int32_t> {
  bool narrow = false;  // every intermediate fits 32 bits, rounding is half up
  bool packs = false;   // and arguments may be packed to 16 bits for tables, results have 8
  const std::uint8_t* forms = nullptr;   // then: by channel, those of kInHalves and kUnsigned that give the same integers
  const ShortTable* table = nullptr;     // and the function's table, where it is a short one
  // Where kUnsigned does: what is added and what is taken away before the last shift, 0 to 2^16 - 1.
  const std::int32_t *up = nullptr, *down = nullptr;
};

// Everything behind the first shift in 16 bits.
constexpr std::uint8_t kInHalves = 1;
// max(x, 0) + table in unsigned numbers of 16 bits: what they cannot hold has to saturate in the end.
constexpr std::uint8_t kUnsigned = 2;

struct Finish {
  const Stage* stage;
  const std::int32_t* sums;
  std::size_t sums_step;
  std::size_t pixels;
  std::size_t first, channels;   // the group's channels
  const std::uint8_t* residual;  // of the first pixel and channel 0; null for none
  std::uint8_t* output;          // of the first pixel and channel 0
  std::size_t step;              // elements from one pixel to the next, of both
};

// Reads weight `k` of segment `segment` of output `output`.
struct WeightReader {
  const std::int8_t* weights;  // of the group: [outputs][inputs][rows][columns]
  std::size_t outputs, inputs, rows, columns;
  bool whole_rows;  // a segment is a row of taps, else one tap
  std::size_t segment_count() const { return whole_rows ? rows : rows * columns; }
  std::size_t segment_length() const { return whole_rows ? columns * inputs : inputs; }
  std::int8_t at(std::size_t output, std::size_t segment, std::size_t k) const {
    const std::size_t row = whole_rows ? segment : segment / columns;
    const std::size_t column = whole_rows ? k / inputs : segment % columns;
    return weights[((output * inputs + k % inputs) * rows + row) * columns + column];
  }
};

// Floats to int8 as q + 128.
struct QuantizeRow {
  const float* from;
  std::uint8_t* to;
  std::size_t count;
  float step;         // 2^-exponent
  std::int32_t zero;  // zero point + 128
  bool half_even;
};

// The same for rows of channels, with a step and a zero point (+ 128) each.
struct QuantizeRows {
  const float* from;
  std::uint8_t* to;
  std::size_t rows, channels;
  const float* steps;
  const std::int32_t* zeros;
  bool half_even;
};

// Products in single precision by rule A14: each sum from zero on, by fused multiply-adds, `k` ascending.
struct Matrix {
  const float* rows;      // rows[row * step + offsets[k]]
  std::size_t step, count, depth;
  const float* weights;   // [block][k][kLanes]
  std::size_t blocks;
  float* sums;            // [row][block][kLanes]
  const std::size_t* offsets;
};

struct KernelSet {
  const char* name;
  std::vector<std::uint8_t> (*pack)(const WeightReader& reader);
  void (*dense)(const Dense& task);
  std::vector<std::uint8_t> (*pack_depthwise)(const std::int8_t* weights, std::size_t channels, std::size_t rows, std::size_t columns);
  void (*depthwise)(const Depthwise& task);
  void (*finish)(const Finish& task);
  // to[i] = max(to[i], from[i])
  void (*maximum)(std::uint8_t* to, const std::uint8_t* from, std::size_t count);
  // Whether all numbers are finite.
  bool (*quantize)(const QuantizeRow& row);
  bool (*quantize_rows)(const QuantizeRows& task);
  // Rows of integers, int8 as q + 128, with a step and a zero point (+ 128) per channel.
  void (*dequantize)(const void* from, Integer width, float* to, std::size_t rows, std::size_t channels, const double* steps,
                     const double* zeros);
  // 1 / (1 + e^-x) and x / (1 + e^-x), in place
  void (*sigmoid)(float* values, std::size_t count);
  void (*silu)(float* values, std::size_t count);
  void (*matrix)(const Matrix& task);
  // sums[i] = a[i] * b[i] + sums[i], rounded once
  void (*add_products)(float* sums, const float* a, const float* b, std::size_t count);
};

// Bytes behind every tensor that kernels may read, and ignore.
constexpr std::size_t kSlack = 64;

extern const KernelSet kPortable;
// Null where this machine has not the instructions, or the library was built for another processor.
const KernelSet* avx2_kernels();
const KernelSet* vnni_kernels();
const KernelSet* vbmi_kernels();
const KernelSet* neon_kernels();

// Weights as `Weight` in blocks of kLanes outputs, `unit` inputs of an output side by side:
// [block][segment][input / unit][output][input % unit], padded with zeros.
template <typename Weight>
CERAS_ONCE std::vector<std::uint8_t> pack_blocks(const WeightReader& reader, std::size_t unit) {
  const std::size_t blocks = (reader.outputs + kLanes - 1) / kLanes;
  const std::size_t groups = (reader.segment_length() + unit - 1) / unit;
  const std::size_t block = reader.segment_count() * groups * kLanes * unit;
  std::vector<std::uint8_t> bytes(blocks * block * sizeof(Weight) + 64);
  Weight* packed = reinterpret_cast<Weight*>(bytes.data());
  for (std::size_t output = 0; output < reader.outputs; ++output) {
    for (std::size_t segment = 0; segment < reader.segment_count(); ++segment) {
      for (std::size_t k = 0; k < reader.segment_length(); ++k) {
        const std::size_t group = segment * groups + k / unit;
        packed[output / kLanes * block + (group * kLanes + output % kLanes) * unit + k % unit] = reader.at(output, segment, k);
      }
    }
  }
  return bytes;
}

}  // namespace ceras::detail

#endif
