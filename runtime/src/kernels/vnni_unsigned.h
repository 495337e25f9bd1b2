// The output stage of blocks with kUnsigned. Included once per set of instructions, behind CERAS_TARGET and a struct Entries that
// looks lifted entries up for the arguments of two pairs of pixels.

CERAS_TARGET void finish_unsigned(const Finish& task, std::size_t lane, std::size_t count) {
  const Stage& stage = *task.stage;
  const std::size_t channel = task.first + lane;
  const Halves own = Halves::load(stage, channel);
  const __m512i up_words = Halves::read(stage.up, channel), down_words = Halves::read(stage.down, channel);
  const __m512i up = _mm512_packus_epi32(up_words, up_words), down = _mm512_packus_epi32(down_words, down_words);
  const bool any_down = _mm512_test_epi32_mask(down_words, down_words) != 0;
  Four four(task, lane, count);
  const Entries entries(*stage.table);
  do {
    __m512i x[4], other[2], y[2];
    four.load(own, x, other);
    entries.look_up(_mm512_packs_epi32(x[0], x[1]), _mm512_packs_epi32(x[2], x[3]), y);
    for (int pair = 0; pair < 2; ++pair) {
      y[pair] = _mm512_adds_epu16(y[pair], _mm512_packus_epi32(x[2 * pair], x[2 * pair + 1]));
      if (four.kind == 2) y[pair] = _mm512_adds_epu16(y[pair], _mm512_sllv_epi16(other[pair], own.align_half));
      y[pair] = _mm512_adds_epu16(y[pair], up);
      if (any_down) y[pair] = _mm512_subs_epu16(y[pair], down);
      y[pair] = _mm512_srlv_epi16(y[pair], own.shift);
    }
    four.store(y[0], y[1]);
  } while (four.next());
}
