// NEON of every 64-bit ARM, such as the Cortex-A53, which has no dot products: 16-bit products added to 32-bit sums.
#include "functions.h"
#include "loops.h"

#if defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace ceras::detail {

#if defined(__aarch64__)

namespace neon {

std::vector<std::uint8_t> pack(const WeightReader& reader) { return pack_blocks<std::int16_t>(reader, 1); }

template <int Pixels>
void dense_pixels(const Dense& task, std::size_t first) {
  const std::size_t block_size = task.segment_count * task.segment_length * kLanes;
  for (std::size_t block = 0; block < task.blocks; ++block) {
    const std::int16_t* weights = static_cast<const std::int16_t*>(task.weights) + block * block_size;
    int32x4_t total[Pixels][4];
    for (int pixel = 0; pixel < Pixels; ++pixel) {
      for (int part = 0; part < 4; ++part) total[pixel][part] = vdupq_n_s32(0);
    }
    for (std::size_t segment = 0; segment < task.segment_count; ++segment) {
      const std::uint8_t* from = task.input + first * task.pixel_step + task.segments[segment];
      for (std::size_t k = 0; k < task.segment_length; ++k, weights += kLanes) {
        const int16x8_t low = vld1q_s16(weights), high = vld1q_s16(weights + 8);
        for (int pixel = 0; pixel < Pixels; ++pixel) {
          const std::int16_t q = from[pixel * task.pixel_step + k];
          total[pixel][0] = vmlal_n_s16(total[pixel][0], vget_low_s16(low), q);
          total[pixel][1] = vmlal_n_s16(total[pixel][1], vget_high_s16(low), q);
          total[pixel][2] = vmlal_n_s16(total[pixel][2], vget_low_s16(high), q);
          total[pixel][3] = vmlal_n_s16(total[pixel][3], vget_high_s16(high), q);
        }
      }
    }
    for (int pixel = 0; pixel < Pixels; ++pixel) {
      std::int32_t* sums = task.sums + ((first + pixel) * task.blocks + block) * kLanes;
      for (int part = 0; part < 4; ++part) vst1q_s32(sums + 4 * part, total[pixel][part]);
    }
  }
}

void dense(const Dense& task) {
  std::size_t pixel = 0;
  for (; pixel + 4 <= task.pixels; pixel += 4) dense_pixels<4>(task, pixel);
  for (; pixel < task.pixels; ++pixel) dense_pixels<1>(task, pixel);
}

// [block][tap][channel]
std::vector<std::uint8_t> pack_depthwise(const std::int8_t* weights, std::size_t channels, std::size_t rows, std::size_t columns) {
  const std::size_t taps = rows * columns;
  const WeightReader reader{weights, channels, 1, 1, taps, true};
  return pack_blocks<std::int16_t>(reader, 1);
}

void depthwise(const Depthwise& task) {
  const std::int16_t* weights = static_cast<const std::int16_t*>(task.weights);
  for (std::size_t channel = 0; channel < task.channels; channel += kLanes, weights += task.tap_count * kLanes) {
    for (std::size_t pixel = 0; pixel < task.pixels; ++pixel) {
      const std::uint8_t* from = task.input + pixel * task.pixel_step + channel;
      int32x4_t total[4] = {vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0)};
      for (std::size_t tap = 0; tap < task.tap_count; ++tap) {
        const uint8x16_t q = vld1q_u8(from + task.taps[tap]);
        const int16x8_t low = vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(q))), high = vreinterpretq_s16_u16(vmovl_u8(vget_high_u8(q)));
        const int16x8_t first = vld1q_s16(weights + tap * kLanes), second = vld1q_s16(weights + tap * kLanes + 8);
        total[0] = vmlal_s16(total[0], vget_low_s16(low), vget_low_s16(first));
        total[1] = vmlal_s16(total[1], vget_high_s16(low), vget_high_s16(first));
        total[2] = vmlal_s16(total[2], vget_low_s16(high), vget_low_s16(second));
        total[3] = vmlal_s16(total[3], vget_high_s16(high), vget_high_s16(second));
      }
      for (int part = 0; part < 4; ++part) vst1q_s32(task.sums + pixel * task.sums_step + channel + 4 * part, total[part]);
    }
  }
}

struct V {
  using Ints = int32x4_t;
  static constexpr std::size_t kLanes = 4;
  static Ints load(const std::int32_t* from) { return vld1q_s32(from); }
  static Ints set(std::int32_t x) { return vdupq_n_s32(x); }
  static Ints add(Ints a, Ints b) { return vaddq_s32(a, b); }
  static Ints sub(Ints a, Ints b) { return vsubq_s32(a, b); }
  static Ints min(Ints a, Ints b) { return vminq_s32(a, b); }
  static Ints max(Ints a, Ints b) { return vmaxq_s32(a, b); }
  static Ints multiply(Ints a, Ints b) { return vmulq_s32(a, b); }
  static Ints bit_and(Ints a, Ints b) { return vandq_s32(a, b); }
  static Ints shift_right(Ints a, Ints by) { return vshlq_s32(a, vnegq_s32(by)); }
  static Ints shift_left(Ints a, Ints by) { return vshlq_s32(a, by); }
  // Per lane, `yes` where a < b, else `no`.
  static Ints less(Ints a, Ints b, Ints yes, Ints no) { return vbslq_s32(vcltq_s32(a, b), yes, no); }
  static Ints gather(const std::int32_t* table, Ints at) {
    std::int32_t four[4];
    vst1q_s32(four, at);
    for (std::int32_t& entry : four) entry = table[entry];
    return vld1q_s32(four);
  }
  static Ints load_bytes(const std::uint8_t* from, std::size_t count) {
    std::uint8_t eight[8] = {};
    __builtin_memcpy(eight, from, count);
    return vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(vmovl_u8(vld1_u8(eight)))));
  }
  static void store_bytes(std::uint8_t* to, Ints x, std::size_t count) {
    const uint16x4_t halves = vqmovun_s32(x);
    std::uint8_t eight[8];
    vst1_u8(eight, vqmovn_u16(vcombine_u16(halves, halves)));
    __builtin_memcpy(to, eight, count);
  }
  static void store_halves(std::uint8_t* to, Ints x, std::size_t count) {
    const int16x4_t four = vqmovn_s32(x);
    __builtin_memcpy(to, &four, 2 * count);
  }
  static void store(std::int32_t* to, Ints x, std::size_t count) {
    std::int32_t four[4];
    vst1q_s32(four, x);
    __builtin_memcpy(to, four, 4 * count);
  }
};

#define CERAS_TARGET
#include "vector_finish.h"
#undef CERAS_TARGET

// What compilers make vectors of by themselves is as it is for every processor.
const KernelSet kNeon = {"neon",
                         pack,
                         dense,
                         pack_depthwise,
                         depthwise,
                         finish,
                         kPortable.maximum,
                         kPortable.quantize,
                         kPortable.quantize_rows,
                         kPortable.dequantize,
                         kPortable.sigmoid,
                         kPortable.silu,
                         kPortable.matrix,
                         kPortable.add_products};

}  // namespace neon

const KernelSet* neon_kernels() { return &neon::kNeon; }

#else

const KernelSet* neon_kernels() { return nullptr; }

#endif

}  // namespace ceras::detail
