// Builds the windows of the stem unit: K rows of `Words` words, byte 0 being the first byte of the
// patch of lane 0. A word of `Lanes` rows at a time passes the stages a (memory output), b (rows in
// order), c (the word before b's) and d (shifted to the byte, padded, b - 128), and fills the next
// window, which becomes the current one when that is used up. All stages wait (`ready_o` low) while
// the first word of a window finds the next window still occupied.
`default_nettype none

module seigo_stem_window #(
  parameter P = 4,
  parameter K = 6,
  parameter C = 3,
  // Bit n: a word may be shifted by n bytes.
  parameter [15:0] Shifts = 16'hffff,
  parameter Lanes = 6,
  parameter Passes = 1,
  parameter Words = 3,
  parameter TurnBits = 3,
  parameter PassBits = 1,
  parameter ReadBits = 2,
  parameter PositionBits = 18
) (
  input  wire                           aclk,
  input  wire                           aresetn,
  input  wire [PositionBits-1:0]        row_bytes_i,
  input  wire [31:0]                    pad_i,

  // A word is read: rows of which pass, which word of the window (further words of a pass are not
  // valid but follow without a gap), channel of its first byte, rows of the window outside of the
  // image, {ends tile, ends group, lanes} of the segment, byte position in the image row, memory of
  // the window's first row
  output wire                           ready_o,
  input  wire                           valid_i,
  input  wire [PassBits-1:0]            pass_i,
  input  wire [ReadBits-1:0]            index_i,
  input  wire [1:0]                     phase_i,
  input  wire [K-1:0]                   outside_i,
  input  wire [P+1:0]                   segment_i,
  input  wire signed [PositionBits-1:0] position_i,
  input  wire [TurnBits-1:0]            turn_i,

  // One cycle later
  input  wire [Lanes*128-1:0]           rows_i,

  // The current window
  output wire                           busy_o,
  output reg                            window_valid_o,
  output reg  [K*Words*128-1:0]         window_o,
  output reg  [P+1:0]                   segment_o,
  input  wire                           window_done_i
);

  localparam LastWordIndex = Words - 1;
  localparam [ReadBits-1:0] LastWord = LastWordIndex[ReadBits-1:0];
  localparam [PassBits-1:0] LastPass = Passes[PassBits-1:0] - 1'b1;
  localparam WindowBits = K * Words * 128;

  genvar m;

  reg                           a_valid_q;
  reg                           b_valid_q;
  reg                           c_valid_q;
  reg                           d_valid_q;
  reg [PassBits-1:0]            a_pass_q;
  reg [PassBits-1:0]            b_pass_q;
  reg [PassBits-1:0]            c_pass_q;
  reg [PassBits-1:0]            d_pass_q;
  reg [ReadBits-1:0]            a_index_q;
  reg [ReadBits-1:0]            b_index_q;
  reg [ReadBits-1:0]            c_index_q;
  reg [ReadBits-1:0]            d_index_q;
  reg [1:0]                     a_phase_q;
  reg [1:0]                     b_phase_q;
  reg [1:0]                     c_phase_q;
  reg [K-1:0]                   a_outside_q;
  reg [K-1:0]                   b_outside_q;
  reg [K-1:0]                   c_outside_q;
  reg [P+1:0]                   a_segment_q;
  reg [P+1:0]                   b_segment_q;
  reg [P+1:0]                   c_segment_q;
  reg [P+1:0]                   d_segment_q;
  reg signed [PositionBits-1:0] a_position_q;
  reg [TurnBits-1:0]            a_turn_q;
  reg [3:0]                     b_shift_q;
  reg [3:0]                     c_shift_q;
  reg [15:0]                    b_mask_q;
  reg [15:0]                    c_mask_q;
  reg [Lanes*128-1:0]           b_rows_q;
  reg [Lanes*128-1:0]           c_rows_q;
  reg [Lanes*128-1:0]           d_rows_q;

  wire signed [PositionBits-1:0] a_room = $signed(row_bytes_i) - a_position_q;
  wire       a_behind = a_room[PositionBits-1];
  wire       a_ends = a_room[PositionBits-1:4] == 0;
  wire [3:0] a_shift = a_position_q[3:0];

  // Pad value of byte `index` of a word whose first byte belongs to channel `phase`
  function [7:0] pad_value(input [31:0] pads, input [1:0] phase, input integer index);
    begin
      case (phase)
        2'd0: pad_value = pads[8*(index % C) +: 8];
        2'd1: pad_value = pads[8*((index + 1) % C) +: 8];
        default: pad_value = pads[8*((index + 2) % C) +: 8];
      endcase
    end
  endfunction

  // Whether row q of the pass lies outside of the image
  function row_outside(input [K-1:0] outside, input [PassBits-1:0] pass, input integer row);
    integer p;
    begin
      row_outside = 1'b0;
      for (p = 0; p < Passes; p = p + 1)
        if (pass == p[PassBits-1:0] && p * Lanes + row < K)
          row_outside = outside[p * Lanes + row];
    end
  endfunction

  // Bits in which the shifts differ; the others are those of any shift.
  function [3:0] differ(input [15:0] shifts);
    integer n;
    begin
      differ = 4'd0;
      for (n = 0; n < 16; n = n + 1) if (shifts[n]) differ = differ | (n[3:0] ^ one_of(shifts));
    end
  endfunction
  function [3:0] one_of(input [15:0] shifts);
    integer n;
    begin
      one_of = 4'd0;
      for (n = 0; n < 16; n = n + 1) if (shifts[n]) one_of = n[3:0];
    end
  endfunction
  localparam [3:0] Differ = differ(Shifts);
  localparam [3:0] Same = one_of(Shifts) & ~Differ;

  wire [3:0]           c_shift = (c_shift_q & Differ) | Same;
  wire [Lanes*128-1:0] c_shifted;
  wire [Lanes-1:0]     c_row_outside;
  generate
    for (m = 0; m < Lanes; m = m + 1) begin : g_shift
      wire [255:0] pair = {b_rows_q[128*m +: 128], c_rows_q[128*m +: 128]};
      assign c_shifted[128*m +: 128] = pair[{1'b0, c_shift, 3'd0} +: 128];
      assign c_row_outside[m] = row_outside(c_outside_q, c_pass_q, m);
    end
  endgenerate

  integer q, t, k;
  always @(posedge aclk) begin
    if (ready_o) begin
      a_valid_q <= valid_i;
      a_pass_q <= pass_i;
      a_index_q <= index_i;
      a_phase_q <= phase_i;
      a_outside_q <= outside_i;
      a_segment_q <= segment_i;
      a_position_q <= position_i;
      a_turn_q <= turn_i;

      b_valid_q <= a_valid_q;
      b_pass_q <= a_pass_q;
      b_index_q <= a_index_q;
      b_phase_q <= a_phase_q;
      b_outside_q <= a_outside_q;
      b_segment_q <= a_segment_q;
      b_shift_q <= a_shift;
      for (k = 0; k < 16; k = k + 1)
        b_mask_q[k] <=
            (a_position_q < 0 && (a_position_q < -16 || {1'b0, a_shift} + k[4:0] < 5'd16)) ||
            a_behind || (a_ends && a_room[3:0] <= k[3:0]);
      for (q = 0; q < Lanes; q = q + 1)
        for (t = 0; t < Lanes; t = t + 1)
          if (a_turn_q == t[TurnBits-1:0])
            b_rows_q[128*q +: 128] <= rows_i[128*((q + t) % Lanes) +: 128];

      c_valid_q <= b_valid_q;
      c_pass_q <= b_pass_q;
      c_index_q <= b_index_q;
      c_phase_q <= b_phase_q;
      c_outside_q <= b_outside_q;
      c_segment_q <= b_segment_q;
      c_shift_q <= b_shift_q;
      c_mask_q <= b_mask_q;
      c_rows_q <= b_rows_q;

      d_valid_q <= c_valid_q;
      d_pass_q <= c_pass_q;
      d_index_q <= c_index_q;
      d_segment_q <= c_segment_q;
      for (q = 0; q < Lanes; q = q + 1)
        for (k = 0; k < 16; k = k + 1)
          d_rows_q[128*q + 8*k +: 8] <= c_mask_q[k] || c_row_outside[q] ?
              pad_value(pad_i, c_phase_q, k) : c_shifted[128*q + 8*k +: 8] ^ 8'h80;
    end
    if (!aresetn) begin
      a_valid_q <= 1'b0;
      b_valid_q <= 1'b0;
      c_valid_q <= 1'b0;
      d_valid_q <= 1'b0;
    end
  end

  // The next window
  reg [WindowBits-1:0] next_q;
  reg                  next_full_q;
  reg [P+1:0]          next_segment_q;

  wire fill = d_valid_q && ready_o;
  wire move = next_full_q && (!window_valid_o || window_done_i);
  assign ready_o = !(d_valid_q && next_full_q && !move);

  wire [K-1:0]     d_row;
  wire [Words-1:0] d_word;
  generate
    for (m = 0; m < K; m = m + 1) begin : g_row
      localparam RowPass = m / Lanes;
      assign d_row[m] = d_pass_q == RowPass[PassBits-1:0];
    end
    for (m = 0; m < Words; m = m + 1) begin : g_word
      assign d_word[m] = d_index_q == m[ReadBits-1:0];
    end
  endgenerate

  integer y, w;
  always @(posedge aclk) begin
    if (fill) begin
      for (y = 0; y < K; y = y + 1)
        for (w = 0; w < Words; w = w + 1)
          if (d_row[y] && d_word[w])
            next_q[128*(y*Words + w) +: 128] <= d_rows_q[128*(y % Lanes) +: 128];
      next_segment_q <= d_segment_q;
    end
    if (move) begin
      window_o <= next_q;
      segment_o <= next_segment_q;
    end
    if (fill && d_pass_q == LastPass && d_index_q == LastWord) next_full_q <= 1'b1;
    else if (move) next_full_q <= 1'b0;
    if (move) window_valid_o <= 1'b1;
    else if (window_done_i) window_valid_o <= 1'b0;
    if (!aresetn) begin
      next_full_q <= 1'b0;
      window_valid_o <= 1'b0;
    end
  end

  assign busy_o = a_valid_q || b_valid_q || c_valid_q || d_valid_q || next_full_q ||
                  window_valid_o;

endmodule

`default_nettype wire
