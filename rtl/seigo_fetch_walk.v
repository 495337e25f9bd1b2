// The walk over a pass for the dense array: its loop nest (tile, batch, step, group), and for each group one
// address per lane. Lane l of a group reads the input pixel
//   (y * Stride + ky * Dilation - PadTop, x * Stride + kx * Dilation - PadLeft)
// of output pixel (y, x) = group * P + l in raster order. A lane outside of the input is masked. Where a segment lies by
// parity, the word is the one at which `seigo_parity_rows` put the pixel.
//
// Pipelined: counters (0), lane offsets (1), addresses and masks (2). It moves while `advance_i` is set, and
// starts three cycles after `start_i`.
`default_nettype none

module seigo_fetch_walk #(
  parameter P = 4,
  // 0: no segment lies by parity.
  parameter Parity = 0
) (
  input  wire             aclk,
  input  wire             aresetn,
  // Pass: the descriptor is stable from start_i until the pass is done.
  input  wire             start_i,
  /* verilator lint_off UNUSEDSIGNAL */  // fields of other modules
  input  wire [2559:0]    descriptor_i,
  /* verilator lint_on UNUSEDSIGNAL */
  // Products of seigo_pass_products, taken one cycle after start_i.
  input  wire [19:0]      pad_words_i,       // PadTop * InWidth
  input  wire [19:0]      dilation_words_i,  // Dilation * InWidth
  input  wire [19:0]      step_words_i,      // StepY * InWidth
  input  wire [159:0]     segment_steps_i,   // PlaneAdvance * SegStride
  input  wire [20*P-1:0]  lane_rows_i,       // LaneY * RowWords
  // Groups are still to come.
  output wire             busy_o,
  // A dense pass, from the cycle after start_i on.
  output wire             dense_o,
  // What lies in stage 2 is taken.
  input  wire             advance_i,
  output reg              valid_o,
  // Word address of each lane, and whether it lies outside of the input.
  output wire [20*P-1:0]  address_o,
  output wire [P-1:0]     mask_o,
  // First group of a step, first step of a batch, last group of a batch, its first, group, accumulator half, step.
  output reg  [24:0]      flags_o
);
  `include "seigo_descriptor.vh"

  generate
    if (P != 1 && P != 2 && P != 4 && P != 8) begin : g_check_pixels
      fetch_walk_pixels_are_not_1_2_4_or_8 error ();
    end
    if (Parity != 0 && (Parity != 1 || P == 1)) begin : g_check_parity
      fetch_walk_parity_must_be_0_or_with_banks_1 error ();
    end
  endgenerate

  // ---- configuration -------------------------------------------------------------------------------
  wire [15:0] tiles      = descriptor_i[TilesLsb +: TilesWidth];
  wire [4:0]  groups     = descriptor_i[BatchGroupsLsb +: BatchGroupsWidth];
  wire [15:0] batches    = descriptor_i[BatchesLsb +: BatchesWidth];
  wire [15:0] extra      = descriptor_i[BatchExtraLsb +: BatchExtraWidth];
  wire [15:0] steps      = descriptor_i[StepsLsb +: StepsWidth];
  wire [3:0]  taps_x     = descriptor_i[TapsXLsb +: TapsXWidth];
  wire [3:0]  taps_y     = descriptor_i[TapsYLsb +: TapsYWidth];
  wire [3:0]  stride     = descriptor_i[StrideLsb +: StrideWidth];
  wire [3:0]  dilation   = descriptor_i[DilationLsb +: DilationWidth];
  wire [15:0] in_height  = descriptor_i[InHeightLsb +: InHeightWidth];
  wire [15:0] in_width   = descriptor_i[InWidthLsb +: InWidthWidth];
  wire [7:0]  pad_top    = descriptor_i[PadTopLsb +: PadTopWidth];
  wire [7:0]  pad_left   = descriptor_i[PadLeftLsb +: PadLeftWidth];
  wire [15:0] step_x     = descriptor_i[StepXLsb +: StepXWidth];
  wire [15:0] step_y     = descriptor_i[StepYLsb +: StepYWidth];
  wire [15:0] wrap_x     = descriptor_i[WrapXLsb +: WrapXWidth];
  wire [19:0] row_words  = descriptor_i[RowWordsLsb +: RowWordsWidth];

  // What the walk needs, ready three cycles after start_i.
  reg  [19:0] pad_words_q, dilation_words_q, step_words_q;
  reg         more_first_q;        // the first batch has one group more, and so many behind it
  reg  [15:0] extra_rest_q;
  reg  [4:0]  short_end_q;
  reg  [15:0] last_step_q, last_batch_q, last_tile_q;
  reg  [16:0] turn_x_q;            // StepX - WrapX
  reg  [15:0] turn_y_q;            // StepY + Stride
  reg  [19:0] turn_words_q;        // step_words_q + RowWords
  reg         dense_q;
  reg  [2:0]  setup_q;
  reg         walking_q;
  wire        begin_walk = setup_q[2];

  always @(posedge aclk) begin
    if (!aresetn) setup_q <= 3'b000;
    else         setup_q <= {setup_q[1:0], start_i};
    if (start_i) dense_q <= descriptor_i[KindLsb +: KindWidth] == KindDense;
    if (setup_q[0]) begin
      more_first_q     <= extra != 16'd0;
      extra_rest_q     <= extra - {15'd0, extra != 16'd0};
      short_end_q      <= groups - 5'd1;
      last_step_q      <= steps - 16'd1;
      last_batch_q     <= batches - 16'd1;
      last_tile_q      <= tiles - 16'd1;
      turn_x_q         <= {1'b0, step_x} - {1'b0, wrap_x};
      turn_y_q         <= step_y + {12'd0, stride};
      pad_words_q      <= pad_words_i;
      dilation_words_q <= dilation_words_i;
      step_words_q     <= step_words_i;
    end
    if (setup_q[1]) turn_words_q <= step_words_q + row_words;
  end

  // ---- stage 0: the loop nest ----------------------------------------------------------------------
  reg  [15:0] tile_q, batch_q, step_q;
  reg  [4:0]  group_q;
  reg         half_q;
  reg  [2:0]  segment_q;
  reg  [11:0] plane_q;
  reg  [3:0]  tap_x_q, tap_y_q;
  reg  [19:0] plane_base_q, tap_offset_q;
  reg  [16:0] delta_x_q, delta_y_q;

  // Offset of the first tap of the current kernel row.
  reg  [19:0] row_offset_q;

  // Last group of the running batch, and how many of the following batches have one group more.
  reg  [4:0]  group_end_q;
  reg  [15:0] extra_left_q;
  wire last_group = group_q == group_end_q;
  wire last_tap_x = tap_x_q + 4'd1 == taps_x;
  wire last_tap   = last_tap_x && (tap_y_q + 4'd1 == taps_y);
  wire last_step  = step_q == last_step_q;
  wire last_batch = batch_q == last_batch_q;
  wire last_tile  = tile_q == last_tile_q;
  wire more_next  = extra_left_q != 16'd0;
  wire first_next = begin_walk || last_batch;
  wire next_step  = advance_i && walking_q && last_group;
  wire next_batch = next_step && last_step;
  wire next_tile  = next_batch && last_batch;

  always @(posedge aclk) begin
    if (!aresetn) begin
      walking_q <= 1'b0;
      half_q    <= 1'b0;
    end else begin
      if (begin_walk)                  walking_q <= 1'b1;
      else if (next_tile && last_tile) walking_q <= 1'b0;
      if (next_batch && dense_q)       half_q    <= !half_q;
    end
    if (begin_walk) begin
      tile_q  <= 16'd0;
      batch_q <= 16'd0;
      step_q  <= 16'd0;
      group_q <= 5'd0;
    end else if (advance_i && walking_q) begin
      group_q <= last_group ? 5'd0 : group_q + 5'd1;
      if (last_group) step_q <= last_step ? 16'd0 : step_q + 16'd1;
      if (next_batch) batch_q <= last_batch ? 16'd0 : batch_q + 16'd1;
      if (next_tile)  tile_q  <= tile_q + 16'd1;
    end
    if (begin_walk || next_batch) begin
      group_end_q  <= (first_next ? more_first_q : more_next) ? groups : short_end_q;
      extra_left_q <= first_next ? extra_rest_q : more_next ? extra_left_q - 16'd1 : 16'd0;
    end
  end

  // Plane table: the base of each segment for the current tile.
  reg  [19:0] segment_base_q [0:Segments-1];
  reg  [19:0] segment_step_q [0:Segments-1];
  wire [11:0] segment_planes [0:Segments-1];
  wire [19:0] segment_stride [0:Segments-1];
  wire [Segments-1:0] segment_up;
  wire [Segments-1:0] segment_parity;

  genvar s;
  generate
    for (s = 0; s < Segments; s = s + 1) begin : gen_segment
      localparam At = SegmentLsb + SegmentWidth * s;
      assign segment_planes[s] = descriptor_i[At + SegPlanesLsb +: SegPlanesWidth];
      assign segment_stride[s] = descriptor_i[At + SegStrideLsb +: SegStrideWidth];
      assign segment_up[s]     = descriptor_i[At + SegUpLsb];
      assign segment_parity[s] = Parity != 0 && descriptor_i[At + SegParityLsb];
      always @(posedge aclk) begin
        if (setup_q[0]) begin
          segment_base_q[s] <= descriptor_i[At + SegBaseLsb +: SegBaseWidth];
          segment_step_q[s] <= segment_steps_i[20*s +: 20];
        end else if (next_tile) begin
          segment_base_q[s] <= segment_base_q[s] + segment_step_q[s];
        end
      end
    end
  endgenerate

  wire last_plane = plane_q + 12'd1 == segment_planes[segment_q];
  wire [2:0] next_segment = segment_q + 3'd1;
  // Segment 0 of the next tile, whose base moves in this very cycle.
  wire [19:0] first_base = next_tile ? segment_base_q[0] + segment_step_q[0] : segment_base_q[0];
  wire restart = begin_walk || next_batch;

  always @(posedge aclk) begin
    if (restart) begin
      segment_q    <= 3'd0;
      plane_q      <= 12'd0;
      tap_x_q      <= 4'd0;
      tap_y_q      <= 4'd0;
      plane_base_q <= first_base;
    end else if (next_step) begin
      tap_x_q <= last_tap_x ? 4'd0 : tap_x_q + 4'd1;
      if (last_tap_x) tap_y_q <= last_tap ? 4'd0 : tap_y_q + 4'd1;
      if (last_tap) begin
        plane_q      <= last_plane ? 12'd0 : plane_q + 12'd1;
        segment_q    <= last_plane ? next_segment : segment_q;
        plane_base_q <= last_plane ? segment_base_q[next_segment]
                                   : plane_base_q + segment_stride[segment_q];
      end
    end
    if (restart || (next_step && last_tap)) begin
      tap_offset_q <= 20'd0 - pad_words_q - {12'd0, pad_left};
      delta_x_q    <= 17'd0 - {9'd0, pad_left};
      delta_y_q    <= 17'd0 - {9'd0, pad_top};
    end else if (next_step && last_tap_x) begin
      tap_offset_q <= row_offset_q + dilation_words_q;
      delta_x_q    <= 17'd0 - {9'd0, pad_left};
      delta_y_q    <= delta_y_q + {13'd0, dilation};
    end else if (next_step) begin
      tap_offset_q <= tap_offset_q + {16'd0, dilation};
      delta_x_q    <= delta_x_q + {13'd0, dilation};
    end
  end

  always @(posedge aclk) begin
    if (restart || (next_step && last_tap)) row_offset_q <= 20'd0 - pad_words_q - {12'd0, pad_left};
    else if (next_step && last_tap_x)       row_offset_q <= row_offset_q + dilation_words_q;
  end

  // ---- stages 0 to 2 per lane: coordinates, offset, address and mask --------------------------------
  reg         valid_1_q;
  reg  [19:0] base_1_q;
  reg  [16:0] delta_x_1_q, delta_y_1_q;
  reg         parity_1_q;
  wire [24:0] flags_0 = {group_q == 5'd0, step_q == 16'd0, last_group && last_step,
                                 group_q == 5'd0 && step_q == 16'd0, group_q[3:0], half_q, step_q};
  reg  [24:0] flags_1_q;

  always @(posedge aclk) begin
    if (!aresetn) begin
      valid_1_q <= 1'b0;
      valid_o   <= 1'b0;
    end else if (advance_i) begin
      valid_1_q <= walking_q;
      valid_o   <= valid_1_q;
    end
    if (advance_i) begin
      base_1_q    <= plane_base_q + tap_offset_q;
      parity_1_q  <= segment_parity[segment_q];
      delta_x_1_q <= delta_x_q;
      delta_y_1_q <= delta_y_q;
      flags_1_q   <= flags_0;
      flags_o     <= flags_1_q;
    end
  end

  // The word of a pixel: its parity chooses the row of two, and turns the bank by half of them.
  localparam PairBits = P == 1 ? 2 : $clog2(2 * P);
  function [19:0] by_parity(input [19:0] address);
    begin
      by_parity = address;
      by_parity[PairBits-2:0] = address[PairBits-1:1];
      by_parity[PairBits-1]   = address[0];
      by_parity[PairBits-2]   = address[PairBits-1] ^ address[0];
    end
  endfunction

  genvar l;
  generate
    for (l = 0; l < P; l = l + 1) begin : gen_lane
      // Lane 0 begins with the first pixel.
      wire [3:0] lane_x = l == 0 ? 4'd0 : descriptor_i[LaneXLsb + 4*l +: 4];
      wire [3:0] lane_y = l == 0 ? 4'd0 : descriptor_i[LaneYLsb + 4*l +: 4];
      // Initial, start-of-batch and running coordinates of the lane's output pixel, times the stride.
      reg  [15:0] x_q, y_q, batch_x_q, batch_y_q, tile_x_q, tile_y_q;
      reg  [19:0] row_q, batch_row_q, tile_row_q;     // y * InWidth
      reg  [19:0] half_row_q, batch_half_row_q;       // (y / 2) * (InWidth / 2)
      wire [15:0] sum_x  = x_q + step_x;
      wire [16:0] over_x = {1'b0, x_q} + turn_x_q;
      wire        wraps  = !over_x[16];
      wire [15:0] new_x  = wraps ? over_x[15:0] : sum_x;
      wire [15:0] new_y  = y_q + (wraps ? turn_y_q : step_y);
      wire [19:0] new_row = row_q + (wraps ? turn_words_q : step_words_q);
      // Upsampled sources are read with stride 1 and rows of at least P pixels.
      wire [19:0] new_half_row = half_row_q + (((wraps || step_y[0]) && y_q[0]) ? {5'd0, in_width[15:1]} : 20'd0);

      always @(posedge aclk) begin
        if (setup_q[0]) begin
          tile_x_q   <= lane_x * stride;
          tile_y_q   <= lane_y * stride;
          tile_row_q <= lane_rows_i[20*l +: 20];
        end
        if (begin_walk || next_tile) begin
          x_q              <= tile_x_q;
          y_q              <= tile_y_q;
          row_q            <= tile_row_q;
          half_row_q       <= 20'd0;
          batch_x_q        <= tile_x_q;
          batch_y_q        <= tile_y_q;
          batch_row_q      <= tile_row_q;
          batch_half_row_q <= 20'd0;
        end else if (next_batch) begin
          x_q              <= new_x;
          y_q              <= new_y;
          row_q            <= new_row;
          half_row_q       <= new_half_row;
          batch_x_q        <= new_x;
          batch_y_q        <= new_y;
          batch_row_q      <= new_row;
          batch_half_row_q <= new_half_row;
        end else if (next_step) begin
          x_q        <= batch_x_q;
          y_q        <= batch_y_q;
          row_q      <= batch_row_q;
          half_row_q <= batch_half_row_q;
        end else if (advance_i && walking_q) begin
          x_q        <= new_x;
          y_q        <= new_y;
          row_q      <= new_row;
          half_row_q <= new_half_row;
        end
      end

      reg [19:0] offset_1_q;
      reg [15:0] x_1_q, y_1_q;
      reg [19:0] address_2_q;
      reg        mask_2_q;
      wire [19:0] pixel = base_1_q + offset_1_q;
      wire [16:0] in_x = {1'b0, x_1_q} + delta_x_1_q;
      wire [16:0] in_y = {1'b0, y_1_q} + delta_y_1_q;
      always @(posedge aclk) begin
        if (advance_i) begin
          offset_1_q  <= segment_up[segment_q] ? half_row_q + {5'd0, x_q[15:1]}
                                               : row_q + {4'd0, x_q};
          x_1_q       <= x_q;
          y_1_q       <= y_q;
          address_2_q <= parity_1_q ? by_parity(pixel) : pixel;
          mask_2_q    <= in_x[16] || in_y[16] || in_x[15:0] >= in_width || in_y[15:0] >= in_height;
        end
      end
      assign address_o[20*l +: 20] = address_2_q;
      assign mask_o[l]             = mask_2_q;
    end
  endgenerate

  assign dense_o = dense_q;
  assign busy_o  = (|setup_q) || walking_q || valid_1_q || valid_o;
endmodule

`default_nettype wire
