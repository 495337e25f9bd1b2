// Control registers over AXI4-Lite with random handshake timing: every register, the life of a frame (start, done,
// error, processor step, soft reset), interrupts, counters; and that no access to any address hangs.
// parameters: ConfigHash=64'h0123456789abcdef
#include "Vseigo_control_registers.h"
#include "seigo_registers.h"
#include "testbench.h"
#include "verilated.h"

using Top = Vseigo_control_registers;
static VerilatedContext context;
static Top top{&context};
static Checker check{"control_registers"};
static Random rng(61);
// Control register of a frame that runs, of an idle accelerator, and of a frame that has ended.
static constexpr uint32_t Started = SEIGO_REG_CONTROL_START_MASK, Idle = SEIGO_REG_CONTROL_IDLE_MASK;
static constexpr uint32_t Ended = Idle | SEIGO_REG_CONTROL_DONE_MASK | SEIGO_REG_CONTROL_READY_MASK;
static constexpr uint32_t State = Started | Ended;
static constexpr uint32_t StatusBits = ~SEIGO_REG_STATUS_ERROR_CODE_MASK;
// Events.
static constexpr uint32_t Ends = SEIGO_REG_INTERRUPT_STATUS_DONE_MASK | SEIGO_REG_INTERRUPT_STATUS_READY_MASK;
static constexpr uint32_t Waits = SEIGO_REG_INTERRUPT_STATUS_PROCESSOR_MASK;
static constexpr uint32_t Fails = SEIGO_REG_INTERRUPT_STATUS_ERROR_MASK;
static int64_t cycle = 0;
static int starts = 0, resumes = 0, low_resets = 0;
static int64_t stalls[6], running = 0;
static bool counting = false;
static int only = -1;      // the pass that is counted, or all
static bool in_pass = true;

static void tick() {
  top.stall_i = static_cast<int>(rng.in(0, 63));
  top.eval();
  starts += top.start_o;
  resumes += top.resume_o;
  low_resets += !top.core_resetn_o;
  check.equal(top.core_resetn_o, !top.clear_o, "reset with clear", cycle);
  if (top.start_o) counting = true;
  if (counting && in_pass) {
    ++running;
    for (int i = 0; i < 6; ++i) stalls[i] += top.stall_i >> i & 1;
  }
  in_pass = only < 0 || top.pass_i == only;
  if (top.done_i || top.error_i) counting = false;
  top.aclk = 1;
  top.eval();
  top.aclk = 0;
  top.eval();
  ++cycle;
}

static void hang(int i, const char* what, uint32_t address) {
  if (i < 1000) return;
  std::printf("control_registers: %s of %x hangs\n", what, address);
  std::exit(EXIT_FAILURE);
}

static void write(uint32_t address, uint32_t data, int strobe = 15) {
  int order = static_cast<int>(rng.in(0, 2));
  bool address_sent = false, data_sent = false;
  for (int i = 0; !(address_sent && data_sent); ++i) {
    hang(i, "write", address);
    bool offer_address = !address_sent && (order != 1 || data_sent) && !rng.one_in(3);
    bool offer_data = !data_sent && (order != 2 || address_sent) && !rng.one_in(3);
    top.s_axi_ctrl_awvalid = top.s_axi_ctrl_awvalid || offer_address;
    top.s_axi_ctrl_wvalid = top.s_axi_ctrl_wvalid || offer_data;
    top.s_axi_ctrl_awaddr = address;
    top.s_axi_ctrl_wdata = data;
    top.s_axi_ctrl_wstrb = strobe;
    top.eval();
    bool address_goes = top.s_axi_ctrl_awvalid && top.s_axi_ctrl_awready;
    bool data_goes = top.s_axi_ctrl_wvalid && top.s_axi_ctrl_wready;
    tick();
    if (address_goes) top.s_axi_ctrl_awvalid = 0;
    if (data_goes) top.s_axi_ctrl_wvalid = 0;
    address_sent |= address_goes;
    data_sent |= data_goes;
  }
  for (int i = 0;; ++i) {
    hang(i, "write answer", address);
    top.s_axi_ctrl_bready = rng.one_in(2);
    top.eval();
    bool ends = top.s_axi_ctrl_bvalid && top.s_axi_ctrl_bready;
    if (top.s_axi_ctrl_bvalid) check.equal(top.s_axi_ctrl_bresp, 0, "write response", address);
    tick();
    top.s_axi_ctrl_bready = 0;
    if (ends) return;
  }
}

