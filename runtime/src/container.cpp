#include "container.h"

#include <cstdio>
#include <cstring>
#include <utility>

namespace ceras::detail {

bool fail(Error& error, int code, std::string_view message) {
  error.code = code;
  error.message = message;
  return false;
}

bool fail(Error& error, int code, std::string_view place, std::string_view what) {
  fail(error, code, place);
  error.message.append(": ").append(what);
  return false;
}

bool read_whole(const char* path, std::vector<std::uint8_t>& bytes, Error& error) {
  std::FILE* file = std::fopen(path, "rb");
  bool good = file != nullptr;
  std::uint8_t part[1 << 14];
  for (std::size_t read = 1; good && read > 0;) {
    read = std::fread(part, 1, sizeof part, file);
    bytes.insert(bytes.end(), part, part + read);
  }
  if (file != nullptr) {
    good = std::ferror(file) == 0;
    std::fclose(file);
  }
  return good || fail(error, format::kFileRead, std::string(path) + " cannot be read");
}

namespace {

using format::Field;

std::uint64_t get(const std::uint8_t* bytes, Field field) {
  std::uint64_t number = 0;
  for (std::size_t byte = 0; byte < field.size; ++byte) {
    number |= std::uint64_t{bytes[field.offset + byte]} << (8 * byte);
  }
  return number;
}

// CRC-32 as in zlib; `crc` is that of the bytes before.
struct Crc {
  std::uint32_t table[256];
  std::uint32_t state = 0xFFFFFFFFu;

  Crc() {
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
      std::uint32_t rest = byte;
      for (int bit = 0; bit < 8; ++bit) rest = (rest >> 1) ^ (0xEDB88320u & (0u - (rest & 1)));
      table[byte] = rest;
    }
  }

  Crc& add(const std::uint8_t* bytes, std::size_t size) {
    for (std::size_t at = 0; at < size; ++at) state = table[(state ^ bytes[at]) & 0xFF] ^ (state >> 8);
    return *this;
  }

  std::uint32_t take() { return ~std::exchange(state, 0xFFFFFFFFu); }
};

bool damaged(Error& error, std::string_view message) { return fail(error, format::kCerasFormat, message); }

bool newer(Error& error, std::string_view message) { return fail(error, format::kCerasVersion, message); }

bool is_zero(const std::uint8_t* begin, std::size_t size) {
  for (std::size_t at = 0; at < size; ++at) {
    if (begin[at] != 0) return false;
  }
  return true;
}

bool read_section(const std::uint8_t* file, std::size_t size, const std::uint8_t* entry, std::size_t& next, Crc& crc,
                  int& last, Sections& sections, Error& error) {
  int tag = 0;
  while (tag < format::kTags && std::memcmp(entry + format::entry::kTag.offset, format::kTagLetters[tag], 4) != 0) ++tag;
  if (tag == format::kTags) return newer(error, "a section of the file is unknown");
  const std::string place = std::string("section ") + format::kTagLetters[tag] + ": ";
  if (tag <= last) return damaged(error, place + "it comes twice or at the wrong place");
  last = tag;
  const std::size_t expected = (next + format::kSectionAlignment - 1) / format::kSectionAlignment * format::kSectionAlignment;
  const std::uint64_t offset = get(entry, format::entry::kOffset), length = get(entry, format::entry::kSize);
  if (offset != expected || expected > size) {
    return damaged(error, place + "it should begin at " + std::to_string(expected));
  }
  if (length > size - expected) return damaged(error, place + "it does not fit the file");
  if (get(entry, format::entry::kReserved) != 0 || !is_zero(file + next, expected - next)) {
    return damaged(error, place + "a reserved field or the padding before it is used");
  }
  const Region region{file + expected, static_cast<std::size_t>(length)};
  if (get(entry, format::entry::kCrc) != crc.add(region.bytes, region.size).take()) {
    return damaged(error, place + "its checksum is wrong");
  }
  const bool later = tag >= format::kPlan;  // plan and program have versions of their own
  const std::uint64_t version = get(entry, format::entry::kVersion);
  if (!later && version > format::kContents) return newer(error, place + "version " + std::to_string(version));
  if (!later && version == 0) return damaged(error, place + "version 0");
  sections.all[tag] = region;
  next = expected + region.size;
  return true;
}

}  // namespace

bool read_container(const std::uint8_t* file, std::size_t size, Sections& sections, Error& error) {
  if (size < sizeof format::kMagic || std::memcmp(file, format::kMagic, sizeof format::kMagic) != 0) {
    return damaged(error, "the file does not begin as a .ceras file does");
  }
  if (size < format::kHeaderSize) return damaged(error, "the file ends in its header");
  const std::uint64_t version = get(file, format::header::kVersion);
  if (version > format::kVersion) {
    return newer(error, "the file has version " + std::to_string(version) + ", this is version " +
                            std::to_string(format::kVersion));
  }
  if (get(file, format::header::kFileSize) != size) {
    return damaged(error, "the file has " + std::to_string(size) + " bytes, its header says " +
                              std::to_string(get(file, format::header::kFileSize)));
  }
  const std::uint64_t count = get(file, format::header::kSections);
  if (version == 0 || count > format::kMaxSections || format::kHeaderSize + count * format::kEntrySize > size) {
    return damaged(error, "version " + std::to_string(version) + " with " + std::to_string(count) + " sections");
  }
  const std::size_t table = static_cast<std::size_t>(count) * format::kEntrySize;
  Crc crc;
  crc.add(file, format::header::kCrc.offset).add(file + format::kHeaderSize, table);
  if (get(file, format::header::kCrc) != crc.take()) return damaged(error, "the checksum of the header is wrong");
  if (get(file, format::header::kReserved) != 0) return damaged(error, "a reserved field of the header is used");
  std::size_t next = format::kHeaderSize + table;
  int last = -1;
  for (std::size_t index = 0; index < count; ++index) {
    const std::uint8_t* entry = file + format::kHeaderSize + index * format::kEntrySize;
    if (!read_section(file, size, entry, next, crc, last, sections, error)) return false;
  }
  if (next != size) return damaged(error, "the last bytes of the file belong to no section");
  for (int tag = 0; tag < format::kFirstOptionalTag; ++tag) {
    if (sections.all[tag].bytes == nullptr) {
      return damaged(error, std::string("section ") + format::kTagLetters[tag] + " is missing");
    }
  }
  return true;
}

}  // namespace ceras::detail
