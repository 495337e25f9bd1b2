// Depthwise convolution (rule A4, then A5 or A6) of up to 3 x 3, 5 x 5 or 7 x 7 taps, and maximum of 3 x 3 (A9), of
// planes in raster order.
//
// Of control (which window), stages (when), window (line buffers), channels (arithmetic), parameters, lanes, results.
// Groups of DP columns enter, never across a row end (`seigo_splitter`); columns past the width in the
// last group of a row are ignored. Outputs leave in raster order through one queue, 1 to `Beat` pixels
// at a time, those of the two filters in turns. A group that completes a window takes a cycle for each filter,
// each `Channels` of the 16 channels and each part of 3 x 3 taps, else one; nothing inside stalls: a window enters only
// when the queue has room for its results. The window around a group is complete when the rows and columns beyond it have
// entered; its sum reaches the lanes 6 cycles after that and its maximum the queue 5, further parts not counted. Planes
// follow each other without a gap, the last one of a pass is flushed.
`default_nettype none

module seigo_plane_engine #(
  // Pixels a cycle: 1, 2 or 4.
  parameter DP = 2,
  // Pixels of a beat of results: DP, or 2 of 4.
  parameter Beat = DP,
  // Rows and columns of taps beyond the center that a window may have: 1 (3 x 3 taps) to 3 (7 x 7).
  parameter Reach = 1,
  // Channels a cycle: 16, or 8 with half of the multipliers and lanes.
  parameter Channels = 16,
  // 1: a number per channel may stand for the weights, see `seigo_plane_parameters`.
  parameter ChannelMul = 0,
  // Pixels of the longest row; with windows that reach out by two columns, of the row and DP more.
  parameter MaxWidth = 512,
  // Two neighboring pixels share a multiplier (DSP48E2); not with DP = 1.
  parameter PackProducts = 1,
  // Words of the output queue, as a power of two; at least 5 for full rate.
  parameter QueueBits = 5,
  // Bits of a sum with its bias: 20 to 32, as many as the network's largest has.
  parameter SumBits = 32,
  // 1: the lanes shift in DSP slices; `SumBits` is then at most 26.
  parameter DspLanes = 0,
  // Functions of the lanes: see `seigo_output_lanes`.
  parameter Functions = 1,
  parameter [72*Functions-1:0] FunctionTable = 2,
  parameter RomEntries = 0,
  parameter [16*(RomEntries > 0 ? RomEntries : 1)-1:0] Rom = 0,
  parameter BlockRoms = 0
) (
  input  wire              aclk,
  input  wire              aresetn,
  // A pass begins: samples the configuration. Only while `idle_o`, which falls in the next cycle.
  input  wire              start_i,
  output wire              idle_o,
  // Sizes, at least 1. Every window overlaps the input: its first row and column lie in it or
  // before.
  input  wire [15:0]       height_i,
  input  wire [15:0]       width_i,
  input  wire [15:0]       out_height_i,
  input  wire [15:0]       out_width_i,
  input  wire [15:0]       planes_i,
  // 1 or 2.
  input  wire [1:0]        stride_i,
  // Of the windows, and padding of at most that; 1 for a maximum.
  input  wire [1:0]        reach_i,
  input  wire [1:0]        pad_top_i,
  input  wire [1:0]        pad_left_i,
  input  wire              maximum_i,
  // Taps that a maximum looks at, row by row: those of some rows in some columns.
  input  wire [8:0]        tap_mask_i,
  // The weights are factors of the channels: rows above and below the center read the zero points. One filter, reach 1;
  // steady for the pass. A byte of `factor_i` a channel, steady while its set comes.
  input  wire              multiply_i,
  input  wire [127:0]      factor_i,
  // A second filter; then per filter the mode of the lanes.
  input  wire              two_i,
  input  wire [1:0]        direct_i,
  input  wire [1:0]        relu_i,
  input  wire [1:0]        wide_i,
  input  wire [3:0]        function0_i,
  input  wire [3:0]        function1_i,
  // Ring words of the parameter sets; not of maximum passes. May run ahead of the pass. With 8 channels a
  // cycle there is at least one cycle between two words.
  input  wire              parameter_valid_i,
  input  wire              parameter_filter_i,
  // Part of the filter, by rows in the upper bits and by columns.
  input  wire [3:0]        parameter_part_i,
  input  wire [3:0]        parameter_index_i,
  input  wire [255:0]      parameter_data_i,
  input  wire              parameter_commit_i,
  output wire              parameter_ready_o,
  // Pixels.
  input  wire              valid_i,
  output wire              ready_o,
  input  wire [128*DP-1:0] data_i,
  // Results, a valid and a ready for each filter: int16 a channel, low pixel first.
  output wire [1:0]        valid_o,
  input  wire [1:0]        ready_i,
  output wire [256*Beat-1:0] data_o,
  output wire [2:0]        count_o
);
  `include "seigo_descriptor.vh"

  // Configuration.
  reg [1:0]  reach_q;
  reg        maximum_q;
  reg [2:0]  row_mask_q, column_mask_q;
  reg        two_q;
  reg [1:0]  direct_q;
  reg [1:0]  relu_q;
  reg [1:0]  wide_q;
  reg [3:0]  function0_q;
  reg [3:0]  function1_q;
  always @(posedge aclk) begin
    if (start_i) begin
      reach_q <= reach_i;
      maximum_q <= maximum_i;
      row_mask_q <= maximum_i ? {|tap_mask_i[8:6], |tap_mask_i[5:3], |tap_mask_i[2:0]}
                    : ChannelMul != 0 && multiply_i ? 3'b010 : 3'b111;
      column_mask_q <= tap_mask_i[8:6] | tap_mask_i[5:3] | tap_mask_i[2:0];
      two_q <= two_i;
      direct_q <= direct_i;
      relu_q <= relu_i;
      wide_q <= wide_i;
      function0_q <= function0_i;
      function1_q <= function1_i;
    end
  end

  // Stage 0: a group enters, and with it the flags of the window that it completes.
  wire          busy;
  wire          available;
  wire          slot;
  wire [15:0]   group;
  wire          window;
  wire          first;
  wire          last;
  wire [DP-1:0] emit;
  wire [2*Reach:0]      rows;
  wire [DP+2*Reach-1:0] columns;
  wire          room;

  seigo_plane_control #(
    .DP    (DP),
    .Reach (Reach),
    .Turns (16 / Channels)
  ) control (
    .aclk         (aclk),
    .aresetn      (aresetn),
    .start_i      (start_i),
    .height_i     (height_i),
    .width_i      (width_i),
    .out_height_i (out_height_i),
    .out_width_i  (out_width_i),
    .stride2_i    (stride_i[1]),
    .reach_i      (reach_i),
    .pad_top_i    (pad_top_i),
    .pad_left_i   (pad_left_i),
    .planes_i     (planes_i),
    .two_i        (two_i),
    .busy_o       (busy),
    .valid_i      (valid_i),
    .ready_o      (ready_o),
    .credit_i     (room),
    .parameters_i (available || maximum_q),
    .slot_o       (slot),
    .group_o      (group),
    .window_o     (window),
    .first_o      (first),
    .last_o       (last),
    .emit_o       (emit),
    .rows_o       (rows),
    .columns_o    (columns)
  );

  // Which window, filter and channels are in which stage.
  wire          first1, set1, capture, capture_half, weigh, weights_set, weights_filter, weights_half;
  wire [2*Reach:0]      rows2;
  wire [DP+2*Reach-1:0] columns2;
  wire [3:0]    part;
  wire [DP-1:0] emit3, emit4, emit5, emit6;
  wire          set5, filter5, half5, accumulate5, last5, change, filter6, half6, first6, moving;

  seigo_plane_stages #(
    .DP       (DP),
    .Reach    (Reach),
    .Channels (Channels)
  ) stages (
    .aclk             (aclk),
    .aresetn          (aresetn),
    .maximum_i        (maximum_q),
    .two_i            (two_q),
    .reach_i          (reach_q),
    .window_i         (window),
    .first_i          (first),
    .last_i           (last),
    .emit_i           (emit),
    .rows_i           (rows),
    .columns_i        (columns),
    .first1_o         (first1),
    .set1_o           (set1),
    .capture_o        (capture),
    .capture_half_o   (capture_half),
    .part_o           (part),
    .rows2_o          (rows2),
    .columns2_o       (columns2),
    .weigh_o          (weigh),
    .weights_set_o    (weights_set),
    .weights_filter_o (weights_filter),
    .weights_half_o   (weights_half),
    .emit3_o          (emit3),
    .emit4_o          (emit4),
    .emit5_o          (emit5),
    .set5_o           (set5),
    .filter5_o        (filter5),
    .half5_o          (half5),
    .accumulate5_o    (accumulate5),
    .last5_o          (last5),
    .change_o         (change),
    .emit6_o          (emit6),
    .filter6_o        (filter6),
    .half6_o          (half6),
    .first6_o         (first6),
    .moving_o         (moving)
  );

  // The window of stage 3, with the weights and, at stage 6, the lane parameters of its channels.
  localparam Word = 8 * Channels;
  reg  [127:0]           zero2_q;
  reg  [9*Word-1:0]      weights3_q;
  reg  [64*Channels-1:0] lanes6_q;
  wire [127:0]           zero;
  wire [9*Word-1:0]      weights;
  wire [64*Channels-1:0] lanes;
  always @(posedge aclk) begin
    if (first1) zero2_q <= maximum_q ? {16{8'h80}} : zero;
    if (weigh) weights3_q <= weights;
    if (change) lanes6_q <= lanes;
  end

  wire [3*Word*(DP+2)-1:0] pixels;
  // A maximum may leave rows of its window out, a product does.
  wire [2*Reach:0]         rows_taken;
  genvar row;
  generate
    for (row = 0; row < 2 * Reach + 1; row = row + 1) begin : g_taken
      if (row + 1 < Reach || row > Reach + 1) begin : g_far
        assign rows_taken[row] = rows2[row];
      end else begin : g_near
        assign rows_taken[row] = rows2[row] && row_mask_q[row+1-Reach];
      end
    end
  endgenerate
  seigo_plane_window #(
    .DP       (DP),
    .Reach    (Reach),
    .Channels (Channels),
    .MaxWidth (MaxWidth)
  ) windows (
    .aclk      (aclk),
    .slot_i    (slot),
    .group_i   (group),
    .data_i    (data_i),
    .reach_i   (reach_q),
    .capture_i (capture),
    .part_i    (part),
    .half_i    (capture_half),
    .rows_i    (rows_taken),
    .columns_i (columns2),
    .zero_i    (zero2_q),
    .window_o  (pixels)
  );

  seigo_plane_parameters #(
    .Channels   (Channels),
    .Reach      (Reach),
    .ChannelMul (ChannelMul)
  ) parameter_sets (
    .aclk             (aclk),
    .aresetn          (aresetn),
    .valid_i          (parameter_valid_i),
    .filter_i         (parameter_filter_i),
    .part_i           (parameter_part_i),
    .index_i          (parameter_index_i),
    .data_i           (parameter_data_i),
    .commit_i         (parameter_commit_i),
    .multiply_i       (multiply_i),
    .factor_i         (factor_i),
    .ready_o          (parameter_ready_o),
    .available_o      (available),
    .take_i           (window && first && !maximum_q),
    .release_i        (last5 && !maximum_q),
    .zero_set_i       (set1),
    .zero_o           (zero),
    .weights_set_i    (weights_set),
    .weights_filter_i (weights_filter),
    .weights_half_i   (weights_half),
    .weights_part_i   (part),
    .weights_o        (weights),
    .lanes_set_i      (set5),
    .lanes_filter_i   (filter5),
    .lanes_half_i     (half5),
    .lanes_o          (lanes)
  );

  // Stages 4 to 6.
  // 49 taps have 21 bits, which sums that end within 20 may leave on their way.
  localparam Sum = Reach == 3 && SumBits > 20 ? 21 : 20;
  wire [DP-1:0]                  sums = {DP{!maximum_q}};
  wire [Sum*Channels*DP-1:0]     sum;
  wire [8*Channels*DP-1:0]       largest;
  wire [Channels*DP*SumBits-1:0] acc;
  wire [16*Channels*DP-1:0]      largest_wide;
  genvar channel;
  genvar j;
  genvar k;
  generate
    for (channel = 0; channel < Channels; channel = channel + 1) begin : g_channel
      wire [24*(DP+2)-1:0] window8;
      wire [71:0]          weights8;
      for (k = 0; k < 3 * (DP + 2); k = k + 1) begin : g_pixel
        assign window8[8*k +: 8] = pixels[Word*k+8*channel +: 8];
      end
      for (k = 0; k < 9; k = k + 1) begin : g_tap
        assign weights8[8*k +: 8] = weights3_q[Word*k+8*channel +: 8];
      end
      seigo_plane_channel #(
        .DP           (DP),
        .PackProducts (PackProducts),
        .SumBits      (Sum),
        .Accumulates  (Reach != 1)
      ) arithmetic (
        .aclk       (aclk),
        .multiply_i (emit3 & sums),
        .add_i      (emit4 & sums),
        .finish_i   (emit5 & sums),
        .accumulate_i (accumulate5),
        .compare_i  (emit3 & ~sums),
        .decide_i   (emit4 & ~sums),
        .window_i   (window8),
        .weights_i  (weights8),
        .columns_i  (column_mask_q),
        .sum_o      (sum[Sum*DP*channel +: Sum*DP]),
        .maximum_o  (largest[8*DP*channel +: 8*DP])
      );
      for (j = 0; j < DP; j = j + 1) begin : g_spread
        wire [Sum-1:0] own = sum[Sum*(DP*channel+j) +: Sum];
        wire [7:0]  largest8 = largest[8*(DP*channel+j) +: 8];
        assign acc[SumBits*(Channels*j+channel) +: SumBits] = {{(SumBits-Sum+1){own[Sum-1]}}, own[Sum-2:0]};
        assign largest_wide[16*(Channels*j+channel) +: 16] = {{8{largest8[7]}}, largest8};
      end
    end
  endgenerate

  wire                      lanes_valid;
  wire [16*Channels*DP-1:0] lanes_data;
  wire [DP+1:0]             lanes_tag;
  seigo_output_lanes #(
    .LP            (DP),
    .Channels      (Channels),
    .TagBits       (DP + 2),
    .Bits          (SumBits),
    .Dsp           (DspLanes),
    .Residual      (0),
    .Functions     (Functions),
    .FunctionTable (FunctionTable),
    .RomEntries    (RomEntries),
    .Rom           (Rom),
    .BlockRoms     (BlockRoms)
  ) output_stage (
    .aclk            (aclk),
    .aresetn         (aresetn),
    .valid_i         (emit6 != {DP{1'b0}}),
    .acc_i           (acc),
    .residual_i      ({8*Channels*DP{1'b0}}),
    .parameters_i    (lanes6_q),
    .first_i         (first6),
    .tag_i           ({filter6, half6, emit6}),
    .direct_i        (direct_q[filter6]),
    .relu_i          (relu_q[filter6]),
    .residual_mode_i (ResidualNone),
    .wide_i          (wide_q[filter6]),
    .function_i      (filter6 ? function1_q : function0_q),
    .valid_o         (lanes_valid),
    .data_o          (lanes_data),
    .tag_o           (lanes_tag)
  );

  wire [DP+1:0] tag = maximum_q ? {filter5, half5, emit5} : lanes_tag;
  wire          empty;
  seigo_plane_results #(
    .DP        (DP),
    .Beat      (Beat),
    .Channels  (Channels),
    .QueueBits (QueueBits)
  ) results_out (
    .aclk     (aclk),
    .aresetn  (aresetn),
    .two_i    (two_q),
    .claim_i  (window && emit != {DP{1'b0}}),
    .room_o   (room),
    .empty_o  (empty),
    .write_i  (maximum_q ? emit5 != {DP{1'b0}} : lanes_valid),
    .filter_i (tag[DP+1]),
    .half_i   (tag[DP]),
    .emit_i   (tag[DP-1:0]),
    .data_i   (maximum_q ? largest_wide : lanes_data),
    .valid_o  (valid_o),
    .ready_i  (ready_i),
    .data_o   (data_o),
    .count_o  (count_o)
  );

  assign idle_o = !busy && !moving && empty;

  wire unused = &{1'b0, stride_i[0]};

endmodule

`default_nettype wire
