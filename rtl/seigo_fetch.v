// Addresses, masks, bank conflicts and crossbar between the shared memory and the dense array.
//
// `seigo_fetch_walk` gives one address per lane for each group of the pass. A lane outside of the input is masked: it
// reads nothing, and the array takes the zero points instead.
//
// Behind the walk: conflicts (3), resolver. The resolver serves in each cycle every lane whose bank no lower
// unserved lane wants at another row, so that a group takes one cycle unless two of its lanes meet in a bank. A
// group leaves the resolver only when everything behind it has room (the gates), since nothing stalls from there
// on: its data reach the array Latency cycles later.
`default_nettype none

module seigo_fetch #(
  parameter P = 4,
  parameter RowBits = 14,
  parameter ReadLatency = 4,
  parameter FeedCredits = 16,
  // 0: no segment lies by parity.
  parameter Parity = 0
) (
  input  wire                  aclk,
  input  wire                  aresetn,
  // Pass: the descriptor is stable from start_i until done_o.
  input  wire                  start_i,
  /* verilator lint_off UNUSEDSIGNAL */  // fields of other modules
  input  wire [2559:0]         descriptor_i,
  /* verilator lint_on UNUSEDSIGNAL */
  // Of seigo_pass_products, taken one cycle after start_i.
  input  wire [19:0]           pad_words_i,
  input  wire [19:0]           dilation_words_i,
  input  wire [19:0]           step_words_i,
  input  wire [159:0]          segment_steps_i,
  input  wire [20*P-1:0]       lane_rows_i,
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
  `include "seigo_descriptor.vh"

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

  // ---- the walk --------------------------------------------------------------------------------------
  localparam FlagBits = 25;
  wire                from_stem = descriptor_i[FromStemLsb];
  wire                dense;
  wire                walk_busy;
  wire                advance;  // the pipeline in front of the resolver moves
  wire                valid_2;
  wire [20*P-1:0]     address_2;
  wire [P-1:0]        mask_2;
  wire [FlagBits-1:0] flags_2;
  reg                 valid_3_q;
  reg  [FlagBits-1:0] flags_3_q;

  seigo_fetch_walk #(.P(P), .Parity(Parity)) i_walk (
    .aclk(aclk), .aresetn(aresetn), .start_i(start_i), .descriptor_i(descriptor_i),
    .pad_words_i(pad_words_i), .dilation_words_i(dilation_words_i), .step_words_i(step_words_i),
    .segment_steps_i(segment_steps_i), .lane_rows_i(lane_rows_i),
    .busy_o(walk_busy), .dense_o(dense), .advance_i(advance), .valid_o(valid_2),
    .address_o(address_2), .mask_o(mask_2), .flags_o(flags_2)
  );

  always @(posedge aclk) begin
    if (!aresetn)     valid_3_q <= 1'b0;
    else if (advance) valid_3_q <= valid_2;
    if (advance) flags_3_q <= flags_2;
  end

  // ---- stage 3: which lanes meet in a bank at different rows ----------------------------------------
  /* verilator lint_off UNUSEDSIGNAL */  // addresses may be wider than this memory needs
  reg  [P*20-1:0] address_3_q;
  /* verilator lint_on UNUSEDSIGNAL */
  reg  [P-1:0]    mask_3_q;
  reg  [P*P-1:0]  conflict_3_q;  // [l * P + m]: lane l has to wait for lane m < l
  always @(posedge aclk) begin
    if (advance) begin
      address_3_q <= address_2;
      mask_3_q    <= mask_2 | {P{from_stem}};
    end
  end
  genvar l, m;
  generate
    for (l = 0; l < P; l = l + 1) begin : gen_conflict
      for (m = 0; m < P; m = m + 1) begin : gen_other
        if (m < l) begin : gen_below
          wire [19:0] mine   = address_2[20*l +: 20];
          wire [19:0] theirs = address_2[20*m +: 20];
          always @(posedge aclk) begin
            if (advance) begin
              conflict_3_q[l*P + m] <= !mask_2[l] && !mask_2[m] && !from_stem && mine != theirs
                  && mine[LaneBits-1:0] == theirs[LaneBits-1:0];
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
  assign advance = !valid_3_q || go;

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

  assign busy_o = start_i || walk_busy || valid_3_q || (|go_q) || array_valid_o || feed_valid_o;
endmodule

`default_nettype wire
