// AXI4 with 128 bits to AXI3 with 64 bits, for the HP ports of Zynq-7000. Takes what the accelerator's master sends: one
// ID, INCR bursts of up to 16 beats of 16 bytes that begin at a multiple of 16 and do not cross 4 KiB. AXI3 has bursts of
// up to 16 beats of 8 bytes, so a burst of more than 8 beats becomes two.
//
// Data and answers pass without a register, half a wide beat a cycle: valids and readies of the two sides are joined by a few
// gates, so the processor's port and the accelerator's master, whose own outputs are registers, have to close timing
// together. RREADY and BREADY of the port may depend on its valids.
`default_nettype none

module seigo_axi3_port #(
  parameter AddressBits = 32,
  // Bursts of the port under way in each direction, log2
  parameter Depth = 4
) (
  input  wire                   aclk,
  input  wire                   aresetn,

  // From the accelerator: AXI4, 128 bits.
  input  wire                   s_awvalid,
  output wire                   s_awready,
  input  wire [AddressBits-1:0] s_awaddr,
  input  wire [7:0]             s_awlen,
  input  wire                   s_wvalid,
  output wire                   s_wready,
  input  wire [127:0]           s_wdata,
  input  wire [15:0]            s_wstrb,
  input  wire                   s_wlast,
  output wire                   s_bvalid,
  input  wire                   s_bready,
  output wire [1:0]             s_bresp,
  input  wire                   s_arvalid,
  output wire                   s_arready,
  input  wire [AddressBits-1:0] s_araddr,
  input  wire [7:0]             s_arlen,
  output wire                   s_rvalid,
  input  wire                   s_rready,
  output wire [127:0]           s_rdata,
  output wire [1:0]             s_rresp,
  output wire                   s_rlast,

  // To the processor: AXI3, 64 bits; size, burst and ID are constants of whoever connects it.
  output wire                   m_awvalid,
  input  wire                   m_awready,
  output wire [AddressBits-1:0] m_awaddr,
  output wire [3:0]             m_awlen,
  output wire                   m_wvalid,
  input  wire                   m_wready,
  output wire [63:0]            m_wdata,
  output wire [7:0]             m_wstrb,
  output wire                   m_wlast,
  input  wire                   m_bvalid,
  output wire                   m_bready,
  input  wire [1:0]             m_bresp,
  output wire                   m_arvalid,
  input  wire                   m_arready,
  output wire [AddressBits-1:0] m_araddr,
  output wire [3:0]             m_arlen,
  input  wire                   m_rvalid,
  output wire                   m_rready,
  input  wire [63:0]            m_rdata,
  input  wire [1:0]             m_rresp,
  input  wire                   m_rlast
);
  // Addresses. `*_more` says that another burst of the port belongs to the same burst of the accelerator.
  wire write_more, write_room, read_more, read_room;

  seigo_axi3_split #(.AddressBits(AddressBits), .Depth(Depth)) i_write (
    .aclk(aclk), .aresetn(aresetn),
    .s_valid(s_awvalid), .s_ready(s_awready), .s_address(s_awaddr), .s_len(s_awlen[3:0]),
    .m_valid(m_awvalid), .m_ready(m_awready), .m_address(m_awaddr), .m_len(m_awlen),
    .done_i(m_bvalid && m_bready), .more_o(write_more), .known_o(write_room)
  );
  seigo_axi3_split #(.AddressBits(AddressBits), .Depth(Depth)) i_read (
    .aclk(aclk), .aresetn(aresetn),
    .s_valid(s_arvalid), .s_ready(s_arready), .s_address(s_araddr), .s_len(s_arlen[3:0]),
    .m_valid(m_arvalid), .m_ready(m_arready), .m_address(m_araddr), .m_len(m_arlen),
    .done_i(m_rvalid && m_rready && m_rlast), .more_o(read_more), .known_o(read_room)
  );

  // Write data: low half, then high half. A burst of the port ends with that of the accelerator or after 8 wide beats.
  reg       high_q;
  reg [2:0] beat_q;

  assign m_wvalid = s_wvalid;
  assign s_wready = m_wready && high_q;
  assign m_wdata = high_q ? s_wdata[127:64] : s_wdata[63:0];
  assign m_wstrb = high_q ? s_wstrb[15:8] : s_wstrb[7:0];
  assign m_wlast = high_q && (s_wlast || beat_q == 3'd7);

  always @(posedge aclk) begin
    if (!aresetn) begin
      high_q <= 1'b0;
      beat_q <= 3'd0;
    end else if (m_wvalid && m_wready) begin
      high_q <= !high_q;
      if (high_q) beat_q <= s_wlast ? 3'd0 : beat_q + 3'd1;
    end
  end

  // Answers of writes: the first of two is kept, the worse of both is given.
  reg [1:0] write_answer_q;

  assign s_bvalid = m_bvalid && write_room && !write_more;
  assign m_bready = write_room && (write_more || s_bready);
  assign s_bresp = m_bresp > write_answer_q ? m_bresp : write_answer_q;

  always @(posedge aclk) begin
    if (!aresetn) write_answer_q <= 2'b00;
    else if (m_bvalid && m_bready) write_answer_q <= write_more ? m_bresp : 2'b00;
  end

  // Read data: the low half is kept until the high half is there.
  reg        low_q;
  reg [63:0] low_data_q;
  reg [1:0]  low_answer_q;

  assign s_rvalid = m_rvalid && low_q;
  assign m_rready = !low_q || s_rready;
  assign s_rdata = {m_rdata, low_data_q};
  assign s_rresp = m_rresp > low_answer_q ? m_rresp : low_answer_q;
  assign s_rlast = m_rlast && !read_more;

  always @(posedge aclk) begin
    if (!aresetn) low_q <= 1'b0;
    else if (m_rvalid && m_rready) low_q <= !low_q;
  end

  always @(posedge aclk) begin
    if (!low_q) begin
      low_data_q <= m_rdata;
      low_answer_q <= m_rresp;
    end
  end

  // Bursts have up to 16 beats. Data come after their address, so that the order of reads is known when they come.
  wire unused = |{s_awlen[7:4], s_arlen[7:4], read_room, 1'b0};
endmodule

`default_nettype wire
