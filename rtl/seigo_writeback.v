// Packs results into rows of the shared memory: planes of pixels in raster order, one 16-byte word
// a pixel (the low bytes of its channels) or, with `wide_i`, two (channels 0 to 7, then 8 to 15).
//
// One write of up to P words for each row; the last row of a plane enables only its own banks.
// Beats carry 1 to N pixels, low first (0: ignored), and do not cross the end of a plane. A beat a
// cycle, but: N = P = 1 takes two cycles for a wide pixel, and a beat that both completes a row and
// begins the last, partial one of its plane takes one more. Rows wait in a queue of 4 for the
// memory; a row is requested 3 cycles after its last pixel at the earliest.
`default_nettype none

module seigo_writeback #(
  // Words of a row: 1, 2, 4, 8.
  parameter P = 4,
  // Pixels taken a cycle: at most P / 2, or 1.
  parameter N = 2,
  // 1: every beat but the last one of a plane has N = P / 2 pixels, so that words keep their places; no rotation is built.
  parameter Aligned = 0,
  parameter RowBits = 14
) (
  input  wire               aclk,
  input  wire               aresetn,
  // A pass begins: samples the configuration. Only while `idle_o`.
  input  wire               start_i,
  input  wire               wide_i,
  // Word addresses, multiples of P: of the first plane, and from plane to plane.
  input  wire [19:0]        base_i,
  input  wire [19:0]        stride_i,
  // Pixels of a plane and planes, both at least 1.
  input  wire [23:0]        pixels_i,
  input  wire [15:0]        planes_i,
  output wire               idle_o,
  // Results, int16 a channel.
  input  wire               valid_i,
  output wire               ready_o,
  input  wire [256*N-1:0]   data_i,
  input  wire [2:0]         count_i,
  // Writes.
  output wire               req_valid_o,
  input  wire               req_ready_i,
  output wire [RowBits-1:0] req_row_o,
  output wire [P-1:0]       req_enable_o,
  output wire [128*P-1:0]   req_data_o
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
    if (RowBits + PBits > 20) begin : g_check_row_bits
      rows_must_fit_word_addresses_of_20_bits error ();
    end
  endgenerate

  // Configuration and position in the pass.
  reg               wide_q;
  reg [RowBits-1:0] stride_q;
  reg [23:0]        pixels_q;
  reg               active_q;
  reg [23:0]        left_q;
  reg [15:0]        planes_left_q;

  // Addresses are whole rows; the bits below and above a row address are 0.
  wire unused = &{1'b0, base_i, stride_i};

  // Stage 1: the words of a beat.
  reg                 valid1_q;
  reg                 last1_q;
  reg [3:0]           count1_q;
  reg [256*N-1:0]     words1_q;
  wire                done1;

  wire accept = valid_i && ready_o;
  wire last = left_q == {21'd0, count_i};
  wire [256*N-1:0] narrow;

  assign ready_o = active_q && (!valid1_q || done1);

  genvar i;
  generate
    for (i = 0; i < 16 * N; i = i + 1) begin : g_low
      assign narrow[8*i +: 8] = data_i[16*i +: 8];
    end
    assign narrow[256*N-1:128*N] = data_i[256*N-1:128*N];
  endgenerate

  always @(posedge aclk) begin
    if (start_i) begin
      wide_q <= wide_i;
      stride_q <= stride_i[PBits +: RowBits];
      pixels_q <= pixels_i;
    end
    if (accept) begin
      words1_q <= wide_q ? data_i : narrow;
      count1_q <= wide_q ? {count_i, 1'b0} : {1'b0, count_i};
      last1_q <= last;
    end
  end

  always @(posedge aclk) begin
    if (!aresetn) begin
      active_q <= 1'b0;
      valid1_q <= 1'b0;
    end else begin
      if (start_i) begin
        active_q <= 1'b1;
        left_q <= pixels_i;
        planes_left_q <= planes_i;
      end else if (accept) begin
        left_q <= last ? pixels_q : left_q - {21'd0, count_i};
        if (last) begin
          planes_left_q <= planes_left_q - 16'd1;
          if (planes_left_q == 16'd1) active_q <= 1'b0;
        end
      end
      if (accept) valid1_q <= count_i != 3'd0;
      else if (done1) valid1_q <= 1'b0;
    end
  end

  // Stage 2: words move to their banks; a row leaves when it is full or its plane ends.
  localparam FillBits = PBits == 0 ? 1 : PBits;
  reg [FillBits-1:0] fill_q;
  reg [RowBits-1:0]  row_q;
  reg [RowBits-1:0]  plane_row_q;
  // The second cycle of a beat: its second word, or the partial row that it began.
  reg                second_q;

  wire       full;
  // A wide pixel of P = 1 goes word by word.
  wire       split = P == 1 && count1_q[1];
  wire [3:0] count = P == 1 ? 4'd1 : second_q ? 4'd0 : count1_q;
  /* verilator lint_off UNUSEDSIGNAL */  // of one word, only whether there is one
  wire [4:0] reach = {{(5-FillBits){1'b0}}, fill_q} + {1'b0, count};
  /* verilator lint_on UNUSEDSIGNAL */
  // `reach >= limit` as a table: others wait for these bits, and few bits are faster without a carry chain.
  function reaches(input [FillBits-1:0] fill, input [3:0] more, input [4:0] limit);
    integer f;
    begin
      reaches = 1'b0;
      for (f = 0; f < P; f = f + 1) begin
        if (fill == f[FillBits-1:0] && {1'b0, more} >= limit - f[4:0]) reaches = 1'b1;
      end
    end
  endfunction
  wire       completes = reaches(fill_q, count, P[4:0]);
  wire       spills = P != 1 && last1_q && !second_q && reaches(fill_q, count1_q, P[4:0] + 5'd1);
  wire       ends = last1_q && !spills && (!split || second_q);
  wire       step = valid1_q && !full;
  wire       push = step && (completes || ends);
  assign done1 = step && !(spills || (split && !second_q));

  wire [128*P-1:0] placed;
  wire [P-1:0]     enable;
  generate
    for (i = 0; i < P; i = i + 1) begin : g_bank
      if (P == 1) begin : g_one
        assign placed = second_q ? words1_q[255:128] : words1_q[127:0];
        assign enable = 1'b1;
      end else if (Aligned != 0) begin : g_half
        // The lower half of a row waits for the upper one, or comes with it as wide pixels.
        localparam Low = i < N;
        wire old = Low && fill_q != 0;
        reg [127:0] held_q;
        assign placed[128*i +: 128] = old ? held_q : words1_q[128 * (Low || wide_q ? i : i - N) +: 128];
        assign enable[i] = reach > i[4:0];
        always @(posedge aclk) if (step && !old) held_q <= words1_q[128*(i % N) +: 128];
      end else begin : g_rotate
        // Which word of the beat bank i receives.
        wire [FillBits-1:0] word = i[FillBits-1:0] - fill_q;
        wire                mine = {{(4-FillBits){1'b0}}, word} < count;
        wire [128*P-1:0]    padded = {{(128*(P-Words)){1'b0}}, words1_q};
        reg [127:0]         held_q;
        wire                old = {1'b0, fill_q} > i[FillBits:0];
        assign placed[128*i +: 128] = old ? held_q : padded[128*word +: 128];
        assign enable[i] = reach > i[4:0];
        always @(posedge aclk) begin
          if (step && mine) held_q <= padded[128*word +: 128];
        end
      end
    end
  endgenerate

  always @(posedge aclk) begin
    if (!aresetn) begin
      second_q <= 1'b0;
    end else if (start_i) begin
      fill_q <= 0;
      second_q <= 1'b0;
      row_q <= base_i[PBits +: RowBits];
      plane_row_q <= base_i[PBits +: RowBits];
    end else if (step) begin
      second_q <= !done1;
      if (P != 1) fill_q <= ends ? {FillBits{1'b0}} : reach[FillBits-1:0];
      if (ends) begin
        row_q <= plane_row_q + stride_q;
        plane_row_q <= plane_row_q + stride_q;
      end else if (push) begin
        row_q <= row_q + 1'b1;
      end
    end
  end

  wire pop;
  seigo_lutram_fifo #(
    .Width     (QueueWidth),
    .DepthBits (2)
  ) rows (
    .aclk    (aclk),
    .aresetn (aresetn),
    .write_i (push),
    .data_i  ({row_q, enable, placed}),
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
  assign idle_o = !active_q && !valid1_q && waiting_q == 3'd0 && !req_valid_o;

endmodule

`default_nettype wire
