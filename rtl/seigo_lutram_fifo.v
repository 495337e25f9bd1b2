// A small queue in distributed RAM with an output register.
//
// A word written in cycle t is valid at the output in cycle t + 2 at the earliest. Full rate. The
// writer looks at `full_o`, or counts `pop_o` as returned credit: each pulse frees one place.
`default_nettype none

module seigo_lutram_fifo #(
  parameter Width = 8,
  // The queue holds 2^DepthBits words and one more in the output register.
  parameter DepthBits = 2
) (
  input  wire             aclk,
  input  wire             aresetn,
  input  wire             write_i,
  input  wire [Width-1:0] data_i,
  output wire             full_o,
  output wire             pop_o,
  output wire             valid_o,
  input  wire             ready_i,
  output wire [Width-1:0] data_o
);

  (* ram_style = "distributed" *)
  reg [Width-1:0] words [0:(1 << DepthBits)-1];
  reg [DepthBits:0] write_q;
  reg [DepthBits:0] read_q;
  reg               valid_q;
  reg [Width-1:0]   data_q;

  assign full_o = write_q == {~read_q[DepthBits], read_q[DepthBits-1:0]};
  assign pop_o = write_q != read_q && (!valid_q || ready_i);
  assign valid_o = valid_q;
  assign data_o = data_q;

  always @(posedge aclk) begin
    if (write_i) words[write_q[DepthBits-1:0]] <= data_i;
    if (pop_o) data_q <= words[read_q[DepthBits-1:0]];
  end

  always @(posedge aclk) begin
    if (!aresetn) begin
      write_q <= 0;
      read_q <= 0;
      valid_q <= 1'b0;
    end else begin
      if (write_i) write_q <= write_q + 1'b1;
      if (pop_o) read_q <= read_q + 1'b1;
      if (pop_o) valid_q <= 1'b1;
      else if (ready_i) valid_q <= 1'b0;
    end
  end

endmodule

`default_nettype wire