static uint32_t read(uint32_t address) {
  top.s_axi_ctrl_araddr = address;
  top.s_axi_ctrl_arvalid = 1;
  for (int i = 0;; ++i) {
    hang(i, "read", address);
    top.eval();
    bool goes = top.s_axi_ctrl_arready;
    tick();
    if (goes) break;
  }
  top.s_axi_ctrl_arvalid = 0;
  for (int i = 0;; ++i) {
    hang(i, "read answer", address);
    top.s_axi_ctrl_rready = rng.one_in(2);
    top.eval();
    bool ends = top.s_axi_ctrl_rvalid && top.s_axi_ctrl_rready;
    uint32_t value = top.s_axi_ctrl_rdata;
    if (ends) check.equal(top.s_axi_ctrl_rresp, 0, "read response", address);
    tick();
    top.s_axi_ctrl_rready = 0;
    if (ends) return value;
  }
}

static void wait(int cycles) {
  for (int i = 0; i < cycles; ++i) tick();
}

static void start_frame(int axi_busy) {
  int before = starts;
  for (int64_t& stall : stalls) stall = 0;
  running = low_resets = 0;
  top.axi_idle_i = axi_busy == 0;
  write(SEIGO_REG_CONTROL, Started);
  wait(axi_busy);
  if (axi_busy > 0) {
    check.equal(starts, before, "no start before the bus is quiet", cycle);
    check.equal(read(SEIGO_REG_STATUS), SEIGO_REG_STATUS_CLEARING_MASK, "clearing", cycle);
  }
  top.axi_idle_i = 1;
  wait(20);
  check.equal(starts, before + 1, "start", cycle);
  check.equal(low_resets >= 16, 1, "cycles of reset before a frame", cycle);
  check.equal(read(SEIGO_REG_STATUS) & StatusBits, SEIGO_REG_STATUS_RUNNING_MASK, "running", cycle);
  check.equal(read(SEIGO_REG_CONTROL) & State, Started, "start bit of a running frame", cycle);
}

static void pulse_done() {
  top.done_i = 1;
  tick();
  top.done_i = 0;
}

static void check_counters() {
  check.equal(read(SEIGO_REG_CYCLES), running, "cycles", cycle);
  for (int i = 0; i < 6; ++i) check.equal(read(SEIGO_REG_STALL_STREAM + 4 * i), stalls[i], "stall cycles", i);
}

static void test_registers() {
  // Words that hold what was written: addresses and length.
  constexpr int First = SEIGO_REG_STREAM_BASE_LOW / 4, Last = SEIGO_REG_STREAM_WORDS / 4;
  uint32_t values[Last + 1] = {};
  for (int i = 0; i < 400; ++i) {
    int word = static_cast<int>(rng.in(First, Last)), strobe = static_cast<int>(rng.in(0, 15));
    uint32_t data = static_cast<uint32_t>(rng.next()), mask = 0;
    for (int lane = 0; lane < 4; ++lane)
      if (strobe >> lane & 1) mask |= 0xffu << 8 * lane;
    write(4 * word, data, strobe);
    values[word] = (values[word] & ~mask) | (data & mask);
    int other = static_cast<int>(rng.in(First, Last));
    check.equal(read(4 * other), values[other], "register", 4 * other);
  }
  check.equal(read(SEIGO_REG_VERSION), SEIGO_REGISTER_VERSION, "version", SEIGO_REG_VERSION);
  check.equal(read(SEIGO_REG_HASH_LOW), 0x89abcdef, "hash", SEIGO_REG_HASH_LOW);
  check.equal(read(SEIGO_REG_HASH_HIGH), 0x01234567, "hash", SEIGO_REG_HASH_HIGH);
  for (uint32_t address = sizeof(seigo_registers); address < SEIGO_REGISTER_WINDOW; address += 4) {
    if (address > 0x100 && !rng.one_in(16)) continue;
    write(address, 0xffffffff);
    check.equal(read(address), 0, "unknown register", address);
  }
  for (int i = First; i <= Last; ++i) check.equal(read(4 * i), values[i], "register", 4 * i);
  start_frame(0);
  auto base = [&](int word) { return static_cast<int64_t>(values[word] | (values[word + 1] & 0xffull) << 32); };
  check.equal(static_cast<int64_t>(top.stream_address_o), base(SEIGO_REG_STREAM_BASE_LOW / 4), "stream address", 0);
  check.equal(static_cast<int64_t>(top.image_address_o), base(SEIGO_REG_IMAGE_BASE_LOW / 4), "image address", 0);
  check.equal(static_cast<int64_t>(top.output_address_o), base(SEIGO_REG_OUTPUT_BASE_LOW / 4), "output address", 0);
  check.equal(static_cast<int64_t>(top.scratch_address_o), base(SEIGO_REG_SCRATCH_BASE_LOW / 4), "scratch address", 0);
  check.equal(top.stream_words_o, values[Last] & 0xffffff, "stream length", 0);
  write(SEIGO_REG_STREAM_BASE_LOW, ~values[First]);
  check.equal(static_cast<int64_t>(top.stream_address_o), base(SEIGO_REG_STREAM_BASE_LOW / 4), "address of a running frame", 0);
  pulse_done();
  check.equal(read(SEIGO_REG_CONTROL), Ended, "done, idle, ready", cycle);
  check.equal(read(SEIGO_REG_CONTROL), Idle, "done and ready are cleared by reading", cycle);
  check_counters();
}

