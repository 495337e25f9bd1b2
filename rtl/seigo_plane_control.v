// The order of the plane engine: which group of columns enters, and which window it completes.
//
// A *slot* is a group of DP columns of one row. Slots form one line: row after row, plane after
// plane, `groups` a row and `rows` a plane. A window reaches `reach` rows and columns beyond its center, which
// lie in `near` groups; it is complete when `reach * groups + near` more slots have entered, whatever plane these
// belong to; so the center of the window just follows the entering slot at that distance. The position of a
// window's center (x, y), counted as if the padding at the top and left were `reach`, is that of output
// `(x - reach + pad_left) / stride`. Slots beyond the input (a window that reaches out further, the flush after the
// last plane, rows for low planes so that no plane needs the next but one) take no data.
`default_nettype none

module seigo_plane_control #(
  parameter DP = 2,
  // The largest `reach`: 1 to 3.
  parameter Reach = 1,
  // Cycles of a part of a window for each filter: 1 or 2.
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
  // 1 to Reach, and padding of at most that.
  input  wire [1:0]    reach_i,
  input  wire [1:0]    pad_top_i,
  input  wire [1:0]    pad_left_i,
  input  wire [15:0]   planes_i,
  // Two results for each window. A slot that completes a window which emits takes `Turns` cycles for each and for
  // each of the `reach * reach` parts of the window.
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
  // Rows (top first) and columns (leftmost first) of the window that lie in the input, of a window of the largest
  // reach. The center is at most `reach` rows below the input, so the top row is never beyond it.
  output reg  [2*Reach:0]    rows_o,
  output reg  [DP+2*Reach-1:0] columns_o
);

  localparam Shift = $clog2(DP);
  localparam [15:0] Partial = DP[15:0] - 16'd1;

  reg [1:0]  setup_q;
  reg        run_q;
  reg [15:0] height_q;
  reg [15:0] width_q;
  reg        stride2_q;
  reg [1:0]  reach_q;
  // Where the center of the first output lies.
  reg [1:0]  top_q;
  reg [1:0]  left_q;
  reg        two_q;

  // Setup: the last center position that is an output, then the last slot of a row and the last row of a plane.
  reg [16:0] x_last_q;
  reg [16:0] y_last_q;
  reg [15:0] input_groups_q;
  reg [15:0] input_last_q;
  reg [15:0] last_group_q;
  reg [15:0] last_row_q;
  reg [15:0] height_last_q;

  wire [1:0]  first_row = Reach == 1 ? {1'b0, !pad_top_i[0]} : reach_i - pad_top_i;
  wire [1:0]  first_column = Reach == 1 ? {1'b0, !pad_left_i[0]} : reach_i - pad_left_i;
  wire [16:0] x_extent = {1'b0, out_width_i} - 17'd1;
  wire [16:0] y_extent = {1'b0, out_height_i} - 17'd1;
  wire [15:0] input_groups = (width_i >> Shift) + {15'd0, (width_i & Partial) != 16'd0};
  wire [15:0] input_last = (width_i - 16'd1) >> Shift;
  wire [16:0] x_last = x_last_q >> Shift;
  wire [15:0] rows_last = {1'b0, height_last_q} > y_last_q ? height_last_q : y_last_q[15:0];
  wire [15:0] groups_last = {1'b0, input_last_q} > x_last ? input_last_q : x_last[15:0];
  // Groups in which the columns right of the center lie.
  wire [1:0]  near = DP == 1 ? reach_q : DP == 2 ? {&reach_q, ^reach_q} : 2'd1;
  wire [15:0] least_row = {13'd0, {1'b0, reach_q} + {1'b0, near} - 3'd1};
  // Line buffers beyond the second want two groups a row.
  wire        lone_group = Reach != 1 && groups_last == 16'd0;

  always @(posedge aclk) begin
    if (start_i) begin
      height_q <= height_i;
      height_last_q <= height_i - 16'd1;
      width_q <= width_i;
      stride2_q <= stride2_i;
      reach_q <= Reach == 1 ? 2'd1 : reach_i;
      top_q <= first_row;
      left_q <= first_column;
      two_q <= two_i;
      x_last_q <= (stride2_i ? x_extent << 1 : x_extent) + {15'd0, first_column};
      y_last_q <= (stride2_i ? y_extent << 1 : y_extent) + {15'd0, first_row};
      input_groups_q <= input_groups;
      input_last_q <= input_last;
    end
    if (setup_q[0]) begin
      last_group_q <= lone_group ? 16'd1 : groups_last;
      last_row_q <= rows_last < least_row ? least_row : rows_last;
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
  localparam LagBits = Reach == 1 ? 16 : 18;
  localparam [LagBits-1:0] LagOne = 1;
  reg [LagBits-1:0] lag_q;
  reg [15:0] x_q;
  reg [15:0] y_q;
  reg [15:0] planes_q;
  wire       x_end = x_q == last_group_q;
  wire       y_end = y_q == last_row_q;
  wire       row_emits = {1'b0, y_q} <= y_last_q && y_q >= {14'd0, top_q}
                         && (!stride2_q || y_q[0] == top_q[0]);

  wire [DP-1:0]         emit;
  wire [2*Reach:0]      rows;
  wire [DP+2*Reach-1:0] columns;
  genvar i;
  generate
    if (DP != 1 && DP != 2 && DP != 4) begin : g_check_dp
      dp_must_be_1_2_or_4 error ();
    end
    if (Reach < 1 || Reach > 3) begin : g_check_reach
      reach_must_be_1_to_3 error ();
    end
    for (i = 0; i < DP; i = i + 1) begin : g_emit
      wire [16:0] position = ({1'b0, x_q} << Shift) | i[16:0];
      assign emit[i] = row_emits && position <= x_last_q && position >= {15'd0, left_q}
                       && (!stride2_q || position[0] == left_q[0]);
    end
    for (i = 0; i < 2 * Reach + 1; i = i + 1) begin : g_row
      // Row `y + i - Reach` lies in the input: height - 1 + Reach - i rows are enough for its center.
      localparam integer Least = i < Reach ? Reach - i : 0;
      localparam integer Beyond = Reach - 1 - i;
      reg signed [17:0]  enough_q;
      always @(posedge aclk) if (setup_q[0]) enough_q <= $signed({2'b00, height_q}) + $signed(Beyond[17:0]);
      assign rows[i] = (i >= Reach || y_q >= Least[15:0]) && (i == 0 || $signed({2'b00, y_q}) <= enough_q);
    end
    for (i = 0; i < DP + 2 * Reach; i = i + 1) begin : g_column
      // Column `x * DP + i - Reach` lies in the input: width - 1 + Reach - i columns are enough for its group.
      localparam integer Least = i < Reach ? Reach - i : 0;
      localparam integer Beyond = Reach - 1 - i;
      reg signed [17:0]  enough_q;
      wire signed [17:0] center = {2'b00, x_q} << Shift;
      always @(posedge aclk) if (setup_q[0]) enough_q <= $signed({2'b00, width_q}) + $signed(Beyond[17:0]);
      assign columns[i] = (i >= Reach || center >= $signed(Least[17:0])) && center <= enough_q;
    end
  endgenerate

  // A window that takes several cycles keeps the next slot out.
  localparam HoldBits = Reach == 1 ? 2 : Reach == 2 ? 4 : 6;
  localparam [HoldBits-1:0] None = 0, One = 1, Cycles = Turns[HoldBits-1:0];
  reg  [HoldBits-1:0] parts;
  always @* begin
    case (reach_q)
      2'd2:    parts = Reach == 1 ? Cycles : Cycles << 2;
      2'd3:    parts = Reach < 3 ? Cycles : (Cycles << 3) + Cycles;
      default: parts = Cycles;
    endcase
  end
  reg  [HoldBits-1:0] held_q;
  reg  [HoldBits-1:0] hold_q;
  wire centered = lag_q == {LagBits{1'b0}};
  wire free = run_q && hold_q == None && credit_i && (parameters_i || !first_o || !centered);
  wire slot = free && (valid_i || !takes_q);
  wire ends = last_o && planes_q == 16'd1;

  // Slots that enter before the one that completes the first window.
  wire [LagBits-1:0] groups = {{(LagBits-16){1'b0}}, last_group_q} + LagOne;
  wire [LagBits-1:0] lag = (reach_q[1] ? groups << 1 : {LagBits{1'b0}}) + (reach_q[0] ? groups : {LagBits{1'b0}})
                           + {{(LagBits-2){1'b0}}, near};

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
    if (setup_q[0]) held_q <= (two_q ? parts << 1 : parts) - One;
    if (setup_q[1]) lag_q <= lag;
    else if (slot && !centered) lag_q <= lag_q - LagOne;
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
      rows_o <= rows;
      columns_o <= columns;
    end
  end

  always @(posedge aclk) begin
    if (!aresetn) begin
      setup_q <= 2'd0;
      run_q <= 1'b0;
      hold_q <= None;
    end else begin
      setup_q <= {setup_q[0], start_i};
      if (setup_q[1]) run_q <= 1'b1;
      else if (window_o && ends) run_q <= 1'b0;
      if (window_o && emit_o != {DP{1'b0}}) hold_q <= held_q;
      else if (hold_q != None) hold_q <= hold_q - One;
    end
  end

endmodule

`default_nettype wire
