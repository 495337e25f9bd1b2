// AXI4 write master: 128-bit data, one ID, INCR bursts of at most 16 beats that do not cross 4 KiB,
// up to `Outstanding` of them unanswered. One client: a request, then its data in order (they may
// come before the request is on the bus, but not before it is accepted).
//
// `clear_i` (soft reset, error): no request is accepted; bursts on the bus are completed with beats
// that write nothing (strobes 0); `idle_o` says that every burst is answered.
`default_nettype none

module seigo_axi_write #(
  parameter Outstanding = 16,
  // What AWCACHE and AWPROT are
  parameter [3:0] Cache = 4'b0011,
  parameter [2:0] Prot  = 3'b000
) (
  input  wire         aclk,
  input  wire         aresetn,
  input  wire         clear_i,
  output wire         idle_o,

  // Request: byte address, a multiple of 16; 1 to 16 beats
  input  wire         req_valid_i,
  output wire         req_ready_o,
  input  wire [39:0]  req_address_i,
  input  wire [4:0]   req_beats_i,

  input  wire         data_valid_i,
  output wire         data_ready_o,
  input  wire [127:0] data_i,

  // A burst was answered by something else than OKAY
  output reg          error_o,

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
  input  wire [1:0]   m_axi_gmem_bresp
);

  localparam CountBits = $clog2(Outstanding);

  generate
    if (Outstanding != (1 << CountBits) || Outstanding < 2) begin : g_check
      axi_write_parameter_out_of_range error ();
    end
  endgenerate

  wire        part_valid;
  wire        part_ready;
  wire [39:4] part_address;
  wire [3:0]  part_length;
  wire        part_tag;

  seigo_axi_burst_split #(
    .TagBits(1)
  ) split (
    .aclk(aclk),
    .aresetn(aresetn),
    .clear_i(clear_i),
    .valid_i(req_valid_i),
    .ready_o(req_ready_o),
    .address_i(req_address_i[39:4]),
    .beats_i(req_beats_i),
    .tag_i(1'b0),
    .valid_o(part_valid),
    .ready_i(part_ready),
    .address_o(part_address),
    .length_o(part_length),
    .tag_o(part_tag)
  );

  // Address channel; the lengths of the bursts whose data are still to come
  reg                 aw_valid_q;
  reg [39:4]          aw_address_q;
  reg [3:0]           aw_length_q;
  reg [CountBits:0]   unanswered_q;
  reg [CountBits-1:0] length_head_q;
  reg [CountBits-1:0] length_tail_q;
  reg [CountBits:0]   lengths_q;
  reg [3:0]           lengths [0:Outstanding-1];

  wire issued = part_valid && part_ready;
  wire answered = m_axi_gmem_bvalid;
  assign part_ready = !clear_i && (!aw_valid_q || m_axi_gmem_awready) &&
                      unanswered_q != Outstanding[CountBits:0];

  // Data channel: a queue of two beats, so that `data_ready_o` is a register's matter
  reg [127:0] beat0_q;
  reg [127:0] beat1_q;
  reg [1:0]   strobe_q;
  reg [1:0]   last_q;
  reg [1:0]   full_q;
  reg         in_q;
  reg         out_q;
  reg [3:0]   sent_q;

  wire has_burst = lengths_q != 0;
  wire space = !full_q[in_q];
  wire take = has_burst && space && (data_valid_i || clear_i);
  wire last = sent_q == lengths[length_tail_q];
  wire leaves = m_axi_gmem_wvalid && m_axi_gmem_wready;
  assign data_ready_o = has_burst && space && !clear_i;

  always @(posedge aclk) begin
    if (issued) begin
      aw_valid_q <= 1'b1;
      aw_address_q <= part_address;
      aw_length_q <= part_length;
      lengths[length_head_q] <= part_length;
      length_head_q <= length_head_q + 1'b1;
    end else if (m_axi_gmem_awready) begin
      aw_valid_q <= 1'b0;
    end
    if (take && last) length_tail_q <= length_tail_q + 1'b1;
    if (issued && !(take && last)) lengths_q <= lengths_q + 1'b1;
    else if (!issued && take && last) lengths_q <= lengths_q - 1'b1;
    if (issued && !answered) unanswered_q <= unanswered_q + 1'b1;
    else if (!issued && answered) unanswered_q <= unanswered_q - 1'b1;
    error_o <= answered && m_axi_gmem_bresp != 2'b00 && !clear_i;
    if (!aresetn) begin
      aw_valid_q <= 1'b0;
      length_head_q <= 0;
      length_tail_q <= 0;
      lengths_q <= 0;
      unanswered_q <= 0;
      error_o <= 1'b0;
    end
  end

  always @(posedge aclk) begin
    if (take) begin
      if (in_q) beat1_q <= data_i;
      else beat0_q <= data_i;
      strobe_q[in_q] <= !clear_i;
      last_q[in_q] <= last;
      full_q[in_q] <= 1'b1;
      in_q <= !in_q;
      sent_q <= last ? 4'd0 : sent_q + 4'd1;
    end
    if (leaves) begin
      full_q[out_q] <= 1'b0;
      out_q <= !out_q;
    end
    if (!aresetn) begin
      full_q <= 2'b00;
      in_q <= 1'b0;
      out_q <= 1'b0;
      sent_q <= 4'd0;
    end
  end

  assign idle_o = !part_valid && !aw_valid_q && unanswered_q == 0 && lengths_q == 0 &&
                  full_q == 2'b00;

  assign m_axi_gmem_awvalid = aw_valid_q;
  assign m_axi_gmem_awaddr = {aw_address_q, 4'd0};
  assign m_axi_gmem_awlen = {4'd0, aw_length_q};
  assign m_axi_gmem_awsize = 3'b100;
  assign m_axi_gmem_awburst = 2'b01;
  assign m_axi_gmem_awlock = 1'b0;
  assign m_axi_gmem_awcache = Cache;
  assign m_axi_gmem_awprot = Prot;
  assign m_axi_gmem_awqos = 4'd0;
  assign m_axi_gmem_wvalid = full_q[out_q];
  assign m_axi_gmem_wdata = out_q ? beat1_q : beat0_q;
  assign m_axi_gmem_wstrb = {16{strobe_q[out_q]}};
  assign m_axi_gmem_wlast = last_q[out_q];
  assign m_axi_gmem_bready = 1'b1;

  // Addresses are multiples of 16; the splitter's tag has no use here.
  wire unused = |{req_address_i[3:0], part_tag};

endmodule

`default_nettype wire
