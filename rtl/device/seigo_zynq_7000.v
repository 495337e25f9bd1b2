// The whole device on Zynq-7000 without IP of the vendor: the processor as a primitive, the accelerator, and what stands
// between. Clock and reset are the processor's to set, by boot firmware and device tree: FCLKCLK[0] and FCLKRESETN[0]. Pins
// of the processor (DDR, MIO) have places of their own and are connected inside of the part.
`default_nettype none

module seigo_zynq_7000;
  wire aclk, aresetn, interrupt;
  wire [3:0] clocks, resets;

  BUFG i_clock (.I(clocks[0]), .O(aclk));

  seigo_reset i_reset (.aclk(aclk), .asynchronous_resetn(resets[0]), .aresetn(aresetn));

  // Port of the processor for registers
  wire p_awvalid, p_awready, p_wvalid, p_wready, p_bvalid, p_bready, p_arvalid, p_arready, p_rvalid, p_rready,
    p_rlast;
  wire [1:0] p_awsize, p_awburst, p_bresp, p_arsize, p_arburst, p_rresp;
  wire [3:0] p_awlen, p_wstrb, p_arlen;
  wire [11:0] p_awid, p_bid, p_arid, p_rid;
  wire [31:0] p_awaddr, p_wdata, p_araddr, p_rdata;

  // Registers
  wire l_awvalid, l_awready, l_wvalid, l_wready, l_bvalid, l_bready, l_arvalid, l_arready, l_rvalid, l_rready;
  wire [1:0] l_bresp, l_rresp;
  wire [3:0] l_wstrb;
  wire [11:0] l_awaddr, l_araddr;
  wire [31:0] l_wdata, l_rdata;

  // Memory, as the accelerator sees it
  wire g_awvalid, g_awready, g_awlock, g_wvalid, g_wready, g_wlast, g_bvalid, g_bready, g_arvalid, g_arready,
    g_arlock, g_rvalid, g_rready, g_rlast;
  wire [1:0] g_awburst, g_bresp, g_arburst, g_rresp;
  wire [2:0] g_awsize, g_awprot, g_arsize, g_arprot;
  wire [3:0] g_awcache, g_awqos, g_arcache, g_arqos;
  wire [7:0] g_awlen, g_arlen;
  wire [15:0] g_wstrb;
  wire [39:0] g_awaddr, g_araddr;
  wire [127:0] g_wdata, g_rdata;

  // Port of the processor for memory
  wire h_awvalid, h_awready, h_wvalid, h_wready, h_wlast, h_bvalid, h_bready, h_arvalid, h_arready, h_rvalid,
    h_rready, h_rlast;
  wire [1:0] h_bresp, h_rresp;
  wire [3:0] h_awlen, h_arlen;
  wire [7:0] h_wstrb;
  wire [31:0] h_awaddr, h_araddr;
  wire [63:0] h_wdata, h_rdata;

  // Bursts of the memory are incrementing ones of 8 bytes a beat, bufferable, with one ID.
  (* keep, dont_touch = "true" *) PS7 PS7_i (
    .FCLKCLK(clocks), .FCLKRESETN(resets), .FCLKCLKTRIGN(4'd0), .IRQF2P({19'd0, interrupt}),
    .MAXIGP0ACLK(aclk), .SAXIHP0ACLK(aclk),
    .MAXIGP0AWVALID(p_awvalid), .MAXIGP0AWREADY(p_awready), .MAXIGP0AWID(p_awid), .MAXIGP0AWADDR(p_awaddr),
    .MAXIGP0AWLEN(p_awlen), .MAXIGP0AWSIZE(p_awsize), .MAXIGP0AWBURST(p_awburst), .MAXIGP0WVALID(p_wvalid),
    .MAXIGP0WREADY(p_wready), .MAXIGP0WDATA(p_wdata), .MAXIGP0WSTRB(p_wstrb), .MAXIGP0BVALID(p_bvalid),
    .MAXIGP0BREADY(p_bready), .MAXIGP0BID(p_bid), .MAXIGP0BRESP(p_bresp), .MAXIGP0ARVALID(p_arvalid),
    .MAXIGP0ARREADY(p_arready), .MAXIGP0ARID(p_arid), .MAXIGP0ARADDR(p_araddr), .MAXIGP0ARLEN(p_arlen),
    .MAXIGP0ARSIZE(p_arsize), .MAXIGP0ARBURST(p_arburst), .MAXIGP0RVALID(p_rvalid), .MAXIGP0RREADY(p_rready),
    .MAXIGP0RID(p_rid), .MAXIGP0RDATA(p_rdata), .MAXIGP0RRESP(p_rresp), .MAXIGP0RLAST(p_rlast),
    .SAXIHP0AWVALID(h_awvalid), .SAXIHP0AWREADY(h_awready), .SAXIHP0AWADDR(h_awaddr), .SAXIHP0AWLEN(h_awlen),
    .SAXIHP0WVALID(h_wvalid), .SAXIHP0WREADY(h_wready), .SAXIHP0WDATA(h_wdata), .SAXIHP0WSTRB(h_wstrb),
    .SAXIHP0WLAST(h_wlast), .SAXIHP0BVALID(h_bvalid), .SAXIHP0BREADY(h_bready), .SAXIHP0BRESP(h_bresp),
    .SAXIHP0ARVALID(h_arvalid), .SAXIHP0ARREADY(h_arready), .SAXIHP0ARADDR(h_araddr), .SAXIHP0ARLEN(h_arlen),
    .SAXIHP0RVALID(h_rvalid), .SAXIHP0RREADY(h_rready), .SAXIHP0RDATA(h_rdata), .SAXIHP0RRESP(h_rresp),
    .SAXIHP0RLAST(h_rlast), .SAXIHP0AWSIZE(2'd3), .SAXIHP0ARSIZE(2'd3), .SAXIHP0AWBURST(2'd1), .SAXIHP0ARBURST(2'd1),
    .SAXIHP0AWLOCK(2'd0), .SAXIHP0ARLOCK(2'd0), .SAXIHP0AWCACHE(g_awcache), .SAXIHP0ARCACHE(g_arcache),
    .SAXIHP0AWPROT(g_awprot), .SAXIHP0ARPROT(g_arprot), .SAXIHP0AWQOS(g_awqos), .SAXIHP0ARQOS(g_arqos),
    .SAXIHP0AWID(6'd0), .SAXIHP0ARID(6'd0), .SAXIHP0WID(6'd0), .SAXIHP0RDISSUECAP1EN(1'b0),
    .SAXIHP0WRISSUECAP1EN(1'b0)
  );

  seigo_lite_bridge #(.IdBits(12), .AddressBits(12)) i_bridge (
    .aclk(aclk), .aresetn(aresetn),
    .s_awvalid(p_awvalid), .s_awready(p_awready), .s_awid(p_awid), .s_awaddr(p_awaddr[11:0]),
    .s_awlen({4'd0, p_awlen}), .s_awsize({1'b0, p_awsize}), .s_awburst(p_awburst), .s_wvalid(p_wvalid),
    .s_wready(p_wready), .s_wdata(p_wdata), .s_wstrb(p_wstrb), .s_bvalid(p_bvalid), .s_bready(p_bready),
    .s_bid(p_bid), .s_bresp(p_bresp), .s_arvalid(p_arvalid), .s_arready(p_arready), .s_arid(p_arid),
    .s_araddr(p_araddr[11:0]), .s_arlen({4'd0, p_arlen}), .s_arsize({1'b0, p_arsize}), .s_arburst(p_arburst),
    .s_rvalid(p_rvalid), .s_rready(p_rready), .s_rid(p_rid), .s_rdata(p_rdata), .s_rresp(p_rresp), .s_rlast(p_rlast),
    .m_awvalid(l_awvalid), .m_awready(l_awready), .m_awaddr(l_awaddr), .m_wvalid(l_wvalid), .m_wready(l_wready),
    .m_wdata(l_wdata), .m_wstrb(l_wstrb), .m_bvalid(l_bvalid), .m_bready(l_bready), .m_bresp(l_bresp),
    .m_arvalid(l_arvalid), .m_arready(l_arready), .m_araddr(l_araddr), .m_rvalid(l_rvalid), .m_rready(l_rready),
    .m_rdata(l_rdata), .m_rresp(l_rresp)
  );

  seigo_axi3_port #(.AddressBits(32)) i_port (
    .aclk(aclk), .aresetn(aresetn),
    .s_awvalid(g_awvalid), .s_awready(g_awready), .s_awaddr(g_awaddr[31:0]), .s_awlen(g_awlen), .s_wvalid(g_wvalid),
    .s_wready(g_wready), .s_wdata(g_wdata), .s_wstrb(g_wstrb), .s_wlast(g_wlast), .s_bvalid(g_bvalid),
    .s_bready(g_bready), .s_bresp(g_bresp), .s_arvalid(g_arvalid), .s_arready(g_arready), .s_araddr(g_araddr[31:0]),
    .s_arlen(g_arlen), .s_rvalid(g_rvalid), .s_rready(g_rready), .s_rdata(g_rdata), .s_rresp(g_rresp),
    .s_rlast(g_rlast), .m_awvalid(h_awvalid), .m_awready(h_awready), .m_awaddr(h_awaddr), .m_awlen(h_awlen),
    .m_wvalid(h_wvalid), .m_wready(h_wready), .m_wdata(h_wdata), .m_wstrb(h_wstrb), .m_wlast(h_wlast),
    .m_bvalid(h_bvalid), .m_bready(h_bready), .m_bresp(h_bresp), .m_arvalid(h_arvalid), .m_arready(h_arready),
    .m_araddr(h_araddr), .m_arlen(h_arlen), .m_rvalid(h_rvalid), .m_rready(h_rready), .m_rdata(h_rdata),
    .m_rresp(h_rresp), .m_rlast(h_rlast)
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

  // The port's addresses begin at the window; the DDR lies below 4 GiB.
  wire unused = |{clocks[3:1], resets[3:1], p_awaddr[31:12], p_araddr[31:12], g_awaddr[39:32], g_araddr[39:32], g_awsize,
    g_arsize, g_awburst, g_arburst, g_awlock, g_arlock};
endmodule

`default_nettype wire
