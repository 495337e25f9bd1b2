// `seigo_output_lanes` with eight functions, one of each kind, and a ROM of noise; output_lanes_tb.cpp lists the same
// functions and draws the same noise.
module output_lanes_tb #(
  parameter LP = 2,
  parameter Bits = 32,
  parameter Dsp = 0,
  // 0: only the functions of the first three entries, no ROM, no multiplier.
  parameter Full = 1,
  // 1: the ROMs are block RAM.
  parameter Block = 0,
  // Residuals that there are.
  parameter Residual = 3
) (
  input  wire              aclk,
  input  wire              aresetn,
  input  wire              valid_i,
  input  wire              first_i,
  input  wire [16*LP*Bits-1:0] acc_i,
  input  wire [128*LP-1:0] residual_i,
  input  wire [1023:0]     parameters_i,
  input  wire [15:0]       tag_i,
  input  wire              direct_i,
  input  wire              relu_i,
  input  wire [1:0]        residual_mode_i,
  input  wire              wide_i,
  input  wire [3:0]        function_i,
  output wire              valid_o,
  output wire [256*LP-1:0] data_o,
  output wire [15:0]       tag_o
);

  localparam Entries = 3768;

  // Unused, maximum, minimum, ROM offset, slope, unused, signed, layout, base.
  localparam [72*3-1:0] Plain = {
    4'd0, 20'd6144, -20'sd512, 12'd0, 8'd0, 2'd0, 1'd0, 2'd0, 3'd3,
    4'd0, 20'd0, 20'd0, 12'd0, 8'd0, 2'd0, 1'd0, 2'd0, 3'd1,
    4'd0, 20'd0, 20'd0, 12'd0, 8'd0, 2'd0, 1'd0, 2'd0, 3'd2};
  localparam [72*5-1:0] More = {
    4'd0, 20'd0, 20'd0, 12'd1720, 8'd0, 2'd0, 1'd1, 2'd2, 3'd2,
    4'd0, 20'd0, 20'd0, 12'd696, 8'd0, 2'd0, 1'd0, 2'd2, 3'd0,
    4'd0, 20'd0, 20'd0, 12'd0, 8'd255, 2'd0, 1'd0, 2'd0, 3'd4,
    4'd0, 20'd0, 20'd0, 12'd0, 8'd26, 2'd0, 1'd0, 2'd0, 3'd4,
    4'd0, 20'd0, 20'd0, 12'd216, 8'd0, 2'd0, 1'd1, 2'd1, 3'd0};
  localparam [72*1-1:0] Last = {4'd0, 20'd0, 20'd0, 12'd0, 8'd0, 2'd0, 1'd0, 2'd1, 3'd1};

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

  generate
    if (Full != 0) begin : g_full
      seigo_output_lanes #(
        .LP            (LP),
        .TagBits       (16),
        .Bits          (Bits),
        .Dsp           (Dsp),
        .Residual      (Residual),
        .Functions     (9),
        .FunctionTable ({Last, More, Plain}),
        .RomEntries    (Entries),
        .Rom           (noise(0)),
        .BlockRoms     (Block)
      ) dut (
        .aclk (aclk), .aresetn (aresetn), .valid_i (valid_i), .first_i (first_i), .acc_i (acc_i),
        .residual_i (residual_i), .parameters_i (parameters_i), .tag_i (tag_i), .direct_i (direct_i),
        .relu_i (relu_i), .residual_mode_i (residual_mode_i), .wide_i (wide_i),
        .function_i (function_i), .valid_o (valid_o), .data_o (data_o), .tag_o (tag_o)
      );
    end else begin : g_plain
      seigo_output_lanes #(
        .LP            (LP),
        .TagBits       (16),
        .Bits          (Bits),
        .Dsp           (Dsp),
        .Residual      (Residual),
        .Functions     (3),
        .FunctionTable (Plain)
      ) dut (
        .aclk (aclk), .aresetn (aresetn), .valid_i (valid_i), .first_i (first_i), .acc_i (acc_i),
        .residual_i (residual_i), .parameters_i (parameters_i), .tag_i (tag_i), .direct_i (direct_i),
        .relu_i (relu_i), .residual_mode_i (residual_mode_i), .wide_i (wide_i),
        .function_i (function_i), .valid_o (valid_o), .data_o (data_o), .tag_o (tag_o)
      );
    end
  endgenerate

endmodule
