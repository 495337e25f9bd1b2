// Frames on an accelerator, whatever the way to it. docs/driver.md has the protocol.
#ifndef SEIGO_DRIVER_H
#define SEIGO_DRIVER_H

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "seigo/bundle.h"
#include "seigo/transport.h"
#include "seigo_registers.h"

namespace seigo {

// What the counters say of a frame.
struct Counters {
  uint32_t cycles = 0;
  std::array<uint32_t, SEIGO_STALLS> stalls{};  // by cause: seigo_stall_name(cause)
};

struct Frame {
  std::vector<Numbers> outputs;  // of Bundle::outputs
  Counters counters;
};

// The processor's part of a frame: what a step reads, to what it has to write.
using Processor = std::function<std::vector<Numbers>(const Step&, const std::vector<Numbers>&)>;

// A bundle on an accelerator. One thread at a time may use it.
class Driver {
 public:
  // Checks version and hash of the design, ends what ran before, puts the program into memory. `timeout` is the
  // longest wait for the end of a frame, or for the processor's turn in it. Throws Error (mismatch, memory,
  // timeout).
  Driver(Bundle bundle, std::unique_ptr<Transport> transport,
         std::chrono::milliseconds timeout = std::chrono::seconds(10));

  const Bundle& bundle() const { return bundle_; }

  // Ends what runs and forgets submitted frames. Throws Error (timeout) when the bus never becomes quiet.
  void reset();

  // One frame; `image` is the whole image buffer. Throws as submit and collect.
  Frame frame(const std::vector<uint8_t>& image, const Processor& processor = nullptr);

  // Puts an image into memory, and starts its frame where none runs. Two frames may wait. Throws Error (argument).
  void submit(const std::vector<uint8_t>& image);

  // Waits for the oldest frame, starts the next one, and gives the outputs of the former. On an Error (fault,
  // timeout, or one of `processor`) all submitted frames are forgotten; the next one may be submitted.
  Frame collect(const Processor& processor = nullptr);

 private:
  static constexpr size_t kSlots = 2;  // one image comes in while another one is computed
  struct Slot {
    size_t image = 0;
    size_t output = 0;
  };

  void identify();
  void place();
  void start();
  void finish(const Processor& processor);
  void step(const Processor& processor);
  void address(uint32_t low, size_t offset);
  void acknowledge();
  [[noreturn]] void fault(uint32_t status);

  Bundle bundle_;
  std::unique_ptr<Transport> transport_;
  std::chrono::milliseconds timeout_;
  std::array<Slot, kSlots> slots_{};
  size_t scratch_ = 0;
  std::deque<size_t> waiting_;  // slots of submitted frames, oldest first
  size_t next_ = 0;
  bool runs_ = false;  // the oldest of them
};

}  // namespace seigo

#endif
