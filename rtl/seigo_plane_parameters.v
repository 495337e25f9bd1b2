// Parameter sets of the plane engine, for two planes: the one in use and the one that follows.
//
// A set is 9 ring words for each filter: taps 0 to 7 in words 0 to 3, tap 8 and the input zero
// points in word 4, lane parameters in words 5 to 8. Words are taken while `ready_o`; `commit_i`,
// with the last word or later, ends the set, and `available_o` rises a cycle later. `take_i` says
// that the next plane begins to use its set, `release_i` that the oldest one is done with.
`default_nettype none

module seigo_plane_parameters (
  input  wire          aclk,
  input  wire          aresetn,
  input  wire          valid_i,
  input  wire          filter_i,
  input  wire [3:0]    index_i,
  input  wire [255:0]  data_i,
  input  wire          commit_i,
  output wire          ready_o,
  output wire          available_o,
  input  wire          take_i,
  input  wire          release_i,
  // Set and filter of each part; combinational.
  input  wire          zero_set_i,
  output wire [127:0]  zero_o,
  input  wire          weights_set_i,
  input  wire          weights_filter_i,
  output wire [1151:0] weights_o,
  input  wire          lanes_set_i,
  input  wire          lanes_filter_i,
  output wire [1023:0] lanes_o
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

  // Word k of set s, filter f at 256 * (2 * s + f) of `g_word[k].sets`.
  wire [1:0] weights_place = {weights_set_i, weights_filter_i};
  wire [1:0] lanes_place = {lanes_set_i, lanes_filter_i};
  genvar k;
  genvar s;
  generate
    for (k = 0; k < 9; k = k + 1) begin : g_word
      wire [1023:0] sets;
      for (s = 0; s < 4; s = s + 1) begin : g_set
        reg [255:0] word_q;
        always @(posedge aclk) begin
          if (write && {write_set_q, filter_i} == s[1:0] && index_i == k[3:0]) word_q <= data_i;
        end
        assign sets[256*s +: 256] = word_q;
      end
      if (k < 4) begin : g_taps
        assign weights_o[256*k +: 256] = sets[256*weights_place +: 256];
      end else if (k == 4) begin : g_tap
        assign weights_o[1151:1024] = sets[256*weights_place +: 128];
        // Both filters have the same input: the first one's zero points serve.
        assign zero_o = zero_set_i ? sets[767:640] : sets[255:128];
      end else begin : g_lanes
        assign lanes_o[256*(k-5) +: 256] = sets[256*lanes_place +: 256];
      end
    end
  endgenerate

endmodule

`default_nettype wire
