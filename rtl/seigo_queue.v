// First-in first-out queue with a count, in distributed RAM. The oldest entry is visible while valid_o.
// A push into a full queue and a pop of an empty one are the sender's errors and must not happen.
`default_nettype none

module seigo_queue #(
  parameter Width = 8,
  parameter Depth = 16  // a power of two
) (
  input  wire                   aclk,
  input  wire                   aresetn,
  input  wire                   push_i,
  input  wire [Width-1:0]       data_i,
  output wire                   valid_o,
  output wire [Width-1:0]       data_o,
  input  wire                   pop_i,
  output reg  [$clog2(Depth):0] count_o
);
  localparam Bits = $clog2(Depth);
  (* ram_style = "distributed" *) reg [Width-1:0] memory [0:Depth-1];
  reg [Bits-1:0] head_q, tail_q;

  generate
    if (Depth < 2 || (1 << Bits) != Depth) begin : g_check_depth
      queue_depth_is_no_power_of_two error ();
    end
  endgenerate

  assign valid_o = count_o != 0;
  assign data_o  = memory[head_q];

  always @(posedge aclk) begin
    if (push_i) memory[tail_q] <= data_i;
    if (!aresetn) begin
      head_q  <= 0;
      tail_q  <= 0;
      count_o <= 0;
    end else begin
      if (push_i) tail_q <= tail_q + 1'b1;
      if (pop_i)  head_q <= head_q + 1'b1;
      if (push_i && !pop_i)      count_o <= count_o + 1'b1;
      else if (!push_i && pop_i) count_o <= count_o - 1'b1;
    end
  end
endmodule

`default_nettype wire
