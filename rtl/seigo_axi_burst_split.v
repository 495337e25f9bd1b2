// Holds one request of 1 to 16 beats of 16 bytes and hands it on in one or two parts, so that no
// part crosses a 4 KiB boundary (AXI4 forbids it). `length_o` counts beats as AxLEN does, from 0.
// `clear_i` drops what has not been handed on.
`default_nettype none

module seigo_axi_burst_split #(
  parameter TagBits = 2
) (
  input  wire               aclk,
  input  wire               aresetn,
  input  wire               clear_i,

  input  wire               valid_i,
  output wire               ready_o,
  input  wire [39:4]        address_i,
  input  wire [4:0]         beats_i,
  input  wire [TagBits-1:0] tag_i,

  output wire               valid_o,
  input  wire               ready_i,
  output wire [39:4]        address_o,
  output wire [3:0]         length_o,
  output wire [TagBits-1:0] tag_o
);

  reg               valid_q;
  reg [39:4]        address_q;
  reg [4:0]         beats_q;
  reg [TagBits-1:0] tag_q;

  // Beats up to the boundary, where fewer than 16 are left; and whether the request goes beyond it.
  wire [4:0] to_boundary = 5'd16 - {1'b0, address_q[7:4]};
  /* verilator lint_off UNUSEDSIGNAL */  // its carry counts
  wire [4:0] end_i = {1'b0, address_i[7:4]} + (beats_i - 5'd1);
  /* verilator lint_on UNUSEDSIGNAL */
  reg        crosses_q;

  assign valid_o = valid_q;
  assign address_o = address_q;
  assign length_o = (crosses_q ? to_boundary[3:0] : beats_q[3:0]) - 4'd1;
  assign tag_o = tag_q;
  assign ready_o = !clear_i && (!valid_q || (ready_i && !crosses_q));

  always @(posedge aclk) begin
    if (valid_i && ready_o) begin
      valid_q <= 1'b1;
      address_q <= address_i;
      beats_q <= beats_i;
      tag_q <= tag_i;
      crosses_q <= address_i[11:8] == 4'hF && end_i[4];
    end else if (valid_q && ready_i) begin
      valid_q <= crosses_q;
      crosses_q <= 1'b0;
      address_q <= {address_q[39:12] + 28'd1, 8'd0};
      beats_q <= beats_q - to_boundary;
    end
    if (!aresetn || clear_i) valid_q <= 1'b0;
  end

endmodule

`default_nettype wire
