// Products of 16 input channels with the weights of one output channel and their sum, for one pixel or,
// packed, for two pixels that share the weights: a DSP48 chain for channels 0 to 7 and one for 8 to 15.
//
// A packed operand is `a1 * 2^18 + a0`; a chain sums 8 products, each within 128 * 127, so that the low field
// stays within 18 bits. Channel c works `c mod 8` cycles after channel 0: the owner delays operands, shadow
// weights and enables alike. A sum leaves 3 + 7 cycles after the operand of channel 0 was presented.
`default_nettype none

module seigo_dot_product #(
  // 1: two pixels in one multiplier; 0: one pixel.
  parameter Packed = 1
) (
  input  wire                  aclk,
  // Operand of channel c in bits 32 c and up: 27 bits packed, else 8, both signed. The rest is for alignment.
  /* verilator lint_off UNUSEDSIGNAL */
  input  wire [511:0]          operand_i,
  /* verilator lint_on UNUSEDSIGNAL */
  // Next weight of channel c in bits 8 c and up.
  input  wire [127:0]          weight_i,
  // Per chain position k: the weight becomes current, with the cycle before its operand.
  input  wire [7:0]            swap_i,
  // Bit k: the operands of chain position k are valid; bit k + 1 enables its product's sum; bit 9 the result.
  input  wire [9:0]            valid_i,
  // Per pixel the sum but for a carry that has to be added.
  output wire [20*Packed+19:0] sum_o,
  output wire [Packed:0]       carry_o
);

  localparam OperandBits = Packed != 0 ? 27 : 8;
  localparam SumBits = OperandBits + 11;

  // Signed operands of unlike widths extend themselves; written out, synthesis would not see the chain.
  /* verilator lint_off WIDTH */
  genvar c;
  generate
    for (c = 0; c < 16; c = c + 1) begin : g_channel
      localparam K = c % 8;
      wire signed [OperandBits-1:0] operand = operand_i[32*c +: OperandBits];
      reg signed  [7:0]             weight_q;
      reg signed  [SumBits-1:0]     product_q;
      reg signed  [SumBits-1:0]     sum_q;
      always @(posedge aclk) if (swap_i[K]) weight_q <= weight_i[8*c +: 8];
      always @(posedge aclk) if (valid_i[K]) product_q <= operand * weight_q;
      if (K == 0) begin : g_head
        always @(posedge aclk) if (valid_i[K+1]) sum_q <= product_q;
      end else begin : g_link
        always @(posedge aclk) if (valid_i[K+1]) sum_q <= g_channel[c-1].sum_q + product_q;
      end
    end

    if (Packed != 0) begin : g_split
      wire [SumBits-1:0] chain0 = g_channel[7].sum_q;
      wire [SumBits-1:0] chain1 = g_channel[15].sum_q;
      reg signed [18:0] low_q;
      reg signed [19:0] high_q;
      reg               carry_q;
      // A negative low field has borrowed 1 from the high one.
      always @(posedge aclk) begin
        if (valid_i[9]) begin
          low_q <= $signed(chain0[17:0]) + $signed(chain1[17:0]);
          high_q <= $signed(chain0[SumBits-1:18]) + $signed(chain1[SumBits-1:18])
            + $signed({1'b0, chain0[17]});
          carry_q <= chain1[17];
        end
      end
      assign sum_o = {high_q, low_q[18], low_q};
      assign carry_o = {carry_q, 1'b0};
    end else begin : g_single
      reg signed [19:0] low_q;
      always @(posedge aclk) begin
        if (valid_i[9]) low_q <= g_channel[7].sum_q + g_channel[15].sum_q;
      end
      assign sum_o = low_q;
      assign carry_o = 1'b0;
    end
  endgenerate
  /* verilator lint_on WIDTH */

endmodule

`default_nettype wire
