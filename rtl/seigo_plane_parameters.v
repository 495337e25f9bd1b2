// Parameter sets of the plane engine, for two planes: the one in use and the one that follows.
//
// A set is 9 ring words for each filter: taps 0 to 7 in words 0 to 3, tap 8 and the input zero
// points in word 4, lane parameters in words 5 to 8. A filter of several parts has words 0 to 4 of each of
// them, the zero points in the last one. Words are taken while `ready_o`; `commit_i`,
// with the last word or later, ends the set, and `available_o` rises a cycle later. `take_i` says
// that the next plane begins to use its set, `release_i` that the oldest one is done with.
//
// With `multiply_i` taps are masks: what they leave of the channel's byte of `factor_i`, which stays until the set ends,
// is the weight.
//
// With 8 channels a cycle the halves of a set lie one behind the other in RAMs of half the width. A word of taps has
// both halves and takes two cycles to write, so that between two words there is at least one cycle.
`default_nettype none

module seigo_plane_parameters #(
  // Channels a cycle: 16 or 8.
  parameter Channels = 16,
  // The largest number of parts along an axis: 1 to 3.
  parameter Reach = 1,
  // 1: taps may be masks.
  parameter ChannelMul = 0
) (
  input  wire          aclk,
  input  wire          aresetn,
  input  wire          valid_i,
  input  wire          filter_i,
  // By rows in the upper bits and by columns.
  input  wire [3:0]    part_i,
  input  wire [3:0]    index_i,
  input  wire [255:0]  data_i,
  input  wire          commit_i,
  input  wire          multiply_i,
  input  wire [127:0]  factor_i,
  output wire          ready_o,
  output wire          available_o,
  input  wire          take_i,
  input  wire          release_i,
  // Set, filter and, of 8 channels, half of each part; combinational.
  input  wire          zero_set_i,
  output wire [127:0]  zero_o,
  input  wire          weights_set_i,
  input  wire          weights_filter_i,
  input  wire          weights_half_i,
  input  wire [3:0]    weights_part_i,
  output wire [72*Channels-1:0] weights_o,
  input  wire          lanes_set_i,
  input  wire          lanes_filter_i,
  input  wire          lanes_half_i,
  output wire [64*Channels-1:0] lanes_o
);

  reg       write_set_q;
  reg [1:0] held_q;
  reg [1:0] waiting_q;
  wire      write = valid_i && ready_o;

  assign ready_o = !held_q[1];
  assign available_o = waiting_q != 2'd0;

  always @(posedge aclk) begin
    if (!aresetn) begin
      write_set_q <= 1'b0;
      held_q <= 2'd0;
      waiting_q <= 2'd0;
    end else begin
      if (commit_i) write_set_q <= !write_set_q;
      held_q <= held_q + {1'b0, commit_i} - {1'b0, release_i};
      waiting_q <= waiting_q + {1'b0, commit_i} - {1'b0, take_i};
    end
  end

  // Two taps of 16 channels.
  wire [255:0] weights;
  generate
    if (ChannelMul != 0) begin : g_masks
      assign weights = data_i & ({2{factor_i}} | {256{!multiply_i}});
    end else begin : g_plain
      assign weights = data_i;
      wire unused_factor = &{1'b0, multiply_i, factor_i};
    end
  endgenerate

  // A tap, two of them in a word of the ring.
  localparam Tap = 8 * Channels;
  // Set and filter, with halves behind which one.
  localparam PlaceBits = Channels == 16 ? 2 : 3;

  wire [3:0]      tap_word;
  wire            tap_write;
  wire [PlaceBits-1:0] tap_place;
  wire [3:0]           tap_part;
  wire [2*Tap-1:0] taps;
  wire [PlaceBits-1:0] weights_place;
  wire [PlaceBits-1:0] lanes_place;
  generate
    if (Channels == 16) begin : g_whole
      assign tap_write = write;
      assign tap_word = index_i;
      assign tap_part = part_i;
      assign tap_place = {write_set_q, filter_i};
      assign taps = weights;
      assign weights_place = {weights_set_i, weights_filter_i};
      assign lanes_place = {lanes_set_i, lanes_filter_i};
      wire unused = &{1'b0, weights_half_i, lanes_half_i};
    end else begin : g_halves
      // The upper half of a word, in the cycle after it came.
      reg             upper_q;
      reg [3:0]       upper_word_q;
      reg [3:0]       upper_part_q;
      reg [1:0]       upper_place_q;
      reg [2*Tap-1:0] upper_taps_q;
      always @(posedge aclk) begin
        upper_q <= write && aresetn;
        upper_word_q <= index_i;
        upper_part_q <= part_i;
        upper_place_q <= {write_set_q, filter_i};
        upper_taps_q <= {weights[192 +: 64], weights[64 +: 64]};
      end
      assign tap_write = write || upper_q;
      assign tap_word = upper_q ? upper_word_q : index_i;
      assign tap_part = upper_q ? upper_part_q : part_i;
      assign tap_place = upper_q ? {1'b1, upper_place_q} : {1'b0, write_set_q, filter_i};
      assign taps = upper_q ? upper_taps_q : {weights[128 +: 64], weights[0 +: 64]};
      assign weights_place = {weights_half_i, weights_set_i, weights_filter_i};
      assign lanes_place = {lanes_half_i, lanes_set_i, lanes_filter_i};
    end
  endgenerate

  // Parts lie one behind the other.
  localparam PartBits = Reach == 1 ? 0 : Reach == 2 ? 2 : 4;
  localparam TapBits = PlaceBits + PartBits;
  wire [TapBits-1:0] tap_address;
  wire [TapBits-1:0] weights_address;
  generate
    if (Reach == 1) begin : g_one_part
      assign tap_address = tap_place;
      assign weights_address = weights_place;
      wire unused_part = &{1'b0, tap_part, weights_part_i};
    end else if (Reach == 2) begin : g_four_parts
      assign tap_address = {tap_part[2], tap_part[0], tap_place};
      assign weights_address = {weights_part_i[2], weights_part_i[0], weights_place};
      wire unused_part = &{1'b0, tap_part, weights_part_i};
    end else begin : g_nine_parts
      assign tap_address = {tap_part, tap_place};
      assign weights_address = {weights_part_i, weights_place};
    end
  endgenerate

  // The same word of every set and filter in a RAM of its own.
  localparam LaneWords = Channels / 4;
  genvar k;
  generate
    for (k = 0; k < 5; k = k + 1) begin : g_taps
      localparam Bits = k == 4 ? Tap : 2 * Tap;
      (* ram_style = "distributed" *)
      reg [Bits-1:0] words [0:(1<<TapBits)-1];
      always @(posedge aclk) begin
        if (tap_write && tap_word == k[3:0]) words[tap_address] <= taps[Bits-1:0];
      end
      assign weights_o[2*Tap*k +: Bits] = words[weights_address];
    end
    for (k = 0; k < LaneWords; k = k + 1) begin : g_lanes
      // Word 5 + k, and with halves the one that lies as far in the upper half.
      localparam Low = 5 + k;
      localparam High = 5 + k + 4 - LaneWords;
      wire upper = index_i == High[3:0];
      wire [PlaceBits-1:0] place;
      if (Channels == 16) begin : g_place_whole
        assign place = {write_set_q, filter_i};
      end else begin : g_place_halves
        assign place = {upper, write_set_q, filter_i};
      end
      (* ram_style = "distributed" *)
      reg [255:0] words [0:(1<<PlaceBits)-1];
      always @(posedge aclk) begin
        if (write && (index_i == Low[3:0] || upper)) words[place] <= data_i;
      end
      assign lanes_o[256*k +: 256] = words[lanes_place];
    end
  endgenerate

  // Both filters have the same input: the first one's zero points serve, of all channels.
  (* ram_style = "distributed" *)
  reg [127:0] zeros [0:1];
  always @(posedge aclk) if (write && index_i == 4'd4 && !filter_i) zeros[write_set_q] <= data_i[255:128];
  assign zero_o = zeros[zero_set_i];

endmodule

`default_nettype wire
