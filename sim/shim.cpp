// C interface of a Verilated design: one call per clock cycle, and pointers into the shared memory.
// `banks.inc` is generated beside it: SEIGO_DOMAINS, SEIGO_BANKS, SEIGO_ROWS and one SEIGO_BANK(domain, bank)
// per RAM. The field order of Inputs and Outputs is that of src/verify/cosim/library.rs.

#include <cstdint>

#include "Vseigo_top.h"
#include "Vseigo_top___024root.h"
#include "verilated.h"
#ifdef SEIGO_TRACE
#include "verilated_fst_c.h"
#endif

namespace {

struct Inputs {
  uint32_t aresetn;
  uint32_t ctrl_awvalid, ctrl_awaddr, ctrl_wvalid, ctrl_wdata, ctrl_bready;
  uint32_t ctrl_arvalid, ctrl_araddr, ctrl_rready;
  uint32_t awready, wready, bvalid, bresp, arready, rvalid, rresp, rlast;
  uint32_t rdata[4];
};

struct Outputs {
  uint64_t awaddr, araddr;
  uint32_t ctrl_awready, ctrl_wready, ctrl_bvalid, ctrl_arready, ctrl_rvalid, ctrl_rdata;
  uint32_t awvalid, awlen, wvalid, wstrb, wlast, bready, arvalid, arlen, rready;
  uint32_t interrupt, pass_done, pass_index, stall;
  uint32_t wdata[4];
};

struct Design {
  VerilatedContext context;
  Vseigo_top top{&context};
#ifdef SEIGO_TRACE
  VerilatedFstC trace;
#endif
  uint64_t cycle = 0;
  bool tracing = false;
};

// Verilator's scopes enter and leave the context of the thread. It is that of the design while one is made or
// deleted, and never that of a design that another thread may have deleted.
struct InContext {
  explicit InContext(VerilatedContext& context) { Verilated::threadContextp(&context); }
  ~InContext() { Verilated::threadContextp(Verilated::defaultContextp()); }
};

}  // namespace

extern "C" {

Design* seigo_new() {
  auto* design = new Design;
  InContext in(design->context);
  design->top.s_axi_ctrl_wstrb = 15;
  design->top.s_axi_ctrl_awprot = 0;
  design->top.s_axi_ctrl_arprot = 0;
  return design;
}

// Starts a wave file; 0 when the library was built without.
int seigo_trace(Design* design, const char* path) {
#ifdef SEIGO_TRACE
  if (design->tracing) return 1;
  design->context.traceEverOn(true);
  design->top.trace(&design->trace, 99);
  design->trace.open(path);
  design->tracing = true;
  return 1;
#else
  (void)design;
  (void)path;
  return 0;
#endif
}

// Ends the wave file.
void seigo_trace_end(Design* design) {
#ifdef SEIGO_TRACE
  if (design->tracing) design->trace.close();
#endif
  design->tracing = false;
}

void seigo_delete(Design* design) {
  InContext in(design->context);
  seigo_trace_end(design);
  design->top.final();
  delete design;
}

// Inputs are those before a rising edge; outputs are what the design shows with them, before the edge.
void seigo_cycle(Design* design, const Inputs* in, Outputs* out) {
  Vseigo_top& top = design->top;
  top.aresetn = in->aresetn;
  top.s_axi_ctrl_awvalid = in->ctrl_awvalid;
  top.s_axi_ctrl_awaddr = in->ctrl_awaddr;
  top.s_axi_ctrl_wvalid = in->ctrl_wvalid;
  top.s_axi_ctrl_wdata = in->ctrl_wdata;
  top.s_axi_ctrl_bready = in->ctrl_bready;
  top.s_axi_ctrl_arvalid = in->ctrl_arvalid;
  top.s_axi_ctrl_araddr = in->ctrl_araddr;
  top.s_axi_ctrl_rready = in->ctrl_rready;
  top.m_axi_gmem_awready = in->awready;
  top.m_axi_gmem_wready = in->wready;
  top.m_axi_gmem_bvalid = in->bvalid;
  top.m_axi_gmem_bresp = in->bresp;
  top.m_axi_gmem_arready = in->arready;
  top.m_axi_gmem_rvalid = in->rvalid;
  top.m_axi_gmem_rresp = in->rresp;
  top.m_axi_gmem_rlast = in->rlast;
  for (int i = 0; i < 4; i++) top.m_axi_gmem_rdata[i] = in->rdata[i];
  top.aclk = 0;
  top.eval();
#ifdef SEIGO_TRACE
  if (design->tracing) design->trace.dump(2 * design->cycle);
#endif
  out->ctrl_awready = top.s_axi_ctrl_awready;
  out->ctrl_wready = top.s_axi_ctrl_wready;
  out->ctrl_bvalid = top.s_axi_ctrl_bvalid;
  out->ctrl_arready = top.s_axi_ctrl_arready;
  out->ctrl_rvalid = top.s_axi_ctrl_rvalid;
  out->ctrl_rdata = top.s_axi_ctrl_rdata;
  out->awvalid = top.m_axi_gmem_awvalid;
  out->awaddr = top.m_axi_gmem_awaddr;
  out->awlen = top.m_axi_gmem_awlen;
  out->wvalid = top.m_axi_gmem_wvalid;
  out->wstrb = top.m_axi_gmem_wstrb;
  out->wlast = top.m_axi_gmem_wlast;
  out->bready = top.m_axi_gmem_bready;
  out->arvalid = top.m_axi_gmem_arvalid;
  out->araddr = top.m_axi_gmem_araddr;
  out->arlen = top.m_axi_gmem_arlen;
  out->rready = top.m_axi_gmem_rready;
  out->interrupt = top.interrupt_o;
  out->pass_done = top.pass_done_o;
  out->pass_index = top.pass_index_o;
  out->stall = top.stall_o;
  for (int i = 0; i < 4; i++) out->wdata[i] = top.m_axi_gmem_wdata[i];
  top.aclk = 1;
  top.eval();
#ifdef SEIGO_TRACE
  if (design->tracing) design->trace.dump(2 * design->cycle + 1);
#endif
  design->cycle++;
}

// The words of a bank, four 32-bit parts each; null when there is no such bank.
uint32_t* seigo_bank(Design* design, uint32_t domain, uint32_t bank) {
#define SEIGO_BANK(D, B, NAME) \
  if (domain == D && bank == B) return &design->top.rootp->NAME[0][0];
#include "banks.inc"
#undef SEIGO_BANK
  return nullptr;
}

}  // extern "C"
