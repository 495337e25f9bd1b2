// AVX-512 with vpdpbusd: four products of an unsigned input and an int8 weight per lane and instruction.
#include "functions.h"
#include "loops.h"
#include "x86.h"

namespace ceras::detail {

#ifdef CERAS_X86

namespace vnni {

constexpr std::size_t kUnit = 4;

std::vector<std::uint8_t> pack(const WeightReader& reader) { return pack_blocks<std::int8_t>(reader, kUnit); }

// Sums of some pixels and blocks in registers over the whole window.
template <int Pixels, int Blocks>
CERAS_AVX512 void dense_tile(const Dense& task, const std::uint8_t* input, const std::uint8_t* weights, std::size_t block_bytes,
                             std::int32_t* sums) {
  __m512i total[Pixels][Blocks];
  for (int pixel = 0; pixel < Pixels; ++pixel) {
    for (int block = 0; block < Blocks; ++block) total[pixel][block] = _mm512_setzero_si512();
  }
  const std::size_t groups = (task.segment_length + kUnit - 1) / kUnit;
  for (std::size_t segment = 0; segment < task.segment_count; ++segment) {
    const std::uint8_t* from = input + task.segments[segment];
    for (std::size_t group = 0; group < groups; ++group, from += kUnit, weights += kLanes * kUnit) {
      __m512i own[Blocks];
      for (int block = 0; block < Blocks; ++block) own[block] = _mm512_loadu_si512(weights + block * block_bytes);
#pragma GCC unroll 14
      for (int pixel = 0; pixel < Pixels; ++pixel) {
        std::int32_t four;
        __builtin_memcpy(&four, from + pixel * task.pixel_step, 4);
        const __m512i q = _mm512_set1_epi32(four);
#pragma GCC unroll 4
        for (int block = 0; block < Blocks; ++block) total[pixel][block] = _mm512_dpbusd_epi32(total[pixel][block], q, own[block]);
      }
    }
  }
  for (int pixel = 0; pixel < Pixels; ++pixel) {
    for (int block = 0; block < Blocks; ++block) {
      _mm512_storeu_si512(sums + (pixel * task.blocks + block) * kLanes, total[pixel][block]);
    }
  }
}

template <int Blocks>
CERAS_AVX512 void dense_blocks(const Dense& task, std::size_t block, std::size_t block_bytes) {
  const std::uint8_t* weights = static_cast<const std::uint8_t*>(task.weights) + block * block_bytes;
  const auto at = [&](std::size_t pixel) { return task.input + pixel * task.pixel_step; };
  const auto to = [&](std::size_t pixel) { return task.sums + (pixel * task.blocks + block) * kLanes; };
  constexpr int kMost = Blocks == 1 ? 14 : Blocks == 2 ? 12 : 6;
  std::size_t pixel = 0;
  for (; pixel + kMost <= task.pixels; pixel += kMost) dense_tile<kMost, Blocks>(task, at(pixel), weights, block_bytes, to(pixel));
  for (; pixel + 4 <= task.pixels; pixel += 4) dense_tile<4, Blocks>(task, at(pixel), weights, block_bytes, to(pixel));
  for (; pixel < task.pixels; ++pixel) dense_tile<1, Blocks>(task, at(pixel), weights, block_bytes, to(pixel));
}

CERAS_AVX512 void dense(const Dense& task) {
  const std::size_t groups = (task.segment_length + kUnit - 1) / kUnit;
  const std::size_t block_bytes = task.segment_count * groups * kLanes * kUnit;
  std::size_t block = 0;
  for (; block + 4 <= task.blocks; block += 4) dense_blocks<4>(task, block, block_bytes);
  for (; block + 2 <= task.blocks; block += 2) dense_blocks<2>(task, block, block_bytes);
  for (; block < task.blocks; ++block) dense_blocks<1>(task, block, block_bytes);
}

// [block][tap / 4][channel][tap % 4]
std::vector<std::uint8_t> pack_depthwise(const std::int8_t* weights, std::size_t channels, std::size_t taps) {
  const WeightReader reader{weights, channels, 1, 1, taps, true};
  return pack_blocks<std::int8_t>(reader, kUnit);
}

// Four taps of 16 channels as a lane's four bytes. Bytes behind the last channel are read, and their sums ignored.
CERAS_AVX512 inline __m512i four_taps(const std::uint8_t* from, const std::size_t* taps, std::size_t count) {
  const auto load = [&](std::size_t tap) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + taps[tap])); };
  const __m128i zero = _mm_setzero_si128();
  const __m128i a = load(0), b = count > 1 ? load(1) : zero, c = count > 2 ? load(2) : zero, d = count > 3 ? load(3) : zero;
  const __m128i ab = _mm_unpacklo_epi8(a, b), ab_high = _mm_unpackhi_epi8(a, b);
  const __m128i cd = _mm_unpacklo_epi8(c, d), cd_high = _mm_unpackhi_epi8(c, d);
  const __m256i low = _mm256_set_m128i(_mm_unpackhi_epi16(ab, cd), _mm_unpacklo_epi16(ab, cd));
  const __m256i high = _mm256_set_m128i(_mm_unpackhi_epi16(ab_high, cd_high), _mm_unpacklo_epi16(ab_high, cd_high));
  return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

