// Products of 16 input channels of one pixel with the weights of two output channels, and their two sums: two weights
// that share the activation in one multiplier of 25 x 18 bits, four chains of four DSP slices.
//
// A packed weight is `w1 * 2^17 + w0`, 25 bits with weights within +-127. A chain sums 4 products within 128 * 127, so
// that the low field stays within 17 bits; a negative one has borrowed 1 from the high field. Timing is that of
// `seigo_dot_product`: channel c works `c mod 8` cycles after channel 0, and the sums leave 3 + 7 cycles after the operand
// of channel 0 was presented; chains that end early wait.
`default_nettype none

module seigo_dot_pair (
  input  wire                aclk,
  // Operand of channel c in bits 32 c and up: 8 bits, signed. The rest is for alignment.
  /* verilator lint_off UNUSEDSIGNAL */
  input  wire [511:0]        operand_i,
  /* verilator lint_on UNUSEDSIGNAL */
  // Next weights of channel c in bits 8 c and up, of the first and of the second output channel.
  input  wire [127:0]        weight0_i,
  input  wire [127:0]        weight1_i,
  // As in `seigo_dot_product`.
  input  wire [7:0]          swap_i,
  input  wire [9:0]          valid_i,
  output wire signed [19:0]  sum0_o,
  // The second sum but for a carry that has to be added.
  output wire signed [19:0]  sum1_o,
  output wire                carry1_o
);

  genvar c;
  generate
    for (c = 0; c < 16; c = c + 1) begin : g_channel
      localparam K = c % 8;
      wire signed [7:0]  operand = operand_i[32*c +: 8];
      wire [7:0]         w0 = weight0_i[8*c +: 8];
      wire [7:0]         w1 = weight1_i[8*c +: 8];
      reg signed  [24:0] weight_q;
      reg signed  [34:0] product_q;
      reg signed  [34:0] sum_q;
      // The sign of w0 borrows 1 from w1.
      always @(posedge aclk) if (swap_i[K]) weight_q <= {w1 - {7'd0, w0[7]}, {9{w0[7]}}, w0};
      // A product extends itself; written out, synthesis would not see the chain.
      /* verilator lint_off WIDTH */
      always @(posedge aclk) if (valid_i[K]) product_q <= operand * weight_q;
      /* verilator lint_on WIDTH */
      if (K % 4 == 0) begin : g_head
        always @(posedge aclk) if (valid_i[K+1]) sum_q <= product_q;
      end else begin : g_link
        always @(posedge aclk) if (valid_i[K+1]) sum_q <= g_channel[c-1].sum_q + product_q;
      end
    end

    // The low field of a chain, and the high one but for what the low one borrowed, 1 where it is negative.
    for (c = 0; c < 4; c = c + 1) begin : g_chain
      wire [34:0]        sum = g_channel[4*c+3].sum_q;
      wire signed [17:0] low = {sum[16], sum[16:0]};
      wire signed [17:0] high = sum[34:17];
      wire               carry = sum[16];
    end
  endgenerate

  // Chains 0 and 2 end four cycles before 1 and 3.
  reg signed [18:0] low_q [0:3];
  reg signed [18:0] high_q [0:3];
  reg signed [19:0] sum0_q, sum1_q;
  reg               carry0_q, carry1_q;
  always @(posedge aclk) begin
    if (valid_i[5]) begin
      low_q[0] <= {g_chain[0].low[17], g_chain[0].low} + {g_chain[2].low[17], g_chain[2].low};
      high_q[0] <= {g_chain[0].high[17], g_chain[0].high} + {g_chain[2].high[17], g_chain[2].high}
        + {18'd0, g_chain[0].carry};
      carry0_q <= g_chain[2].carry;
    end
    if (valid_i[6]) {low_q[1], high_q[1]} <= {low_q[0], high_q[0] + {18'd0, carry0_q}};
    if (valid_i[7]) {low_q[2], high_q[2]} <= {low_q[1], high_q[1]};
    if (valid_i[8]) {low_q[3], high_q[3]} <= {low_q[2], high_q[2]};
    if (valid_i[9]) begin
      sum0_q <= {low_q[3][18], low_q[3]} + {{2{g_chain[1].low[17]}}, g_chain[1].low}
        + {{2{g_chain[3].low[17]}}, g_chain[3].low};
      sum1_q <= {high_q[3][18], high_q[3]} + {{2{g_chain[1].high[17]}}, g_chain[1].high}
        + {{2{g_chain[3].high[17]}}, g_chain[3].high} + {19'd0, g_chain[1].carry};
      carry1_q <= g_chain[3].carry;
    end
  end
  assign sum0_o = sum0_q;
  assign sum1_o = sum1_q;
  assign carry1_o = carry1_q;

endmodule

`default_nettype wire
