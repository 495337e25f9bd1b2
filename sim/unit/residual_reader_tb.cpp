// parameters: P=1 RowBits=16
// parameters: P=2 RowBits=15
// parameters: P=4 RowBits=14
// parameters: P=8 RowBits=13
//
// Random views, a memory that refuses requests and answers 5 cycles after it takes one, lanes that
// eat at random. The rows have to be those of the loops over tiles and groups, none lost, none
// twice, none too many in flight; and at full speed one a cycle.
#include <deque>
#include <map>
#include <memory>

#include "Vseigo_residual_reader.h"
#include "testbench.h"
#include "verilated.h"

namespace {

constexpr int P = PARAM_P;
constexpr int RowBits = PARAM_RowBits;
constexpr int64_t Rows = 1ll << RowBits;
constexpr int MemoryLatency = 5;
constexpr int Places = 8;

// Part `i` of the row's data.
uint32_t content(int64_t row, int i) {
  return static_cast<uint32_t>((row * 0x9e3779b1u) ^ (static_cast<uint32_t>(i) * 0x85ebca6bu));
}

class Bench {
 public:
  Checker check{"residual_reader"};

  int run() {
    for (int i = 0; i < 3; ++i) clock(false, false, true);
    for (int pass = 0; pass < 300; ++pass) view(pass < 4);
    return check.verdict();
  }

 private:
  std::unique_ptr<Vseigo_residual_reader> top_ = std::make_unique<Vseigo_residual_reader>();
  Random random_{1};
  int64_t cycle_ = 0;
  int64_t in_flight_ = 0;
  std::deque<int64_t> asked_;
  std::map<int64_t, int64_t> answers_;

  void view(bool full_speed) {
    int64_t groups = random_.in(1, full_speed ? 400 : 60);
    int64_t tiles = random_.in(1, 5);
    int64_t base = random_.in(0, Rows / 2);
    int64_t stride = random_.in(groups, std::max<int64_t>(groups, Rows / 16));
    int grant = full_speed ? 100 : static_cast<int>(random_.extreme(10, 100));
    int eat = full_speed ? 100 : static_cast<int>(random_.extreme(10, 100));
    check.equal(top_->idle_o, 1, "idle before the start", cycle_);
    top_->base_i = static_cast<uint32_t>(base * P);
    top_->stride_i = static_cast<uint32_t>(stride * P);
    top_->groups_i = static_cast<uint32_t>(groups);
    top_->tiles_i = static_cast<uint32_t>(tiles);
    top_->start_i = 1;
    clock(false, false, false);
    top_->start_i = 0;
    std::deque<int64_t> want;
    for (int64_t tile = 0; tile < tiles; ++tile) {
      for (int64_t group = 0; group < groups; ++group) {
        want.push_back((base + tile * stride + group) % Rows);
      }
    }
    std::deque<int64_t> order = want;
    asked_.clear();
    int64_t begin = cycle_;
    int64_t count = static_cast<int64_t>(want.size());
    while (!want.empty() && cycle_ - begin < 100 * count + 1000) {
      bool ready = random_.in(0, 99) < eat;
      clock(random_.in(0, 99) < grant, ready, false);
      if (took_) {
        compare_row(want.front());
        want.pop_front();
      }
      while (!asked_.empty()) {
        check.equal(asked_.front(), order.empty() ? -1 : order.front(), "row asked", cycle_);
        if (!order.empty()) order.pop_front();
        asked_.pop_front();
      }
    }
    check.equal(static_cast<int64_t>(want.size()), 0, "rows that never came", cycle_);
    if (full_speed) {
      check.equal(cycle_ - begin, count + MemoryLatency + 1, "cycles of a view", cycle_);
    }
    for (int i = 0; i < 10; ++i) {
      clock(true, true, false);
      check.equal(took_ || !asked_.empty(), 0, "rows beyond the last", cycle_);
      check.equal(top_->idle_o, 1, "idle after the last", cycle_);
    }
  }

  bool took_ = false;
  uint32_t data_[4 * P];

  void compare_row(int64_t row) {
    bool same = true;
    for (int i = 0; i < 4 * P; ++i) same = same && data_[i] == content(row, i);
    check.equal(same, 1, "data of the row", row);
  }

  void clock(bool grant, bool ready, bool reset) {
    top_->aresetn = !reset;
    top_->request_ready_i = grant;
    top_->ready_i = ready;
    auto answer = answers_.find(cycle_);
    top_->answer_valid_i = answer != answers_.end();
    if (answer != answers_.end()) {
      for (int i = 0; i < 4 * P; ++i) top_->answer_data_i[i] = content(answer->second, i);
      answers_.erase(answer);
    }
    top_->eval();
    if (top_->request_valid_o && grant && !reset) {
      asked_.push_back(top_->request_row_o);
      answers_[cycle_ + MemoryLatency] = top_->request_row_o;
      ++in_flight_;
    }
    took_ = top_->valid_o && ready && !reset;
    if (took_) {
      --in_flight_;
      for (int i = 0; i < 4 * P; ++i) data_[i] = top_->data_o[i];
    }
    check.equal(in_flight_ <= Places, 1, "places of the queue", cycle_);
    top_->aclk = 1;
    top_->eval();
    top_->aclk = 0;
    top_->eval();
    ++cycle_;
  }
};

}  // namespace

int main() {
  Bench bench;
  return bench.run();
}
