// The bridge with the WLAST that cocotbext-axi gives and the bridge, which counts, does not take.
`default_nettype none

module lite_bridge_tb (
  input  wire        aclk,
  input  wire        aresetn,

  input  wire        s_awvalid,
  output wire        s_awready,
  input  wire [15:0] s_awid,
  input  wire [11:0] s_awaddr,
  input  wire [7:0]  s_awlen,
  input  wire [2:0]  s_awsize,
  input  wire [1:0]  s_awburst,
  input  wire        s_wvalid,
  output wire        s_wready,
  input  wire [31:0] s_wdata,
  input  wire [3:0]  s_wstrb,
  input  wire        s_wlast,
  output wire        s_bvalid,
  input  wire        s_bready,
  output wire [15:0] s_bid,
  output wire [1:0]  s_bresp,
  input  wire        s_arvalid,
  output wire        s_arready,
  input  wire [15:0] s_arid,
  input  wire [11:0] s_araddr,
  input  wire [7:0]  s_arlen,
  input  wire [2:0]  s_arsize,
  input  wire [1:0]  s_arburst,
  output wire        s_rvalid,
  input  wire        s_rready,
  output wire [15:0] s_rid,
  output wire [31:0] s_rdata,
  output wire [1:0]  s_rresp,
  output wire        s_rlast,

  output wire        m_awvalid,
  input  wire        m_awready,
  output wire [11:0] m_awaddr,
  output wire        m_wvalid,
  input  wire        m_wready,
  output wire [31:0] m_wdata,
  output wire [3:0]  m_wstrb,
  input  wire        m_bvalid,
  output wire        m_bready,
  input  wire [1:0]  m_bresp,
  output wire        m_arvalid,
  input  wire        m_arready,
  output wire [11:0] m_araddr,
  input  wire        m_rvalid,
  output wire        m_rready,
  input  wire [31:0] m_rdata,
  input  wire [1:0]  m_rresp
);
  seigo_lite_bridge bridge (
    .aclk(aclk), .aresetn(aresetn),
    .s_awvalid(s_awvalid), .s_awready(s_awready), .s_awid(s_awid), .s_awaddr(s_awaddr), .s_awlen(s_awlen),
    .s_awsize(s_awsize), .s_awburst(s_awburst), .s_wvalid(s_wvalid), .s_wready(s_wready), .s_wdata(s_wdata),
    .s_wstrb(s_wstrb), .s_bvalid(s_bvalid), .s_bready(s_bready), .s_bid(s_bid), .s_bresp(s_bresp),
    .s_arvalid(s_arvalid), .s_arready(s_arready), .s_arid(s_arid), .s_araddr(s_araddr), .s_arlen(s_arlen),
    .s_arsize(s_arsize), .s_arburst(s_arburst), .s_rvalid(s_rvalid), .s_rready(s_rready), .s_rid(s_rid),
    .s_rdata(s_rdata), .s_rresp(s_rresp), .s_rlast(s_rlast),
    .m_awvalid(m_awvalid), .m_awready(m_awready), .m_awaddr(m_awaddr), .m_wvalid(m_wvalid), .m_wready(m_wready),
    .m_wdata(m_wdata), .m_wstrb(m_wstrb), .m_bvalid(m_bvalid), .m_bready(m_bready), .m_bresp(m_bresp),
    .m_arvalid(m_arvalid), .m_arready(m_arready), .m_araddr(m_araddr), .m_rvalid(m_rvalid), .m_rready(m_rready),
    .m_rdata(m_rdata), .m_rresp(m_rresp)
  );

  wire unused = s_wlast;
endmodule

`default_nettype wire
