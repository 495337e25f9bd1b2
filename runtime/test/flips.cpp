// Damages every byte of a small model file in several ways, with checksums as they were and made good again, opens it and
// runs it where it opens: flips MODEL. Under the sanitizers this shows that no file leads outside of memory.
#include <cstdio>

#include "damaged.h"

namespace {

struct Counts {
  int refused = 0, ran = 0;
};

// False where something is wrong.
bool count(const Bytes& bytes, Counts& counts) {
  const Outcome outcome = attempt(bytes);
  counts.refused += outcome == Outcome::refused ? 1 : 0;
  counts.ran += outcome == Outcome::ran ? 1 : 0;
  return outcome != Outcome::wrong;
}

}  // namespace

int main(int arguments_count, char** arguments) {
  Bytes original;
  if (std::FILE* file = arguments_count > 1 ? std::fopen(arguments[1], "rb") : nullptr) {
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
      good = count(bytes, plain) && good;
      repair(bytes);
      good = count(bytes, repaired) && good;
    }
    good = count(Bytes(original.begin(), original.begin() + static_cast<std::ptrdiff_t>(at)), cut) && good;
  }
  std::printf("flipped: %d refused, %d ran; with good checksums: %d refused, %d ran; cut: %d refused, %d ran\n", plain.refused, plain.ran,
              repaired.refused, repaired.ran, cut.refused, cut.ran);
  return good && plain.ran == 0 && cut.ran == 0 ? 0 : 1;
}
