// AXI read master: three clients with random requests against the memory's bytes; order, priority, patience,
// outstanding bursts, error responses, clear in mid-traffic; the rate with all clients asking.
#include <memory>

#include "Vseigo_axi_read.h"
#include "axi_model.h"
#include "verilated.h"

using Top = Vseigo_axi_read;
static VerilatedContext context;
static Top top{&context};
static Checker check{"axi_read"};
constexpr uint64_t Base = 0xab00000000;
constexpr int Patience = 16;

struct Client {
  bool asks = false;
  uint64_t address = 0;
  int beats = 0;
  int passed_over = 0;
  std::deque<uint64_t> expected;
};

static Client clients[3];

static void put_request(int i) {
  const Client& client = clients[i];
  if (client.asks) {
    top.req_valid_i |= 1 << i;
  } else {
    top.req_valid_i &= ~(1 << i);
  }
  set_bits(top.req_address_i, 40 * i, 40, client.address);
  top.req_beats_i = (top.req_beats_i & ~(31 << 5 * i)) | client.beats << 5 * i;
}

static void new_request(Random& random, int i, int words) {
  Client& client = clients[i];
  client.asks = true;
  client.beats = static_cast<int>(random.one_in(3) ? random.in(1, 16) : 16);
  client.address = Base + 16 * static_cast<uint64_t>(random.in(0, words - 17));
}

// What the arbiter has to answer, from the rule
static int expected_grant() {
  if (clients[1].asks && clients[1].passed_over >= Patience) return 1;
  if (clients[2].asks && clients[2].passed_over >= Patience) return 2;
  for (int i = 0; i < 3; ++i)
    if (clients[i].asks) return i;
  return -1;
}

static void watch_grant(int64_t cycle) {
  if (top.req_ready_o == 0) return;
  int want = expected_grant();
  check.equal(top.req_ready_o, want < 0 ? 0 : 1 << want, "grant", cycle);
  if (want < 0) return;
  for (int i = 0; i < 3; ++i)
    if (i != want && clients[i].asks) ++clients[i].passed_over;
  Client& client = clients[want];
  for (int i = 0; i < client.beats; ++i) client.expected.push_back(client.address + 16 * i);
  client.passed_over = 0;
  client.asks = false;
}

// The data that left the register: whose, which, and whether they failed
static void watch_data(AxiMemory& memory, int64_t cycle) {
  int valid = top.data_valid_o;
  if (valid == 0) {
    check.equal(top.error_o, 0, "error without data", cycle);
    return;
  }
  int i = valid == 1 ? 0 : valid == 2 ? 1 : 2;
  check.equal(valid, 1 << i, "one client", cycle);
  check.equal(!clients[i].expected.empty(), 1, "data that were asked for", cycle);
  if (clients[i].expected.empty()) return;
  uint64_t address = clients[i].expected.front();
  clients[i].expected.pop_front();
  for (int k = 0; k < 16; ++k) check.equal(bits(top.data_o, 8 * k, 8), memory.at(address)[k], "byte", cycle);
  check.equal(top.error_o, memory.fails(address), "error", cycle);
  if (top.error_o) check.equal(top.error_client_o, i, "client of the error", cycle);
}

static int clearing = 0;

static int64_t run(Random& random, AxiMemory& memory, AxiReadModel<Top>& axi, int cycles, const int* gaps,
                   bool clears) {
  int words = static_cast<int>(memory.bytes.size() / 16);
  uint64_t before = axi.beats;
  for (int cycle = 0; cycle < cycles; ++cycle) {
    if (clears && clearing == 0 && random.one_in(400)) clearing = static_cast<int>(random.in(1, 3));
    top.clear_i = clearing != 0;
    for (int i = 0; i < 3; ++i) {
      if (clearing == 0 && !clients[i].asks && gaps[i] != 0 && random.one_in(gaps[i])) new_request(random, i, words);
      if (clearing != 0) clients[i] = Client{};
      put_request(i);
    }
    axi.drive();
    top.eval();
    axi.sample();
    if (clearing != 0) {
      check.equal(top.req_ready_o, 0, "ready while cleared", cycle);
      // The register may still hold a beat of before in the first cycle of a clear.
      if (clearing > 3) check.equal(top.data_valid_o, 0, "data while cleared", cycle);
      clearing = top.idle_o && clearing > 3 ? 0 : std::max(clearing, 3) + 1;
      if (clearing == 0) check.equal(static_cast<int64_t>(axi.bursts.size()), 0, "bursts when idle", cycle);
    } else {
      watch_data(memory, cycle);
      watch_grant(cycle);
    }
    top.aclk = 1;
    top.eval();
    top.aclk = 0;
    top.eval();
  }
  return static_cast<int64_t>(axi.beats - before);
}

int main() {
  Random random(21);
  AxiMemory memory(Base, 1 << 16);
  for (uint8_t& byte : memory.bytes) byte = static_cast<uint8_t>(random.next());
  for (int i = 0; i < 60; ++i) memory.broken.insert((Base >> 4) + static_cast<uint64_t>(random.in(0, 4095)));
  AxiReadModel<Top> axi(top, memory, 22);
  const int none[3] = {0, 0, 0}, all[3] = {1, 1, 1};
  top.aresetn = 0;
  run(random, memory, axi, 3, none, false);
  top.aresetn = 1;
  for (int i = 0; i < 60; ++i) {
    axi.timing.latency_low = static_cast<int>(random.in(1, 200));
    axi.timing.latency_high = axi.timing.latency_low + static_cast<int>(random.in(0, 60));
    axi.timing.address_stall = static_cast<int>(random.in(0, 3)) * 2;
    axi.timing.data_stall = static_cast<int>(random.in(0, 3)) * 2;
    int gaps[3];
    for (int& gap : gaps) gap = static_cast<int>(random.one_in(3) ? 1 : random.in(0, 40));
    run(random, memory, axi, 1500, gaps, i % 3 == 2);
    run(random, memory, axi, 12000, none, false);
    for (const Client& client : clients)
      check.equal(static_cast<int64_t>(client.expected.size()), 0, "data that did not come", i);
    check.equal(top.idle_o, 1, "idle", i);
  }
  check.equal(static_cast<int64_t>(axi.most), 32, "bursts outstanding at most", 0);

  axi.timing = {60, 60, 0, 0};
  run(random, memory, axi, 1000, all, false);
  int64_t beats = run(random, memory, axi, 1000, all, false);
  std::printf("axi_read: %lld beats in 1000 cycles, latency 60\n", static_cast<long long>(beats));
  check.equal(beats, 1000, "beats in 1000 cycles", 0);
  return check.verdict();
}
