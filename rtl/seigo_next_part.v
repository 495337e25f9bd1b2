// The order of the parts of a plane engine's window or filter: `reach_i` along each axis, row by row. A part is its
// row in the upper two bits, then its column. Combinational.
`default_nettype none

module seigo_next_part #(
  // The largest `reach_i`: 1 to 3.
  parameter Reach = 1
) (
  // 1 to Reach.
  input  wire [1:0] reach_i,
  input  wire [3:0] part_i,
  // `part_i` is the last one.
  output wire       ends_o,
  // The part behind it; behind the last one the first, 0.
  output wire [3:0] next_o
);
  generate
    if (Reach < 1 || Reach > 3) begin : g_check_reach
      reach_must_be_1_to_3 error ();
    end
    if (Reach == 1) begin : g_one
      assign ends_o = 1'b1;
      assign next_o = 4'd0;
      wire unused = &{1'b0, reach_i, part_i};
    end else begin : g_several
      wire [1:0] edge_part = reach_i - 2'd1;
      wire       row_ends = part_i[1:0] == edge_part;
      assign ends_o = row_ends && part_i[3:2] == edge_part;
      assign next_o = ends_o ? 4'd0 : row_ends ? {part_i[3:2] + 2'd1, 2'd0} : {part_i[3:2], part_i[1:0] + 2'd1};
    end
  endgenerate

endmodule

`default_nettype wire
