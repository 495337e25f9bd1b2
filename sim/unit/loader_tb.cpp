// parameters: Reach=1
// parameters: Reach=2
// parameters: Reach=3 ParameterGap=1
//
// Testbench of loader: random passes in a stream whose words hold their own index. The expected words
// of every receiver come from plain loops over the stream's layout; the ring fills at random, receivers
// are ready at random, and no word may be read before it is written or after it is released.
#include "Vseigo_loader.h"
#include "verilated.h"
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <random>
#include <vector>

static std::mt19937 rng(2);
static int pick(int low, int high) { return low + int(rng() % unsigned(high - low + 1)); }
static const int RingWords = 512, FetchLatency = 6, DescriptorWords = 10;

struct Pass { int kind, tiles, steps, batches, filters, reach; bool padded, maximum; };
struct Word { int index, position, kind, filter; bool commit; int part = 0; };

int main() {
  Vseigo_loader dut;
  long cycle_count = 0;
  auto fail = [&](const char* what) { printf("loader_tb: %s at cycle %ld\n", what, cycle_count); exit(1); };

  std::vector<Pass> passes;
  std::vector<uint32_t> start_of;       // first word of the pass's records
  std::vector<std::vector<uint32_t>> descriptors;
  std::deque<Word> weights, lanes, planes;
  std::vector<std::vector<uint32_t>> stream;  // descriptor words by index, others empty
  for (int n = 0; n < 120; n++) {
    Pass p{};
    p.kind = pick(0, 4) == 0 ? 1 : pick(0, 9) == 0 ? 2 : 0;
    p.tiles = p.kind == 2 ? 0 : pick(1, 5);
    p.steps = pick(1, 6);
    p.batches = pick(1, 3);
    p.filters = p.kind == 1 ? pick(1, 2) : pick(0, 2);
    p.maximum = p.kind == 1 && pick(0, 1);
    if (p.maximum) p.filters = 1;
    p.reach = p.maximum ? 1 : pick(1, PARAM_Reach);
    int parts = p.reach * p.reach, of_filter = 5 * (parts - 1) + 9;
    p.padded = pick(0, 1);
    std::vector<uint32_t> d(80, 0);
    int per_step = p.padded ? 9 : 8;
    int parameters = (p.kind == 0 ? 4 : 0) + (p.maximum || p.kind == 2 ? 0 : of_filter * p.filters);
    int tile = parameters + (p.kind == 0 ? p.steps * per_step : 0);
    d[0] = uint32_t(p.kind) | 2 << 8 | 0x5E16u << 16;
    d[1] = n;
    d[2] = uint32_t(p.filters) << 2 | uint32_t(p.padded) << 6 | uint32_t(p.maximum) << 10;
    d[3] = p.tiles | p.steps << 16;
    d[5] = p.batches;
    d[25] = uint32_t(p.reach) << 2;
    d[15] = tile | parameters << 16;
    d[40] = rng();
    uint32_t sum = 0;
    for (int i = 0; i < 79; i++) sum += d[i];
    d[79] = ~sum;
    for (int w = 0; w < DescriptorWords; w++)
      stream.push_back(std::vector<uint32_t>(d.begin() + 8 * w, d.begin() + 8 * w + 8));
    passes.push_back(p);
    descriptors.push_back(d);
    int at = int(stream.size());
    for (int t = 0; t < p.tiles; t++) {
      int w = at + t * tile;
      if (p.kind == 0) for (int i = 0; i < 4; i++) lanes.push_back({w++, i, 0, 0, i == 3});
      if (!p.maximum)
        for (int f = 0; f < p.filters; f++)
          for (int n = 0; n < parts; n++) {
            bool ends = n + 1 == parts;
            int part = n / p.reach << 2 | n % p.reach;
            for (int i = 0; i < (ends ? 9 : 5); i++)
              planes.push_back({w++, i, 1, f, ends && i == 8 && f + 1 == p.filters, part});
          }
      if (p.kind == 0)
        for (int b = 0; b < p.batches; b++)
          for (int s = 0; s < p.steps * per_step; s++) weights.push_back({w + s, s % per_step, 2, 0, false});
    }
    for (int i = 0; i < p.tiles * tile; i++) stream.push_back({});
  }

  int head = 0, weight_words = 0;
  bool start_next = false;
  size_t running = 0, started = 0;
  int lane_sets = 0, plane_sets = 0;
  std::deque<int> reads(2, -1);
  std::deque<bool> taken(FetchLatency, false);  // swaps on their way to the array
  int shadow_words = 0;                         // words in the shadow registers
  bool first = true;
  int running_steps = 0;

  auto cycle = [&](bool frame) {
    dut.frame_i = frame;
    dut.head_i = head;
    dut.start_i = start_next;
    if (start_next) {
      for (int i = 0; i < 80; i++) dut.descriptor_i[i] = descriptors[running][i];
      const Pass& p = passes[running];
      running_steps = p.kind == 0 ? p.tiles * p.steps * p.batches : 0;
      started++;
      start_next = false;
    }
    dut.lane_ready_i = lane_sets < 2;
    dut.plane_ready_i = plane_sets < 2;
    int back = reads.front();
    reads.pop_front();
    for (int i = 0; i < 8; i++) {
      bool data = back >= 0 && !stream[back].empty();
      dut.ring_data_i[i] = data ? stream[back][i] : uint32_t(back);
    }
    dut.aclk = 0;
    dut.weights_take_i = 0;
    dut.eval();
    dut.weights_take_i = dut.weights_ready_o && running_steps > 0 && pick(0, 2) != 0;
    dut.eval();
    if (dut.weights_take_i) running_steps--;
    int read = -1;
    if (dut.ring_read_o) {
      read = int(dut.ring_index_o);
      if (read >= head) fail("a word is read before it is written");
      if (read < int(dut.release_o)) fail("a word is read after its release");
    }
    reads.push_back(read);
    // Array: the swap arrives FetchLatency cycles after the take, then all words must be there.
    taken.push_back(dut.weights_take_i);
    bool swap = taken.front();
    taken.pop_front();
    int step_words = started > 0 && passes[running].padded ? 9 : 8;
    if (swap) {
      if (shadow_words != step_words) fail("a weight tile is incomplete at its swap");
      shadow_words = 0;
    }
    if (dut.weight_valid_o) {
      if (weights.empty()) fail("a weight word too many");
      Word w = weights.front();
      weights.pop_front();
      if (int(dut.weight_data_o[0]) != w.index || int(dut.weight_index_o) != w.position) fail("wrong weight word");
      shadow_words++;
      weight_words++;
    }
    if (dut.lane_valid_o) {
      if (lanes.empty()) fail("a lane word too many");
      Word w = lanes.front();
      lanes.pop_front();
      if (int(dut.parameter_data_o[0]) != w.index || int(dut.lane_index_o) != w.position
          || bool(dut.lane_commit_o) != w.commit) fail("wrong lane word");
      if (w.position == 0 && lane_sets == 2) fail("a lane set without a place");
      if (w.commit) lane_sets++;
    } else if (dut.lane_commit_o) fail("commit without a word");
    if (dut.plane_valid_o) {
      if (planes.empty()) fail("a plane word too many");
      Word w = planes.front();
      planes.pop_front();
      if (int(dut.parameter_data_o[0]) != w.index || int(dut.plane_index_o) != w.position
          || int(dut.plane_filter_o) != w.filter || int(dut.plane_part_o) != w.part || bool(dut.plane_commit_o) != w.commit) fail("wrong plane word");
      if (w.position == 0 && w.filter == 0 && w.part == 0 && plane_sets == 2) fail("a plane set without a place");
      if (w.commit) plane_sets++;
    } else if (dut.plane_commit_o) fail("commit without a word");
    if (dut.next_valid_o && !dut.start_i && !start_next) {
      size_t next = first ? 0 : running + 1;
      for (int i = 0; i < 80; i++)
        if (dut.next_descriptor_o[i] != descriptors[next][i]) fail("wrong descriptor");
      if (dut.next_sum_o != 0xffffffffu) fail("wrong sum");
      if (started == (first ? 0 : running + 1) && running_steps == 0 && !dut.busy_o && pick(0, 3) == 0
          && lane_sets == 0 && plane_sets == 0 && shadow_words == 0) {
        running = next;
        first = false;
        start_next = true;
      }
    }
    int room = RingWords - (head - int(dut.release_o));
    if (room > 0 && head < int(stream.size()) && pick(0, cycle_count / 4096 % 2 ? 12 : 1) == 0) head++;
    if (lane_sets > 0 && pick(0, 60) == 0) lane_sets--;
    if (plane_sets > 0 && pick(0, 60) == 0) plane_sets--;
    dut.aclk = 1;
    dut.eval();
    cycle_count++;
  };
  dut.aresetn = 0;
  for (int i = 0; i < 4; i++) cycle(false);
  dut.aresetn = 1;
  cycle(true);
  while (cycle_count < 2000000 && !(started == passes.size() && running_steps == 0 && !dut.busy_o)) cycle(false);
  for (int i = 0; i < 20; i++) cycle(false);
  if (started != passes.size()) fail("passes are missing");
  if (!weights.empty() || !lanes.empty() || !planes.empty()) fail("words are missing");
  printf("loader_tb: %zu passes, %d weight words in %ld cycles\n", started, weight_words, cycle_count);
  return 0;
}
