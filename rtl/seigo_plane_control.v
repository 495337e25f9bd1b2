// The order of the plane engine: which group of columns enters, and which window it completes.
//
// A *slot* is a group of DP columns of one row. Slots form one line: row after row, plane after
// plane, `groups` a row and `rows` a plane. The window around a slot is complete when `groups` + 1
// more slots have entered, whatever plane these belong to; so the center of the window just follows
// the entering slot at that distance. The position of a window's center (x, y), counted as if the
// padding at the top and left were 1, is that of output `(x - !pad_left) / stride`. Slots beyond
// the input (a window that reaches out by 2, the flush after the last plane, a second row for
// planes of height 1 so that no plane needs the next but one) take no data.
`default_nettype none

module seigo_plane_control #(
  parameter DP = 2,
  // Cycles of a window for each filter: 1 or 2.
  parameter Turns = 1
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
  // Two results for each window. A slot that completes a window which emits takes `Turns` cycles for each.
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

  // Setup: the last center position that is an output, then the last slot of a row and the last row of a plane.
  reg [16:0] x_last_q;
  reg [16:0] y_last_q;
  reg [15:0] input_groups_q;
  reg [15:0] input_last_q;
  reg [15:0] last_group_q;
  reg [15:0] last_row_q;
  reg [15:0] height_last_q;

  wire [16:0] x_extent = {1'b0, out_width_i} - 17'd1;
  wire [16:0] y_extent = {1'b0, out_height_i} - 17'd1;
  wire [15:0] input_groups = (width_i >> Shift) + (DP == 2 ? {15'd0, width_i[0]} : 16'd0);
  wire [15:0] input_last = (width_i - 16'd1) >> Shift;
  wire [16:0] x_last = x_last_q >> Shift;
  wire [15:0] rows_last = {1'b0, height_last_q} > y_last_q ? height_last_q : y_last_q[15:0];

  always @(posedge aclk) begin
    if (start_i) begin
      height_q <= height_i;
      height_last_q <= height_i - 16'd1;
      width_q <= width_i;
      stride2_q <= stride2_i;
      top_q <= pad_top_i;
      left_q <= pad_left_i;
      two_q <= two_i;
      x_last_q <= (stride2_i ? x_extent << 1 : x_extent) + {16'd0, !pad_left_i};
      y_last_q <= (stride2_i ? y_extent << 1 : y_extent) + {16'd0, !pad_top_i};
      input_groups_q <= input_groups;
      input_last_q <= input_last;
    end
    if (setup_q[0]) begin
      last_group_q <= {1'b0, input_last_q} > x_last ? input_last_q : x_last[15:0];
      last_row_q <= rows_last == 16'd0 ? 16'd1 : rows_last;
    end
  end

  // Slots that enter: the place of the entering one, and where the next one lies. What is to be known of a slot or
  // window is computed a step ahead, from the place behind it.
  reg [15:0] group_q;
  reg [15:0] in_x_q;
  reg [15:0] in_y_q;
  reg [15:0] in_planes_q;
  // The entering slot takes data.
  reg        takes_q;
  wire       in_end = in_x_q == last_group_q;
  wire       in_last = in_y_q == last_row_q;

  // Centers of windows, `lag_q` slots behind at first: where the one after the next window lies.
  reg [15:0] lag_q;
  reg [15:0] x_q;
  reg [15:0] y_q;
  reg [15:0] planes_q;
  wire       x_end = x_q == last_group_q;
  wire       y_end = y_q == last_row_q;
  wire       row_emits = {1'b0, y_q} <= y_last_q && (y_q != 16'd0 || top_q)
                         && (!stride2_q || y_q[0] != top_q);

  wire [DP-1:0] emit;
  wire [DP+1:0] columns;
  genvar i;
  generate
    if (DP != 1 && DP != 2) begin : g_check_dp
      dp_must_be_1_or_2 error ();
    end
    for (i = 0; i < DP; i = i + 1) begin : g_emit
      wire [16:0] position = ({1'b0, x_q} << Shift) | i[16:0];
      assign emit[i] = row_emits && position <= x_last_q && (position != 17'd0 || left_q)
                       && (!stride2_q || position[0] != left_q);
    end
    for (i = 0; i < DP + 2; i = i + 1) begin : g_column
      // Column `x * DP + i - 1` lies in the input: width - i columns are enough for its group.
      reg signed [17:0]  enough_q;
      wire signed [17:0] first_column = {2'b00, x_q} << Shift;
      always @(posedge aclk) if (setup_q[0]) enough_q <= $signed({2'b00, width_q}) - i;
      assign columns[i] = (i != 0 || x_q != 16'd0) && first_column <= enough_q;
    end
  endgenerate

  // A window that takes several cycles keeps the next slot out.
  localparam [1:0] HoldOne = Turns == 1 ? 2'd0 : 2'd1;
  localparam [1:0] HoldTwo = Turns == 1 ? 2'd1 : 2'd3;
  reg  [1:0] hold_q;
  wire centered = lag_q == 16'd0;
  wire free = run_q && hold_q == 2'd0 && credit_i && (parameters_i || !first_o || !centered);
  wire slot = free && (valid_i || !takes_q);
  wire ends = last_o && planes_q == 16'd1;

  assign busy_o = run_q || setup_q != 2'd0;
  assign ready_o = free && takes_q;
  assign slot_o = slot;
  assign group_o = group_q;
  assign window_o = slot && centered;

  always @(posedge aclk) begin
    if (setup_q[0]) begin
      in_x_q <= 16'd0;
      in_y_q <= 16'd0;
    end else if (setup_q[1] || slot) begin
      group_q <= in_x_q;
      takes_q <= in_x_q < input_groups_q && in_y_q < height_q && in_planes_q != 16'd0;
      in_x_q <= in_end ? 16'd0 : in_x_q + 16'd1;
      if (in_end) in_y_q <= in_last ? 16'd0 : in_y_q + 16'd1;
    end
    if (start_i) in_planes_q <= planes_i;
    else if ((setup_q[1] || slot) && in_end && in_last && in_planes_q != 16'd0)
      in_planes_q <= in_planes_q - 16'd1;
    if (setup_q[1]) lag_q <= last_group_q + 16'd2;
    else if (slot && !centered) lag_q <= lag_q - 16'd1;
    if (start_i) planes_q <= planes_i;
    else if (window_o && last_o) planes_q <= planes_q - 16'd1;
    if (setup_q[0]) begin
      x_q <= 16'd0;
      y_q <= 16'd0;
    end else if (setup_q[1] || window_o) begin
      x_q <= x_end ? 16'd0 : x_q + 16'd1;
      if (x_end) y_q <= y_end ? 16'd0 : y_q + 16'd1;
      first_o <= x_q == 16'd0 && y_q == 16'd0;
      last_o <= x_end && y_end;
      emit_o <= emit;
      rows_o <= {y_q < height_last_q, y_q < height_q, y_q != 16'd0};
      columns_o <= columns;
    end
  end

  always @(posedge aclk) begin
    if (!aresetn) begin
      setup_q <= 2'd0;
      run_q <= 1'b0;
      hold_q <= 2'd0;
    end else begin
      setup_q <= {setup_q[0], start_i};
      if (setup_q[1]) run_q <= 1'b1;
      else if (window_o && ends) run_q <= 1'b0;
      if (window_o && emit_o != {DP{1'b0}}) hold_q <= two_q ? HoldTwo : HoldOne;
      else if (hold_q != 2'd0) hold_q <= hold_q - 2'd1;
    end
  end

endmodule

`default_nettype wire