static void test_interrupts() {
  for (int gie = 0; gie < 2; ++gie)
    for (int ier = 0; ier < 16; ++ier) {
      write(SEIGO_REG_GLOBAL_INTERRUPT, gie);
      write(SEIGO_REG_INTERRUPT_ENABLE, ier);
      check.equal(read(SEIGO_REG_INTERRUPT_ENABLE), ier, "IER", ier);
      start_frame(ier % 3 * 30);
      write(SEIGO_REG_CONTROL, Started);
      top.pass_i = 77;
      top.processor_i = 1;
      wait(3);
      constexpr uint32_t Waiting = SEIGO_REG_STATUS_RUNNING_MASK | SEIGO_REG_STATUS_PROCESSOR_MASK;
      check.equal(read(SEIGO_REG_STATUS) & StatusBits, Waiting, "waits for the processor", ier);
      check.equal(read(SEIGO_REG_PASS) & SEIGO_REG_PASS_RUNNING_MASK, 77, "pass", ier);
      check.equal(read(SEIGO_REG_INTERRUPT_STATUS), ier & Waits, "processor event", ier);
      check.equal(top.interrupt_o, gie && (ier & Waits), "processor interrupt", ier);
      int before = resumes;
      write(SEIGO_REG_RESUME, 1);
      check.equal(resumes, before + 1, "resume", ier);
      top.processor_i = 0;
      write(SEIGO_REG_RESUME, 1);
      check.equal(resumes, before + 1, "no resume without a step", ier);
      write(SEIGO_REG_INTERRUPT_STATUS, Waits & ier);
      check.equal(read(SEIGO_REG_INTERRUPT_STATUS), 0, "toggled", ier);
      check.equal(top.interrupt_o, 0, "interrupt falls", ier);
      wait(static_cast<int>(rng.in(0, 300)));
      pulse_done();
      wait(2);
      check.equal(top.interrupt_o, gie && (ier & Ends), "done interrupt", ier);
      check.equal(read(SEIGO_REG_INTERRUPT_STATUS), ier & Ends, "done events", ier);
      check.equal(read(SEIGO_REG_CONTROL) & State, Ended, "done", ier);
      write(SEIGO_REG_INTERRUPT_STATUS, ier & Ends);
      check.equal(read(SEIGO_REG_INTERRUPT_STATUS), 0, "toggled", ier);
      check_counters();
    }
}

