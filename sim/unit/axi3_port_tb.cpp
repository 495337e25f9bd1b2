// The AXI3 port of Zynq-7000 behind the accelerator's master: random bursts with random pauses on every channel against a
// memory of 64-bit words that answers in order, some with errors. Checked: data both ways, the number of bursts and beats,
// the rules of AXI3 (length, WLAST, 4 KiB, what is offered stays), the worse of two answers.
// parameters: Depth=4
// parameters: Depth=1
#include <deque>
#include <vector>

#include "Vseigo_axi3_port.h"
#include "testbench.h"
#include "verilated.h"

static VerilatedContext context;
static Vseigo_axi3_port top{&context};
static Checker check{"axi3_port"};
static Random rng(77);
static int64_t cycle = 0;
static int patience = 2;  // one in so many cycles something is offered or taken

constexpr uint32_t Bytes = 1 << 16;
static std::vector<uint64_t> memory(Bytes / 8);

// Answer of a word: some words answer with SLVERR, few with DECERR.
static int answer(uint32_t address) { return address % 4096 == 1032 ? 2 : address % 8192 == 16 ? 3 : 0; }

struct Burst {
  uint32_t address;
  int beats;
};

// What the accelerator wants and what the port was asked for, oldest first.
static std::deque<Burst> wide_writes, wide_reads, wide_write_data, port_writes, port_reads, port_write_data;
static std::deque<int> answers;      // of writes of the port, when their data are there
static std::deque<int> worst_write;  // of wide writes, computed when they are made
static std::deque<Burst> expected_reads;
static int wide_beat = 0, port_beat = 0, read_beat = 0, expected_beat = 0;
static std::vector<uint64_t> shadow(Bytes / 8);  // what the writes should leave
static int issued = 0, ended = 0, reads_ended = 0;

static uint64_t word(uint32_t address, int beat, int half) {
  return (uint64_t{address} << 32) * 2654435761u + 0x9e3779b97f4a7c15ull * (2 * beat + half + 1);
}
static int strobe(uint32_t address, int beat) {
  return static_cast<int>((address / 16 + 7 * beat) * 40503 % 65536) | (address % 32 ? 0 : 0xffff);
}

static Burst random_burst(bool upper) {
  int beats = static_cast<int>(rng.extreme(1, 16));
  uint32_t page = static_cast<uint32_t>(rng.in(0, Bytes / 8192 - 1)) * 4096 + (upper ? Bytes / 2 : 0);
  return {page + 16 * static_cast<uint32_t>(rng.extreme(0, 256 - beats)), beats};
}

// Writes go to the lower half, reads to the upper one, so that their order does not matter.
static void make_write() {
  Burst burst = random_burst(false);
  wide_writes.push_back(burst);
  wide_write_data.push_back(burst);
  int worst = 0;
  // A port's burst answers once, with the worst of its words.
  for (int beat = 0; beat < burst.beats; ++beat)
    for (int half = 0; half < 2; ++half) {
      uint32_t at = burst.address + 16 * beat + 8 * half;
      worst = std::max(worst, answer(at));
      for (int lane = 0; lane < 8; ++lane)
        if (strobe(burst.address, beat) >> (8 * half + lane) & 1) {
          uint64_t mask = 0xffull << 8 * lane;
          shadow[at / 8] = (shadow[at / 8] & ~mask) | (word(burst.address, beat, half) & mask);
        }
    }
  worst_write.push_back(worst);
  ++issued;
}

// A channel on which the bench offers: keeps what it offered until it is taken.
static bool offer(bool offered, bool something) { return offered || (something && rng.one_in(patience)); }

// What the port offered and was not taken must stay.
struct Held {
  bool valid = false;
  uint64_t value = 0;
  void see(bool now, bool taken, uint64_t what, const char* name) {
    if (valid) {
      check.equal(now, 1, name, cycle);
      check.equal(static_cast<int64_t>(what), static_cast<int64_t>(value), name, cycle);
    }
    valid = now && !taken;
    value = what;
  }
};
static Held held_aw, held_ar, held_w;

