// Rows from fetch to the splitter in a plane pass: P pixels in, LP pixels a cycle out, with the count of
// pixels that belong to the plane. The sender holds credits for Depth rows.
`default_nettype none

module seigo_plane_feed #(
  parameter P = 4,
  parameter LP = P >= 2 ? P / 2 : 1,
  parameter Depth = 16
) (
  input  wire              aclk,
  input  wire              aresetn,
  input  wire              start_i,
  input  wire [31:0]       pixels_i,  // of a plane, valid from the cycle after start_i
  input  wire              valid_i,
  input  wire [128*P-1:0]  data_i,
  output wire              pop_o,     // a row has left
  output wire              valid_o,
  input  wire              ready_i,
  output wire [128*LP-1:0] data_o,
  output wire [3:0]        count_o,
  output wire              busy_o
);
  localparam Parts    = P / LP;
  localparam PartBits = (Parts > 1) ? $clog2(Parts) : 1;

  wire                 row_valid;
  wire [128*P-1:0]     row;
  wire [$clog2(Depth):0] rows;
  reg  [PartBits-1:0]  part_q;
  reg  [31:0]          left_q;
  reg                  start_q;

  seigo_queue #(.Width(128*P), .Depth(Depth)) i_rows (
    .aclk(aclk), .aresetn(aresetn), .push_i(valid_i), .data_i(data_i),
    .valid_o(row_valid), .data_o(row), .pop_i(pop_o), .count_o(rows)
  );

  wire        last_part = {{(32-PartBits){1'b0}}, part_q} == Parts - 1;
  wire [31:0] count     = (left_q > LP) ? LP : left_q;
  wire        plane_end = left_q <= LP;
  wire        take      = valid_o && ready_i;
  // The parts behind the end of a plane are skipped with its last one.
  assign pop_o   = take && (last_part || plane_end);
  assign valid_o = row_valid;
  assign data_o  = row[128*LP*part_q +: 128*LP];
  assign count_o = count[3:0];
  assign busy_o  = rows != 0;

  always @(posedge aclk) begin
    start_q <= start_i && aresetn;
    if (!aresetn) part_q <= 0;
    else if (take) part_q <= pop_o ? 0 : part_q + 1'b1;
    if (start_q || (take && plane_end)) left_q <= pixels_i;
    else if (take)                      left_q <= left_q - count;
  end
endmodule

`default_nettype wire
