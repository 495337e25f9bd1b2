// A register slice for a channel with valid and ready: two entries, so that both outputs are registers and a word passes in
// every cycle. A word that enters in cycle t is offered in cycle t + 1. Valid stays until it is taken, with the same word.
`default_nettype none

module seigo_skid #(
  // Bits of a word.
  parameter Width = 8
) (
  input  wire             aclk,
  input  wire             aresetn,

  // Words come in where valid and ready meet,
  input  wire             valid_i,
  output wire             ready_o,
  input  wire [Width-1:0] data_i,

  // and leave in their order where these do.
  output wire             valid_o,
  input  wire             ready_i,
  output wire [Width-1:0] data_o
);
  generate
    if (Width < 1) begin : g_check
      skid_needs_a_width_of_1_at_least error ();
    end
  endgenerate

  // The word that is offered, and one that came while it waited.
  reg             offered_q, ready_q;
  reg [Width-1:0] word_q, kept_q;

  wire leaves = ready_i || !offered_q;

  assign ready_o = ready_q;
  assign valid_o = offered_q;
  assign data_o = word_q;

  always @(posedge aclk) begin
    if (!aresetn) begin
      offered_q <= 1'b0;
      ready_q <= 1'b1;
    end else if (leaves) begin
      offered_q <= valid_i || !ready_q;
      ready_q <= 1'b1;
    end else begin
      ready_q <= ready_q && !valid_i;
    end
  end

  always @(posedge aclk) begin
    if (leaves) word_q <= ready_q ? data_i : kept_q;
    if (ready_q) kept_q <= data_i;
  end
endmodule

`default_nettype wire
