// Joins words of LP pixels to words of twice as many, for `seigo_splitter`.
//
// Words come in raster order, low pixel first, and are full but for the last one of a plane. A word leaves when both
// halves are there, or the last pixels of a plane. Nothing comes out in the cycle in which it came. No combinational path
// from `ready_i` to `ready_o`: the first half of a word is taken while the word before waits; so a word is taken in every
// cycle as long as those that are complete leave at once, but for a last one of a plane without a second half, which may wait one.
`default_nettype none

module seigo_joiner #(
  // Pixels taken a cycle: 1 or 2.
  parameter LP = 2
) (
  input  wire              aclk,
  input  wire              aresetn,
  // A pass begins; only while no word is held.
  input  wire              start_i,
  // Of a plane, at least 1; valid from the cycle after `start_i`.
  input  wire [31:0]       pixels_i,
  input  wire              valid_i,
  output wire              ready_o,
  input  wire [128*LP-1:0] data_i,
  // 0: nothing of the word counts.
  input  wire [2:0]        count_i,
  output wire              valid_o,
  input  wire              ready_i,
  output wire [256*LP-1:0] data_o,
  output wire [2:0]        count_o,
  output wire              idle_o
);
  generate
    if (LP != 1 && LP != 2) begin : g_check_lp
      lp_must_be_1_or_2 error ();
    end
  endgenerate

  // The first half, and a complete word.
  reg [128*LP-1:0] half_data_q;
  reg              half_q;
  reg [256*LP-1:0] word_q;
  reg [2:0]        count_q;
  reg              full_q;
  reg              start_q;
  reg [31:0]       left_q;

  wire take = valid_i && ready_o && count_i != 3'd0;
  wire ends = left_q == {29'd0, count_i};
  wire complete = take && (half_q || ends);
  // Whether the next word completes one, known a cycle ahead.
  reg  completes_q;

  assign ready_o = !full_q || !completes_q;
  assign valid_o = full_q;
  assign data_o = word_q;
  assign count_o = count_q;
  assign idle_o = !half_q && !full_q;

  wire [31:0] left = start_q || (take && ends) ? pixels_i : take ? left_q - {29'd0, count_i} : left_q;
  wire        half = take ? !half_q && !ends : half_q;
  always @(posedge aclk) begin
    left_q <= left;
    completes_q <= half || left <= LP;
    if (take && !complete) half_data_q <= data_i;
    if (complete) begin
      word_q <= half_q ? {data_i, half_data_q} : {data_i, data_i};
      count_q <= half_q ? count_i + LP[2:0] : count_i;
    end
  end

  always @(posedge aclk) begin
    start_q <= start_i && aresetn;
    if (!aresetn) begin
      half_q <= 1'b0;
      full_q <= 1'b0;
    end else begin
      half_q <= half;
      full_q <= complete || (full_q && !ready_i);
    end
  end

endmodule

`default_nettype wire
