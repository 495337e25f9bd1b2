// Files of the system that close themselves.
#ifndef SEIGO_POSIX_H
#define SEIGO_POSIX_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace seigo {

// A file descriptor.
class File {
 public:
  explicit File(int number = -1) : number_(number) {}
  File(File&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~File();
  int number() const { return number_; }

 private:
  int number_;
};

// Shared memory of a file or a device.
class Map {
 public:
  Map() = default;
  // The first bytes of `file`, to be read and written; throws Error (open) with the path.
  Map(const File& file, size_t bytes, const std::string& path);
  Map(Map&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  Map& operator=(Map&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Map();
  uint8_t* data() const { return data_; }

 private:
  uint8_t* data_ = nullptr;
  size_t bytes_ = 0;
};

// Opens a file to read and write; throws Error (open) with the path.
File open_file(const std::string& path);

// Throws Error (open): what could not be done, and the system's reason.
[[noreturn]] void fail(const std::string& what, const std::string& advice);

// Waits until a descriptor can be read; false when it cannot in time. Throws Error (open).
bool readable(int descriptor, int64_t milliseconds);

}  // namespace seigo

#endif
