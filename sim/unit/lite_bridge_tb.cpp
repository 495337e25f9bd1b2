// The bridge from a processor's port to AXI4-Lite: random bursts, single beats most of all, with random pauses on every
// channel, against a register file that answers some addresses with errors. Checked: every access reaches the right
// address once and in order, data and strobes, IDs, answers, RLAST; bursts that wrap reach nothing.
// parameters: IdBits=16 AddressBits=12
#include <algorithm>
#include <deque>
#include <vector>

#include "Vseigo_lite_bridge.h"
#include "testbench.h"
#include "verilated.h"

static VerilatedContext context;
static Vseigo_lite_bridge top{&context};
static Checker check{"lite_bridge"};
static Random rng(78);
static int64_t cycle = 0;
static int patience = 2;

enum Kind { Fixed = 0, Incr = 1, Wrap = 2 };

struct Burst {
  int id, address, beats, size, kind;
};
struct Access {
  int address;
  uint32_t data;
  int strobe;
};

static std::deque<Burst> writes, reads;            // to be offered
static std::deque<Burst> write_answers, read_data;  // to be answered
static std::deque<Access> beats;                    // of writes, to be offered
static std::deque<Access> expected_writes;          // that the registers must see
static std::deque<int> expected_reads;
static std::deque<int> got_address;                 // of writes at the registers, and their data
static std::deque<Access> got_data;
static std::deque<int> write_responses, read_responses;  // of the registers: address
static int read_beat = 0, left = 0;

static int answer(int address) { return address % 64 == 60 ? 2 : 0; }
static uint32_t value(int address) { return static_cast<uint32_t>(address) * 2654435761u + 5; }

static int address_of(const Burst& burst, int beat) {
  return (burst.address + (burst.kind == Fixed ? 0 : beat << burst.size)) & 0xfff;
}

static Burst random_burst() {
  int beats = rng.one_in(3) ? static_cast<int>(rng.in(1, 16)) : 1;
  int size = rng.one_in(4) ? static_cast<int>(rng.in(0, 1)) : 2;
  int kind = rng.one_in(12) ? Wrap : rng.one_in(4) ? Fixed : Incr;
  int address = static_cast<int>(rng.in(0, 0xfff - 64)) & ~((1 << size) - 1);
  return {static_cast<int>(rng.in(0, 0xffff)), address, beats, size, kind};
}

static void make() {
  Burst write = random_burst(), read = random_burst();
  writes.push_back(write);
  write_answers.push_back(write);
  for (int beat = 0; beat < write.beats; ++beat) {
    Access access{address_of(write, beat), static_cast<uint32_t>(rng.next()), static_cast<int>(rng.in(0, 15))};
    beats.push_back(access);
    if (write.kind != Wrap) expected_writes.push_back(access);
  }
  reads.push_back(read);
  read_data.push_back(read);
  for (int beat = 0; beat < read.beats; ++beat)
    if (read.kind != Wrap) expected_reads.push_back(address_of(read, beat));
  left += 2;
}

static bool offer(bool offered, bool something) { return offered || (something && rng.one_in(patience)); }

static void drive() {
  top.s_awvalid = offer(top.s_awvalid, !writes.empty());
  if (!writes.empty()) {
    const Burst& burst = writes.front();
    top.s_awid = burst.id;
    top.s_awaddr = burst.address;
    top.s_awlen = burst.beats - 1;
    top.s_awsize = burst.size;
    top.s_awburst = burst.kind;
  }
  top.s_wvalid = offer(top.s_wvalid, !beats.empty());
  if (!beats.empty()) {
    top.s_wdata = beats.front().data;
    top.s_wstrb = beats.front().strobe;
  }
  top.s_arvalid = offer(top.s_arvalid, !reads.empty());
  if (!reads.empty()) {
    const Burst& burst = reads.front();
    top.s_arid = burst.id;
    top.s_araddr = burst.address;
    top.s_arlen = burst.beats - 1;
    top.s_arsize = burst.size;
    top.s_arburst = burst.kind;
  }
  top.s_bready = rng.one_in(patience);
  top.s_rready = rng.one_in(patience);
  top.m_awready = rng.one_in(patience);
  top.m_wready = rng.one_in(patience);
  top.m_arready = rng.one_in(patience);
  top.m_bvalid = offer(top.m_bvalid, !write_responses.empty());
  if (!write_responses.empty()) top.m_bresp = answer(write_responses.front());
  top.m_rvalid = offer(top.m_rvalid, !read_responses.empty());
  if (!read_responses.empty()) {
    top.m_rdata = value(read_responses.front());
    top.m_rresp = answer(read_responses.front());
  }
}

