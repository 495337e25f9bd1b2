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

  // Word k of every set and filter in a RAM of its own.
  wire [1:0] weights_place = {weights_set_i, weights_filter_i};
  wire [1:0] lanes_place = {lanes_set_i, lanes_filter_i};
  genvar k;
  generate
    for (k = 0; k < 9; k = k + 1) begin : g_word
      localparam Bits = k == 4 ? 128 : 256;
      (* ram_style = "distributed" *)
      reg [Bits-1:0] words [0:3];
      always @(posedge aclk) if (write && index_i == k[3:0]) words[{write_set_q, filter_i}] <= data_i[Bits-1:0];
      if (k < 4) begin : g_taps
        assign weights_o[256*k +: 256] = words[weights_place];
      end else if (k == 4) begin : g_tap
        assign weights_o[1151:1024] = words[weights_place];
        // Both filters have the same input: the first one's zero points serve.
        (* ram_style = "distributed" *)
        reg [127:0] zeros [0:1];
        always @(posedge aclk) begin
          if (write && index_i == k[3:0] && !filter_i) zeros[write_set_q] <= data_i[255:128];
        end
        assign zero_o = zeros[zero_set_i];
      end else begin : g_lanes
        assign lanes_o[256*(k-5) +: 256] = words[lanes_place];
      end
    end
  endgenerate

endmodule

`default_nettype wire
