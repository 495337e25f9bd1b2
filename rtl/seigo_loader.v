// Reads the stream out of the ring: descriptors, parameters and weights, each as early as it has a place.
//
// Three readers share the ring's read port. Weights come first, since the array waits for them; lane and
// plane parameters follow in the cycles that the weights leave free, and the descriptor of the next pass
// once all parameters of this one are read. A tile's weights are read again for each of its batches, and
// its ring words are released when both the weights and the parameters of the tile are done with.
`default_nettype none

module seigo_loader #(
  // Cycles from fetch's resolver to the array; weights take as long from their read.
  parameter FetchLatency = 6,
  // The largest number of parts of a plane filter along an axis: 1 to 3.
  parameter Reach = 1,
  // 1: a cycle lies between two words of parameters.
  parameter ParameterGap = 0
) (
  input  wire          aclk,
  input  wire          aresetn,
  // Ring: index counts ring words since the start of the frame; data come two cycles after a read.
  input  wire [23:0]   head_i,
  output wire          ring_read_o,
  output wire [23:0]   ring_index_o,
  input  wire [255:0]  ring_data_i,
  output reg  [23:0]   release_o,
  // Frame start, and pass start with the descriptor of the pass (stable until the next start).
  input  wire          frame_i,
  input  wire          start_i,
  /* verilator lint_off UNUSEDSIGNAL */  // fields of other modules
  input  wire [2559:0] descriptor_i,
  /* verilator lint_on UNUSEDSIGNAL */
  // The descriptor behind the pass. Its checksum is right when sum_o is all ones.
  output reg           next_valid_o,
  output reg  [2559:0] next_descriptor_o,
  output reg  [31:0]   next_sum_o,
  // Weights into the array's shadow registers.
  output wire          weight_valid_o,
  output wire [3:0]    weight_index_o,
  output wire [255:0]  weight_data_o,
  output wire          weights_ready_o,
  input  wire          weights_take_i,
  // Parameters: a set is begun only while its receiver is ready, and committed with its last word.
  input  wire          lane_ready_i,
  output wire          lane_valid_o,
  output wire [1:0]    lane_index_o,
  output wire          lane_commit_o,
  input  wire          plane_ready_i,
  output wire          plane_valid_o,
  output wire          plane_filter_o,
  output wire [3:0]    plane_part_o,
  output wire [3:0]    plane_index_o,
  output wire          plane_commit_o,
  output wire [255:0]  parameter_data_o,
  output wire          busy_o
);
  `include "seigo_descriptor.vh"

  generate
    if (FetchLatency < 3) begin : g_check_latency
      loader_fetch_latency_out_of_range error ();
    end
  endgenerate

  wire        dense       = descriptor_i[KindLsb +: KindWidth] == KindDense;
  wire [1:0]  filters     = descriptor_i[ChainLsb +: ChainWidth];
  wire        maximum     = descriptor_i[MaximumLsb];
  wire        padded      = descriptor_i[PaddedLsb];
  wire [15:0] tiles       = descriptor_i[TilesLsb +: TilesWidth];
  wire [15:0] steps       = descriptor_i[StepsLsb +: StepsWidth];
  wire [15:0] batches     = descriptor_i[BatchesLsb +: BatchesWidth];
  wire [15:0] tile_words  = descriptor_i[TileWordsLsb +: TileWordsWidth];
  wire [7:0]  param_words = descriptor_i[ParameterWordsLsb +: ParameterWordsWidth];

  reg         start_q;       // one cycle after start_i: descriptor_i is that of the pass
  reg  [15:0] last_step_q, last_batch_q, last_tile_q;
  reg  [23:0] pass_base_q;   // first ring word behind the descriptor of the running pass

  // ---- weights -------------------------------------------------------------------------------------
  reg         weights_busy_q;
  reg  [23:0] weight_tile_q, weight_index_q;
  reg  [15:0] weight_tiles_q, weight_batch_q, weight_step_q;
  reg  [3:0]  weight_word_q;
  reg         shadow_full_q;
  wire [3:0]  last_word    = padded ? 4'd8 : 4'd7;
  // Counts wrap, so a word is there when it lies less than half of the range behind the head.
  /* verilator lint_off UNUSEDSIGNAL */  // its sign counts
  wire [23:0] weight_behind = head_i + ~weight_index_q;
  /* verilator lint_on UNUSEDSIGNAL */
  wire        weight_there = !weight_behind[23];
  wire        weight_read  = weights_busy_q && !start_q && !shadow_full_q && weight_there;
  wire        step_read    = weight_read && weight_word_q == last_word;
  wire        batch_read   = step_read && weight_step_q == last_step_q;
  wire        tile_read    = batch_read && weight_batch_q == last_batch_q;
  wire [23:0] next_weight_tile = weight_tile_q + {8'd0, tile_words};

  always @(posedge aclk) begin
    if (!aresetn || frame_i) begin
      weights_busy_q <= 1'b0;
      shadow_full_q  <= 1'b0;
    end else begin
      if (start_i)      weights_busy_q <= 1'b1;
      else if (start_q) weights_busy_q <= dense && tiles != 16'd0;
      else if (tile_read && weight_tiles_q == last_tile_q) weights_busy_q <= 1'b0;
      if (step_read)           shadow_full_q <= 1'b1;
      else if (weights_take_i) shadow_full_q <= 1'b0;
    end
    if (frame_i) begin
      // What is released before the first pass follows from it.
      weight_tile_q  <= 24'd0;
    end else if (start_q) begin
      weight_tile_q  <= pass_base_q;
      weight_index_q <= pass_base_q + {16'd0, param_words};
      weight_tiles_q <= 16'd0;
      weight_batch_q <= 16'd0;
      weight_step_q  <= 16'd0;
      weight_word_q  <= 4'd0;
    end else if (weight_read) begin
      weight_word_q <= step_read ? 4'd0 : weight_word_q + 4'd1;
      if (step_read)  weight_step_q  <= batch_read ? 16'd0 : weight_step_q + 16'd1;
      if (batch_read) weight_batch_q <= tile_read ? 16'd0 : weight_batch_q + 16'd1;
      if (tile_read) begin
        weight_tiles_q <= weight_tiles_q + 16'd1;
        weight_tile_q  <= next_weight_tile;
      end
      weight_index_q <= tile_read  ? next_weight_tile + {16'd0, param_words} :
                        batch_read ? weight_tile_q + {16'd0, param_words} : weight_index_q + 24'd1;
    end
  end

  assign weights_ready_o = shadow_full_q;

  reg  [1:0]  param_q, desc_q;  // reads whose data are on their way

  // ---- parameters ----------------------------------------------------------------------------------
  // Sets of a tile in order: lanes (dense), filter 0, filter 1; of a filter the taps of its parts row by row.
  localparam [1:0] SetLanes = 2'd0, SetFilter0 = 2'd1, SetFilter1 = 2'd2;
  reg         params_busy_q;
  reg  [23:0] param_tile_q, param_index_q;
  reg  [15:0] param_tiles_q;
  reg  [1:0]  set_q;
  reg  [3:0]  param_word_q;
  reg  [3:0]  param_part_q;
  wire        part_ends;
  wire [3:0]  next_part;
  seigo_next_part #(.Reach(Reach)) i_next_part (
    .reach_i(descriptor_i[PlaneReachLsb +: PlaneReachWidth]), .part_i(param_part_q), .ends_o(part_ends),
    .next_o(next_part)
  );
  wire        parts_end  = set_q == SetLanes || part_ends;
  wire        set_ready  = (set_q == SetLanes) ? lane_ready_i : plane_ready_i;
  // A set of two filters is one entry of the plane engine's queue. `ready` counts committed sets, so
  // none is begun while one is on its way.
  wire        begun      = param_word_q != 4'd0 || param_part_q != 4'd0 || set_q == SetFilter1;
  /* verilator lint_off UNUSEDSIGNAL */  // its sign counts
  wire [23:0] param_behind = head_i + ~param_index_q;
  /* verilator lint_on UNUSEDSIGNAL */
  wire        param_read = params_busy_q && !start_q && !weight_read && !param_behind[23]
                           && (begun ? ParameterGap == 0 || !param_q[0] : set_ready && param_q == 2'd0);
  wire        set_read   = param_read && parts_end && param_word_q == ((set_q == SetLanes) ? 4'd3 : 4'd8);
  wire        part_read  = param_read && !parts_end && param_word_q == 4'd4;
  wire [1:0]  filters_read = (set_q == SetLanes) ? 2'd0 : set_q;
  wire        last_set   = filters_read == (maximum ? 2'd0 : filters);
  wire        param_tile_read = set_read && last_set;
  wire        last_param_tile = param_tiles_q == last_tile_q;
  wire [23:0] next_param_tile = param_tile_q + {8'd0, tile_words};
  wire        no_params  = param_words == 8'd0 || tiles == 16'd0;

  always @(posedge aclk) begin
    if (!aresetn || frame_i) params_busy_q <= 1'b0;
    else if (start_i)       params_busy_q <= 1'b1;
    else if (start_q ? no_params : param_tile_read && last_param_tile) params_busy_q <= 1'b0;
    if (frame_i) begin
      param_tile_q  <= 24'd0;
    end else if (start_q) begin
      param_tile_q  <= pass_base_q;
      param_index_q <= pass_base_q;
      param_tiles_q <= 16'd0;
      param_word_q  <= 4'd0;
      param_part_q  <= 4'd0;
      set_q         <= dense ? SetLanes : SetFilter0;
    end else if (param_read) begin
      param_word_q  <= set_read || part_read ? 4'd0 : param_word_q + 4'd1;
      if (set_read)       param_part_q <= 4'd0;
      else if (part_read) param_part_q <= next_part;
      param_index_q <= param_tile_read ? next_param_tile : param_index_q + 24'd1;
      if (set_read) set_q <= !last_set ? set_q + 2'd1 : dense ? SetLanes : SetFilter0;
      if (param_tile_read) begin
        param_tile_q  <= next_param_tile;
        param_tiles_q <= param_tiles_q + 16'd1;
      end
    end
  end

  // ---- the next descriptor -------------------------------------------------------------------------
  reg         fetching_q;    // the descriptor behind the pass is to be read
  reg  [3:0]  desc_word_q;
  reg  [23:0] desc_index_q;
  // Parameters of the last tile are read, so its record's end is known.
  wire        desc_begin = fetching_q && !params_busy_q && !start_q && desc_word_q == 4'd0;
  wire [23:0] desc_index = (desc_word_q == 4'd0) ? param_tile_q : desc_index_q;
  /* verilator lint_off UNUSEDSIGNAL */  // its sign counts
  wire [23:0] desc_behind = head_i + ~desc_index;
  /* verilator lint_on UNUSEDSIGNAL */
  wire        desc_read  = fetching_q && (desc_begin || desc_word_q != 4'd0) && !weight_read
                           && !param_read && !desc_behind[23];
  wire        desc_last  = desc_read && desc_word_q == DescriptorWords - 1;

  always @(posedge aclk) begin
    start_q <= start_i && aresetn;
    if (start_i) begin
      last_step_q  <= steps - 16'd1;
      last_batch_q <= batches - 16'd1;
      last_tile_q  <= tiles - 16'd1;
    end
    if (!aresetn) fetching_q <= 1'b0;
    else if (frame_i || start_i) fetching_q <= 1'b1;
    else if (desc_last)          fetching_q <= 1'b0;
    if (!aresetn || frame_i || start_i) desc_word_q <= 4'd0;
    else if (desc_read) desc_word_q <= desc_last ? 4'd0 : desc_word_q + 4'd1;
    if (frame_i) begin
      // Before the first pass the record "ends" at the start of the stream.
      pass_base_q <= 24'd0;
    end else if (desc_last) begin
      pass_base_q <= desc_index + 24'd1;
    end
    if (desc_read) desc_index_q <= desc_index + 24'd1;
  end

  // ---- ring port and what comes back two cycles later -----------------------------------------------
  assign ring_read_o  = weight_read || param_read || desc_read;
  assign ring_index_o = weight_read ? weight_index_q : param_read ? param_index_q : desc_index;

  // Weights wait at the ring's port so long that they arrive as the data of their step do.
  localparam Wait = FetchLatency - 2;
  reg  [Wait+1:0]  weight_q;
  reg  [3:0]       weight_word_d [0:Wait+1];
  reg  [255:0]     weight_data_d [0:Wait-1];
  reg  [1:0]       set_1_q, set_2_q;
  reg  [3:0]       word_1_q, word_2_q;
  reg  [3:0]       part_1_q, part_2_q;
  reg              set_read_1_q, set_read_2_q, last_1_q, last_2_q;
  integer i;
  always @(posedge aclk) begin
    if (!aresetn || frame_i) begin
      weight_q <= 0;
      param_q  <= 2'd0;
      desc_q   <= 2'd0;
    end else begin
      weight_q <= {weight_q[Wait:0], weight_read};
      param_q  <= {param_q[0], param_read};
      desc_q   <= {desc_q[0], desc_read};
    end
    weight_word_d[0] <= weight_word_q;
    for (i = 1; i <= Wait + 1; i = i + 1) weight_word_d[i] <= weight_word_d[i-1];
    if (weight_q[1]) weight_data_d[0] <= ring_data_i;
    for (i = 1; i < Wait; i = i + 1) if (weight_q[i+1]) weight_data_d[i] <= weight_data_d[i-1];
    set_1_q      <= set_q;
    set_2_q      <= set_1_q;
    word_1_q     <= param_word_q;
    word_2_q     <= word_1_q;
    part_1_q     <= param_part_q;
    part_2_q     <= part_1_q;
    set_read_1_q <= set_read;
    set_read_2_q <= set_read_1_q;
    last_1_q     <= last_set;
    last_2_q     <= last_1_q;
  end

  assign weight_valid_o   = weight_q[Wait+1];
  assign weight_index_o   = weight_word_d[Wait+1];
  assign weight_data_o    = weight_data_d[Wait-1];
  assign lane_valid_o     = param_q[1] && set_2_q == SetLanes;
  assign lane_index_o     = word_2_q[1:0];
  assign lane_commit_o    = lane_valid_o && set_read_2_q;
  assign plane_valid_o    = param_q[1] && set_2_q != SetLanes;
  assign plane_filter_o   = set_2_q == SetFilter1;
  assign plane_part_o     = part_2_q;
  assign plane_index_o    = word_2_q;
  assign plane_commit_o   = plane_valid_o && set_read_2_q && last_2_q;
  assign parameter_data_o = ring_data_i;

  // The descriptor shifts in from the top, ten words; its 32-bit words are summed on the way.
  reg  [3:0]  arrived_q;
  reg  [31:0] word_sum_q;
  reg         word_sum_valid_q;
  reg         complete_q;
  wire [31:0] pair_0 = ring_data_i[31:0]    + ring_data_i[63:32];
  wire [31:0] pair_1 = ring_data_i[95:64]   + ring_data_i[127:96];
  wire [31:0] pair_2 = ring_data_i[159:128] + ring_data_i[191:160];
  wire [31:0] pair_3 = ring_data_i[223:192] + ring_data_i[255:224];
  wire        arrives = desc_q[1];
  always @(posedge aclk) begin
    if (!aresetn || frame_i || start_i) begin
      arrived_q        <= 4'd0;
      word_sum_valid_q <= 1'b0;
      complete_q       <= 1'b0;
      next_valid_o     <= 1'b0;
      next_sum_o       <= 32'd0;
    end else begin
      if (arrives) arrived_q <= arrived_q + 4'd1;
      word_sum_valid_q <= arrives;
      complete_q       <= arrives && arrived_q == DescriptorWords - 1;
      if (complete_q) next_valid_o <= 1'b1;
      if (word_sum_valid_q) next_sum_o <= next_sum_o + word_sum_q;
    end
    if (arrives) begin
      next_descriptor_o <= {ring_data_i, next_descriptor_o[2559:256]};
      word_sum_q <= (pair_0 + pair_1) + (pair_2 + pair_3);
    end
  end

  // ---- release -------------------------------------------------------------------------------------
  // The tile that both readers are done with; the weights of other passes are never the last.
  always @(posedge aclk) begin
    if (!aresetn || frame_i)               release_o <= 24'd0;
    else if (start_q)                     release_o <= pass_base_q;
    else if (!dense || param_tiles_q < weight_tiles_q) release_o <= param_tile_q;
    else                                  release_o <= weight_tile_q;
  end

  assign busy_o = start_i || start_q || weights_busy_q || params_busy_q;
endmodule

`default_nettype wire
