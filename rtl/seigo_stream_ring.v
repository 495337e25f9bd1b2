// Prefetches one linear stream from DDR into a ring of 32-byte words. Words are named by their
// count since `start_i` (24 bits); the low bits address the ring. Word n may be read while
// `release_i <= n < head_o`; data follow `read_i` by 2 cycles.
//
// `start_i` begins a stream; requests of the one before must have been answered (the reset that
// precedes every frame sees to that).
`default_nettype none

module seigo_stream_ring #(
  parameter RingWords = 2048
) (
  input  wire         aclk,
  input  wire         aresetn,

  // Start of the stream (bytes, a multiple of 16) and its length in ring words
  input  wire         start_i,
  input  wire [39:0]  address_i,
  input  wire [23:0]  words_i,

  // Client 1 of seigo_axi_read
  output wire         req_valid_o,
  input  wire         req_ready_i,
  output wire [39:0]  req_address_o,
  output wire [4:0]   req_beats_o,
  input  wire         data_valid_i,
  input  wire [127:0] data_i,

  // Loader: words written so far; all of the stream is written; read; words below are free
  output wire [23:0]  head_o,
  output wire         ended_o,
  input  wire         read_i,
  input  wire [23:0]  read_index_i,
  output wire [255:0] data_o,
  input  wire [23:0]  release_i
);

  localparam RingBits = $clog2(RingWords);
  localparam ReadLatency = 2;
  localparam RingBeats = 2 * RingWords;

  generate
    if (RingWords != (1 << RingBits) || RingWords < 16 || RingBits > 20 || ReadLatency != 2)
    begin : g_check
      stream_ring_parameter_out_of_range error ();
    end
  endgenerate

  // Requests. Every burst ends at a multiple of 256 bytes, except the last.
  localparam Size = 2'd0;
  localparam Room = 2'd1;
  localparam Ask = 2'd2;

  reg [1:0]  state_q;
  reg [39:4] address_q;
  reg [24:0] left_q;
  reg [24:0] requested_q;
  reg [24:0] room_q;
  reg [4:0]  beats_q;

  wire [4:0] to_boundary = 5'd16 - {1'b0, address_q[7:4]};

  assign req_valid_o = state_q == Ask;
  assign req_address_o = {address_q, 4'd0};
  assign req_beats_o = beats_q;

  always @(posedge aclk) begin
    room_q <= RingBeats[24:0] - requested_q + {release_i, 1'b0};
    case (state_q)
      Size: begin
        beats_q <= left_q < {20'd0, to_boundary} ? left_q[4:0] : to_boundary;
        if (left_q != 25'd0) state_q <= Room;
      end
      Room: begin
        if (room_q >= {20'd0, beats_q}) state_q <= Ask;
      end
      default: begin
        if (req_ready_i) begin
          address_q <= address_q + {31'd0, beats_q};
          left_q <= left_q - {20'd0, beats_q};
          requested_q <= requested_q + {20'd0, beats_q};
          state_q <= Size;
        end
      end
    endcase
    if (start_i) begin
      state_q <= Size;
      address_q <= address_i[39:4];
      left_q <= {words_i, 1'b0};
      requested_q <= 25'd0;
    end
    if (!aresetn) begin
      state_q <= Size;
      left_q <= 25'd0;
      requested_q <= 25'd0;
    end
  end

  // Two beats make a word, the first one its low half.
  reg [24:0]  arrived_q;
  reg [23:0]  words_q;
  reg         ended_q;
  reg [127:0] low_q;
  reg [255:0] data_q;
  wire [255:0] ram_data;

  always @(posedge aclk) begin
    if (data_valid_i) begin
      arrived_q <= arrived_q + 25'd1;
      low_q <= data_i;
    end
    ended_q <= arrived_q[24:1] == words_q;
    if (start_i) begin
      arrived_q <= 25'd0;
      words_q <= words_i;
      ended_q <= 1'b0;
    end
    if (!aresetn) begin
      arrived_q <= 25'd0;
      words_q <= 24'd0;
      ended_q <= 1'b0;
    end
    data_q <= ram_data;
  end

  seigo_dual_port_ram #(
    .Width(256),
    .Depth(RingWords),
    .AddressBits(RingBits)
  ) memory (
    .aclk(aclk),
    .write_i(data_valid_i && arrived_q[0]),
    .write_address_i(arrived_q[RingBits:1]),
    .write_data_i({data_i, low_q}),
    .read_i(read_i),
    .read_address_i(read_index_i[RingBits-1:0]),
    .read_data_o(ram_data)
  );

  assign head_o = arrived_q[24:1];
  assign ended_o = ended_q;
  assign data_o = data_q;

  // Addresses are multiples of 16; the ring is addressed by the low bits.
  wire unused = |{address_i[3:0], read_index_i[23:RingBits]};

endmodule

`default_nettype wire
