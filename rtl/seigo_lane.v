// One output lane: accumulator to output value of one channel, by rules A5 to A7 (rounding half up). `Latency` =
// 11 register stages, one value a cycle. `seigo_output_lanes` holds the parameters, and presents each field to the stage
// that uses it in the cycle in which its data are there.
//
//   1 bias   2, 3 argument shift   4 round, saturate to 20 bits   5 residual before   6 magnitude, base
//   7 address   8 ROM   9 sum with base and residual   10 output shift   11 round, zero point, saturate
//
// A rounding shift keeps one bit below the point: `rshift(v, s) = (v >> s) + bit s - 1 of v`. Left shifts are right
// shifts of a value that was moved up by the largest left shift before.
`default_nettype none

module seigo_lane #(
  // 1: a function is leaky and needs a multiplier.
  parameter Leaky = 0,
  // 0: there are no residuals.
  parameter Residual = 1,
  // Entries of 16 bits of all functions; 0: no function has any.
  parameter RomEntries = 0,
  parameter [16*(RomEntries > 0 ? RomEntries : 1)-1:0] Rom = 0
) (
  input  wire               aclk,
  // Bit k: data are in stage k, and stage k + 1 loads.
  input  wire [10:0]        valid_i,
  // Stage 0.
  input  wire [31:0]        acc_i,
  input  wire [7:0]         residual_i,
  input  wire [31:0]        bias_i,
  input  wire [7:0]         res_zero_i,
  // Stages 1 and 2: right shift of `(acc + bias) << 8`, and of `residual << 11`.
  input  wire [2:0]         argument_coarse_i,
  input  wire [1:0]         res_coarse_i,
  input  wire [2:0]         argument_fine_i,
  input  wire [2:0]         res_fine_i,
  // Stage 4.
  input  wire               res_before_i,
  // Stage 5: base of the function, see `seigo_output_lanes`. Some fields idle without a ROM or a multiplier.
  /* verilator lint_off UNUSEDSIGNAL */
  input  wire [2:0]         base_i,
  input  wire signed [19:0] minimum_i,
  input  wire signed [19:0] maximum_i,
  input  wire [7:0]         slope_i,
  // Stage 6.
  input  wire               leaky_i,
  input  wire               uniform_i,
  input  wire [11:0]        offset_positive_i,
  input  wire [11:0]        offset_negative_i,
  // Stages 7 and 8.
  input  wire               rom_i,
  /* verilator lint_on UNUSEDSIGNAL */
  input  wire               res_after_i,
  // Stages 9 and 10.
  input  wire [3:0]         out_i,
  input  wire [7:0]         zero_i,
  input  wire               wide_i,
  output reg signed [15:0]  data_o
);
  `include "seigo_lanes.vh"

  localparam [9:0] LastUniform = UniformEntries[9:0] - 10'd1;
  localparam [7:0] LastSegment = TwoSegmentsEntries[7:0] - 8'd1;

  // Stages 1 to 3. The widest value is 33 bits moved up by 8, and a bit below the point.
  reg signed [32:0] biased_q;
  reg signed [41:0] coarse_q;
  reg signed [41:0] fine_q;
  wire signed [41:0] widened = {biased_q, 9'd0};
  always @(posedge aclk) begin
    if (valid_i[0]) biased_q <= {acc_i[31], acc_i} + {bias_i[31], bias_i};
    if (valid_i[1]) coarse_q <= widened >>> {argument_coarse_i, 3'd0};
    if (valid_i[2]) fine_q <= coarse_q >>> argument_fine_i;
  end

  // The residual beside them, aligned in stage 4 and carried to stage 8.
  wire signed [19:0] res4, res8;
  generate
    if (Residual != 0) begin : g_residual
      reg signed [8:0]  res_q;
      reg signed [20:0] res_coarse_q;
      reg signed [20:0] res_fine_q;
      reg signed [19:0] res4_q, res5_q, res6_q, res7_q, res8_q;
      wire signed [20:0] res_widened = {res_q, 12'd0};
      always @(posedge aclk) begin
        if (valid_i[0]) res_q <= {residual_i[7], residual_i} - {res_zero_i[7], res_zero_i};
        if (valid_i[1]) res_coarse_q <= res_widened >>> {res_coarse_i, 3'd0};
        if (valid_i[2]) res_fine_q <= res_coarse_q >>> res_fine_i;
        if (valid_i[3]) res4_q <= res_fine_q[20:1] + {19'd0, res_fine_q[0]};
        if (valid_i[4]) res5_q <= res4_q;
        if (valid_i[5]) res6_q <= res5_q;
        if (valid_i[6]) res7_q <= res6_q;
        if (valid_i[7]) res8_q <= res7_q;
      end
      assign res4 = res4_q;
      assign res8 = res8_q;
    end else begin : g_no_residual
      assign res4 = 20'sd0;
      assign res8 = 20'sd0;
      wire unused = |{residual_i, res_zero_i, res_coarse_i, res_fine_i, res_before_i, res_after_i};
    end
  endgenerate

  // Stage 4. The largest value is not rounded up, it would wrap.
  wire               in_range = fine_q[41:20] == {22{fine_q[41]}};
  wire signed [19:0] largest = {fine_q[41], {19{!fine_q[41]}}};
  wire               increment = fine_q[0] && (fine_q[41] || fine_q[19:1] != {19{1'b1}});
  reg signed [19:0]  x4_q;
  always @(posedge aclk) begin
    if (valid_i[3]) x4_q <= in_range ? fine_q[20:1] + {19'd0, increment} : largest;
  end

  // Stage 5.
  wire signed [20:0] x_sum = {x4_q[19], x4_q} + {res4[19], res4};
  reg signed [19:0]  x5_q;
  always @(posedge aclk) begin
    if (valid_i[4]) begin
      if (Residual == 0 || !res_before_i) x5_q <= x4_q;
      else if (x_sum[20] != x_sum[19]) x5_q <= {x_sum[20], {19{x_sum[19]}}};
      else x5_q <= x_sum[19:0];
    end
  end

  // Stages 6 and 7: the base.
  reg signed [19:0] base6_q, base7_q, base8_q;
  always @(posedge aclk) begin
    if (valid_i[5]) begin
      case (base_i)
        BaseRelu: base6_q <= x5_q[19] ? 20'sd0 : x5_q;
        BaseIdentity, BaseLeaky: base6_q <= x5_q;
        BaseClamp: base6_q <= x5_q < minimum_i ? minimum_i : x5_q > maximum_i ? maximum_i : x5_q;
        default: base6_q <= 20'sd0;
      endcase
    end
    if (valid_i[7]) base8_q <= base7_q;
  end

  generate
    if (Leaky != 0) begin : g_leaky
      /* verilator lint_off UNUSEDSIGNAL */
      reg signed [28:0] product_q;
      /* verilator lint_on UNUSEDSIGNAL */
      reg               negative_q;
      // A negative x times a slope below 1, rounded half up: bit 7 is the half.
      wire signed [19:0] sloped = product_q[27:8] + {19'd0, product_q[7]};
      always @(posedge aclk) begin
        if (valid_i[5]) product_q <= x5_q * $signed({1'b0, slope_i});
        if (valid_i[5]) negative_q <= x5_q[19];
        if (valid_i[6]) base7_q <= leaky_i && negative_q ? sloped : base6_q;
      end
    end else begin : g_straight
      always @(posedge aclk) if (valid_i[6]) base7_q <= base6_q;
    end
  endgenerate

  // Stages 6 to 8: the ROM.
  reg signed [15:0] rom8_q;
  generate
    if (RomEntries > 0) begin : g_rom
      localparam AddressBits = $clog2(RomEntries);
      (* rom_style = "distributed" *)
      reg [15:0] rom [0:RomEntries-1];
      integer i;
      initial for (i = 0; i < RomEntries; i = i + 1) rom[i] = Rom[16*i +: 16];

      // The magnitude without its three low bits, which no address holds.
      reg [16:0] magnitude_q;
      reg        negative_q;
      /* verilator lint_off UNUSEDSIGNAL */
      wire [19:0] magnitude = x5_q[19] ? -x5_q : x5_q;
      /* verilator lint_on UNUSEDSIGNAL */
      wire       beyond_8 = magnitude_q[16:10] != 7'd0;
      wire [9:0] uniform = beyond_8 ? LastUniform : magnitude_q[9:0];
      wire [7:0] beyond = beyond_8 ? LastSegment : 8'd112 + {1'b0, magnitude_q[9:3]};
      wire [7:0] segment = magnitude_q[16:7] == 10'd0 ? {1'b0, magnitude_q[6:0]} : beyond;
      wire [11:0] offset = negative_q ? offset_negative_i : offset_positive_i;
      /* verilator lint_off UNUSEDSIGNAL */
      wire [11:0] address = offset + {2'd0, uniform_i ? uniform : {2'd0, segment}};
      /* verilator lint_on UNUSEDSIGNAL */
      reg [AddressBits-1:0] address_q;
      always @(posedge aclk) begin
        if (valid_i[5]) {negative_q, magnitude_q} <= {x5_q[19], magnitude[19:3]};
        if (valid_i[6]) address_q <= address[AddressBits-1:0];
        if (valid_i[7]) rom8_q <= rom_i ? rom[address_q] : 16'd0;
      end
    end else begin : g_no_rom
      always @(posedge aclk) rom8_q <= 16'sd0;
    end
  endgenerate

  // Stages 9 to 11.
  reg signed [21:0]  y_q;
  reg signed [22:0]  shifted_q;
  wire signed [21:0] straight = {{2{base8_q[19]}}, base8_q} + {{6{rom8_q[15]}}, rom8_q};
  wire signed [19:0] res_term = res_after_i ? res8 : 20'sd0;
  wire signed [22:0] y_widened = {y_q, 1'b0};
  wire signed [22:0] result = {shifted_q[22], shifted_q[22:1]} + {{15{zero_i[7]}}, zero_i}
    + {22'd0, shifted_q[0]};
  wire               fits16 = result[22:15] == {8{result[22]}};
  wire               fits8 = result[22:7] == {16{result[22]}};
  always @(posedge aclk) begin
    if (valid_i[8]) y_q <= straight + {{2{res_term[19]}}, res_term};
    if (valid_i[9]) shifted_q <= y_widened >>> out_i;
    if (valid_i[10]) begin
      if (wide_i) data_o <= fits16 ? result[15:0] : {result[22], {15{!result[22]}}};
      else data_o <= fits8 ? result[15:0] : {{9{result[22]}}, {7{!result[22]}}};
    end
  end

endmodule

`default_nettype wire
