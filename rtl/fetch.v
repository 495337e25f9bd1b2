// Addresses, masks, bank conflicts and crossbar between the shared memory and the dense array.
//
// Walks the loop nest of a pass (tile, batch, step, group) and turns each group into one address per
// lane. Lane l of a group reads the input pixel
//   (y * Stride + ky * Dilation - PadTop, x * Stride + kx * Dilation - PadLeft)
// of output pixel (y, x) = group * P + l in raster order. A lane outside of the input is masked: it reads
// nothing, and the array takes the zero points instead.
//
// The walk is pipelined: counters (0), lane offsets (1), addresses and masks (2), conflicts (3), resolver.
// The resolver serves in each cycle every lane whose bank no lower unserved lane wants at another row, so
// that a group takes one cycle unless two of its lanes meet in a bank. A group leaves the resolver only
// when everything behind it has room (the gates), since nothing stalls from there on: its data reach the
// array Latency cycles later.
module fetch #(
  parameter P = 4,
  parameter RowBits = 14,
  parameter ReadLatency = 4,
  parameter FeedCredits = 16
) (
  input  wire                  aclk,
  input  wire                  aresetn,
  // Pass: the descriptor is stable from start_i until done_o.
  input  wire                  start_i,
  /* verilator lint_off UNUSEDSIGNAL */  // fields of other modules
  input  wire [2559:0]         descriptor_i,
  /* verilator lint_on UNUSEDSIGNAL */
  output wire                  busy_o,
  // Port A of the shared memory.
  output reg  [P-1:0]          a_read_o,
  output reg  [P*RowBits-1:0]  a_row_o,
  input  wire [128*P-1:0]      a_data_i,
  // Patches of the stem unit: complete batches in its buffer, those being read included; a request in
  // the cycle that makes the patches arrive with a_data_i.
  input  wire [2:0]            stem_batches_i,
  output wire                  stem_read_o,
  output wire [15:0]           stem_step_o,
  output wire [3:0]            stem_group_o,
  output wire                  stem_done_o,
  input  wire [128*P-1:0]      stem_data_i,
  // Weights: a complete weight tile waits; taken with the first group of a step.
  input  wire                  weights_ready_i,
  output wire                  weights_take_o,
  // Accumulators: a batch has been drained; groups of the oldest one that have been read.
  input  wire                  batch_drained_i,
  input  wire [4:0]            drained_i,
  // To the array (dense) or the feed of the plane engine.
  output reg                   array_valid_o,
  output reg                   feed_valid_o,
  output reg                   swap_o,
  output reg                   first_o,
  output reg                   last_o,
  output reg  [3:0]            group_o,
  output reg                   half_o,
  output reg  [128*P-1:0]      data_o,
  output reg  [P-1:0]          mask_o,
  input  wire                  feed_pop_i,
  // Stall causes, one cycle each.
  output wire                  stall_weights_o,
  output wire                  stall_image_o,
  output wire                  stall_accumulators_o,
  output wire                  stall_bank_o,
  output wire                  stall_feed_o
);
  `include "descriptor.vh"

  localparam LaneBits = (P == 1) ? 1 : $clog2(P);
  // Cycles from the resolver to data_o: row register, memory, crossbar register.
  localparam Latency = ReadLatency + 2;

  generate
    if (P != 1 && P != 2 && P != 4 && P != 8) begin : g_check_pixels
      fetch_pixels_are_not_1_2_4_or_8 error ();
    end
    if (ReadLatency < 2 || RowBits + $clog2(P) > 20) begin : g_check_memory
      fetch_memory_parameters_out_of_range error ();
    end
  endgenerate

  // ---- configuration -------------------------------------------------------------------------------
  wire        from_stem  = descriptor_i[FromStemLsb];
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
  wire [11:0] advance    = descriptor_i[PlaneAdvanceLsb +: PlaneAdvanceWidth];

  // Products that the walk needs, ready three cycles after start_i.
  reg  [19:0] pad_words_q;       // PadTop * InWidth
  reg  [19:0] dilation_words_q;  // Dilation * InWidth
  reg  [19:0] step_words_q;      // StepY * InWidth
  reg         more_first_q;        // the first batch has one group more, and so many behind it
  reg  [15:0] extra_rest_q;
  reg  [4:0]  short_end_q;
  reg  [15:0] last_step_q, last_batch_q, last_tile_q;
  reg  [16:0] turn_x_q;            // StepX - WrapX
  reg  [15:0] turn_y_q;            // StepY + Stride
  reg  [19:0] turn_words_q;        // step_words_q + RowWords
  reg         dense_q;
  wire        dense = dense_q;
  reg  [2:0]  setup_q;
  reg         walking_q;
  wire        begin_walk = setup_q[2];

  always @(posedge aclk) begin
    if (!aresetn) setup_q <= 3'b000;
    else         setup_q <= {setup_q[1:0], start_i};
    if (start_i) dense_q <= descriptor_i[KindLsb +: KindWidth] == 8'd0;
    if (setup_q[0]) begin
      more_first_q     <= extra != 16'd0;
      extra_rest_q     <= extra - {15'd0, extra != 16'd0};
      short_end_q      <= groups - 5'd1;
      last_step_q      <= steps - 16'd1;
      last_batch_q     <= batches - 16'd1;
      last_tile_q      <= tiles - 16'd1;
      turn_x_q         <= {1'b0, step_x} - {1'b0, wrap_x};
      turn_y_q         <= step_y + {12'd0, stride};
      pad_words_q      <= pad_top * in_width;
      dilation_words_q <= dilation * in_width;
      step_words_q     <= step_y * in_width;
    end
    if (setup_q[1]) turn_words_q <= step_words_q + row_words;
  end

  // ---- stage 0: the loop nest ----------------------------------------------------------------------
  wire advance_0;  // the pipeline in front of the resolver moves

  reg  [15:0] tile_q, batch_q, step_q;
  reg  [4:0]  group_q;
  reg         half_q;
  reg  [2:0]  segment_q;
  reg  [11:0] plane_q;
  reg  [3:0]  tap_x_q, tap_y_q;
  reg  [19:0] plane_base_q, tap_offset_q;
  reg  [16:0] delta_x_q, delta_y_q;

  // Last group of the running batch, and how many of the following batches have one group more.
  reg  [4:0]  group_end_q;
  reg  [15:0] extra_left_q;
  wire        more_next  = extra_left_q != 16'd0;
  wire        first_next = begin_walk || last_batch;
  wire last_group = group_q == group_end_q;
  wire last_tap_x = tap_x_q + 4'd1 == taps_x;
  wire last_tap   = last_tap_x && (tap_y_q + 4'd1 == taps_y);
  wire last_step  = step_q == last_step_q;
  wire last_batch = batch_q == last_batch_q;
  wire last_tile  = tile_q == last_tile_q;
  wire next_step  = advance_0 && walking_q && last_group;
  wire next_batch = next_step && last_step;
  wire next_tile  = next_batch && last_batch;

  always @(posedge aclk) begin
    if (!aresetn) begin
      walking_q <= 1'b0;
      half_q    <= 1'b0;
    end else begin
      if (begin_walk)                  walking_q <= 1'b1;
      else if (next_tile && last_tile) walking_q <= 1'b0;
      if (next_batch && dense)         half_q    <= !half_q;
    end
    if (begin_walk) begin
      tile_q  <= 16'd0;
      batch_q <= 16'd0;
      step_q  <= 16'd0;
      group_q <= 5'd0;
    end else if (advance_0 && walking_q) begin
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
  reg  [19:0] segment_step_q [0:Segments-1];  // PlaneAdvance * SegStride
  wire [11:0] segment_planes [0:Segments-1];
  wire [19:0] segment_stride [0:Segments-1];
  wire [Segments-1:0] segment_up;

  genvar s;
  generate
    for (s = 0; s < Segments; s = s + 1) begin : gen_segment
      localparam At = SegmentLsb + SegmentWidth * s;
      assign segment_planes[s] = descriptor_i[At + SegPlanesLsb +: SegPlanesWidth];
      assign segment_stride[s] = descriptor_i[At + SegStrideLsb +: SegStrideWidth];
      assign segment_up[s]     = descriptor_i[At + SegUpLsb];
      always @(posedge aclk) begin
        if (setup_q[0]) begin
          segment_base_q[s] <= descriptor_i[At + SegBaseLsb +: SegBaseWidth];
          segment_step_q[s] <= advance * segment_stride[s];
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

  // Offset of the first tap of the current kernel row.
  reg [19:0] row_offset_q;
  always @(posedge aclk) begin
    if (restart || (next_step && last_tap)) row_offset_q <= 20'd0 - pad_words_q - {12'd0, pad_left};
    else if (next_step && last_tap_x)       row_offset_q <= row_offset_q + dilation_words_q;
  end

  // ---- stages 0 to 2 per lane: coordinates, offset, address and mask --------------------------------
  reg         valid_1_q, valid_2_q, valid_3_q;
  reg  [19:0] base_1_q;
  reg  [16:0] delta_x_1_q, delta_y_1_q;
  // First group of a step, first step, last group of the batch, its first, group, half, step.
  localparam FlagBits = 4 + 4 + 1 + 16;
  wire [FlagBits-1:0] flags_0 = {group_q == 5'd0, step_q == 16'd0, last_group && last_step,
                                 group_q == 5'd0 && step_q == 16'd0, group_q[3:0], half_q, step_q};
  reg  [FlagBits-1:0] flags_1_q, flags_2_q, flags_3_q;

  always @(posedge aclk) begin
    if (!aresetn) begin
      valid_1_q <= 1'b0;
      valid_2_q <= 1'b0;
      valid_3_q <= 1'b0;
    end else if (advance_0) begin
      valid_1_q <= walking_q;
      valid_2_q <= valid_1_q;
      valid_3_q <= valid_2_q;
    end
    if (advance_0) begin
      base_1_q    <= plane_base_q + tap_offset_q;
      delta_x_1_q <= delta_x_q;
      delta_y_1_q <= delta_y_q;
      flags_1_q   <= flags_0;
      flags_2_q   <= flags_1_q;
      flags_3_q   <= flags_2_q;
    end
  end

  wire [P*20-1:0] address_2;
  wire [P-1:0]    mask_2;
  genvar l, m;
  generate
    for (l = 0; l < P; l = l + 1) begin : gen_lane
      wire [3:0] lane_x = descriptor_i[LaneXLsb + 4*l +: 4];
      wire [3:0] lane_y = descriptor_i[LaneYLsb + 4*l +: 4];
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
          tile_row_q <= lane_y * row_words;
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
        end else if (advance_0 && walking_q) begin
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
      wire [16:0] in_x = {1'b0, x_1_q} + delta_x_1_q;
      wire [16:0] in_y = {1'b0, y_1_q} + delta_y_1_q;
      always @(posedge aclk) begin
        if (advance_0) begin
          offset_1_q  <= segment_up[segment_q] ? half_row_q + {5'd0, x_q[15:1]}
                                               : row_q + {4'd0, x_q};
          x_1_q       <= x_q;
          y_1_q       <= y_q;
          address_2_q <= base_1_q + offset_1_q;
          mask_2_q    <= in_x[16] || in_y[16] || in_x[15:0] >= in_width || in_y[15:0] >= in_height;
        end
      end
      assign address_2[20*l +: 20] = address_2_q;
      assign mask_2[l]             = mask_2_q;
    end
  endgenerate

  // ---- stage 3: which lanes meet in a bank at different rows ----------------------------------------
  /* verilator lint_off UNUSEDSIGNAL */  // addresses may be wider than this memory needs
  reg  [P*20-1:0] address_3_q;
  /* verilator lint_on UNUSEDSIGNAL */
  reg  [P-1:0]    mask_3_q;
  reg  [P*P-1:0]  conflict_3_q;  // [l * P + m]: lane l has to wait for lane m < l
  always @(posedge aclk) begin
    if (advance_0) begin
      address_3_q <= address_2;
      mask_3_q    <= mask_2 | {P{from_stem}};
    end
  end
  generate
    for (l = 0; l < P; l = l + 1) begin : gen_conflict
      for (m = 0; m < P; m = m + 1) begin : gen_other
        if (m < l) begin : gen_below
          wire [19:0] mine   = address_2[20*l +: 20];
          wire [19:0] theirs = address_2[20*m +: 20];
          always @(posedge aclk) begin
            if (advance_0) begin
              conflict_3_q[l*P + m] <= !mask_2[l] && !mask_2[m] && !from_stem && mine != theirs
                  && mine[LaneBits-1:0] == theirs[LaneBits-1:0] ;
            end
          end
        end else begin : gen_above
          always @(posedge aclk) conflict_3_q[l*P + m] <= 1'b0;
        end
      end
    end
  endgenerate

  // ---- resolver ------------------------------------------------------------------------------------
  reg  [P-1:0] served_q;  // lanes of the waiting group that have been served in earlier cycles
  wire [P-1:0] need = ~mask_3_q & ~served_q;
  wire [P-1:0] serve;
  generate
    for (l = 0; l < P; l = l + 1) begin : gen_serve
      assign serve[l] = need[l] && !(|(conflict_3_q[l*P +: P] & need));
    end
  endgenerate
  wire complete = serve == need;

  wire       swap_3  = flags_3_q[24];
  wire       begin_3 = flags_3_q[21];
  // Batches of patches that are begun and not yet given back: their last reads are on the way.
  reg  [2:0] stem_open_q;
  // Batches begun and not yet drained. The third may begin while the oldest, which holds the same half, is
  // drained: its first step follows group by group, and what it adds arrives long after a group was read.
  reg  [1:0] halves_q;
  reg  [$clog2(FeedCredits+1)-1:0] feed_q;  // places of the feed in use
  wire blocked_weights = dense && swap_3 && !weights_ready_i;
  wire blocked_image   = from_stem && begin_3 && stem_batches_i <= stem_open_q;
  wire shares_half     = halves_q == (begin_3 ? 2'd2 : 2'd3);
  wire blocked_halves  = dense && flags_3_q[23]
                         && ((begin_3 && halves_q == 2'd3)
                             || (shares_half && drained_i <= {1'b0, flags_3_q[20:17]}));
  wire blocked_feed    = !dense && feed_q == FeedCredits;
  wire blocked = blocked_weights || blocked_image || blocked_halves || blocked_feed;
  wire serving = valid_3_q && !blocked;
  wire go      = serving && complete;
  assign advance_0 = !valid_3_q || go;

  assign weights_take_o       = go && dense && swap_3;
  assign stall_image_o        = valid_3_q && blocked_image;
  assign stall_weights_o      = valid_3_q && blocked_weights && !blocked_image;
  assign stall_accumulators_o = valid_3_q && blocked_halves && !blocked_weights && !blocked_image;
  assign stall_feed_o         = valid_3_q && blocked_feed;
  assign stall_bank_o         = serving && !complete;

  wire take_stem = go && from_stem && begin_3;
  wire take_half = go && dense && begin_3;
  wire take_feed = go && !dense;
  always @(posedge aclk) begin
    if (!aresetn) begin
      served_q <= {P{1'b0}};
      halves_q <= 2'd0;
      feed_q   <= 0;
      stem_open_q <= 3'd0;
    end else begin
      if (serving) served_q <= complete ? {P{1'b0}} : served_q | serve;
      halves_q <= halves_q + {1'b0, take_half} - {1'b0, batch_drained_i};
      if (take_feed && !feed_pop_i)      feed_q <= feed_q + 1'b1;
      else if (!take_feed && feed_pop_i) feed_q <= feed_q - 1'b1;
      stem_open_q <= stem_open_q + {2'd0, take_stem} - {2'd0, stem_done_o};
    end
  end

  // ---- rows of the banks ---------------------------------------------------------------------------
  wire [P-1:0]         bank_read;
  wire [P*RowBits-1:0] bank_row;
  genvar b;
  generate
    for (b = 0; b < P; b = b + 1) begin : gen_bank
      wire [P-1:0] hit;
      wire [P*RowBits-1:0] masked;
      for (l = 0; l < P; l = l + 1) begin : gen_hit
        if (P == 1) begin : gen_single
          assign hit[l] = serve[l];
          assign masked[RowBits*l +: RowBits] = address_3_q[20*l +: RowBits];
        end else begin : gen_many
          assign hit[l] = serve[l] && address_3_q[20*l +: LaneBits] == b;
          // Lanes that hit a bank in one cycle agree on the row, so OR selects it.
          assign masked[RowBits*l +: RowBits] =
              hit[l] ? address_3_q[20*l + LaneBits +: RowBits] : {RowBits{1'b0}};
        end
      end
      reg [RowBits-1:0] row;
      integer i;
      always @* begin
        row = {RowBits{1'b0}};
        for (i = 0; i < P; i = i + 1) row = row | masked[RowBits*i +: RowBits];
      end
      assign bank_read[b] = |hit;
      assign bank_row[RowBits*b +: RowBits] = row;
    end
  endgenerate

  always @(posedge aclk) begin
    if (!aresetn) a_read_o <= {P{1'b0}};
    else         a_read_o <= serving ? bank_read : {P{1'b0}};
    if (serving) a_row_o <= bank_row;
  end

  // ---- from the resolver to the crossbar, fixed latency ---------------------------------------------
  // Per cycle: lanes served, their banks, and with the last service of a group its flags.
  localparam Depth = Latency - 1;
  reg  [Depth-1:0]          go_q;
  reg  [P-1:0]              lanes_q  [0:Depth-1];
  reg  [P*LaneBits-1:0]     banks_q  [0:Depth-1];
  reg  [P-1:0]              masks_q  [0:Depth-1];
  reg  [FlagBits-1:0]       flags_q  [0:Depth-1];
  wire [P*LaneBits-1:0]     lane_banks;
  generate
    for (l = 0; l < P; l = l + 1) begin : gen_lane_bank
      assign lane_banks[LaneBits*l +: LaneBits] =
          (P == 1) ? {LaneBits{1'b0}} : address_3_q[20*l +: LaneBits];
    end
  endgenerate
  integer d;
  always @(posedge aclk) begin
    if (!aresetn) go_q <= {Depth{1'b0}};
    else         go_q <= {go_q[Depth-2:0], go};
    lanes_q[0] <= serving ? serve : {P{1'b0}};
    banks_q[0] <= lane_banks;
    masks_q[0] <= mask_3_q;
    flags_q[0] <= flags_3_q;
    for (d = 1; d < Depth; d = d + 1) begin
      lanes_q[d] <= lanes_q[d-1];
      banks_q[d] <= banks_q[d-1];
      masks_q[d] <= masks_q[d-1];
      flags_q[d] <= flags_q[d-1];
    end
  end

  // The stem unit answers two cycles after a request.
  assign stem_read_o  = from_stem && go_q[Depth-3];
  assign stem_step_o  = flags_q[Depth-3][15:0];
  assign stem_group_o = flags_q[Depth-3][20:17];
  assign stem_done_o  = stem_read_o && flags_q[Depth-3][22];

  generate
    for (l = 0; l < P; l = l + 1) begin : gen_cross
      wire [LaneBits-1:0] bank = banks_q[Depth-1][LaneBits*l +: LaneBits];
      always @(posedge aclk) begin
        if (from_stem) begin
          if (go_q[Depth-1]) data_o[128*l +: 128] <= stem_data_i[128*l +: 128];
        end else if (lanes_q[Depth-1][l]) begin
          data_o[128*l +: 128] <= a_data_i[128*bank +: 128];
        end
      end
    end
  endgenerate

  /* verilator lint_off UNUSEDSIGNAL */  // the rest is for the stem unit, some stages earlier
  wire [FlagBits-1:0] flags_end = flags_q[Depth-1];
  /* verilator lint_on UNUSEDSIGNAL */
  always @(posedge aclk) begin
    if (!aresetn) begin
      array_valid_o <= 1'b0;
      feed_valid_o  <= 1'b0;
    end else begin
      array_valid_o <= go_q[Depth-1] && dense;
      feed_valid_o  <= go_q[Depth-1] && !dense;
    end
    if (go_q[Depth-1]) begin
      swap_o  <= flags_end[24];
      first_o <= flags_end[23];
      last_o  <= flags_end[22];
      group_o <= flags_end[20:17];
      half_o  <= flags_end[16];
      mask_o  <= from_stem ? {P{1'b0}} : masks_q[Depth-1];
    end
  end

  assign busy_o = start_i || (|setup_q) || walking_q || valid_1_q || valid_2_q || valid_3_q
                  || (|go_q) || array_valid_o || feed_valid_o;
endmodule
