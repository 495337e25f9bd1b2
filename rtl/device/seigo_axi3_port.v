// AXI4 with 128 bits to AXI3 with 64 bits, for the HP ports of Zynq-7000. Takes what the accelerator's master sends: one
// ID, INCR bursts of up to 16 beats of 16 bytes that begin at a multiple of 16 and do not cross 4 KiB. AXI3 has bursts of
// up to 16 beats of 8 bytes, so a burst of more than 8 beats becomes two.
//
// Every valid and ready of the two sides is a register, but for the address channels to the port, which are a gate behind
// one: a path ends at this module, whatever stands on its other side. A beat of data takes a cycle or two through it.
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
  wire                   aw_valid, aw_ready, ar_valid, ar_ready;
  wire [AddressBits-1:0] aw_address, ar_address;
  wire [3:0]             aw_len, ar_len;
  wire                   write_more, write_room, read_more, read_room;
  wire                   answer_valid, answer_ready;
  wire [1:0]             answer;
  wire                   half_valid, half_ready, half_last;
  wire [63:0]            half_data;
  wire [1:0]             half_answer;

  seigo_skid #(.Width(AddressBits + 4)) i_aw (
    .aclk(aclk), .aresetn(aresetn),
    .valid_i(s_awvalid), .ready_o(s_awready), .data_i({s_awaddr, s_awlen[3:0]}),
    .valid_o(aw_valid), .ready_i(aw_ready), .data_o({aw_address, aw_len})
  );
  seigo_axi3_split #(.AddressBits(AddressBits), .Depth(Depth)) i_write (
    .aclk(aclk), .aresetn(aresetn),
    .s_valid(aw_valid), .s_ready(aw_ready), .s_address(aw_address), .s_len(aw_len),
    .m_valid(m_awvalid), .m_ready(m_awready), .m_address(m_awaddr), .m_len(m_awlen),
    .done_i(answer_valid && answer_ready), .more_o(write_more), .known_o(write_room)
  );
  seigo_skid #(.Width(AddressBits + 4)) i_ar (
    .aclk(aclk), .aresetn(aresetn),
    .valid_i(s_arvalid), .ready_o(s_arready), .data_i({s_araddr, s_arlen[3:0]}),
    .valid_o(ar_valid), .ready_i(ar_ready), .data_o({ar_address, ar_len})
  );
  seigo_axi3_split #(.AddressBits(AddressBits), .Depth(Depth)) i_read (
    .aclk(aclk), .aresetn(aresetn),
    .s_valid(ar_valid), .s_ready(ar_ready), .s_address(ar_address), .s_len(ar_len),
    .m_valid(m_arvalid), .m_ready(m_arready), .m_address(m_araddr), .m_len(m_arlen),
    .done_i(half_valid && half_ready && half_last), .more_o(read_more), .known_o(read_room)
  );

  // Write data: low half, then high half. A burst of the port ends with that of the accelerator or after 8 wide beats.
  reg       high_q;
  reg [2:0] beat_q;
  wire      write_ready;
  wire      write_last = high_q && (s_wlast || beat_q == 3'd7);

  assign s_wready = write_ready && high_q;

  seigo_skid #(.Width(73)) i_w (
    .aclk(aclk), .aresetn(aresetn),
    .valid_i(s_wvalid), .ready_o(write_ready),
    .data_i({write_last, high_q ? {s_wstrb[15:8], s_wdata[127:64]} : {s_wstrb[7:0], s_wdata[63:0]}}),
    .valid_o(m_wvalid), .ready_i(m_wready), .data_o({m_wlast, m_wstrb, m_wdata})
  );

  always @(posedge aclk) begin
    if (!aresetn) begin
      high_q <= 1'b0;
      beat_q <= 3'd0;
    end else if (s_wvalid && write_ready) begin
      high_q <= !high_q;
      if (high_q) beat_q <= s_wlast ? 3'd0 : beat_q + 3'd1;
    end
  end

  // Answers of writes: the first of two is kept, the worse of both is given.
  reg [1:0] write_answer_q;
  wire      give_ready;

  seigo_skid #(.Width(2)) i_b (
    .aclk(aclk), .aresetn(aresetn),
    .valid_i(m_bvalid), .ready_o(m_bready), .data_i(m_bresp),
    .valid_o(answer_valid), .ready_i(answer_ready), .data_o(answer)
  );
  seigo_skid #(.Width(2)) i_answer (
    .aclk(aclk), .aresetn(aresetn),
    .valid_i(answer_valid && write_room && !write_more), .ready_o(give_ready),
    .data_i(answer > write_answer_q ? answer : write_answer_q),
    .valid_o(s_bvalid), .ready_i(s_bready), .data_o(s_bresp)
  );
  assign answer_ready = write_room && (write_more || give_ready);

  always @(posedge aclk) begin
    if (!aresetn) write_answer_q <= 2'b00;
    else if (answer_valid && answer_ready) write_answer_q <= write_more ? answer : 2'b00;
  end

  // Read data: the low half is kept until the high half is there.
  reg        low_q;
  reg [63:0] low_data_q;
  reg [1:0]  low_answer_q;
  wire       wide_ready;

  seigo_skid #(.Width(67)) i_r (
    .aclk(aclk), .aresetn(aresetn),
    .valid_i(m_rvalid), .ready_o(m_rready), .data_i({m_rlast, m_rresp, m_rdata}),
    .valid_o(half_valid), .ready_i(half_ready), .data_o({half_last, half_answer, half_data})
  );
  seigo_skid #(.Width(131)) i_wide (
    .aclk(aclk), .aresetn(aresetn),
    .valid_i(half_valid && low_q), .ready_o(wide_ready),
    .data_i({half_last && !read_more, half_answer > low_answer_q ? half_answer : low_answer_q, half_data, low_data_q}),
    .valid_o(s_rvalid), .ready_i(s_rready), .data_o({s_rlast, s_rresp, s_rdata})
  );
  assign half_ready = !low_q || wide_ready;

  always @(posedge aclk) begin
    if (!aresetn) low_q <= 1'b0;
    else if (half_valid && half_ready) low_q <= !low_q;
  end

  always @(posedge aclk) begin
    if (!low_q) begin
      low_data_q <= half_data;
      low_answer_q <= half_answer;
    end
  end

  // Bursts have up to 16 beats. Data come after their address, so that the order of reads is known when they come.
  wire unused = |{s_awlen[7:4], s_arlen[7:4], read_room, 1'b0};
endmodule

`default_nettype wire
