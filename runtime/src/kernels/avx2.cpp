// AVX2: products of 16-bit pairs, which hold every input and weight exactly.
#include "functions.h"
#include "loops.h"
#include "x86.h"

namespace ceras::detail {

#ifdef CERAS_X86

namespace avx2 {

constexpr std::size_t kUnit = 2;
constexpr std::size_t kPairs = 256;  // pairs of a pixel that are widened at once

std::vector<std::uint8_t> pack(const WeightReader& reader) { return pack_blocks<std::int16_t>(reader, kUnit); }

CERAS_AVX2 inline __m256i load(const void* from) { return _mm256_loadu_si256(static_cast<const __m256i*>(from)); }
CERAS_AVX2 inline void store(void* to, __m256i x) { _mm256_storeu_si256(static_cast<__m256i*>(to), x); }

// `bytes` inputs as 16-bit numbers; up to 15 more bytes are read.
CERAS_AVX2 inline void widen(const std::uint8_t* from, std::int32_t* to, std::size_t bytes) {
  for (std::size_t at = 0; at < bytes; at += 16) {
    store(to + at / 2, _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from + at))));
  }
}

// Adds the products of `pairs` pairs of inputs to the sums of a block.
template <int Pixels>
CERAS_AVX2 void products(const std::int32_t (*inputs)[kPairs + 8], const std::int16_t* weights, std::size_t pairs, __m256i (*total)[2]) {
  __m256i own[Pixels][2];
  for (int pixel = 0; pixel < Pixels; ++pixel) own[pixel][0] = total[pixel][0], own[pixel][1] = total[pixel][1];
  for (std::size_t pair = 0; pair < pairs; ++pair, weights += kLanes * kUnit) {
    const __m256i low = load(weights), high = load(weights + kLanes);
#pragma GCC unroll 4
    for (int pixel = 0; pixel < Pixels; ++pixel) {
      const __m256i q = _mm256_set1_epi32(inputs[pixel][pair]);
      own[pixel][0] = _mm256_add_epi32(own[pixel][0], _mm256_madd_epi16(q, low));
      own[pixel][1] = _mm256_add_epi32(own[pixel][1], _mm256_madd_epi16(q, high));
    }
  }
  for (int pixel = 0; pixel < Pixels; ++pixel) total[pixel][0] = own[pixel][0], total[pixel][1] = own[pixel][1];
}

template <int Pixels>
CERAS_AVX2 void dense_pixels(const Dense& task, std::size_t first) {
  const std::size_t groups = (task.segment_length + kUnit - 1) / kUnit;
  const std::size_t block_size = task.segment_count * groups * kLanes * kUnit;
  const std::uint8_t* input = task.input + first * task.pixel_step;
  std::int32_t inputs[Pixels][kPairs + 8];
  for (std::size_t block = 0; block < task.blocks; ++block) {
    for (int pixel = 0; pixel < Pixels; ++pixel) {
      std::int32_t* sums = task.sums + ((first + pixel) * task.blocks + block) * kLanes;
      store(sums, _mm256_setzero_si256());
      store(sums + 8, _mm256_setzero_si256());
    }
  }
  for (std::size_t segment = 0; segment < task.segment_count; ++segment) {
    for (std::size_t done = 0; done < groups; done += kPairs) {
      const std::size_t pairs = groups - done < kPairs ? groups - done : kPairs;
      for (int pixel = 0; pixel < Pixels; ++pixel) {
        widen(input + pixel * task.pixel_step + task.segments[segment] + done * kUnit, inputs[pixel], pairs * kUnit);
      }
      for (std::size_t block = 0; block < task.blocks; ++block) {
        const std::int16_t* weights = static_cast<const std::int16_t*>(task.weights) + block * block_size +
                                      (segment * groups + done) * kLanes * kUnit;
        __m256i total[Pixels][2];
        std::int32_t* sums = task.sums + (first * task.blocks + block) * kLanes;
        const std::size_t step = task.blocks * kLanes;
        for (int pixel = 0; pixel < Pixels; ++pixel) total[pixel][0] = load(sums + pixel * step), total[pixel][1] = load(sums + pixel * step + 8);
        products<Pixels>(inputs, weights, pairs, total);
        for (int pixel = 0; pixel < Pixels; ++pixel) store(sums + pixel * step, total[pixel][0]), store(sums + pixel * step + 8, total[pixel][1]);
      }
    }
  }
}

