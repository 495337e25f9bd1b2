// Joins words of LP pixels to words of twice as many, for `seigo_splitter`.
//
// Words come in raster order, low pixel first, and are full but for the last one of a plane. A word leaves when both
// halves are there, or the last pixels of a plane. Nothing comes out in the cycle in which it came; a word is taken in
// every cycle as long as those that are complete leave.
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

  reg [128*LP-1:0] low_q;
  reg [128*LP-1:0] high_q;
  reg [2:0]        count_q;
  reg              half_q;
  reg              full_q;
  reg              start_q;
  reg [31:0]       left_q;

  wire take = valid_i && ready_o && count_i != 3'd0;
  wire ends = left_q == {29'd0, count_i};
  wire leaves = full_q && ready_i;

  assign ready_o = !full_q || ready_i;
  assign valid_o = full_q;
  assign data_o = {high_q, low_q};
  assign count_o = count_q;
  assign idle_o = !half_q && !full_q;

  // The low half of the next word may come while a full one leaves.
  always @(posedge aclk) begin
    if (take && !half_q) begin
      low_q <= data_i;
      count_q <= count_i;
    end
    if (take && half_q) begin
      high_q <= data_i;
      count_q <= count_q + count_i;
    end
    if (start_q || (take && ends)) left_q <= pixels_i;
    else if (take) left_q <= left_q - {29'd0, count_i};
  end

  always @(posedge aclk) begin
    start_q <= start_i && aresetn;
    if (!aresetn) begin
      half_q <= 1'b0;
      full_q <= 1'b0;
    end else begin
      if (take) half_q <= !half_q && !ends;
      full_q <= (take && (half_q || ends)) || (full_q && !leaves);
    end
  end

endmodule

`default_nettype wire
