// The output stage of layers with Stage::packs: a block of 16 channels in four pixels at a time. Tables are looked up in 16 bits,
// and all behind the first shift is in 16 bits where that does for the block. A vector of 16 bits has two pixels, four channels of
// one beside the same four of the other, as packing leaves them. Sums and residuals of pixels that do not exist are made up.

CERAS_AVX512 inline __m512i saturated_argument(__m512i x) {
  constexpr std::int32_t kEnd = 1 << (format::kArgumentBits - 1);
  return _mm512_max_epi32(_mm512_min_epi32(x, _mm512_set1_epi32(kEnd - 1)), _mm512_set1_epi32(-kEnd));
}

// At most 2^13 - 1; -2^15 becomes 2^15 without a sign.
CERAS_AVX512 inline __m512i magnitudes(__m512i x) { return _mm512_min_epu16(_mm512_abs_epi16(x), _mm512_set1_epi16(8191)); }

// Addresses of 32 numbers in a table of two segments (A7).
CERAS_AVX512 inline __m512i short_addresses(__m512i x) {
  const __m512i magnitude = magnitudes(x);
  // Below 1,024 the fine address is the smaller one, from there on the coarse one.
  return _mm512_min_epu16(_mm512_srli_epi16(magnitude, 3), _mm512_add_epi16(_mm512_srli_epi16(magnitude, 6), _mm512_set1_epi16(112)));
}

// The same in any table, for one sign.
CERAS_AVX512 inline __m512i addresses(const Function& function, __m512i x) {
  return function.layout == RomLayout::two_segments ? short_addresses(x) : _mm512_srli_epi16(magnitudes(x), 3);
}

// Entries of 64, by the last six bits of the addresses.
CERAS_AVX512 inline __m512i quarter(const std::int16_t* table, __m512i address) {
  return _mm512_permutex2var_epi16(_mm512_loadu_si512(table), address, _mm512_loadu_si512(table + 32));
}

// Entries of a table of 256 in eight registers.
CERAS_AVX512 inline __m512i entries_in_registers(const void* entries, __m512i address) {
  const std::int16_t* table = static_cast<const std::int16_t*>(entries);
  const __mmask32 odd = _mm512_test_epi16_mask(address, _mm512_set1_epi16(64));
  const __mmask32 upper = _mm512_test_epi16_mask(address, _mm512_set1_epi16(128));
  const __m512i low = _mm512_mask_mov_epi16(quarter(table, address), odd, quarter(table + 64, address));
  const __m512i high = _mm512_mask_mov_epi16(quarter(table + 128, address), odd, quarter(table + 192, address));
  return _mm512_mask_mov_epi16(low, upper, high);
}

CERAS_AVX512 inline __m512i entries_in_memory(const Function& function, __m512i x, __m512i address) {
  if (function.is_signed) {
    const __m512i block = _mm512_set1_epi16(static_cast<short>(function.entries()));
    address = _mm512_mask_add_epi16(address, _mm512_movepi16_mask(x), address, block);
  }
  const __m512i zero = _mm512_setzero_si512();
  const __m512i low = _mm512_i32gather_epi32(_mm512_unpacklo_epi16(address, zero), function.rom, 4);
  const __m512i high = _mm512_i32gather_epi32(_mm512_unpackhi_epi16(address, zero), function.rom, 4);
  return _mm512_packs_epi32(low, high);
}

CERAS_AVX512 inline __m512i between(__m512i x, std::int32_t low, std::int32_t high) {
  const auto half = [](std::int32_t limit) { return static_cast<short>(limit < INT16_MIN ? INT16_MIN : limit > INT16_MAX ? INT16_MAX : limit); };
  return _mm512_min_epi16(_mm512_max_epi16(x, _mm512_set1_epi16(half(low))), _mm512_set1_epi16(half(high)));
}

