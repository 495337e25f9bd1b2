// Sums of a filter for each channel: 64 or 16 channels at a time, four taps of a column of the window in the bytes of a lane. A column
// is put together once and serves every pixel whose window has it.

// Weights as [block][column][row / 4][channel][row % 4], padded with zeros.
std::vector<std::uint8_t> pack_depthwise(const std::int8_t* weights, std::size_t channels, std::size_t rows, std::size_t columns) {
  const std::size_t groups = (rows + kUnit - 1) / kUnit, block = columns * groups * kLanes * kUnit;
  std::vector<std::uint8_t> packed(blocks_of(channels) * block + 64, 0);
  for (std::size_t channel = 0; channel < channels; ++channel) {
    for (std::size_t tap = 0; tap < rows * columns; ++tap) {
      const std::size_t row = tap / columns, group = tap % columns * groups + row / kUnit;
      const std::size_t at = channel / kLanes * block + (group * kLanes + channel % kLanes) * kUnit + row % kUnit;
      packed[at] = static_cast<std::uint8_t>(weights[channel * rows * columns + tap]);
    }
  }
  return packed;
}

CERAS_AVX512 inline __m128i load_channels(const std::uint8_t* from) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)); }

// Up to four taps of 16 channels, `jump` offsets apart, as a lane's four bytes. Bytes behind the last channel are read, and their
// sums ignored.
CERAS_AVX512 inline void put_together(const std::uint8_t* from, const std::size_t* taps, std::size_t jump, std::size_t count, __m512i (&to)[1]) {
  const __m128i zero = _mm_setzero_si128();
  const __m128i a = load_channels(from + taps[0]), b = count > 1 ? load_channels(from + taps[jump]) : zero;
  const __m128i c = count > 2 ? load_channels(from + taps[2 * jump]) : zero, d = count > 3 ? load_channels(from + taps[3 * jump]) : zero;
  const __m128i ab = _mm_unpacklo_epi8(a, b), ab_high = _mm_unpackhi_epi8(a, b);
  const __m128i cd = _mm_unpacklo_epi8(c, d), cd_high = _mm_unpackhi_epi8(c, d);
  const __m256i low = _mm256_set_m128i(_mm_unpackhi_epi16(ab, cd), _mm_unpacklo_epi16(ab, cd));
  const __m256i high = _mm256_set_m128i(_mm_unpackhi_epi16(ab_high, cd_high), _mm_unpacklo_epi16(ab_high, cd_high));
  to[0] = _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

// The same for 64 channels: quarters of a vector are made to hold four channels of each 16, which unpacking keeps apart.
CERAS_AVX512 inline void put_together(const std::uint8_t* from, const std::size_t* taps, std::size_t jump, std::size_t count, __m512i (&to)[4]) {
  const __m512i zero = _mm512_setzero_si512();
  const auto load = [&](std::size_t tap) CERAS_AVX512 { return tap < count ? transposed(_mm512_loadu_si512(from + taps[tap * jump])) : zero; };
  const __m512i a = load(0), b = load(1), c = load(2), d = load(3);
  const __m512i ab = _mm512_unpacklo_epi8(a, b), ab_high = _mm512_unpackhi_epi8(a, b);
  const __m512i cd = _mm512_unpacklo_epi8(c, d), cd_high = _mm512_unpackhi_epi8(c, d);
  to[0] = _mm512_unpacklo_epi16(ab, cd), to[1] = _mm512_unpackhi_epi16(ab, cd);
  to[2] = _mm512_unpacklo_epi16(ab_high, cd_high), to[3] = _mm512_unpackhi_epi16(ab_high, cd_high);
}

// Blocks of channels that are computed together, and columns of theirs that are there: [column][row / 4].
template <int Blocks>
struct Columns {
  static constexpr std::size_t kMost = 64 / Blocks;  // so that they stay in the first cache
  __m512i vectors[kMost][Blocks];
};

// Sums of `pixels` pixels, each of `Count` columns (of `count`, where that is 0), `jump` columns from one to the next.
template <std::size_t Count, int Blocks>
CERAS_AVX512 inline void sum_columns(const __m512i (*columns)[Blocks], std::size_t count, std::size_t jump, const std::uint8_t* weights,
                                     std::size_t pixels, std::int32_t* sums, std::size_t sums_step) {
  const std::size_t all = Count > 0 ? Count : count;
  for (std::size_t pixel = 0; pixel < pixels; ++pixel, columns += jump, sums += sums_step) {
    __m512i totals[Blocks];
    for (int block = 0; block < Blocks; ++block) totals[block] = _mm512_setzero_si512();
    for (std::size_t at = 0; at < all; ++at) {
      for (int block = 0; block < Blocks; ++block) {
        const __m512i own = _mm512_loadu_si512(weights + (block * all + at) * kLanes * kUnit);
        totals[block] = _mm512_dpbusd_epi32(totals[block], columns[at][block], own);
      }
    }
    for (int block = 0; block < Blocks; ++block) _mm512_storeu_si512(sums + block * kLanes, totals[block]);
  }
}

// Blocks of channels in one pixel, of a window that is too large for Columns.
template <int Blocks>
CERAS_AVX512 inline void sum_window(const Depthwise& task, const std::uint8_t* from, const std::uint8_t* weights, std::int32_t* sums) {
  const std::size_t columns = task.tap_columns, rows = task.tap_count / columns, all = columns * ((rows + kUnit - 1) / kUnit);
  __m512i totals[Blocks], own[Blocks];
  for (int block = 0; block < Blocks; ++block) totals[block] = _mm512_setzero_si512();
  for (std::size_t column = 0; column < columns; ++column) {
    for (std::size_t row = 0; row < rows; row += kUnit, weights += kLanes * kUnit) {
      put_together(from, task.taps + row * columns + column, columns, rows - row, own);
      for (int block = 0; block < Blocks; ++block) {
        totals[block] = _mm512_dpbusd_epi32(totals[block], own[block], _mm512_loadu_si512(weights + block * all * kLanes * kUnit));
      }
    }
  }
  for (int block = 0; block < Blocks; ++block) _mm512_storeu_si512(sums + block * kLanes, totals[block]);
}

template <int Blocks>
CERAS_AVX512 void depthwise_blocks(const Depthwise& task, std::size_t channel) {
  const std::size_t columns = task.tap_columns, rows = task.tap_count / columns, groups = (rows + kUnit - 1) / kUnit;
  const std::size_t distance = columns > 1 ? task.taps[1] - task.taps[0] : task.pixel_step;
  // Neighboring pixels share columns where a step is a number of columns; else each has its own.
  const bool shares = task.pixel_step % distance == 0;
  const std::size_t step = shares ? task.pixel_step / distance : columns, count = columns * groups;
  constexpr std::size_t kMost = Columns<Blocks>::kMost;
  const bool large = count > kMost;
  const std::size_t at_once = shares && !large ? (kMost / groups - columns) / step + 1 : 1;
  const std::uint8_t* weights = static_cast<const std::uint8_t*>(task.weights) + channel * count * kUnit;
  Columns<Blocks> own;
  for (std::size_t pixel = 0; pixel < task.pixels; pixel += at_once) {
    const std::size_t pixels = task.pixels - pixel < at_once ? task.pixels - pixel : at_once;
    const std::uint8_t* from = task.input + pixel * task.pixel_step + channel;
    std::int32_t* sums = task.sums + pixel * task.sums_step + channel;
    if (large) {
      sum_window<Blocks>(task, from, weights, sums);
      continue;
    }
    const std::size_t needed = (pixels - 1) * step + columns;
    for (std::size_t column = 0; column < needed; ++column, from += distance) {
      for (std::size_t group = 0; group < groups; ++group) {
        put_together(from, task.taps + group * kUnit * columns, columns, rows - group * kUnit, own.vectors[column * groups + group]);
      }
    }
    if (count == 3) {
      sum_columns<3>(own.vectors, count, step * groups, weights, pixels, sums, task.sums_step);
    } else {
      sum_columns<0>(own.vectors, count, step * groups, weights, pixels, sums, task.sums_step);
    }
  }
}

CERAS_AVX512 void depthwise(const Depthwise& task) {
  std::size_t channel = 0;
  for (; channel + 4 * kLanes <= task.channels; channel += 4 * kLanes) depthwise_blocks<4>(task, channel);
  for (; channel < task.channels; channel += kLanes) depthwise_blocks<1>(task, channel);
}
