// Who may touch which block of the shared memory: six masks of one bit a block, double-buffered.
//
// `load_i` takes the masks of the next pass while those of the running pass are in force. Three
// cycles later the verdict is known: `ok_o`, or a pulse of `error_o` with the first block that
// breaks a rule. `swap_i` while `ok_o` puts the next masks in force with the following cycle; any
// other `swap_i` is not performed and raises the error with the number `Blocks`. `ok_o` falls with
// the swap: every pass loads masks of its own.
//
// Rules of a table, for every block:
// - at most one of the three writers;
// - with a writer no reader, except that what the residual reads the convolution may write (in
//   place);
// - it exists: its number is below `Blocks`.
`default_nettype none

module seigo_owner_table #(
  // Blocks of the memory, 1 to 128.
  parameter Blocks = 64,
  // Bits of the masks given out: a power of two, at least `Blocks`, at most 128.
  parameter TableBits = 64
) (
  input  wire                 aclk,
  input  wire                 aresetn,
  // Masks of the next pass, block 0 in bit 0.
  input  wire                 load_i,
  input  wire [127:0]         stream_read_i,
  input  wire [127:0]         residual_read_i,
  input  wire [127:0]         dma_read_i,
  input  wire [127:0]         conv_write_i,
  input  wire [127:0]         plane_write_i,
  input  wire [127:0]         dma_write_i,
  input  wire                 swap_i,
  output wire                 ok_o,
  // Violations.
  output reg                  error_o,
  output reg  [7:0]           error_block_o,
  // Masks in force; bits from `Blocks` on are 0.
  output reg  [TableBits-1:0] stream_read_o,
  output reg  [TableBits-1:0] residual_read_o,
  output reg  [TableBits-1:0] dma_read_o,
  output reg  [TableBits-1:0] conv_write_o,
  output reg  [TableBits-1:0] plane_write_o,
  output reg  [TableBits-1:0] dma_write_o,
  // Blocks that nobody writes, and that nobody reads or writes.
  output reg  [TableBits-1:0] unwritten_o,
  output reg  [TableBits-1:0] unused_o
);

  localparam [127:0] Present = {128{1'b1}} >> (128 - Blocks);

  generate
    if (Blocks < 1 || Blocks > 128 || TableBits < Blocks || TableBits > 128) begin : g_check
      owner_table_blocks_must_be_1_to_128_and_fit_table_bits error ();
    end
  endgenerate

  reg [TableBits-1:0] stream_read_q;
  reg [TableBits-1:0] residual_read_q;
  reg [TableBits-1:0] dma_read_q;
  reg [TableBits-1:0] conv_write_q;
  reg [TableBits-1:0] plane_write_q;
  reg [TableBits-1:0] dma_write_q;
  reg                 absent_q;

  wire [127:0] any_i =
      stream_read_i | residual_read_i | dma_read_i | conv_write_i | plane_write_i | dma_write_i;

  always @(posedge aclk) begin
    if (load_i) begin
      stream_read_q   <= stream_read_i[TableBits-1:0] & Present[TableBits-1:0];
      residual_read_q <= residual_read_i[TableBits-1:0] & Present[TableBits-1:0];
      dma_read_q      <= dma_read_i[TableBits-1:0] & Present[TableBits-1:0];
      conv_write_q    <= conv_write_i[TableBits-1:0] & Present[TableBits-1:0];
      plane_write_q   <= plane_write_i[TableBits-1:0] & Present[TableBits-1:0];
      dma_write_q     <= dma_write_i[TableBits-1:0] & Present[TableBits-1:0];
      absent_q        <= |(any_i & ~Present);
    end
  end

  // The check: one cycle for the blocks, one for the verdict.
  wire [TableBits-1:0] two_writers = (conv_write_q & plane_write_q)
      | (conv_write_q & dma_write_q) | (plane_write_q & dma_write_q);
  wire [TableBits-1:0] written = conv_write_q | plane_write_q | dma_write_q;
  wire [TableBits-1:0] read = stream_read_q | residual_read_q | dma_read_q;
  wire [TableBits-1:0] read_and_written = (written & (stream_read_q | dma_read_q))
      | (residual_read_q & (plane_write_q | dma_write_q));

  reg [TableBits-1:0] conflict_q;
  reg                 loaded_q;
  reg                 conflict_valid_q;
  reg                 ok_q;

  reg [7:0] first_conflict;
  integer block;
  always @* begin
    first_conflict = Blocks[7:0];
    for (block = TableBits - 1; block >= 0; block = block - 1) begin
      if (conflict_q[block]) first_conflict = block[7:0];
    end
  end

  wire bad = absent_q | (|conflict_q);
  assign ok_o = ok_q;

  always @(posedge aclk) begin
    conflict_q <= two_writers | read_and_written;
    error_block_o    <= conflict_valid_q & bad ? first_conflict : Blocks[7:0];
    loaded_q         <= load_i;
    conflict_valid_q <= loaded_q & ~load_i;
    error_o          <= (conflict_valid_q & bad) | (swap_i & ~ok_q);
    if (load_i || (swap_i && ok_q)) ok_q <= 1'b0;
    else if (conflict_valid_q) ok_q <= ~bad;
    if (!aresetn) begin
      loaded_q         <= 1'b0;
      conflict_valid_q <= 1'b0;
      error_o          <= 1'b0;
      ok_q             <= 1'b0;
    end
  end

  always @(posedge aclk) begin
    if (swap_i && ok_q) begin
      stream_read_o   <= stream_read_q;
      residual_read_o <= residual_read_q;
      dma_read_o      <= dma_read_q;
      conv_write_o    <= conv_write_q;
      plane_write_o   <= plane_write_q;
      dma_write_o     <= dma_write_q;
      unwritten_o     <= ~written & Present[TableBits-1:0];
      unused_o        <= ~(written | read) & Present[TableBits-1:0];
    end
    if (!aresetn) begin
      stream_read_o   <= {TableBits{1'b0}};
      residual_read_o <= {TableBits{1'b0}};
      dma_read_o      <= {TableBits{1'b0}};
      conv_write_o    <= {TableBits{1'b0}};
      plane_write_o   <= {TableBits{1'b0}};
      dma_write_o     <= {TableBits{1'b0}};
      unwritten_o     <= Present[TableBits-1:0];
      unused_o        <= Present[TableBits-1:0];
    end
  end

endmodule

`default_nettype wire
