// Cuts a stream of pixels in raster order, flattened across rows, into groups that end with the
// row.
//
// Takes LP pixels a cycle, low first; `count_i` is LP except in the last word of a plane, and the
// pixels above it are dropped (a word of count 0 too). Gives DP pixels a cycle, fewer only at the
// end of a row. No combinational path from `ready_i` to `ready_o`. A pixel leaves one cycle after
// it came at the earliest. With LP = DP the output is never the slower side on rows of a multiple
// of DP; else a row takes ceil(width / DP) cycles. `seigo_joiner` stands in front where DP is larger than
// the words that come.
`default_nettype none

module seigo_splitter #(
  // Pixels taken a cycle: 1, 2, 4.
  parameter LP = 2,
  // Pixels given a cycle: 1, 2 or 4, at most LP.
  parameter DP = 2
) (
  input  wire              aclk,
  input  wire              aresetn,
  // A pass begins: samples the row width, at least 1. Only while no word is held.
  input  wire              start_i,
  input  wire [15:0]       width_i,
  input  wire              valid_i,
  output wire              ready_o,
  input  wire [128*LP-1:0] data_i,
  input  wire [2:0]        count_i,
  output wire              valid_o,
  input  wire              ready_i,
  output wire [128*DP-1:0] data_o,
  output wire [2:0]        count_o,
  output wire              last_in_row_o,
  output wire              idle_o
);

  localparam [15:0] Twice = DP[15:0] << 1;

  generate
    if (LP != 1 && LP != 2 && LP != 4) begin : g_check_lp
      lp_must_be_1_2_or_4 error ();
    end
    if ((DP != 1 && DP != 2 && DP != 4) || DP > LP) begin : g_check_dp
      dp_must_be_1_2_or_4_and_at_most_lp error ();
    end
  endgenerate

  // Three words: while two are held the output cannot starve, so `ready_o` needs no look at
  // `ready_i`.
  reg [1:0]        held_q;
  reg [128*LP-1:0] word0_q;
  reg [128*LP-1:0] word1_q;
  reg [128*LP-1:0] word2_q;
  reg [2:0]        count0_q;
  reg [2:0]        count1_q;
  reg [2:0]        count2_q;
  // First unread pixel of word 0.
  reg [1:0]        offset_q;
  reg [15:0]       width_q;
  // Pixels of the row that are still to come, and whether the next group takes all of them; a row has only one.
  reg [15:0]       left_q;
  reg              last_q;
  reg              single_q;

  wire       write = valid_i && ready_o && count_i != 3'd0;
  wire [2:0] count = last_q ? left_q[2:0] : DP[2:0];
  wire [1:0] reach = offset_q + count[1:0];
  wire       read = valid_o && ready_i;
  // Does a group reach beyond word 0, does it use it up? As tables: few bits, for which others wait.
  function [1:0] against(input [1:0] offset, input [2:0] pixels, input [2:0] held);
    integer o;
    integer p;
    begin
      against = 2'b00;
      for (o = 0; o < LP; o = o + 1) begin
        for (p = 0; p <= DP; p = p + 1) begin
          if (offset == o[1:0] && pixels == p[2:0]) against = {held < o[2:0] + p[2:0], held <= o[2:0] + p[2:0]};
        end
      end
    end
  endfunction
  wire       beyond;
  wire       used_up;
  assign {beyond, used_up} = against(offset_q, count, count0_q);
  wire       shift = read && used_up;
  // A group that crosses into word 1 leaves its first pixels read: with DP = 4 perhaps all, where a plane ends with them.
  wire [1:0] after = reach - count0_q[1:0];
  wire       both_used_up = DP == 4 && beyond && {1'b0, after} == count1_q;
  wire       shift_both = shift && both_used_up;
  wire [1:0] held_after = held_q - {shift_both, shift && !both_used_up};

  assign ready_o = held_q != 2'd3;
  assign valid_o = held_q > 2'd1 || (held_q == 2'd1 && !beyond);
  assign count_o = count;
  assign last_in_row_o = last_q;
  assign idle_o = held_q == 2'd0;

  wire [256*LP-1:0] both = {word1_q, word0_q};
  genvar pixel;
  generate
    for (pixel = 0; pixel < DP; pixel = pixel + 1) begin : g_pixel
      wire [2:0] position = {1'b0, offset_q} + pixel[2:0];
      assign data_o[128*pixel +: 128] = both[128*position +: 128];
    end
  endgenerate

  always @(posedge aclk) begin
    if (shift || (write && held_q == 2'd0)) begin
      word0_q <= shift_both ? (held_q == 2'd3 ? word2_q : data_i) : held_q > 2'd1 ? word1_q : data_i;
      count0_q <= shift_both ? (held_q == 2'd3 ? count2_q : count_i) : held_q > 2'd1 ? count1_q : count_i;
    end
    if (shift || (write && held_q == 2'd1)) begin
      word1_q <= held_q == 2'd3 ? word2_q : data_i;
      count1_q <= held_q == 2'd3 ? count2_q : count_i;
    end
    if (write) begin
      word2_q <= data_i;
      count2_q <= count_i;
    end
    if (start_i) begin
      width_q <= width_i;
      single_q <= width_i <= DP[15:0];
    end
  end

  always @(posedge aclk) begin
    if (!aresetn) begin
      held_q <= 2'd0;
      offset_q <= 2'd0;
      left_q <= 16'd0;
    end else begin
      held_q <= held_after + {1'b0, write};
      if (start_i) begin
        offset_q <= 2'd0;
        left_q <= width_i;
        last_q <= width_i <= DP[15:0];
      end else if (read) begin
        offset_q <= shift_both ? 2'd0 : shift ? after : reach;
        left_q <= last_q ? width_q : left_q - DP[15:0];
        last_q <= last_q ? single_q : left_q <= Twice;
      end
    end
  end

endmodule

`default_nettype wire
