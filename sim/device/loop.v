// The whole device in the place of the accelerator: the ports of seigo_top on the outside, and what the processor's
// primitive would do between them and its ports, so that the bench of a frame (sim/icarus/frame_tb.v) runs through bridge,
// port and reset of rtl/device too. The models PS8 and PS7 read the wires of this module by its place in the bench.
//
// ZYNQ_7000 is defined for that device; its port of 64 bits is put together to the bench's 128 here.
module loop (
  input  wire         aclk,
  input  wire         aresetn,
  input  wire         s_axi_ctrl_awvalid,
  output wire         s_axi_ctrl_awready,
  input  wire [11:0]  s_axi_ctrl_awaddr,
  input  wire [2:0]   s_axi_ctrl_awprot,
  input  wire         s_axi_ctrl_wvalid,
  output wire         s_axi_ctrl_wready,
  input  wire [31:0]  s_axi_ctrl_wdata,
  input  wire [3:0]   s_axi_ctrl_wstrb,
  output wire         s_axi_ctrl_bvalid,
  input  wire         s_axi_ctrl_bready,
  output wire [1:0]   s_axi_ctrl_bresp,
  input  wire         s_axi_ctrl_arvalid,
  output wire         s_axi_ctrl_arready,
  input  wire [11:0]  s_axi_ctrl_araddr,
  input  wire [2:0]   s_axi_ctrl_arprot,
  output wire         s_axi_ctrl_rvalid,
  input  wire         s_axi_ctrl_rready,
  output wire [31:0]  s_axi_ctrl_rdata,
  output wire [1:0]   s_axi_ctrl_rresp,
  output wire         interrupt_o,
  output wire         m_axi_gmem_awvalid,
  input  wire         m_axi_gmem_awready,
  output wire [39:0]  m_axi_gmem_awaddr,
  output wire [7:0]   m_axi_gmem_awlen,
  output wire [2:0]   m_axi_gmem_awsize,
  output wire [1:0]   m_axi_gmem_awburst,
  output wire         m_axi_gmem_awlock,
  output wire [3:0]   m_axi_gmem_awcache,
  output wire [2:0]   m_axi_gmem_awprot,
  output wire [3:0]   m_axi_gmem_awqos,
  output wire         m_axi_gmem_wvalid,
  input  wire         m_axi_gmem_wready,
  output wire [127:0] m_axi_gmem_wdata,
  output wire [15:0]  m_axi_gmem_wstrb,
  output wire         m_axi_gmem_wlast,
  input  wire         m_axi_gmem_bvalid,
  output wire         m_axi_gmem_bready,
  input  wire [1:0]   m_axi_gmem_bresp,
  output wire         m_axi_gmem_arvalid,
  input  wire         m_axi_gmem_arready,
  output wire [39:0]  m_axi_gmem_araddr,
  output wire [7:0]   m_axi_gmem_arlen,
  output wire [2:0]   m_axi_gmem_arsize,
  output wire [1:0]   m_axi_gmem_arburst,
  output wire         m_axi_gmem_arlock,
  output wire [3:0]   m_axi_gmem_arcache,
  output wire [2:0]   m_axi_gmem_arprot,
  output wire [3:0]   m_axi_gmem_arqos,
  input  wire         m_axi_gmem_rvalid,
  output wire         m_axi_gmem_rready,
  input  wire [127:0] m_axi_gmem_rdata,
  input  wire [1:0]   m_axi_gmem_rresp,
  input  wire         m_axi_gmem_rlast,
  output wire         pass_done_o,
  output wire [15:0]  pass_index_o,
  output wire [5:0]   stall_o
);
  // Before the first edge of its reset a device may offer anything: nothing is taken then.
