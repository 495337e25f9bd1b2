// The products of a pass's sizes, made by one multiplier (a DSP slice, registered before and behind the product) while the pass before
// runs: one a cycle from the moment the next descriptor is there. They hold until the descriptor after it is there, so
// that who needs one takes it within two cycles of the start of the pass.
`default_nettype none

module seigo_pass_products #(
  parameter P = 4
) (
  input  wire            aclk,
  input  wire            aresetn,
  // The next descriptor; falls once its pass has started.
  input  wire            next_valid_i,
  /* verilator lint_off UNUSEDSIGNAL */  // fields of other modules
  input  wire [2559:0]   next_descriptor_i,
  /* verilator lint_on UNUSEDSIGNAL */
  // From the next cycle on all products are those of the next descriptor.
  output reg             ready_o,
  output wire [31:0]     pixels_o,          // OutHeight * OutWidth
  output wire [31:0]     plane_pixels_o,    // PlaneHeight * PlaneWidth
  // For seigo_fetch_walk, words: InWidth times PadTop, Dilation and StepY; per segment PlaneAdvance * SegStride; per lane
  // LaneY * RowWords.
  output wire [19:0]     pad_words_o,
  output wire [19:0]     dilation_words_o,
  output wire [19:0]     step_words_o,
  output wire [159:0]    segment_steps_o,
  output wire [20*P-1:0] lane_rows_o
);
  `include "seigo_descriptor.vh"

  // Products by place: five of the pass; the lanes above 0, which is in row 0; the segments. Where no lane is in a later row,
  // or tiles share their input, the products of lanes or segments are 0 and are not made.
  localparam Sizes = 5;
  localparam Lanes = P - 1;
  localparam Count = Sizes + Lanes + Segments;
  localparam FirstLane = Sizes;
  localparam FirstSegment = Sizes + Lanes;

  wire [19:0] in_width = {4'd0, next_descriptor_i[InWidthLsb +: InWidthWidth]};
  wire [11:0] advance = next_descriptor_i[PlaneAdvanceLsb +: PlaneAdvanceWidth];
  wire        has_lanes = P != 1 && next_descriptor_i[LaneYLsb +: 4*P] != {4*P{1'b0}};
  wire        has_segments = advance != 12'd0;

  wire [20*Count-1:0] factors;
  wire [16*Count-1:0] times;
  assign factors[20*Sizes-1:0] = {{4'd0, next_descriptor_i[OutWidthLsb +: OutWidthWidth]},
                                  {4'd0, next_descriptor_i[PlaneWidthLsb +: PlaneWidthWidth]}, {3{in_width}}};
  assign times[16*Sizes-1:0] = {next_descriptor_i[OutHeightLsb +: OutHeightWidth],
                                next_descriptor_i[PlaneHeightLsb +: PlaneHeightWidth],
                                next_descriptor_i[StepYLsb +: StepYWidth],
                                {12'd0, next_descriptor_i[DilationLsb +: DilationWidth]},
                                {8'd0, next_descriptor_i[PadTopLsb +: PadTopWidth]}};
  genvar i;
  generate
    if (P != 1 && P != 2 && P != 4 && P != 8) begin : g_check_pixels
      pass_products_pixels_are_not_1_2_4_or_8 error ();
    end
    for (i = 0; i < Lanes; i = i + 1) begin : g_lane
      assign factors[20*(FirstLane+i) +: 20] = next_descriptor_i[RowWordsLsb +: RowWordsWidth];
      assign times[16*(FirstLane+i) +: 16] = {12'd0, next_descriptor_i[LaneYLsb + 4*(i + 1) +: 4]};
    end
    for (i = 0; i < Segments; i = i + 1) begin : g_segment
      assign factors[20*(FirstSegment+i) +: 20] =
        next_descriptor_i[SegmentLsb + SegmentWidth*i + SegStrideLsb +: SegStrideWidth];
      assign times[16*(FirstSegment+i) +: 16] = {4'd0, advance};
    end
  endgenerate

  // Factors, product, and the products of each kind so far, the last one on top.
  reg         done_q;
  reg  [4:0]  index_q;
  reg  [1:0]  valid_q;
  reg  [1:0]  lane_q, segment_q;
  reg  [19:0] factor_q;
  reg  [15:0] time_q;
  /* verilator lint_off UNUSEDSIGNAL */  // no product is longer
  reg  [35:0] product_q;
  /* verilator lint_on UNUSEDSIGNAL */
  reg  [31:0] pixels_q, plane_pixels_q;
  reg  [59:0] words_q;
  reg  [159:0] segments_q;
  localparam LastSize = Sizes - 1;
  localparam LastLane = FirstSegment - 1;
  localparam Last = Count - 1;
  wire        sized = index_q == LastSize[4:0];
  wire        laned = sized ? !has_lanes : index_q == LastLane[4:0];
  wire        segmented = laned ? !has_segments : index_q == Last[4:0];
  wire        lane = index_q >= FirstLane[4:0];
  wire        segment = index_q >= FirstSegment[4:0];
  always @(posedge aclk) begin
    if (!aresetn || !next_valid_i) begin
      done_q  <= 1'b0;
      index_q <= 5'd0;
      valid_q <= 2'd0;
      ready_o <= 1'b0;
    end else begin
      done_q  <= done_q || segmented;
      index_q <= laned ? FirstSegment[4:0] : index_q + 5'd1;
      valid_q <= {valid_q[0], !done_q};
      ready_o <= done_q;
    end
    lane_q    <= {lane_q[0], lane && !segment};
    segment_q <= {segment_q[0], segment};
    factor_q  <= factors[20*index_q +: 20];
    time_q    <= times[16*index_q +: 16];
    product_q <= factor_q * time_q;
    if (valid_q[1] && !lane_q[1] && !segment_q[1]) begin
      pixels_q       <= product_q[31:0];
      plane_pixels_q <= pixels_q;
      words_q        <= {plane_pixels_q[19:0], words_q[59:20]};
    end
    if (valid_q[1] && segment_q[1]) segments_q <= {product_q[19:0], segments_q[159:20]};
  end

  assign pixels_o        = pixels_q;
  assign plane_pixels_o  = plane_pixels_q;
  assign {step_words_o, dilation_words_o, pad_words_o} = words_q;
  assign segment_steps_o = has_segments ? segments_q : 160'd0;
  generate
    if (P == 1) begin : g_one
      assign lane_rows_o = 20'd0;
      wire unused = &{1'b0, lane_q};
    end else begin : g_more
      reg  [20*Lanes-1:0] lanes_q;
      /* verilator lint_off UNUSEDSIGNAL */  // the oldest one leaves
      wire [20*P-1:0]     shifted = {product_q[19:0], lanes_q};
      /* verilator lint_on UNUSEDSIGNAL */
      always @(posedge aclk) begin
        if (valid_q[1] && lane_q[1]) lanes_q <= shifted[20*P-1:20];
      end
      assign lane_rows_o = {has_lanes ? lanes_q : {20*Lanes{1'b0}}, 20'd0};
    end
  endgenerate
endmodule

`default_nettype wire
