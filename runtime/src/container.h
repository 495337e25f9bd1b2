// Header, section table and checksums of a .ceras file (docs/model-format.md).
#ifndef CERAS_CONTAINER_H
#define CERAS_CONTAINER_H

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ceras/ceras.hpp"
#include "format.h"

namespace ceras::detail {

// A section's contents: part of the file.
struct Region {
  const std::uint8_t* bytes = nullptr;
  std::size_t size = 0;

  // Whether `count` elements of `width` bytes from element `first` on are in it; their first byte then.
  bool part(std::uint64_t first, std::uint64_t count, std::size_t width, const std::uint8_t*& begin) const {
    if (first > size / width || count > size / width - first) return false;
    begin = bytes + first * width;
    return true;
  }
};

struct Sections {
  Region all[format::kTags];  // by format::Tag
};

// Puts `code` and `message`, or "place: what", into `error`; false, for the caller to return.
bool fail(Error& error, int code, std::string_view message);
bool fail(Error& error, int code, std::string_view place, std::string_view what);

// The bytes of a file.
bool read_whole(const char* path, std::vector<std::uint8_t>& bytes, Error& error);

// Checks every offset, size and checksum.
bool read_container(const std::uint8_t* file, std::size_t size, Sections& sections, Error& error);

}  // namespace ceras::detail

#endif
