// AXI4 read master: 128-bit data, one ID (so data come in the order of the requests), INCR bursts
// of at most 16 beats that do not cross 4 KiB, up to `Outstanding` of them under way.
//
// Clients: 0 image, 1 weight stream, 2 DMA; the lower number goes first, but a client that saw
// `Patience` grants go to others while it asked goes before them. Data are never refused: a client
// asks only for what it has room for. They arrive one cycle after the bus delivers them.
//
// `clear_i` (soft reset, error): requests are neither accepted nor kept, bursts on the bus run out,
// their data reach nobody; `idle_o` says that the bus is quiet.
`default_nettype none

module seigo_axi_read #(
  parameter Outstanding = 32,
  parameter Patience = 16,
  // What ARCACHE and ARPROT are
  parameter [3:0] Cache = 4'b0011,
  parameter [2:0] Prot  = 3'b000
) (
  input  wire         aclk,
  input  wire         aresetn,
  input  wire         clear_i,
  output wire         idle_o,

  // Requests: byte addresses, multiples of 16; 1 to 16 beats. Client 0 in the low bits.
  input  wire [2:0]   req_valid_i,
  output wire [2:0]   req_ready_o,
  input  wire [119:0] req_address_i,
  input  wire [14:0]  req_beats_i,

  // Data, at most one client a cycle
  output reg  [2:0]   data_valid_o,
  output reg  [127:0] data_o,

  // With the data of a beat whose response is not OKAY
  output reg          error_o,
  output reg  [1:0]   error_client_o,

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
  input  wire         m_axi_gmem_rlast
);

  localparam TagBits = $clog2(Outstanding);

  generate
    if (Outstanding != (1 << TagBits) || Outstanding < 2 || Patience < 1 || Patience > 31)
    begin : g_check
      axi_read_parameter_out_of_range error ();
    end
  endgenerate

  // Arbiter
  reg [4:0] stream_age_q;
  reg [4:0] dma_age_q;
  wire stream_first = req_valid_i[1] && stream_age_q == Patience[4:0];
  wire dma_first = req_valid_i[2] && dma_age_q == Patience[4:0];
  wire [1:0] client = stream_first ? 2'd1 : dma_first ? 2'd2 :
                      req_valid_i[0] ? 2'd0 : req_valid_i[1] ? 2'd1 : 2'd2;
  wire       split_ready;
  wire       granted = split_ready && |req_valid_i;
  assign req_ready_o = split_ready && |req_valid_i ? 3'b001 << client : 3'b000;

  always @(posedge aclk) begin
    if (!aresetn || clear_i || !req_valid_i[1] || (granted && client == 2'd1))
      stream_age_q <= 5'd0;
    else if (granted && stream_age_q != Patience[4:0]) stream_age_q <= stream_age_q + 5'd1;
    if (!aresetn || clear_i || !req_valid_i[2] || (granted && client == 2'd2))
      dma_age_q <= 5'd0;
    else if (granted && dma_age_q != Patience[4:0]) dma_age_q <= dma_age_q + 5'd1;
  end

  reg [39:0] address;
  reg [4:0]  beats;
  always @* begin
    case (client)
      2'd0: begin
        address = req_address_i[39:0];
        beats = req_beats_i[4:0];
      end
      2'd1: begin
        address = req_address_i[79:40];
        beats = req_beats_i[9:5];
      end
      default: begin
        address = req_address_i[119:80];
        beats = req_beats_i[14:10];
      end
    endcase
  end

  wire        part_valid;
  wire        part_ready;
  wire [39:4] part_address;
  wire [3:0]  part_length;
  wire [1:0]  part_client;

  seigo_axi_burst_split #(
    .TagBits(2)
  ) split (
    .aclk(aclk),
    .aresetn(aresetn),
    .clear_i(clear_i),
    .valid_i(|req_valid_i),
    .ready_o(split_ready),
    .address_i(address[39:4]),
    .beats_i(beats),
    .tag_i(client),
    .valid_o(part_valid),
    .ready_i(part_ready),
    .address_o(part_address),
    .length_o(part_length),
    .tag_o(part_client)
  );

  // Address channel, and the clients of the bursts under way
  reg             ar_valid_q;
  reg [39:4]      ar_address_q;
  reg [3:0]       ar_length_q;
  reg [TagBits:0] outstanding_q;
  reg [TagBits-1:0] tag_head_q;
  reg [TagBits-1:0] tag_tail_q;
  reg [1:0]       tags [0:Outstanding-1];

  wire issued = part_valid && part_ready;
  wire ended = m_axi_gmem_rvalid && m_axi_gmem_rlast;
  wire [1:0] data_client = tags[tag_tail_q];

  assign part_ready = !clear_i && (!ar_valid_q || m_axi_gmem_arready) &&
                      outstanding_q != Outstanding[TagBits:0];
  assign idle_o = !part_valid && !ar_valid_q && outstanding_q == 0 && data_valid_o == 3'b000;

  always @(posedge aclk) begin
    if (issued) begin
      ar_valid_q <= 1'b1;
      ar_address_q <= part_address;
      ar_length_q <= part_length;
      tags[tag_head_q] <= part_client;
      tag_head_q <= tag_head_q + 1'b1;
    end else if (m_axi_gmem_arready) begin
      ar_valid_q <= 1'b0;
    end
    if (ended) tag_tail_q <= tag_tail_q + 1'b1;
    if (issued && !ended) outstanding_q <= outstanding_q + 1'b1;
    else if (!issued && ended) outstanding_q <= outstanding_q - 1'b1;
    if (!aresetn) begin
      ar_valid_q <= 1'b0;
      outstanding_q <= 0;
      tag_head_q <= 0;
      tag_tail_q <= 0;
    end
  end

  always @(posedge aclk) begin
    data_valid_o <= 3'b000;
    error_o <= 1'b0;
    if (m_axi_gmem_rvalid) begin
      data_o <= m_axi_gmem_rdata;
      error_client_o <= data_client;
      if (aresetn && !clear_i) begin
        data_valid_o <= 3'b001 << data_client;
        error_o <= m_axi_gmem_rresp != 2'b00;
      end
    end
  end

  assign m_axi_gmem_arvalid = ar_valid_q;
  assign m_axi_gmem_araddr = {ar_address_q, 4'd0};
  assign m_axi_gmem_arlen = {4'd0, ar_length_q};
  assign m_axi_gmem_arsize = 3'b100;
  assign m_axi_gmem_arburst = 2'b01;
  assign m_axi_gmem_arlock = 1'b0;
  assign m_axi_gmem_arcache = Cache;
  assign m_axi_gmem_arprot = Prot;
  assign m_axi_gmem_arqos = 4'd0;
  assign m_axi_gmem_rready = 1'b1;

  // Addresses are multiples of 16.
  wire unused = |address[3:0];

endmodule

`default_nettype wire
