// DMA: random jobs both ways, of one plane and of several, against two memories of the bench's own; partial
// rows, odd addresses, queue, port stalls, read latency; nothing outside of a job is touched; clear in
// mid-job; the rates.
// parameters: P=4
// parameters: P=1
// parameters: P=2
// parameters: P=8
#include "Vdma_tb.h"
#include "axi_model.h"
#include "verilated.h"

using Top = Vdma_tb;
static VerilatedContext context;
static Top top{&context};
static Checker check{"dma"};
constexpr uint64_t Base = 0x3300000000;
constexpr int P = PARAM_P, Rows = 1024, Words = Rows * P, DdrWords = 8192;

struct Job {
  int base, words, place;
  bool to_memory;
  int planes = 0, stride = 0, pitch = 0;  // planes behind the first one
};

// The shared memory behind port B: a request is accepted when it likes, reads come back in order.
struct Port {
  std::vector<uint8_t> bytes = std::vector<uint8_t>(16 * Words);
  struct Answer {
    int row;
    uint64_t due;
  };
  std::deque<Answer> answers;
  Random random{51};
  int stall = 0;
  uint64_t cycle = 0;

  void drive() {
    top.port_ready_i = stall == 0 || !random.one_in(stall);
    top.port_rvalid_i = !answers.empty() && answers.front().due <= cycle;
    if (!top.port_rvalid_i) return;
    const uint8_t* row = &bytes[16 * P * answers.front().row];
    for (int i = 0; i < 4 * P; ++i)
      top.port_rdata_i[i] =
          row[4 * i] | row[4 * i + 1] << 8 | row[4 * i + 2] << 16 | static_cast<uint32_t>(row[4 * i + 3]) << 24;
    answers.pop_front();
  }

  void sample() {
    if (top.port_valid_o && top.port_ready_i) {
      int row = top.port_row_o;
      if (!top.port_write_o) {
        int wait = stall == 0 ? 0 : static_cast<int>(random.in(0, 6));
        uint64_t due = cycle + 5 + wait;
        if (!answers.empty()) due = std::max(due, answers.back().due + 1);
        answers.push_back({row, due});
      } else {
        for (int bank = 0; bank < P; ++bank)
          for (int k = 0; k < 16 && (top.port_enable_o >> bank & 1); ++k)
            bytes[16 * (P * row + bank) + k] = static_cast<uint8_t>(bits(top.port_data_o, 128 * bank + 8 * k, 8));
      }
    }
    ++cycle;
  }
};

struct Bench {
  AxiMemory memory{Base, 16 * DdrWords};
  AxiReadModel<Top> reads{top, memory, 52};
  AxiWriteModel<Top> writes{top, memory, 53};
  Port port;
  uint64_t errors = 0;

  // One cycle; whether an offered job was taken
  bool clock() {
    reads.drive();
    writes.drive();
    port.drive();
    top.eval();
    reads.sample();
    writes.sample();
    port.sample();
    errors += top.error_o;
    bool taken = top.job_valid_i && top.job_ready_o;
    top.aclk = 1;
    top.eval();
    top.aclk = 0;
    top.eval();
    return taken;
  }

  void offer(const Job& job) {
    top.job_valid_i = 1;
    top.job_base_i = job.base;
    top.job_words_i = job.words;
    top.job_address_i = Base + 16 * job.place;
    top.job_to_memory_i = job.to_memory;
    top.job_planes_i = job.planes;
    top.job_stride_i = job.stride;
    top.job_pitch_i = job.pitch;
    for (int i = 0; !clock(); ++i) limit(i);
    top.job_valid_i = 0;
    top.eval();
    check.equal(top.busy_o, 1, "busy after a job was taken", static_cast<int64_t>(port.cycle));
  }

  int64_t finish() {
    uint64_t begin = port.cycle;
    for (int i = 0; top.busy_o; ++i) {
      limit(i);
      clock();
    }
    check.equal(static_cast<int64_t>(writes.unanswered), 0, "unanswered writes when not busy", 0);
    return static_cast<int64_t>(port.cycle - begin);
  }

  static void limit(int i) {
    if (i < 200000) return;
    std::printf("dma: no progress\n");
    std::exit(EXIT_FAILURE);
  }
};

static void compare(const std::vector<uint8_t>& got, const std::vector<uint8_t>& want, const char* what) {
  for (size_t i = 0; i < want.size(); ++i) check.equal(got[i], want[i], what, static_cast<int64_t>(i));
}

