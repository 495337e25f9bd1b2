// The whole device on Zynq UltraScale+ without IP of the vendor: the processor as a primitive, the accelerator, and what
// stands between. Clock, reset and widths of ports are the processor's to set, by boot firmware and device tree: the clock
// is PLCLK[0], the reset is bit 95 of its EMIO pins (pl_resetn0), M_AXI_HPM0_FPD has 32 bits and S_AXI_HP0_FPD 128.
`default_nettype none

module seigo_zynq_ultra (
  // Pulses of timer 0, of which a board may drive its fan
  output wire [2:0] emio_ttc0_wave_o
);
  wire aclk, aresetn, interrupt;
  wire [3:0] clocks;
  wire [95:0] gpio;

  // Clocks of the processor reach the fabric by this buffer and no other.
  BUFG_PS i_clock (.I(clocks[0]), .O(aclk));

  seigo_reset i_reset (.aclk(aclk), .asynchronous_resetn(gpio[95]), .aresetn(aresetn));

  // Port of the processor for registers
  wire p_awvalid, p_awready, p_wvalid, p_wready, p_bvalid, p_bready, p_arvalid, p_arready, p_rvalid, p_rready,
    p_rlast;
  wire [1:0] p_awburst, p_bresp, p_arburst, p_rresp;
  wire [2:0] p_awsize, p_arsize;
  wire [7:0] p_awlen, p_arlen;
  wire [15:0] p_awid, p_wstrb, p_bid, p_arid, p_rid;
  wire [31:0] p_rdata;
  wire [39:0] p_awaddr, p_araddr;
  wire [127:0] p_wdata;

  // Registers
  wire l_awvalid, l_awready, l_wvalid, l_wready, l_bvalid, l_bready, l_arvalid, l_arready, l_rvalid, l_rready;
  wire [1:0] l_bresp, l_rresp;
  wire [3:0] l_wstrb;
  wire [11:0] l_awaddr, l_araddr;
  wire [31:0] l_wdata, l_rdata;

  // Memory
  wire g_awvalid, g_awready, g_awlock, g_wvalid, g_wready, g_wlast, g_bvalid, g_bready, g_arvalid, g_arready,
    g_arlock, g_rvalid, g_rready, g_rlast;
  wire [1:0] g_awburst, g_bresp, g_arburst, g_rresp;
  wire [2:0] g_awsize, g_awprot, g_arsize, g_arprot;
  wire [3:0] g_awcache, g_awqos, g_arcache, g_arqos;
  wire [7:0] g_awlen, g_arlen;
  wire [15:0] g_wstrb;
  wire [39:0] g_awaddr, g_araddr;
  wire [127:0] g_wdata, g_rdata;

  (* keep, dont_touch = "true" *) PS8 PS8_i (
    .PLCLK(clocks), .EMIOGPIOO(gpio), .PLPSIRQ0({7'd0, interrupt}), .EMIOTTC0WAVEO(emio_ttc0_wave_o),
    .MAXIGP0ACLK(aclk), .SAXIGP2RCLK(aclk), .SAXIGP2WCLK(aclk),
    .MAXIGP0AWVALID(p_awvalid), .MAXIGP0AWREADY(p_awready), .MAXIGP0AWID(p_awid), .MAXIGP0AWADDR(p_awaddr),
    .MAXIGP0AWLEN(p_awlen), .MAXIGP0AWSIZE(p_awsize), .MAXIGP0AWBURST(p_awburst), .MAXIGP0WVALID(p_wvalid),
    .MAXIGP0WREADY(p_wready), .MAXIGP0WDATA(p_wdata), .MAXIGP0WSTRB(p_wstrb), .MAXIGP0BVALID(p_bvalid),
    .MAXIGP0BREADY(p_bready), .MAXIGP0BID(p_bid), .MAXIGP0BRESP(p_bresp), .MAXIGP0ARVALID(p_arvalid),
    .MAXIGP0ARREADY(p_arready), .MAXIGP0ARID(p_arid), .MAXIGP0ARADDR(p_araddr), .MAXIGP0ARLEN(p_arlen),
    .MAXIGP0ARSIZE(p_arsize), .MAXIGP0ARBURST(p_arburst), .MAXIGP0RVALID(p_rvalid), .MAXIGP0RREADY(p_rready),
    .MAXIGP0RID(p_rid), .MAXIGP0RDATA({96'd0, p_rdata}), .MAXIGP0RRESP(p_rresp), .MAXIGP0RLAST(p_rlast),
    .SAXIGP2AWVALID(g_awvalid), .SAXIGP2AWREADY(g_awready), .SAXIGP2AWADDR({9'd0, g_awaddr}), .SAXIGP2AWLEN(g_awlen),
    .SAXIGP2AWSIZE(g_awsize), .SAXIGP2AWBURST(g_awburst), .SAXIGP2AWLOCK(g_awlock), .SAXIGP2AWCACHE(g_awcache),
    .SAXIGP2AWPROT(g_awprot), .SAXIGP2AWQOS(g_awqos), .SAXIGP2WVALID(g_wvalid), .SAXIGP2WREADY(g_wready),
    .SAXIGP2WDATA(g_wdata), .SAXIGP2WSTRB(g_wstrb), .SAXIGP2WLAST(g_wlast), .SAXIGP2BVALID(g_bvalid),
    .SAXIGP2BREADY(g_bready), .SAXIGP2BRESP(g_bresp), .SAXIGP2ARVALID(g_arvalid), .SAXIGP2ARREADY(g_arready),
    .SAXIGP2ARADDR({9'd0, g_araddr}), .SAXIGP2ARLEN(g_arlen), .SAXIGP2ARSIZE(g_arsize), .SAXIGP2ARBURST(g_arburst),
    .SAXIGP2ARLOCK(g_arlock), .SAXIGP2ARCACHE(g_arcache), .SAXIGP2ARPROT(g_arprot), .SAXIGP2ARQOS(g_arqos),
    .SAXIGP2RVALID(g_rvalid), .SAXIGP2RREADY(g_rready), .SAXIGP2RDATA(g_rdata), .SAXIGP2RRESP(g_rresp),
    .SAXIGP2RLAST(g_rlast), .SAXIGP2AWID(6'd0), .SAXIGP2ARID(6'd0), .SAXIGP2AWUSER(1'b0), .SAXIGP2ARUSER(1'b0)
  );

  seigo_lite_bridge #(.IdBits(16), .AddressBits(12)) i_bridge (
    .aclk(aclk), .aresetn(aresetn),
    .s_awvalid(p_awvalid), .s_awready(p_awready), .s_awid(p_awid), .s_awaddr(p_awaddr[11:0]), .s_awlen(p_awlen),
    .s_awsize(p_awsize), .s_awburst(p_awburst), .s_wvalid(p_wvalid), .s_wready(p_wready), .s_wdata(p_wdata[31:0]),
    .s_wstrb(p_wstrb[3:0]), .s_bvalid(p_bvalid), .s_bready(p_bready), .s_bid(p_bid), .s_bresp(p_bresp),
    .s_arvalid(p_arvalid), .s_arready(p_arready), .s_arid(p_arid), .s_araddr(p_araddr[11:0]), .s_arlen(p_arlen),
    .s_arsize(p_arsize), .s_arburst(p_arburst), .s_rvalid(p_rvalid), .s_rready(p_rready), .s_rid(p_rid),
    .s_rdata(p_rdata), .s_rresp(p_rresp), .s_rlast(p_rlast), .m_awvalid(l_awvalid), .m_awready(l_awready),
    .m_awaddr(l_awaddr), .m_wvalid(l_wvalid), .m_wready(l_wready), .m_wdata(l_wdata), .m_wstrb(l_wstrb),
    .m_bvalid(l_bvalid), .m_bready(l_bready), .m_bresp(l_bresp), .m_arvalid(l_arvalid), .m_arready(l_arready),
    .m_araddr(l_araddr), .m_rvalid(l_rvalid), .m_rready(l_rready), .m_rdata(l_rdata), .m_rresp(l_rresp)
  );

  seigo_top i_seigo (
    .aclk(aclk), .aresetn(aresetn), .interrupt_o(interrupt),
    .s_axi_ctrl_awvalid(l_awvalid), .s_axi_ctrl_awready(l_awready), .s_axi_ctrl_awaddr(l_awaddr),
    .s_axi_ctrl_wvalid(l_wvalid), .s_axi_ctrl_wready(l_wready), .s_axi_ctrl_wdata(l_wdata),
    .s_axi_ctrl_wstrb(l_wstrb), .s_axi_ctrl_bvalid(l_bvalid), .s_axi_ctrl_bready(l_bready),
    .s_axi_ctrl_bresp(l_bresp), .s_axi_ctrl_arvalid(l_arvalid), .s_axi_ctrl_arready(l_arready),
    .s_axi_ctrl_araddr(l_araddr), .s_axi_ctrl_rvalid(l_rvalid), .s_axi_ctrl_rready(l_rready),
    .s_axi_ctrl_rdata(l_rdata), .s_axi_ctrl_rresp(l_rresp), .s_axi_ctrl_awprot(3'd0), .s_axi_ctrl_arprot(3'd0),
    .m_axi_gmem_awvalid(g_awvalid), .m_axi_gmem_awready(g_awready), .m_axi_gmem_awaddr(g_awaddr),
    .m_axi_gmem_awlen(g_awlen), .m_axi_gmem_awsize(g_awsize), .m_axi_gmem_awburst(g_awburst),
    .m_axi_gmem_awlock(g_awlock), .m_axi_gmem_awcache(g_awcache), .m_axi_gmem_awprot(g_awprot),
    .m_axi_gmem_awqos(g_awqos), .m_axi_gmem_wvalid(g_wvalid), .m_axi_gmem_wready(g_wready),
    .m_axi_gmem_wdata(g_wdata), .m_axi_gmem_wstrb(g_wstrb), .m_axi_gmem_wlast(g_wlast), .m_axi_gmem_bvalid(g_bvalid),
    .m_axi_gmem_bready(g_bready), .m_axi_gmem_bresp(g_bresp), .m_axi_gmem_arvalid(g_arvalid),
    .m_axi_gmem_arready(g_arready), .m_axi_gmem_araddr(g_araddr), .m_axi_gmem_arlen(g_arlen),
    .m_axi_gmem_arsize(g_arsize), .m_axi_gmem_arburst(g_arburst), .m_axi_gmem_arlock(g_arlock),
    .m_axi_gmem_arcache(g_arcache), .m_axi_gmem_arprot(g_arprot), .m_axi_gmem_arqos(g_arqos),
    .m_axi_gmem_rvalid(g_rvalid), .m_axi_gmem_rready(g_rready), .m_axi_gmem_rdata(g_rdata),
    .m_axi_gmem_rresp(g_rresp), .m_axi_gmem_rlast(g_rlast), .pass_done_o(), .pass_index_o(), .stall_o()
  );

  // The port's addresses begin at the window; lanes above 32 bits are not in use.
  wire unused = |{clocks[3:1], gpio[94:0], p_awaddr[39:12], p_araddr[39:12], p_wdata[127:32], p_wstrb[15:4]};
endmodule

`default_nettype wire
