// The end of a lane: `saturate(rshift(base + rom, out) + zero)`, rounding half up, in three register stages, which
// stand for stages 9 to 11 of `seigo_lane`.
//
// With `Dsp`, sum, shift, rounding and zero point are one DSP slice: `(base + rom) * 2^(16 - out) + zero * 2^16 + 2^15`,
// of which the 16 low bits are dropped; the result is saturated behind its last register. Without, a shifter keeps one
// bit below the point.
`default_nettype none

module seigo_finish #(
  parameter Dsp = 0
) (
  input  wire               aclk,
  // Bit k: data are in stage 8 + k, and the next one loads.
  input  wire [2:0]         valid_i,
  // Stage 8.
  input  wire signed [20:0] base_i,
  input  wire signed [15:0] rom_i,
  // What `Dsp` or its absence leaves out is idle.
  /* verilator lint_off UNUSEDSIGNAL */
  // 2^(16 - out) in stage 8, or out, 0 to 15, in stage 9.
  input  wire [16:0]        power_i,
  input  wire [3:0]         out_i,
  /* verilator lint_on UNUSEDSIGNAL */
  // Stage 9 with `Dsp`, else 10.
  input  wire signed [7:0]  zero_i,
  // Saturate to int16, not int8: stage 11 with `Dsp`, else 10.
  input  wire               wide_i,
  // Stage 11; an int8 is sign-extended.
  output wire signed [15:0] data_o
);

  reg signed [21:0] sum_q;
  always @(posedge aclk) if (valid_i[0]) sum_q <= {base_i[20], base_i} + {{6{rom_i[15]}}, rom_i};

  wire signed [23:0] result;
  wire               fits16 = result[23:15] == {9{result[23]}};
  wire               fits8 = result[23:7] == {17{result[23]}};
  wire [15:0]        result16 = fits16 ? result[15:0] : {result[23], {15{!result[23]}}};
  wire [15:0]        result8 = fits8 ? result[15:0] : {{9{result[23]}}, {7{!result[23]}}};
  wire [15:0]        saturated = wide_i ? result16 : result8;

  generate
    if (Dsp != 0) begin : g_dsp
      reg signed [17:0] power_q;
      reg signed [39:0] product_q, offset_q;
      /* verilator lint_off UNUSEDSIGNAL */
      reg signed [39:0] total_q;
      /* verilator lint_on UNUSEDSIGNAL */
      always @(posedge aclk) begin
        if (valid_i[0]) power_q <= $signed({1'b0, power_i});
        if (valid_i[1]) product_q <= sum_q * power_q;
        if (valid_i[1]) offset_q <= {{16{zero_i[7]}}, zero_i, 16'h8000};
        if (valid_i[2]) total_q <= product_q + offset_q;
      end
      assign result = total_q[39:16];
      assign data_o = saturated;
    end else begin : g_shifter
      reg signed [22:0]  shifted_q;
      reg signed [15:0]  data_q;
      wire signed [22:0] widened = {sum_q, 1'b0};
      always @(posedge aclk) begin
        if (valid_i[1]) shifted_q <= widened >>> out_i;
        if (valid_i[2]) data_q <= saturated;
      end
      assign result = {{2{shifted_q[22]}}, shifted_q[22:1]} + {{16{zero_i[7]}}, zero_i} + {23'd0, shifted_q[0]};
      assign data_o = data_q;
    end
  endgenerate

endmodule

`default_nettype wire
