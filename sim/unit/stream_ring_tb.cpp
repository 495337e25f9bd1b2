// Stream ring: every word of streams of random length and start arrives once, in order, 2 cycles after its read;
// nothing that is not released is overwritten; the rate when the reader keeps up.
// parameters: RingWords=64
// parameters: RingWords=2048
#include "Vstream_ring_tb.h"
#include "axi_model.h"
#include "verilated.h"

using Top = Vstream_ring_tb;
static VerilatedContext context;
static Top top{&context};
static Checker check{"stream_ring"};
constexpr uint64_t Base = 0x5500000000;

static void clock(AxiReadModel<Top>& axi) {
  axi.drive();
  top.eval();
  axi.sample();
  top.aclk = 1;
  top.eval();
  top.aclk = 0;
  top.eval();
}

// Reads the stream in records of random length: waits for all of a record, reads it in any order (some words
// twice), frees it. Returns the cycles.
static int64_t run(AxiMemory& memory, AxiReadModel<Top>& axi, Random& random, uint64_t address, int words, int most,
                   bool shuffled, int pause) {
  top.start_i = 1;
  top.address_i = address;
  top.words_i = words;
  top.release_i = 0;
  clock(axi);
  top.start_i = 0;
  uint64_t begin = axi.cycle;
  struct Read {
    int word;
    uint64_t due;
  };
  std::deque<Read> reads;
  int done = 0, idle = 0;
  while (done < words) {
    int length = static_cast<int>(std::min<int64_t>(random.in(1, most), words - done));
    while (static_cast<int>(top.head_o) < done + length) {
      clock(axi);
      if (++idle > 20000) {
        std::printf("stream_ring: no progress at word %d of %d\n", done, words);
        std::exit(EXIT_FAILURE);
      }
    }
    idle = 0;
    check.equal(top.ended_o && static_cast<int>(top.head_o) != words, 0, "end before the end", done);
    int count = shuffled ? length + length / 2 : length;
    for (int i = 0; i < count || !reads.empty();) {
      bool go = i < count && (pause == 0 || !random.one_in(pause));
      top.read_i = go;
      if (go) {
        int word = done + (shuffled ? static_cast<int>(random.in(0, length - 1)) : i);
        top.read_index_i = word;
        reads.push_back({word, axi.cycle + 2});
        ++i;
        if (!shuffled) top.release_i = word;
      }
      if (!reads.empty() && reads.front().due == axi.cycle) {
        for (int k = 0; k < 32; ++k)
          check.equal(bits(top.data_o, 8 * k, 8), memory.bytes[address - Base + 32 * reads.front().word + k], "byte",
                      reads.front().word);
        reads.pop_front();
      }
      clock(axi);
    }
    done += length;
    top.release_i = done;
  }
  top.read_i = 0;
  clock(axi);
  clock(axi);
  check.equal(top.ended_o, 1, "end", words);
  check.equal(top.head_o, words, "words", words);
  check.equal(static_cast<int64_t>(axi.bursts.size()), 0, "bursts at the end", words);
  return static_cast<int64_t>(axi.cycle - begin);
}

int main() {
  Random random(41);
  AxiMemory memory(Base, 1 << 19);
  for (uint8_t& byte : memory.bytes) byte = static_cast<uint8_t>(random.next());
  AxiReadModel<Top> axi(top, memory, 42);
  top.aresetn = 0;
  clock(axi);
  top.aresetn = 1;
  for (int i = 0; i < 60; ++i) {
    axi.timing.latency_low = static_cast<int>(random.in(1, 150));
    axi.timing.latency_high = axi.timing.latency_low + static_cast<int>(random.in(0, 50));
    axi.timing.address_stall = static_cast<int>(random.in(0, 3)) * 2;
    axi.timing.data_stall = static_cast<int>(random.in(0, 3)) * 2;
    uint64_t address = Base + 16 * static_cast<uint64_t>(random.in(0, 1000));
    run(memory, axi, random, address, static_cast<int>(random.in(1, 4 * PARAM_RingWords)),
        static_cast<int>(random.in(1, PARAM_RingWords - 8)), random.one_in(2), static_cast<int>(random.in(0, 2)) * 2);
  }
  axi.timing = {100, 100, 0, 0};
  int words = 12000;
  run(memory, axi, random, Base, words, PARAM_RingWords - 8, false, 0);
  top.start_i = 1;
  top.address_i = Base;
  top.words_i = words;
  uint64_t begin = axi.cycle;
  do {
    top.release_i = top.start_i ? 0 : top.head_o;
    clock(axi);
    top.start_i = 0;
  } while (static_cast<int>(top.head_o) < words);
  int64_t cycles = static_cast<int64_t>(axi.cycle - begin);
  std::printf("stream_ring: %d words in %lld cycles, freed at once, latency 100\n", words, static_cast<long long>(cycles));
  return check.verdict();
}