static void test_errors() {
  write(SEIGO_REG_GLOBAL_INTERRUPT, 1);
  write(SEIGO_REG_INTERRUPT_ENABLE, Ends | Waits | Fails);
  for (int i = 0; i < 20; ++i) {
    start_frame(0);
    wait(static_cast<int>(rng.in(0, 50)));
    top.error_code_i = 10 + i;
    top.error_client_i = i;
    top.error_block_i = 1000 + i;
    top.pass_i = 500 + i;
    top.error_i = 1;
    top.done_i = i % 2;
    tick();
    top.error_i = top.done_i = 0;
    top.pass_i = 9;
    top.error_code_i = 99;
    top.axi_idle_i = 0;
    wait(40);
    check.equal(top.core_resetn_o, 0, "reset after an error", i);
    check.equal(read(SEIGO_REG_CONTROL) & SEIGO_REG_CONTROL_DONE_MASK, 0u, "not done while the bus is busy", i);
    // A start would be lost now, so that the error is not shown yet.
    check.equal(read(SEIGO_REG_INTERRUPT_STATUS), 0, "no event while the bus is busy", i);
    check.equal(read(SEIGO_REG_STATUS) & StatusBits, SEIGO_REG_STATUS_CLEARING_MASK, "no error while the bus is busy", i);
    top.axi_idle_i = 1;
    wait(3);
    check.equal(read(SEIGO_REG_INTERRUPT_STATUS), Ends | Fails, "error event", i);
    check.equal(read(SEIGO_REG_CONTROL) & State, Ended, "done after an error", i);
    uint32_t status = (10 + i) << SEIGO_REG_STATUS_ERROR_CODE_LSB | SEIGO_REG_STATUS_ERROR_MASK;
    check.equal(read(SEIGO_REG_STATUS), status, "status of the error", i);
    check.equal(read(SEIGO_REG_PASS), (500 + i) << SEIGO_REG_PASS_ERROR_LSB | 9, "pass of the error", i);
    check.equal(read(SEIGO_REG_ERROR), (1000 + i) << SEIGO_REG_ERROR_BLOCK_LSB | i, "client and block of the error", i);
    write(SEIGO_REG_INTERRUPT_STATUS, Ends | Waits | Fails);
    write(SEIGO_REG_INTERRUPT_STATUS, read(SEIGO_REG_INTERRUPT_STATUS));
  }
  start_frame(0);
  check.equal(read(SEIGO_REG_STATUS), SEIGO_REG_STATUS_RUNNING_MASK, "the next frame has no error", 0);
  write(SEIGO_REG_RESET, 1);
  counting = false;
  wait(25);
  check.equal(read(SEIGO_REG_CONTROL) & State, Idle, "idle, not done after a soft reset", 0);
  check.equal(read(SEIGO_REG_STATUS), 0, "status after a soft reset", 0);
  start_frame(60);
  pulse_done();
  check.equal(read(SEIGO_REG_CONTROL) & State, Ended, "the frame after a soft reset", 0);
  check_counters();
}

// Frames of a few passes, each counted alone, then together: a pass has its own cycles and no others.
static void test_counted_passes() {
  for (int i = 0; i < 40; ++i) {
    only = static_cast<int>(rng.in(-1, 5));
    uint32_t value = only < 0 ? 3 : SEIGO_REG_COUNT_ONLY_MASK | only;
    write(SEIGO_REG_COUNT, value);
    check.equal(read(SEIGO_REG_COUNT), value, "counted pass", i);
    top.pass_i = 0;
    start_frame(0);
    for (int pass = 0; pass < 5; ++pass) {
      top.pass_i = pass;
      wait(static_cast<int>(rng.in(1, 40)));
    }
    pulse_done();
    check.equal(read(SEIGO_REG_CONTROL) & State, Ended, "done", i);
    if (only == 5) check.equal(running, 0, "cycles of a pass that is not there", i);
    check_counters();
    uint32_t none = 0;
    write(SEIGO_REG_COUNT, none, 4);
    check.equal(read(SEIGO_REG_COUNT), value & SEIGO_REG_COUNT_PASS_MASK, "counted pass, upper half cleared", i);
  }
}

// A driver that reads nothing between frames finds the second one not done until it is.
static void test_done_is_cleared() {
  start_frame(0);
  pulse_done();
  wait(3);
  write(SEIGO_REG_CONTROL, Started);
  wait(30);
  check.equal(read(SEIGO_REG_CONTROL) & State, Started, "done of the frame before is gone", cycle);
  pulse_done();
  check.equal(read(SEIGO_REG_CONTROL) & State, Ended, "done", cycle);
}

int main() {
  top.aresetn = 0;
  top.axi_idle_i = 1;
  top.aclk = 0;
  top.eval();
  top.aclk = 1;
  top.eval();
  top.aclk = 0;
  top.eval();
  top.aresetn = 1;
  top.aclk = 1;
  top.eval();
  top.aclk = 0;
  top.eval();
  check.equal(read(SEIGO_REG_CONTROL), Idle, "idle after reset", 0);
  test_registers();
  test_interrupts();
  test_errors();
  test_counted_passes();
  test_done_is_cleared();
  return check.verdict();
}