CERAS_AVX2 void dense(const Dense& task) {
  std::size_t pixel = 0;
  for (; pixel + 4 <= task.pixels; pixel += 4) dense_pixels<4>(task, pixel);
  for (; pixel < task.pixels; ++pixel) dense_pixels<1>(task, pixel);
}

// [block][tap / 2][channel][tap % 2]
std::vector<std::uint8_t> pack_depthwise(const std::int8_t* weights, std::size_t channels, std::size_t rows, std::size_t columns) {
  const std::size_t taps = rows * columns;
  const WeightReader reader{weights, channels, 1, 1, taps, true};
  return pack_blocks<std::int16_t>(reader, kUnit);
}

CERAS_AVX2 void depthwise(const Depthwise& task) {
  const std::size_t groups = (task.tap_count + kUnit - 1) / kUnit;
  const std::int16_t* weights = static_cast<const std::int16_t*>(task.weights);
  for (std::size_t channel = 0; channel < task.channels; channel += kLanes, weights += groups * kLanes * kUnit) {
    for (std::size_t pixel = 0; pixel < task.pixels; ++pixel) {
      const std::uint8_t* from = task.input + pixel * task.pixel_step + channel;
      __m256i low = _mm256_setzero_si256(), high = low;
      for (std::size_t group = 0; group < groups; ++group) {
        const auto tap = [&](std::size_t at) { return reinterpret_cast<const __m128i*>(from + task.taps[at]); };
        const __m128i a = _mm_loadu_si128(tap(2 * group));
        const __m128i b = 2 * group + 1 < task.tap_count ? _mm_loadu_si128(tap(2 * group + 1)) : _mm_setzero_si128();
        const std::int16_t* own = weights + group * kLanes * kUnit;
        low = _mm256_add_epi32(low, _mm256_madd_epi16(_mm256_cvtepu8_epi16(_mm_unpacklo_epi8(a, b)), load(own)));
        high = _mm256_add_epi32(high, _mm256_madd_epi16(_mm256_cvtepu8_epi16(_mm_unpackhi_epi8(a, b)), load(own + kLanes)));
      }
      store(task.sums + pixel * task.sums_step + channel, low);
      store(task.sums + pixel * task.sums_step + channel + 8, high);
    }
  }
}

