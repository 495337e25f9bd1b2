// The 32 accumulators of one pixel of a group and one output channel: two halves of 16 groups, each a small RAM
// with one write and one read port. A half adds to a sum or is drained, never both in one
// cycle; what begins a sum needs no read, so another group may be drained in that cycle.
`default_nettype none

module seigo_accumulator (
  input  wire               aclk,
  // Adds `sum_i + carry_i` to the accumulator at `group_i` of the half, or to 0 when `first_i`.
  input  wire [1:0]         add_i,
  input  wire               first_i,
  input  wire [3:0]         group_i,
  input  wire signed [19:0] sum_i,
  input  wire               carry_i,
  // Addresses read in each half: `group_i` where the half adds to a sum, else the drained group.
  input  wire [3:0]         read0_i,
  input  wire [3:0]         read1_i,
  input  wire               drain_half_i,
  output wire [31:0]        data_o
);

  (* ram_style = "distributed" *)
  reg [31:0] half0 [0:15];
  (* ram_style = "distributed" *)
  reg [31:0] half1 [0:15];

  wire [31:0] value0 = half0[read0_i];
  wire [31:0] value1 = half1[read1_i];
  wire [31:0] old = first_i ? 32'd0 : add_i[1] ? value1 : value0;
  wire [31:0] new_value = old + {{12{sum_i[19]}}, sum_i} + {31'd0, carry_i};

  always @(posedge aclk) if (add_i[0]) half0[group_i] <= new_value;
  always @(posedge aclk) if (add_i[1]) half1[group_i] <= new_value;

  assign data_o = drain_half_i ? value1 : value0;

endmodule

`default_nettype wire
