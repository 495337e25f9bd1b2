// The first layer's patches: K x K windows with stride S of an image of C bytes a pixel, each as
// `Steps` words of 16 bytes (K runs of K*C bytes, one behind the other, zeros at the end).
//
// The image lies in DDR, rows of ceil(width * C / 16) words back to back. Every byte is read once
// (per tile) into row buffers: `Lanes` memories of `Slots` rows each, row y in memory y mod Lanes.
// A *segment* is the part of a group of P output pixels that lies in one output row: all of it, or,
// where rows end, less; its lanes always sit S*C bytes apart in one *window* of K rows. The loader
// reads the window of a segment, `Lanes` rows at a time, turns the rows in order, shifts them to
// byte positions, puts pad values outside of the image, and fills the next window. The current
// window gives one step of all lanes a cycle to the patch buffer, which holds `Buffers` batches.
//
// Rate: max(Steps, Passes * Reads) cycles a segment, one segment a group where OutWidth is a
// multiple of P; one cycle more per output row, where the loader has none to spare. `read_i` to
// `data_o`: 2 cycles.
`default_nettype none

module seigo_stem_unit #(
  // Pixels of a group: 1, 2, 4, 8
  parameter P = 4,
  // Kernel size, stride, bytes of a pixel (1 to 4)
  parameter K = 6,
  parameter S = 2,
  parameter C = 3,
  // Pixels of an image row, at most
  parameter MaxWidth = 416,
  // Groups of a batch, at most: a power of two
  parameter G = 16,
  // Batches held: a power of two. Two are enough; more even out the hand-over.
  parameter Buffers = 4,
  // Bit n: the first byte of a segment's window, in bytes of its image row, may be n modulo 16. Fewer bits make for fewer
  // reads, row memories and shifters.
  parameter [15:0] Shifts = 16'hffff,
  // Derived, not to be set
  parameter Steps = (K * K * C + 15) / 16,
  parameter StepBits = Steps == 1 ? 1 : $clog2(Steps),
  parameter GroupBits = $clog2(G),
  parameter CountBits = $clog2(Buffers) + 1
) (
  input  wire                 aclk,
  input  wire                 aresetn,

  // Start of a pass, with its configuration: byte address of the image (a multiple of 16), image
  // and output size, pad values (int8 in the domain b - 128, channel 0 in the low byte), batches
  input  wire                 start_i,
  input  wire [39:0]          address_i,
  input  wire [15:0]          in_height_i,
  input  wire [15:0]          in_width_i,
  input  wire [15:0]          out_height_i,
  input  wire [15:0]          out_width_i,
  input  wire [7:0]           pad_top_i,
  input  wire [7:0]           pad_left_i,
  input  wire [31:0]          pad_i,
  input  wire [4:0]           batch_groups_i,
  input  wire [15:0]          batch_extra_i,
  input  wire [15:0]          tiles_i,
  output wire                 busy_o,

  // Client 0 of seigo_axi_read
  output wire                 req_valid_o,
  input  wire                 req_ready_i,
  output wire [39:0]          req_address_o,
  output wire [4:0]           req_beats_o,
  input  wire                 data_valid_i,
  input  wire [127:0]         data_i,

  // Batches that are complete; of the oldest one: read a word of all lanes; free it (with its last
  // read, or later)
  output wire [CountBits-1:0] batches_o,
  input  wire                 read_i,
  input  wire [StepBits-1:0]  read_step_i,
  input  wire [GroupBits-1:0] read_group_i,
  output wire [128*P-1:0]     data_o,
  input  wire                 batch_done_i
);

  localparam ReadLatency = 2;
  localparam LaneBytes = S * C;
  localparam WindowBytes = ((P - 1) * S + K) * C;
  localparam Words = (WindowBytes + 15) / 16;
  localparam [15:0] Possible = Shifts & (C == 4 ? 16'h1111 : C == 2 ? 16'h5555 : 16'hffff);

  function integer largest(input [15:0] shifts);
    integer n;
    begin
      largest = 0;
      for (n = 0; n < 16; n = n + 1) if (shifts[n]) largest = n;
    end
  endfunction

  localparam Reads = (WindowBytes + largest(Possible) + 15) / 16;

  localparam WordBits = MaxWidth * C <= 256 ? 5 : $clog2((MaxWidth * C + 15) / 16);
  // Slots of a row memory: the window's rows and the next ones, or as many as a block RAM of 512 words holds.
  // Rows that are asked for early do not wait when the stream fills its ring.
  function integer slot_bits(input integer lanes);
    integer bits;
    begin
      bits = 1;
      while ((lanes << bits) < K + S) bits = bits + 1;
      slot_bits = bits + WordBits >= 9 ? bits : 9 - WordBits;
    end
  endfunction

  // The fewest memories that keep the array fed, and hold the rows of the next two windows so that it is fed in time
  function integer lanes_needed(input integer reads);
    integer lanes;
    begin
      lanes_needed = K;
      for (lanes = K; lanes >= 1; lanes = lanes - 1)
        if ((K + lanes - 1) / lanes * Reads <= reads && (lanes << slot_bits(lanes)) >= K + 2 * S) lanes_needed = lanes;
    end
  endfunction

  localparam Lanes = lanes_needed(Steps);
  localparam Passes = (K + Lanes - 1) / Lanes;
  localparam SlotBits = slot_bits(Lanes);
  localparam Rows = Lanes << SlotBits;
  localparam LaneBits = P == 1 ? 1 : $clog2(P);
  localparam BufferBits = $clog2(Buffers);
  localparam TurnBits = Lanes == 1 ? 1 : $clog2(Lanes);
  localparam PassBits = Passes == 1 ? 1 : $clog2(Passes);
  localparam ReadBits = Reads == 1 ? 1 : $clog2(Reads);
  localparam PositionBits = 18;
  // Four bits of a row's words at a time, from the top.
  localparam Nibbles = (WordBits + 4) / 4;
  localparam [1:0] LastNibble = Nibbles[1:0] - 2'd1;

  generate
    if ((P != 1 && P != 2 && P != 4 && P != 8) || C < 1 || C > 4 || K < 1 || K > 15 || S < 1 ||
        S > 15) begin : g_check_shape
      stem_unit_shape_out_of_range error ();
    end
    if (G != (1 << GroupBits) || G < 2 || G > 16 || Buffers != (1 << BufferBits) || Buffers < 2)
    begin : g_check_buffers
      stem_unit_batches_out_of_range error ();
    end
    if (MaxWidth * C <= 16 || MaxWidth * C > 32768 || Rows < K + S) begin : g_check_rows
      stem_unit_row_buffers_out_of_range error ();
    end
    if (Possible == 16'd0) begin : g_check_shifts
      stem_unit_shifts_must_be_multiples_of_a_pixel error ();
    end
    if (Steps != (K * K * C + 15) / 16 || ReadLatency != 2) begin : g_check_derived
      stem_unit_derived_parameter_set error ();
    end
  endgenerate

  // ---------------------------------------------------------------------------------------------
  // Configuration of the pass
  localparam Idle = 3'd0;
  localparam Sizes = 3'd1;
  localparam Limits = 3'd2;
  localparam Totals = 3'd3;
  localparam Tile = 3'd4;
  localparam Pad = 3'd5;
  localparam Row = 3'd6;
  localparam Run = 3'd7;

  reg [2:0]              state_q;
  reg [39:4]             image_q;
  reg [15:0]             in_height_q;
  reg [15:0]             in_width_q;
  reg [15:0]             out_height_q;
  reg [15:0]             out_width_q;
  reg [7:0]              pad_top_q;
  reg [7:0]              pad_left_q;
  reg [31:0]             pad_q;
  reg [4:0]              batch_groups_q;
  reg [15:0]             batch_extra_q;
  reg [15:0]             tiles_left_q;
  reg [PositionBits-1:0] row_bytes_q;
  reg [PositionBits-1:0] pad_bytes_q;
  reg [WordBits:0]       row_beats_q;
  reg signed [20:0]      rows_end_q;
  reg [15:0]             limit_q;
  reg [23:0]             total_q;
  reg [1:0]              nibble_q;
  reg [23:0]             capacity_q;

  // Products with constants are sums; the image's words, once a pass, are summed up.
  function [23:0] times(input [23:0] value, input integer constant);
    integer b;
    begin
      times = 24'd0;
      for (b = 0; b < 16; b = b + 1) if (constant[b]) times = times + (value << b);
    end
  endfunction

  function [23:0] times_nibble(input [15:0] value, input [3:0] factor);
    times_nibble = ((factor[0] ? {8'd0, value} : 24'd0) + (factor[1] ? {7'd0, value, 1'd0} : 24'd0))
                   + ((factor[2] ? {6'd0, value, 2'd0} : 24'd0) + (factor[3] ? {5'd0, value, 3'd0} : 24'd0));
  endfunction
  wire [15:0] beats = {{(15 - WordBits){1'b0}}, row_beats_q};

  wire [PositionBits-1:0] row_bytes_up = row_bytes_q + 15;
  wire signed [20:0] kernel = $signed(K[20:0]);
  wire signed [20:0] stride = $signed(S[20:0]);
  wire [15:0] out_rows = out_height_q - 16'd1;
  /* verilator lint_off UNUSEDSIGNAL */  // sizes are within their ranges
  wire [23:0] row_bytes = times({8'd0, in_width_q}, C);
  wire [23:0] pad_bytes = times({16'd0, pad_left_q}, C);
  wire [23:0] out_rows_end = times({8'd0, out_rows}, S);
  /* verilator lint_on UNUSEDSIGNAL */
  wire [23:0] capacity = times({{(23 - WordBits){1'b0}}, row_beats_q}, Rows);
  wire signed [20:0] height = {5'd0, in_height_q};
  wire tile = state_q == Tile;

  always @(posedge aclk) begin
    if (start_i) begin
      image_q <= address_i[39:4];
      in_height_q <= in_height_i;
      in_width_q <= in_width_i;
      out_height_q <= out_height_i;
      out_width_q <= out_width_i;
      pad_top_q <= pad_top_i;
      pad_left_q <= pad_left_i;
      pad_q <= pad_i;
      batch_groups_q <= batch_groups_i;
      batch_extra_q <= batch_extra_i;
    end
    if (state_q == Sizes) begin
      row_bytes_q <= row_bytes[PositionBits-1:0];
      pad_bytes_q <= pad_bytes[PositionBits-1:0];
      rows_end_q <= $signed(out_rows_end[20:0]) + kernel - $signed({13'd0, pad_top_q});
    end
    if (state_q == Limits) begin
      row_beats_q <= row_bytes_up[WordBits+4:4];
      limit_q <= rows_end_q < 0 ? 16'd0 : rows_end_q < height ? rows_end_q[15:0] : in_height_q;
    end
    if (state_q == Limits) begin
      total_q <= 24'd0;
      nibble_q <= LastNibble;
    end else if (state_q == Totals) begin
      total_q <= (total_q << 4) + times_nibble(limit_q, beats[{nibble_q, 2'd0} +: 4]);
      nibble_q <= nibble_q - 2'd1;
    end
    if (state_q == Totals) capacity_q <= capacity;
  end

  // ---------------------------------------------------------------------------------------------
  // Segments: which windows are read, in the order of the output pixels. The window's first row is
  // `top_q` = turn_q + Lanes * (slot_q modulo the slots). `position_q` is the byte in the image row
  // that the word read next holds first after the shift.
  localparam [TurnBits-1:0] LastLane = Lanes[TurnBits-1:0] - 1'b1;
  localparam TurnRest = S % Lanes;
  localparam SlotRest = S / Lanes;
  localparam GroupBytes = P * LaneBytes;

  reg [7:0]                     pad_left_rows_q;
  reg signed [20:0]             top_q;
  wire [15:0]                   arrived;
  reg [TurnBits-1:0]            turn_q;
  reg [SlotBits-1:0]            slot_q;
  reg [15:0]                    rows_left_q;
  reg [15:0]                    columns_left_q;
  reg [LaneBits-1:0]            lane_q;
  reg signed [PositionBits-1:0] row_origin_q;
  reg signed [PositionBits-1:0] origin_q;
  reg signed [PositionBits-1:0] position_q;
  reg [PassBits-1:0]            pass_q;
  reg [SlotBits-1:0]            pass_slot_q;
  reg [ReadBits-1:0]            read_q;
  reg [1:0]                     phase_q;
  reg signed [20:0]             need_q;
  reg [K-1:0]                   outside_q;
  wire                          advance;

  wire rows_there = $signed({5'd0, arrived}) >= need_q;
  wire issue = state_q == Run && rows_there;
  wire read_last = read_q == Reads[ReadBits-1:0] - 1'b1;
  wire pass_last = pass_q == Passes[PassBits-1:0] - 1'b1;
  wire segment_last = read_last && pass_last;
  wire [LaneBits:0] lanes_open = P[LaneBits:0] - (P == 1 ? 0 : {1'b0, lane_q});
  // Columns against open lanes: many when they are more than a group has, else a table of few bits.
  wire many = columns_left_q[15:LaneBits+1] != 0;
  wire [LaneBits:0] few = columns_left_q[LaneBits:0];
  function at_least(input [LaneBits:0] columns, input [LaneBits-1:0] lane, input [LaneBits:0] less);
    integer l;
    begin
      at_least = 1'b0;
      for (l = 0; l < P; l = l + 1)
        if ((P == 1 || lane == l[LaneBits-1:0]) && columns >= P[LaneBits:0] - l[LaneBits:0] + less)
          at_least = 1'b1;
    end
  endfunction
  // Where the first patch of a row begins, behind lanes that the row before filled.
  function [PositionBits-1:0] lane_bytes(input [LaneBits-1:0] lane);
    integer l;
    begin
      lane_bytes = 0;
      for (l = 1; l < P; l = l + 1)
        if (lane == l[LaneBits-1:0]) lane_bytes = l[PositionBits-1:0] * LaneBytes[PositionBits-1:0];
    end
  endfunction
  wire fills_group = many || at_least(few, lane_q, {(LaneBits+1){1'b0}});
  wire ends_row = !many && !at_least(few, lane_q, {{LaneBits{1'b0}}, 1'b1});
  wire ends_tile = ends_row && rows_left_q == 16'd1;
  wire [LaneBits-1:0] next_lane = fills_group ? 0 : lane_q + columns_left_q[LaneBits-1:0];
  wire signed [PositionBits-1:0] next_origin =
      ends_row ? row_origin_q - $signed(lane_bytes(next_lane)) : origin_q + $signed(GroupBytes[PositionBits-1:0]);
  wire signed [20:0] window_end = top_q + kernel;
  wire signed [20:0] limit = {5'd0, limit_q};
  wire [TurnBits:0] turn_sum = {1'b0, turn_q} + TurnRest[TurnBits:0];
  wire turn_wraps = turn_sum >= Lanes[TurnBits:0];

  integer ky;
  always @(posedge aclk) begin
    case (state_q)
      Idle: begin
        tiles_left_q <= tiles_i;
        if (start_i) state_q <= Sizes;
      end
      Sizes: state_q <= Limits;
      Limits: state_q <= Totals;
      Totals: if (nibble_q == 2'd0) state_q <= Tile;
      Tile: begin
        pad_left_rows_q <= pad_top_q;
        top_q <= 21'sd0;
        turn_q <= 0;
        slot_q <= 0;
        rows_left_q <= out_height_q;
        columns_left_q <= out_width_q;
        lane_q <= 0;
        row_origin_q <= -$signed(pad_bytes_q);
        origin_q <= -$signed(pad_bytes_q);
        position_q <= -$signed(pad_bytes_q);
        pass_q <= 0;
        pass_slot_q <= 0;
        read_q <= 0;
        phase_q <= 2'd0;
        state_q <= Pad;
      end
      Pad: begin
        if (pad_left_rows_q == 8'd0) begin
          state_q <= Row;
        end else begin
          pad_left_rows_q <= pad_left_rows_q - 8'd1;
          top_q <= top_q - 21'sd1;
          turn_q <= turn_q == 0 ? LastLane : turn_q - 1'b1;
          if (turn_q == 0) slot_q <= slot_q - 1'b1;
        end
      end
      Row: begin
        need_q <= window_end < limit ? window_end : limit;
        for (ky = 0; ky < K; ky = ky + 1)
          outside_q[ky] <= top_q < -$signed(ky[20:0]) || top_q >= height - $signed(ky[20:0]);
        state_q <= Run;
      end
      default: begin
        if (issue && advance) begin
          read_q <= read_last ? 0 : read_q + 1'b1;
          position_q <= position_q + 16;
          phase_q <= C != 3 || phase_q == 2'd2 ? 2'd0 : phase_q + 2'd1;
          if (read_last) begin
            pass_q <= pass_last ? 0 : pass_q + 1'b1;
            pass_slot_q <= pass_last ? 0 : pass_slot_q + 1'b1;
            position_q <= origin_q;
            phase_q <= 2'd0;
          end
          if (segment_last) begin
            columns_left_q <= ends_row ? out_width_q :
                              columns_left_q - {{(15 - LaneBits){1'b0}}, lanes_open};
            lane_q <= next_lane;
            origin_q <= next_origin;
            position_q <= next_origin;
          end
          if (segment_last && ends_row) begin
            rows_left_q <= rows_left_q - 16'd1;
            top_q <= top_q + stride;
            turn_q <= turn_wraps ? turn_sum[TurnBits-1:0] - Lanes[TurnBits-1:0]
                                 : turn_sum[TurnBits-1:0];
            slot_q <= slot_q + SlotRest[SlotBits-1:0] + {{(SlotBits - 1){1'b0}}, turn_wraps};
            state_q <= Row;
          end
          if (segment_last && ends_tile) begin
            tiles_left_q <= tiles_left_q - 16'd1;
            state_q <= tiles_left_q == 16'd1 ? Idle : Tile;
          end
        end
      end
    endcase
    if (!aresetn) state_q <= Idle;
  end

  // ---------------------------------------------------------------------------------------------
  // The parts
  wire [Lanes-1:0]      from_turn = {Lanes{1'b1}} << (Lanes == 1 ? 0 : turn_q);
  wire [P-1:0]          from_lane = {P{1'b1}} << (P == 1 ? 0 : lane_q);
  wire [P-1:0]          beyond_row = fills_group ? {P{1'b0}} : {P{1'b1}} << next_lane;
  wire [Lanes*128-1:0]  rows;
  wire                  window_valid;
  wire [K*Words*128-1:0] window;
  wire [P+1:0]          segment;
  wire                  window_done;
  wire                  window_busy;
  wire                  patches_busy;

  seigo_stem_image #(
    .Lanes(Lanes),
    .TurnBits(TurnBits),
    .SlotBits(SlotBits),
    .WordBits(WordBits)
  ) image (
    .aclk(aclk),
    .aresetn(aresetn),
    .tile_i(tile),
    .address_i(image_q),
    .total_i(total_q),
    .capacity_i(capacity_q),
    .row_beats_i(row_beats_q),
    .top_i(top_q),
    .arrived_o(arrived),
    .req_valid_o(req_valid_o),
    .req_ready_i(req_ready_i),
    .req_address_o(req_address_o),
    .req_beats_o(req_beats_o),
    .data_valid_i(data_valid_i),
    .data_i(data_i),
    .read_i(advance),
    .read_slot_i(slot_q + pass_slot_q),
    .read_next_i(~from_turn),
    .read_word_i(position_q[WordBits+3:4]),
    .rows_o(rows)
  );

  seigo_stem_window #(
    .P(P),
    .K(K),
    .C(C),
    .Shifts(Possible),
    .Lanes(Lanes),
    .Passes(Passes),
    .Words(Words),
    .TurnBits(TurnBits),
    .PassBits(PassBits),
    .ReadBits(ReadBits),
    .PositionBits(PositionBits)
  ) windows (
    .aclk(aclk),
    .aresetn(aresetn),
    .row_bytes_i(row_bytes_q),
    .pad_i(pad_q),
    .ready_o(advance),
    .valid_i(issue && (Reads == Words || !read_last)),
    .pass_i(pass_q),
    .index_i(read_q),
    .phase_i(phase_q),
    .outside_i(outside_q),
    .segment_i({ends_tile, fills_group || ends_tile, from_lane & ~beyond_row}),
    .position_i(position_q),
    .turn_i(turn_q),
    .rows_i(rows),
    .busy_o(window_busy),
    .window_valid_o(window_valid),
    .window_o(window),
    .segment_o(segment),
    .window_done_i(window_done)
  );

  seigo_stem_patches #(
    .P(P),
    .K(K),
    .S(S),
    .C(C),
    .Words(Words),
    .Steps(Steps),
    .StepBits(StepBits),
    .GroupBits(GroupBits),
    .Buffers(Buffers),
    .BufferBits(BufferBits)
  ) patches (
    .aclk(aclk),
    .aresetn(aresetn),
    .batch_groups_i(batch_groups_q),
    .batch_extra_i(batch_extra_q),
    .busy_o(patches_busy),
    .window_valid_i(window_valid),
    .window_i(window),
    .segment_i(segment),
    .window_done_o(window_done),
    .batches_o(batches_o),
    .read_i(read_i),
    .read_step_i(read_step_i),
    .read_group_i(read_group_i),
    .data_o(data_o),
    .batch_done_i(batch_done_i)
  );

  assign busy_o = state_q != Idle || window_busy || patches_busy;

  // Addresses are multiples of 16; a row has at most 2^WordBits words.
  wire unused = |{address_i[3:0], row_bytes_up};

endmodule

`default_nettype wire
