// `rshift((a + d) << Up, n)` (rounding half up) for n = 0 to 39, saturated to 20 bits, in four register stages.
//
// With `Dsp` a right shift is the product with a power of two and the choice of one of two windows of it, so that sum,
// shift and rounding are one DSP slice: pre-adder, multiplier, adder, each with its register. Without, it is two barrel
// shifts, with one bit below the point, as `rshift(v, n) = (v >> n) + bit n - 1 of v`.
`default_nettype none

module seigo_align #(
  // Bits of `a`, `d` and their sum: 9 to 32, with `Dsp` at most 26.
  parameter Bits = 32,
  // Bits below the point of the shifted sum: 1 to 15; `Bits + Up` is 20 at least, with `Dsp` at most 35.
  parameter Up = 8,
  // 1: `a - d`.
  parameter Subtract = 0,
  parameter Dsp = 0
) (
  input  wire                   aclk,
  // Bit k: data are in stage k, and stage k + 1 loads.
  input  wire [3:0]             valid_i,
  // Stage 0.
  input  wire signed [Bits-1:0] a_i,
  input  wire signed [Bits-1:0] d_i,
  // What `Dsp` or its absence leaves out is idle.
  /* verilator lint_off UNUSEDSIGNAL */
  // Stage 0: one-hot, bit 16 - n, or bit 33 - n where that is `high`; none for n above 33.
  input  wire [16:0]            power_i,
  // Stages 1 and 3: n is above 16.
  input  wire                   high1_i,
  input  wire                   high3_i,
  // Stages 1 and 2: bits 5 to 3 of n, bits 2 to 0.
  input  wire [2:0]             coarse_i,
  input  wire [2:0]             fine_i,
  /* verilator lint_on UNUSEDSIGNAL */
  output reg signed [19:0]      data_o
);

  generate
    if (Bits < 9 || Bits > (Dsp != 0 ? 26 : 32)) begin : g_check_bits
      align_bits_must_be_9_to_32_and_at_most_26_in_a_dsp error ();
    end
    if (Up < 1 || Up > 15 || Bits + Up < 20 || (Dsp != 0 && Bits + Up > 35)) begin : g_check_up
      align_up_must_be_1_to_15_and_fit_the_window error ();
    end
  endgenerate

  reg signed [Bits-1:0] sum_q;
  always @(posedge aclk) if (valid_i[0]) sum_q <= Subtract != 0 ? a_i - d_i : a_i + d_i;

  generate
    if (Dsp != 0) begin : g_dsp
      localparam ProductBits = Bits + 17;
      localparam Low = 16 - Up;
      localparam High = 33 - Up;
      localparam HighBits = ProductBits - High;
      reg signed [17:0]            power_q;
      reg signed [ProductBits-1:0] product_q, half_q, rounded_q;
      always @(posedge aclk) begin
        if (valid_i[0]) power_q <= $signed({1'b0, power_i});
        if (valid_i[1]) product_q <= sum_q * power_q;
        if (valid_i[1]) half_q <= high1_i ? $signed({{(ProductBits-1){1'b0}}, 1'b1}) <<< (High - 1)
                                          : $signed({{(ProductBits-1){1'b0}}, 1'b1}) <<< (Low - 1);
        if (valid_i[2]) rounded_q <= product_q + half_q;
      end
      wire               negative = rounded_q[ProductBits-1];
      wire               in_range = rounded_q[ProductBits-1:Low+19] == {(ProductBits-Low-19){negative}};
      wire signed [19:0] low = in_range ? rounded_q[Low+19:Low] : {negative, {19{!negative}}};
      wire signed [19:0] high = {{(20-HighBits){negative}}, rounded_q[ProductBits-1:High]};
      always @(posedge aclk) if (valid_i[3]) data_o <= high3_i ? high : low;
    end else begin : g_barrel
      localparam Wide = Bits + Up + 1;
      // What does not fit the window after the coarse shift is out of range after any fine one.
      localparam Window = Wide < 29 ? Wide : 29;
      reg signed [Window-1:0] coarse_q;
      reg signed [Window-1:0] fine_q;
      reg                     beyond2_q, beyond3_q;
      wire signed [Wide-1:0]  widened = {sum_q, {(Up+1){1'b0}}};
      wire signed [Wide-1:0]  coarse = widened >>> {coarse_i, 3'd0};
      always @(posedge aclk) begin
        if (valid_i[1]) begin
          coarse_q <= {coarse[Wide-1], coarse[Window-2:0]};
          beyond2_q <= coarse[Wide-1:Window-1] != {(Wide+1-Window){coarse[Wide-1]}};
        end
        if (valid_i[2]) begin
          fine_q <= coarse_q >>> fine_i;
          beyond3_q <= beyond2_q;
        end
      end
      wire               negative = fine_q[Window-1];
      wire               in_range = !beyond3_q && fine_q[Window-1:20] == {(Window-20){negative}};
      wire signed [19:0] largest = {negative, {19{!negative}}};
      // The largest value is not rounded up, it would wrap.
      wire               increment = fine_q[0] && (Wide <= 21 || negative || fine_q[19:1] != {19{1'b1}});
      always @(posedge aclk) begin
        if (valid_i[3]) data_o <= in_range ? fine_q[20:1] + {19'd0, increment} : largest;
      end
    end
  endgenerate

endmodule

`default_nettype wire
