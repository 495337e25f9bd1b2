// A memory behind AXI4 (m_axi_gmem_*, 128 bit) for the unit testbenches: seeded latency and stalls, error
// responses, and the rules a master has to keep. Every cycle: `drive` the inputs, evaluate, `sample` the
// handshakes, clock.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <set>
#include <vector>

#include "testbench.h"

struct AxiMemory {
  uint64_t base;
  std::vector<uint8_t> bytes;
  // 16-byte words that answer SLVERR
  std::set<uint64_t> broken;

  AxiMemory(uint64_t base, size_t size) : base(base), bytes(size) {}

  uint8_t* at(uint64_t address) {
    if (address < base || address + 16 > base + bytes.size()) {
      std::printf("AXI access outside of the memory: %llx\n", static_cast<unsigned long long>(address));
      std::exit(EXIT_FAILURE);
    }
    return &bytes[address - base];
  }

  bool fails(uint64_t address) const { return broken.count(address >> 4) != 0; }
};

struct AxiTiming {
  int latency_low = 1, latency_high = 1;
  // One cycle in so many without ready or valid; 0: never
  int address_stall = 0, data_stall = 0;
};

inline void axi_rule(bool kept, const char* rule) {
  if (kept) return;
  std::printf("AXI rule broken: %s\n", rule);
  std::exit(EXIT_FAILURE);
}

inline void axi_burst_rules(uint64_t address, int length, int size, int burst) {
  axi_rule(address % 16 == 0, "address is a multiple of 16");
  axi_rule(length < 16, "at most 16 beats");
  axi_rule(size == 4, "16 bytes a beat");
  axi_rule(burst == 1, "INCR");
  axi_rule(address / 4096 == (address + 16 * length) / 4096, "no burst crosses 4 KiB");
}

template <typename Top>
struct AxiReadModel {
  struct Burst {
    uint64_t address;
    int beats;
    uint64_t due;
  };
  Top& top;
  AxiMemory& memory;
  AxiTiming timing;
  Random random;
  std::deque<Burst> bursts;
  uint64_t cycle = 0, beats = 0;
  size_t most = 0;
  bool offered = false, waiting = false;
  uint64_t waiting_address = 0;
  int waiting_length = 0;

  AxiReadModel(Top& top, AxiMemory& memory, uint64_t seed) : top(top), memory(memory), random(seed) {}

  void drive() {
    top.m_axi_gmem_arready = timing.address_stall == 0 || !random.one_in(timing.address_stall);
    if (!offered)
      offered = !bursts.empty() && bursts.front().due <= cycle &&
                (timing.data_stall == 0 || !random.one_in(timing.data_stall));
    top.m_axi_gmem_rvalid = offered;
    if (!offered) return;
    const Burst& burst = bursts.front();
    const uint8_t* data = memory.at(burst.address);
    for (int i = 0; i < 4; ++i)
      top.m_axi_gmem_rdata[i] = data[4 * i] | data[4 * i + 1] << 8 | data[4 * i + 2] << 16 |
                                static_cast<uint32_t>(data[4 * i + 3]) << 24;
    top.m_axi_gmem_rresp = memory.fails(burst.address) ? 2 : 0;
    top.m_axi_gmem_rlast = burst.beats == 1;
  }

  void sample() {
    if (offered && top.m_axi_gmem_rready) {
      offered = false;
      ++beats;
      bursts.front().address += 16;
      if (--bursts.front().beats == 0) bursts.pop_front();
    }
    if (waiting) {
      axi_rule(top.m_axi_gmem_arvalid, "ARVALID stays");
      axi_rule(top.m_axi_gmem_araddr == waiting_address, "ARADDR stays");
      axi_rule(top.m_axi_gmem_arlen == waiting_length, "ARLEN stays");
    }
    waiting = top.m_axi_gmem_arvalid && !top.m_axi_gmem_arready;
    waiting_address = top.m_axi_gmem_araddr;
    waiting_length = top.m_axi_gmem_arlen;
    if (top.m_axi_gmem_arvalid && top.m_axi_gmem_arready) {
      axi_burst_rules(top.m_axi_gmem_araddr, top.m_axi_gmem_arlen, top.m_axi_gmem_arsize, top.m_axi_gmem_arburst);
      uint64_t due = cycle + static_cast<uint64_t>(random.in(timing.latency_low, timing.latency_high));
      bursts.push_back({top.m_axi_gmem_araddr, top.m_axi_gmem_arlen + 1, due});
      most = std::max(most, bursts.size());
    }
    ++cycle;
  }
};