`ifdef ZYNQ_7000
  seigo_zynq_7000 device ();

  assign s_axi_ctrl_awready = device.PS7_i.MAXIGP0AWREADY;
  assign s_axi_ctrl_wready = device.PS7_i.MAXIGP0WREADY;
  assign s_axi_ctrl_bvalid = device.PS7_i.MAXIGP0BVALID;
  assign s_axi_ctrl_bresp = device.PS7_i.MAXIGP0BRESP;
  assign s_axi_ctrl_arready = device.PS7_i.MAXIGP0ARREADY;
  assign s_axi_ctrl_rvalid = device.PS7_i.MAXIGP0RVALID;
  assign s_axi_ctrl_rdata = device.PS7_i.MAXIGP0RDATA;
  assign s_axi_ctrl_rresp = device.PS7_i.MAXIGP0RRESP;
  assign interrupt_o = device.PS7_i.IRQF2P[0];

  // Bursts of the port begin at multiples of 16 bytes and have an even number of beats of 8.
  assign m_axi_gmem_awvalid = device.PS7_i.SAXIHP0AWVALID && aresetn;
  assign m_axi_gmem_awaddr = {8'd0, device.PS7_i.SAXIHP0AWADDR};
  assign m_axi_gmem_awlen = {5'd0, device.PS7_i.SAXIHP0AWLEN[3:1]};
  assign m_axi_gmem_arvalid = device.PS7_i.SAXIHP0ARVALID && aresetn;
  assign m_axi_gmem_araddr = {8'd0, device.PS7_i.SAXIHP0ARADDR};
  assign m_axi_gmem_arlen = {5'd0, device.PS7_i.SAXIHP0ARLEN[3:1]};
  assign m_axi_gmem_bready = device.PS7_i.SAXIHP0BREADY;

  // Writes: the low half is kept until the high half is there.
  reg        write_high = 1'b0;
  reg [63:0] write_data;
  reg [7:0]  write_strobe;
  assign m_axi_gmem_wvalid = device.PS7_i.SAXIHP0WVALID && write_high && aresetn;
  assign m_axi_gmem_wdata = {device.PS7_i.SAXIHP0WDATA, write_data};
  assign m_axi_gmem_wstrb = {device.PS7_i.SAXIHP0WSTRB, write_strobe};
  assign m_axi_gmem_wlast = device.PS7_i.SAXIHP0WLAST;
  wire hp_wready = !write_high || m_axi_gmem_wready;
  always @(posedge aclk) begin
    // In reset the device may offer anything.
    if (!aresetn) begin
      write_high <= 1'b0;
    end else if (device.PS7_i.SAXIHP0WVALID && hp_wready) begin
      write_high <= !write_high;
      write_data <= device.PS7_i.SAXIHP0WDATA;
      write_strobe <= device.PS7_i.SAXIHP0WSTRB;
    end
  end
  // Reads: a beat stays until both halves are taken.
  reg read_high = 1'b0;
  wire [63:0] hp_rdata = read_high ? m_axi_gmem_rdata[127:64] : m_axi_gmem_rdata[63:0];
  wire hp_rlast = m_axi_gmem_rlast && read_high;
  assign m_axi_gmem_rready = device.PS7_i.SAXIHP0RREADY && read_high;
  always @(posedge aclk) begin
    if (!aresetn) read_high <= 1'b0;
    else if (m_axi_gmem_rvalid && device.PS7_i.SAXIHP0RREADY) read_high <= !read_high;
  end
`else
  seigo_zynq_ultra device (.emio_ttc0_wave_o());

  assign s_axi_ctrl_awready = device.PS8_i.MAXIGP0AWREADY;
  assign s_axi_ctrl_wready = device.PS8_i.MAXIGP0WREADY;
  assign s_axi_ctrl_bvalid = device.PS8_i.MAXIGP0BVALID;
  assign s_axi_ctrl_bresp = device.PS8_i.MAXIGP0BRESP;
  assign s_axi_ctrl_arready = device.PS8_i.MAXIGP0ARREADY;
  assign s_axi_ctrl_rvalid = device.PS8_i.MAXIGP0RVALID;
  assign s_axi_ctrl_rdata = device.PS8_i.MAXIGP0RDATA[31:0];
  assign s_axi_ctrl_rresp = device.PS8_i.MAXIGP0RRESP;
  assign interrupt_o = device.PS8_i.PLPSIRQ0[0];
  assign m_axi_gmem_awvalid = device.PS8_i.SAXIGP2AWVALID && aresetn;
  assign m_axi_gmem_awaddr = device.PS8_i.SAXIGP2AWADDR[39:0];
  assign m_axi_gmem_awlen = device.PS8_i.SAXIGP2AWLEN;
  assign m_axi_gmem_wvalid = device.PS8_i.SAXIGP2WVALID && aresetn;
  assign m_axi_gmem_wdata = device.PS8_i.SAXIGP2WDATA;
  assign m_axi_gmem_wstrb = device.PS8_i.SAXIGP2WSTRB;
  assign m_axi_gmem_wlast = device.PS8_i.SAXIGP2WLAST;
  assign m_axi_gmem_bready = device.PS8_i.SAXIGP2BREADY;
  assign m_axi_gmem_arvalid = device.PS8_i.SAXIGP2ARVALID && aresetn;
  assign m_axi_gmem_araddr = device.PS8_i.SAXIGP2ARADDR[39:0];
  assign m_axi_gmem_arlen = device.PS8_i.SAXIGP2ARLEN;
  assign m_axi_gmem_rready = device.PS8_i.SAXIGP2RREADY;
`endif
  assign pass_done_o = device.i_seigo.pass_done_o;
  assign pass_index_o = device.i_seigo.pass_index_o;
  assign stall_o = device.i_seigo.stall_o;
endmodule
