// The window of the plane engine: line buffers, columns of registers, padding.
//
// Slots enter one a cycle at most. From the second cycle after a slot entered, stage 2, until the
// second cycle after the next one, the window that it completes is there, with its flags (`rows_i`,
// `columns_i`, `zero_i`). A cycle after `capture_i` `window_o` holds 3 rows and DP + 2 columns of it, all channels or
// one half of them: the part `part_i`, of which the first begins at the window's top left corner and the others 3 rows
// or columns further. Between the slot of a row and that of the same group in the next row lie others, if Reach is
// above 1.
`default_nettype none

module seigo_plane_window #(
  parameter DP = 2,
  // The largest `reach_i`: 1 to 3.
  parameter Reach = 1,
  // Channels of `window_o`: 16 or 8.
  parameter Channels = 16,
  // Pixels of the longest row; with windows that reach out by two columns, of the row and DP more.
  parameter MaxWidth = 512
) (
  input  wire                    aclk,
  // A slot of the line: its place in the row and its pixels.
  input  wire                    slot_i,
  input  wire [15:0]             group_i,
  input  wire [128*DP-1:0]       data_i,
  // Rows and columns that the window reaches beyond its center.
  input  wire [1:0]              reach_i,
  // The part, by rows in the upper bits and by columns, and of 8 channels, the upper ones.
  input  wire                    capture_i,
  input  wire [3:0]              part_i,
  input  wire                    half_i,
  // Rows and columns that lie in the input, of a window of the largest reach.
  input  wire [2*Reach:0]        rows_i,
  input  wire [DP+2*Reach-1:0]   columns_i,
  // What stands for the 16 channels outside of the input.
  input  wire [127:0]            zero_i,
  // Pixel of row r (top first) and column c (leftmost first) at 8 * Channels * (r * (DP + 2) + c).
  output reg  [24*Channels*(DP+2)-1:0] window_o
);

  localparam Group = 128 * DP;
  localparam Depth = (MaxWidth + DP - 1) / DP;
  localparam AddressBits = $clog2(Depth);
  localparam Rows = 2 * Reach + 1;
  // Columns of a row at stage 2: from the left one of the largest window to the end of the entering group.
  localparam Columns = DP * ((Reach + DP - 1) / DP + 1) + Reach;

  generate
    if (MaxWidth < 2 * DP) begin : g_check_width
      max_width_must_be_two_groups_at_least error ();
    end
    if (Reach < 1 || Reach > 3) begin : g_check_reach
      reach_must_be_1_to_3 error ();
    end
  endgenerate

  reg                   slot1_q;
  reg                   slot2_q;
  reg [AddressBits-1:0] group1_q;
  reg [AddressBits-1:0] group2_q;
  wire [AddressBits-1:0] group = group_i[AddressBits-1:0];
  always @(posedge aclk) begin
    slot1_q <= slot_i;
    slot2_q <= slot1_q;
    if (slot_i) group1_q <= group;
    if (slot1_q) group2_q <= group1_q;
  end
  wire unused = &{1'b0, group_i, slot2_q, group2_q};

  // Row 0 is the top one. The last two enter stage 2 from registers, those above them from their line buffers.
  reg  [Group-1:0]      bottom1_q;
  reg  [Group-1:0]      middle1_q;
  wire [Rows*Group-1:0] near;

  // Each buffer delays by one row: read and replaced at the same address, the first two at once, those above them a cycle
  // after the read.
  (* ram_style = "block" *)
  reg [Group-1:0] above [0:Depth-1];
  always @(posedge aclk) begin
    if (slot_i) begin
      bottom1_q <= data_i;
      middle1_q <= above[group];
      above[group] <= data_i;
    end
  end
  reg [Group-1:0] near_bottom_q;
  reg [Group-1:0] near_middle_q;
  always @(posedge aclk) begin
    if (slot1_q) begin
      near_bottom_q <= bottom1_q;
      near_middle_q <= middle1_q;
    end
  end
  assign near[Group*(Rows-1) +: Group] = near_bottom_q;
  assign near[Group*(Rows-2) +: Group] = near_middle_q;

  genvar r;
  genvar c;
  genvar k;
  generate
    for (r = 0; r < Rows - 2; r = r + 1) begin : g_above
      (* ram_style = "block" *)
      reg [Group-1:0] row_buffer [0:Depth-1];
      reg [Group-1:0] near_q;
      assign near[Group*r +: Group] = near_q;
      if (r == Rows - 3) begin : g_second
        always @(posedge aclk) begin
          if (slot1_q) begin
            near_q <= row_buffer[group1_q];
            row_buffer[group1_q] <= middle1_q;
          end
        end
      end else begin : g_further
        always @(posedge aclk) if (slot1_q) near_q <= row_buffer[group1_q];
        always @(posedge aclk) if (slot2_q) row_buffer[group2_q] <= near[Group*(r+1) +: Group];
      end
    end
  endgenerate

  localparam Word = 8 * Channels;
  // The channels asked for of a pixel.
  function [Word-1:0] part_of(input [127:0] pixel, input half);
    part_of = Channels == 16 || !half ? pixel[Word-1:0] : pixel[127 -: Word];
  endfunction
  wire [Word-1:0] zero = part_of(zero_i, half_i);

  // The channels asked for of every row and column at stage 2.
  wire [Rows*Columns*Word-1:0] pixels;
  generate
    for (r = 0; r < Rows; r = r + 1) begin : g_row
      reg  [128*(Columns-DP)-1:0] before_q;
      wire [128*Columns-1:0]      columns = {near[Group*r +: Group], before_q};
      always @(posedge aclk) if (slot1_q) before_q <= columns[128*Columns-1 -: 128*(Columns-DP)];
      for (c = 0; c < Columns; c = c + 1) begin : g_column
        assign pixels[Word*(r*Columns+c) +: Word] = part_of(columns[128*c +: 128], half_i);
      end
    end
  endgenerate

  // Parts of all reaches: that of 1, by rows or columns two of 2, three of 3.
  localparam Parts = Reach * (Reach + 1) / 2;
  function integer reach_of(input integer number);
    reach_of = number < 1 ? 1 : number < 3 ? 2 : 3;
  endfunction
  // Where a part begins in a window of its reach.
  function integer offset_of(input integer number);
    offset_of = 3 * (number < 1 ? 0 : number < 3 ? number - 1 : number - 3);
  endfunction
  // Its center lies as many groups behind the entering one as the columns on its right take.
  function integer first_column(input integer own);
    first_column = Columns - DP * ((own + DP - 1) / DP + 1) - own;
  endfunction

  wire [Parts-1:0] row_part;
  wire [Parts-1:0] column_part;
  generate
    for (k = 0; k < Parts; k = k + 1) begin : g_part
      localparam [1:0] Own = k < 1 ? 1 : k < 3 ? 2 : 3;
      localparam integer Begin = k < 1 ? 0 : k < 3 ? k - 1 : k - 3;
      localparam [1:0] Place = Begin[1:0];
      assign row_part[k] = Parts == 1 || (reach_i == Own && part_i[3:2] == Place);
      assign column_part[k] = Parts == 1 || (reach_i == Own && part_i[1:0] == Place);
    end
  endgenerate

  reg [3*Columns*Word-1:0]  part_rows;
  reg [3*(DP+2)*Word-1:0]   part_pixels;
  reg [2:0]                 rows_in;
  reg [DP+1:0]              columns_in;
  integer i, n, row;
  always @* begin
    part_rows = {3*Columns*Word{1'b0}};
    rows_in = 3'd0;
    for (n = 0; n < Parts; n = n + 1) begin
      for (i = 0; i < 3; i = i + 1) begin
        if (2 * (Reach - reach_of(n)) + offset_of(n) + i < Rows) begin
          part_rows[Columns*Word*i +: Columns*Word] = part_rows[Columns*Word*i +: Columns*Word]
            | (pixels[Columns*Word*(2*(Reach-reach_of(n))+offset_of(n)+i) +: Columns*Word] & {Columns*Word{row_part[n]}});
        end
        if (Reach - reach_of(n) + offset_of(n) + i < Rows)
          rows_in[i] = rows_in[i] | (rows_i[Reach-reach_of(n)+offset_of(n)+i] & row_part[n]);
      end
    end
  end
  always @* begin
    part_pixels = {3*(DP+2)*Word{1'b0}};
    columns_in = {(DP+2){1'b0}};
    for (n = 0; n < Parts; n = n + 1) begin
      for (i = 0; i < DP + 2; i = i + 1) begin
        for (row = 0; row < 3; row = row + 1) begin
          if (first_column(reach_of(n)) + offset_of(n) + i < Columns) begin
            part_pixels[Word*(row*(DP+2)+i) +: Word] = part_pixels[Word*(row*(DP+2)+i) +: Word]
              | (part_rows[Word*(row*Columns+first_column(reach_of(n))+offset_of(n)+i) +: Word] & {Word{column_part[n]}});
          end
        end
        if (Reach - reach_of(n) + offset_of(n) + i < DP + 2 * Reach)
          columns_in[i] = columns_in[i] | (columns_i[Reach-reach_of(n)+offset_of(n)+i] & column_part[n]);
      end
    end
  end

  generate
    for (r = 0; r < 3; r = r + 1) begin : g_window_row
      for (c = 0; c < DP + 2; c = c + 1) begin : g_window_column
        localparam Place = Word * (r * (DP + 2) + c);
        always @(posedge aclk) begin
          if (capture_i) window_o[Place +: Word] <= rows_in[r] && columns_in[c] ? part_pixels[Place +: Word] : zero;
        end
      end
    end
  endgenerate

endmodule

`default_nettype wire
