// The port to AXI3 between a master of 128 bits and a memory of 64 bits, with the IDs, sizes and kinds of burst that
// cocotbext-axi expects of a bus: on both sides one ID and INCR bursts of full beats.
`default_nettype none

module axi3_port_tb #(
  parameter Depth = 2
) (
  input  wire         aclk,
  input  wire         aresetn,

  input  wire [0:0]   s_awid,
  input  wire         s_awvalid,
  output wire         s_awready,
  input  wire [31:0]  s_awaddr,
  input  wire [7:0]   s_awlen,
  input  wire [2:0]   s_awsize,
  input  wire [1:0]   s_awburst,
  input  wire         s_wvalid,
  output wire         s_wready,
  input  wire [127:0] s_wdata,
  input  wire [15:0]  s_wstrb,
  input  wire         s_wlast,
  output wire [0:0]   s_bid,
  output wire         s_bvalid,
  input  wire         s_bready,
  output wire [1:0]   s_bresp,
  input  wire [0:0]   s_arid,
  input  wire         s_arvalid,
  output wire         s_arready,
  input  wire [31:0]  s_araddr,
  input  wire [7:0]   s_arlen,
  input  wire [2:0]   s_arsize,
  input  wire [1:0]   s_arburst,
  output wire [0:0]   s_rid,
  output wire         s_rvalid,
  input  wire         s_rready,
  output wire [127:0] s_rdata,
  output wire [1:0]   s_rresp,
  output wire         s_rlast,

  output wire [0:0]   m_awid,
  output wire         m_awvalid,
  input  wire         m_awready,
  output wire [31:0]  m_awaddr,
  output wire [7:0]   m_awlen,
  output wire [2:0]   m_awsize,
  output wire [1:0]   m_awburst,
  output wire         m_wvalid,
  input  wire         m_wready,
  output wire [63:0]  m_wdata,
  output wire [7:0]   m_wstrb,
  output wire         m_wlast,
  input  wire [0:0]   m_bid,
  input  wire         m_bvalid,
  output wire         m_bready,
  input  wire [1:0]   m_bresp,
  output wire [0:0]   m_arid,
  output wire         m_arvalid,
  input  wire         m_arready,
  output wire [31:0]  m_araddr,
  output wire [7:0]   m_arlen,
  output wire [2:0]   m_arsize,
  output wire [1:0]   m_arburst,
  input  wire [0:0]   m_rid,
  input  wire         m_rvalid,
  output wire         m_rready,
  input  wire [63:0]  m_rdata,
  input  wire [1:0]   m_rresp,
  input  wire         m_rlast
);
  assign s_bid = 1'b0;
  assign s_rid = 1'b0;
  assign m_awid = 1'b0;
  assign m_arid = 1'b0;
  assign m_awsize = 3'b011;
  assign m_arsize = 3'b011;
  assign m_awburst = 2'b01;
  assign m_arburst = 2'b01;
  assign m_awlen[7:4] = 4'd0;
  assign m_arlen[7:4] = 4'd0;

  seigo_axi3_port #(.AddressBits(32), .Depth(Depth)) port (
    .aclk(aclk), .aresetn(aresetn),
    .s_awvalid(s_awvalid), .s_awready(s_awready), .s_awaddr(s_awaddr), .s_awlen(s_awlen),
    .s_wvalid(s_wvalid), .s_wready(s_wready), .s_wdata(s_wdata), .s_wstrb(s_wstrb), .s_wlast(s_wlast),
    .s_bvalid(s_bvalid), .s_bready(s_bready), .s_bresp(s_bresp),
    .s_arvalid(s_arvalid), .s_arready(s_arready), .s_araddr(s_araddr), .s_arlen(s_arlen),
    .s_rvalid(s_rvalid), .s_rready(s_rready), .s_rdata(s_rdata), .s_rresp(s_rresp), .s_rlast(s_rlast),
    .m_awvalid(m_awvalid), .m_awready(m_awready), .m_awaddr(m_awaddr), .m_awlen(m_awlen[3:0]),
    .m_wvalid(m_wvalid), .m_wready(m_wready), .m_wdata(m_wdata), .m_wstrb(m_wstrb), .m_wlast(m_wlast),
    .m_bvalid(m_bvalid), .m_bready(m_bready), .m_bresp(m_bresp),
    .m_arvalid(m_arvalid), .m_arready(m_arready), .m_araddr(m_araddr), .m_arlen(m_arlen[3:0]),
    .m_rvalid(m_rvalid), .m_rready(m_rready), .m_rdata(m_rdata), .m_rresp(m_rresp), .m_rlast(m_rlast)
  );

  wire unused = |{s_awid, s_arid, s_awsize, s_arsize, s_awburst, s_arburst, m_bid, m_rid};
endmodule

`default_nettype wire