// The straight part of a function on 32 numbers; that of a slope is done in 32 bits, before.
CERAS_AVX512 inline __m512i straight_part(const Stage& stage, __m512i x) {
  if (stage.function == nullptr) return stage.relu ? between(x, 0, INT16_MAX) : x;
  switch (stage.function->base) {
    case Base::zero: return _mm512_setzero_si512();
    case Base::relu: return between(x, 0, INT16_MAX);
    case Base::clamp: return between(x, stage.function->low, stage.function->high);
    case Base::identity:
    case Base::leaky: return x;
  }
  return x;
}

CERAS_AVX512 inline __m512i straight_part_in_words(const Stage& stage, __m512i x) {
  if (stage.function == nullptr) return stage.relu ? _mm512_max_epi32(x, _mm512_setzero_si512()) : x;
  switch (stage.function->base) {
    case Base::zero: return _mm512_setzero_si512();
    case Base::relu: return _mm512_max_epi32(saturated_argument(x), _mm512_setzero_si512());
    case Base::clamp:
      return _mm512_min_epi32(_mm512_max_epi32(saturated_argument(x), _mm512_set1_epi32(stage.function->low)),
                              _mm512_set1_epi32(stage.function->high));
    case Base::identity: return saturated_argument(x);
    case Base::leaky: return x;
  }
  return x;
}

CERAS_AVX512 inline __m512i behind_slope(__m512i x, std::int32_t slope) {
  x = saturated_argument(x);
  const __m512i product = _mm512_add_epi32(_mm512_mullo_epi32(x, _mm512_set1_epi32(slope)), _mm512_set1_epi32(128));
  return _mm512_mask_srai_epi32(x, _mm512_movepi32_mask(x), product, 8);
}

// Constants of a block. Packed with themselves they stand as the numbers of two pixels do.
struct Halves {
  __m512i folded, right, left, other, align, half_word, shift_word;  // 32 bits
  __m512i other_half, align_half, half, shift, zero;                 // 16 bits; the zero point + 128
  bool any_left;

  CERAS_AVX512 static __m512i twice(__m512i x) { return _mm512_packs_epi32(x, x); }
  CERAS_AVX512 static __m512i read(const std::int32_t* numbers, std::size_t channel) { return _mm512_loadu_si512(numbers + channel); }
  // 2^(shift - 1), and nothing for no shift.
  CERAS_AVX512 static __m512i half_of(__m512i shift) { return _mm512_srli_epi32(_mm512_sllv_epi32(_mm512_set1_epi32(1), shift), 1); }

  CERAS_AVX512 static Halves load(const Stage& stage, std::size_t channel) {
    const __m512i none = _mm512_setzero_si512();
    const bool direct = stage.kind == Stage::Kind::direct;
    const __m512i first = read(direct ? stage.shifts : stage.argument, channel), last = direct ? none : read(stage.shifts, channel);
    Halves own;
    own.right = _mm512_max_epi32(first, none);
    own.left = _mm512_max_epi32(_mm512_sub_epi32(none, first), none);
    own.any_left = _mm512_test_epi32_mask(own.left, own.left) != 0;
    own.folded = _mm512_add_epi32(read(stage.folded, channel), half_of(own.right));
    own.other = _mm512_add_epi32(read(stage.residual_zero, channel), _mm512_set1_epi32(128));
    own.align = _mm512_sub_epi32(none, read(stage.align, channel));
    own.other_half = twice(own.other);
    own.align_half = twice(own.align);
    own.half_word = half_of(last);
    own.shift_word = last;
    own.half = twice(own.half_word);
    own.shift = twice(last);
    own.zero = _mm512_add_epi16(twice(read(stage.zero, channel)), _mm512_set1_epi16(128));
    return own;
  }
};

// Numbers of 16 bits with others above them, for the first or the second pixel of two.
CERAS_AVX512 inline __m512i of_pair(__m512i low, __m512i high, int pixel) {
  return pixel == 0 ? _mm512_unpacklo_epi16(low, high) : _mm512_unpackhi_epi16(low, high);
}