static void drive() {
  top.s_awvalid = offer(top.s_awvalid, !wide_writes.empty());
  if (!wide_writes.empty()) {
    top.s_awaddr = wide_writes.front().address;
    top.s_awlen = wide_writes.front().beats - 1;
  }
  top.s_arvalid = offer(top.s_arvalid, !wide_reads.empty());
  if (!wide_reads.empty()) {
    top.s_araddr = wide_reads.front().address;
    top.s_arlen = wide_reads.front().beats - 1;
  }
  top.s_wvalid = offer(top.s_wvalid, !wide_write_data.empty());
  if (!wide_write_data.empty()) {
    const Burst& burst = wide_write_data.front();
    for (int half = 0; half < 2; ++half) {
      set_bits(top.s_wdata, 64 * half, 32, static_cast<uint32_t>(word(burst.address, wide_beat, half)));
      set_bits(top.s_wdata, 64 * half + 32, 32, word(burst.address, wide_beat, half) >> 32);
    }
    top.s_wstrb = strobe(burst.address, wide_beat);
    top.s_wlast = wide_beat == burst.beats - 1;
  }
  top.s_bready = rng.one_in(patience);
  top.s_rready = rng.one_in(patience);
  top.m_awready = rng.one_in(patience);
  top.m_arready = rng.one_in(patience);
  top.m_wready = rng.one_in(patience);
  // An answer needs the address too, which may come after the data.
  top.m_bvalid = offer(top.m_bvalid, !answers.empty() && !port_writes.empty());
  if (top.m_bvalid) top.m_bresp = answers.front();
  top.m_rvalid = offer(top.m_rvalid, !port_reads.empty());
  if (!port_reads.empty()) {
    const Burst& burst = port_reads.front();
    uint32_t at = burst.address + 8 * read_beat;
    top.m_rdata = memory[at / 8];
    top.m_rresp = answer(at);
    top.m_rlast = read_beat == burst.beats - 1;
  }
}

static void take_port() {
  held_aw.see(top.m_awvalid, top.m_awready, top.m_awaddr * 16ull + top.m_awlen, "AW of the port stays");
  held_ar.see(top.m_arvalid, top.m_arready, top.m_araddr * 16ull + top.m_arlen, "AR of the port stays");
  held_w.see(top.m_wvalid, top.m_wready, top.m_wdata ^ top.m_wlast ^ uint64_t{top.m_wstrb} << 8, "W of the port stays");
  if (top.m_awvalid && top.m_awready) {
    Burst burst{top.m_awaddr, top.m_awlen + 1};
    check.equal(burst.address / 4096, (burst.address + 8 * burst.beats - 1) / 4096, "4 KiB", burst.address);
    port_writes.push_back(burst);
    port_write_data.push_back(burst);
  }
  if (top.m_arvalid && top.m_arready) {
    Burst burst{top.m_araddr, top.m_arlen + 1};
    check.equal(burst.address / 4096, (burst.address + 8 * burst.beats - 1) / 4096, "4 KiB", burst.address);
    port_reads.push_back(burst);
  }
}

// Data of the port's writes, which wait here until their address is known.
struct Beat {
  uint64_t data;
  int strobe;
  bool last;
};
static std::deque<Beat> beats;

static void store() {
  while (!beats.empty() && !port_write_data.empty()) {
    Burst& burst = port_write_data.front();
    Beat beat = beats.front();
    beats.pop_front();
    uint32_t at = burst.address + 8 * port_beat;
    for (int lane = 0; lane < 8; ++lane)
      if (beat.strobe >> lane & 1) {
        uint64_t mask = 0xffull << 8 * lane;
        memory[at / 8] = (memory[at / 8] & ~mask) | (beat.data & mask);
      }
    bool last = ++port_beat == burst.beats;
    check.equal(beat.last, last, "WLAST", at);
    if (!last) continue;
    int worst = 0;
    for (int i = 0; i < burst.beats; ++i) worst = std::max(worst, answer(burst.address + 8 * i));
    answers.push_back(worst);
    port_write_data.pop_front();
    port_beat = 0;
  }
}

