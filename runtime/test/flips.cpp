// Damages every byte of a small model file in several ways, with checksums as they were and made good again, opens it and
// runs it where it opens: flips MODEL. Under the sanitizers this shows that no file leads outside of memory.
#include <cstdio>
#include <cstring>

#include "ceras/ceras.hpp"

namespace {

using Bytes = std::vector<unsigned char>;

std::uint32_t crc(const Bytes& bytes, std::size_t begin, std::size_t end, std::uint32_t state) {
  for (std::size_t at = begin; at < end; ++at) {
    state ^= bytes[at];
    for (int bit = 0; bit < 8; ++bit) state = (state >> 1) ^ (0xEDB88320u & (0u - (state & 1)));
  }
  return state;
}

std::uint64_t number(const Bytes& bytes, std::size_t at, int size) {
  std::uint64_t value = 0;
  for (int byte = 0; byte < size; ++byte) value |= std::uint64_t{bytes[at + byte]} << (8 * byte);
  return value;
}

void put(Bytes& bytes, std::size_t at, std::uint32_t value) {
  for (int byte = 0; byte < 4; ++byte) bytes[at + byte] = static_cast<unsigned char>(value >> (8 * byte));
}

// Checksums of sections, header and table, where those can still be found; offsets are those of docs/model-format.md.
void repair(Bytes& bytes) {
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

struct Counts {
  int refused = 0, ran = 0;
};

// False for an error without code or words.
bool attempt(const Bytes& bytes, Counts& counts) {
  ceras::Error error;
  const auto model = ceras::Model::open(bytes.data(), bytes.size(), error);
  if (!model) {
    ++counts.refused;
    return error.code != 0 && !error.message.empty();
  }
  ++counts.ran;
  if (model->arena_bytes() > (std::size_t{1} << 26)) return true;  // as large as the damaged shapes say
  ceras::Context context(*model);
  for (const ceras::Form form : {ceras::Form::integer, ceras::Form::floating}) {
    if (form == ceras::Form::floating && context.choose(form)) break;  // there is no other form
    for (std::size_t at = 0; at < model->inputs(); ++at) {
      const std::vector<float> elements(model->input(at).elements() + 1, 3.0f);
      if (context.set_input(at, elements.data())) return false;
    }
    static_cast<void>(context.run());
  }
  return true;
}

}  // namespace

int main(int count, char** arguments) {
  Bytes original;
  if (std::FILE* file = count > 1 ? std::fopen(arguments[1], "rb") : nullptr) {
    for (int letter = std::fgetc(file); letter != EOF; letter = std::fgetc(file)) original.push_back(static_cast<unsigned char>(letter));
    std::fclose(file);
  }
  if (original.size() < 64) return 1;
  Counts plain, repaired, cut;
  bool good = true;
  for (std::size_t at = 0; at < original.size(); ++at) {
    for (const unsigned char change : {0x01, 0x02, 0x10, 0x80, 0xFF}) {
      Bytes bytes = original;
      bytes[at] ^= change;
      good = attempt(bytes, plain) && good;
      repair(bytes);
      good = attempt(bytes, repaired) && good;
    }
    good = attempt(Bytes(original.begin(), original.begin() + static_cast<std::ptrdiff_t>(at)), cut) && good;
  }
  std::printf("flipped: %d refused, %d ran; with good checksums: %d refused, %d ran; cut: %d refused, %d ran\n", plain.refused, plain.ran,
              repaired.refused, repaired.ran, cut.refused, cut.ran);
  return good && plain.ran == 0 && cut.ran == 0 ? 0 : 1;
}
