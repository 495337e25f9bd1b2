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
  for (; pixel + 2 <= task.pixels; pixel += 2) dense_tile<2, Blocks>(task, at(pixel), weights, block_bytes, to(pixel));
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

// Blocks of 16 bytes to quarters of vectors, and back.
CERAS_AVX512 inline __m512i transposed(__m512i bytes) {
  return _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), bytes);
}

#include "vnni_depthwise.h"

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

struct F {
  using Floats = __m512;
  static constexpr int kWidth = 16, kCount = 1, kRows = 8, kBlocks = 2;
  CERAS_AVX512 static Floats zero() { return _mm512_setzero_ps(); }
  CERAS_AVX512 static Floats set(float x) { return _mm512_set1_ps(x); }
  CERAS_AVX512 static Floats load(const float* from) { return _mm512_loadu_ps(from); }
  CERAS_AVX512 static Floats multiply_add(Floats a, Floats b, Floats c) { return _mm512_fmadd_ps(a, b, c); }
  CERAS_AVX512 static void store(float* to, Floats x) { _mm512_storeu_ps(to, x); }
};

#define CERAS_TARGET CERAS_AVX512
#include "matrix_tiles.h"
#include "vector_finish.h"
#undef CERAS_TARGET
#include "vnni_stage.h"

struct Entries {
  const std::uint16_t* table;
  CERAS_AVX512 explicit Entries(const ShortTable& own) : table(own.lifted) {}

  CERAS_AVX512 void look_up(__m512i first, __m512i second, __m512i* entries) const {
    entries[0] = entries_in_registers(table, short_addresses(first));
    entries[1] = entries_in_registers(table, short_addresses(second));
  }
};

#define CERAS_TARGET CERAS_AVX512
#include "vnni_unsigned.h"
#undef CERAS_TARGET

template <void (*Unsigned)(const Finish&, std::size_t, std::size_t)>
CERAS_AVX512 void finish_by_stage(const Finish& task) {
  if (task.stage->packs) {
    finish_packed<Unsigned>(task);
  } else {
    finish(task);
  }
}

namespace bytes {

// A table of bytes is in four registers, and 64 of them are looked up at a time.
struct Entries {
  __m512i low[4], high[4];

  CERAS_VBMI explicit Entries(const ShortTable& own) {
    for (int part = 0; part < 4; ++part) {
      low[part] = _mm512_loadu_si512(own.low + 64 * part);
      high[part] = _mm512_loadu_si512(own.high + 64 * part);
    }
  }

  CERAS_VBMI static __m512i byte(const __m512i* table, __m512i address, __mmask64 upper) {
    const __m512i below = _mm512_permutex2var_epi8(table[0], address, table[1]);
    return _mm512_mask_mov_epi8(below, upper, _mm512_permutex2var_epi8(table[2], address, table[3]));
  }

  CERAS_VBMI void look_up(__m512i first, __m512i second, __m512i* entries) const {
    const __m512i a = _mm512_abs_epi16(first), b = _mm512_abs_epi16(second);
    // Saturated addresses are those of the last entry.
    const __m512i fine = _mm512_packus_epi16(_mm512_srli_epi16(a, 3), _mm512_srli_epi16(b, 3));
    const __m512i coarse = _mm512_packus_epi16(_mm512_srli_epi16(a, 6), _mm512_srli_epi16(b, 6));
    const __m512i address = _mm512_min_epu8(fine, _mm512_adds_epu8(coarse, _mm512_set1_epi8(112)));
    const __mmask64 upper = _mm512_movepi8_mask(address);
    const __m512i lows = byte(low, address, upper), highs = byte(high, address, upper);
    entries[0] = _mm512_unpacklo_epi8(lows, highs), entries[1] = _mm512_unpackhi_epi8(lows, highs);
  }
};

#define CERAS_TARGET CERAS_VBMI
#include "vnni_unsigned.h"
#undef CERAS_TARGET

}  // namespace bytes

