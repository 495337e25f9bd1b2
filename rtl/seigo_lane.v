// One output lane: accumulator to output value of one channel, by rules A5 to A7 (rounding half up). `Latency` =
// 11 register stages, one value a cycle. `seigo_output_lanes` holds the parameters, and presents each field to the stage
// that uses it in the cycle in which its data are there.
//
//   1 to 4 bias, argument shift, rounding, saturation to 20 bits; the residual beside them (`seigo_align`)
//   5 residual before   6 magnitude, base   7 address   8 ROM; base with residual after
//   9 to 11 sum, output shift, rounding, zero point, saturation (`seigo_finish`)
//
// Left shifts are right shifts of a value that was moved up by the largest left shift before.
`default_nettype none

module seigo_lane #(
  // Bits of accumulator, bias and their sum: 20 to 32, with `Dsp` at most 26.
  parameter Bits = 32,
  // 1: shifts are products in DSP slices, two a lane, or three with residuals.
  parameter Dsp = 0,
  // 1: a function is leaky and needs a multiplier.
  parameter Leaky = 0,
  // 1: a function clamps.
  parameter Clamp = 0,
  // Bit 0: residuals are added before the function; bit 1: after it.
  parameter Residual = 3,
  // Entries of 16 bits of all functions; 0: no function has any.
  parameter RomEntries = 0,
  // Derived, not to be set.
  parameter AddressBits = RomEntries > 1 ? $clog2(RomEntries) : 1
) (
  input  wire               aclk,
  // Bit k: data are in stage k, and stage k + 1 loads.
  input  wire [10:0]        valid_i,
  // Stage 0.
  input  wire [Bits-1:0]    acc_i,
  input  wire [7:0]         residual_i,
  input  wire [Bits-1:0]    bias_i,
  input  wire [7:0]         res_zero_i,
  // Some fields are idle with `Dsp` or without, without a ROM or a multiplier.
  /* verilator lint_off UNUSEDSIGNAL */
  // Right shift of `(acc + bias) << 8`, and of `residual << 11`: see `seigo_align`.
  input  wire [16:0]        argument_power_i,
  input  wire [16:0]        res_power_i,
  input  wire               argument_high1_i,
  input  wire               argument_high3_i,
  input  wire               res_high1_i,
  input  wire               res_high3_i,
  input  wire [2:0]         argument_coarse_i,
  input  wire [2:0]         res_coarse_i,
  input  wire [2:0]         argument_fine_i,
  input  wire [2:0]         res_fine_i,
  // Stage 4.
  input  wire               res_before_i,
  // Stage 5: base of the function, see `seigo_output_lanes`.
  input  wire [2:0]         base_i,
  input  wire signed [19:0] minimum_i,
  input  wire signed [19:0] maximum_i,
  input  wire [7:0]         slope_i,
  // Stage 6.
  input  wire               leaky_i,
  input  wire               uniform_i,
  input  wire [11:0]        offset_positive_i,
  input  wire [11:0]        offset_negative_i,
  // Stage 7: the entry that the lane wants of its ROM (`seigo_lane_rom`), which answers in stage 8.
  output wire [AddressBits-1:0] rom_address_o,
  input  wire               res_after_i,
  // Stage 8; 0 where the function has no ROM.
  input  wire signed [15:0] rom_i,
  // See `seigo_finish`.
  input  wire [16:0]        out_power_i,
  input  wire [3:0]         out_i,
  /* verilator lint_on UNUSEDSIGNAL */
  input  wire [7:0]         zero_i,
  input  wire               wide_i,
  output wire signed [15:0] data_o
);
  `include "seigo_lanes.vh"

  generate
    if (Residual < 0 || Residual > 3) begin : g_check_residual
      lane_residual_must_be_0_to_3 error ();
    end
  endgenerate

  localparam [9:0] LastUniform = UniformEntries[9:0] - 10'd1;
  localparam [7:0] LastSegment = TwoSegmentsEntries[7:0] - 8'd1;

  // Stages 1 to 4.
  wire signed [19:0] x4;
  seigo_align #(
    .Bits (Bits),
    .Up   (8),
    .Dsp  (Dsp)
  ) argument (
    .aclk     (aclk),
    .valid_i  (valid_i[3:0]),
    .a_i      (acc_i),
    .d_i      (bias_i),
    .power_i  (argument_power_i),
    .high1_i  (argument_high1_i),
    .high3_i  (argument_high3_i),
    .coarse_i (argument_coarse_i),
    .fine_i   (argument_fine_i),
    .data_o   (x4)
  );

  // The residual beside them, carried to stage 7.
  wire signed [19:0] res4, res7;
  generate
    if (Residual != 0) begin : g_residual
      reg signed [19:0] res5_q, res6_q, res7_q;
      seigo_align #(
        .Bits     (9),
        .Up       (11),
        .Subtract (1),
        .Dsp      (Dsp)
      ) align (
        .aclk     (aclk),
        .valid_i  (valid_i[3:0]),
        .a_i      ({residual_i[7], residual_i}),
        .d_i      ({res_zero_i[7], res_zero_i}),
        .power_i  (res_power_i),
        .high1_i  (res_high1_i),
        .high3_i  (res_high3_i),
        .coarse_i (res_coarse_i),
        .fine_i   (res_fine_i),
        .data_o   (res4)
      );
      always @(posedge aclk) begin
        if (valid_i[4]) res5_q <= res4;
        if (valid_i[5]) res6_q <= res5_q;
        if (valid_i[6]) res7_q <= res6_q;
      end
      assign res7 = res7_q;
    end else begin : g_no_residual
      assign res4 = 20'sd0;
      assign res7 = 20'sd0;
      wire unused = |{residual_i, res_zero_i, res_after_i};
    end
  endgenerate

  // Stage 5.
  wire signed [19:0] x;
  reg signed [19:0]  x5_q;
  generate
    if (Residual % 2 != 0) begin : g_before
      wire signed [20:0] sum = {x4[19], x4} + {res4[19], res4};
      assign x = !res_before_i ? x4 : sum[20] != sum[19] ? {sum[20], {19{sum[19]}}} : sum[19:0];
    end else begin : g_not_before
      assign x = x4;
      wire unused_before = |{res4, res_before_i};
    end
  endgenerate
  always @(posedge aclk) if (valid_i[4]) x5_q <= x;

  // Stages 6 to 8: the base.
  reg signed [19:0]  base6_q, base7_q;
  reg signed [20:0]  base8_q;
  wire signed [19:0] res_term = Residual > 1 && res_after_i ? res7 : 20'sd0;
  always @(posedge aclk) begin
    if (valid_i[5]) begin
      case (base_i)
        BaseRelu: base6_q <= x5_q[19] ? 20'sd0 : x5_q;
        BaseIdentity, BaseLeaky: base6_q <= x5_q;
        BaseClamp: base6_q <= Clamp == 0 ? x5_q : x5_q < minimum_i ? minimum_i : x5_q > maximum_i ? maximum_i : x5_q;
        default: base6_q <= 20'sd0;
      endcase
    end
    if (valid_i[7]) base8_q <= {base7_q[19], base7_q} + {res_term[19], res_term};
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

  // Stages 6 and 7: the address in the ROM.
  generate
    if (RomEntries > 0) begin : g_rom
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
      end
      assign rom_address_o = address_q;
    end else begin : g_no_rom
      assign rom_address_o = {AddressBits{1'b0}};
    end
  endgenerate

  // Stages 9 to 11.
  seigo_finish #(
    .Dsp (Dsp)
  ) finish (
    .aclk    (aclk),
    .valid_i (valid_i[10:8]),
    .base_i  (base8_q),
    .rom_i   (rom_i),
    .power_i (out_power_i),
    .out_i   (out_i),
    .zero_i  (zero_i),
    .wide_i  (wide_i),
    .data_o  (data_o)
  );

endmodule

`default_nettype wire
