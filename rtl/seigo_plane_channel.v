// One channel of the plane engine's arithmetic: nine products and their sum (rule A4 without the
// bias), or the maximum (rule A9), for DP neighboring pixels.
//
// Three stages for the sum (product, sums of a row, sum), two for the maximum. Each stage has an
// enable per pixel; registers keep their value else. With `accumulate_i` beside `finish_i` the sum is added to
// the one before: that of a window in parts.
`default_nettype none

module seigo_plane_channel #(
  parameter DP = 2,
  // 1 with DP above 1: two pixels share a multiplier, `((a1 << 18) + a0) * w + 2^15` (DSP48E2).
  parameter PackProducts = 1,
  // Bits of a sum: 20 for up to 25 taps, 21 for 49.
  parameter SumBits = 20,
  // 1: windows come in parts.
  parameter Accumulates = 0
) (
  input  wire                  aclk,
  input  wire [DP-1:0]         multiply_i,
  input  wire [DP-1:0]         add_i,
  input  wire [DP-1:0]         finish_i,
  input  wire                  accumulate_i,
  input  wire [DP-1:0]         compare_i,
  input  wire [DP-1:0]         decide_i,
  // Row r, column c at 8 * (r * (DP + 2) + c); pixel j looks at columns j to j + 2.
  input  wire [24*(DP+2)-1:0]  window_i,
  // Taps row by row.
  input  wire [71:0]           weights_i,
  // Columns of the window that a maximum looks at.
  input  wire [2:0]            columns_i,
  output wire [SumBits*DP-1:0] sum_o,
  output wire [8*DP-1:0]       maximum_o
);

  wire [144*DP-1:0] products;
  genvar j;
  genvar t;
  generate
    for (t = 0; t < 9; t = t + 1) begin : g_tap
      localparam Place = 8 * ((t / 3) * (DP + 2) + t % 3);
      wire signed [7:0] weight = weights_i[8*t +: 8];
      if (DP != 1 && PackProducts != 0) begin : g_packed
        for (j = 0; j < DP; j = j + 2) begin : g_pair
          wire signed [7:0]  a0 = window_i[Place+8*j +: 8];
          wire signed [7:0]  a1 = window_i[Place+8*j+8 +: 8];
          wire signed [26:0] pair = $signed({a1[7], a1, 18'd0}) + $signed({{19{a0[7]}}, a0});
          // The lower product plus 2^15 is never negative, so nothing borrows from the upper one.
          reg signed [34:0]  product_q;
          always @(posedge aclk) if (multiply_i[j +: 2] != 2'd0) product_q <= pair * weight + 35'sd32768;
          assign products[144*j+16*t +: 16] = {!product_q[15], product_q[14:0]};
          assign products[144*(j+1)+16*t +: 16] = product_q[33:18];
          wire unused = &{1'b0, product_q[34], product_q[17:16]};
        end
      end else begin : g_single
        for (j = 0; j < DP; j = j + 1) begin : g_product
          wire signed [7:0] a = window_i[Place+8*j +: 8];
          reg signed [15:0] product_q;
          always @(posedge aclk) if (multiply_i[j]) product_q <= a * weight;
          assign products[144*j+16*t +: 16] = product_q;
        end
      end
    end

    // Maxima of whole columns, which neighboring pixels share.
    for (j = 0; j < DP + 2; j = j + 1) begin : g_column
      wire signed [7:0] m0 = window_i[8*j +: 8];
      wire signed [7:0] m1 = window_i[8*(DP+2+j) +: 8];
      wire signed [7:0] m2 = window_i[8*(2*(DP+2)+j) +: 8];
      wire signed [7:0] m01 = m0 > m1 ? m0 : m1;
      reg signed [7:0]  largest_q;
      always @(posedge aclk) if (compare_i != {DP{1'b0}}) largest_q <= m01 > m2 ? m01 : m2;
    end

    for (j = 0; j < DP; j = j + 1) begin : g_pixel
      wire [53:0] row_sums;
      for (t = 0; t < 3; t = t + 1) begin : g_row
        wire signed [15:0] p0 = products[144*j+48*t +: 16];
        wire signed [15:0] p1 = products[144*j+48*t+16 +: 16];
        wire signed [15:0] p2 = products[144*j+48*t+32 +: 16];
        reg signed [17:0]  row_q;
        always @(posedge aclk) begin
          if (add_i[j]) row_q <= {{2{p0[15]}}, p0} + {{2{p1[15]}}, p1} + {{2{p2[15]}}, p2};
        end
        assign row_sums[18*t +: 18] = row_q;
      end

      wire signed [17:0] s0 = row_sums[17:0];
      wire signed [17:0] s1 = row_sums[35:18];
      wire signed [17:0] s2 = row_sums[53:36];
      localparam Extra = SumBits - 18;
      reg signed [SumBits-1:0]  sum_q;
      wire signed [SumBits-1:0] partial = Accumulates != 0 && accumulate_i ? sum_q : {SumBits{1'b0}};
      always @(posedge aclk) begin
        if (finish_i[j]) sum_q <= partial + {{Extra{s0[17]}}, s0} + {{Extra{s1[17]}}, s1} + {{Extra{s2[17]}}, s2};
      end
      assign sum_o[SumBits*j +: SumBits] = sum_q;

      // -128 never wins over a position inside of the input, so it stands for "does not count".
      wire signed [7:0] l0 = columns_i[0] ? g_column[j].largest_q : 8'h80;
      wire signed [7:0] l1 = columns_i[1] ? g_column[j+1].largest_q : 8'h80;
      wire signed [7:0] l2 = columns_i[2] ? g_column[j+2].largest_q : 8'h80;
      wire signed [7:0] l01 = l0 > l1 ? l0 : l1;
      reg signed [7:0]  maximum_q;
      always @(posedge aclk) if (decide_i[j]) maximum_q <= l01 > l2 ? l01 : l2;
      assign maximum_o[8*j +: 8] = maximum_q;
    end
  endgenerate

endmodule

`default_nettype wire