CERAS_AVX512 void depthwise(const Depthwise& task) {
  const std::size_t groups = (task.tap_count + kUnit - 1) / kUnit;
  const std::uint8_t* weights = static_cast<const std::uint8_t*>(task.weights);
  for (std::size_t channel = 0; channel < task.channels; channel += kLanes, weights += groups * kLanes * kUnit) {
    for (std::size_t pixel = 0; pixel < task.pixels; ++pixel) {
      const std::uint8_t* from = task.input + pixel * task.pixel_step + channel;
      __m512i total = _mm512_setzero_si512();
      for (std::size_t group = 0; group < groups; ++group) {
        const std::size_t first = group * kUnit, left = task.tap_count - first;
        const __m512i q = four_taps(from, task.taps + first, left);
        total = _mm512_dpbusd_epi32(total, q, _mm512_loadu_si512(weights + group * kLanes * kUnit));
      }
      _mm512_storeu_si512(task.sums + pixel * task.sums_step + channel, total);
    }
  }
}

struct V {
  using Ints = __m512i;
  static constexpr std::size_t kLanes = 16;
  CERAS_AVX512 static Ints load(const std::int32_t* from) { return _mm512_loadu_si512(from); }
  CERAS_AVX512 static Ints set(std::int32_t x) { return _mm512_set1_epi32(x); }
  CERAS_AVX512 static Ints add(Ints a, Ints b) { return _mm512_add_epi32(a, b); }
  CERAS_AVX512 static Ints sub(Ints a, Ints b) { return _mm512_sub_epi32(a, b); }
  CERAS_AVX512 static Ints min(Ints a, Ints b) { return _mm512_min_epi32(a, b); }
  CERAS_AVX512 static Ints max(Ints a, Ints b) { return _mm512_max_epi32(a, b); }
  CERAS_AVX512 static Ints multiply(Ints a, Ints b) { return _mm512_mullo_epi32(a, b); }
  CERAS_AVX512 static Ints bit_and(Ints a, Ints b) { return _mm512_and_si512(a, b); }
  CERAS_AVX512 static Ints shift_right(Ints a, Ints by) { return _mm512_srav_epi32(a, by); }
  CERAS_AVX512 static Ints shift_left(Ints a, Ints by) { return _mm512_sllv_epi32(a, by); }
  // Per lane, `yes` where a < b, else `no`.
  CERAS_AVX512 static Ints less(Ints a, Ints b, Ints yes, Ints no) {
    return _mm512_mask_mov_epi32(no, _mm512_cmplt_epi32_mask(a, b), yes);
  }
  CERAS_AVX512 static Ints gather(const std::int32_t* table, Ints at) { return _mm512_i32gather_epi32(at, table, 4); }
  CERAS_AVX512 static __mmask16 mask(std::size_t count) { return static_cast<__mmask16>((1u << count) - 1); }
  CERAS_AVX512 static Ints load_bytes(const std::uint8_t* from, std::size_t count) {
    return _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(mask(count), from));
  }
  CERAS_AVX512 static void store_bytes(std::uint8_t* to, Ints x, std::size_t count) {
    _mm_mask_storeu_epi8(to, mask(count), _mm512_cvtepi32_epi8(x));
  }
  CERAS_AVX512 static void store_halves(std::uint8_t* to, Ints x, std::size_t count) {
    _mm256_mask_storeu_epi16(to, mask(count), _mm512_cvtepi32_epi16(x));
  }
  CERAS_AVX512 static void store(std::int32_t* to, Ints x, std::size_t count) { _mm512_mask_storeu_epi32(to, mask(count), x); }
};

