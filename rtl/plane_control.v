// The order of the plane engine: which group of columns enters, and which window it completes.
//
// A *slot* is a group of DP columns of one row. Slots form one line: row after row, plane after
// plane, `groups` a row and `rows` a plane. The window around a slot is complete when `groups` + 1
// more slots have entered, whatever plane these belong to; so the center of the window just follows
// the entering slot at that distance. The position of a window's center (x, y), counted as if the
// padding at the top and left were 1, is that of output `(x - !pad_left) / stride`. Slots beyond
// the input (a window that reaches out by 2, the flush after the last plane, a second row for
// planes of height 1 so that no plane needs the next but one) take no data.
module plane_control #(
  parameter DP = 2
) (
  input  wire          aclk,
  input  wire          aresetn,
  // A pass begins: samples the configuration. Slots move from 3 cycles later on.
  input  wire          start_i,
  input  wire [15:0]   height_i,
  input  wire [15:0]   width_i,
  input  wire [15:0]   out_height_i,
  input  wire [15:0]   out_width_i,
  input  wire          stride2_i,
  input  wire          pad_top_i,
  input  wire          pad_left_i,
  input  wire [15:0]   planes_i,
  // Two results for each window: the slot after such a window waits one cycle.
  input  wire          two_i,
  output wire          busy_o,
  // Input.
  input  wire          valid_i,
  output wire          ready_o,
  // Room for the results of one more window; the parameters of the next plane are there.
  input  wire          credit_i,
  input  wire          parameters_i,
  // The entering slot: column group, and the window that it completes.
  output wire          slot_o,
  output wire [15:0]   group_o,
  // A window is complete, with the flags below: it is the first or last one of its plane.
  output wire          window_o,
  output reg           first_o,
  output reg           last_o,
  // Pixels of the center that are outputs.
  output reg  [DP-1:0] emit_o,
  // Rows (top first) and columns (leftmost first) of the window that lie in the input. The center is
  // at most one row below the input, so the row above the center is never beyond it.
  output reg  [2:0]    rows_o,
  output reg  [DP+1:0] columns_o
);

  localparam Shift = DP - 1;

  reg [1:0]  setup_q;
  reg        run_q;
  reg [15:0] height_q;
  reg [15:0] width_q;
  reg        stride2_q;
  reg        top_q;
  reg        left_q;
  reg        two_q;

  // Setup: the last center position that is an output, then slots of a row and rows of a plane.
  reg [16:0] x_last_q;
  reg [16:0] y_last_q;
  reg [15:0] input_groups_q;
  reg [15:0] groups_q;
  reg [15:0] rows_q;

  wire [16:0] x_extent = {1'b0, out_width_i} - 17'd1;
  wire [16:0] y_extent = {1'b0, out_height_i} - 17'd1;
  wire [15:0] input_groups = (width_i >> Shift) + (DP == 2 ? {15'd0, width_i[0]} : 16'd0);
  wire [16:0] x_groups = (x_last_q >> Shift) + 17'd1;
  wire [16:0] y_rows = y_last_q + 17'd1;
  wire [15:0] rows = {1'b0, height_q} > y_rows ? height_q : y_rows[15:0];

  always @(posedge aclk) begin
    if (start_i) begin
      height_q <= height_i;
      width_q <= width_i;
      stride2_q <= stride2_i;
      top_q <= pad_top_i;
      left_q <= pad_left_i;
      two_q <= two_i;
      x_last_q <= (stride2_i ? x_extent << 1 : x_extent) + {16'd0, !pad_left_i};
      y_last_q <= (stride2_i ? y_extent << 1 : y_extent) + {16'd0, !pad_top_i};
      input_groups_q <= input_groups;
    end
    if (setup_q[0]) begin
      groups_q <= {1'b0, input_groups_q} > x_groups ? input_groups_q : x_groups[15:0];
      rows_q <= rows < 16'd2 ? 16'd2 : rows;
    end
  end

  // Slots that enter.
  reg [15:0] in_x_q;
  reg [15:0] in_y_q;
  reg [15:0] in_planes_q;
  // The entering slot takes data.
  reg        takes_q;
  wire        in_end = in_x_q + 16'd1 == groups_q;
  wire        in_last = in_y_q + 16'd1 == rows_q;
  wire [15:0] in_x = setup_q[1] || in_end ? 16'd0 : in_x_q + 16'd1;
  wire [15:0] in_y = setup_q[1] ? 16'd0 : !in_end ? in_y_q : in_last ? 16'd0 : in_y_q + 16'd1;
  wire [15:0] in_planes = in_end && in_last && !setup_q[1] && in_planes_q != 16'd0
                        ? in_planes_q - 16'd1 : in_planes_q;

  // Centers of windows, `lag_q` slots behind at first.
  reg [15:0] lag_q;
  reg [15:0] x_q;
  reg [15:0] y_q;
  reg [15:0] planes_q;
  wire        x_end = x_q + 16'd1 == groups_q;
  wire [15:0] x = setup_q[1] || x_end ? 16'd0 : x_q + 16'd1;
  wire [15:0] y = setup_q[1] ? 16'd0 : !x_end ? y_q : last_o ? 16'd0 : y_q + 16'd1;
  wire [16:0] y1 = {1'b0, y} + 17'd1;
  wire        row_emits = {1'b0, y} <= y_last_q && y >= {15'd0, !top_q}
                        && (!stride2_q || y[0] != top_q);

  wire [DP-1:0] emit;
  wire [DP+1:0] columns;
  genvar i;
  generate
    if (DP != 1 && DP != 2) begin : g_check_dp
      dp_must_be_1_or_2 error ();
    end
    for (i = 0; i < DP; i = i + 1) begin : g_emit
      wire [16:0] position = ({1'b0, x} << Shift) + i[16:0];
      assign emit[i] = row_emits && position <= x_last_q && position >= {16'd0, !left_q}
                       && (!stride2_q || position[0] != left_q);
    end
    for (i = 0; i < DP + 2; i = i + 1) begin : g_column
      // One more than the column.
      wire [16:0] position = ({1'b0, x} << Shift) + i[16:0];
      assign columns[i] = position != 17'd0 && position <= {1'b0, width_q};
    end
  endgenerate

  // A window of two results keeps the next slot out for a cycle.
  reg  hold_q;
  wire centered = lag_q == 16'd0;
  wire free = run_q && !hold_q && credit_i && (parameters_i || !first_o || !centered);
  wire slot = free && (valid_i || !takes_q);
  wire ends = last_o && planes_q == 16'd1;

  assign busy_o = run_q || setup_q != 2'd0;
  assign ready_o = free && takes_q;
  assign slot_o = slot;
  assign group_o = in_x_q;
  assign window_o = slot && centered;

  always @(posedge aclk) begin
    if (setup_q[1] || slot) begin
      in_x_q <= in_x;
      in_y_q <= in_y;
      takes_q <= in_x < input_groups_q && in_y < height_q && in_planes != 16'd0;
    end
    if (start_i) in_planes_q <= planes_i;
    else if (slot) in_planes_q <= in_planes;
    if (setup_q[1]) lag_q <= groups_q + 16'd1;
    else if (slot && !centered) lag_q <= lag_q - 16'd1;
    if (start_i) planes_q <= planes_i;
    else if (window_o && last_o) planes_q <= planes_q - 16'd1;
    if (setup_q[1] || window_o) begin
      x_q <= x;
      y_q <= y;
      first_o <= x == 16'd0 && y == 16'd0;
      last_o <= x + 16'd1 == groups_q && y + 16'd1 == rows_q;
      emit_o <= emit;
      rows_o <= {y1 < {1'b0, height_q}, y < height_q, y != 16'd0};
      columns_o <= columns;
    end
  end

  always @(posedge aclk) begin
    if (!aresetn) begin
      setup_q <= 2'd0;
      run_q <= 1'b0;
      hold_q <= 1'b0;
    end else begin
      setup_q <= {setup_q[0], start_i};
      if (setup_q[1]) run_q <= 1'b1;
      else if (window_o && ends) run_q <= 1'b0;
      hold_q <= window_o && two_q && emit_o != {DP{1'b0}};
    end
  end

endmodule
