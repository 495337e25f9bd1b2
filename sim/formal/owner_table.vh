// Properties of seigo_owner_table, placed inside of the module by prove.sh.
//
// A copy of the masks of one block, any of the 128, is kept from the ports alone.

reg f_past = 1'b0;
always @(posedge aclk) f_past <= 1'b1;
always @* if (!f_past) assume (!aresetn);

(* anyconst *) reg [6:0] f_block;
wire f_exists = {1'b0, f_block} < Blocks;

// Bits: stream, residual, DMA reads; convolution, plane, DMA writes.
wire [5:0] f_given = {dma_write_i[f_block], plane_write_i[f_block], conv_write_i[f_block],
                      dma_read_i[f_block], residual_read_i[f_block], stream_read_i[f_block]};
reg  [5:0] f_next;
reg  [5:0] f_now;
reg        f_known = 1'b0;
always @(posedge aclk) begin
  if (load_i) begin
    f_next  <= f_given;
    f_known <= 1'b1;
  end
  if (swap_i && ok_o) f_now <= f_next;
  if (!aresetn) begin
    f_now   <= 6'd0;
    f_known <= 1'b0;
  end
end

function f_legal;
  input [5:0] bits;
  case (bits[5:3])
    3'b000: f_legal = 1'b1;
    3'b001: f_legal = ~bits[0] & ~bits[2];
    3'b010, 3'b100: f_legal = bits[2:0] == 3'b000;
    default: f_legal = 1'b0;
  endcase
endfunction

reg f_bad_swap = 1'b0;
always @(posedge aclk) f_bad_swap <= aresetn & swap_i & ~ok_o;

// What the ports show of the block in force.
localparam F_Pad = 128;
wire [F_Pad-1:0] f_stream   = {{F_Pad{1'b0}}, stream_read_o};
wire [F_Pad-1:0] f_residual = {{F_Pad{1'b0}}, residual_read_o};
wire [F_Pad-1:0] f_dma_r    = {{F_Pad{1'b0}}, dma_read_o};
wire [F_Pad-1:0] f_conv     = {{F_Pad{1'b0}}, conv_write_o};
wire [F_Pad-1:0] f_plane    = {{F_Pad{1'b0}}, plane_write_o};
wire [F_Pad-1:0] f_dma_w    = {{F_Pad{1'b0}}, dma_write_o};
wire [5:0] f_shown = {f_dma_w[f_block], f_plane[f_block], f_conv[f_block],
                      f_dma_r[f_block], f_residual[f_block], f_stream[f_block]};

always @* if (f_past) begin
  // The masks in force are those of the last accepted load, for every block.
  table_in_force: assert (f_shown == f_now);
  // At most one owner that writes, no reader beside it but the residual's beside the convolution.
  one_owner: assert (f_legal(f_now));
  // Only blocks that exist are owned.
  owned_exists: assert (f_exists || f_now == 6'd0);
  // A swap is only ever performed to a table that is in order.
  ok_is_legal: assert (!ok_o || (f_legal(f_next) && (f_exists || f_next == 6'd0)));
  unwritten_agrees: assert (unwritten_o
      == (Present[TableBits-1:0] & ~(conv_write_o | plane_write_o | dma_write_o)));
  unused_agrees: assert (unused_o
      == (unwritten_o & ~(stream_read_o | residual_read_o | dma_read_o)));
  // A load is answered, by `ok_o` or by the error, and a bad swap by the error.
  bad_swap_is_told: assert (!f_bad_swap || error_o);
end

// The verdict comes 3 cycles after a load that no other load follows.
reg [1:0] f_age = 2'd0;
always @(posedge aclk) begin
  if (load_i) f_age <= 2'd1;
  else if (f_age != 2'd0) f_age <= f_age + 2'd1;
  if (!aresetn) f_age <= 2'd0;
end
always @* if (f_past) begin
  verdict_in_time: assert (f_age != 2'd3 || ok_o || error_o);
end

// Invariants that carry the induction: copies and registers agree.
wire [F_Pad-1:0] f_stream_q   = {{F_Pad{1'b0}}, stream_read_q};
wire [F_Pad-1:0] f_residual_q = {{F_Pad{1'b0}}, residual_read_q};
wire [F_Pad-1:0] f_dma_rq     = {{F_Pad{1'b0}}, dma_read_q};
wire [F_Pad-1:0] f_conv_q     = {{F_Pad{1'b0}}, conv_write_q};
wire [F_Pad-1:0] f_plane_q    = {{F_Pad{1'b0}}, plane_write_q};
wire [F_Pad-1:0] f_dma_wq     = {{F_Pad{1'b0}}, dma_write_q};
wire [F_Pad-1:0] f_conflict   = {{F_Pad{1'b0}}, conflict_q};
wire [5:0] f_held = {f_dma_wq[f_block], f_plane_q[f_block], f_conv_q[f_block],
                     f_dma_rq[f_block], f_residual_q[f_block], f_stream_q[f_block]};
always @* if (f_past) begin
  // What any_owner_table.v takes for granted of the masks, with the two above.
  only_present: assert (((stream_read_o | residual_read_o | dma_read_o | conv_write_o | plane_write_o
      | dma_write_o) & ~Present[TableBits-1:0]) == {TableBits{1'b0}});
  i_present_next: assert (!f_known || ((stream_read_q | residual_read_q | dma_read_q | conv_write_q
      | plane_write_q | dma_write_q) & ~Present[TableBits-1:0]) == {TableBits{1'b0}});
  i_next: assert (!f_known || f_held == (f_exists ? f_next : 6'd0));
  i_absent: assert (!f_known || f_exists || absent_q || f_next == 6'd0);
  i_conflict: assert (!f_known || !conflict_valid_q || f_conflict[f_block] == ~f_legal(f_held));
  i_known: assert (f_known || !(loaded_q | conflict_valid_q | ok_q));
  i_stage_1: assert (loaded_q == (f_age == 2'd1));
  i_stage_2: assert (conflict_valid_q == (f_age == 2'd2));
  i_checking: assert (!ok_q || !(loaded_q | conflict_valid_q));
end
