// Stands in for seigo_owner_table in the proof of seigo_block_arbiter: any masks in any cycle, and of what
// owner_table.vh proves only that the last two agree with the others and that no block from `Blocks` on is
// owned. What holds with this table holds with the real one.
module seigo_owner_table #(
  parameter Blocks = 64,
  parameter TableBits = 64
) (
  input  wire                 aclk,
  input  wire                 aresetn,
  input  wire                 load_i,
  input  wire [127:0]         stream_read_i,
  input  wire [127:0]         residual_read_i,
  input  wire [127:0]         dma_read_i,
  input  wire [127:0]         conv_write_i,
  input  wire [127:0]         plane_write_i,
  input  wire [127:0]         dma_write_i,
  input  wire                 swap_i,
  output wire                 ok_o,
  output wire                 error_o,
  output wire [7:0]           error_block_o,
  output wire [TableBits-1:0] stream_read_o,
  output wire [TableBits-1:0] residual_read_o,
  output wire [TableBits-1:0] dma_read_o,
  output wire [TableBits-1:0] conv_write_o,
  output wire [TableBits-1:0] plane_write_o,
  output wire [TableBits-1:0] dma_write_o,
  output wire [TableBits-1:0] unwritten_o,
  output wire [TableBits-1:0] unused_o
);

  localparam [127:0] Present = {128{1'b1}} >> (128 - Blocks);

  (* anyseq *) reg any_ok;
  (* anyseq *) reg any_error;
  (* anyseq *) reg [7:0] any_error_block;
  (* anyseq *) reg [TableBits-1:0] any_stream;
  (* anyseq *) reg [TableBits-1:0] any_residual;
  (* anyseq *) reg [TableBits-1:0] any_dma_read;
  (* anyseq *) reg [TableBits-1:0] any_conv;
  (* anyseq *) reg [TableBits-1:0] any_plane;
  (* anyseq *) reg [TableBits-1:0] any_dma_write;

  assign ok_o            = any_ok;
  assign error_o         = any_error;
  assign error_block_o   = any_error_block;
  assign stream_read_o   = any_stream & Present[TableBits-1:0];
  assign residual_read_o = any_residual & Present[TableBits-1:0];
  assign dma_read_o      = any_dma_read & Present[TableBits-1:0];
  assign conv_write_o    = any_conv & Present[TableBits-1:0];
  assign plane_write_o   = any_plane & Present[TableBits-1:0];
  assign dma_write_o     = any_dma_write & Present[TableBits-1:0];
  assign unwritten_o =
      Present[TableBits-1:0] & ~(conv_write_o | plane_write_o | dma_write_o);
  assign unused_o = unwritten_o & ~(stream_read_o | residual_read_o | dma_read_o);

endmodule
