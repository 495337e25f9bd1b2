// The 3-row window of the plane engine: two rows of line buffer, DP + 2 columns of registers,
// padding.
//
// Slots enter one a cycle at most. From the second cycle after a slot entered, stage 2, until the
// second cycle after the next one, the window that it completes is there, with its flags (`rows_i`,
// `columns_i`, `zero_i`). A cycle after `capture_i` `window_o` holds it, all channels or one half of
// them. Its center group is the one that entered `groups` + 1 slots before.
`default_nettype none

module seigo_plane_window #(
  parameter DP = 2,
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
  // Of 8 channels, the upper ones.
  input  wire                    capture_i,
  input  wire                    half_i,
  input  wire [2:0]              rows_i,
  input  wire [DP+1:0]           columns_i,
  // What stands for the 16 channels outside of the input.
  input  wire [127:0]            zero_i,
  // Pixel of row r (top first) and column c (leftmost first) at 8 * Channels * (r * (DP + 2) + c).
  output reg  [24*Channels*(DP+2)-1:0] window_o
);

  localparam Group = 128 * DP;
  localparam Depth = (MaxWidth + DP - 1) / DP;
  localparam AddressBits = $clog2(Depth);

  generate
    if (MaxWidth < 2 * DP) begin : g_check_width
      max_width_must_be_two_groups_at_least error ();
    end
  endgenerate

  // Each buffer delays by one row: read and replaced at the same address.
  (* ram_style = "block" *)
  reg [Group-1:0] above [0:Depth-1];
  (* ram_style = "block" *)
  reg [Group-1:0] above2 [0:Depth-1];

  wire unused = &{1'b0, group_i};

  reg                   slot1_q;
  reg [AddressBits-1:0] group1_q;
  reg [Group-1:0]       bottom1_q;
  reg [Group-1:0]       middle1_q;
  // Column groups of the three rows at stage 2: the slot's, the one before, and the last column
  // before.
  reg [Group-1:0]       near_top_q;
  reg [Group-1:0]       near_middle_q;
  reg [Group-1:0]       near_bottom_q;
  reg [3*Group-1:0]     center_q;
  reg [383:0]           far_q;

  wire [AddressBits-1:0] group = group_i[AddressBits-1:0];
  wire [3*Group-1:0]     near = {near_bottom_q, near_middle_q, near_top_q};

  always @(posedge aclk) begin
    slot1_q <= slot_i;
    if (slot_i) begin
      group1_q <= group;
      bottom1_q <= data_i;
    end
    if (slot1_q) begin
      near_bottom_q <= bottom1_q;
      near_middle_q <= middle1_q;
    end
    if (slot1_q) center_q <= near;
  end

  always @(posedge aclk) begin
    if (slot_i) begin
      middle1_q <= above[group];
      above[group] <= data_i;
    end
  end

  always @(posedge aclk) begin
    if (slot1_q) begin
      near_top_q <= above2[group1_q];
      above2[group1_q] <= middle1_q;
    end
  end

  localparam Word = 8 * Channels;
  // The channels asked for of a pixel.
  function [Word-1:0] part(input [127:0] pixel, input half);
    part = Channels == 16 || !half ? pixel[Word-1:0] : pixel[127 -: Word];
  endfunction
  wire [Word-1:0] zero = part(zero_i, half_i);

  genvar r;
  genvar c;
  generate
    for (r = 0; r < 3; r = r + 1) begin : g_row
      wire [128*(DP+2)-1:0] columns = {near[Group*r +: 128], center_q[Group*r +: Group],
                                       far_q[128*r +: 128]};
      always @(posedge aclk) begin
        if (slot1_q) far_q[128*r +: 128] <= center_q[Group*(r+1)-1 -: 128];
      end
      for (c = 0; c < DP + 2; c = c + 1) begin : g_column
        always @(posedge aclk) begin
          if (capture_i) begin
            window_o[Word*(r*(DP+2)+c) +: Word] <=
              rows_i[r] && columns_i[c] ? part(columns[128*c +: 128], half_i) : zero;
          end
        end
      end
    end
  endgenerate

endmodule

`default_nettype wire