// 16 floats at a time (A11): scaled by a power of two, which is exact, to the nearest integer.
CERAS_AVX512 bool quantize_floats(const QuantizeRow& row) {
  const __m512 step = _mm512_set1_ps(row.step), far = _mm512_set1_ps(1024.0f);
  const __m512i zero = _mm512_set1_epi32(row.zero), none = _mm512_setzero_si512(), one = _mm512_set1_epi32(1);
  __mmask16 wrong = 0;
  for (std::size_t at = 0; at < row.count; at += 16) {
    const std::size_t count = row.count - at < 16 ? row.count - at : 16;
    const __m512 value = _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << count) - 1), row.from + at);
    wrong |= _mm512_fpclass_ps_mask(value, 0x99);  // NaN of both kinds, both infinities
    // Beyond 1,024 everything saturates.
    const __m512 x = _mm512_max_ps(_mm512_min_ps(_mm512_mul_ps(value, step), far), _mm512_sub_ps(_mm512_setzero_ps(), far));
    __m512i q;
    if (row.half_even) {
      q = _mm512_cvt_roundps_epi32(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    } else {
      const __m512 below = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
      const __mmask16 up = _mm512_cmp_ps_mask(_mm512_sub_ps(x, below), _mm512_set1_ps(0.5f), _CMP_GE_OQ);
      q = _mm512_cvttps_epi32(below);
      q = _mm512_mask_add_epi32(q, up, q, one);
    }
    const __m128i bytes = _mm512_cvtusepi32_epi8(_mm512_max_epi32(_mm512_add_epi32(q, zero), none));
    _mm_mask_storeu_epi8(row.to + at, static_cast<__mmask16>((1u << count) - 1), bytes);
  }
  return wrong == 0;
}

CERAS_AVX512 bool quantize_rows(const QuantizeRows& task) { return quantize_rows_loop(task); }

// Eight integers from element `at` on.
CERAS_AVX512 inline __m256i eight_integers(const void* from, Integer width, std::size_t at, __mmask8 mask) {
  switch (width) {
    case Integer::biased: return _mm256_cvtepu8_epi32(_mm_maskz_loadu_epi8(mask, static_cast<const std::uint8_t*>(from) + at));
    case Integer::half: return _mm256_cvtepi16_epi32(_mm_maskz_loadu_epi16(mask, static_cast<const std::int16_t*>(from) + at));
    case Integer::word: break;
  }
  return _mm256_maskz_loadu_epi32(mask, static_cast<const std::int32_t*>(from) + at);
}

// A12 for rows of channels, in double precision.
CERAS_AVX512 void dequantize_rows(const void* from, Integer width, float* to, std::size_t rows, std::size_t channels,
                                  const double* steps, const double* zeros) {
  for (std::size_t first = 0; first < rows * channels; first += channels) {
    for (std::size_t at = 0; at < channels; at += 8) {
      const __mmask8 mask = static_cast<__mmask8>(channels - at >= 8 ? 0xFF : (1u << (channels - at)) - 1);
      const __m512d q = _mm512_cvtepi32_pd(eight_integers(from, width, first + at, mask));
      const __m512d above = _mm512_sub_pd(q, _mm512_maskz_loadu_pd(mask, zeros + at));
      _mm256_mask_storeu_ps(to + first + at, mask, _mm512_cvtpd_ps(_mm512_mul_pd(above, _mm512_maskz_loadu_pd(mask, steps + at))));
    }
  }
}

CERAS_AVX512 void maximum(std::uint8_t* to, const std::uint8_t* from, std::size_t count) { maximum_loop(to, from, count); }

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

CERAS_AVX512 void add_products(float* sums, const float* a, const float* b, std::size_t count) { add_products_loop(sums, a, b, count); }

constexpr KernelSet set(const char* name, void (*finish)(const Finish&)) {
  return {name,    pack,            dense,         pack_depthwise,  depthwise,       finish,
          maximum, quantize_floats, quantize_rows, dequantize_rows, sigmoids<false>, sigmoids<true>,
          matrix,  add_products};
}

const KernelSet kVnni = set("avx512-vnni", finish_by_stage<finish_unsigned>);
const KernelSet kVbmi = set("avx512-vbmi", finish_by_stage<bytes::finish_unsigned>);

}  // namespace vnni

const KernelSet* vnni_kernels() {
  const bool all = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
                   __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("fma");
  return all ? &vnni::kVnni : nullptr;
}

const KernelSet* vbmi_kernels() { return vnni_kernels() != nullptr && __builtin_cpu_supports("avx512vbmi") ? &vnni::kVbmi : nullptr; }

#else

const KernelSet* vbmi_kernels() { return nullptr; }

const KernelSet* vnni_kernels() { return nullptr; }

#endif

}  // namespace ceras::detail
