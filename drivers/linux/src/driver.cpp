#include "seigo/driver.h"

#include <cstdio>
#include <cstring>

#include "seigo/error.h"

namespace seigo {

namespace {

constexpr size_t kPage = 4096;
constexpr std::chrono::seconds kQuiet{2};  // longest wait for a quiet bus

size_t pages(size_t bytes) { return bytes == 0 ? kPage : (bytes + kPage - 1) / kPage * kPage; }

// A field of a register.
uint32_t field(uint32_t value, uint32_t mask, int lsb) { return (value & mask) >> lsb; }

}  // namespace

Driver::Driver(Bundle bundle, std::unique_ptr<Transport> transport, std::chrono::milliseconds timeout)
    : bundle_(std::move(bundle)), transport_(std::move(transport)), timeout_(timeout) {
  identify();
  place();
  reset();
  const std::vector<uint8_t>& program = bundle_.program;
  std::memcpy(transport_->memory().data, program.data(), program.size());
  transport_->to_device(0, program.size());
}

void Driver::identify() {
  const uint32_t version = transport_->read(SEIGO_REG_VERSION);
  if (version != bundle_.register_map || version != SEIGO_REGISTER_VERSION) {
    throw Error(ErrorKind::mismatch,
                "the registers have version " + std::to_string(version) + ", the bundle wants " +
                    std::to_string(bundle_.register_map) + ", this driver knows " +
                    std::to_string(SEIGO_REGISTER_VERSION),
                "load the bitstream of this bundle, and build the driver of the same release");
  }
  char found[17];
  std::snprintf(found, sizeof found, "%08x%08x", static_cast<unsigned>(transport_->read(SEIGO_REG_HASH_HIGH)),
                static_cast<unsigned>(transport_->read(SEIGO_REG_HASH_LOW)));
  if (found != bundle_.design) {
    throw Error(ErrorKind::mismatch,
                "the bitstream was made for design " + std::string(found) + ", the bundle is of design " +
                    bundle_.design,
                "load the bitstream that was made of this bundle");
  }
}

// Program, scratch buffer, then image and output buffer of every slot.
void Driver::place() {
  size_t end = pages(bundle_.program.size());
  const auto take = [&](size_t bytes) {
    const size_t start = end;
    end += pages(bytes);
    return start;
  };
  scratch_ = take(bundle_.scratch_bytes);
  for (Slot& slot : slots_) slot = {take(bundle_.image_bytes), take(bundle_.output_bytes)};
  if (end > transport_->memory().bytes) {
    throw Error(ErrorKind::memory,
                std::to_string(end) + " bytes of shared memory are needed, " +
                    std::to_string(transport_->memory().bytes) + " are there",
                "make the u-dma-buf larger in the device tree");
  }
}

void Driver::acknowledge() {
  transport_->write(SEIGO_REG_INTERRUPT_STATUS, transport_->read(SEIGO_REG_INTERRUPT_STATUS));
}

void Driver::reset() {
  waiting_.clear();
  runs_ = false;
  transport_->write(SEIGO_REG_GLOBAL_INTERRUPT, 0);
  transport_->write(SEIGO_REG_RESET, SEIGO_REG_RESET_NOW_MASK);
  const auto end = std::chrono::steady_clock::now() + kQuiet;
  while ((transport_->read(SEIGO_REG_STATUS) & SEIGO_REG_STATUS_CLEARING_MASK) != 0) {
    if (std::chrono::steady_clock::now() > end) {
      throw Error(ErrorKind::timeout, "the accelerator's bus does not become quiet after a reset",
                  "the memory port does not answer: load the bitstream again");
    }
  }
  transport_->write(SEIGO_REG_INTERRUPT_ENABLE, SEIGO_REG_INTERRUPT_ENABLE_DONE_MASK |
                                                    SEIGO_REG_INTERRUPT_ENABLE_PROCESSOR_MASK |
                                                    SEIGO_REG_INTERRUPT_ENABLE_ERROR_MASK);
  acknowledge();
  transport_->write(SEIGO_REG_GLOBAL_INTERRUPT, SEIGO_REG_GLOBAL_INTERRUPT_ENABLE_MASK);
  transport_->read(SEIGO_REG_CONTROL);  // clears Done of the frame before
}

Frame Driver::frame(const std::vector<uint8_t>& image, const Processor& processor) {
  submit(image);
  return collect(processor);
}

void Driver::submit(const std::vector<uint8_t>& image) {
  if (image.size() != bundle_.image_bytes) {
    throw Error(ErrorKind::argument,
                "an image buffer of " + std::to_string(image.size()) + " bytes is given, it has " +
                    std::to_string(bundle_.image_bytes),
                "give the whole image buffer, as Tensor::pack fills it");
  }
  if (waiting_.size() == kSlots) {
    throw Error(ErrorKind::argument, "two frames are submitted and not collected", "collect one first");
  }
  const size_t at = slots_[next_].image;
  std::memcpy(transport_->memory().data + at, image.data(), image.size());
  transport_->to_device(at, image.size());
  waiting_.push_back(next_);
  next_ = (next_ + 1) % kSlots;
  start();
}

Frame Driver::collect(const Processor& processor) {
  if (waiting_.empty()) throw Error(ErrorKind::argument, "no frame was submitted", "submit one first");
  try {
    finish(processor);
  } catch (...) {
    try {
      reset();
    } catch (const Error&) {
      // What went wrong first is told; an accelerator that cannot be reset shows it at the next frame.
    }
    throw;
  }
  Frame frame;
  frame.counters.cycles = transport_->read(SEIGO_REG_CYCLES);
  for (size_t cause = 0; cause < SEIGO_STALLS; ++cause) {
    frame.counters.stalls[cause] = transport_->read(SEIGO_REG_STALL_STREAM + 4 * static_cast<uint32_t>(cause));
  }
  const size_t at = slots_[waiting_.front()].output;
  waiting_.pop_front();
  runs_ = false;
  start();
  // The next frame runs while the outputs of this one are read.
  transport_->to_processor(at, bundle_.output_bytes);
  for (const Tensor& tensor : bundle_.outputs) {
    frame.outputs.push_back(tensor.unpack(transport_->memory().data + at));
  }
  return frame;
}

void Driver::address(uint32_t low, size_t offset) {
  const uint64_t address = transport_->memory().address + offset;
  transport_->write(low, static_cast<uint32_t>(address));
  transport_->write(low + 4, static_cast<uint32_t>(address >> 32));
}

void Driver::start() {
  if (waiting_.empty() || runs_) return;
  const Slot& slot = slots_[waiting_.front()];
  address(SEIGO_REG_STREAM_BASE_LOW, 0);
  address(SEIGO_REG_IMAGE_BASE_LOW, slot.image);
  address(SEIGO_REG_OUTPUT_BASE_LOW, slot.output);
  address(SEIGO_REG_SCRATCH_BASE_LOW, scratch_);
  transport_->write(SEIGO_REG_STREAM_WORDS, static_cast<uint32_t>(bundle_.program.size() / 32));
  runs_ = true;
  transport_->write(SEIGO_REG_CONTROL, SEIGO_REG_CONTROL_START_MASK);
}

void Driver::finish(const Processor& processor) {
  while (true) {
    const bool came = transport_->wait(timeout_);
    acknowledge();
    const uint32_t control = transport_->read(SEIGO_REG_CONTROL);
    const uint32_t status = transport_->read(SEIGO_REG_STATUS);
    if ((status & SEIGO_REG_STATUS_ERROR_MASK) != 0) fault(status);
    const bool done = (control & SEIGO_REG_CONTROL_DONE_MASK) != 0;
    const bool turn = (status & SEIGO_REG_STATUS_PROCESSOR_MASK) != 0;
    if (!came) {
      const std::string time = std::to_string(timeout_.count()) + " ms";
      if (done || turn) {
        throw Error(ErrorKind::timeout, "no interrupt came within " + time + ", though the frame went on",
                    "check the number of the interrupt in the device tree");
      }
      throw Error(ErrorKind::timeout, "the frame has not ended after " + time,
                  "check the clock of the programmable logic; the next frame may be tried");
    }
    if (done) return;
    if (turn) {
      step(processor);
      transport_->write(SEIGO_REG_RESUME, SEIGO_REG_RESUME_GO_MASK);
    }
  }
}

void Driver::step(const Processor& processor) {
  const uint32_t pass = field(transport_->read(SEIGO_REG_PASS), SEIGO_REG_PASS_RUNNING_MASK, SEIGO_REG_PASS_RUNNING_LSB);
  const Step* found = nullptr;
  for (const Step& own : bundle_.steps) found = own.pass == pass ? &own : found;
  if (found == nullptr) {
    throw Error(ErrorKind::mismatch,
                "the accelerator waits in pass " + std::to_string(pass) + ", where the bundle has no step",
                "load the bundle as it was built");
  }
  if (!processor) {
    throw Error(ErrorKind::argument, "the bundle has layers of the processor within the frame, and nothing computes them",
                "give a Processor");
  }
  uint8_t* scratch = transport_->memory().data + scratch_;
  transport_->to_processor(scratch_, bundle_.scratch_bytes);
  std::vector<Numbers> reads;
  for (const Tensor& tensor : found->reads) reads.push_back(tensor.unpack(scratch));
  const std::vector<Numbers> made = processor(*found, reads);
  if (made.size() != found->writes.size()) {
    throw Error(ErrorKind::argument,
                std::to_string(made.size()) + " tensors are given for a step of " +
                    std::to_string(found->writes.size()),
                "give one for each of Step::writes");
  }
  for (size_t index = 0; index < made.size(); ++index) {
    const Tensor& tensor = found->writes[index];
    tensor.pack(made[index], scratch);
    transport_->to_device(scratch_ + tensor.offset, tensor.bytes);
  }
}

// The registers of an error as a sentence.
void Driver::fault(uint32_t status) {
  const uint32_t code = field(status, SEIGO_REG_STATUS_ERROR_CODE_MASK, SEIGO_REG_STATUS_ERROR_CODE_LSB);
  const uint32_t error = transport_->read(SEIGO_REG_ERROR);
  const uint32_t pass = field(transport_->read(SEIGO_REG_PASS), SEIGO_REG_PASS_ERROR_MASK, SEIGO_REG_PASS_ERROR_LSB);
  const uint32_t client = field(error, SEIGO_REG_ERROR_CLIENT_MASK, SEIGO_REG_ERROR_CLIENT_LSB);
  const char* meaning = seigo_error_meaning(code);
  const char* advice = seigo_error_advice(code);
  const char* who = seigo_error_client(code, client);
  std::string text = meaning == nullptr ? "an error that this driver does not know" : meaning;
  text += " (code " + std::to_string(code);
  if (who != nullptr) text += std::string(", client ") + who;
  if (code == SEIGO_ERROR_OWNER || code == SEIGO_ERROR_ACCESS) {
    text += ", block " + std::to_string(field(error, SEIGO_REG_ERROR_BLOCK_MASK, SEIGO_REG_ERROR_BLOCK_LSB));
  }
  text += ", pass " + std::to_string(pass);
  if (pass < bundle_.passes.size()) text += " \"" + bundle_.passes[pass] + "\"";
  throw Error(ErrorKind::fault, text + ")", advice == nullptr ? "load bitstream and bundle again" : advice);
}

}  // namespace seigo
