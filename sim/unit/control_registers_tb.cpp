// Control registers over AXI4-Lite with random handshake timing: every register, the life of a frame (start, done,
// error, processor step, soft reset), interrupts, counters; and that no access to any address hangs.
// parameters: ConfigHash=64'h0123456789abcdef
#include "Vcontrol_registers.h"
#include "testbench.h"
#include "verilated.h"

using Top = Vcontrol_registers;
static VerilatedContext context;
static Top top{&context};
static Checker check{"control_registers"};
static Random rng(61);
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
  write(0, 1);
  wait(axi_busy);
  if (axi_busy > 0) {
    check.equal(starts, before, "no start before the bus is quiet", cycle);
    check.equal(read(0x40), 8, "clearing", cycle);
  }
  top.axi_idle_i = 1;
  wait(20);
  check.equal(starts, before + 1, "start", cycle);
  check.equal(low_resets >= 16, 1, "cycles of reset before a frame", cycle);
  check.equal(read(0x40) & 0xf, 1, "running", cycle);
  check.equal(read(0) & 0xf, 1, "start bit of a running frame", cycle);
}

static void pulse_done() {
  top.done_i = 1;
  tick();
  top.done_i = 0;
}

static void check_counters() {
  check.equal(read(0x60), running, "cycles", cycle);
  for (int i = 0; i < 6; ++i) check.equal(read(0x64 + 4 * i), stalls[i], "stall cycles", i);
}

static void test_registers() {
  uint32_t values[16] = {};
  for (int i = 0; i < 400; ++i) {
    int word = static_cast<int>(rng.in(4, 12)), strobe = static_cast<int>(rng.in(0, 15));
    uint32_t data = static_cast<uint32_t>(rng.next()), mask = 0;
    for (int lane = 0; lane < 4; ++lane)
      if (strobe >> lane & 1) mask |= 0xffu << 8 * lane;
    write(4 * word, data, strobe);
    values[word] = (values[word] & ~mask) | (data & mask);
    int other = static_cast<int>(rng.in(4, 12));
    check.equal(read(4 * other), values[other], "register", 4 * other);
  }
  check.equal(read(0x50), 1, "version", 0x50);
  check.equal(read(0x54), 0x89abcdef, "hash", 0x54);
  check.equal(read(0x58), 0x01234567, "hash", 0x58);
  for (uint32_t address = 0x7c; address < 0x1000; address += 4) {
    if (address > 0x100 && !rng.one_in(16)) continue;
    write(address, 0xffffffff);
    check.equal(read(address), 0, "unknown register", address);
  }
  for (int i = 4; i <= 12; ++i) check.equal(read(4 * i), values[i], "register", 4 * i);
  start_frame(0);
  auto base = [&](int word) { return static_cast<int64_t>(values[word] | (values[word + 1] & 0xffull) << 32); };
  check.equal(static_cast<int64_t>(top.stream_address_o), base(4), "stream address", 0);
  check.equal(static_cast<int64_t>(top.image_address_o), base(6), "image address", 0);
  check.equal(static_cast<int64_t>(top.output_address_o), base(8), "output address", 0);
  check.equal(static_cast<int64_t>(top.scratch_address_o), base(10), "scratch address", 0);
  check.equal(top.stream_words_o, values[12] & 0xffffff, "stream length", 0);
  write(0x10, ~values[4]);
  check.equal(static_cast<int64_t>(top.stream_address_o), base(4), "address of a running frame", 0);
  pulse_done();
  check.equal(read(0), 0xe, "done, idle, ready", cycle);
  check.equal(read(0), 0x4, "done and ready are cleared by reading", cycle);
  check_counters();
}

