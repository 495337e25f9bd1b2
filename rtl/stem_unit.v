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
module stem_unit #(
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
  // Derived, not to be set
  parameter Steps = (K * K * C + 15) / 16,
  parameter StepBits = Steps == 1 ? 1 : $clog2(Steps),
  parameter GroupBits = $clog2(G)
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

  // Client 0 of axi_read
  output wire                 req_valid_o,
  input  wire                 req_ready_i,
  output wire [39:0]          req_address_o,
  output wire [4:0]           req_beats_o,
  input  wire                 data_valid_i,
  input  wire [127:0]         data_i,

  // The oldest batch: complete; read a word of all lanes; free it (with its last read, or later)
  output wire                 batch_ready_o,
  output wire [2:0]           batches_o,
  input  wire                 read_i,
  input  wire [StepBits-1:0]  read_step_i,
  input  wire [GroupBits-1:0] read_group_i,
  output wire [128*P-1:0]     data_o,
  input  wire                 batch_done_i
);

  localparam ReadLatency = 2;
  localparam RunBytes = K * C;
  localparam LaneBytes = S * C;
  localparam WindowBytes = ((P - 1) * S + K) * C;
  localparam Words = (WindowBytes + 15) / 16;
  localparam MaxShift = C == 4 ? 12 : C == 2 ? 14 : 15;
  localparam Reads = (WindowBytes + MaxShift + 15) / 16;

  // The fewest memories that keep the array fed
  function integer lanes_needed(input integer limit);
    integer lanes;
    begin
      lanes_needed = K;
      for (lanes = K; lanes >= 1; lanes = lanes - 1)
        if ((K + lanes - 1) / lanes * Reads <= limit) lanes_needed = lanes;
    end
  endfunction

  localparam Lanes = lanes_needed(Steps);
  localparam Passes = (K + Lanes - 1) / Lanes;
  localparam SlotBits = (K + S + Lanes - 1) / Lanes <= 2 ? 1 : $clog2((K + S + Lanes - 1) / Lanes);
  localparam Rows = Lanes << SlotBits;
  localparam WordBits = MaxWidth * C <= 256 ? 5 : $clog2((MaxWidth * C + 15) / 16);
  localparam LaneBits = P == 1 ? 1 : $clog2(P);
  localparam BufferBits = $clog2(Buffers);
  localparam TurnBits = Lanes == 1 ? 1 : $clog2(Lanes);
  localparam PassBits = Passes == 1 ? 1 : $clog2(Passes);
  localparam ReadBits = Reads == 1 ? 1 : $clog2(Reads);
  localparam PositionBits = 18;
  localparam AddressBits = BufferBits + StepBits + GroupBits;

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
  reg [23:0]             capacity_q;

  wire [PositionBits-1:0] row_bytes_up = row_bytes_q + 15;
  wire signed [20:0] kernel = $signed(K[20:0]);
  wire signed [20:0] stride = $signed(S[20:0]);
  wire signed [20:0] out_rows = {5'd0, out_height_q} - 21'd1;
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
      row_bytes_q <= {2'd0, in_width_q} * C[PositionBits-1:0];
      pad_bytes_q <= {10'd0, pad_left_q} * C[PositionBits-1:0];
      rows_end_q <= out_rows * stride + kernel - $signed({13'd0, pad_top_q});
    end
    if (state_q == Limits) begin
      row_beats_q <= row_bytes_up[WordBits+4:4];
      limit_q <= rows_end_q < 0 ? 16'd0 : rows_end_q < height ? rows_end_q[15:0] : in_height_q;
    end
    if (state_q == Totals) begin
      total_q <= {8'd0, limit_q} * {{(23 - WordBits){1'b0}}, row_beats_q};
      capacity_q <= {{(23 - WordBits){1'b0}}, row_beats_q} * Rows[23:0];
    end
  end

  // ---------------------------------------------------------------------------------------------
  // Image rows from DDR. `credit_q` is the free room in the row buffers, in beats: rows that no
  // later output row needs (those above `top_q`) give theirs back, one row a cycle. A burst is at most
// a row long: while the K rows of a window are not there, so much room always is.
  localparam Size = 2'd0;
  localparam Room = 2'd1;
  localparam Ask = 2'd2;

  reg [1:0]               ask_q;
  reg [39:4]              address_q;
  reg [4:0]               beats_q;
  reg [23:0]              left_q;
  reg [23:0]              credit_q;
  reg signed [20:0]       freed_q;
  reg signed [20:0]       top_q;

  wire [4:0] to_boundary = 5'd16 - {1'b0, address_q[7:4]};
  wire [4:0] beats = left_q < {19'd0, to_boundary} ? left_q[4:0] : to_boundary;
  wire asked = req_valid_o && req_ready_i;
  wire free = freed_q < top_q;

  assign req_valid_o = ask_q == Ask;
  assign req_address_o = {address_q, 4'd0};
  assign req_beats_o = beats_q;

  always @(posedge aclk) begin
    case (ask_q)
      Size: begin
        beats_q <= row_beats_q < {{(WordBits - 4){1'b0}}, beats} ? row_beats_q[4:0] : beats;
        if (left_q != 24'd0) ask_q <= Room;
      end
      Room: begin
        if (credit_q >= {19'd0, beats_q}) ask_q <= Ask;
      end
      default: begin
        if (req_ready_i) begin
          address_q <= address_q + {31'd0, beats_q};
          left_q <= left_q - {19'd0, beats_q};
          ask_q <= Size;
        end
      end
    endcase
    credit_q <= credit_q - (asked ? {19'd0, beats_q} : 24'd0) +
                (free ? {{(23 - WordBits){1'b0}}, row_beats_q} : 24'd0);
    if (free) freed_q <= freed_q + 21'sd1;
    if (tile) begin
      ask_q <= Size;
      address_q <= image_q;
      left_q <= total_q;
      credit_q <= capacity_q;
      freed_q <= 21'sd0;
    end
    if (!aresetn) begin
      ask_q <= Size;
      left_q <= 24'd0;
    end
  end

  reg [WordBits-1:0] in_word_q;
  reg [TurnBits-1:0] in_lane_q;
  reg [SlotBits-1:0] in_slot_q;
  reg [15:0]         arrived_q;
  wire in_row_ends = {1'b0, in_word_q} == row_beats_q - 1'b1;

  always @(posedge aclk) begin
    if (data_valid_i) begin
      in_word_q <= in_row_ends ? 0 : in_word_q + 1'b1;
      if (in_row_ends) begin
        arrived_q <= arrived_q + 16'd1;
        in_lane_q <= in_lane_q == Lanes[TurnBits-1:0] - 1'b1 ? 0 : in_lane_q + 1'b1;
        if (in_lane_q == Lanes[TurnBits-1:0] - 1'b1) in_slot_q <= in_slot_q + 1'b1;
      end
    end
    if (tile) begin
      in_word_q <= 0;
      in_lane_q <= 0;
      in_slot_q <= 0;
      arrived_q <= 16'd0;
    end
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
  reg [TurnBits-1:0]            turn_q;
  reg [SlotBits-1:0]            slot_q;
  reg [15:0]                    rows_left_q;
  reg [15:0]                    columns_left_q;
  reg [LaneBits-1:0]            lane_q;
  reg signed [PositionBits-1:0] origin_q;
  reg signed [PositionBits-1:0] position_q;
  reg [PassBits-1:0]            pass_q;
  reg [SlotBits-1:0]            pass_slot_q;
  reg [ReadBits-1:0]            read_q;
  reg [1:0]                     phase_q;
  reg signed [20:0]             need_q;
  reg [K-1:0]                   outside_q;
  wire                          advance;

  wire rows_there = $signed({5'd0, arrived_q}) >= need_q;
  wire issue = state_q == Run && rows_there;
  wire read_last = read_q == Reads[ReadBits-1:0] - 1'b1;
  wire pass_last = pass_q == Passes[PassBits-1:0] - 1'b1;
  wire segment_last = read_last && pass_last;
  wire [LaneBits:0] lanes_open = P[LaneBits:0] - (P == 1 ? 0 : {1'b0, lane_q});
  wire fills_group = columns_left_q >= {{(15 - LaneBits){1'b0}}, lanes_open};
  wire ends_row = columns_left_q <= {{(15 - LaneBits){1'b0}}, lanes_open};
  wire ends_tile = ends_row && rows_left_q == 16'd1;
  wire [LaneBits-1:0] next_lane = fills_group ? 0 : lane_q + columns_left_q[LaneBits-1:0];
  wire signed [PositionBits-1:0] next_origin =
      ends_row ? -$signed(pad_bytes_q) - $signed({{(PositionBits - LaneBits){1'b0}}, next_lane}
                                                 * LaneBytes[PositionBits-1:0])
               : origin_q + $signed(GroupBytes[PositionBits-1:0]);
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
      Totals: state_q <= Tile;
      Tile: begin
        pad_left_rows_q <= pad_top_q;
        top_q <= 21'sd0;
        turn_q <= 0;
        slot_q <= 0;
        rows_left_q <= out_height_q;
        columns_left_q <= out_width_q;
        lane_q <= 0;
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
  // Window loader, stages a (memory output), b (rows in order), c (the word before b's), d (shifted
  // and padded). All wait while the first word of a window finds the next window still occupied.
  localparam RamBits = SlotBits + WordBits;
  localparam LastWordIndex = Words - 1;
  localparam [ReadBits-1:0] LastWord = LastWordIndex[ReadBits-1:0];
  localparam [PassBits-1:0] LastPass = Passes[PassBits-1:0] - 1'b1;
  localparam WindowBits = K * Words * 128;

  wire [Lanes*128-1:0] a_rows;
  wire [Lanes-1:0]     from_turn = {Lanes{1'b1}} << (Lanes == 1 ? 0 : turn_q);

  genvar m;
  generate
    for (m = 0; m < Lanes; m = m + 1) begin : g_rows
      wire [SlotBits-1:0] slot = slot_q + pass_slot_q + {{(SlotBits - 1){1'b0}}, !from_turn[m]};
      dual_port_ram #(
        .Width(128),
        .Depth(1 << RamBits),
        .AddressBits(RamBits)
      ) rows (
        .aclk(aclk),
        .write_i(data_valid_i && in_lane_q == m),
        .write_address_i({in_slot_q, in_word_q}),
        .write_data_i(data_i),
        .read_i(advance),
        .read_address_i({slot, position_q[WordBits+3:4]}),
        .read_data_o(a_rows[128*m +: 128])
      );
    end
  endgenerate

  reg                           a_valid_q;
  reg                           b_valid_q;
  reg                           c_valid_q;
  reg                           d_valid_q;
  reg [PassBits-1:0]            a_pass_q;
  reg [PassBits-1:0]            b_pass_q;
  reg [PassBits-1:0]            c_pass_q;
  reg [PassBits-1:0]            d_pass_q;
  reg [ReadBits-1:0]            a_index_q;
  reg [ReadBits-1:0]            b_index_q;
  reg [ReadBits-1:0]            c_index_q;
  reg [ReadBits-1:0]            d_index_q;
  reg [1:0]                     a_phase_q;
  reg [1:0]                     b_phase_q;
  reg [1:0]                     c_phase_q;
  reg [K-1:0]                   a_outside_q;
  reg [K-1:0]                   b_outside_q;
  reg [K-1:0]                   c_outside_q;
  // Lanes of the segment, and what it ends: {tile, group, lanes}
  reg [P+1:0]                   a_segment_q;
  reg [P+1:0]                   b_segment_q;
  reg [P+1:0]                   c_segment_q;
  reg [P+1:0]                   d_segment_q;
  reg signed [PositionBits-1:0] a_position_q;
  reg [TurnBits-1:0]            a_turn_q;
  reg [3:0]                     b_shift_q;
  reg [3:0]                     c_shift_q;
  reg [15:0]                    b_mask_q;
  reg [15:0]                    c_mask_q;
  reg [Lanes*128-1:0]           b_rows_q;
  reg [Lanes*128-1:0]           c_rows_q;
  reg [Lanes*128-1:0]           d_rows_q;

  wire signed [PositionBits-1:0] a_room = $signed(row_bytes_q) - a_position_q;
  wire [3:0] a_shift = a_position_q[3:0];
  wire [P-1:0] from_lane = {P{1'b1}} << (P == 1 ? 0 : lane_q);
  wire [P-1:0] beyond_row = fills_group ? {P{1'b0}} : {P{1'b1}} << next_lane;

  // Pad value of byte k of a word whose first byte belongs to channel `phase`
  function [7:0] pad_value(input [31:0] pads, input [1:0] phase, input integer k);
    begin
      case (phase)
        2'd0: pad_value = pads[8*(k % C) +: 8];
        2'd1: pad_value = pads[8*((k + 1) % C) +: 8];
        default: pad_value = pads[8*((k + 2) % C) +: 8];
      endcase
    end
  endfunction

  // Whether row q of the pass lies outside of the image
  function row_outside(input [K-1:0] outside, input [PassBits-1:0] pass, input integer row);
    integer p;
    begin
      row_outside = 1'b0;
      for (p = 0; p < Passes; p = p + 1)
        if (pass == p[PassBits-1:0] && p * Lanes + row < K)
          row_outside = outside[p * Lanes + row];
    end
  endfunction

  wire [Lanes*128-1:0] c_shifted;
  wire [Lanes-1:0]     c_row_outside;
  generate
    for (m = 0; m < Lanes; m = m + 1) begin : g_shift
      wire [255:0] pair = {b_rows_q[128*m +: 128], c_rows_q[128*m +: 128]};
      assign c_shifted[128*m +: 128] = pair[{1'b0, c_shift_q, 3'd0} +: 128];
      assign c_row_outside[m] = row_outside(c_outside_q, c_pass_q, m);
    end
  endgenerate

  integer q, t, k;
  always @(posedge aclk) begin
    if (advance) begin
      a_valid_q <= issue && read_q <= LastWord;
      a_pass_q <= pass_q;
      a_index_q <= read_q;
      a_phase_q <= phase_q;
      a_outside_q <= outside_q;
      a_segment_q <= {ends_tile, fills_group || ends_tile, from_lane & ~beyond_row};
      a_position_q <= position_q;
      a_turn_q <= turn_q;

      b_valid_q <= a_valid_q;
      b_pass_q <= a_pass_q;
      b_index_q <= a_index_q;
      b_phase_q <= a_phase_q;
      b_outside_q <= a_outside_q;
      b_segment_q <= a_segment_q;
      b_shift_q <= a_shift;
      for (k = 0; k < 16; k = k + 1)
        b_mask_q[k] <=
            (a_position_q < 0 && (a_position_q < -16 || {1'b0, a_shift} + k[4:0] < 5'd16)) ||
            a_room <= $signed({{(PositionBits - 5){1'b0}}, k[4:0]});
      for (q = 0; q < Lanes; q = q + 1)
        for (t = 0; t < Lanes; t = t + 1)
          if (a_turn_q == t[TurnBits-1:0])
            b_rows_q[128*q +: 128] <= a_rows[128*((q + t) % Lanes) +: 128];

      c_valid_q <= b_valid_q;
      c_pass_q <= b_pass_q;
      c_index_q <= b_index_q;
      c_phase_q <= b_phase_q;
      c_outside_q <= b_outside_q;
      c_segment_q <= b_segment_q;
      c_shift_q <= b_shift_q;
      c_mask_q <= b_mask_q;
      c_rows_q <= b_rows_q;

      d_valid_q <= c_valid_q;
      d_pass_q <= c_pass_q;
      d_index_q <= c_index_q;
      d_segment_q <= c_segment_q;
      for (q = 0; q < Lanes; q = q + 1)
        for (k = 0; k < 16; k = k + 1)
          d_rows_q[128*q + 8*k +: 8] <= c_mask_q[k] || c_row_outside[q] ?
              pad_value(pad_q, c_phase_q, k) : c_shifted[128*q + 8*k +: 8] ^ 8'h80;
    end
    if (!aresetn) begin
      a_valid_q <= 1'b0;
      b_valid_q <= 1'b0;
      c_valid_q <= 1'b0;
      d_valid_q <= 1'b0;
    end
  end

  // ---------------------------------------------------------------------------------------------
  // The next window is filled word by word and becomes the current one when that is used up.
  reg [WindowBits-1:0] next_q;
  reg                  next_full_q;
  reg [P+1:0]          next_segment_q;
  reg [WindowBits-1:0] window_q;
  reg                  window_valid_q;
  reg [P+1:0]          segment_q;
  reg [StepBits-1:0]   step_q;
  reg [BufferBits:0]   used_q;

  wire fill = d_valid_q && advance;
  wire emit = window_valid_q && used_q != Buffers[BufferBits:0];
  wire emit_last = emit && step_q == Steps[StepBits-1:0] - 1'b1;
  wire move = next_full_q && (!window_valid_q || emit_last);
  wire group_ends = segment_q[P];
  wire tile_ends = segment_q[P+1];

  assign advance = !(d_valid_q && next_full_q && !move);

  wire [K-1:0]     d_row;
  wire [Words-1:0] d_word;
  generate
    for (m = 0; m < K; m = m + 1) begin : g_row
      localparam RowPass = m / Lanes;
      assign d_row[m] = d_pass_q == RowPass[PassBits-1:0];
    end
    for (m = 0; m < Words; m = m + 1) begin : g_word
      assign d_word[m] = d_index_q == m[ReadBits-1:0];
    end
  endgenerate

  integer y, w;
  always @(posedge aclk) begin
    if (fill) begin
      for (y = 0; y < K; y = y + 1)
        for (w = 0; w < Words; w = w + 1)
          if (d_row[y] && d_word[w])
            next_q[128*(y*Words + w) +: 128] <= d_rows_q[128*(y % Lanes) +: 128];
      next_segment_q <= d_segment_q;
    end
    if (move) begin
      window_q <= next_q;
      segment_q <= next_segment_q;
    end
    if (fill && d_pass_q == LastPass && d_index_q == LastWord) next_full_q <= 1'b1;
    else if (move) next_full_q <= 1'b0;
    if (move) window_valid_q <= 1'b1;
    else if (emit_last) window_valid_q <= 1'b0;
    if (emit) step_q <= emit_last ? 0 : step_q + 1'b1;
    if (!aresetn) begin
      next_full_q <= 1'b0;
      window_valid_q <= 1'b0;
      step_q <= 0;
    end
  end

  // ---------------------------------------------------------------------------------------------
  // One step of all lanes a cycle into the patch buffer, in the order (group, step).
  reg [BufferBits-1:0]  write_buffer_q;
  reg [BufferBits-1:0]  read_buffer_q;
  reg [BufferBits:0]    ready_q;
  reg [GroupBits-1:0]   group_q;
  reg [15:0]            batch_q;
  reg                   complete_q;
  reg [P-1:0]           put_q;
  reg [AddressBits-1:0] put_address_q;
  reg [128*P-1:0]       put_data_q;

  wire [4:0] batch_groups = batch_groups_q + (batch_q < batch_extra_q ? 5'd1 : 5'd0);
  wire group_last = {{(5 - GroupBits){1'b0}}, group_q} + 5'd1 == batch_groups;
  wire batch_ends = emit_last && group_ends && (group_last || tile_ends);

  // One word of the patch of a lane: the K runs one behind the other, then zeros
  function [127:0] patch_word(input [WindowBits-1:0] window, input integer lane,
                              input [StepBits-1:0] step);
    reg [(128 << StepBits)-1:0] patch;
    integer run;
    begin
      patch = 0;
      for (run = 0; run < K; run = run + 1)
        patch[8*RunBytes*run +: 8*RunBytes] =
            window[128*Words*run + 8*LaneBytes*lane +: 8*RunBytes];
      patch_word = patch[{step, 7'd0} +: 128];
    end
  endfunction

  integer j;
  always @(posedge aclk) begin
    put_q <= emit ? segment_q[P-1:0] : {P{1'b0}};
    put_address_q <= {write_buffer_q, step_q, group_q};
    complete_q <= batch_ends;
    if (emit) begin
      for (j = 0; j < P; j = j + 1)
        put_data_q[128*j +: 128] <= patch_word(window_q, j, step_q);
    end
    if (emit_last && group_ends) group_q <= batch_ends ? 0 : group_q + 1'b1;
    if (batch_ends) begin
      batch_q <= tile_ends ? 16'd0 : batch_q + 16'd1;
      write_buffer_q <= write_buffer_q + 1'b1;
    end
    if (batch_done_i) read_buffer_q <= read_buffer_q + 1'b1;
    used_q <= used_q + {{BufferBits{1'b0}}, batch_ends} - {{BufferBits{1'b0}}, batch_done_i};
    ready_q <= ready_q + {{BufferBits{1'b0}}, complete_q} - {{BufferBits{1'b0}}, batch_done_i};
    if (!aresetn) begin
      put_q <= 0;
      complete_q <= 1'b0;
      group_q <= 0;
      batch_q <= 16'd0;
      write_buffer_q <= 0;
      read_buffer_q <= 0;
      used_q <= 0;
      ready_q <= 0;
    end
  end

  genvar n;
  generate
    for (n = 0; n < P; n = n + 1) begin : g_patch
      reg [127:0]  data_q;
      wire [127:0] data;
      dual_port_ram #(
        .Width(128),
        .Depth(1 << AddressBits),
        .AddressBits(AddressBits)
      ) words (
        .aclk(aclk),
        .write_i(put_q[n]),
        .write_address_i(put_address_q),
        .write_data_i(put_data_q[128*n +: 128]),
        .read_i(read_i),
        .read_address_i({read_buffer_q, read_step_i, read_group_i}),
        .read_data_o(data)
      );
      always @(posedge aclk) data_q <= data;
      assign data_o[128*n +: 128] = data_q;
    end
  endgenerate

  assign batch_ready_o = ready_q != 0;
  assign batches_o = ready_q;
  assign busy_o = state_q != Idle || a_valid_q || b_valid_q || c_valid_q || d_valid_q ||
                  next_full_q || window_valid_q || used_q != 0;

  // Addresses are multiples of 16; a row has at most 2^WordBits words.
  wire unused = |{address_i[3:0], row_bytes_up};

endmodule
