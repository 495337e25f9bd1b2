// The driver's parts that need no accelerator: files, hashes, tensors, and UIO and u-dma-buf in a folder of files
// that stands for /dev and /sys.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "seigo/bundle.h"
#include "seigo/driver.h"
#include "seigo/error.h"
#include "seigo/json.h"
#include "seigo/sha256.h"
#include "seigo_registers.h"

namespace {

using seigo::Bundle;
using seigo::Driver;
using seigo::Error;
using seigo::ErrorKind;
using seigo::Numbers;
using seigo::Places;
using seigo::Tensor;

int failures = 0;

void check(bool holds, const std::string& what) {
  if (holds) return;
  std::fprintf(stderr, "FAILED: %s\n", what.c_str());
  ++failures;
}

// Runs something that must fail so; its message has the word.
void refused(ErrorKind kind, const std::string& word, const std::function<void()>& run) {
  try {
    run();
    check(false, "no error with \"" + word + "\"");
  } catch (const Error& error) {
    const std::string text = error.what();
    check(error.kind() == kind && text.find(word) != std::string::npos, "\"" + text + "\" should name " + word);
    check(!error.advice().empty(), "no advice for \"" + text + "\"");
  }
}

std::string read(const std::string& path) {
  const std::vector<uint8_t> bytes = seigo::read_file(path);
  return std::string(bytes.begin(), bytes.end());
}

void write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string digest(const std::string& text) {
  return seigo::sha256(reinterpret_cast<const uint8_t*>(text.data()), text.size());
}

// The examples of FIPS 180-4, and the lengths around a block.
void hashes() {
  check(digest("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "digest of nothing");
  check(digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "digest of abc");
  check(digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        "digest of 56 bytes");
  check(digest(std::string(1000000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
        "digest of a million bytes");
}

void documents() {
  const seigo::Json json = seigo::Json::parse(R"( {"a": [1, -2], "b": {"c": "x\u00e9\n\"y"}, "d": true} )");
  check(json["a"].items()[1].number() == -2, "a number");
  check(json["b"]["c"].text() == "x\xC3\xA9\n\"y", "a string with escapes");
  for (const char* text : {"", "{", "[1,]", "{\"a\" 1}", "\"x", "1 2", "1.5", "nul", "{\"a\":1}}"}) {
    refused(ErrorKind::bundle, "JSON", [&] { seigo::Json::parse(text); });
  }
  refused(ErrorKind::bundle, "`e`", [&] { (void)json["e"]; });
  refused(ErrorKind::bundle, "number", [&] { (void)json["b"].number(); });
  refused(ErrorKind::bundle, "nested", [] { seigo::Json::parse(std::string(1000, '[')); });
}

void tensors() {
  Tensor planes;
  planes.name = "planes";
  planes.channels = 3, planes.height = 2, planes.width = 2, planes.bits = 16;
  planes.offset = 32, planes.pitch = 4 * 32, planes.bytes = 2 * planes.pitch;
  planes.slots.assign(32, -1);
  planes.slots[1] = 2, planes.slots[15] = 0, planes.slots[16] = 1;
  Numbers numbers;
  for (int index = 0; index < 12; ++index) numbers.push_back(index * 2000 - 12000);
  std::vector<uint8_t> buffer(planes.offset + planes.bytes, 0xAA);
  planes.pack(numbers, buffer.data());
  check(planes.unpack(buffer.data()) == numbers, "planes come back");
  // Channel 2, pixel 3: slot 1 of the first plane.
  const size_t at = planes.offset + 3 * 32 + 2;
  check(static_cast<int16_t>(buffer[at] | buffer[at + 1] << 8) == numbers[11], "a number in its slot");
  check(buffer[planes.offset] == 0xAA, "padding stays");
  refused(ErrorKind::argument, "planes", [&] { planes.pack({1, 2}, buffer.data()); });

  Tensor pixels;
  pixels.pixels = true;
  pixels.channels = 3, pixels.height = 2, pixels.width = 2, pixels.bits = 8, pixels.pitch = 16, pixels.bytes = 32;
  for (int& number : numbers) number = number / 200;
  std::vector<uint8_t> image(32);
  pixels.pack(numbers, image.data());
  check(pixels.unpack(image.data()) == numbers, "pixels come back");
  check(image[16 + 3 + 1] == numbers[4 + 3] + 128, "a channel in its pixel");
  check(seigo::difference({pixels}, {numbers}, {numbers}).empty(), "equal tensors");
  Numbers other = numbers;
  other[7] += 1;
  check(seigo::difference({pixels}, {numbers}, {other}).find("channel 1, row 1, column 1") != std::string::npos,
        "the place of a difference");
}

// A board of files: registers that hold what is written, memory of `bytes`.
struct Board {
  explicit Board(const std::string& folder, const Bundle& bundle, size_t bytes) : root(folder) {
    for (const char* name : {"", "/dev", "/sys", "/sys/class", "/sys/class/uio", "/sys/class/uio/uio0",
                             "/sys/class/uio/uio4", "/sys/class/u-dma-buf", "/sys/class/u-dma-buf/seigo"}) {
      mkdir((root + name).c_str(), 0777);
    }
    write(root + "/sys/class/uio/uio0/name", "another\n");
    write(root + "/sys/class/uio/uio4/name", "seigo\n");
    std::string registers(SEIGO_REGISTER_WINDOW, '\0');
    const uint64_t hash = std::strtoull(bundle.design.c_str(), nullptr, 16);
    const uint32_t version = SEIGO_REGISTER_VERSION;
    std::memcpy(&registers[SEIGO_REG_VERSION], &version, 4);
    std::memcpy(&registers[SEIGO_REG_HASH_LOW], &hash, 8);
    write(root + "/dev/uio4", registers);
    write(root + "/dev/seigo", std::string(bytes, '\0'));
    write(memory("phys_addr"), "0x0000000870000000\n");
    write(memory("size"), std::to_string(bytes) + "\n");
    write(memory("dma_coherent"), "0\n");
    write(memory("sync_for_device"), "");
    write(memory("sync_for_cpu"), "");
  }
  std::string memory(const std::string& name) const { return root + "/sys/class/u-dma-buf/seigo/" + name; }
  Places places() const {
    Places places;
    places.root = root;
    return places;
  }
  std::string root;
};

void devices(const Bundle& bundle, const std::string& folder) {
  const size_t bytes = size_t{1} << 20;
  const Board board(folder + "/board", bundle, bytes);
  const auto open = [&] { return Driver(bundle, seigo::open_uio(board.places())); };
  {
    auto transport = seigo::open_uio(board.places());
    check(transport->memory().address == 0x870000000 && transport->memory().bytes == bytes, "place of the memory");
    transport->write(SEIGO_REG_COUNT, 0x12345678);
    check(transport->read(SEIGO_REG_COUNT) == 0x12345678, "a register holds its value");
    transport->to_device(4096 + 70, 100);
    // From 4096 + 64 to 4096 + 192: 128 bytes, to the device.
    check(read(board.memory("sync_for_device")) == "0x0000104000000085", "cache lines to the device");
    transport->to_processor(0, 1);
    check(read(board.memory("sync_for_cpu")) == "0x0000000000000049", "cache lines to the processor");
    refused(ErrorKind::open, "another driver", [&] { seigo::open_uio(board.places()); });
  }
  open();
  check(read(board.root + "/dev/seigo").compare(0, bundle.program.size(),
                                                std::string(bundle.program.begin(), bundle.program.end())) == 0,
        "the program is in memory");
  const auto without = [&](const std::string& path, const std::string& content, ErrorKind kind,
                           const std::string& word) {
    const std::string before = read(path);
    if (content.empty()) unlink(path.c_str());
    else write(path, content);
    refused(kind, word, open);
    write(path, before);
  };
  without(board.root + "/dev/uio4", "", ErrorKind::open, "uio4");
  without(board.root + "/dev/seigo", "", ErrorKind::open, "/dev/seigo");
  without(board.root + "/sys/class/uio/uio4/name", "third\n", ErrorKind::open, "no device");
  without(board.memory("phys_addr"), "", ErrorKind::open, "phys_addr");
  without(board.memory("phys_addr"), "none\n", ErrorKind::open, "phys_addr");
  without(board.memory("size"), "8192\n", ErrorKind::memory, "8192");
  without(board.memory("sync_for_cpu"), "", ErrorKind::open, "sync_for_cpu");
  without(board.root + "/dev/uio4", std::string(SEIGO_REGISTER_WINDOW, '\0'), ErrorKind::mismatch, "version 0");
  Bundle other = bundle;
  other.design = "0123456789abcdef";
  refused(ErrorKind::mismatch, "0123456789abcdef", [&] { Driver(other, seigo::open_uio(board.places())); });
  // A bus that never becomes quiet.
  std::string registers = read(board.root + "/dev/uio4");
  registers[SEIGO_REG_STATUS] = SEIGO_REG_STATUS_CLEARING_MASK;
  without(board.root + "/dev/uio4", registers, ErrorKind::timeout, "quiet");
  open();
  Driver driver = open();
  const std::vector<uint8_t> image(bundle.image_bytes);
  refused(ErrorKind::argument, "no frame", [&] { driver.collect(); });
  refused(ErrorKind::argument, "bytes", [&] { driver.submit({1, 2, 3}); });
  driver.submit(image);
  driver.submit(image);
  refused(ErrorKind::argument, "two frames", [&] { driver.submit(image); });
  refused(ErrorKind::open, "none.socket", [] { seigo::open_simulated("none.socket"); });
}

// An accelerator that keeps time: an access to a register takes one step, moving memory one for every byte, a frame
// `frame` of them. It counts the steps from the end of a frame to the start of the next one.
class Clocked : public seigo::Transport {
 public:
  Clocked(const Bundle& bundle, size_t frame) : hash_(std::strtoull(bundle.design.c_str(), nullptr, 16)), frame_(frame), bytes_(size_t{1} << 20) {
    memory_.address = 0x1000;
    memory_.bytes = bytes_.size();
    memory_.data = bytes_.data();
  }

  uint32_t read(uint32_t offset) override {
    step(1);
    switch (offset) {
      case SEIGO_REG_VERSION: return SEIGO_REGISTER_VERSION;
      case SEIGO_REG_HASH_LOW: return static_cast<uint32_t>(hash_);
      case SEIGO_REG_HASH_HIGH: return static_cast<uint32_t>(hash_ >> 32);
      case SEIGO_REG_CONTROL: return std::exchange(done_, false) ? SEIGO_REG_CONTROL_DONE_MASK : 0;
      default: return 0;
    }
  }
  void write(uint32_t offset, uint32_t value) override {
    step(1);
    if (offset != SEIGO_REG_CONTROL || (value & SEIGO_REG_CONTROL_START_MASK) == 0) return;
    check(!runs_, "no frame starts while one runs");
    if (frames++ > 0) idle += now_ - end_;
    runs_ = true;
    end_ = now_ + frame_;
  }
  bool wait(std::chrono::milliseconds) override {
    step(runs_ ? end_ - now_ : 0);
    return true;
  }
  void to_device(size_t, size_t bytes) override { step(bytes); }
  void to_processor(size_t, size_t bytes) override { step(bytes); }

  size_t frames = 0, idle = 0;

 private:
  void step(size_t count) {
    now_ += count;
    if (!runs_ || now_ < end_) return;
    runs_ = false;
    done_ = true;
  }

  uint64_t hash_;
  size_t frame_, now_ = 0, end_ = 0;
  bool runs_ = false, done_ = false;
  std::vector<uint8_t> bytes_;
};

// With two frames under way neither images nor outputs are moved while the accelerator stands still.
void throughput(const Bundle& bundle) {
  const size_t moved = bundle.image_bytes + bundle.output_bytes, frame = 2 * moved;
  auto own = std::make_unique<Clocked>(bundle, frame);
  Clocked& device = *own;
  Driver driver(bundle, std::move(own));
  const std::vector<uint8_t> image(bundle.image_bytes);
  constexpr size_t kFrames = 50;
  driver.submit(image);
  for (size_t index = 0; index < kFrames; ++index) {
    if (index + 1 < kFrames) driver.submit(image);
    driver.collect();
  }
  const size_t each = device.idle / (kFrames - 1);
  check(device.frames == kFrames && each < 40 && bundle.image_bytes > 400 && bundle.output_bytes > 40,
        std::to_string(each) + " steps between frames of " + std::to_string(frame));
  std::printf("%zu steps between frames of %zu\n", each, frame);
}

void damaged(const Bundle& bundle, const std::string& folder) {
  const auto copy = [&](const std::string& name, const std::string& text) {
    for (const char* own : {"device.json", "program.bin", "check.bin"}) {
      write(folder + "/" + own, own == name ? text : read(bundle.folder + "/" + own));
    }
    return folder;
  };
  std::string program = read(bundle.folder + "/program.bin");
  program[program.size() / 2] = static_cast<char>(program[program.size() / 2] ^ 1);
  refused(ErrorKind::mismatch, "program.bin", [&] { Bundle(copy("program.bin", program)); });
  const std::string description = read(bundle.folder + "/device.json");
  refused(ErrorKind::bundle, "JSON", [&] { Bundle(copy("device.json", description.substr(0, description.size() / 2))); });
  std::string vectors = read(bundle.folder + "/check.bin");
  for (const std::string& text : {vectors.substr(0, vectors.size() - 1), vectors + "x", std::string("SEIGO")}) {
    refused(ErrorKind::bundle, "check.bin", [&] { Bundle(copy("check.bin", text)).vectors(); });
  }
  refused(ErrorKind::open, "device.json", [&] { Bundle(folder + "/none"); });
}

}  // namespace

// driver-test BUNDLE FOLDER: the folder is empty and may be written to.
int main(int count, char** arguments) {
  if (count != 3) return 2;
  try {
    const Bundle bundle(arguments[1]);
    hashes();
    documents();
    tensors();
    devices(bundle, arguments[2]);
    throughput(bundle);
    damaged(bundle, arguments[2]);
  } catch (const std::exception& error) {
    check(false, error.what());
  }
  std::printf("%d failed\n", failures);
  return failures == 0 ? 0 : 1;
}
