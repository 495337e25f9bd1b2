// The processor's primitive PS7 for a frame in simulation: every output that the device uses comes from the bench
// through loop.v, which reads the inputs. Clock and reset 0
// are the bench's.
module PS7 (
  input  wire MAXIGP0ACLK,
  input  wire MAXIGP0AWREADY,
  input  wire MAXIGP0WREADY,
  input  wire MAXIGP0BVALID,
  input  wire [11:0] MAXIGP0BID,
  input  wire [1:0] MAXIGP0BRESP,
  input  wire MAXIGP0ARREADY,
  input  wire MAXIGP0RVALID,
  input  wire [11:0] MAXIGP0RID,
  input  wire [31:0] MAXIGP0RDATA,
  input  wire [1:0] MAXIGP0RRESP,
  input  wire MAXIGP0RLAST,
  input  wire [19:0] IRQF2P,
  input  wire [3:0] FCLKCLKTRIGN,
  input  wire SAXIHP0ACLK,
  input  wire SAXIHP0RDISSUECAP1EN,
  input  wire SAXIHP0WRISSUECAP1EN,
  input  wire SAXIHP0AWVALID,
  input  wire [31:0] SAXIHP0AWADDR,
  input  wire [3:0] SAXIHP0AWLEN,
  input  wire [1:0] SAXIHP0AWSIZE,
  input  wire [1:0] SAXIHP0AWBURST,
  input  wire [1:0] SAXIHP0AWLOCK,
  input  wire [3:0] SAXIHP0AWCACHE,
  input  wire [2:0] SAXIHP0AWPROT,
  input  wire [3:0] SAXIHP0AWQOS,
  input  wire [5:0] SAXIHP0AWID,
  input  wire SAXIHP0ARVALID,
  input  wire [31:0] SAXIHP0ARADDR,
  input  wire [3:0] SAXIHP0ARLEN,
  input  wire [1:0] SAXIHP0ARSIZE,
  input  wire [1:0] SAXIHP0ARBURST,
  input  wire [1:0] SAXIHP0ARLOCK,
  input  wire [3:0] SAXIHP0ARCACHE,
  input  wire [2:0] SAXIHP0ARPROT,
  input  wire [3:0] SAXIHP0ARQOS,
  input  wire [5:0] SAXIHP0ARID,
  input  wire SAXIHP0WVALID,
  input  wire [63:0] SAXIHP0WDATA,
  input  wire [7:0] SAXIHP0WSTRB,
  input  wire SAXIHP0WLAST,
  input  wire [5:0] SAXIHP0WID,
  input  wire SAXIHP0BREADY,
  input  wire SAXIHP0RREADY,
  output wire MAXIGP0AWVALID,
  output wire [11:0] MAXIGP0AWID,
  output wire [31:0] MAXIGP0AWADDR,
  output wire [3:0] MAXIGP0AWLEN,
  output wire [1:0] MAXIGP0AWSIZE,
  output wire [1:0] MAXIGP0AWBURST,
  output wire MAXIGP0WVALID,
  output wire [31:0] MAXIGP0WDATA,
  output wire [3:0] MAXIGP0WSTRB,
  output wire MAXIGP0BREADY,
  output wire MAXIGP0ARVALID,
  output wire [11:0] MAXIGP0ARID,
  output wire [31:0] MAXIGP0ARADDR,
  output wire [3:0] MAXIGP0ARLEN,
  output wire [1:0] MAXIGP0ARSIZE,
  output wire [1:0] MAXIGP0ARBURST,
  output wire MAXIGP0RREADY,
  output wire SAXIHP0AWREADY,
  output wire SAXIHP0WREADY,
  output wire SAXIHP0BVALID,
  output wire [1:0] SAXIHP0BRESP,
  output wire SAXIHP0ARREADY,
  output wire SAXIHP0RVALID,
  output wire [63:0] SAXIHP0RDATA,
  output wire [1:0] SAXIHP0RRESP,
  output wire SAXIHP0RLAST,
  output wire [3:0] FCLKCLK,
  output wire [3:0] FCLKRESETN
);
  assign MAXIGP0AWVALID = frame_tb.accelerator.s_axi_ctrl_awvalid;
  assign MAXIGP0AWID = 12'd5;
  assign MAXIGP0AWADDR = 32'h40000000 | {20'd0, frame_tb.accelerator.s_axi_ctrl_awaddr};
  assign MAXIGP0AWLEN = 4'd0;
  assign MAXIGP0AWSIZE = 2'd2;
  assign MAXIGP0AWBURST = 2'd1;
  assign MAXIGP0WVALID = frame_tb.accelerator.s_axi_ctrl_wvalid;
  assign MAXIGP0WDATA = frame_tb.accelerator.s_axi_ctrl_wdata;
  assign MAXIGP0WSTRB = frame_tb.accelerator.s_axi_ctrl_wstrb;
  assign MAXIGP0BREADY = frame_tb.accelerator.s_axi_ctrl_bready;
  assign MAXIGP0ARVALID = frame_tb.accelerator.s_axi_ctrl_arvalid;
  assign MAXIGP0ARID = 12'd9;
  assign MAXIGP0ARADDR = 32'h40000000 | {20'd0, frame_tb.accelerator.s_axi_ctrl_araddr};
  assign MAXIGP0ARLEN = 4'd0;
  assign MAXIGP0ARSIZE = 2'd2;
  assign MAXIGP0ARBURST = 2'd1;
  assign MAXIGP0RREADY = frame_tb.accelerator.s_axi_ctrl_rready;
  assign SAXIHP0AWREADY = frame_tb.accelerator.m_axi_gmem_awready;
  assign SAXIHP0WREADY = frame_tb.accelerator.hp_wready;
  assign SAXIHP0BVALID = frame_tb.accelerator.m_axi_gmem_bvalid;
  assign SAXIHP0BRESP = frame_tb.accelerator.m_axi_gmem_bresp;
  assign SAXIHP0ARREADY = frame_tb.accelerator.m_axi_gmem_arready;
  assign SAXIHP0RVALID = frame_tb.accelerator.m_axi_gmem_rvalid;
  assign SAXIHP0RDATA = frame_tb.accelerator.hp_rdata;
  assign SAXIHP0RRESP = frame_tb.accelerator.m_axi_gmem_rresp;
  assign SAXIHP0RLAST = frame_tb.accelerator.hp_rlast;
  assign FCLKCLK = {3'd0, frame_tb.accelerator.aclk};
  assign FCLKRESETN = {3'd0, frame_tb.accelerator.aresetn};
endmodule
