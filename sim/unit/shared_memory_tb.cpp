// parameters: P=1 RowBits=16 Domains=24 DomainRows=1024 Blocks=24
// parameters: P=2 RowBits=15 Domains=22 DomainRows=1024 Blocks=44
// parameters: P=4 RowBits=14 Domains=4 DomainRows=4096 Blocks=61
// parameters: P=8 RowBits=13 Domains=2 DomainRows=4096 Blocks=64
// parameters: P=4 RowBits=9 Domains=1 DomainRows=256 Blocks=1
//
// Random passes with legal and broken owner tables, all clients at random and at full load,
// accesses inside and outside of what is granted, swaps and resets in the middle of the traffic.
// The model (shared_memory_model.h) says for every cycle what each output has to be; at the end the memories
// are compared word by word.
#include <array>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "Vseigo_shared_memory.h"
#include "shared_memory_model.h"
#include "testbench.h"
#include "verilated.h"
#include "verilated_syms.h"

namespace {

template <typename Port>
void put(Port& port, int lsb, int width, uint64_t value) {
  if constexpr (std::is_integral_v<Port>) {
    uint64_t mask = ((width == 64 ? 0 : 1ull << width) - 1) << lsb;
    port = static_cast<Port>((port & ~mask) | (value << lsb & mask));
  } else {
    set_bits(port, lsb, width, value);
  }
}

template <typename Port>
void put_row(Port& port, const Row& row) {
  for (int bank = 0; bank < P; ++bank) {
    for (int i = 0; i < 4; ++i) port[bank * 4 + i] = row[bank][i];
  }
}

template <typename Port>
bool row_is(const Port& port, const Row& row) {
  for (int bank = 0; bank < P; ++bank) {
    for (int i = 0; i < 4; ++i) {
      if (port[bank * 4 + i] != row[bank][i]) return false;
    }
  }
  return true;
}

class Traffic {
 public:
  explicit Traffic(uint64_t seed) : random_(seed) {}

  // One cycle of inputs; requests that were not taken stay.
  Inputs next(const Inputs& before, const Model& model, const std::array<bool, Clients>& ready) {
    if (--left_ < 0) new_phase();
    Inputs in;
    in.busy = busy_;
    in.clear = random_.one_in(20);
    in.load = random_.one_in(60);
    if (in.load) in.masks = masks();
    in.swap = model.ok ? random_.one_in(8) : random_.one_in(500);
    for (int bank = 0; bank < P; ++bank) {
      in.a_read[bank] = random_.in(0, 99) < stream_load_;
      in.a_row[bank] = row(model.now.stream_read);
    }
    for (int c = 0; c < Clients; ++c) {
      if (before.valid[c] && !ready[c]) {
        in.valid[c] = true;
        in.request[c] = before.request[c];
      } else {
        in.valid[c] = random_.in(0, 99) < load_[c];
        in.request[c] = request(c, model.now);
      }
    }
    return in;
  }

 private:
  Random random_;
  int left_ = 0;
  bool busy_ = false;
  int stream_load_ = 0;
  int stray_ = 0;
  int focus_ = -1;
  std::array<int, Clients> load_{};

  void new_phase() {
    left_ = static_cast<int>(random_.in(50, 600));
    busy_ = !random_.one_in(4);
    stream_load_ = static_cast<int>(random_.extreme(0, 100));
    stray_ = random_.one_in(3) ? static_cast<int>(random_.in(0, 30)) : 0;
    focus_ = random_.one_in(2) ? static_cast<int>(random_.in(0, Domains - 1)) : -1;
    for (int& load : load_) load = static_cast<int>(random_.extreme(0, 100));
  }

  // Every block gets a legal role; then, sometimes, one bit too many.
  Masks masks() {
    Masks m;
    for (int b = 0; b < Blocks; ++b) {
      switch (random_.in(0, 8)) {
        case 0: m.stream_read[b] = true; break;
        case 1: m.stream_read[b] = m.residual_read[b] = m.dma_read[b] = true; break;
        case 2: m.conv_write[b] = true; break;
        case 3: m.conv_write[b] = m.residual_read[b] = true; break;
        case 4: m.plane_write[b] = true; break;
        case 5: m.dma_write[b] = true; break;
        case 6: m.dma_read[b] = true; break;
        case 7: m.residual_read[b] = true; break;
        default: break;
      }
    }
    if (random_.one_in(4)) {
      Mask* all[] = {&m.stream_read, &m.residual_read, &m.dma_read,
                     &m.conv_write,  &m.plane_write,   &m.dma_write};
      int64_t last = random_.one_in(4) ? 127 : Blocks - 1;
      (*all[random_.in(0, 5)])[random_.in(0, last)] = true;
    }
    return m;
  }