template <typename Top>
struct AxiWriteModel {
  struct Burst {
    uint64_t address;
    int beats;
    bool fails;
  };
  struct Beat {
    uint32_t data[4];
    int strobe;
    bool last;
  };
  Top& top;
  AxiMemory& memory;
  AxiTiming timing;
  Random random;
  std::deque<Burst> bursts;
  std::deque<Beat> data;
  struct Answer {
    uint64_t due;
    bool fails;
  };
  std::deque<Answer> answers;
  uint64_t cycle = 0, beats = 0;
  size_t most = 0, unanswered = 0;
  bool offered = false, address_waits = false, data_waits = false;
  uint64_t waiting_address = 0;
  int waiting_length = 0;
  Beat waiting_beat{};

  AxiWriteModel(Top& top, AxiMemory& memory, uint64_t seed) : top(top), memory(memory), random(seed) {}

  void drive() {
    top.m_axi_gmem_awready = timing.address_stall == 0 || !random.one_in(timing.address_stall);
    top.m_axi_gmem_wready = timing.data_stall == 0 || !random.one_in(timing.data_stall);
    if (!offered) offered = !answers.empty() && answers.front().due <= cycle;
    top.m_axi_gmem_bvalid = offered;
    top.m_axi_gmem_bresp = offered && answers.front().fails ? 2 : 0;
  }

  void sample() {
    if (offered && top.m_axi_gmem_bready) {
      offered = false;
      answers.pop_front();
      --unanswered;
    }
    if (address_waits) {
      axi_rule(top.m_axi_gmem_awvalid, "AWVALID stays");
      axi_rule(top.m_axi_gmem_awaddr == waiting_address, "AWADDR stays");
      axi_rule(top.m_axi_gmem_awlen == waiting_length, "AWLEN stays");
    }
    address_waits = top.m_axi_gmem_awvalid && !top.m_axi_gmem_awready;
    waiting_address = top.m_axi_gmem_awaddr;
    waiting_length = top.m_axi_gmem_awlen;
    if (top.m_axi_gmem_awvalid && top.m_axi_gmem_awready) {
      axi_burst_rules(top.m_axi_gmem_awaddr, top.m_axi_gmem_awlen, top.m_axi_gmem_awsize, top.m_axi_gmem_awburst);
      bursts.push_back({top.m_axi_gmem_awaddr, top.m_axi_gmem_awlen + 1, false});
      most = std::max(most, ++unanswered);
    }
    Beat beat{{top.m_axi_gmem_wdata[0], top.m_axi_gmem_wdata[1], top.m_axi_gmem_wdata[2], top.m_axi_gmem_wdata[3]},
              top.m_axi_gmem_wstrb,
              static_cast<bool>(top.m_axi_gmem_wlast)};
    if (data_waits) {
      axi_rule(top.m_axi_gmem_wvalid, "WVALID stays");
      axi_rule(std::equal(beat.data, beat.data + 4, waiting_beat.data), "WDATA stays");
      axi_rule(beat.last == waiting_beat.last && beat.strobe == waiting_beat.strobe, "WLAST and WSTRB stay");
    }
    data_waits = top.m_axi_gmem_wvalid && !top.m_axi_gmem_wready;
    waiting_beat = beat;
    if (top.m_axi_gmem_wvalid && top.m_axi_gmem_wready) data.push_back(beat);
    while (!data.empty() && !bursts.empty()) store();
    ++cycle;
  }

  void store() {
    Burst& burst = bursts.front();
    const Beat& beat = data.front();
    uint8_t* place = memory.at(burst.address);
    bool fails = memory.fails(burst.address);
    for (int i = 0; i < 16 && !fails; ++i)
      if (beat.strobe >> i & 1) place[i] = static_cast<uint8_t>(beat.data[i / 4] >> 8 * (i % 4));
    burst.fails |= fails;
    burst.address += 16;
    ++beats;
    axi_rule(beat.last == (burst.beats == 1), "WLAST with the last beat");
    data.pop_front();
    if (--burst.beats == 0) {
      uint64_t due = cycle + static_cast<uint64_t>(random.in(timing.latency_low, timing.latency_high));
      answers.push_back({due, burst.fails});
      bursts.pop_front();
    }
  }
};
