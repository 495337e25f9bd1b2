// Rules A5 and A6 for LP pixels x `Channels` channels a cycle: a lane for each and the parameters that travel beside them.
// Latency: `valid_o` follows `valid_i` by 11 cycles; no stall.
//
// Parameters and mode are taken over with `first_i` and move through the stages with that data, so that they may
// change from one cycle to the next; bias and `res_zero` are read in every cycle with `valid_i`. Users whose
// parameters change with every word set `first_i` always.
`default_nettype none

module seigo_output_lanes #(
  // Pixels a cycle: 1, 2, 4.
  parameter LP = 2,
  parameter Channels = 16,
  parameter TagBits = 1,
  // Bits of accumulator, bias and their sum: 20 to 32, with `Dsp` at most 26.
  parameter Bits = 32,
  // 1: shifts are products in DSP slices; see `seigo_lane`.
  parameter Dsp = 0,
  // Bit 0: residuals are added before the function; bit 1: after it.
  parameter Residual = 3,
  // Functions of the design, at least 1, and an entry of 72 bits for each (seigo_lanes.vh), the first in the low bits.
  parameter Functions = 1,
  parameter [72*Functions-1:0] FunctionTable = 2,
  parameter RomEntries = 0,
  parameter [16*(RomEntries > 0 ? RomEntries : 1)-1:0] Rom = 0,
  // 1: the ROMs are block RAM, one for two pixels of a channel; 0: logic, one for each lane.
  parameter BlockRoms = 0
) (
  input  wire                aclk,
  input  wire                aresetn,
  input  wire                valid_i,
  // First data of a tile.
  input  wire                first_i,
  // Accumulators and residuals, channel 0 of pixel 0 in the low bits.
  input  wire [Channels*LP*Bits-1:0] acc_i,
  input  wire [8*Channels*LP-1:0] residual_i,
  // 64 bits a channel, see seigo_lanes.vh.
  input  wire [64*Channels-1:0] parameters_i,
  input  wire [TagBits-1:0]  tag_i,
  // Mode: rule A5, with ReLU; Residual of the descriptor (A6); int16 output.
  input  wire                direct_i,
  input  wire                relu_i,
  input  wire [1:0]          residual_mode_i,
  input  wire                wide_i,
  input  wire [3:0]          function_i,
  output wire                valid_o,
  output wire [16*Channels*LP-1:0] data_o,
  output wire [TagBits-1:0]  tag_o
);

  `include "seigo_descriptor.vh"
  `include "seigo_lanes.vh"

  localparam Latency = 11;
  localparam AddressBits = RomEntries > 1 ? $clog2(RomEntries) : 1;
  localparam RomPorts = BlockRoms != 0 && LP > 1 ? 2 : 1;

  // Whether a function has this base.
  function has(input [2:0] base);
    integer i;
    begin
      has = 1'b0;
      for (i = 0; i < Functions; i = i + 1) begin
        if (FunctionTable[FunctionBits*i + FunctionBaseLsb +: FunctionBaseWidth] == base) has = 1'b1;
      end
    end
  endfunction
  localparam Leaky = has(BaseLeaky);
  localparam Clamp = has(BaseClamp);

  generate
    if (LP != 1 && LP != 2 && LP != 4) begin : g_check_lp
      lp_must_be_1_2_or_4 error ();
    end
    if (Bits < 20 || Bits > 32) begin : g_check_bits
      bits_must_be_20_to_32 error ();
    end
    if (Functions < 1 || Functions > 16) begin : g_check_functions
      functions_must_be_1_to_16 error ();
    end
    if (RomEntries > 4096) begin : g_check_rom
      rom_entries_must_be_at_most_4096 error ();
    end
  endgenerate

  // Bit k: stage k holds data, or the first data of a tile.
  reg [Latency-1:0]          valid_q;
  reg [Latency-2:0]          first_q;
  reg [TagBits*Latency-1:0]  tag_q;
  wire [Latency:0]           valid = {valid_q, valid_i};
  wire [Latency-1:0]         load = {first_q, first_i} & valid[Latency-1:0];
  wire [TagBits*(Latency+1)-1:0] tag = {tag_q, tag_i};
  always @(posedge aclk) begin
    valid_q <= aresetn ? valid[Latency-1:0] : {Latency{1'b0}};
    first_q <= {first_q[Latency-3:0], first_i};
    tag_q <= tag[TagBits*Latency-1:0];
  end
  assign valid_o = valid[Latency];
  assign tag_o = tag[TagBits*Latency +: TagBits];

  // Mode, stages 1 to 3, and the function's constants from stage 4 on; a number after the name is the stage.
  reg         direct1_q, direct2_q, direct3_q, relu1_q, relu2_q, relu3_q;
  reg [3:0]   function1_q, function2_q, function3_q;
  reg [2:0]   base4_q, base5_q;
  reg [19:0]  minimum4_q, minimum5_q, maximum4_q, maximum5_q;
  reg [7:0]   slope4_q, slope5_q;
  reg         leaky6_q;
  reg [1:0]   layout4_q, layout5_q, layout6_q;
  reg         rom7_q;
  reg [11:0]  positive4_q, positive5_q, positive6_q, negative5_q, negative6_q;
  reg         signed4_q;
  /* verilator lint_off UNUSEDSIGNAL */
  wire [FunctionBits-1:0] entry = FunctionTable[FunctionBits*function3_q +: FunctionBits];
  /* verilator lint_on UNUSEDSIGNAL */
  wire [11:0] block = !signed4_q ? 12'd0 : layout4_q == LayoutUniform ? UniformEntries[11:0]
                                                                      : TwoSegmentsEntries[11:0];
  always @(posedge aclk) begin
    if (load[0]) {direct1_q, relu1_q, function1_q} <= {direct_i, relu_i, function_i};
    if (load[1]) {direct2_q, relu2_q, function2_q} <= {direct1_q, relu1_q, function1_q};
    if (load[2]) {direct3_q, relu3_q, function3_q} <= {direct2_q, relu2_q, function2_q};
    if (load[3]) begin
      base4_q <= !direct3_q ? entry[FunctionBaseLsb +: FunctionBaseWidth] : relu3_q ? BaseRelu : BaseIdentity;
      layout4_q <= direct3_q ? LayoutNone : entry[FunctionLayoutLsb +: FunctionLayoutWidth];
      maximum4_q <= entry[FunctionMaximumLsb +: FunctionMaximumWidth];
      minimum4_q <= entry[FunctionMinimumLsb +: FunctionMinimumWidth];
      positive4_q <= entry[FunctionOffsetLsb +: FunctionOffsetWidth];
      slope4_q <= entry[FunctionSlopeLsb +: FunctionSlopeWidth];
      signed4_q <= entry[FunctionSignedLsb];
    end
    if (load[4]) begin
      {base5_q, layout5_q, slope5_q} <= {base4_q, layout4_q, slope4_q};
      {minimum5_q, maximum5_q} <= {minimum4_q, maximum4_q};
      positive5_q <= positive4_q;
      negative5_q <= positive4_q + block;
    end
    if (load[5]) begin
      leaky6_q <= base5_q == BaseLeaky;
      {layout6_q, positive6_q, negative6_q} <= {layout5_q, positive5_q, negative5_q};
    end
    if (load[6]) rom7_q <= layout6_q != LayoutNone;
  end

  // The last stages of some fields have no reader, bit 63 of a channel's parameters is free.
  /* verilator lint_off UNUSEDSIGNAL */
  genvar c, p, k;
  generate
    // What late stages need of the mode, stages 1 to 11: int16, residual after, residual before.
    for (k = 1; k <= 11; k = k + 1) begin : g_mode
      reg wide_q, after_q, before_q;
      if (k == 1) begin : g_first
        always @(posedge aclk) begin
          if (load[0]) begin
            wide_q <= wide_i;
            after_q <= residual_mode_i == ResidualAfter && !direct_i;
            before_q <= residual_mode_i == ResidualBefore && !direct_i;
          end
        end
      end else begin : g_next
        always @(posedge aclk) begin
          if (load[k-1]) begin
            wide_q <= g_mode[k-1].wide_q;
            after_q <= g_mode[k-1].after_q;
            before_q <= g_mode[k-1].before_q;
          end
        end
      end
    end

    for (c = 0; c < Channels; c = c + 1) begin : g_channel
      wire [LaneBits-1:0] fields = parameters_i[LaneBits*c +: LaneBits];
      // Right shift of `residual << 11`: 11 - res_shift, 0 to 26.
      wire [4:0]  res_right = 5'd11 - fields[LaneResShiftLsb +: 5];
      wire [5:0]  argument = fields[LaneArgumentLsb +: LaneArgumentWidth];
      reg [5:0]   argument1_q;
      reg [4:0]   res1_q;
      reg [2:0]   argument2_q, res2_q;
      reg [2:0]   argument_high_q, res_high_q;
      always @(posedge aclk) begin
        if (load[0]) {argument1_q, res1_q} <= {argument, res_right};
        if (load[1]) {argument2_q, res2_q} <= {argument1_q[2:0], res1_q[2:0]};
        if (load[0]) {argument_high_q[0], res_high_q[0]} <= {argument > 6'd16, res_right > 5'd16};
        if (load[1]) {argument_high_q[1], res_high_q[1]} <= {argument_high_q[0], res_high_q[0]};
        if (load[2]) {argument_high_q[2], res_high_q[2]} <= {argument_high_q[1], res_high_q[1]};
      end
      // Zero point and output shift, in stages 1 to 10.
      for (k = 1; k <= 10; k = k + 1) begin : g_stage
        reg [3:0] out_q;
        reg [7:0] zero_q;
        if (k == 1) begin : g_first
          always @(posedge aclk) begin
            if (load[0]) begin
              zero_q <= fields[LaneZeroLsb +: LaneZeroWidth];
              out_q <= direct_i ? 4'd0 : fields[LaneOutLsb +: LaneOutWidth];
            end
          end
        end else begin : g_next
          always @(posedge aclk) begin
            if (load[k-1]) {zero_q, out_q} <= {g_stage[k-1].zero_q, g_stage[k-1].out_q};
          end
        end
      end
      // Powers of two for the lanes in DSP slices; a bit is a look-up of the shift.
      wire [16:0] argument_power, res_power, out_power;
      for (k = 0; k <= 16; k = k + 1) begin : g_power
        localparam [5:0] Right = 16 - k;
        assign argument_power[k] = argument == Right || argument == Right + 6'd17;
        assign res_power[k] = {1'b0, res_right} == Right || {1'b0, res_right} == Right + 6'd17;
        assign out_power[k] = {2'd0, g_stage[8].out_q} == Right;
      end
      // ROMs, stage 7 to 8.
      wire [AddressBits*LP-1:0] rom_address;
      wire [16*LP-1:0]          rom_data;
      if (RomEntries > 0) begin : g_roms
        for (p = 0; p < LP; p = p + RomPorts) begin : g_rom
          seigo_lane_rom #(
            .Ports   (RomPorts),
            .Entries (RomEntries),
            .Rom     (Rom),
            .Block   (BlockRoms)
          ) lane_rom (
            .aclk      (aclk),
            .enable_i  (valid[7]),
            .on_i      (rom7_q),
            .address_i (rom_address[AddressBits*p +: AddressBits*RomPorts]),
            .data_o    (rom_data[16*p +: 16*RomPorts])
          );
        end
      end else begin : g_no_roms
        assign rom_data = {16*LP{1'b0}};
        wire unused = |{rom_address, rom7_q};
      end
      for (p = 0; p < LP; p = p + 1) begin : g_pixel
        seigo_lane #(
          .Bits       (Bits),
          .Dsp        (Dsp),
          .Leaky      (Leaky),
          .Clamp      (Clamp),
          .Residual   (Residual),
          .RomEntries (RomEntries)
        ) lane (
          .aclk              (aclk),
          .valid_i           (valid[10:0]),
          .acc_i             (acc_i[Bits*(Channels*p+c) +: Bits]),
          .residual_i        (residual_i[8*(Channels*p+c) +: 8]),
          .bias_i            (fields[LaneBiasLsb +: Bits]),
          .res_zero_i        (fields[LaneResZeroLsb +: LaneResZeroWidth]),
          .argument_power_i  (argument_power),
          .res_power_i       (res_power),
          .argument_high1_i  (argument_high_q[0]),
          .argument_high3_i  (argument_high_q[2]),
          .res_high1_i       (res_high_q[0]),
          .res_high3_i       (res_high_q[2]),
          .argument_coarse_i (argument1_q[5:3]),
          .res_coarse_i      ({1'b0, res1_q[4:3]}),
          .argument_fine_i   (argument2_q),
          .res_fine_i        (res2_q),
          .res_before_i      (g_mode[4].before_q),
          .base_i            (base5_q),
          .minimum_i         (minimum5_q),
          .maximum_i         (maximum5_q),
          .slope_i           (slope5_q),
          .leaky_i           (leaky6_q),
          .uniform_i         (layout6_q == LayoutUniform),
          .offset_positive_i (positive6_q),
          .offset_negative_i (negative6_q),
          .rom_address_o     (rom_address[AddressBits*p +: AddressBits]),
          .res_after_i       (g_mode[7].after_q),
          .rom_i             (rom_data[16*p +: 16]),
          .out_power_i       (out_power),
          .out_i             (g_stage[9].out_q),
          .zero_i            (g_stage[Dsp != 0 ? 9 : 10].zero_q),
          .wide_i            (g_mode[Dsp != 0 ? 11 : 10].wide_q),
          .data_o            (data_o[16*(Channels*p+c) +: 16])
        );
      end
    end
  endgenerate
  /* verilator lint_on UNUSEDSIGNAL */

endmodule

`default_nettype wire
