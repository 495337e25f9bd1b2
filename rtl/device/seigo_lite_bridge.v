// AXI4 or AXI3 with 32 bits of data to AXI4-Lite, for the registers behind a processor's port. Every beat of a burst
// becomes an access of its own; the answer of a burst of writes is the worst of its accesses. One burst of reads and one
// of writes at a time. Bursts that wrap, which no access of a processor to registers is, are answered by SLVERR and reach
// nothing.
`default_nettype none

module seigo_lite_bridge #(
  // Bits of the transaction ID, which comes back with the answer: 16 on Zynq UltraScale+, 12 on Zynq-7000.
  parameter IdBits = 16,
  // Bits of an address within the register window, 8 at least.
  parameter AddressBits = 12
) (
  input  wire                   aclk,
  input  wire                   aresetn,

  // From the processor: AXI4, or AXI3 with its lengths widened.
  input  wire                   s_awvalid,
  output wire                   s_awready,
  input  wire [IdBits-1:0]      s_awid,
  input  wire [AddressBits-1:0] s_awaddr,
  input  wire [7:0]             s_awlen,
  input  wire [2:0]             s_awsize,
  input  wire [1:0]             s_awburst,
  input  wire                   s_wvalid,
  output wire                   s_wready,
  input  wire [31:0]            s_wdata,
  input  wire [3:0]             s_wstrb,
  output wire                   s_bvalid,
  input  wire                   s_bready,
  output wire [IdBits-1:0]      s_bid,
  output wire [1:0]             s_bresp,
  input  wire                   s_arvalid,
  output wire                   s_arready,
  input  wire [IdBits-1:0]      s_arid,
  input  wire [AddressBits-1:0] s_araddr,
  input  wire [7:0]             s_arlen,
  input  wire [2:0]             s_arsize,
  input  wire [1:0]             s_arburst,
  output wire                   s_rvalid,
  input  wire                   s_rready,
  output wire [IdBits-1:0]      s_rid,
  output wire [31:0]            s_rdata,
  output wire [1:0]             s_rresp,
  output wire                   s_rlast,

  // To the registers: AXI4-Lite.
  output wire                   m_awvalid,
  input  wire                   m_awready,
  output wire [AddressBits-1:0] m_awaddr,
  output wire                   m_wvalid,
  input  wire                   m_wready,
  output wire [31:0]            m_wdata,
  output wire [3:0]             m_wstrb,
  input  wire                   m_bvalid,
  output wire                   m_bready,
  input  wire [1:0]             m_bresp,
  output wire                   m_arvalid,
  input  wire                   m_arready,
  output wire [AddressBits-1:0] m_araddr,
  input  wire                   m_rvalid,
  output wire                   m_rready,
  input  wire [31:0]            m_rdata,
  input  wire [1:0]             m_rresp
);
  generate
    if (IdBits < 1 || AddressBits < 8) begin : g_check
      lite_bridge_needs_an_id_and_8_address_bits_at_least error ();
    end
  endgenerate

  localparam [1:0] Fixed = 2'b00, Incr = 2'b01;
  localparam [1:0] Okay = 2'b00, SlaveError = 2'b10;

  // Writes: address, then for each beat its data, the access, its answer; then the answer of the burst.
  localparam [2:0] WriteIdle = 3'd0, WriteData = 3'd1, WriteSend = 3'd2, WriteWait = 3'd3, WriteAnswer = 3'd4;

  reg [2:0]             write_q;
  reg [IdBits-1:0]      write_id_q;
  reg [AddressBits-1:0] write_address_q, write_step_q;
  reg [7:0]             write_left_q;
  reg                   write_bad_q;
  reg [1:0]             write_answer_q;
  reg [31:0]            data_q;
  reg [3:0]             strobe_q;
  // What of the access was taken.
  reg                   address_sent_q, data_sent_q;

  assign s_awready = write_q == WriteIdle;
  assign s_wready = write_q == WriteData;
  assign s_bvalid = write_q == WriteAnswer;
  assign s_bid = write_id_q;
  assign s_bresp = write_answer_q;
  assign m_awvalid = write_q == WriteSend && !address_sent_q;
  assign m_awaddr = write_address_q;
  assign m_wvalid = write_q == WriteSend && !data_sent_q;
  assign m_wdata = data_q;
  assign m_wstrb = strobe_q;
  assign m_bready = write_q == WriteWait;

  wire beat_last = write_left_q == 8'd0;
  wire both_sent = (address_sent_q || m_awready) && (data_sent_q || m_wready);

  always @(posedge aclk) begin
    if (!aresetn) begin
      write_q <= WriteIdle;
    end else begin
      case (write_q)
        WriteIdle: if (s_awvalid) write_q <= WriteData;
        WriteData: if (s_wvalid) write_q <= !write_bad_q ? WriteSend : beat_last ? WriteAnswer : WriteData;
        WriteSend: if (both_sent) write_q <= WriteWait;
        WriteWait: if (m_bvalid) write_q <= beat_last ? WriteAnswer : WriteData;
        default:   if (s_bready) write_q <= WriteIdle;
      endcase
    end
  end

  always @(posedge aclk) begin
    if (s_awvalid && s_awready) begin
      write_id_q <= s_awid;
      write_address_q <= s_awaddr;
      write_step_q <= s_awburst == Fixed ? {AddressBits{1'b0}} : {{AddressBits - 1{1'b0}}, 1'b1} << s_awsize;
      write_left_q <= s_awlen;
      write_bad_q <= s_awburst != Fixed && s_awburst != Incr;
      write_answer_q <= s_awburst != Fixed && s_awburst != Incr ? SlaveError : Okay;
    end
    if (s_wvalid && s_wready) begin
      data_q <= s_wdata;
      strobe_q <= s_wstrb;
      address_sent_q <= 1'b0;
      data_sent_q <= 1'b0;
      if (write_bad_q) write_left_q <= write_left_q - 8'd1;
    end
    if (m_awvalid && m_awready) address_sent_q <= 1'b1;
    if (m_wvalid && m_wready) data_sent_q <= 1'b1;
    if (m_bvalid && m_bready) begin
      write_left_q <= write_left_q - 8'd1;
      write_address_q <= write_address_q + write_step_q;
      if (m_bresp > write_answer_q) write_answer_q <= m_bresp;
    end
  end

  // Reads: address, then for each beat the access and its data.
  localparam [1:0] ReadIdle = 2'd0, ReadSend = 2'd1, ReadWait = 2'd2, ReadGive = 2'd3;

  reg [1:0]             read_q;
  reg [IdBits-1:0]      read_id_q;
  reg [AddressBits-1:0] read_address_q, read_step_q;
  reg [7:0]             read_left_q;
  reg                   read_bad_q;
  reg [31:0]            read_data_q;
  reg [1:0]             read_answer_q;

  wire read_bad = s_arburst != Fixed && s_arburst != Incr;

  assign s_arready = read_q == ReadIdle;
  assign s_rvalid = read_q == ReadGive;
  assign s_rid = read_id_q;
  assign s_rdata = read_data_q;
  assign s_rresp = read_answer_q;
  assign s_rlast = read_left_q == 8'd0;
  assign m_arvalid = read_q == ReadSend;
  assign m_araddr = read_address_q;
  assign m_rready = read_q == ReadWait;

  always @(posedge aclk) begin
    if (!aresetn) begin
      read_q <= ReadIdle;
    end else begin
      case (read_q)
        ReadIdle: if (s_arvalid) read_q <= read_bad ? ReadGive : ReadSend;
        ReadSend: if (m_arready) read_q <= ReadWait;
        ReadWait: if (m_rvalid) read_q <= ReadGive;
        default:  if (s_rready) read_q <= s_rlast ? ReadIdle : read_bad_q ? ReadGive : ReadSend;
      endcase
    end
  end

  always @(posedge aclk) begin
    if (s_arvalid && s_arready) begin
      read_id_q <= s_arid;
      read_address_q <= s_araddr;
      read_step_q <= s_arburst == Fixed ? {AddressBits{1'b0}} : {{AddressBits - 1{1'b0}}, 1'b1} << s_arsize;
      read_left_q <= s_arlen;
      read_bad_q <= read_bad;
      read_data_q <= 32'd0;
      read_answer_q <= SlaveError;
    end
    if (m_rvalid && m_rready) begin
      read_data_q <= m_rdata;
      read_answer_q <= m_rresp;
    end
    if (s_rvalid && s_rready) begin
      read_left_q <= read_left_q - 8'd1;
      read_address_q <= read_address_q + read_step_q;
    end
  end
endmodule

`default_nettype wire