  // A row of few, mostly one that the mask allows, at times anything.
  int row(const Mask& mask) {
    if (random_.in(0, 99) < stray_) return static_cast<int>(random_.in(0, (1 << RowBits) - 1));
    int block = static_cast<int>(random_.in(0, Blocks - 1));
    if (focus_ >= 0) {
      constexpr int each = DomainRows / BlockRows;
      block = focus_ * each + static_cast<int>(random_.in(0, each - 1));
      block = std::min(block, Blocks - 1);
    }
    for (int tries = 0; tries < 2 * Blocks && !mask[block]; ++tries) {
      block = focus_ >= 0 && tries < 8 ? std::min(block ^ 1, Blocks - 1) : (block + 1) % Blocks;
    }
    return block * BlockRows + static_cast<int>(random_.one_in(8) ? random_.in(0, BlockRows - 1)
                                                                   : random_.in(0, 3));
  }

  Request request(int c, const Masks& now) {
    Request r;
    r.write = c < 2 || (c > 2 && random_.one_in(2));
    Mask any;
    any.fill(true);
    const Mask* masks[] = {&now.conv_write, &now.plane_write, &now.residual_read,
                           r.write ? &now.dma_write : &now.dma_read, &any};
    r.row = row(*masks[c]);
    constexpr int all = (1 << P) - 1;
    r.enable = static_cast<uint32_t>(random_.one_in(3) ? random_.in(0, all) : all);
    for (auto& word : r.data) {
      for (auto& part : word) part = static_cast<uint32_t>(random_.next());
    }
    return r;
  }
};

class Bench {
 public:
  Checker check{"shared_memory"};

  int run(int64_t cycles) {
    fill();
    Traffic traffic(1);
    Random random(2);
    Inputs in;
    for (int64_t cycle = 0; cycle < cycles; ++cycle) {
      in = traffic.next(in, model_, ready_);
      in.reset = cycle < 4 || random.one_in(20000);
      drive(in);
      compare(cycle);
      model_.step(cycle, in);
      clock();
    }
    drive(Inputs{});
    for (int i = 0; i < 8; ++i) clock();
    for (int i = 0; i < 8; ++i) model_.step(cycles + i, Inputs{});
    compare_memory();
    std::printf("performed %llu; longest waits", static_cast<unsigned long long>(model_.performed));
    for (int c = 0; c < Clients; ++c) {
      std::printf(" %d", model_.longest[c]);
      check.equal(model_.longest[c] <= AgeLimit + c, 1, "bound of the wait", c);
    }
    std::printf("; refused");
    for (uint64_t n : model_.refused) std::printf(" %llu", static_cast<unsigned long long>(n));
    std::printf("\n");
    return check.verdict();
  }

 private:
  std::unique_ptr<Vseigo_shared_memory> top_ = std::make_unique<Vseigo_shared_memory>();
  Model model_;
  std::array<bool, Clients> ready_{};

  void clock() {
    top_->aclk = 1;
    top_->eval();
    top_->aclk = 0;
    top_->eval();
  }

  uint32_t* word(int domain, int bank, int row) {
    std::string name = "TOP.seigo_shared_memory.g_domain[" + std::to_string(domain) + "].memory.g_bank[" +
                       std::to_string(bank) + "].bank_ram";
    static std::map<std::string, uint32_t*> found;
    auto at = found.find(name);
    if (at == found.end()) {
      const VerilatedScope* scope = Verilated::scopeFind(name.c_str());
      if (scope == nullptr || scope->varFind("mem") == nullptr) {
        std::printf("no memory %s\n", name.c_str());
        std::exit(EXIT_FAILURE);
      }
      at = found.emplace(name, static_cast<uint32_t*>(scope->varFind("mem")->datap())).first;
    }
    return at->second + row * 4;
  }

  void fill() {
    top_->aclk = 0;
    top_->eval();
    Random random(3);
    for (int row = 0; row < Domains * DomainRows; ++row) {
      for (int bank = 0; bank < P; ++bank) {
        for (int i = 0; i < 4; ++i) {
          uint32_t value = static_cast<uint32_t>(random.next());
          model_.memory[row][bank][i] = value;
          word(row / DomainRows, bank, row % DomainRows)[i] = value;
        }
      }
    }
  }

  void compare_memory() {
    for (int row = 0; row < Domains * DomainRows; ++row) {
      for (int bank = 0; bank < P; ++bank) {
        bool same = std::memcmp(word(row / DomainRows, bank, row % DomainRows),
                                model_.memory[row][bank].data(), 16) == 0;
        check.equal(same, 1, "word in memory", row * P + bank);
      }
    }
  }

