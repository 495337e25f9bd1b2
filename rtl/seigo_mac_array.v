// The dense array: P pixels x 16 input channels x 16 output channels a cycle, and its accumulators.
//
// Latency: `done_o` and readable accumulators follow the group that entered with `valid_i` by `Latency` = 12
// cycles: input register, up to 7 cycles of skew along the DSP chains, product, sum, split of the packed
// fields, accumulation. A group may enter every cycle, the same one again too.
//
// Rules for the owner: `swap_i` at least 8 cycles apart, and every word of the weight tile arrived before it (the
// next tile's first word may come with it).
`default_nettype none

module seigo_mac_array #(
  // Pixels: 1, 2, 4, 8.
  parameter P = 4,
  // Pixels drained a cycle.
  parameter LP = P >= 2 ? P / 2 : 1,
  // 1: two products share a multiplier, weights are within +-127. From P = 2 on those of pixels 2i and 2i + 1
  // (DSP48E2), at P = 1 those of output channels 2i and 2i + 1.
  parameter PackProducts = P >= 2 ? 1 : 0,
  // Bits of an accumulator: 20 to 32, as many as the network's largest sum has.
  parameter AccumulatorBits = 32
) (
  input  wire              aclk,
  input  wire              aresetn,
  // Weight words: 0 to 7 two output channels each, 8 the zero points of the input channels.
  input  wire              weight_valid_i,
  input  wire [3:0]        weight_index_i,
  input  wire [255:0]      weight_data_i,
  // Groups.
  input  wire              valid_i,
  input  wire              swap_i,
  input  wire              first_i,
  input  wire              last_i,
  input  wire [3:0]        group_i,
  input  wire              half_i,
  input  wire [128*P-1:0]  data_i,
  input  wire [P-1:0]      mask_i,
  output reg               done_o,
  output reg               done_half_o,
  // Drain: pixels `part * LP` and up of a group, one cycle later. `drain_part_i` is 0 when P = LP.
  input  wire              drain_i,
  input  wire              drain_half_i,
  input  wire [3:0]        drain_group_i,
  /* verilator lint_off UNUSEDSIGNAL */
  input  wire              drain_part_i,
  /* verilator lint_on UNUSEDSIGNAL */
  output reg  [16*LP*AccumulatorBits-1:0] drain_data_o
);

  localparam Latency = 12;
  // Cycles from entry to the accumulators' addition.
  localparam AddStage = Latency - 1;
  localparam PackPixels = P > 1 ? PackProducts : 0;
  localparam PerUnit = PackPixels != 0 ? 2 : 1;
  localparam Units = P / PerUnit;

  generate
    if (P != 1 && P != 2 && P != 4 && P != 8) begin : g_check_p
      p_must_be_1_2_4_or_8 error ();
    end
    if (LP != (P >= 2 ? P / 2 : 1)) begin : g_check_lp
      lp_must_be_half_of_p error ();
    end
  endgenerate

  // Control travels with the group. Bit i: i + 1 cycles after entry.
  reg [AddStage-1:0]   valid_q;
  reg [6:0]            swap_q;
  reg [7*AddStage-1:0] control_q;
  wire [7:0]           swap = {swap_q, valid_i && swap_i};
  wire                 add_valid = valid_q[AddStage-1];
  wire                 add_first = control_q[7*AddStage-1];
  wire                 add_last = control_q[7*AddStage-2];
  wire                 add_half = control_q[7*AddStage-3];
  wire [3:0]           add_group = control_q[7*AddStage-4 -: 4];
  always @(posedge aclk) begin
    control_q <= {control_q[7*(AddStage-1)-1:0], first_i, last_i, half_i, group_i};
    done_half_o <= add_half;
    if (!aresetn) begin
      valid_q <= {AddStage{1'b0}};
      swap_q <= 7'd0;
      done_o <= 1'b0;
    end else begin
      valid_q <= {valid_q[AddStage-2:0], valid_i};
      swap_q <= swap[6:0];
      done_o <= add_valid && add_last;
    end
  end

  // Zero points.
  reg [127:0]  pad_shadow_q;
  reg [127:0]  pad_q;
  wire [127:0] pad = swap[0] ? pad_shadow_q : pad_q;
  always @(posedge aclk) begin
    if (weight_valid_i && weight_index_i == 4'd8) pad_shadow_q <= weight_data_i[127:0];
    if (swap[0]) pad_q <= pad_shadow_q;
  end

  wire [2047:0] weight;
  seigo_weight_shadow weight_shadow (
    .aclk     (aclk),
    .valid_i  (weight_valid_i),
    .index_i  (weight_index_i),
    .data_i   (weight_data_i),
    .weight_o (weight)
  );

  localparam PixelBits = 16 * AccumulatorBits;
  wire [P*PixelBits-1:0] accumulators;

  genvar u, o, p;
  generate
    for (u = 0; u < Units; u = u + 1) begin : g_unit
      wire [511:0] operand;
      seigo_operand_skew #(
        .Packed (PackPixels)
      ) operand_skew (
        .aclk      (aclk),
        .valid_i   ({valid_q[6:0], valid_i}),
        .data_i    (data_i[128*PerUnit*u +: 128*PerUnit]),
        .mask_i    (mask_i[PerUnit*u +: PerUnit]),
        .pad_i     (pad),
        .operand_o (operand)
      );
      // Sums of the output channels at P = 1, where two share a multiplier.
      wire [319:0] pair_sums;
      wire [15:0]  pair_carries;
      if (PackProducts != 0 && PackPixels == 0) begin : g_pairs
        for (o = 0; o < 16; o = o + 2) begin : g_pair
          seigo_dot_pair dot_pair (
            .aclk      (aclk),
            .operand_i (operand),
            .weight0_i (weight[128*o +: 128]),
            .weight1_i (weight[128*(o+1) +: 128]),
            .swap_i    (swap),
            .valid_i   (valid_q[9:0]),
            .sum0_o    (pair_sums[20*o +: 20]),
            .sum1_o    (pair_sums[20*(o+1) +: 20]),
            .carry1_o  (pair_carries[o+1])
          );
          assign pair_carries[o] = 1'b0;
        end
      end else begin : g_no_pairs
        assign pair_sums = 320'd0;
        assign pair_carries = 16'd0;
        wire unused = |{pair_sums, pair_carries};
      end
      for (o = 0; o < 16; o = o + 1) begin : g_output
        wire [20*PerUnit-1:0] sum;
        wire [PerUnit-1:0]    carry;
        if (PackProducts == 0 || PackPixels != 0) begin : g_own
          seigo_dot_product #(
            .Packed (PackPixels)
          ) dot_product (
            .aclk      (aclk),
            .operand_i (operand),
            .weight_i  (weight[128*o +: 128]),
            .swap_i    (swap),
            .valid_i   (valid_q[9:0]),
            .sum_o     (sum),
            .carry_o   (carry)
          );
        end else begin : g_shared
          assign carry = pair_carries[o];
          assign sum = pair_sums[20*o +: 20];
        end
        for (p = 0; p < PerUnit; p = p + 1) begin : g_pixel
          seigo_accumulator #(
            .Bits (AccumulatorBits)
          ) accumulator (
            .aclk      (aclk),
            .add_i     (add_valid),
            .first_i   (add_first),
            .address_i ({add_half, add_group}),
            .sum_i     (sum[20*p +: 20]),
            .carry_i   (carry[p]),
            .drain_i   ({drain_half_i, drain_group_i}),
            .data_o    (accumulators[PixelBits*(PerUnit*u+p) + AccumulatorBits*o +: AccumulatorBits])
          );
        end
      end
    end

    if (P == LP) begin : g_drain_all
      always @(posedge aclk) if (drain_i) drain_data_o <= accumulators;
    end else begin : g_drain_part
      always @(posedge aclk) begin
        if (drain_i) begin
          drain_data_o <= drain_part_i ? accumulators[LP*PixelBits +: LP*PixelBits] : accumulators[0 +: LP*PixelBits];
        end
      end
    end
  endgenerate

endmodule

`default_nettype wire
