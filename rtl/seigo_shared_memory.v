// The shared memory of the accelerator: port domains, the block arbiter before them, the choice of
// the read data behind them.
//
// Port A is the stream's: every bank reads a row of its own, every cycle. Port B serves five
// clients; what they may touch and who goes first is in seigo_block_arbiter. Latencies, in cycles from
// the one in which the request is on the port (port A) or accepted (port B, valid and ready):
// - port A: data after `ReadLatency` = 4;
// - port B: read data and the notice of a write after 5, plus the cycles the request waits for its
//   turn, at most 64 plus the client's number; per client in the order of the requests. Data cannot
//   be held up: a client asks only for what it has room for. Reads that are not allowed, and banks
//   that are not asked, give 0.
`default_nettype none

module seigo_shared_memory #(
  // Banks, pixels a cycle: 1, 2, 4, 8.
  parameter P = 4,
  // Bits of a row: above log2(DomainRows), at most 17 - log2(P).
  parameter RowBits = 14,
  // Port domains.
  parameter Domains = 4,
  // Rows of a domain: a power of two, at least 1,024 / P.
  parameter DomainRows = 4096,
  // Blocks of 16 KiB (1,024 / P rows) that may be used: at most 128, and at most what the domains
  // hold.
  parameter Blocks = 64,
  // 1: UltraRAM, 0: block RAM.
  parameter UltraRam = 1,
  // Cycles from a read on port A to its data. Other modules are built with it; 4 is what it is.
  parameter ReadLatency = 4
) (
  input  wire                 aclk,
  input  wire                 aresetn,
  // High from the start of a frame to its end.
  input  wire                 busy_i,

  // Owner table of the next pass: masks, block 0 in bit 0. `owner_ok_o` 3 cycles after a load that
  // is in order.
  input  wire                 owner_load_i,
  input  wire [127:0]         owner_stream_read_i,
  input  wire [127:0]         owner_residual_read_i,
  input  wire [127:0]         owner_dma_read_i,
  input  wire [127:0]         owner_conv_write_i,
  input  wire [127:0]         owner_plane_write_i,
  input  wire [127:0]         owner_dma_write_i,
  input  wire                 owner_swap_i,
  output wire                 owner_ok_o,

  // The first error, held until cleared. Client 0 convolution, 1 plane write-back, 2 residual, 3
  // DMA, 4 window, 5 stream, 6 the owner table itself.
  input  wire                 error_clear_i,
  output wire                 error_o,
  output wire [2:0]           error_client_o,
  output wire [7:0]           error_block_o,

  // Per client of port B: a request is accepted and its turn has not come. No swap while a
  // write-back's is.
  output wire [4:0]           pending_o,

  // Port A: bank b in bits b*RowBits and b*128.
  input  wire [P-1:0]         a_read_i,
  input  wire [P*RowBits-1:0] a_row_i,
  output reg  [128*P-1:0]     a_data_o,

  // Port B, client 0: convolution write-back.
  input  wire                 conv_valid_i,
  output wire                 conv_ready_o,
  input  wire [RowBits-1:0]   conv_row_i,
  input  wire [P-1:0]         conv_enable_i,
  input  wire [128*P-1:0]     conv_data_i,

  // Client 1: plane write-back.
  input  wire                 plane_valid_i,
  output wire                 plane_ready_o,
  input  wire [RowBits-1:0]   plane_row_i,
  input  wire [P-1:0]         plane_enable_i,
  input  wire [128*P-1:0]     plane_data_i,

  // Client 2: residual reads.
  input  wire                 residual_valid_i,
  output wire                 residual_ready_o,
  input  wire [RowBits-1:0]   residual_row_i,
  output reg                  residual_rvalid_o,
  output reg  [128*P-1:0]     residual_rdata_o,

  // Client 3: DMA. `dma_enable_i` counts for writes.
  input  wire                 dma_valid_i,
  output wire                 dma_ready_o,
  input  wire                 dma_write_i,
  input  wire [RowBits-1:0]   dma_row_i,
  input  wire [P-1:0]         dma_enable_i,
  input  wire [128*P-1:0]     dma_data_i,
  output reg                  dma_rvalid_o,
  output reg  [128*P-1:0]     dma_rdata_o,

  // Client 4: processor window. `window_done_o` for reads and writes, with it whether it was
  // refused.
  input  wire                 window_valid_i,
  output wire                 window_ready_o,
  input  wire                 window_write_i,
  input  wire [RowBits-1:0]   window_row_i,
  input  wire [P-1:0]         window_enable_i,
  input  wire [128*P-1:0]     window_data_i,
  output reg                  window_done_o,
  output reg                  window_refused_o,
  output reg  [128*P-1:0]     window_rdata_o
);

  localparam AddressBits = $clog2(DomainRows);
  localparam DomainBits = RowBits - AddressBits;
  localparam RowWidth = 128 * P;

  generate
    if (DomainRows != (1 << AddressBits)) begin : g_check_rows
      shared_memory_domain_rows_must_be_a_power_of_two error ();
    end
    if (ReadLatency != 4) begin : g_check_latency
      shared_memory_read_latency_is_4 error ();
    end
  endgenerate

  wire [Domains*P-1:0]           a_enable;
  wire [P*AddressBits-1:0]       a_row;
  wire [P-1:0]                   a_valid;
  wire [P*DomainBits-1:0]        a_domain;
  wire [Domains-1:0]             b_read;
  wire [Domains*P-1:0]           b_write;
  wire [Domains*AddressBits-1:0] b_row;
  wire [Domains*RowWidth-1:0]    b_data;
  wire [4:2]                     b_done;
  wire [4:2]                     b_is_read;
  wire [4:2]                     b_refused;
  wire [3*DomainBits-1:0]        b_domain;

  seigo_block_arbiter #(
    .P           (P),
    .RowBits     (RowBits),
    .Domains     (Domains),
    .AddressBits (AddressBits),
    .Blocks      (Blocks)
  ) arbiter (
    .aclk                  (aclk),
    .aresetn               (aresetn),
    .busy_i                (busy_i),
    .owner_load_i          (owner_load_i),
    .owner_stream_read_i   (owner_stream_read_i),
    .owner_residual_read_i (owner_residual_read_i),
    .owner_dma_read_i      (owner_dma_read_i),
    .owner_conv_write_i    (owner_conv_write_i),
    .owner_plane_write_i   (owner_plane_write_i),
    .owner_dma_write_i     (owner_dma_write_i),
    .owner_swap_i          (owner_swap_i),
    .owner_ok_o            (owner_ok_o),
    .error_clear_i         (error_clear_i),
    .error_o               (error_o),
    .error_client_o        (error_client_o),
    .error_block_o         (error_block_o),
    .a_read_i              (a_read_i),
    .a_row_i               (a_row_i),
    .a_enable_o            (a_enable),
    .a_row_o               (a_row),
    .a_valid_o             (a_valid),
    .a_domain_o            (a_domain),
    .b_valid_i             ({window_valid_i, dma_valid_i, residual_valid_i, plane_valid_i,
                              conv_valid_i}),
    .b_ready_o             ({window_ready_o, dma_ready_o, residual_ready_o, plane_ready_o,
                              conv_ready_o}),
    .b_write_i             ({window_write_i, dma_write_i, 1'b0, 1'b1, 1'b1}),
    .b_row_i               ({window_row_i, dma_row_i, residual_row_i, plane_row_i, conv_row_i}),
    .b_enable_i            ({window_enable_i, dma_enable_i, plane_enable_i, conv_enable_i}),
    .b_data_i              ({window_data_i, dma_data_i, plane_data_i, conv_data_i}),
    .b_pending_o           (pending_o),
    .b_read_o              (b_read),
    .b_write_o             (b_write),
    .b_row_o               (b_row),
    .b_data_o              (b_data),
    .b_done_o              (b_done),
    .b_is_read_o           (b_is_read),
    .b_refused_o           (b_refused),
    .b_domain_o            (b_domain)
  );

  wire [Domains*RowWidth-1:0] a_read_data;
  wire [Domains*RowWidth-1:0] b_read_data;

  genvar index;
  generate
    for (index = 0; index < Domains; index = index + 1) begin : g_domain
      seigo_domain #(
        .P           (P),
        .DomainRows  (DomainRows),
        .AddressBits (AddressBits),
        .UltraRam    (UltraRam)
      ) memory (
        .aclk       (aclk),
        .a_enable_i (a_enable[index*P +: P]),
        .a_row_i    (a_row),
        .a_data_o   (a_read_data[index*RowWidth +: RowWidth]),
        .b_read_i   (b_read[index]),
        .b_write_i  (b_write[index*P +: P]),
        .b_row_i    (b_row[index*AddressBits +: AddressBits]),
        .b_data_i   (b_data[index*RowWidth +: RowWidth]),
        .b_data_o   (b_read_data[index*RowWidth +: RowWidth])
      );
    end
  endgenerate

  // What the requests in the memories and in their output registers were.
  reg [P-1:0]            a_valid_1_q, a_valid_2_q;
  reg [P*DomainBits-1:0] a_domain_1_q, a_domain_2_q;
  reg [4:2]              done_1_q, done_2_q;
  reg [4:2]              read_1_q, read_2_q;
  reg [4:2]              refused_1_q, refused_2_q;
  reg [3*DomainBits-1:0] domain_1_q, domain_2_q;

  always @(posedge aclk) begin
    a_valid_1_q  <= a_valid;
    a_valid_2_q  <= a_valid_1_q;
    a_domain_1_q <= a_domain;
    a_domain_2_q <= a_domain_1_q;
    done_1_q     <= b_done;
    done_2_q     <= done_1_q;
    read_1_q     <= b_is_read;
    read_2_q     <= read_1_q;
    refused_1_q  <= b_refused;
    refused_2_q  <= refused_1_q;
    domain_1_q   <= b_domain;
    domain_2_q   <= domain_1_q;
    if (!aresetn) begin
      a_valid_1_q <= {P{1'b0}};
      a_valid_2_q <= {P{1'b0}};
      done_1_q    <= 3'd0;
      done_2_q    <= 3'd0;
    end
  end

  // The choice of the domain. What is asked lies in one that exists; else the request was refused.
  integer bank;
  always @(posedge aclk) begin
    for (bank = 0; bank < P; bank = bank + 1) begin
      if (a_valid_2_q[bank]) begin
        a_data_o[bank*128 +: 128] <=
            a_read_data[a_domain_2_q[bank*DomainBits +: DomainBits]*RowWidth + bank*128 +: 128];
      end else begin
        a_data_o[bank*128 +: 128] <= 128'd0;
      end
    end
  end

  wire [4:2] reads = done_2_q & read_2_q & ~refused_2_q;
  always @(posedge aclk) begin
    residual_rdata_o <= {RowWidth{1'b0}};
    dma_rdata_o      <= {RowWidth{1'b0}};
    window_rdata_o   <= {RowWidth{1'b0}};
    if (reads[2]) begin
      residual_rdata_o <= b_read_data[domain_2_q[0*DomainBits +: DomainBits]*RowWidth +: RowWidth];
    end
    if (reads[3]) begin
      dma_rdata_o <= b_read_data[domain_2_q[1*DomainBits +: DomainBits]*RowWidth +: RowWidth];
    end
    if (reads[4]) begin
      window_rdata_o <= b_read_data[domain_2_q[2*DomainBits +: DomainBits]*RowWidth +: RowWidth];
    end
    residual_rvalid_o <= aresetn & done_2_q[2] & read_2_q[2];
    dma_rvalid_o      <= aresetn & done_2_q[3] & read_2_q[3];
    window_done_o     <= aresetn & done_2_q[4];
    window_refused_o  <= done_2_q[4] & refused_2_q[4];
  end

endmodule

`default_nettype wire
