// Decides what reaches the memories: the owner table, the check of port A, the arbitration of port
// B.
//
// Port A is never refused a cycle. A bank's read of a block that the stream may not read in the
// running pass is not performed and raises an error.
//
// Port B has five clients, numbered by priority. Each holds one accepted request in a register; all
// decisions are functions of registers, and what they pick goes through another register to the
// memories. Every cycle, each domain performs the request of the first client that waits for it;
// requests to different domains do not meet. A client that has waited `AgeLimit` cycles comes
// before all that have not, so client c waits at most `AgeLimit + c` cycles. A request that the
// owner table does not allow takes its turn, is not performed and raises an error.
//
// The table that counts is the one in force in the cycle of the decision. A client's requests are
// performed in their order, and what was decided earlier reaches the memories earlier, on both
// ports.
`default_nettype none

module seigo_block_arbiter #(
  // Banks: 1, 2, 4, 8.
  parameter P = 4,
  // Bits of a row of the whole memory.
  parameter RowBits = 14,
  // Port domains.
  parameter Domains = 4,
  // Bits of a row of a domain, below RowBits.
  parameter AddressBits = 12,
  // Blocks of 16 KiB, all of them in rows that exist.
  parameter Blocks = 64,
  // Cycles after which a waiting client comes first once, 4 to 127.
  parameter AgeLimit = 64
) (
  input  wire                            aclk,
  input  wire                            aresetn,
  // The accelerator runs: the processor window must keep off the blocks of the pass.
  input  wire                            busy_i,

  // Owner table of the next pass; see seigo_owner_table.
  input  wire                            owner_load_i,
  input  wire [127:0]                    owner_stream_read_i,
  input  wire [127:0]                    owner_residual_read_i,
  input  wire [127:0]                    owner_dma_read_i,
  input  wire [127:0]                    owner_conv_write_i,
  input  wire [127:0]                    owner_plane_write_i,
  input  wire [127:0]                    owner_dma_write_i,
  input  wire                            owner_swap_i,
  output wire                            owner_ok_o,

  // First error since the reset or the last `error_clear_i`. Clients 0 to 4 as below; 5: stream; 6:
  // owner table.
  input  wire                            error_clear_i,
  output reg                             error_o,
  output reg  [2:0]                      error_client_o,
  output reg  [7:0]                      error_block_o,

  // Port A requests, per bank.
  input  wire [P-1:0]                    a_read_i,
  input  wire [P*RowBits-1:0]            a_row_i,
  // Port A of the memories, one cycle later: per domain and bank. The domain per bank is for the
  // choice of the data.
  output reg  [Domains*P-1:0]            a_enable_o,
  output reg  [P*AddressBits-1:0]        a_row_o,
  output reg  [P-1:0]                    a_valid_o,
  output reg  [P*(RowBits-AddressBits)-1:0] a_domain_o,

  // Port B requests. Clients: 0 convolution, 1 plane write-back, 2 residual, 3 DMA, 4 processor
  // window.
  input  wire [4:0]                      b_valid_i,
  output wire [4:0]                      b_ready_o,
  input  wire [4:0]                      b_write_i,
  input  wire [5*RowBits-1:0]            b_row_i,
  // Of the clients that write: 0, 1, 3, 4.
  input  wire [4*P-1:0]                  b_enable_i,
  input  wire [4*128*P-1:0]              b_data_i,
  // Accepted and not yet decided.
  output wire [4:0]                      b_pending_o,
  // Port B of the memories, per domain.
  output reg  [Domains-1:0]              b_read_o,
  output reg  [Domains*P-1:0]            b_write_o,
  output reg  [Domains*AddressBits-1:0]  b_row_o,
  output reg  [Domains*128*P-1:0]        b_data_o,
  // With it, per client that reads: a request was decided, it was a read, it was refused, its
  // domain.
  output reg  [4:2]                      b_done_o,
  output reg  [4:2]                      b_is_read_o,
  output wire [4:2]                      b_refused_o,
  output reg  [3*(RowBits-AddressBits)-1:0] b_domain_o
);

  localparam BlockShift = 10 - $clog2(P);
  localparam BlockBits = RowBits - BlockShift;
  localparam TableBits = 1 << BlockBits;
  localparam DomainBits = RowBits - AddressBits;
  localparam RowWidth = 128 * P;
  `include "seigo_status.vh"
  localparam [6:0] Aged = AgeLimit;

  generate
    if (P != 1 && P != 2 && P != 4 && P != 8) begin : g_check_p
      block_arbiter_p_must_be_1_2_4_or_8 error ();
    end
    if (BlockBits < 1 || BlockBits > 7) begin : g_check_row_bits
      block_arbiter_row_bits_must_hold_2_to_128_blocks error ();
    end
    if (AddressBits < BlockShift || DomainBits < 1 || Domains > 1 << DomainBits) begin : g_domains_fit
      block_arbiter_domains_must_be_whole_blocks_and_fit_row_bits error ();
    end
    if (Blocks > Domains << (AddressBits - BlockShift)) begin : g_check_blocks
      block_arbiter_blocks_must_exist error ();
    end
    if (AgeLimit < 4 || AgeLimit > 127) begin : g_check_age
      block_arbiter_age_limit_must_be_4_to_127 error ();
    end
  endgenerate

  wire [TableBits-1:0] stream_read;
  wire [TableBits-1:0] residual_read;
  wire [TableBits-1:0] dma_read;
  wire [TableBits-1:0] conv_write;
  wire [TableBits-1:0] plane_write;
  wire [TableBits-1:0] dma_write;
  wire [TableBits-1:0] unwritten;
  wire [TableBits-1:0] unused;
  wire                 table_error;
  wire [7:0]           table_error_block;

  seigo_owner_table #(
    .Blocks    (Blocks),
    .TableBits (TableBits)
  ) owners (
    .aclk            (aclk),
    .aresetn         (aresetn),
    .load_i          (owner_load_i),
    .stream_read_i   (owner_stream_read_i),
    .residual_read_i (owner_residual_read_i),
    .dma_read_i      (owner_dma_read_i),
    .conv_write_i    (owner_conv_write_i),
    .plane_write_i   (owner_plane_write_i),
    .dma_write_i     (owner_dma_write_i),
    .swap_i          (owner_swap_i),
    .ok_o            (owner_ok_o),
    .error_o         (table_error),
    .error_block_o   (table_error_block),
    .stream_read_o   (stream_read),
    .residual_read_o (residual_read),
    .dma_read_o      (dma_read),
    .conv_write_o    (conv_write),
    .plane_write_o   (plane_write),
    .dma_write_o     (dma_write),
    .unwritten_o     (unwritten),
    .unused_o        (unused)
  );

  // Port A: look up, then enable the bank of one domain.
  reg [P-1:0]           a_refused_q;
  reg [P*BlockBits-1:0] a_block_q;
  integer bank;
  integer a_domain;
  always @(posedge aclk) begin
    for (bank = 0; bank < P; bank = bank + 1) begin
      if (a_read_i[bank]) begin
        a_row_o[bank*AddressBits +: AddressBits] <= a_row_i[bank*RowBits +: AddressBits];
        a_domain_o[bank*DomainBits +: DomainBits] <=
            a_row_i[bank*RowBits + AddressBits +: DomainBits];
        a_block_q[bank*BlockBits +: BlockBits] <= a_row_i[bank*RowBits + BlockShift +: BlockBits];
      end
      a_valid_o[bank] <= aresetn & a_read_i[bank]
          & stream_read[a_row_i[bank*RowBits + BlockShift +: BlockBits]];
      a_refused_q[bank] <= aresetn & a_read_i[bank]
          & ~stream_read[a_row_i[bank*RowBits + BlockShift +: BlockBits]];
      for (a_domain = 0; a_domain < Domains; a_domain = a_domain + 1) begin
        a_enable_o[a_domain*P + bank] <= aresetn & a_read_i[bank]
            & stream_read[a_row_i[bank*RowBits + BlockShift +: BlockBits]]
            & (a_row_i[bank*RowBits + AddressBits +: DomainBits] == a_domain[DomainBits-1:0]);
      end
    end
  end

  // Port B: one held request per client.
  reg [4:0]            valid_q;
  reg [4:0]            write_q;
  reg [5*RowBits-1:0]  row_q;
  reg [4*P-1:0]        enable_q;
  reg [4*RowWidth-1:0] data_q;
  reg [5*7-1:0]        age_q;
  reg [4:0]            aged_q;

  wire [4:0] aged;
  wire [4:0] first;
  wire [4:0] granted = valid_q & first;
  wire [4:0] allowed;

  wire [4:0] accepted = b_valid_i & b_ready_o;
  assign b_ready_o = ~valid_q | granted;
  assign b_pending_o = valid_q;

  genvar client;
  genvar other;
  genvar index;
  generate
    for (client = 0; client < 5; client = client + 1) begin : g_client
      wire [DomainBits-1:0] own = row_q[client*RowBits + AddressBits +: DomainBits];
      wire [4:0]            behind;
      assign aged[client] = aged_q[client];
      for (other = 0; other < 5; other = other + 1) begin : g_other
        if (other == client) begin : g_self
          assign behind[other] = 1'b0;
        end else begin : g_pair
          wire same = row_q[other*RowBits + AddressBits +: DomainBits] == own;
          assign behind[other] = valid_q[other] & same
              & ((aged[other] & ~aged[client])
                 | ((aged[other] == aged[client]) & (other < client)));
        end
      end
      assign first[client] = ~|behind;
    end
  endgenerate

  wire [BlockBits-1:0] conv_block     = row_q[0*RowBits + BlockShift +: BlockBits];
  wire [BlockBits-1:0] plane_block    = row_q[1*RowBits + BlockShift +: BlockBits];
  wire [BlockBits-1:0] residual_block = row_q[2*RowBits + BlockShift +: BlockBits];
  wire [BlockBits-1:0] dma_block      = row_q[3*RowBits + BlockShift +: BlockBits];
  wire [BlockBits-1:0] window_block   = row_q[4*RowBits + BlockShift +: BlockBits];
  wire                 window_exists  = {1'b0, window_block} < Blocks[BlockBits:0];

  assign allowed[0] = write_q[0] & conv_write[conv_block];
  assign allowed[1] = write_q[1] & plane_write[plane_block];
  assign allowed[2] = ~write_q[2] & residual_read[residual_block];
  assign allowed[3] = write_q[3] ? dma_write[dma_block] : dma_read[dma_block];
  assign allowed[4] = window_exists
      & (~busy_i | (write_q[4] ? unused[window_block] : unwritten[window_block]));

  integer holder;
  always @(posedge aclk) begin
    for (holder = 0; holder < 5; holder = holder + 1) begin
      if (accepted[holder]) begin
        write_q[holder] <= b_write_i[holder];
        row_q[holder*RowBits +: RowBits] <= b_row_i[holder*RowBits +: RowBits];
      end
      // `aged_q` says `age_q == Aged`.
      if (!valid_q[holder] || granted[holder]) begin
        age_q[holder*7 +: 7] <= 7'd0;
        aged_q[holder] <= 1'b0;
      end else if (!aged_q[holder]) begin
        age_q[holder*7 +: 7] <= age_q[holder*7 +: 7] + 7'd1;
        aged_q[holder] <= age_q[holder*7 +: 7] == Aged - 7'd1;
      end
    end
    valid_q <= b_valid_i | (valid_q & ~granted);
    if (!aresetn) begin
      valid_q <= 5'd0;
      age_q   <= 35'd0;
      aged_q  <= 5'd0;
    end
  end

  wire [3:0] load = {accepted[4:3] & b_write_i[4:3], accepted[1:0] & b_write_i[1:0]};
  integer writer;
  always @(posedge aclk) begin
    for (writer = 0; writer < 4; writer = writer + 1) begin
      if (load[writer]) begin
        enable_q[writer*P +: P] <= b_enable_i[writer*P +: P];
        data_q[writer*RowWidth +: RowWidth] <= b_data_i[writer*RowWidth +: RowWidth];
      end
    end
  end

  // The picked requests on their way to the memories.
  reg [5*BlockBits-1:0] b_block_q;
  reg [4:0]             b_refused_q;
  assign b_refused_o = b_refused_q[4:2];
  generate
    for (index = 0; index < Domains; index = index + 1) begin : g_domain
      localparam [DomainBits-1:0] Own = index;
      wire [4:0] take;
      for (client = 0; client < 5; client = client + 1) begin : g_take
        assign take[client] =
            granted[client] & (row_q[client*RowBits + AddressBits +: DomainBits] == Own);
      end
      wire [AddressBits-1:0] row = ({AddressBits{take[0]}} & row_q[0*RowBits +: AddressBits])
          | ({AddressBits{take[1]}} & row_q[1*RowBits +: AddressBits])
          | ({AddressBits{take[2]}} & row_q[2*RowBits +: AddressBits])
          | ({AddressBits{take[3]}} & row_q[3*RowBits +: AddressBits])
          | ({AddressBits{take[4]}} & row_q[4*RowBits +: AddressBits]);
      wire [P-1:0] enable = ({P{take[0]}} & enable_q[0*P +: P])
          | ({P{take[1]}} & enable_q[1*P +: P]) | ({P{take[3]}} & enable_q[2*P +: P])
          | ({P{take[4]}} & enable_q[3*P +: P]);
      wire write = |(take & write_q);
      wire perform = |(take & allowed);
      // Two bits choose among four: one LUT a bit.
      wire upper = take[3] | take[4];
      wire lower = take[1] | take[4];
      wire [RowWidth-1:0] data = upper
          ? (lower ? data_q[3*RowWidth +: RowWidth] : data_q[2*RowWidth +: RowWidth])
          : (lower ? data_q[1*RowWidth +: RowWidth] : data_q[0*RowWidth +: RowWidth]);
      always @(posedge aclk) begin
        if (|take) b_row_o[index*AddressBits +: AddressBits] <= row;
        if (write) b_data_o[index*RowWidth +: RowWidth] <= data;
        b_read_o[index] <= aresetn & perform & ~write;
        b_write_o[index*P +: P] <= {P{aresetn & perform & write}} & enable;
      end
    end
  endgenerate

  integer picked;
  always @(posedge aclk) begin
    for (picked = 0; picked < 5; picked = picked + 1) begin
      if (granted[picked]) begin
        b_block_q[picked*BlockBits +: BlockBits] <= row_q[picked*RowBits + BlockShift +: BlockBits];
      end
    end
    for (picked = 2; picked < 5; picked = picked + 1) begin
      if (granted[picked]) begin
        b_domain_o[(picked-2)*DomainBits +: DomainBits] <=
            row_q[picked*RowBits + AddressBits +: DomainBits];
      end
    end
    b_is_read_o <= granted[4:2] & ~write_q[4:2];
    b_done_o    <= granted[4:2];
    b_refused_q <= granted & ~allowed;
    if (!aresetn) begin
      b_done_o    <= 3'd0;
      b_is_read_o <= 3'd0;
      b_refused_q <= 5'd0;
    end
  end

  // The first error stays. Of several in a cycle: the owner table, the stream's lowest bank, the
  // lowest client.
  reg                 refused;
  reg [2:0]           refused_client;
  reg [7:0]           refused_block;
  integer             slot;
  always @* begin
    refused        = table_error | (|a_refused_q) | (|b_refused_q);
    refused_client = 3'd0;
    refused_block  = 8'd0;
    for (slot = 4; slot >= 0; slot = slot - 1) begin
      if (b_refused_q[slot]) begin
        refused_client = slot[2:0];
        refused_block  = {{(8-BlockBits){1'b0}}, b_block_q[slot*BlockBits +: BlockBits]};
      end
    end
    for (slot = P - 1; slot >= 0; slot = slot - 1) begin
      if (a_refused_q[slot]) begin
        refused_client = ClientFetch[2:0];
        refused_block  = {{(8-BlockBits){1'b0}}, a_block_q[slot*BlockBits +: BlockBits]};
      end
    end
    if (table_error) begin
      refused_client = ClientTable[2:0];
      refused_block  = table_error_block;
    end
  end

  always @(posedge aclk) begin
    if (!aresetn) begin
      error_o        <= 1'b0;
      error_client_o <= 3'd0;
      error_block_o  <= 8'd0;
    end else if (refused && (!error_o || error_clear_i)) begin
      error_o        <= 1'b1;
      error_client_o <= refused_client;
      error_block_o  <= refused_block;
    end else if (error_clear_i) begin
      error_o        <= 1'b0;
    end
  end

endmodule

`default_nettype wire