static void registers() {
  if (top.m_awvalid && top.m_awready) got_address.push_back(top.m_awaddr);
  if (top.m_wvalid && top.m_wready) got_data.push_back({0, top.m_wdata, top.m_wstrb});
  while (!got_address.empty() && !got_data.empty()) {
    if (expected_writes.empty()) return check.equal(1, 0, "a write too many", cycle);
    Access wanted = expected_writes.front();
    check.equal(got_address.front(), wanted.address, "address of a write", cycle);
    check.equal(got_data.front().data, wanted.data, "data of a write", cycle);
    check.equal(got_data.front().strobe, wanted.strobe, "strobes of a write", cycle);
    write_responses.push_back(wanted.address);
    expected_writes.pop_front();
    got_address.pop_front();
    got_data.pop_front();
  }
  if (top.m_arvalid && top.m_arready) {
    if (expected_reads.empty()) return check.equal(1, 0, "a read too many", cycle);
    check.equal(top.m_araddr, expected_reads.front(), "address of a read", cycle);
    read_responses.push_back(expected_reads.front());
    expected_reads.pop_front();
  }
}

static void answers() {
  if (top.s_bvalid && top.s_bready) {
    Burst burst = write_answers.front();
    int worst = burst.kind == Wrap ? 2 : 0;
    for (int beat = 0; beat < burst.beats && burst.kind != Wrap; ++beat)
      worst = std::max(worst, answer(address_of(burst, beat)));
    check.equal(top.s_bid, burst.id, "ID of an answer", cycle);
    check.equal(top.s_bresp, worst, "answer of a write", cycle);
    write_answers.pop_front();
    --left;
  }
  if (top.s_rvalid && top.s_rready) {
    Burst burst = read_data.front();
    int address = address_of(burst, read_beat);
    check.equal(top.s_rid, burst.id, "ID of data", cycle);
    check.equal(top.s_rresp, burst.kind == Wrap ? 2 : answer(address), "answer of a read", cycle);
    if (burst.kind != Wrap) check.equal(top.s_rdata, value(address), "data of a read", cycle);
    bool last = ++read_beat == burst.beats;
    check.equal(top.s_rlast, last, "RLAST", cycle);
    if (last) {
      read_data.pop_front();
      read_beat = 0;
      --left;
    }
  }
}

static void tick() {
  drive();
  top.eval();
  bool aw = top.s_awvalid && top.s_awready, w = top.s_wvalid && top.s_wready, ar = top.s_arvalid && top.s_arready;
  bool b = top.m_bvalid && top.m_bready, r = top.m_rvalid && top.m_rready;
  if (b) write_responses.pop_front();
  if (r) read_responses.pop_front();
  registers();
  answers();
  if (aw) writes.pop_front();
  if (w) beats.pop_front();
  if (ar) reads.pop_front();
  top.aclk = 1;
  top.eval();
  top.aclk = 0;
  if (aw) top.s_awvalid = 0;
  if (w) top.s_wvalid = 0;
  if (ar) top.s_arvalid = 0;
  if (b) top.m_bvalid = 0;
  if (r) top.m_rvalid = 0;
  top.eval();
  ++cycle;
}

int main() {
  top.aresetn = 0;
  for (int i = 0; i < 4; ++i) {
    top.aclk = 1;
    top.eval();
    top.aclk = 0;
    top.eval();
  }
  top.aresetn = 1;
  for (int round = 0; round < 6; ++round) {
    patience = 1 + round % 3;
    for (int i = 0; i < 400; ++i) make();
    int64_t start = cycle;
    while (left > 0 && cycle < start + 400000) tick();
    check.equal(left, 0, "bursts without an answer", round);
    check.equal(static_cast<int64_t>(expected_writes.size() + expected_reads.size()), 0, "accesses that did not come", round);
  }
  return check.verdict();
}
