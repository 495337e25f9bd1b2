// libFuzzer on files: opened as they are and with their checksums made good, and run where they open.
#include <cstdlib>

#include "../test/damaged.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(data, data + size);
  if (attempt(bytes) == Outcome::wrong) std::abort();
  if (size < 32) return 0;
  repair(bytes);
  if (attempt(bytes) == Outcome::wrong) std::abort();
  return 0;
}
