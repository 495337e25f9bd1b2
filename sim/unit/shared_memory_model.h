// What the shared memory has to do: owner tables, grants and memories as loops over blocks, domains and cycles.
// `shared_memory_tb.cpp` compares the module with it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

constexpr int P = PARAM_P;
constexpr int RowBits = PARAM_RowBits;
constexpr int Domains = PARAM_Domains;
constexpr int DomainRows = PARAM_DomainRows;
constexpr int Blocks = PARAM_Blocks;
constexpr int BlockRows = 1024 / P;
constexpr int Clients = 5;
constexpr int AgeLimit = 64;

using Word = std::array<uint32_t, 4>;
using Row = std::array<Word, P>;
using Mask = std::array<bool, 128>;

enum Client { Conv, Plane, Residual, Dma, Window, Stream, Table };

struct Masks {
  Mask stream_read{}, residual_read{}, dma_read{}, conv_write{}, plane_write{}, dma_write{};

  bool read(int b) const { return stream_read[b] || residual_read[b] || dma_read[b]; }
  bool written(int b) const { return conv_write[b] || plane_write[b] || dma_write[b]; }

  // The first block that breaks a rule, -1 if none does; what does not exist counts as block
  // `Blocks`.
  int conflict() const {
    for (int b = 0; b < Blocks; ++b) {
      int writers = conv_write[b] + plane_write[b] + dma_write[b];
      if (writers > 1) return b;
      if (writers == 1 && (stream_read[b] || dma_read[b])) return b;
      if (writers == 1 && residual_read[b] && !conv_write[b]) return b;
    }
    for (int b = Blocks; b < 128; ++b) {
      if (read(b) || written(b)) return Blocks;
    }
    return -1;
  }
};

struct Request {
  bool write = false;
  int row = 0;
  uint32_t enable = 0;
  Row data{};
};

struct Held {
  bool valid = false;
  int waited = 0;
  Request request;
};

struct Answer {
  bool read, refused;
  Row data;
};

struct Inputs {
  bool reset = false, busy = false, load = false, swap = false, clear = false;
  Masks masks;
  std::array<bool, P> a_read{};
  std::array<int, P> a_row{};
  std::array<bool, Clients> valid{};
  std::array<Request, Clients> request{};
};

class Model {
 public:
  std::vector<Row> memory = std::vector<Row>(Domains * DomainRows);
  std::array<Held, Clients> held;
  Masks now, next;
  bool ok = false, error = false;
  int error_client = 0, error_block = 0;
  std::map<int64_t, Row> stream_data;
  std::array<std::map<int64_t, Answer>, Clients> answers;
  std::array<int, Clients> longest{};
  std::array<uint64_t, 7> refused{};
  uint64_t performed = 0;

  // The clients whose request is decided in this cycle.
  std::array<bool, Clients> decide() const {
    std::array<bool, Clients> granted{};
    for (int domain = 0; domain < 1 << RowBits; domain += DomainRows) {
      int best = -1;
      for (bool aged : {true, false}) {
        for (int c = 0; c < Clients && best < 0; ++c) {
          bool here = held[c].valid && held[c].request.row / DomainRows == domain / DomainRows;
          if (here && (held[c].waited >= AgeLimit || !aged)) best = c;
        }
      }
      if (best >= 0) granted[best] = true;
    }
    return granted;
  }

  void step(int64_t cycle, const Inputs& in) {
    if (in.reset) return reset();
    auto granted = decide();
    std::vector<std::pair<int, int>> errors;
    Row out{};
    for (int bank = 0; bank < P; ++bank) {
      if (!in.a_read[bank]) continue;
      int block = in.a_row[bank] / BlockRows;
      if (block < Blocks && now.stream_read[block]) out[bank] = memory[in.a_row[bank]][bank];
      else errors.push_back({Stream, block});
    }
    stream_data[cycle + 4] = out;
    std::vector<Request> writes;
    for (int c = 0; c < Clients; ++c) {
      if (!granted[c]) continue;
      const Request& request = held[c].request;
      longest[c] = std::max(longest[c], held[c].waited);
      int block = request.row / BlockRows;
      Answer answer{!request.write, !allowed(c, request.write, block, in.busy), Row{}};
      if (answer.refused) errors.push_back({c, block});
      else if (request.write) writes.push_back(request);
      else answer.data = memory[request.row];
      if (!answer.refused) ++performed;
      answers[c][cycle + 4] = answer;
    }
    for (const Request& request : writes) {
      for (int bank = 0; bank < P; ++bank) {
        if (request.enable >> bank & 1) memory[request.row][bank] = request.data[bank];
      }
    }
    for (int c = 0; c < Clients; ++c) {
      if (granted[c]) held[c] = Held{};
      else if (held[c].valid) ++held[c].waited;
      if (in.valid[c] && !held[c].valid) held[c] = Held{true, 0, in.request[c]};
    }
    step_table(cycle, in);
    step_error(cycle, in, errors);
  }

 private:
  std::map<int64_t, std::pair<int, int>> raised_;
  int64_t loaded_ = -100;

  bool allowed(int c, bool write, int block, bool busy) const {
    if (block >= Blocks) return false;
    switch (c) {
      case Conv: return now.conv_write[block];
      case Plane: return now.plane_write[block];
      case Residual: return now.residual_read[block];
      case Dma: return write ? now.dma_write[block] : now.dma_read[block];
      default: return !busy || !(now.written(block) || (write && now.read(block)));
    }
  }

  void step_table(int64_t cycle, const Inputs& in) {
    bool was_ok = ok;
    if (in.swap && was_ok) {
      now = next;
      ok = false;
    }
    if (cycle == loaded_ + 2) {
      int conflict = next.conflict();
      ok = conflict < 0;
      if (conflict >= 0) raised_[cycle + 1] = {Table, conflict};
    }
    if (in.swap && !was_ok && !raised_.count(cycle + 1)) raised_[cycle + 1] = {Table, Blocks};
    if (in.load) {
      next = in.masks;
      loaded_ = cycle;
      ok = false;
    }
  }

  // Errors of this cycle's decisions are seen by the next, first by priority.
  void step_error(int64_t cycle, const Inputs& in, const std::vector<std::pair<int, int>>& errors) {
    std::pair<int, int> first = {-1, 0};
    if (raised_.count(cycle)) first = raised_[cycle];
    else if (!pending_.empty()) first = pending_.front();
    raised_.erase(cycle);
    for (const auto& [client, block] : pending_) ++refused[client];
    if (first.first == Table) ++refused[Table];
    if (in.clear) error = false;
    if (first.first >= 0 && !error) {
      error = true;
      error_client = first.first;
      error_block = first.second;
    }
    pending_ = errors;
  }

  void reset() {
    for (auto& h : held) h = Held{};
    now = Masks{};
    ok = error = false;
    loaded_ = -100;
    raised_.clear();
    pending_.clear();
    stream_data.clear();
    for (auto& list : answers) list.clear();
  }

  std::vector<std::pair<int, int>> pending_;
};
