// UIO (kernel documentation, "The Userspace I/O HOWTO") and u-dma-buf (github.com/ikwzm/udmabuf).
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "posix.h"
#include "seigo/error.h"
#include "seigo/transport.h"
#include "seigo_registers.h"

namespace seigo {

namespace {

constexpr char kLoad[] = "load bitstream and device tree first; docs/boards.md says how";
constexpr size_t kLine = 64;  // bytes of a cache line

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) fail("cannot read " + path, kLoad);
  return line;
}

// A decimal or, behind 0x, hexadecimal number in a file.
uint64_t number(const std::string& path) {
  const std::string line = first_line(path);
  char* end = nullptr;
  const uint64_t value = std::strtoull(line.c_str(), &end, line.rfind("0x", 0) == 0 ? 16 : 10);
  if (end == line.c_str()) throw Error(ErrorKind::open, path + " holds no number: " + line, kLoad);
  return value;
}

// The device file of the UIO device with the name.
std::string find(const Places& places) {
  const std::string folder = places.root + "/sys/class/uio";
  std::string device;
  DIR* entries = opendir(folder.c_str());
  if (entries == nullptr) fail("cannot read " + folder, kLoad);
  while (const dirent* entry = readdir(entries)) {
    const std::string own = entry->d_name;
    std::ifstream file(folder + "/" + own + "/name");
    std::string name;
    if (own[0] != '.' && std::getline(file, name) && name == places.uio) device = own;
  }
  closedir(entries);
  if (device.empty()) {
    throw Error(ErrorKind::open, "no device in " + folder + " has the name \"" + places.uio + "\"", kLoad);
  }
  return places.root + "/dev/" + device;
}

// Orders accesses to memory with those to the registers, where no call of the system does.
void barrier() {
#if defined(__aarch64__)
  asm volatile("dmb osh" ::: "memory");
#elif defined(__arm__)
  asm volatile("dmb" ::: "memory");
#else
  asm volatile("" ::: "memory");
#endif
}

class Uio : public Transport {
 public:
  explicit Uio(const Places& places) : device_(find(places)), file_(open_file(device_)) {
    if (flock(file_.number(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) fail("cannot lock " + device_, kLoad);
      throw Error(ErrorKind::open, "another driver holds " + device_, "end it first");
    }
    registers_ = Map(file_, SEIGO_REGISTER_WINDOW, device_);
    const std::string folder = places.root + "/sys/class/u-dma-buf/" + places.memory;
    const std::string memory = places.root + "/dev/" + places.memory;
    memory_.address = number(folder + "/phys_addr");
    memory_.bytes = static_cast<size_t>(number(folder + "/size"));
    // Without O_SYNC: cached, with the maintenance below.
    map_ = Map(open_file(memory), memory_.bytes, memory);
    memory_.data = map_.data();
    if (number(folder + "/dma_coherent") == 0) {
      to_device_ = open_sync(folder + "/sync_for_device");
      to_processor_ = open_sync(folder + "/sync_for_cpu");
    }
  }

  uint32_t read(uint32_t offset) override { return *reg(offset); }
  void write(uint32_t offset, uint32_t value) override { *reg(offset) = value; }

  bool wait(std::chrono::milliseconds timeout) override {
    // The kernel masks the line when it comes; 1 lets it through again.
    const uint32_t enable = 1;
    if (::write(file_.number(), &enable, sizeof enable) != sizeof enable) {
      fail("cannot enable the interrupt of " + device_, "check the interrupt in the device tree");
    }
    if (!readable(file_.number(), timeout.count())) return false;
    uint32_t count = 0;
    if (::read(file_.number(), &count, sizeof count) != sizeof count) {
      fail("cannot read the interrupt of " + device_, "check the interrupt in the device tree");
    }
    return true;
  }

  void to_device(size_t offset, size_t bytes) override { sync(to_device_, 1, offset, bytes); }
  void to_processor(size_t offset, size_t bytes) override { sync(to_processor_, 2, offset, bytes); }

 private:
  volatile uint32_t* reg(uint32_t offset) const {
    return reinterpret_cast<volatile uint32_t*>(registers_.data() + offset);
  }

  static File open_sync(const std::string& path) {
    File file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (file.number() < 0) fail("cannot open " + path, kLoad);
    return file;
  }

  // Hands whole cache lines over; offset, size and direction in one number, so that nothing else comes between.
  static void sync(const File& file, unsigned direction, size_t offset, size_t bytes) {
    if (file.number() < 0) return barrier();  // a coherent port
    const size_t start = offset / kLine * kLine;
    const size_t size = (offset + bytes - start + kLine - 1) / kLine * kLine;
    char order[24];
    const int length = std::snprintf(order, sizeof order, "0x%08lx%08lx", static_cast<unsigned long>(start),
                                     static_cast<unsigned long>(size | direction << 2 | 1));
    if (pwrite(file.number(), order, static_cast<size_t>(length), 0) != length) {
      fail("cannot hand memory over", "check that u-dma-buf is of version 2.1 or newer");
    }
  }

  std::string device_;
  File file_;
  Map registers_;
  Map map_;
  File to_device_;
  File to_processor_;
};

}  // namespace

std::unique_ptr<Transport> open_uio(const Places& places) { return std::make_unique<Uio>(places); }

}  // namespace seigo
