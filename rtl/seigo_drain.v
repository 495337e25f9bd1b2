// Sends finished batches from the accumulators through the output lanes.
//
// Per batch and group, LP pixels a cycle, as long as the queue behind the lanes has a place for what is
// on its way (credit), the tile's parameters are there and, with a residual, its row. A batch's half is
// free again once its last pixels are read.
`default_nettype none

module seigo_drain #(
  parameter P = 4,
  parameter LP = P >= 2 ? P / 2 : 1,
  parameter Credits = 32
) (
  input  wire              aclk,
  input  wire              aresetn,
  input  wire              start_i,
  /* verilator lint_off UNUSEDSIGNAL */  // fields of other modules
  input  wire [2559:0]     descriptor_i,
  /* verilator lint_on UNUSEDSIGNAL */
  input  wire [31:0]       pixels_i,         // of a plane: OutHeight * OutWidth
  output wire              busy_o,
  // Lane parameters from the loader, four ring words a set, two sets.
  input  wire              parameter_valid_i,
  input  wire [1:0]        parameter_index_i,
  input  wire [255:0]      parameter_data_i,
  input  wire              parameter_commit_i,
  output wire              parameter_ready_o,
  // Accumulators.
  input  wire              done_i,
  output wire              drain_o,
  output wire              drain_half_o,
  output wire [3:0]        drain_group_o,
  output wire [((P/LP > 1) ? $clog2(P/LP) : 1)-1:0] drain_part_o,
  output wire              batch_drained_o,
  output wire [4:0]        drained_o,        // groups of the oldest batch that have been read
  // Residual rows, one per group.
  input  wire              residual_valid_i,
  input  wire [128*P-1:0]  residual_data_i,
  output wire              residual_ready_o,
  // To the lanes, in the cycle in which the accumulators come.
  output reg               lane_valid_o,
  output reg               lane_first_o,     // first pixels of a tile
  output reg  [3:0]        lane_count_o,     // valid pixels, 1 to LP
  output reg  [128*LP-1:0] lane_residual_o,
  output reg  [1023:0]     lane_parameters_o,
  // A place in the queue behind the lanes became free.
  input  wire              credit_i,
  output wire              stall_output_o,
  output wire              stall_residual_o
);
  `include "seigo_descriptor.vh"

  localparam Parts    = P / LP;
  localparam PartBits = (Parts > 1) ? $clog2(Parts) : 1;

  generate
    if (LP * Parts != P || Credits < 1) begin : g_check
      drain_parameters_out_of_range error ();
    end
  endgenerate

  wire        dense    = descriptor_i[KindLsb +: KindWidth] == KindDense;
  wire [15:0] tiles    = descriptor_i[TilesLsb +: TilesWidth];
  wire [4:0]  groups   = descriptor_i[BatchGroupsLsb +: BatchGroupsWidth];
  wire [15:0] batches  = descriptor_i[BatchesLsb +: BatchesWidth];
  wire [15:0] extra    = descriptor_i[BatchExtraLsb +: BatchExtraWidth];
  wire        residual = descriptor_i[ResidualLsb +: ResidualWidth] != ResidualNone;

  // ---- parameter sets ------------------------------------------------------------------------------
  wire [1023:0] set;
  reg          write_set_q, read_set_q;
  reg [1:0]    sets_q;
  wire         tile_end;
  always @(posedge aclk) begin
    if (!aresetn) begin
      write_set_q <= 1'b0;
      read_set_q  <= 1'b0;
      sets_q      <= 2'd0;
    end else begin
      if (parameter_commit_i) write_set_q <= !write_set_q;
      if (tile_end)           read_set_q  <= !read_set_q;
      sets_q <= sets_q + {1'b0, parameter_commit_i} - {1'b0, tile_end};
    end
  end
  assign parameter_ready_o = sets_q != 2'd2;

  genvar w;
  generate
    for (w = 0; w < 4; w = w + 1) begin : g_word
      (* ram_style = "distributed" *)
      reg [255:0] words [0:1];
      always @(posedge aclk) begin
        if (parameter_valid_i && parameter_index_i == w) words[write_set_q] <= parameter_data_i;
      end
      assign set[256*w +: 256] = words[read_set_q];
    end
  endgenerate

  // ---- finished batches ----------------------------------------------------------------------------
  reg [1:0] waiting_q;
  reg       half_q;  // halves alternate from reset on, as they do in fetch

  // ---- position ------------------------------------------------------------------------------------
  reg                busy_q, start_q;
  reg [15:0]         tile_q, batch_q;
  reg [4:0]          group_q;
  reg [PartBits-1:0] part_q;
  reg [31:0]         left_q;        // pixels of the plane from this part on
  reg                tile_first_q;
  reg [$clog2(Credits+1)-1:0] credits_q;

  // Last group of the running batch, and how many of the following batches have one group more.
  reg  [4:0]  group_end_q;
  reg  [15:0] extra_left_q;
  reg         more_first_q;
  reg  [15:0] extra_rest_q;
  reg  [4:0]  short_end_q;
  reg  [15:0] last_batch_q, last_tile_q;
  wire       more_first = extra != 16'd0;
  wire       more_next  = extra_left_q != 16'd0;
  wire last_part  = {{(32-PartBits){1'b0}}, part_q} == Parts - 1;
  wire last_group = group_q == group_end_q;
  wire last_batch = batch_q == last_batch_q;
  wire last_tile  = tile_q == last_tile_q;
  wire empty_part = left_q == 32'd0;           // beyond the end of the plane
  wire work       = busy_q && waiting_q != 2'd0;
  wire no_room    = credits_q == 0;
  wire no_row     = residual && !residual_valid_i;
  wire step       = work && sets_q != 2'd0 && !no_room && !no_row;
  wire group_end  = step && last_part;
  wire batch_end  = group_end && last_group;
  assign tile_end = batch_end && last_batch;
  assign batch_drained_o  = batch_end;
  assign drained_o        = group_q;
  assign residual_ready_o = group_end && residual;
  assign stall_output_o   = work && no_room;
  assign stall_residual_o = work && !no_room && no_row;

  assign drain_o       = step && !empty_part;
  assign drain_half_o  = half_q;
  assign drain_group_o = group_q[3:0];
  assign drain_part_o  = part_q;

  wire [31:0] count = (left_q > LP) ? LP : left_q;

  always @(posedge aclk) begin
    if (!aresetn) begin
      busy_q    <= 1'b0;
      waiting_q <= 2'd0;
      half_q    <= 1'b0;
      credits_q <= Credits;
    end else begin
      if (start_i)                     busy_q <= 1'b1;
      else if (start_q)                busy_q <= dense;
      else if (tile_end && last_tile)  busy_q <= 1'b0;
      waiting_q <= waiting_q + {1'b0, done_i} - {1'b0, batch_end};
      if (batch_end) half_q <= !half_q;
      if (drain_o && !credit_i)      credits_q <= credits_q - 1'b1;
      else if (!drain_o && credit_i) credits_q <= credits_q + 1'b1;
    end
    if (start_i) begin
      tile_q       <= 16'd0;
      batch_q      <= 16'd0;
      group_q      <= 5'd0;
      group_end_q  <= groups - {4'd0, !more_first};
      extra_left_q <= extra - {15'd0, more_first};
      more_first_q <= more_first;
      extra_rest_q <= extra - {15'd0, more_first};
      short_end_q  <= groups - 5'd1;
      last_batch_q <= batches - 16'd1;
      last_tile_q  <= tiles - 16'd1;
      part_q       <= 0;
      tile_first_q <= 1'b1;
    end else if (step) begin
      part_q <= last_part ? 0 : part_q + 1'b1;
      if (last_part) group_q <= last_group ? 5'd0 : group_q + 5'd1;
      if (batch_end) begin
        batch_q      <= last_batch ? 16'd0 : batch_q + 16'd1;
        group_end_q  <= (last_batch ? more_first_q : more_next) ? groups : short_end_q;
        extra_left_q <= last_batch ? extra_rest_q : more_next ? extra_left_q - 16'd1 : 16'd0;
      end
      if (tile_end)  tile_q  <= tile_q + 16'd1;
      tile_first_q <= tile_end;
    end
    if (start_q || tile_end)        left_q <= pixels_i;
    else if (step)                  left_q <= left_q - count;
  end

  always @(posedge aclk) start_q <= start_i && aresetn;

  // ---- with the accumulators, one cycle later ------------------------------------------------------
  always @(posedge aclk) begin
    lane_valid_o <= drain_o && aresetn;
    if (drain_o) begin
      lane_first_o      <= tile_first_q;
      lane_count_o      <= count[3:0];
      lane_residual_o   <= residual_data_i[128*LP*part_q +: 128*LP];
      if (tile_first_q) lane_parameters_o <= set;
    end
  end

  assign busy_o = start_i || start_q || busy_q || credits_q != Credits || lane_valid_o;
endmodule

`default_nettype wire
