// The stages of the plane engine behind `seigo_plane_control`: which window, filter and channels are where.
//
//   1, 2 line buffers   3 window and weights   4 product or column maximum   5 row sums or maximum   6 sum
//
// A window takes one cycle of stage 3 for each filter, each `Channels` of its 16 channels and each part of 3 x 3 taps,
// filter after filter, low channels first, parts innermost. The slot behind it is kept out for so long. Numbers in names
// are the stage. A stage's `emit` tells the pixels of the window that are results; it is 0 where the stage is idle, and
// at stage 6 but for the last part.
`default_nettype none

module seigo_plane_stages #(
  parameter DP = 2,
  // The largest `reach_i`: 1 to 3.
  parameter Reach = 1,
  // Channels a cycle: 16 or 8.
  parameter Channels = 16
) (
  input  wire          aclk,
  input  wire          aresetn,
  input  wire          maximum_i,
  input  wire          two_i,
  // Parts of a window along each axis.
  input  wire [1:0]    reach_i,
  // Stage 0: a window completes; it is the first or last one of its plane; its results; what of it lies in the input.
  input  wire          window_i,
  input  wire          first_i,
  input  wire          last_i,
  input  wire [DP-1:0] emit_i,
  input  wire [2*Reach:0]      rows_i,
  input  wire [DP+2*Reach-1:0] columns_i,
  // Stage 1: the first window of a plane, and its parameter set.
  output reg           first1_o,
  output reg           set1_o,
  // Stage 2: the window register takes these channels.
  output wire          capture_o,
  output wire          capture_half_o,
  // The part, by rows in the upper bits and by columns; of the weights, too.
  output wire [3:0]    part_o,
  output reg  [2*Reach:0]      rows2_o,
  output reg  [DP+2*Reach-1:0] columns2_o,
  // The weights register takes those of a set, filter, channels.
  output wire          weigh_o,
  output wire          weights_set_o,
  output wire          weights_filter_o,
  output wire          weights_half_o,
  // Stages 3 to 6.
  output reg  [DP-1:0] emit3_o,
  output reg  [DP-1:0] emit4_o,
  output reg  [DP-1:0] emit5_o,
  output reg           set5_o,
  output reg           filter5_o,
  output reg           half5_o,
  // A further part of a window.
  output reg           accumulate5_o,
  // The last use of a set; the lane parameters of stage 6 change.
  output reg           last5_o,
  output wire          change_o,
  // For the lanes: `first6_o`, this result is the first one that the parameters serve.
  output reg  [DP-1:0] emit6_o,
  output reg           filter6_o,
  output reg           half6_o,
  output reg           first6_o,
  // The first or last window of a plane is on its way.
  output wire          moving_o
);
  localparam Halved = Channels == 8;
  localparam [DP-1:0] None = 0;

  generate
    if (Channels != 8 && Channels != 16) begin : g_check_channels
      channels_must_be_8_or_16 error ();
    end
  endgenerate

  reg          set_q, set2_q, set3_q, set4_q;
  reg          first2_q, first3_q, first4_q, first5_q;
  reg          last1_q, last2_q, last3_q, last4_q;
  reg [DP-1:0] emit1_q, emit2_q;
  reg [2*Reach:0]      rows1_q;
  reg [DP+2*Reach-1:0] columns1_q;

  // Stage 3: the filter, the channels and the part of this cycle, and whether the window stays for another.
  reg  [1:0] turn3_q;
  reg  [1:0] turn4_q;
  reg  [3:0] part3_q;
  wire       parts_end;
  wire [3:0] part_after;
  seigo_next_part #(
    .Reach (Reach)
  ) next_part (
    .reach_i (reach_i),
    .part_i  (part3_q),
    .ends_o  (parts_end),
    .next_o  (part_after)
  );
  wire [1:0] turn_last = {two_i, Halved};
  wire       again = emit3_o != None && !(turn3_q == turn_last && parts_end);
  wire [1:0] turn_after = Halved ? turn3_q + 2'd1 : 2'b10;
  wire [1:0] turn_next = !again ? 2'b00 : parts_end ? turn_after : turn3_q;
  wire [3:0] part_next = again ? part_after : 4'd0;
  // Weights change within a window.
  wire       turns = turn_last != 2'b00 || (Reach != 1 && reach_i != 2'd1);
  reg        accumulate4_q;
  reg        ends4_q;
  reg        ends5_q;

  assign capture_o = emit2_q != None || ((Halved || Reach != 1) && again);
  assign part_o = part_next;
  assign capture_half_o = turn_next[0];
  assign weigh_o = !maximum_i && (first2_q || (turns && emit2_q != None) || again);
  assign weights_set_o = again ? set3_q : set2_q;
  assign weights_filter_o = turn_next[1];
  assign weights_half_o = turn_next[0];
  assign change_o = !maximum_i && (first5_q || (turns && emit5_o != None));
  assign moving_o = first1_o || first2_q || first3_q || last1_q || last2_q || last3_q || last4_q || last5_o;

  always @(posedge aclk) begin
    if (!aresetn) begin
      set_q <= 1'b0;
      first1_o <= 1'b0;
      first2_q <= 1'b0;
      first3_q <= 1'b0;
      first4_q <= 1'b0;
      first5_q <= 1'b0;
      last1_q <= 1'b0;
      last2_q <= 1'b0;
      last3_q <= 1'b0;
      last4_q <= 1'b0;
      last5_o <= 1'b0;
      emit1_q <= None;
      emit2_q <= None;
      emit3_o <= None;
      emit4_o <= None;
      emit5_o <= None;
      emit6_o <= None;
      turn3_q <= 2'b00;
      part3_q <= 4'd0;
    end else begin
      if (window_i && last_i && !maximum_i) set_q <= !set_q;
      first1_o <= window_i && first_i;
      first2_q <= first1_o;
      first3_q <= first2_q;
      first4_q <= first3_q;
      first5_q <= first4_q;
      last1_q <= window_i && last_i;
      last2_q <= last1_q;
      last3_q <= last2_q || (again && last3_q);
      // The last use of the set: with several turns that of the last one.
      last4_q <= last3_q && !again;
      last5_o <= last4_q;
      emit1_q <= window_i ? emit_i : None;
      emit2_q <= emit1_q;
      if (!again) emit3_o <= emit2_q;
      emit4_o <= emit3_o;
      emit5_o <= emit4_o;
      emit6_o <= maximum_i || !ends5_q ? None : emit5_o;
      turn3_q <= turn_next;
      part3_q <= part_next;
    end
  end

  always @(posedge aclk) begin
    if (window_i) begin
      set1_o <= set_q;
      rows1_q <= rows_i;
      columns1_q <= columns_i;
    end
    set2_q <= set1_o;
    rows2_o <= rows1_q;
    columns2_o <= columns1_q;
    if (!again) set3_q <= set2_q;
    set4_q <= set3_q;
    set5_o <= set4_q;
    turn4_q <= turn3_q;
    ends4_q <= parts_end;
    ends5_q <= ends4_q;
    accumulate4_q <= part3_q != 4'd0;
    accumulate5_o <= accumulate4_q;
    {filter5_o, half5_o} <= turn4_q;
    {filter6_o, half6_o} <= {filter5_o, half5_o};
    if (change_o) first6_o <= 1'b1;
    else if (emit6_o != None) first6_o <= 1'b0;
  end

endmodule

`default_nettype wire
