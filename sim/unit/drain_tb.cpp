// parameters: P=1
// parameters: P=2
// parameters: P=4
// parameters: P=8
//
// Testbench of drain: random passes; accumulators, residual rows and parameter sets carry their own names,
// so that every beat to the lanes can be told from plain loops over tiles, batches, groups and parts.
#include "Vseigo_drain.h"
#include "verilated.h"
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <random>
#include <vector>

static const int P = PARAM_P, LP = P >= 2 ? P / 2 : 1, Parts = P / LP;
static std::mt19937 rng(3);
static int pick(int low, int high) { return low + int(rng() % unsigned(high - low + 1)); }

struct Beat { bool first; int count, tile, group, part; };
struct Read { int half, group, part; };

int main() {
  Vseigo_drain dut;
  long cycles = 0, beats = 0;
  auto fail = [&](const char* what) { printf("drain_tb P=%d: %s at cycle %ld\n", P, what, cycles); exit(1); };
  std::deque<Beat> expected;
  std::deque<Read> reads;
  std::deque<int> set_words;      // tiles whose sets are to be loaded
  int word = 0, residual_row = 0, rows = 0, in_flight = 0, batches_left = 0, undrained = 0;
  bool residual = false;

  auto cycle = [&](bool start) {
    dut.start_i = start;
    dut.done_i = batches_left > 0 && undrained < 2 && pick(0, 3) == 0;
    if (dut.done_i) { batches_left--; undrained++; }
    bool send = !set_words.empty() && (word > 0 || dut.parameter_ready_o) && pick(0, 1);
    dut.parameter_valid_i = send;
    dut.parameter_index_i = word;
    dut.parameter_commit_i = send && word == 3;
    for (int i = 0; i < 8; i++) dut.parameter_data_i[i] = send ? set_words.front() * 4 + word : 0xdead;
    if (send && ++word == 4) { word = 0; set_words.pop_front(); }
    dut.residual_valid_i = residual && residual_row < rows && pick(0, 2) != 0;
    for (int i = 0; i < 4 * P; i++) dut.residual_data_i[i] = residual_row * P + i / 4;
    dut.credit_i = in_flight > 0 && pick(0, 2) != 0;
    dut.aclk = 0;
    dut.eval();
    if (dut.credit_i) in_flight--;
    if (dut.residual_ready_o) {
      if (!dut.residual_valid_i) fail("a residual row is taken that is not there");
      residual_row++;
    }
    if (dut.batch_drained_o) undrained--;
    if (dut.drain_o) {
      if (reads.empty()) fail("a read too many");
      Read r = reads.front();
      reads.pop_front();
      if (r.half != dut.drain_half_o || r.group != dut.drain_group_o || r.part != dut.drain_part_o) { printf("half %d %d group %d %d part %d %d\n", r.half, dut.drain_half_o, r.group, dut.drain_group_o, r.part, dut.drain_part_o); fail("wrong read"); }
      if (++in_flight > 32) fail("more than the queue holds");
    }
    if (dut.lane_valid_o) {
      Beat e = expected.front();
      expected.pop_front();
      beats++;
      if (e.first != dut.lane_first_o || e.count != dut.lane_count_o) fail("wrong beat");
      for (int w = 0; w < 4; w++)
        if (int(dut.lane_parameters_o[8 * w]) != e.tile * 4 + w) fail("wrong parameters");
      if (residual)
        for (int l = 0; l < LP; l++)
          if (int(dut.lane_residual_o[4 * l]) != e.group * P + e.part * LP + l) fail("wrong residual");
    }
    dut.aclk = 1;
    dut.eval();
    cycles++;
  };
  dut.aresetn = 0;
  for (int i = 0; i < 4; i++) cycle(false);
  dut.aresetn = 1;
  int half = 0;
  for (int n = 0; n < 300; n++) {
    int tiles = pick(1, 4), pixels = pick(0, 1) ? pick(1, 3 * P) : pick(1, 40 * P);
    int groups = (pixels + P - 1) / P, batches = (groups + 15) / 16, base = pick(1, 1000) * 8;
    residual = pick(0, 1);
    rows = residual ? tiles * groups : 0;
    residual_row = 0;
    for (int i = 0; i < 80; i++) dut.descriptor_i[i] = 0;
    dut.descriptor_i[2] = residual ? 2 << 4 : 0;
    dut.descriptor_i[3] = tiles;
    dut.descriptor_i[4] = groups / batches << 20;
    dut.descriptor_i[5] = batches | groups % batches << 16;
    dut.pixels_i = pixels;
    for (int t = 0; t < tiles; t++) {
      set_words.push_back(base + t);
      int group = 0;
      for (int b = 0; b < batches; b++, half ^= 1)
        for (int g = 0; g < groups / batches + (b < groups % batches); g++, group++)
          for (int part = 0; part < Parts; part++) {
            int left = pixels - group * P - part * LP;
            if (left <= 0) continue;
            expected.push_back({group == 0 && part == 0, left < LP ? left : LP, base + t, t * groups + group, part});
            reads.push_back({half, g, part});
          }
    }
    batches_left = tiles * batches;
    cycle(true);
    while ((dut.busy_o || !expected.empty()) && cycles < 4000000) cycle(false);
    if (!expected.empty() || undrained || batches_left || residual_row != rows) fail("work is left over");
  }
  printf("drain_tb P=%d: 300 passes, %ld beats in %ld cycles\n", P, beats, cycles);
  return 0;
}