  void drive(const Inputs& in) {
    top_->aresetn = !in.reset;
    top_->busy_i = in.busy;
    top_->owner_load_i = in.load;
    top_->owner_swap_i = in.swap;
    top_->error_clear_i = in.clear;
    for (int b = 0; b < 128 && in.load; ++b) {
      set_bits(top_->owner_stream_read_i, b, 1, in.masks.stream_read[b]);
      set_bits(top_->owner_residual_read_i, b, 1, in.masks.residual_read[b]);
      set_bits(top_->owner_dma_read_i, b, 1, in.masks.dma_read[b]);
      set_bits(top_->owner_conv_write_i, b, 1, in.masks.conv_write[b]);
      set_bits(top_->owner_plane_write_i, b, 1, in.masks.plane_write[b]);
      set_bits(top_->owner_dma_write_i, b, 1, in.masks.dma_write[b]);
    }
    for (int bank = 0; bank < P; ++bank) {
      put(top_->a_read_i, bank, 1, in.a_read[bank]);
      put(top_->a_row_i, bank * RowBits, RowBits, static_cast<uint64_t>(in.a_row[bank]));
    }
    const auto& r = in.request;
    top_->conv_valid_i = in.valid[Conv];
    top_->conv_row_i = r[Conv].row;
    top_->conv_enable_i = r[Conv].enable;
    put_row(top_->conv_data_i, r[Conv].data);
    top_->plane_valid_i = in.valid[Plane];
    top_->plane_row_i = r[Plane].row;
    top_->plane_enable_i = r[Plane].enable;
    put_row(top_->plane_data_i, r[Plane].data);
    top_->residual_valid_i = in.valid[Residual];
    top_->residual_row_i = r[Residual].row;
    top_->dma_valid_i = in.valid[Dma];
    top_->dma_write_i = r[Dma].write;
    top_->dma_row_i = r[Dma].row;
    top_->dma_enable_i = r[Dma].enable;
    put_row(top_->dma_data_i, r[Dma].data);
    top_->window_valid_i = in.valid[Window];
    top_->window_write_i = r[Window].write;
    top_->window_row_i = r[Window].row;
    top_->window_enable_i = r[Window].enable;
    put_row(top_->window_data_i, r[Window].data);
    top_->eval();
  }

  void compare(int64_t cycle) {
    auto granted = model_.decide();
    int ready[] = {top_->conv_ready_o, top_->plane_ready_o, top_->residual_ready_o,
                   top_->dma_ready_o, top_->window_ready_o};
    for (int c = 0; c < Clients; ++c) {
      ready_[c] = ready[c];
      if (cycle == 0) continue;
      check.equal(ready[c], !model_.held[c].valid || granted[c], "ready", cycle);
      check.equal(top_->pending_o >> c & 1, model_.held[c].valid, "pending", cycle);
    }
    if (cycle < 4) return;
    check.equal(top_->owner_ok_o, model_.ok, "owner_ok", cycle);
    check.equal(top_->error_o, model_.error, "error", cycle);
    if (model_.error) {
      check.equal(top_->error_client_o, model_.error_client, "error client", cycle);
      check.equal(top_->error_block_o, model_.error_block, "error block", cycle);
    }
    if (model_.stream_data.count(cycle)) {
      check.equal(row_is(top_->a_data_o, model_.stream_data[cycle]), 1, "port A data", cycle);
      model_.stream_data.erase(cycle);
    }
    compare_answer(cycle, Residual, top_->residual_rvalid_o, false, top_->residual_rdata_o);
    compare_answer(cycle, Dma, top_->dma_rvalid_o, false, top_->dma_rdata_o);
    compare_answer(cycle, Window, top_->window_done_o, true, top_->window_rdata_o);
    if (top_->window_done_o) {
      auto answer = model_.answers[Window].find(cycle);
      bool refused = answer != model_.answers[Window].end() && answer->second.refused;
      check.equal(top_->window_refused_o, refused, "window refused", cycle);
    }
  }

  template <typename Port>
  void compare_answer(int64_t cycle, int c, bool valid, bool writes, const Port& data) {
    auto at = model_.answers[c].find(cycle);
    bool want = at != model_.answers[c].end() && (writes || at->second.read);
    check.equal(valid, want, "answer", cycle);
    if (want && valid && at->second.read) {
      check.equal(row_is(data, at->second.data), 1, "read data", cycle);
    }
  }
};

}  // namespace

int main() {
  Bench bench;
  return bench.run(60000);
}
