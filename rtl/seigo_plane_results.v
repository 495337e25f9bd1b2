// The results of the plane engine on their way out: `Channels` of a pixel's channels at a time, put together to 16, in
// a queue of `1 << QueueBits` words. `room_o` counts places that no window has claimed: a window claims one for each
// filter, so that nothing before the queue ever waits. A window's results leave as one beat, or two where they are more
// than `Beat` pixels.
`default_nettype none

module seigo_plane_results #(
  parameter DP = 2,
  // Pixels of a beat: DP, or half of 4.
  parameter Beat = DP,
  parameter Channels = 16,
  parameter QueueBits = 5
) (
  input  wire                        aclk,
  input  wire                        aresetn,
  input  wire                        two_i,
  input  wire                        claim_i,
  // There is room for a window; no place is claimed and nothing waits.
  output wire                        room_o,
  output wire                        empty_o,
  // Results of the pixels in `emit_i`, int16 a channel; with 8 channels, which half of the 16.
  input  wire                        write_i,
  input  wire                        filter_i,
  input  wire                        half_i,
  input  wire [DP-1:0]               emit_i,
  input  wire [16*Channels*DP-1:0]   data_i,
  output wire [1:0]                  valid_o,
  input  wire [1:0]                  ready_i,
  output wire [256*Beat-1:0]         data_o,
  output wire [2:0]                  count_o
);
  localparam QueueWidth = 256 * DP + 3;
  localparam [QueueBits:0] Places = 1 << QueueBits;
  localparam Bits = 16 * Channels;

  // All channels of each pixel.
  wire [256*DP-1:0] results;
  wire              complete = write_i && (Channels == 16 || half_i);
  genvar j;
  generate
    if (Channels == 16) begin : g_whole
      assign results = data_i;
      wire unused_half = half_i;
    end else begin : g_halves
      reg [Bits*DP-1:0] low_q;
      always @(posedge aclk) if (write_i && !half_i) low_q <= data_i;
      for (j = 0; j < DP; j = j + 1) begin : g_pixel
        assign results[256*j +: 256] = {data_i[Bits*j +: Bits], low_q[Bits*j +: Bits]};
      end
    end
  endgenerate

  // Results that follow pixels without one move down: behind others as they come, one behind the other (stride 1), or two
  // pixels apart (stride 2). `count` is one less than there are.
  wire [256*DP-1:0] packed_results;
  wire [1:0]        count;
  generate
    if (DP == 4) begin : g_four
      wire apart = emit_i == 4'b0101 || emit_i == 4'b1010;
      wire [1:0] first = emit_i[0] ? 2'd0 : emit_i[1] ? 2'd1 : emit_i[2] ? 2'd2 : 2'd3;
      wire [256*4-1:0] down = results >> {first, 8'd0};
      assign packed_results = {down[1023:512], apart ? down[767:512] : down[511:256], down[255:0]};
      assign count = {1'b0, emit_i[0]} + {1'b0, emit_i[1]} + {1'b0, emit_i[2]} + {1'b0, emit_i[3]} - 2'd1;
    end else if (DP == 2) begin : g_two
      assign packed_results = {results[511:256], emit_i[0] ? results[255:0] : results[511:256]};
      assign count = {1'b0, emit_i == 2'b11};
    end else begin : g_one
      assign packed_results = results;
      assign count = 2'd0;
      wire unused_emit = &{1'b0, emit_i};
    end
  endgenerate

  wire                taken;
  wire                pop;
  wire                full;
  wire                valid;
  wire                filter;
  // One less than its results.
  wire [1:0]          all;
  wire [256*DP-1:0]   window;
  seigo_lutram_fifo #(
    .Width     (QueueWidth),
    .DepthBits (QueueBits)
  ) results_queue (
    .aclk    (aclk),
    .aresetn (aresetn),
    .write_i (complete),
    .data_i  ({filter_i, count, packed_results}),
    .full_o  (full),
    .pop_o   (pop),
    .valid_o (valid),
    .ready_i (taken),
    .data_o  ({filter, all, window})
  );
  wire beat = filter ? ready_i[1] : ready_i[0];
  generate
    if (Beat != DP && !(DP == 4 && Beat == 2)) begin : g_check_beat
      beat_must_be_dp_or_half_of_4 error ();
    end
    if (Beat == DP) begin : g_whole_window
      assign taken = beat;
      assign data_o = window;
      assign count_o = {1'b0, all} + 3'd1;
    end else begin : g_two_beats
      // The second beat of a window.
      reg  upper_q;
      wire more = all[1] && !upper_q;
      always @(posedge aclk) begin
        if (!aresetn) upper_q <= 1'b0;
        else if (valid && beat) upper_q <= more;
      end
      assign taken = beat && !more;
      assign data_o = upper_q ? window[256*DP-1 -: 256*Beat] : window[256*Beat-1:0];
      assign count_o = more ? 3'd2 : {1'b0, !all[0] ? 2'd1 : 2'd2};
    end
  endgenerate
  assign valid_o = {valid && filter, valid && !filter};

  localparam [QueueBits:0] None = 0;
  localparam [QueueBits:0] One = 1;
  localparam [QueueBits:0] Two = 2;
  reg [QueueBits:0] free_q;
  reg [QueueBits:0] balance;
  always @* begin
    case ({claim_i, two_i, pop})
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
  assign room_o = free_q[QueueBits:1] != {QueueBits{1'b0}};
  assign empty_o = free_q == Places && !valid;

  wire unused_full = full;

endmodule

`default_nettype wire
