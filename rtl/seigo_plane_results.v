// The results of the plane engine on their way out: `Channels` of a pixel's channels at a time, put together to 16, in
// a queue of `1 << QueueBits` words. `room_o` counts places that no window has claimed: a window claims one for each
// filter, so that nothing before the queue ever waits.
`default_nettype none

module seigo_plane_results #(
  parameter DP = 2,
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
  output wire [256*DP-1:0]           data_o,
  output wire [1:0]                  count_o
);
  localparam QueueWidth = 256 * DP + 2;
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

  // A lone result of the upper pixel moves down.
  wire [256*DP-1:0] packed_results;
  wire              both;
  generate
    if (DP == 2) begin : g_two
      assign packed_results = {results[511:256], emit_i[0] ? results[255:0] : results[511:256]};
      assign both = emit_i == 2'b11;
    end else begin : g_one
      assign packed_results = results;
      assign both = 1'b0;
      wire unused_emit = &{1'b0, emit_i};
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
    .write_i (complete),
    .data_i  ({filter_i, both, packed_results}),
    .full_o  (full),
    .pop_o   (pop),
    .valid_o (valid),
    .ready_i (filter ? ready_i[1] : ready_i[0]),
    .data_o  ({filter, pair, data_o})
  );
  assign valid_o = {valid && filter, valid && !filter};
  assign count_o = {pair, !pair};

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
