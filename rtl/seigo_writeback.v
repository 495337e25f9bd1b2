// Packs results into rows of the shared memory: planes of pixels in raster order, one 16-byte word
// a pixel (the low bytes of its channels) or, with `wide_i`, two (channels 0 to 7, then 8 to 15).
//
// One write of up to P words for each row; the last row of a plane enables only its own banks.
// Beats carry 1 to N pixels, low first (0: ignored), and do not cross the end of a plane. A beat a
// cycle, but: N = P = 1 takes two cycles for a wide pixel, and a beat that both completes a row and
// begins the last, partial one of its plane takes one more. Rows wait in a queue of 4 for the
// memory; a row is requested 3 cycles after its last pixel at the earliest.
//
// With two streams, whose beats come in any order, each has its place and its unfinished row; all else they share.
`default_nettype none

module seigo_writeback #(
  // Words of a row: 1, 2, 4, 8.
  parameter P = 4,
  // Pixels taken a cycle: at most P / 2, or 1.
  parameter N = 2,
  // 1: every beat but the last one of a plane has N = P / 2 pixels, so that words keep their places; no rotation is built.
  parameter Aligned = 0,
  // Streams of results: 1 or 2.
  parameter Streams = 1,
  parameter RowBits = 14
) (
  input  wire                  aclk,
  input  wire                  aresetn,
  // A pass begins for these streams: samples their configuration. Only while `idle_o`.
  input  wire [Streams-1:0]    start_i,
  input  wire [Streams-1:0]    wide_i,
  // Word addresses, multiples of P: of the first plane, and from plane to plane.
  input  wire [20*Streams-1:0] base_i,
  input  wire [20*Streams-1:0] stride_i,
  // Pixels of a plane and planes, both at least 1.
  input  wire [23:0]           pixels_i,
  input  wire [15:0]           planes_i,
  output wire                  idle_o,
  // Results, int16 a channel; of one stream a cycle.
  input  wire [Streams-1:0]    valid_i,
  output wire [Streams-1:0]    ready_o,
  input  wire [256*N-1:0]      data_i,
  input  wire [2:0]            count_i,
  // Writes.
  output wire                  req_valid_o,
  input  wire                  req_ready_i,
  output wire [RowBits-1:0]    req_row_o,
  output wire [P-1:0]          req_enable_o,
  output wire [128*P-1:0]      req_data_o
);

  localparam PBits = P == 1 ? 0 : P == 2 ? 1 : P == 4 ? 2 : 3;
  // Words of a beat that one cycle places.
  localparam Words = 2 * N <= P ? 2 * N : 1;
  localparam QueueWidth = RowBits + P + 128 * P;

  generate
    if (P != 1 && P != 2 && P != 4 && P != 8) begin : g_check_p
      p_must_be_1_2_4_or_8 error ();
    end
    if (N < 1 || N > 4 || (2 * N > P && !(N == 1 && P == 1))) begin : g_check_n
      n_must_be_at_most_half_of_p_or_1 error ();
    end
    if (Aligned != 0 && 2 * N != P) begin : g_check_aligned
      aligned_beats_must_be_half_a_row error ();
    end
    if (Streams != 1 && Streams != 2) begin : g_check_streams
      streams_must_be_1_or_2 error ();
    end
    if (RowBits + PBits > 20) begin : g_check_row_bits
      rows_must_fit_word_addresses_of_20_bits error ();
    end
  endgenerate

  // Addresses are whole rows; the bits below and above a row address are 0.
  wire unused = &{1'b0, base_i, stride_i};

  // Stage 1: the words of a beat, and whose they are.
  reg                 valid1_q;
  reg                 last1_q;
  reg                 stream1_q;
  reg [3:0]           count1_q;
  reg [256*N-1:0]     words1_q;
  wire                done1;

  // The stream that gives a beat.
  wire                 in_stream = Streams == 2 && valid_i[Streams-1];
  wire [Streams-1:0]   active;
  wire [Streams-1:0]   last;
  wire [Streams-1:0]   wide;
  wire                 accept = (valid_i & ready_o) != {Streams{1'b0}};
  wire                 in_wide = (valid_i & wide) != {Streams{1'b0}};
  wire                 in_last = (valid_i & last) != {Streams{1'b0}};
  wire [256*N-1:0]     narrow;

  assign ready_o = active & {Streams{!valid1_q || done1}};

  genvar i, s;
  generate
    for (i = 0; i < 16 * N; i = i + 1) begin : g_low
      assign narrow[8*i +: 8] = data_i[16*i +: 8];
    end
    assign narrow[256*N-1:128*N] = data_i[256*N-1:128*N];
  endgenerate

  always @(posedge aclk) begin
    if (accept) begin
      words1_q <= in_wide ? data_i : narrow;
      count1_q <= in_wide ? {count_i, 1'b0} : {1'b0, count_i};
      last1_q <= in_last;
      stream1_q <= in_stream;
    end
    if (!aresetn) valid1_q <= 1'b0;
    else if (accept) valid1_q <= count_i != 3'd0;
    else if (done1) valid1_q <= 1'b0;
  end

  // Stage 2: words move to their banks; a row leaves when it is full or its plane ends.
  localparam FillBits = PBits == 0 ? 1 : PBits;
  wire [FillBits*Streams-1:0] fills;
  wire [RowBits*Streams-1:0]  stream_rows;
  // The second cycle of a beat: its second word, or the partial row that it began.
  reg                         second_q;

  wire [FillBits-1:0] fill = fills[FillBits*(Streams == 2 && stream1_q) +: FillBits];
  wire [RowBits-1:0]  row = stream_rows[RowBits*(Streams == 2 && stream1_q) +: RowBits];
  wire                wide1 = wide[Streams == 2 && stream1_q];

  wire       full;
  // A wide pixel of P = 1 goes word by word.
  wire       split = P == 1 && count1_q[1];
  wire [3:0] count = P == 1 ? 4'd1 : second_q ? 4'd0 : count1_q;
  /* verilator lint_off UNUSEDSIGNAL */  // of one word, only whether there is one
  wire [4:0] reach = {{(5-FillBits){1'b0}}, fill} + {1'b0, count};
  /* verilator lint_on UNUSEDSIGNAL */
  // `reach >= limit` as a table: others wait for these bits, and few bits are faster without a carry chain.
  function reaches(input [FillBits-1:0] from, input [3:0] more, input [4:0] limit);
    integer f;
    begin
      reaches = 1'b0;
      for (f = 0; f < P; f = f + 1) begin
        if (from == f[FillBits-1:0] && {1'b0, more} >= limit - f[4:0]) reaches = 1'b1;
      end
    end
  endfunction
  wire       completes = reaches(fill, count, P[4:0]);
  wire       spills = P != 1 && last1_q && !second_q && reaches(fill, count1_q, P[4:0] + 5'd1);
  wire       ends = last1_q && !spills && (!split || second_q);
  wire       step = valid1_q && !full;
  wire       push = step && (completes || ends);
  assign done1 = step && !(spills || (split && !second_q));

  always @(posedge aclk) begin
    if (!aresetn || start_i != {Streams{1'b0}}) second_q <= 1'b0;
    else if (step) second_q <= !done1;
  end

  // Configuration, position in the pass and in its rows.
  generate
    for (s = 0; s < Streams; s = s + 1) begin : g_stream
      reg                wide_q;
      reg [RowBits-1:0]  stride_q;
      reg [23:0]         pixels_q;
      reg                active_q;
      reg [23:0]         left_q;
      reg [15:0]         planes_left_q;
      reg [FillBits-1:0] fill_q;
      reg [RowBits-1:0]  row_q;
      reg [RowBits-1:0]  plane_row_q;
      wire               take = valid_i[s] && ready_o[s];
      wire               place = step && stream1_q == s[0];
      wire [RowBits-1:0] base = base_i[20*s+PBits +: RowBits];
      assign active[s] = active_q;
      assign last[s] = left_q == {21'd0, count_i};
      assign wide[s] = wide_q;
      assign fills[FillBits*s +: FillBits] = fill_q;
      assign stream_rows[RowBits*s +: RowBits] = row_q;

      always @(posedge aclk) begin
        if (!aresetn) begin
          active_q <= 1'b0;
        end else if (start_i[s]) begin
          active_q <= 1'b1;
          wide_q <= wide_i[s];
          stride_q <= stride_i[20*s+PBits +: RowBits];
          pixels_q <= pixels_i;
          left_q <= pixels_i;
          planes_left_q <= planes_i;
        end else if (take) begin
          left_q <= last[s] ? pixels_q : left_q - {21'd0, count_i};
          if (last[s]) begin
            planes_left_q <= planes_left_q - 16'd1;
            if (planes_left_q == 16'd1) active_q <= 1'b0;
          end
        end
        if (start_i[s]) begin
          fill_q <= 0;
          row_q <= base;
          plane_row_q <= base;
        end else if (place) begin
          if (P != 1) fill_q <= ends ? {FillBits{1'b0}} : reach[FillBits-1:0];
          if (ends) begin
            row_q <= plane_row_q + stride_q;
            plane_row_q <= plane_row_q + stride_q;
          end else if (push) begin
            row_q <= row_q + 1'b1;
          end
        end
      end
    end
  endgenerate

  wire [128*P-1:0] placed;
  wire [P-1:0]     enable;
  generate
    for (i = 0; i < P; i = i + 1) begin : g_bank
      if (P == 1) begin : g_one
        assign placed = second_q ? words1_q[255:128] : words1_q[127:0];
        assign enable = 1'b1;
        wire unused_wide = wide1;
      end else begin : g_held
        // What the bank receives of the beat, whether it does, and what waits in it for the rest of the row.
        wire [127:0]         word;
        wire                 mine;
        wire                 old;
        wire [128*Streams-1:0] held;
        if (Aligned != 0) begin : g_half
          // The lower half of a row waits for the upper one, or comes with it as wide pixels.
          localparam Low = i < N;
          assign word = words1_q[128 * (Low || wide1 ? i : i - N) +: 128];
          assign old = Low && fill != 0;
          assign mine = Low && !old;
        end else begin : g_rotate
          wire [FillBits-1:0] which = i[FillBits-1:0] - fill;
          wire [128*P-1:0]    padded = {{(128*(P-Words)){1'b0}}, words1_q};
          assign word = padded[128*which +: 128];
          assign old = {1'b0, fill} > i[FillBits:0];
          assign mine = {{(4-FillBits){1'b0}}, which} < count;
          wire unused_wide = wide1;
        end
        for (s = 0; s < Streams; s = s + 1) begin : g_stream_held
          reg [127:0] held_q;
          always @(posedge aclk) if (step && mine && stream1_q == s[0]) held_q <= word;
          assign held[128*s +: 128] = held_q;
        end
        assign placed[128*i +: 128] = old ? held[128*(Streams == 2 && stream1_q) +: 128] : word;
        assign enable[i] = reach > i[4:0];
      end
    end
  endgenerate

  wire pop;
  seigo_lutram_fifo #(
    .Width     (QueueWidth),
    .DepthBits (2)
  ) rows (
    .aclk    (aclk),
    .aresetn (aresetn),
    .write_i (push),
    .data_i  ({row, enable, placed}),
    .full_o  (full),
    .pop_o   (pop),
    .valid_o (req_valid_o),
    .ready_i (req_ready_i),
    .data_o  ({req_row_o, req_enable_o, req_data_o})
  );

  // Rows in the queue's memory, for `idle_o`.
  reg [2:0] waiting_q;
  always @(posedge aclk) begin
    if (!aresetn) waiting_q <= 3'd0;
    else waiting_q <= waiting_q + {2'd0, push} - {2'd0, pop};
  end
  assign idle_o = active == {Streams{1'b0}} && !valid1_q && waiting_q == 3'd0 && !req_valid_o;

endmodule

`default_nettype wire
