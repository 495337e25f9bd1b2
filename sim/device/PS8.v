// The processor's primitive PS8 for a frame in simulation: every output that the device uses comes from the bench
// through loop.v, which reads the inputs. Clock 0 is the bench's,
// pl_resetn0 (bit 95) its reset.
module PS8 (
  input  wire MAXIGP0ACLK,
  input  wire MAXIGP0AWREADY,
  input  wire MAXIGP0WREADY,
  input  wire MAXIGP0BVALID,
  input  wire [15:0] MAXIGP0BID,
  input  wire [1:0] MAXIGP0BRESP,
  input  wire MAXIGP0ARREADY,
  input  wire MAXIGP0RVALID,
  input  wire [15:0] MAXIGP0RID,
  input  wire [127:0] MAXIGP0RDATA,
  input  wire [1:0] MAXIGP0RRESP,
  input  wire MAXIGP0RLAST,
  input  wire [7:0] PLPSIRQ0,
  input  wire SAXIGP2RCLK,
  input  wire SAXIGP2WCLK,
  input  wire SAXIGP2AWVALID,
  input  wire [48:0] SAXIGP2AWADDR,
  input  wire [7:0] SAXIGP2AWLEN,
  input  wire [2:0] SAXIGP2AWSIZE,
  input  wire [1:0] SAXIGP2AWBURST,
  input  wire SAXIGP2AWLOCK,
  input  wire [3:0] SAXIGP2AWCACHE,
  input  wire [2:0] SAXIGP2AWPROT,
  input  wire [3:0] SAXIGP2AWQOS,
  input  wire [5:0] SAXIGP2AWID,
  input  wire SAXIGP2AWUSER,
  input  wire SAXIGP2ARVALID,
  input  wire [48:0] SAXIGP2ARADDR,
  input  wire [7:0] SAXIGP2ARLEN,
  input  wire [2:0] SAXIGP2ARSIZE,
  input  wire [1:0] SAXIGP2ARBURST,
  input  wire SAXIGP2ARLOCK,
  input  wire [3:0] SAXIGP2ARCACHE,
  input  wire [2:0] SAXIGP2ARPROT,
  input  wire [3:0] SAXIGP2ARQOS,
  input  wire [5:0] SAXIGP2ARID,
  input  wire SAXIGP2ARUSER,
  input  wire SAXIGP2WVALID,
  input  wire [127:0] SAXIGP2WDATA,
  input  wire [15:0] SAXIGP2WSTRB,
  input  wire SAXIGP2WLAST,
  input  wire SAXIGP2BREADY,
  input  wire SAXIGP2RREADY,
  output wire MAXIGP0AWVALID,
  output wire [15:0] MAXIGP0AWID,
  output wire [39:0] MAXIGP0AWADDR,
  output wire [7:0] MAXIGP0AWLEN,
  output wire [2:0] MAXIGP0AWSIZE,
  output wire [1:0] MAXIGP0AWBURST,
  output wire MAXIGP0WVALID,
  output wire [127:0] MAXIGP0WDATA,
  output wire [15:0] MAXIGP0WSTRB,
  output wire MAXIGP0BREADY,
  output wire MAXIGP0ARVALID,
  output wire [15:0] MAXIGP0ARID,
  output wire [39:0] MAXIGP0ARADDR,
  output wire [7:0] MAXIGP0ARLEN,
  output wire [2:0] MAXIGP0ARSIZE,
  output wire [1:0] MAXIGP0ARBURST,
  output wire MAXIGP0RREADY,
  output wire SAXIGP2AWREADY,
  output wire SAXIGP2WREADY,
  output wire SAXIGP2BVALID,
  output wire [1:0] SAXIGP2BRESP,
  output wire SAXIGP2ARREADY,
  output wire SAXIGP2RVALID,
  output wire [127:0] SAXIGP2RDATA,
  output wire [1:0] SAXIGP2RRESP,
  output wire SAXIGP2RLAST,
  output wire [3:0] PLCLK,
  output wire [95:0] EMIOGPIOO,
  output wire [2:0] EMIOTTC0WAVEO
);
  assign MAXIGP0AWVALID = frame_tb.accelerator.s_axi_ctrl_awvalid;
  assign MAXIGP0AWID = 16'd5;
  assign MAXIGP0AWADDR = 40'hA0000000 | {28'd0, frame_tb.accelerator.s_axi_ctrl_awaddr};
  assign MAXIGP0AWLEN = 8'd0;
  assign MAXIGP0AWSIZE = 3'd2;
  assign MAXIGP0AWBURST = 2'd1;
  assign MAXIGP0WVALID = frame_tb.accelerator.s_axi_ctrl_wvalid;
  assign MAXIGP0WDATA = {96'd0, frame_tb.accelerator.s_axi_ctrl_wdata};
  assign MAXIGP0WSTRB = {12'd0, frame_tb.accelerator.s_axi_ctrl_wstrb};
  assign MAXIGP0BREADY = frame_tb.accelerator.s_axi_ctrl_bready;
  assign MAXIGP0ARVALID = frame_tb.accelerator.s_axi_ctrl_arvalid;
  assign MAXIGP0ARID = 16'd9;
  assign MAXIGP0ARADDR = 40'hA0000000 | {28'd0, frame_tb.accelerator.s_axi_ctrl_araddr};
  assign MAXIGP0ARLEN = 8'd0;
  assign MAXIGP0ARSIZE = 3'd2;
  assign MAXIGP0ARBURST = 2'd1;
  assign MAXIGP0RREADY = frame_tb.accelerator.s_axi_ctrl_rready;
  assign SAXIGP2AWREADY = frame_tb.accelerator.m_axi_gmem_awready;
  assign SAXIGP2WREADY = frame_tb.accelerator.m_axi_gmem_wready;
  assign SAXIGP2BVALID = frame_tb.accelerator.m_axi_gmem_bvalid;
  assign SAXIGP2BRESP = frame_tb.accelerator.m_axi_gmem_bresp;
  assign SAXIGP2ARREADY = frame_tb.accelerator.m_axi_gmem_arready;
  assign SAXIGP2RVALID = frame_tb.accelerator.m_axi_gmem_rvalid;
  assign SAXIGP2RDATA = frame_tb.accelerator.m_axi_gmem_rdata;
  assign SAXIGP2RRESP = frame_tb.accelerator.m_axi_gmem_rresp;
  assign SAXIGP2RLAST = frame_tb.accelerator.m_axi_gmem_rlast;
  assign PLCLK = {3'd0, frame_tb.accelerator.aclk};
  assign EMIOGPIOO = {frame_tb.accelerator.aresetn, 95'd0};
  assign EMIOTTC0WAVEO = 3'd0;
endmodule