CERAS_AVX512 inline __m512i entries_of(const Stage& stage, __m512i x) {
  const Function* function = stage.function;
  if (function == nullptr || function->layout == RomLayout::none) return _mm512_setzero_si512();
  const __m512i address = addresses(*function, x);
  return stage.table != nullptr ? entries_in_registers(stage.table->entries, address) : entries_in_memory(*function, x, address);
}

// Two pixels behind their arguments, in 16 bits; `other` is their residual.
CERAS_AVX512 inline __m512i pair_in_halves(const Stage& stage, const Halves& own, __m512i x, __m512i other) {
  __m512i y = _mm512_adds_epi16(straight_part(stage, x), entries_of(stage, x));
  if (stage.residual == 2) {
    y = _mm512_adds_epi16(y, _mm512_sllv_epi16(_mm512_sub_epi16(other, own.other_half), own.align_half));
  }
  return _mm512_srav_epi16(_mm512_adds_epi16(y, own.half), own.shift);
}

// The same in 32 bits but for the table; `x` has both pixels.
CERAS_AVX512 inline __m512i pair_in_words(const Stage& stage, const Halves& own, const __m512i* x, __m512i other) {
  const __m512i entries = entries_of(stage, _mm512_packs_epi32(x[0], x[1])), none = _mm512_setzero_si512();
  __m512i y[2];
  for (int pixel = 0; pixel < 2; ++pixel) {
    y[pixel] = straight_part_in_words(stage, x[pixel]);
    // Shifted down with their sign.
    y[pixel] = _mm512_add_epi32(y[pixel], _mm512_srai_epi32(of_pair(none, entries, pixel), 16));
    if (stage.residual == 2) {
      const __m512i difference = _mm512_sub_epi32(of_pair(other, none, pixel), own.other);
      y[pixel] = _mm512_add_epi32(y[pixel], _mm512_sllv_epi32(difference, own.align));
    }
    y[pixel] = _mm512_srav_epi32(_mm512_add_epi32(y[pixel], own.half_word), own.shift_word);
  }
  return _mm512_packs_epi32(y[0], y[1]);
}

// A block of channels of a task, four pixels at a time. Everything is a copy: bytes that are stored might be anything else.
struct Four {
  const std::int32_t* sums;
  const std::uint8_t* residual;
  std::uint8_t* output;
  std::size_t sums_step, step, left;  // pixels
  __mmask16 mask;
  int kind;  // of the residual

  CERAS_AVX512 Four(const Finish& task, std::size_t lane, std::size_t count)
      : sums(task.sums + lane), residual(task.residual), output(task.output + task.first + lane), sums_step(task.sums_step),
        step(task.step), left(task.pixels), mask(static_cast<__mmask16>((1u << count) - 1)), kind(task.stage->residual) {
    if (kind != 0) residual += task.first + lane;
  }

  CERAS_AVX512 __mmask16 mask_of(std::size_t pixel) const { return pixel < left ? mask : __mmask16{0}; }

