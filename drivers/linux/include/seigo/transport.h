// What stands between a driver and an accelerator: registers, interrupt, memory.
#ifndef SEIGO_TRANSPORT_H
#define SEIGO_TRANSPORT_H

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace seigo {

// Memory that processor and accelerator share.
struct Memory {
  uint64_t address = 0;     // its first byte, as the accelerator sees it
  size_t bytes = 0;
  uint8_t* data = nullptr;  // its first byte here
};

class Transport {
 public:
  virtual ~Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // A register, by its offset in the window.
  virtual uint32_t read(uint32_t offset) = 0;
  virtual void write(uint32_t offset, uint32_t value) = 0;
  // Waits until the interrupt is high; false when it did not come in time.
  virtual bool wait(std::chrono::milliseconds timeout) = 0;
  // Cache maintenance: what was written here is seen by the accelerator; what it wrote is seen here.
  virtual void to_device(size_t offset, size_t bytes) = 0;
  virtual void to_processor(size_t offset, size_t bytes) = 0;

  const Memory& memory() const { return memory_; }

 protected:
  Transport() = default;
  Memory memory_;
};

// A simulated accelerator in another process, which `seigo device` made at this socket. Throws Error (open).
std::unique_ptr<Transport> open_simulated(const std::string& socket);

// Names of a board's devices, and where they are.
struct Places {
  std::string root = "/";        // the folder with dev and sys; another one for tests
  std::string uio = "seigo";     // as in /sys/class/uio/uioN/name
  std::string memory = "seigo";  // as in /sys/class/u-dma-buf
};

// An accelerator on this board: UIO and u-dma-buf. Throws Error (open) with the file that is missing.
std::unique_ptr<Transport> open_uio(const Places& places);

}  // namespace seigo

#endif
