#include "posix.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstring>

#include "seigo/error.h"

namespace seigo {

namespace {
constexpr char kOpen[] = "check that bitstream and device tree are loaded and that you may open the device";
}

void fail(const std::string& what, const std::string& advice) {
  throw Error(ErrorKind::open, what + ": " + std::strerror(errno), advice);
}

File::~File() {
  if (number_ >= 0) close(number_);
}

File open_file(const std::string& path) {
  File file(open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (file.number() < 0) fail("cannot open " + path, kOpen);
  return file;
}

Map::Map(const File& file, size_t bytes, const std::string& path) : bytes_(bytes) {
  void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.number(), 0);
  if (data == MAP_FAILED) fail("cannot map " + path, kOpen);
  data_ = static_cast<uint8_t*>(data);
}

Map::~Map() {
  if (data_ != nullptr) munmap(data_, bytes_);
}

bool readable(int descriptor, int64_t milliseconds) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::milliseconds(milliseconds);
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    pollfd wanted{descriptor, POLLIN, 0};
    const int found = poll(&wanted, 1, static_cast<int>(std::clamp<int64_t>(left, 0, INT_MAX)));
    if (found > 0) return true;
    if (found == 0) return false;
    // A signal is no reason to stop waiting.
    if (errno != EINTR) fail("cannot wait for the device", "this is a defect of the system");
  }
}

}  // namespace seigo
