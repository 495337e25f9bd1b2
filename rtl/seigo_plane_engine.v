// 3 x 3 depthwise convolution (rule A4, then A5 or A6) and maximum (A9) of planes in raster order.
//
// Groups of DP columns enter, never across a row end (`seigo_splitter`); columns past the width in the
// last group of a row are ignored. Outputs leave in raster order through one queue, 1 to DP pixels
// at a time, those of the two filters in turns. Two cycles a group when it completes a window and
// there are two filters, else one; nothing inside stalls: a window enters only when the queue has
// room for its results. The window around a group is complete `groups of a row + 1` groups later;
// its sum reaches the lanes 6 cycles after that, its maximum the queue 5. Planes follow each other
// without a gap, the last one of a pass is flushed.
`default_nettype none

module seigo_plane_engine #(
  // Pixels a cycle: 1 or 2.
  parameter DP = 2,
  // Pixels of the longest row; with windows that reach out by two columns, of the row and DP more.
  parameter MaxWidth = 512,
  // Two neighboring pixels share a multiplier (DSP48E2); only with DP = 2.
  parameter PackProducts = 1,
  // Words of the output queue, as a power of two; at least 5 for full rate.
  parameter QueueBits = 5,
  // Bits of a sum with its bias: 20 to 32, as many as the network's largest has.
  parameter SumBits = 32,
  // 1: the lanes shift in DSP slices; `SumBits` is then at most 26.
  parameter DspLanes = 0,
  // Functions of the lanes: see `seigo_output_lanes`.
  parameter Functions = 1,
  parameter [72*Functions-1:0] FunctionTable = 2,
  parameter RomEntries = 0,
  parameter [16*(RomEntries > 0 ? RomEntries : 1)-1:0] Rom = 0
) (
  input  wire              aclk,
  input  wire              aresetn,
  // A pass begins: samples the configuration. Only while `idle_o`, which falls in the next cycle.
  input  wire              start_i,
  output wire              idle_o,
  // Sizes, at least 1. Every window overlaps the input: its first row and column lie in it or
  // before.
  input  wire [15:0]       height_i,
  input  wire [15:0]       width_i,
  input  wire [15:0]       out_height_i,
  input  wire [15:0]       out_width_i,
  input  wire [15:0]       planes_i,
  // 1 or 2.
  input  wire [1:0]        stride_i,
  input  wire              pad_top_i,
  input  wire              pad_left_i,
  input  wire              maximum_i,
  // Taps that a maximum looks at, row by row: those of some rows in some columns.
  input  wire [8:0]        tap_mask_i,
  // A second filter; then per filter the mode of the lanes.
  input  wire              two_i,
  input  wire [1:0]        direct_i,
  input  wire [1:0]        relu_i,
  input  wire [1:0]        wide_i,
  input  wire [3:0]        function0_i,
  input  wire [3:0]        function1_i,
  // Ring words of the parameter sets; not of maximum passes. May run ahead of the pass.
  input  wire              parameter_valid_i,
  input  wire              parameter_filter_i,
  input  wire [3:0]        parameter_index_i,
  input  wire [255:0]      parameter_data_i,
  input  wire              parameter_commit_i,
  output wire              parameter_ready_o,
  // Pixels.
  input  wire              valid_i,
  output wire              ready_o,
  input  wire [128*DP-1:0] data_i,
  // Results, a valid and a ready for each filter: int16 a channel, low pixel first.
  output wire [1:0]        valid_o,
  input  wire [1:0]        ready_i,
  output wire [256*DP-1:0] data_o,
  output wire [1:0]        count_o
);
  `include "seigo_descriptor.vh"

  localparam QueueWidth = 256 * DP + 2;
  localparam [QueueBits:0] Places = 1 << QueueBits;

  // Configuration.
  reg        maximum_q;
  reg [2:0]  row_mask_q, column_mask_q;
  reg        two_q;
  reg [1:0]  direct_q;
  reg [1:0]  relu_q;
  reg [1:0]  wide_q;
  reg [3:0]  function0_q;
  reg [3:0]  function1_q;
  always @(posedge aclk) begin
    if (start_i) begin
      maximum_q <= maximum_i;
      row_mask_q <= {|tap_mask_i[8:6], |tap_mask_i[5:3], |tap_mask_i[2:0]} | {3{!maximum_i}};
      column_mask_q <= tap_mask_i[8:6] | tap_mask_i[5:3] | tap_mask_i[2:0];
      two_q <= two_i;
      direct_q <= direct_i;
      relu_q <= relu_i;
      wide_q <= wide_i;
      function0_q <= function0_i;
      function1_q <= function1_i;
    end
  end

  // Stage 0: a group enters, and with it the flags of the window that it completes.
  wire          busy;
  wire          available;
  wire          slot;
  wire [15:0]   group;
  wire          window;
  wire          first;
  wire          last;
  wire [DP-1:0] emit;
  wire [2:0]    rows;
  wire [DP+1:0] columns;
  reg [QueueBits:0] free_q;

  seigo_plane_control #(
    .DP (DP)
  ) control (
    .aclk         (aclk),
    .aresetn      (aresetn),
    .start_i      (start_i),
    .height_i     (height_i),
    .width_i      (width_i),
    .out_height_i (out_height_i),
    .out_width_i  (out_width_i),
    .stride2_i    (stride_i[1]),
    .pad_top_i    (pad_top_i),
    .pad_left_i   (pad_left_i),
    .planes_i     (planes_i),
    .two_i        (two_i),
    .busy_o       (busy),
    .valid_i      (valid_i),
    .ready_o      (ready_o),
    .credit_i     (free_q[QueueBits:1] != {QueueBits{1'b0}}),
    .parameters_i (available || maximum_q),
    .slot_o       (slot),
    .group_o      (group),
    .window_o     (window),
    .first_o      (first),
    .last_o       (last),
    .emit_o       (emit),
    .rows_o       (rows),
    .columns_o    (columns)
  );

  // Stages 1 and 2: flags wait for the line buffers. `emit` is 0 where no window is.
  reg          set_q;
  reg          first1_q;
  reg          last1_q;
  reg          set1_q;
  reg [DP-1:0] emit1_q;
  reg [2:0]    rows1_q;
  reg [DP+1:0] columns1_q;
  reg          first2_q;
  reg          last2_q;
  reg          set2_q;
  reg [DP-1:0] emit2_q;
  reg [2:0]    rows2_q;
  reg [DP+1:0] columns2_q;
  reg [127:0]  zero2_q;
  wire [127:0] zero;

  always @(posedge aclk) begin
    if (!aresetn) begin
      set_q <= 1'b0;
      first1_q <= 1'b0;
      last1_q <= 1'b0;
      emit1_q <= {DP{1'b0}};
      first2_q <= 1'b0;
      last2_q <= 1'b0;
      emit2_q <= {DP{1'b0}};
    end else begin
      if (window && last && !maximum_q) set_q <= !set_q;
      first1_q <= window && first;
      last1_q <= window && last;
      emit1_q <= window ? emit : {DP{1'b0}};
      first2_q <= first1_q;
      last2_q <= last1_q;
      emit2_q <= emit1_q;
    end
  end

  always @(posedge aclk) begin
    if (window) begin
      set1_q <= set_q;
      rows1_q <= rows;
      columns1_q <= columns;
    end
    set2_q <= set1_q;
    rows2_q <= rows1_q;
    columns2_q <= columns1_q;
    if (first1_q) zero2_q <= maximum_q ? {16{8'h80}} : zero;
  end

  wire [384*(DP+2)-1:0] pixels;
  seigo_plane_window #(
    .DP       (DP),
    .MaxWidth (MaxWidth)
  ) windows (
    .aclk      (aclk),
    .slot_i    (slot),
    .group_i   (group),
    .data_i    (data_i),
    .emit_i    (emit2_q != {DP{1'b0}}),
    .rows_i    (rows2_q & row_mask_q),
    .columns_i (columns2_q),
    .zero_i    (zero2_q),
    .window_o  (pixels)
  );

  // Stage 3: the window and the weights; with two filters the window stays a second cycle.
  reg          filter3_q;
  reg          first3_q;
  reg          last3_q;
  reg          set3_q;
  reg [DP-1:0] emit3_q;
  reg [1151:0] weights3_q;
  wire          again = two_q && !filter3_q && emit3_q != {DP{1'b0}};
  wire          twice2 = two_q && emit2_q != {DP{1'b0}};
  wire [1151:0] weights;

  always @(posedge aclk) begin
    if (!aresetn) begin
      filter3_q <= 1'b0;
      first3_q <= 1'b0;
      last3_q <= 1'b0;
      emit3_q <= {DP{1'b0}};
    end else begin
      filter3_q <= again;
      first3_q <= first2_q;
      last3_q <= last2_q || (again && last3_q);
      if (!again) emit3_q <= emit2_q;
    end
  end

  always @(posedge aclk) begin
    if (!again) set3_q <= set2_q;
    if (!maximum_q && (first2_q || twice2 || again)) weights3_q <= weights;
  end

  // Stages 4 to 6: product or row maximum, row sums or maximum, sum.
  reg          filter4_q;
  reg          first4_q;
  reg          last4_q;
  reg          set4_q;
  reg [DP-1:0] emit4_q;
  reg          filter5_q;
  reg          first5_q;
  reg          last5_q;
  reg          set5_q;
  reg [DP-1:0] emit5_q;
  reg          filter6_q;
  reg          first6_q;
  reg [DP-1:0] emit6_q;

  always @(posedge aclk) begin
    if (!aresetn) begin
      first4_q <= 1'b0;
      last4_q <= 1'b0;
      emit4_q <= {DP{1'b0}};
      first5_q <= 1'b0;
      last5_q <= 1'b0;
      emit5_q <= {DP{1'b0}};
      emit6_q <= {DP{1'b0}};
    end else begin
      first4_q <= first3_q;
      // The last use of the set: with two results that of the second filter.
      last4_q <= last3_q && !again;
      emit4_q <= emit3_q;
      first5_q <= first4_q;
      last5_q <= last4_q;
      emit5_q <= emit4_q;
      emit6_q <= maximum_q ? {DP{1'b0}} : emit5_q;
    end
  end

  always @(posedge aclk) begin
    filter4_q <= filter3_q;
    set4_q <= set3_q;
    filter5_q <= filter4_q;
    set5_q <= set4_q;
    filter6_q <= filter5_q;
  end

  wire [DP-1:0]     sums = {DP{!maximum_q}};
  wire [20*16*DP-1:0] sum;
  wire [8*16*DP-1:0]  largest;
  wire [16*DP*SumBits-1:0] acc;
  wire [256*DP-1:0]   largest_wide;
  genvar channel;
  genvar j;
  genvar k;
  generate
    for (channel = 0; channel < 16; channel = channel + 1) begin : g_channel
      wire [24*(DP+2)-1:0] window8;
      wire [71:0]          weights8;
      for (k = 0; k < 3 * (DP + 2); k = k + 1) begin : g_pixel
        assign window8[8*k +: 8] = pixels[128*k+8*channel +: 8];
      end
      for (k = 0; k < 9; k = k + 1) begin : g_tap
        assign weights8[8*k +: 8] = weights3_q[128*k+8*channel +: 8];
      end
      seigo_plane_channel #(
        .DP           (DP),
        .PackProducts (PackProducts)
      ) arithmetic (
        .aclk       (aclk),
        .multiply_i (emit3_q & sums),
        .add_i      (emit4_q & sums),
        .finish_i   (emit5_q & sums),
        .compare_i  (emit3_q & ~sums),
        .decide_i   (emit4_q & ~sums),
        .window_i   (window8),
        .weights_i  (weights8),
        .columns_i  (column_mask_q),
        .sum_o      (sum[20*DP*channel +: 20*DP]),
        .maximum_o  (largest[8*DP*channel +: 8*DP])
      );
      for (j = 0; j < DP; j = j + 1) begin : g_spread
        wire [19:0] sum20 = sum[20*(DP*channel+j) +: 20];
        wire [7:0]  largest8 = largest[8*(DP*channel+j) +: 8];
        assign acc[SumBits*(16*j+channel) +: SumBits] = {{(SumBits-19){sum20[19]}}, sum20[18:0]};
        assign largest_wide[16*(16*j+channel) +: 16] = {{8{largest8[7]}}, largest8};
      end
    end
  endgenerate

  // Lane parameters of the results at stage 6; `first6_q`: this result is the first one they serve.
  wire [1023:0] lanes;
  reg [1023:0]  lanes6_q;
  wire          change = !maximum_q && (first5_q || (two_q && emit5_q != {DP{1'b0}}));
  always @(posedge aclk) begin
    if (change) lanes6_q <= lanes;
    if (change) first6_q <= 1'b1;
    else if (emit6_q != {DP{1'b0}}) first6_q <= 1'b0;
  end

  seigo_plane_parameters parameter_sets (
    .aclk             (aclk),
    .aresetn          (aresetn),
    .valid_i          (parameter_valid_i),
    .filter_i         (parameter_filter_i),
    .index_i          (parameter_index_i),
    .data_i           (parameter_data_i),
    .commit_i         (parameter_commit_i),
    .ready_o          (parameter_ready_o),
    .available_o      (available),
    .take_i           (window && first && !maximum_q),
    .release_i        (last5_q && !maximum_q),
    .zero_set_i       (set1_q),
    .zero_o           (zero),
    .weights_set_i    (again ? set3_q : set2_q),
    .weights_filter_i (again),
    .weights_o        (weights),
    .lanes_set_i      (set5_q),
    .lanes_filter_i   (filter5_q),
    .lanes_o          (lanes)
  );

  wire              lanes_valid;
  wire [256*DP-1:0] lanes_data;
  wire [DP:0]       lanes_tag;
  seigo_output_lanes #(
    .LP            (DP),
    .TagBits       (DP + 1),
    .Bits          (SumBits),
    .Dsp           (DspLanes),
    .Residual      (0),
    .Functions     (Functions),
    .FunctionTable (FunctionTable),
    .RomEntries    (RomEntries),
    .Rom           (Rom)
  ) output_stage (
    .aclk            (aclk),
    .aresetn         (aresetn),
    .valid_i         (emit6_q != {DP{1'b0}}),
    .acc_i           (acc),
    .residual_i      ({128*DP{1'b0}}),
    .parameters_i    (lanes6_q),
    .first_i         (first6_q),
    .tag_i           ({filter6_q, emit6_q}),
    .direct_i        (direct_q[filter6_q]),
    .relu_i          (relu_q[filter6_q]),
    .residual_mode_i (ResidualNone),
    .wide_i          (wide_q[filter6_q]),
    .function_i      (filter6_q ? function1_q : function0_q),
    .valid_o         (lanes_valid),
    .data_o          (lanes_data),
    .tag_o           (lanes_tag)
  );

  // The output queue. A lone result of the upper pixel moves down.
  wire              write = maximum_q ? emit5_q != {DP{1'b0}} : lanes_valid;
  wire [DP:0]       tag = maximum_q ? {filter5_q, emit5_q} : lanes_tag;
  wire [256*DP-1:0] results = maximum_q ? largest_wide : lanes_data;
  wire [256*DP-1:0] packed_results;
  wire              both;
  generate
    if (DP == 2) begin : g_two
      assign packed_results = {results[511:256], tag[0] ? results[255:0] : results[511:256]};
      assign both = tag[1:0] == 2'b11;
    end else begin : g_one
      assign packed_results = results;
      assign both = 1'b0;
    end
  endgenerate

  wire pop;
  wire full;
  wire valid;
  wire filter;
  wire pair;
  seigo_lutram_fifo #(
    .Width     (QueueWidth),
    .DepthBits (QueueBits)
  ) results_queue (
    .aclk    (aclk),
    .aresetn (aresetn),
    .write_i (write),
    .data_i  ({tag[DP], both, packed_results}),
    .full_o  (full),
    .pop_o   (pop),
    .valid_o (valid),
    .ready_i (filter ? ready_i[1] : ready_i[0]),
    .data_o  ({filter, pair, data_o})
  );
  assign valid_o = {valid && filter, valid && !filter};
  assign count_o = {pair, !pair};

  // Places that no window has claimed.
  localparam [QueueBits:0] None = 0;
  localparam [QueueBits:0] One = 1;
  localparam [QueueBits:0] Two = 2;
  wire               claims = window && emit != {DP{1'b0}};
  reg  [QueueBits:0] balance;
  always @* begin
    case ({claims, two_q, pop})
      3'b110:         balance = None - Two;
      3'b111, 3'b100: balance = None - One;
      3'b001, 3'b011: balance = One;
      default:        balance = None;
    endcase
  end
  always @(posedge aclk) begin
    if (!aresetn) free_q <= Places;
    else free_q <= free_q + balance;
  end

  wire moving = first1_q || first2_q || first3_q || last1_q || last2_q || last3_q || last4_q
             || last5_q;
  assign idle_o = !busy && !moving && free_q == Places && !valid;

  wire unused = &{1'b0, stride_i[0], full};

endmodule

`default_nettype wire
