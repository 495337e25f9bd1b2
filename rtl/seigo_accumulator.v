// The 32 accumulators of one pixel of a group and one output channel: two halves of 16 groups in one small RAM, read
// where a sum is added and where one is drained.
//
// Sums wrap at `Bits`; one is right when it fits them at its end, whatever it passed through.
`default_nettype none

module seigo_accumulator #(
  // Bits of a sum: 20 to 32.
  parameter Bits = 32
) (
  input  wire               aclk,
  // Adds `sum_i + carry_i` to the accumulator at `address_i`, or to 0 when `first_i`.
  input  wire               add_i,
  input  wire               first_i,
  // Half, group.
  input  wire [4:0]         address_i,
  input  wire signed [19:0] sum_i,
  input  wire               carry_i,
  // The drained one, in this cycle.
  input  wire [4:0]         drain_i,
  output wire [Bits-1:0]    data_o
);

  generate
    if (Bits < 20 || Bits > 32) begin : g_check_bits
      accumulator_bits_must_be_20_to_32 error ();
    end
  endgenerate

  (* ram_style = "distributed" *)
  reg [Bits-1:0] sums [0:31];

  wire [Bits-1:0] sum = {{(Bits-19){sum_i[19]}}, sum_i[18:0]};
  wire [Bits-1:0] old = first_i ? {Bits{1'b0}} : sums[address_i];
  always @(posedge aclk) if (add_i) sums[address_i] <= old + sum + {{(Bits-1){1'b0}}, carry_i};

  assign data_o = sums[drain_i];

endmodule

`default_nettype wire
