// `seigo_plane_engine` for rows of up to 40 pixels with three functions: ReLU, identity plus a table of
// noise (two segments, a block for each sign), clamp to -512 and 6144. plane_engine_tb.cpp has the
// same.
module plane_engine_tb #(
  parameter DP = 2,
  parameter Beat = DP,
  parameter Reach = 1,
  parameter Channels = 16,
  parameter PackProducts = 1,
  parameter SumBits = 32,
  parameter DspLanes = 0,
  parameter ChannelMul = 0
) (
  input  wire              aclk,
  input  wire              aresetn,
  input  wire              start_i,
  output wire              idle_o,
  input  wire [15:0]       height_i,
  input  wire [15:0]       width_i,
  input  wire [15:0]       out_height_i,
  input  wire [15:0]       out_width_i,
  input  wire [15:0]       planes_i,
  input  wire [1:0]        stride_i,
  input  wire [1:0]        reach_i,
  input  wire [1:0]        pad_top_i,
  input  wire [1:0]        pad_left_i,
  input  wire              maximum_i,
  input  wire [8:0]        tap_mask_i,
  input  wire              multiply_i,
  input  wire [127:0]      factor_i,
  input  wire              two_i,
  input  wire [1:0]        direct_i,
  input  wire [1:0]        relu_i,
  input  wire [1:0]        wide_i,
  input  wire [3:0]        function0_i,
  input  wire [3:0]        function1_i,
  input  wire              parameter_valid_i,
  input  wire              parameter_filter_i,
  input  wire [3:0]        parameter_part_i,
  input  wire [3:0]        parameter_index_i,
  input  wire [255:0]      parameter_data_i,
  input  wire              parameter_commit_i,
  output wire              parameter_ready_o,
  input  wire              valid_i,
  output wire              ready_o,
  input  wire [128*DP-1:0] data_i,
  output wire [1:0]        valid_o,
  input  wire [1:0]        ready_i,
  output wire [256*Beat-1:0] data_o,
  output wire [2:0]        count_o
);

  localparam Entries = 480;

  // Unused, maximum, minimum, ROM offset, slope, unused, signed, layout, base.
  localparam [72*3-1:0] Table = {
    4'd0, 20'd6144, -20'sd512, 12'd0, 8'd0, 2'd0, 1'd0, 2'd0, 3'd3,
    4'd0, 20'd0, 20'd0, 12'd0, 8'd0, 2'd0, 1'd1, 2'd1, 3'd2,
    4'd0, 20'd0, 20'd0, 12'd0, 8'd0, 2'd0, 1'd0, 2'd0, 3'd1};

  function [16*Entries-1:0] noise(input integer unused);
    integer i;
    reg [31:0] state;
    begin
      state = 32'd12345;
      for (i = 0; i < Entries; i = i + 1) begin
        state = state * 32'd1664525 + 32'd1013904223;
        noise[16*i +: 16] = state[31:16];
      end
    end
  endfunction

  seigo_plane_engine #(
    .DP            (DP),
    .Beat          (Beat),
    .Reach         (Reach),
    .Channels      (Channels),
    .ChannelMul    (ChannelMul),
    .MaxWidth      (40 + 2 * Reach + DP),
    .PackProducts  (PackProducts),
    .SumBits       (SumBits),
    .DspLanes      (DspLanes),
    .Functions     (3),
    .FunctionTable (Table),
    .RomEntries    (Entries),
    .Rom           (noise(0))
  ) dut (
    .aclk               (aclk),
    .aresetn            (aresetn),
    .start_i            (start_i),
    .idle_o             (idle_o),
    .height_i           (height_i),
    .width_i            (width_i),
    .out_height_i       (out_height_i),
    .out_width_i        (out_width_i),
    .planes_i           (planes_i),
    .stride_i           (stride_i),
    .reach_i            (reach_i),
    .pad_top_i          (pad_top_i),
    .pad_left_i         (pad_left_i),
    .maximum_i          (maximum_i),
    .tap_mask_i         (tap_mask_i),
    .multiply_i         (multiply_i),
    .factor_i           (factor_i),
    .two_i              (two_i),
    .direct_i           (direct_i),
    .relu_i             (relu_i),
    .wide_i             (wide_i),
    .function0_i        (function0_i),
    .function1_i        (function1_i),
    .parameter_valid_i  (parameter_valid_i),
    .parameter_filter_i (parameter_filter_i),
    .parameter_part_i   (parameter_part_i),
    .parameter_index_i  (parameter_index_i),
    .parameter_data_i   (parameter_data_i),
    .parameter_commit_i (parameter_commit_i),
    .parameter_ready_o  (parameter_ready_o),
    .valid_i            (valid_i),
    .ready_o            (ready_o),
    .data_i             (data_i),
    .valid_o            (valid_o),
    .ready_i            (ready_i),
    .data_o             (data_o),
    .count_o            (count_o)
  );

endmodule