int main() {
  Random random(54);
  Bench bench;
  for (uint8_t& byte : bench.memory.bytes) byte = static_cast<uint8_t>(random.next());
  for (uint8_t& byte : bench.port.bytes) byte = static_cast<uint8_t>(random.next());
  top.aresetn = 0;
  bench.clock();
  top.aresetn = 1;
  std::vector<uint8_t> ddr = bench.memory.bytes, shared = bench.port.bytes;
  for (int round = 0; round < 40; ++round) {
    AxiTiming timing;
    timing.latency_low = static_cast<int>(random.in(1, 100));
    timing.latency_high = timing.latency_low + static_cast<int>(random.in(0, 40));
    timing.address_stall = static_cast<int>(random.in(0, 3)) * 2;
    timing.data_stall = static_cast<int>(random.in(0, 3)) * 2;
    bench.reads.timing = bench.writes.timing = timing;
    bench.port.stall = static_cast<int>(random.in(0, 2)) * 2;
    for (int i = 0; i < 12; ++i) {
      Job job;
      job.words = static_cast<int>(random.one_in(10) ? 0 : random.one_in(2) ? random.in(1, 40) : random.in(1, 900));
      job.base = static_cast<int>(random.in(0, (Words - job.words) / P)) * P;
      job.place = static_cast<int>(random.in(0, DdrWords - job.words));
      job.to_memory = random.one_in(2);
      if (random.one_in(2)) {
        job.planes = static_cast<int>(random.in(0, 5));
        job.words = std::min(job.words, Words / 6 / P * P);
        int whole = (job.words + P - 1) / P * P;
        job.stride = static_cast<int>(random.in(whole, Words / 6)) / P * P;
        job.pitch = static_cast<int>(random.in(job.words, DdrWords / 6));
        job.base = static_cast<int>(random.in(0, (Words - job.planes * job.stride - whole) / P)) * P;
        job.place = static_cast<int>(random.in(0, DdrWords - job.planes * job.pitch - job.words));
      }
      bench.offer(job);
      for (int plane = 0; plane <= job.planes; ++plane) {
        int base = job.base + plane * job.stride, place = job.place + plane * job.pitch;
        auto from = job.to_memory ? ddr.begin() + 16 * place : shared.begin() + 16 * base;
        auto to = job.to_memory ? shared.begin() + 16 * base : ddr.begin() + 16 * place;
        std::copy(from, from + 16 * job.words, to);
      }
      if (random.one_in(4)) bench.finish();
    }
    bench.finish();
    compare(bench.memory.bytes, ddr, "DDR byte");
    compare(bench.port.bytes, shared, "shared memory byte");
    if (check.failures != 0) return check.verdict();
    if (round % 4 == 3) {
      Job job{0, static_cast<int>(random.in(100, 800)), 64, random.one_in(2)};
      bench.offer(job);
      for (int64_t wait = random.in(1, 400); wait > 0; --wait) bench.clock();
      top.clear_i = 1;
      for (int i = 0; i < 20 || !top.axi_idle_o; ++i) {
        Bench::limit(i);
        bench.clock();
      }
      top.clear_i = 0;
      bench.port.answers.clear();
      ddr = bench.memory.bytes;
      shared = bench.port.bytes;
    }
  }
  check.equal(static_cast<int64_t>(bench.errors), 0, "errors without a cause", 0);
  for (bool to_memory : {false, true}) {
    bench.errors = 0;
    bench.memory.broken = {(Base >> 4) + 100};
    bench.offer({0, 300, 0, to_memory});
    bench.finish();
    check.equal(static_cast<int64_t>(bench.errors), 1, "errors of a broken word", to_memory);
  }
  bench.memory.broken.clear();
  bench.reads.timing = bench.writes.timing = {100, 100, 0, 0};
  bench.port.stall = 0;
  for (bool to_memory : {true, false}) {
    bench.offer({0, 128, 0, to_memory, 4, 160, 1000});
    int64_t cycles = bench.finish();
    std::printf("dma: 5 x 128 words %s in %lld cycles, latency 100\n", to_memory ? "to the memory" : "to DDR",
                static_cast<long long>(cycles));
  }
  for (bool to_memory : {true, false}) {
    int words = P == 1 ? 1024 : 2048;
    bench.offer({0, words, 0, to_memory});
    int64_t cycles = bench.finish();
    std::printf("dma: %d words %s in %lld cycles, latency 100\n", words, to_memory ? "to the memory" : "to DDR",
                static_cast<long long>(cycles));
    check.equal(cycles < words + 300, 1, "a word a cycle", cycles);
  }
  return check.verdict();
}
