// Simple dual-port RAM: one write port, one read port, data one cycle after `read_i`; without
// `read_i` the data stay. A read of a word in the cycle of its write gives the old word.
`default_nettype none

module seigo_dual_port_ram #(
  parameter Width = 128,
  parameter Depth = 512,
  parameter AddressBits = 9
) (
  input  wire                   aclk,
  input  wire                   write_i,
  input  wire [AddressBits-1:0] write_address_i,
  input  wire [Width-1:0]       write_data_i,
  input  wire                   read_i,
  input  wire [AddressBits-1:0] read_address_i,
  output wire [Width-1:0]       read_data_o
);

  generate
    if (Depth < 2 || Depth > (1 << AddressBits)) begin : g_check
      dual_port_ram_depth_out_of_range error ();
    end
  endgenerate

  (* ram_style = "block" *)
  reg [Width-1:0] ram [0:Depth-1];
  reg [Width-1:0] data_q;

  always @(posedge aclk) begin
    if (write_i) ram[write_address_i] <= write_data_i;
    if (read_i) data_q <= ram[read_address_i];
  end

  assign read_data_o = data_q;

endmodule

`default_nettype wire