  // Arguments by pixel, and a residual behind the function by pairs of pixels.
  CERAS_AVX512 void load(const Halves& own, __m512i* x, __m512i* other) const {
    const __m512i limit = _mm512_set1_epi32(1 << 20), none = _mm512_setzero_si512();
    for (std::size_t at = 0; at < 4; ++at) {
      x[at] = _mm512_add_epi32(_mm512_loadu_si512(sums + at * sums_step), own.folded);
      if (own.any_left) {
        const __m512i limited = _mm512_max_epi32(_mm512_min_epi32(x[at], limit), _mm512_sub_epi32(none, limit));
        x[at] = _mm512_mask_sllv_epi32(x[at], _mm512_test_epi32_mask(own.left, own.left), limited, own.left);
      }
      x[at] = _mm512_srav_epi32(x[at], own.right);
    }
    other[0] = other[1] = none;
    if (kind == 0) return;
    __m128i bytes[4];
    for (std::size_t at = 0; at < 4; ++at) bytes[at] = _mm_maskz_loadu_epi8(mask_of(at), residual + at * step);
    if (kind == 1) {
      for (std::size_t at = 0; at < 4; ++at) {
        const __m512i difference = _mm512_sub_epi32(_mm512_cvtepu8_epi32(bytes[at]), own.other);
        x[at] = _mm512_add_epi32(saturated_argument(x[at]), _mm512_sllv_epi32(difference, own.align));
      }
      return;
    }
    __m512i all = _mm512_castsi128_si512(bytes[0]);
    all = _mm512_inserti32x4(_mm512_inserti32x4(_mm512_inserti32x4(all, bytes[1], 1), bytes[2], 2), bytes[3], 3);
    all = transposed(all);
    other[0] = _mm512_unpacklo_epi8(all, none), other[1] = _mm512_unpackhi_epi8(all, none);
  }

  // Results with their zero points + 128, by pairs of pixels.
  CERAS_AVX512 void store(__m512i first, __m512i second) const {
    const __m512i bytes = transposed(_mm512_packus_epi16(first, second));
    const __m128i parts[4] = {_mm512_castsi512_si128(bytes), _mm512_extracti32x4_epi32(bytes, 1), _mm512_extracti32x4_epi32(bytes, 2),
                              _mm512_extracti32x4_epi32(bytes, 3)};
    if (left >= 4 && mask == 0xFFFF) {
      for (std::size_t at = 0; at < 4; ++at) _mm_storeu_si128(reinterpret_cast<__m128i*>(output + at * step), parts[at]);
    } else {
      for (std::size_t at = 0; at < 4; ++at) _mm_mask_storeu_epi8(output + at * step, mask_of(at), parts[at]);
    }
  }

  // To the next four; whether there are any.
  CERAS_AVX512 bool next() {
    if (left <= 4) return false;
    left -= 4;
    sums += 4 * sums_step;
    output += 4 * step;
    if (kind != 0) residual += 4 * step;
    return true;
  }
};

template <bool InHalves>
CERAS_AVX512 void finish_signed(const Finish& task, std::size_t lane, std::size_t count) {
  const Stage& stage = *task.stage;
  const Halves own = Halves::load(stage, task.first + lane);
  Four four(task, lane, count);
  const Function* function = stage.function;
  do {
    __m512i x[4], other[2], y[2];
    four.load(own, x, other);
    if (function != nullptr && function->base == Base::leaky) {
      for (__m512i& own_x : x) own_x = behind_slope(own_x, function->slope);
    }
    for (int pair = 0; pair < 2; ++pair) {
      const __m512i* own_x = x + 2 * pair;
      y[pair] = InHalves ? pair_in_halves(stage, own, _mm512_packs_epi32(own_x[0], own_x[1]), other[pair])
                         : pair_in_words(stage, own, own_x, other[pair]);
      y[pair] = _mm512_adds_epi16(y[pair], own.zero);
    }
    four.store(y[0], y[1]);
  } while (four.next());
}

// By blocks; `Unsigned` is what finishes those that allow it.
template <void (*Unsigned)(const Finish&, std::size_t, std::size_t)>
CERAS_AVX512 void finish_packed(const Finish& task) {
  for (std::size_t lane = 0; lane < task.channels; lane += kLanes) {
    const std::size_t count = task.channels - lane < kLanes ? task.channels - lane : kLanes;
    std::uint8_t forms = kInHalves | kUnsigned;
    for (std::size_t at = 0; at < count; ++at) forms &= task.stage->forms[task.first + lane + at];
    if ((forms & kUnsigned) != 0) {
      Unsigned(task, lane, count);
    } else if ((forms & kInHalves) != 0) {
      finish_signed<true>(task, lane, count);
    } else {
      finish_signed<false>(task, lane, count);
    }
  }
}