static void test_interrupts() {
  for (int gie = 0; gie < 2; ++gie)
    for (int ier = 0; ier < 16; ++ier) {
      write(4, gie);
      write(8, ier);
      check.equal(read(8), ier, "IER", ier);
      start_frame(ier % 3 * 30);
      write(0, 1);
      top.pass_i = 77;
      top.processor_i = 1;
      wait(3);
      check.equal(read(0x40) & 0xf, 3, "waits for the processor", ier);
      check.equal(read(0x44) & 0xffff, 77, "pass", ier);
      check.equal(read(0xc), ier & 4, "processor event", ier);
      check.equal(top.interrupt_o, gie && (ier & 4), "processor interrupt", ier);
      int before = resumes;
      write(0x34, 1);
      check.equal(resumes, before + 1, "resume", ier);
      top.processor_i = 0;
      write(0x34, 1);
      check.equal(resumes, before + 1, "no resume without a step", ier);
      write(0xc, 4 & ier);
      check.equal(read(0xc), 0, "toggled", ier);
      check.equal(top.interrupt_o, 0, "interrupt falls", ier);
      wait(static_cast<int>(rng.in(0, 300)));
      pulse_done();
      wait(2);
      check.equal(top.interrupt_o, gie && (ier & 3), "done interrupt", ier);
      check.equal(read(0xc), ier & 3, "done events", ier);
      check.equal(read(0) & 0xf, 0xe, "done", ier);
      write(0xc, ier & 3);
      check.equal(read(0xc), 0, "toggled", ier);
      check_counters();
    }
}

static void test_errors() {
  write(4, 1);
  write(8, 15);
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
    check.equal(read(0) & 2, 0, "not done while the bus is busy", i);
    check.equal(read(0xc), 8, "error event", i);
    top.axi_idle_i = 1;
    wait(3);
    check.equal(read(0) & 0xf, 0xe, "done after an error", i);
    check.equal(read(0x40), (10 + i) << 8 | 4, "status of the error", i);
    check.equal(read(0x44), (500 + i) << 16 | 9, "pass of the error", i);
    check.equal(read(0x48), (1000 + i) << 16 | i, "client and block of the error", i);
    write(0xc, 15);
    write(0xc, read(0xc));
  }
  start_frame(0);
  check.equal(read(0x40), 1, "the next frame has no error", 0);
  write(0x38, 1);
  counting = false;
  wait(25);
  check.equal(read(0) & 0xf, 4, "idle, not done after a soft reset", 0);
  check.equal(read(0x40), 0, "status after a soft reset", 0);
  start_frame(60);
  pulse_done();
  check.equal(read(0) & 0xf, 0xe, "the frame after a soft reset", 0);
  check_counters();
}

// Frames of a few passes, each counted alone, then together: a pass has its own cycles and no others.
static void test_counted_passes() {
  for (int i = 0; i < 40; ++i) {
    only = static_cast<int>(rng.in(-1, 5));
    uint32_t value = only < 0 ? 3 : 1u << 16 | only;
    write(0x4c, value);
    check.equal(read(0x4c), value, "counted pass", i);
    top.pass_i = 0;
    start_frame(0);
    for (int pass = 0; pass < 5; ++pass) {
      top.pass_i = pass;
      wait(static_cast<int>(rng.in(1, 40)));
    }
    pulse_done();
    check.equal(read(0) & 0xf, 0xe, "done", i);
    if (only == 5) check.equal(running, 0, "cycles of a pass that is not there", i);
    check_counters();
    uint32_t none = 0;
    write(0x4c, none, 4);
    check.equal(read(0x4c), value & 0xffff, "counted pass, upper half cleared", i);
  }
}

// A driver that reads nothing between frames finds the second one not done until it is.
static void test_done_is_cleared() {
  start_frame(0);
  pulse_done();
  wait(3);
  write(0, 1);
  wait(30);
  check.equal(read(0) & 0xf, 1, "done of the frame before is gone", cycle);
  pulse_done();
  check.equal(read(0) & 0xf, 0xe, "done", cycle);
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
  check.equal(read(0), 4, "idle after reset", 0);
  test_registers();
  test_interrupts();
  test_errors();
  test_counted_passes();
  test_done_is_cleared();
  return check.verdict();
}
