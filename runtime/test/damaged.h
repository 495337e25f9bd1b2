// Model files that are damaged: their checksums, and what has to hold when they are opened.
#ifndef CERAS_TEST_DAMAGED_H
#define CERAS_TEST_DAMAGED_H

#include <vector>

#include "ceras/ceras.hpp"

using Bytes = std::vector<unsigned char>;

inline std::uint32_t crc(const Bytes& bytes, std::size_t begin, std::size_t end, std::uint32_t state) {
  for (std::size_t at = begin; at < end; ++at) {
    state ^= bytes[at];
    for (int bit = 0; bit < 8; ++bit) state = (state >> 1) ^ (0xEDB88320u & (0u - (state & 1)));
  }
  return state;
}

inline std::uint64_t number(const Bytes& bytes, std::size_t at, int size) {
  std::uint64_t value = 0;
  for (int byte = 0; byte < size; ++byte) value |= std::uint64_t{bytes[at + byte]} << (8 * byte);
  return value;
}

inline void put(Bytes& bytes, std::size_t at, std::uint32_t value) {
  for (int byte = 0; byte < 4; ++byte) bytes[at + byte] = static_cast<unsigned char>(value >> (8 * byte));
}

// Checksums of sections, header and table, where those can still be found; offsets are those of docs/model-format.md.
inline void repair(Bytes& bytes) {
  const std::uint64_t sections = number(bytes, 12, 4);
  if (sections > 64 || 32 + 32 * sections > bytes.size()) return;
  for (std::uint64_t index = 0; index < sections; ++index) {
    const std::size_t entry = 32 + 32 * index;
    const std::uint64_t begin = number(bytes, entry + 8, 8), size = number(bytes, entry + 16, 8);
    if (begin > bytes.size() || size > bytes.size() - begin) continue;
    put(bytes, entry + 24, ~crc(bytes, begin, begin + size, 0xFFFFFFFFu));
  }
  put(bytes, 28, ~crc(bytes, 32, 32 + 32 * sections, crc(bytes, 0, 28, 0xFFFFFFFFu)));
}

enum class Outcome { refused, ran, wrong };

// Opens a file and runs a frame of it, in every form, where it opens; wrong is an error without code or words.
inline Outcome attempt(const Bytes& bytes) {
  ceras::Error error;
  const auto model = ceras::Model::open(bytes.data(), bytes.size(), error);
  if (!model) return error.code != 0 && !error.message.empty() ? Outcome::refused : Outcome::wrong;
  if (model->arena_bytes() > (std::size_t{1} << 26)) return Outcome::ran;  // as large as the damaged shapes say
  ceras::Context context(*model);
  for (const ceras::Form form : {ceras::Form::integer, ceras::Form::floating}) {
    if (form == ceras::Form::floating && context.choose(form)) break;  // there is no other form
    for (std::size_t at = 0; at < model->inputs(); ++at) {
      const std::vector<float> elements(model->input(at).elements() + 1, 3.0f);
      if (context.set_input(at, elements.data())) return Outcome::wrong;
    }
    static_cast<void>(context.run());
  }
  return Outcome::ran;
}

#endif