#define CERAS_TARGET CERAS_AVX512
#include "vector_finish.h"
#undef CERAS_TARGET

CERAS_AVX512 void maximum(std::uint8_t* to, const std::uint8_t* from, std::size_t count) { maximum_loop(to, from, count); }

CERAS_AVX512 bool quantize_row(const QuantizeRow& row) { return quantize_loop(row); }

CERAS_AVX512 void dequantize_rows(const void* from, Integer width, float* to, std::size_t rows, std::size_t channels,
                                  const double* steps, const double* zeros) {
  dequantize_loop(from, width, to, rows, channels, steps, zeros);
}

CERAS_AVX512 inline __m512 exponentials(__m512 x) {
  using namespace exponent;
  // In this order a NaN in x stays.
  x = _mm512_max_ps(_mm512_set1_ps(kLowLimit), _mm512_min_ps(_mm512_set1_ps(kLimit), x));
  const __m512 round = _mm512_set1_ps(kRound);
  const __m512 rounded = _mm512_fmadd_ps(x, _mm512_set1_ps(kLog2E), round), n = _mm512_sub_ps(rounded, round);
  const __m512 r = _mm512_fmadd_ps(n, _mm512_set1_ps(-kLn2Low), _mm512_fmadd_ps(n, _mm512_set1_ps(-kLn2High), x));
  __m512 series = _mm512_set1_ps(kFirst);
  for (float coefficient : kSeries) series = _mm512_fmadd_ps(series, r, _mm512_set1_ps(coefficient));
  const __m512i power = _mm512_add_epi32(_mm512_slli_epi32(_mm512_castps_si512(rounded), 23), _mm512_set1_epi32(127 << 23));
  return _mm512_mul_ps(series, _mm512_castsi512_ps(power));
}

template <bool Product>
CERAS_AVX512 void sigmoids(float* values, std::size_t count) {
  const __m512 one = _mm512_set1_ps(1.0f);
  const __m512i sign = _mm512_set1_epi32(INT32_MIN);
  for (std::size_t at = 0; at < count; at += 16) {
    const __mmask16 mask = count - at >= 16 ? 0xFFFF : static_cast<__mmask16>((1u << (count - at)) - 1);
    const __m512 x = _mm512_maskz_loadu_ps(mask, values + at);
    const __m512 minus = _mm512_castsi512_ps(_mm512_xor_si512(_mm512_castps_si512(x), sign));
    _mm512_mask_storeu_ps(values + at, mask, _mm512_div_ps(Product ? x : one, _mm512_add_ps(one, exponentials(minus))));
  }
}

CERAS_AVX512 void matrix(const Matrix& task) { matrix_loop(task); }
CERAS_AVX512 void add_products(float* sums, const float* a, const float* b, std::size_t count) { add_products_loop(sums, a, b, count); }

const KernelSet kVnni = {"avx512-vnni", pack,         dense,           pack_depthwise,  depthwise,     finish,
                         maximum,       quantize_row, dequantize_rows, sigmoids<false>, sigmoids<true>,
                         matrix,        add_products};

}  // namespace vnni

const KernelSet* vnni_kernels() {
  const bool all = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
                   __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("fma");
  return all ? &vnni::kVnni : nullptr;
}

#else

const KernelSet* vnni_kernels() { return nullptr; }

#endif

}  // namespace ceras::detail