static void take_wide() {
  if (top.s_awvalid && top.s_awready) wide_writes.pop_front();
  if (top.s_arvalid && top.s_arready) {
    expected_reads.push_back(wide_reads.front());
    wide_reads.pop_front();
  }
  if (top.s_wvalid && top.s_wready && ++wide_beat == wide_write_data.front().beats) {
    wide_write_data.pop_front();
    wide_beat = 0;
  }
  if (top.s_bvalid && top.s_bready) {
    if (worst_write.empty()) return check.equal(1, 0, "an answer too many", cycle);
    check.equal(top.s_bresp, worst_write.front(), "answer of a write", cycle);
    worst_write.pop_front();
    ++ended;
  }
  if (top.s_rvalid && top.s_rready) {
    if (expected_reads.empty()) return check.equal(1, 0, "a beat too many", cycle);
    const Burst& burst = expected_reads.front();
    uint32_t at = burst.address + 16 * expected_beat;
    for (int half = 0; half < 2; ++half) {
      uint64_t got = bits(top.s_rdata, 64 * half, 32) | uint64_t{bits(top.s_rdata, 64 * half + 32, 32)} << 32;
      check.equal(static_cast<int64_t>(got), static_cast<int64_t>(memory[at / 8 + half]), "read data", at);
    }
    check.equal(top.s_rresp, std::max(answer(at), answer(at + 8)), "answer of a read", at);
    bool last = ++expected_beat == burst.beats;
    check.equal(top.s_rlast, last, "RLAST", at);
    if (last) {
      expected_reads.pop_front();
      expected_beat = 0;
      ++reads_ended;
    }
  }
}

static void tick() {
  drive();
  top.eval();
  bool w = top.m_wvalid && top.m_wready, b = top.m_bvalid && top.m_bready, r = top.m_rvalid && top.m_rready;
  bool aw = top.s_awvalid && top.s_awready, ar = top.s_arvalid && top.s_arready, sw = top.s_wvalid && top.s_wready;
  Beat beat{top.m_wdata, top.m_wstrb, static_cast<bool>(top.m_wlast)};
  take_port();
  take_wide();
  if (w) beats.push_back(beat);
  store();
  if (b) {
    answers.pop_front();
    port_writes.pop_front();
  }
  if (r && ++read_beat == port_reads.front().beats) {
    port_reads.pop_front();
    read_beat = 0;
  }
  top.aclk = 1;
  top.eval();
  top.aclk = 0;
  if (b) top.m_bvalid = 0;
  if (r) top.m_rvalid = 0;
  if (aw) top.s_awvalid = 0;
  if (ar) top.s_arvalid = 0;
  if (sw) top.s_wvalid = 0;
  top.eval();
  ++cycle;
}

int main() {
  for (size_t i = 0; i < memory.size(); ++i) shadow[i] = memory[i] = rng.next();
  top.aresetn = 0;
  for (int i = 0; i < 4; ++i) {
    top.aclk = 1;
    top.eval();
    top.aclk = 0;
    top.eval();
  }
  top.aresetn = 1;
  int reads = 0;
  for (int round = 0; round < 6; ++round) {
    patience = 1 + round % 3;
    for (int i = 0; i < 300; ++i) {
      make_write();
      wide_reads.push_back(random_burst(true));
      ++reads;
    }
    int64_t start = cycle;
    while ((ended < issued || reads_ended < reads) && cycle < start + 200000) tick();
    check.equal(ended, issued, "writes answered", round);
    check.equal(reads_ended, reads, "reads ended", round);
    check.equal(static_cast<int64_t>(worst_write.size() + answers.size() + port_reads.size()), 0, "nothing is left", round);
    for (size_t i = 0; i < memory.size(); ++i)
      check.equal(static_cast<int64_t>(memory[i]), static_cast<int64_t>(shadow[i]), "memory", 8 * i);
    // Without pauses half of a wide beat moves in every cycle, reads and writes side by side.
    if (patience == 1 && PARAM_Depth == 4) check.equal(cycle - start < 300 * 17 * 12 / 10 + 100 + 300 * 8, 1, "throughput", cycle - start);
  }
  return check.verdict();
}
