// The simulated accelerator: docs/driver.md has the messages.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "posix.h"
#include "seigo/error.h"
#include "seigo/transport.h"

namespace seigo {

namespace {

enum Operation : uint32_t { kHello = 0, kMemory = 1, kRead = 2, kWrite = 3, kWait = 4 };
enum Outcome : uint32_t { kDone = 0, kBusy = 1 };
constexpr uint32_t kVersion = 1;
// The simulation must answer within this time, beyond what it was asked to wait.
constexpr int64_t kPatience = 60000;

struct Reply {
  uint32_t outcome;
  uint32_t value;
  uint64_t extra;
};

uint64_t little(const uint8_t* bytes, size_t count) {
  uint64_t number = 0;
  for (size_t index = count; index-- > 0;) number = number << 8 | bytes[index];
  return number;
}

class Simulated : public Transport {
 public:
  explicit Simulated(const std::string& path) : path_(path), socket_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const char* advice = "start it with `seigo device BUNDLE --socket PATH`";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
      throw Error(ErrorKind::open, "the socket's name is too long: " + path, "take a shorter one");
    }
    std::memcpy(address.sun_path, path.c_str(), path.size());
    if (socket_.number() < 0 ||
        connect(socket_.number(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      fail("cannot open the simulated device " + path, advice);
    }
    const Reply hello = exchange(kHello, 0, 0, 0);
    if (hello.outcome == kBusy) {
      throw Error(ErrorKind::open, "another driver holds " + path, "end it first");
    }
    if (hello.outcome != kDone || hello.value != kVersion) {
      throw Error(ErrorKind::open, path + " speaks another version", "build both anew");
    }
    const std::string file = path + ".memory";
    memory_.address = hello.extra;
    memory_.bytes = static_cast<size_t>(ask(kMemory, 0, 0, 0).extra);
    map_ = Map(open_file(file), memory_.bytes, file);
    memory_.data = map_.data();
  }

  uint32_t read(uint32_t offset) override { return ask(kRead, offset, 0, 0).value; }
  void write(uint32_t offset, uint32_t value) override { ask(kWrite, offset, value, 0); }
  bool wait(std::chrono::milliseconds timeout) override {
    return ask(kWait, 0, static_cast<uint64_t>(timeout.count()), timeout.count()).value != 0;
  }
  // The memory is one file, which both see at once.
  void to_device(size_t, size_t) override {}
  void to_processor(size_t, size_t) override {}

 private:
  Reply ask(uint32_t operation, uint32_t offset, uint64_t value, int64_t extra_patience) {
    const Reply reply = exchange(operation, offset, value, extra_patience);
    if (reply.outcome != kDone) {
      throw Error(ErrorKind::open, "the simulated device refused a message", "build driver and simulation anew");
    }
    return reply;
  }

  Reply exchange(uint32_t operation, uint32_t offset, uint64_t value, int64_t extra_patience) {
    std::array<uint8_t, 16> bytes{};
    for (size_t index = 0; index < 4; ++index) {
      bytes[index] = static_cast<uint8_t>(operation >> (8 * index));
      bytes[4 + index] = static_cast<uint8_t>(offset >> (8 * index));
    }
    for (size_t index = 0; index < 8; ++index) bytes[8 + index] = static_cast<uint8_t>(value >> (8 * index));
    // Without a signal when the other side has ended; 16 bytes of a local socket go in one piece.
    if (send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size())) {
      lost();
    }
    for (size_t done = 0; done < bytes.size();) {
      if (!readable(socket_.number(), kPatience + extra_patience)) {
        throw Error(ErrorKind::timeout, "the simulated device " + path_ + " does not answer", "start it again");
      }
      const ssize_t count = recv(socket_.number(), bytes.data() + done, bytes.size() - done, 0);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) lost();
      done += static_cast<size_t>(count);
    }
    return {static_cast<uint32_t>(little(bytes.data(), 4)), static_cast<uint32_t>(little(bytes.data() + 4, 4)),
            little(bytes.data() + 8, 8)};
  }

  [[noreturn]] void lost() const {
    throw Error(ErrorKind::open, "the simulated device " + path_ + " has ended", "start it again");
  }

  std::string path_;
  File socket_;
  Map map_;
};

}  // namespace

std::unique_ptr<Transport> open_simulated(const std::string& socket) {
  return std::make_unique<Simulated>(socket);
}

}  // namespace seigo
