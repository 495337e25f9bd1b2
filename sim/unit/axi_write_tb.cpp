// AXI write master: random bursts against a memory of the bench's own; order of the data, outstanding bursts,
// error responses, clear in mid-burst (nothing further is written, every burst ends); the rate.
#include "Vseigo_axi_write.h"
#include "axi_model.h"
#include "verilated.h"

using Top = Vseigo_axi_write;
static VerilatedContext context;
static Top top{&context};
static Checker check{"axi_write"};
constexpr uint64_t Base = 0x7700000000;

struct Request {
  uint64_t address;
  int beats;
};

static std::vector<uint8_t> want;
static std::deque<uint64_t> places;
static uint64_t failures_due = 0, failures_seen = 0;

static void put_word(Random& random) {
  for (int i = 0; i < 4; ++i) top.data_i[i] = static_cast<uint32_t>(random.next());
}

// One cycle; returns whether the request was taken. `data` words may leave.
static bool cycle_once(Random& random, AxiMemory& memory, AxiWriteModel<Top>& axi, const Request* request, int gap) {
  top.req_valid_i = request != nullptr;
  if (request != nullptr) {
    top.req_address_i = request->address;
    top.req_beats_i = request->beats;
  }
  if (!top.data_valid_i && !places.empty() && (gap == 0 || !random.one_in(gap))) {
    top.data_valid_i = 1;
    put_word(random);
  }
  axi.drive();
  top.eval();
  axi.sample();
  bool taken = request != nullptr && top.req_ready_o;
  bool sent = top.data_valid_i && top.data_ready_o;
  if (sent) {
    check.equal(!places.empty(), 1, "data with a request", static_cast<int64_t>(axi.cycle));
    uint64_t place = places.front();
    places.pop_front();
    for (int k = 0; k < 16 && !memory.fails(place); ++k)
      want[place - Base + k] = static_cast<uint8_t>(bits(top.data_i, 8 * k, 8));
  }
  failures_seen += top.error_o;
  top.aclk = 1;
  top.eval();
  top.aclk = 0;
  if (sent) top.data_valid_i = 0;
  top.eval();
  return taken;
}

static void settle(Random& random, AxiMemory& memory, AxiWriteModel<Top>& axi) {
  for (int i = 0; i < 20000 && !(top.idle_o && places.empty()); ++i) cycle_once(random, memory, axi, nullptr, 0);
  cycle_once(random, memory, axi, nullptr, 0);
  check.equal(top.idle_o, 1, "idle", static_cast<int64_t>(axi.cycle));
  check.equal(static_cast<int64_t>(axi.unanswered), 0, "bursts when idle", static_cast<int64_t>(axi.cycle));
}

static void compare(const AxiMemory& memory) {
  for (size_t i = 0; i < want.size(); ++i) check.equal(memory.bytes[i], want[i], "byte", static_cast<int64_t>(i));
}

int main() {
  Random random(31);
  AxiMemory memory(Base, 1 << 15);
  for (uint8_t& byte : memory.bytes) byte = static_cast<uint8_t>(random.next());
  want = memory.bytes;
  AxiWriteModel<Top> axi(top, memory, 32);
  top.aresetn = 0;
  cycle_once(random, memory, axi, nullptr, 0);
  top.aresetn = 1;
  int words = static_cast<int>(memory.bytes.size() / 16);
  for (int round = 0; round < 60; ++round) {
    axi.timing.latency_low = static_cast<int>(random.in(1, 100));
    axi.timing.latency_high = axi.timing.latency_low + static_cast<int>(random.in(0, 40));
    axi.timing.address_stall = static_cast<int>(random.in(0, 3)) * 2;
    axi.timing.data_stall = static_cast<int>(random.in(0, 3)) * 2;
    bool clears = round % 4 == 3; 
    memory.broken.clear();
    if (round % 3 == 0) memory.broken.insert((Base >> 4) + static_cast<uint64_t>(random.in(0, words - 1)));
    int gap = static_cast<int>(random.in(0, 2)) * 2, pause = static_cast<int>(random.in(1, 30));
    for (int i = 0; i < 60; ++i) {
      Request request{Base + 16 * static_cast<uint64_t>(random.in(0, words - 17)), static_cast<int>(random.in(1, 16))};
      while (!random.one_in(pause)) cycle_once(random, memory, axi, nullptr, gap);
      while (!cycle_once(random, memory, axi, &request, gap)) {
      }
      bool first = false, second = false;
      for (int beat = 0; beat < request.beats; ++beat) {
        uint64_t place = request.address + 16 * beat;
        places.push_back(place);
        bool crossed = place / 4096 != request.address / 4096;
        (crossed ? second : first) |= memory.fails(place);
      }
      failures_due += first + second;
      if (clears && random.one_in(8)) {
        // What was taken is written; the rest of the burst writes nothing.
        for (int64_t wait = random.in(0, 30); wait > 0; --wait) cycle_once(random, memory, axi, nullptr, gap);
        places.clear();
        top.data_valid_i = 0;
        top.clear_i = 1;
        settle(random, memory, axi);
        top.clear_i = 0;
        compare(memory);
        failures_seen = failures_due = 0;
      }
    }
    settle(random, memory, axi);
    compare(memory);
    if (!clears) check.equal(static_cast<int64_t>(failures_seen), static_cast<int64_t>(failures_due), "errors", round);
    failures_seen = failures_due = 0;
  }
  check.equal(static_cast<int64_t>(axi.most), 16, "bursts unanswered at most", 0);

  axi.timing = {60, 60, 0, 0};
  memory.broken.clear();
  uint64_t before = 0, begin = 0;
  for (int i = 0; i < 100; ++i) {
    if (i == 30) {
      before = axi.beats;
      begin = axi.cycle;
    }
    Request request{Base + 256 * static_cast<uint64_t>(i), 16};
    while (!cycle_once(random, memory, axi, &request, 0)) {
    }
    for (int beat = 0; beat < 16; ++beat) places.push_back(request.address + 16 * beat);
    for (int beat = 0; beat < 15; ++beat) cycle_once(random, memory, axi, nullptr, 0);
  }
  std::printf("axi_write: %llu beats in %llu cycles, latency 60\n", static_cast<unsigned long long>(axi.beats - before),
              static_cast<unsigned long long>(axi.cycle - begin));
  check.equal(static_cast<int64_t>(axi.beats - before), static_cast<int64_t>(axi.cycle - begin), "beats a cycle", 0);
  settle(random, memory, axi);
  compare(memory);
  return check.verdict();
}
