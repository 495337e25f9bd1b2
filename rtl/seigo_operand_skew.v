// Operands of one pixel, or of a packed pair, for the DSP chains: a byte of a masked pixel gives way to its
// channel's zero point, a pair becomes `a1 * 2^18 + a0`, and channel c leaves `1 + c mod 8` cycles after it came.
`default_nettype none

module seigo_operand_skew #(
  // 1: two pixels; 0: one.
  parameter Packed = 1
) (
  input  wire                      aclk,
  // Bit k: enables the registers that load k cycles after the pixel came.
  input  wire [7:0]                valid_i,
  input  wire [128*(1+Packed)-1:0] data_i,
  input  wire [Packed:0]           mask_i,
  input  wire [127:0]              pad_i,
  // Operand of channel c in bits 32 c and up, sign-extended.
  output wire [511:0]              operand_o
);

  localparam Bits = Packed != 0 ? 27 : 8;

  genvar c, k;
  generate
    for (c = 0; c < 16; c = c + 1) begin : g_channel
      localparam K = c % 8;
      wire [7:0] pad = pad_i[8*c +: 8];
      wire [7:0] a0 = mask_i[0] ? pad : data_i[8*c +: 8];
      wire [Bits-1:0] operand;
      if (Packed != 0) begin : g_pair
        wire [7:0] a1 = mask_i[Packed] ? pad : data_i[128*Packed+8*c +: 8];
        // The sign of a0 borrows 1 from a1.
        assign operand = {{a1[7], a1} - {8'd0, a0[7]}, {10{a0[7]}}, a0};
      end else begin : g_single
        assign operand = a0;
      end
      for (k = 0; k <= K; k = k + 1) begin : g_delay
        reg [Bits-1:0] operand_q;
        if (k == 0) begin : g_first
          always @(posedge aclk) if (valid_i[0]) operand_q <= operand;
        end else begin : g_next
          always @(posedge aclk) if (valid_i[k]) operand_q <= g_delay[k-1].operand_q;
        end
      end
      assign operand_o[32*c +: 32] =
        {{(32-Bits){g_delay[K].operand_q[Bits-1]}}, g_delay[K].operand_q};
    end
  endgenerate

endmodule

`default_nettype wire
