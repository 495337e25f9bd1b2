// Rows of pixels by parity, for readers that take every other pixel: of two rows, the first gets the pixels of even
// address, the second those of odd address, turned by half a row. P neighbors that begin at a multiple of P lie in
// different banks then, and so do P pixels of a stride of 2. Rows of all banks come and leave one behind the other,
// an even one first; as many leave as come, the last one a cycle later.
`default_nettype none

module seigo_parity_rows #(
  // Words of a row: 2, 4, 8.
  parameter P = 4,
  parameter RowBits = 14
) (
  input  wire               aclk,
  input  wire               aresetn,
  // 0: rows pass as they are. It changes only while `idle_o` and no row is offered.
  input  wire               on_i,
  output wire               idle_o,
  // Rows of neighbors,
  input  wire               valid_i,
  output wire               ready_o,
  input  wire [RowBits-1:0] row_i,
  input  wire [P-1:0]       enable_i,
  input  wire [128*P-1:0]   data_i,
  // and by parity.
  output wire               req_valid_o,
  input  wire               req_ready_i,
  output wire [RowBits-1:0] req_row_o,
  output wire [P-1:0]       req_enable_o,
  output wire [128*P-1:0]   req_data_o
);
  generate
    if (P != 2 && P != 4 && P != 8) begin : g_check
      parity_rows_p_must_be_2_4_or_8 error ();
    end
  endgenerate

  // The even row waits for the odd one; that stays where it is until both have left.
  reg             held_q, second_q;
  reg [128*P-1:0] even_q;

  wire take_even = on_i && !held_q;
  wire leaves    = req_valid_o && req_ready_i;

  assign idle_o       = !held_q;
  assign req_valid_o  = valid_i && !take_even;
  assign ready_o      = take_even || (req_ready_i && (!on_i || second_q));
  assign req_enable_o = enable_i;
  assign req_row_o    = on_i ? {row_i[RowBits-1:1], second_q} : row_i;

  always @(posedge aclk) begin
    if (!aresetn) begin
      held_q   <= 1'b0;
      second_q <= 1'b0;
    end else begin
      if (valid_i && take_even)    held_q <= 1'b1;
      else if (leaves && second_q) held_q <= 1'b0;
      if (on_i && leaves) second_q <= !second_q;
    end
    if (take_even) even_q <= data_i;
  end

  wire [256*P-1:0] pair = {data_i, even_q};
  genvar b;
  generate
    for (b = 0; b < P; b = b + 1) begin : g_bank
      localparam Odd = 2 * ((b + P / 2) % P) + 1;
      assign req_data_o[128*b +: 128] = !on_i    ? data_i[128*b +: 128]
                                      : second_q ? pair[128*Odd +: 128]
                                                 : pair[256*b +: 128];
    end
  endgenerate
endmodule

`default_nettype wire
