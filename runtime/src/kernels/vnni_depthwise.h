// Sums of a filter for each channel: 16 channels at a time, four taps of a column of the window in the bytes of a lane. A column is
// put together once and serves every pixel whose window has it.

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
CERAS_AVX512 inline __m512i four_taps(const std::uint8_t* from, const std::size_t* taps, std::size_t jump, std::size_t count) {
  const __m128i zero = _mm_setzero_si128();
  const __m128i a = load_channels(from + taps[0]), b = count > 1 ? load_channels(from + taps[jump]) : zero;
  const __m128i c = count > 2 ? load_channels(from + taps[2 * jump]) : zero, d = count > 3 ? load_channels(from + taps[3 * jump]) : zero;
  const __m128i ab = _mm_unpacklo_epi8(a, b), ab_high = _mm_unpackhi_epi8(a, b);
  const __m128i cd = _mm_unpacklo_epi8(c, d), cd_high = _mm_unpackhi_epi8(c, d);
  const __m256i low = _mm256_set_m128i(_mm_unpackhi_epi16(ab, cd), _mm_unpacklo_epi16(ab, cd));
  const __m256i high = _mm256_set_m128i(_mm_unpackhi_epi16(ab_high, cd_high), _mm_unpacklo_epi16(ab_high, cd_high));
  return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

// Columns that are there: [column][row / 4].
struct Columns {
  static constexpr std::size_t kMost = 64;  // vectors, so that they stay in the first cache
  __m512i vectors[kMost];
};

// Sums of `pixels` pixels, each of `Count` vectors (of `count`, where that is 0), `jump` vectors from one to the next.
template <std::size_t Count>
CERAS_AVX512 inline void sum_columns(const __m512i* columns, std::size_t count, std::size_t jump, const std::uint8_t* weights,
                                     std::size_t pixels, std::int32_t* sums, std::size_t sums_step) {
  const std::size_t all = Count > 0 ? Count : count;
  for (std::size_t pixel = 0; pixel < pixels; ++pixel, columns += jump, sums += sums_step) {
    __m512i total = _mm512_setzero_si512();
    for (std::size_t at = 0; at < all; ++at) {
      total = _mm512_dpbusd_epi32(total, columns[at], _mm512_loadu_si512(weights + at * kLanes * kUnit));
    }
    _mm512_storeu_si512(sums, total);
  }
}

// A block of channels in one pixel, of a window that is too large for Columns.
CERAS_AVX512 inline void sum_window(const Depthwise& task, const std::uint8_t* from, const std::uint8_t* weights, std::int32_t* sums) {
  const std::size_t columns = task.tap_columns, rows = task.tap_count / columns;
  __m512i total = _mm512_setzero_si512();
  for (std::size_t column = 0; column < columns; ++column) {
    for (std::size_t row = 0; row < rows; row += kUnit, weights += kLanes * kUnit) {
      const __m512i own = four_taps(from, task.taps + row * columns + column, columns, rows - row);
      total = _mm512_dpbusd_epi32(total, own, _mm512_loadu_si512(weights));
    }
  }
  _mm512_storeu_si512(sums, total);
}

CERAS_AVX512 void depthwise(const Depthwise& task) {
  const std::size_t columns = task.tap_columns, rows = task.tap_count / columns, groups = (rows + kUnit - 1) / kUnit;
  const std::size_t distance = columns > 1 ? task.taps[1] - task.taps[0] : task.pixel_step;
  // Neighboring pixels share columns where a step is a number of columns; else each has its own.
  const bool shares = task.pixel_step % distance == 0;
  const std::size_t step = shares ? task.pixel_step / distance : columns, count = columns * groups;
  const bool large = count > Columns::kMost;
  const std::size_t at_once = shares && !large ? (Columns::kMost / groups - columns) / step + 1 : 1;
  Columns own;
  const std::uint8_t* weights = static_cast<const std::uint8_t*>(task.weights);
  for (std::size_t channel = 0; channel < task.channels; channel += kLanes, weights += count * kLanes * kUnit) {
    for (std::size_t pixel = 0; pixel < task.pixels; pixel += at_once) {
      const std::size_t pixels = task.pixels - pixel < at_once ? task.pixels - pixel : at_once;
      const std::uint8_t* from = task.input + pixel * task.pixel_step + channel;
      std::int32_t* sums = task.sums + pixel * task.sums_step + channel;
      if (large) {
        sum_window(task, from, weights, sums);
        continue;
      }
      const std::size_t needed = (pixels - 1) * step + columns;
      for (std::size_t column = 0; column < needed; ++column, from += distance) {
        for (std::size_t group = 0; group < groups; ++group) {
          own.vectors[column * groups + group] = four_taps(from, task.taps + group * kUnit * columns, columns, rows - group * kUnit);
        }
      }
      if (count == 3) {
        sum_columns<3>(own.vectors, count, step * groups, weights, pixels, sums, task.sums_step);
      } else {
        sum_columns<0>(own.vectors, count, step * groups, weights, pixels, sums, task.sums_step);
      }
    }
  }
}
