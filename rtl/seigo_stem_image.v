// The image on its way from DDR: asks for its rows in order, as far as there is room, and holds
// them in `Lanes` memories, row y in memory y mod `Lanes`. `tile_i` begins (again) with row 0.
//
// `credit_q` is the free room in the row buffers, in beats: rows above `top_i`, which no later
// output row needs, give theirs back, one row a cycle. A burst is at most a row long: while the K
// rows of a window are not there, so much room always is.
`default_nettype none

module seigo_stem_image #(
  parameter Lanes = 6,
  parameter TurnBits = 3,
  // Bits of a row's number within its memory, and of a word's within its row
  parameter SlotBits = 1,
  parameter WordBits = 7
) (
  input  wire                 aclk,
  input  wire                 aresetn,

  // Start of the image; all of its words, room for words, words of a row
  input  wire                 tile_i,
  input  wire [39:4]          address_i,
  input  wire [23:0]          total_i,
  input  wire [23:0]          capacity_i,
  input  wire [WordBits:0]    row_beats_i,
  input  wire signed [20:0]   top_i,
  output reg  [15:0]          arrived_o,

  // Client 0 of seigo_axi_read
  output wire                 req_valid_o,
  input  wire                 req_ready_i,
  output wire [39:0]          req_address_o,
  output wire [4:0]           req_beats_o,
  input  wire                 data_valid_i,
  input  wire [127:0]         data_i,

  // The same word of a row of every memory, one cycle later; those of `read_next_i` one slot on
  input  wire                 read_i,
  input  wire [SlotBits-1:0]  read_slot_i,
  input  wire [Lanes-1:0]     read_next_i,
  input  wire [WordBits-1:0]  read_word_i,
  output wire [Lanes*128-1:0] rows_o
);

  localparam RamBits = SlotBits + WordBits;

  localparam Size = 2'd0;
  localparam Room = 2'd1;
  localparam Ask = 2'd2;

  reg [1:0]               ask_q;
  reg [39:4]              address_q;
  reg [4:0]               beats_q;
  reg [23:0]              left_q;
  reg [23:0]              credit_q;
  reg signed [20:0]       freed_q;

  wire [4:0] to_boundary = 5'd16 - {1'b0, address_q[7:4]};
  wire [4:0] beats = left_q < {19'd0, to_boundary} ? left_q[4:0] : to_boundary;
  wire asked = req_valid_o && req_ready_i;
  wire free = freed_q < top_i;

  assign req_valid_o = ask_q == Ask;
  assign req_address_o = {address_q, 4'd0};
  assign req_beats_o = beats_q;

  always @(posedge aclk) begin
    case (ask_q)
      Size: begin
        beats_q <= row_beats_i < {{(WordBits - 4){1'b0}}, beats} ? row_beats_i[4:0] : beats;
        if (left_q != 24'd0) ask_q <= Room;
      end
      Room: begin
        if (credit_q >= {19'd0, beats_q}) ask_q <= Ask;
      end
      default: begin
        if (req_ready_i) begin
          address_q <= address_q + {31'd0, beats_q};
          left_q <= left_q - {19'd0, beats_q};
          ask_q <= Size;
        end
      end
    endcase
    credit_q <= credit_q - (asked ? {19'd0, beats_q} : 24'd0) +
                (free ? {{(23 - WordBits){1'b0}}, row_beats_i} : 24'd0);
    if (free) freed_q <= freed_q + 21'sd1;
    if (tile_i) begin
      ask_q <= Size;
      address_q <= address_i;
      left_q <= total_i;
      credit_q <= capacity_i;
      freed_q <= 21'sd0;
    end
    if (!aresetn) begin
      ask_q <= Size;
      left_q <= 24'd0;
    end
  end

  reg [WordBits-1:0] in_word_q;
  reg [TurnBits-1:0] in_lane_q;
  reg [SlotBits-1:0] in_slot_q;
  wire in_row_ends = {1'b0, in_word_q} == row_beats_i - 1'b1;

  always @(posedge aclk) begin
    if (data_valid_i) begin
      in_word_q <= in_row_ends ? 0 : in_word_q + 1'b1;
      if (in_row_ends) begin
        arrived_o <= arrived_o + 16'd1;
        in_lane_q <= in_lane_q == Lanes[TurnBits-1:0] - 1'b1 ? 0 : in_lane_q + 1'b1;
        if (in_lane_q == Lanes[TurnBits-1:0] - 1'b1) in_slot_q <= in_slot_q + 1'b1;
      end
    end
    if (tile_i) begin
      in_word_q <= 0;
      in_lane_q <= 0;
      in_slot_q <= 0;
      arrived_o <= 16'd0;
    end
  end

  genvar m;
  generate
    for (m = 0; m < Lanes; m = m + 1) begin : g_rows
      wire [SlotBits-1:0] slot = read_slot_i + {{(SlotBits - 1){1'b0}}, read_next_i[m]};
      seigo_dual_port_ram #(
        .Width(128),
        .Depth(1 << RamBits),
        .AddressBits(RamBits)
      ) rows (
        .aclk(aclk),
        .write_i(data_valid_i && in_lane_q == m),
        .write_address_i({in_slot_q, in_word_q}),
        .write_data_i(data_i),
        .read_i(read_i),
        .read_address_i({slot, read_word_i}),
        .read_data_o(rows_o[128*m +: 128])
      );
    end
  endgenerate

endmodule

`default_nettype wire