struct V {
  using Ints = __m256i;
  static constexpr std::size_t kLanes = 8;
  CERAS_AVX2 static Ints load(const std::int32_t* from) { return avx2::load(from); }
  CERAS_AVX2 static Ints set(std::int32_t x) { return _mm256_set1_epi32(x); }
  CERAS_AVX2 static Ints add(Ints a, Ints b) { return _mm256_add_epi32(a, b); }
  CERAS_AVX2 static Ints sub(Ints a, Ints b) { return _mm256_sub_epi32(a, b); }
  CERAS_AVX2 static Ints min(Ints a, Ints b) { return _mm256_min_epi32(a, b); }
  CERAS_AVX2 static Ints max(Ints a, Ints b) { return _mm256_max_epi32(a, b); }
  CERAS_AVX2 static Ints multiply(Ints a, Ints b) { return _mm256_mullo_epi32(a, b); }
  CERAS_AVX2 static Ints bit_and(Ints a, Ints b) { return _mm256_and_si256(a, b); }
  CERAS_AVX2 static Ints shift_right(Ints a, Ints by) { return _mm256_srav_epi32(a, by); }
  CERAS_AVX2 static Ints shift_left(Ints a, Ints by) { return _mm256_sllv_epi32(a, by); }
  // Per lane, `yes` where a < b, else `no`.
  CERAS_AVX2 static Ints less(Ints a, Ints b, Ints yes, Ints no) { return _mm256_blendv_epi8(no, yes, _mm256_cmpgt_epi32(b, a)); }
  CERAS_AVX2 static Ints gather(const std::int32_t* table, Ints at) { return _mm256_i32gather_epi32(table, at, 4); }
  CERAS_AVX2 static Ints load_bytes(const std::uint8_t* from, std::size_t count) {
    std::uint64_t eight = 0;
    __builtin_memcpy(&eight, from, count < 8 ? count : 8);
    return _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(static_cast<long long>(eight)));
  }
  CERAS_AVX2 static void store_bytes(std::uint8_t* to, Ints x, std::size_t count) {
    const __m128i halves = _mm_packus_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
    const long long eight = _mm_cvtsi128_si64(_mm_packus_epi16(halves, halves));
    __builtin_memcpy(to, &eight, count < 8 ? count : 8);
  }
  CERAS_AVX2 static void store_halves(std::uint8_t* to, Ints x, std::size_t count) {
    const __m128i eight = _mm_packs_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
    __builtin_memcpy(to, &eight, 2 * (count < 8 ? count : 8));
  }
  CERAS_AVX2 static void store(std::int32_t* to, Ints x, std::size_t count) {
    std::int32_t eight[8];
    avx2::store(eight, x);
    __builtin_memcpy(to, eight, 4 * count);
  }
};

struct F {
  using Floats = __m256;
  static constexpr int kWidth = 8, kCount = 2, kRows = 4, kBlocks = 1;
  CERAS_AVX2 static Floats zero() { return _mm256_setzero_ps(); }
  CERAS_AVX2 static Floats set(float x) { return _mm256_set1_ps(x); }
  CERAS_AVX2 static Floats load(const float* from) { return _mm256_loadu_ps(from); }
  CERAS_AVX2 static Floats multiply_add(Floats a, Floats b, Floats c) { return _mm256_fmadd_ps(a, b, c); }
  CERAS_AVX2 static void store(float* to, Floats x) { _mm256_storeu_ps(to, x); }
};

#define CERAS_TARGET CERAS_AVX2
#include "matrix_tiles.h"
#include "vector_finish.h"
#undef CERAS_TARGET

CERAS_AVX2 bool quantize_rows(const QuantizeRows& task) { return quantize_rows_loop(task); }

CERAS_AVX2 void maximum(std::uint8_t* to, const std::uint8_t* from, std::size_t count) { maximum_loop(to, from, count); }

CERAS_AVX2 bool quantize_row(const QuantizeRow& row) { return quantize_loop(row); }

CERAS_AVX2 void dequantize_rows(const void* from, Integer width, float* to, std::size_t rows, std::size_t channels,
                                const double* steps, const double* zeros) {
  dequantize_loop(from, width, to, rows, channels, steps, zeros);
}

CERAS_AVX2 void sigmoid(float* values, std::size_t count) { sigmoid_loop(values, count); }
CERAS_AVX2 void silu(float* values, std::size_t count) { silu_loop(values, count); }
CERAS_AVX2 void add_products(float* sums, const float* a, const float* b, std::size_t count) { add_products_loop(sums, a, b, count); }

const KernelSet kAvx2 = {"avx2", pack, dense, pack_depthwise, depthwise, finish, maximum, quantize_row, quantize_rows, dequantize_rows, sigmoid, silu, matrix, add_products};

}  // namespace avx2

const KernelSet* avx2_kernels() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &avx2::kAvx2 : nullptr; }

#else

const KernelSet* avx2_kernels() { return nullptr; }

#endif

}  // namespace ceras::detail
