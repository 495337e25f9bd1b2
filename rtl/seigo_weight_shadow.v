// The next weight tile of the dense array: 16 output x 16 input channels, written by ring words of two output
// channels. Channel c works `c mod 8` cycles after channel 0, so its bytes are written that much later: a new
// tile may follow as soon as channel 0 has taken the old one.
`default_nettype none

module seigo_weight_shadow (
  input  wire          aclk,
  input  wire          valid_i,
  input  wire [3:0]    index_i,
  input  wire [255:0]  data_i,
  // Weight of output channel o and input channel c in bits 128 o + 8 c and up.
  output wire [2047:0] weight_o
);

  // Bits 8 k and up: words written at chain position k.
  wire [63:0] write;
  reg  [55:0] write_q;
  always @(posedge aclk) write_q <= write[55:0];
  assign write[63:8] = write_q;

  genvar word, c, o;
  generate
    for (word = 0; word < 8; word = word + 1) begin : g_word
      assign write[word] = valid_i && index_i == word;
    end

    for (c = 0; c < 16; c = c + 1) begin : g_channel
      localparam K = c % 8;
      // The two output channels' bytes, K cycles late.
      wire [15:0] bytes;
      if (K == 0) begin : g_now
        assign bytes = {data_i[128+8*c +: 8], data_i[8*c +: 8]};
      end else if (K == 1) begin : g_next
        reg [15:0] bytes_q;
        always @(posedge aclk) bytes_q <= {data_i[128+8*c +: 8], data_i[8*c +: 8]};
        assign bytes = bytes_q;
      end else begin : g_late
        reg [16*K-1:0] bytes_q;
        always @(posedge aclk) begin
          bytes_q <= {bytes_q[16*(K-1)-1:0], data_i[128+8*c +: 8], data_i[8*c +: 8]};
        end
        assign bytes = bytes_q[16*K-1 -: 16];
      end
      for (o = 0; o < 16; o = o + 1) begin : g_output
        reg [7:0] weight_q;
        always @(posedge aclk) begin
          if (write[8*K+o/2]) weight_q <= bytes[8*(o%2) +: 8];
        end
        assign weight_o[128*o+8*c +: 8] = weight_q;
      end
    end
  endgenerate

endmodule

`default_nettype wire
