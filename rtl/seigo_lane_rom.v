// The ROM of the activation functions for `Ports` output lanes, a read a cycle for each, with an output register.
//
// In block RAM two lanes share one, at its two ports; in logic every lane wants one of its own.
`default_nettype none

module seigo_lane_rom #(
  // Lanes: 1, or 2 with `Block`.
  parameter Ports = 1,
  // Entries of 16 bits: 1 to 4096.
  parameter Entries = 240,
  parameter [16*Entries-1:0] Rom = 0,
  // 1: block RAM; 0: logic.
  parameter Block = 0,
  // Derived, not to be set.
  parameter AddressBits = Entries > 1 ? $clog2(Entries) : 1
) (
  input  wire                         aclk,
  // The registers load.
  input  wire                         enable_i,
  // They load an entry, else 0.
  input  wire                         on_i,
  input  wire [AddressBits*Ports-1:0] address_i,
  output reg  [16*Ports-1:0]          data_o
);

  generate
    if (Ports != 1 && !(Ports == 2 && Block != 0)) begin : g_check_ports
      lane_rom_ports_must_be_1_or_in_block_ram_2 error ();
    end
    if (Entries < 1 || Entries > 4096 || AddressBits != (Entries > 1 ? $clog2(Entries) : 1)) begin : g_check_entries
      lane_rom_entries_must_be_1_to_4096 error ();
    end
  endgenerate

  // Without a reader in Verilator, which drops attributes.
  /* verilator lint_off UNUSEDPARAM */
  localparam RomStyle = Block != 0 ? "block" : "distributed";
  /* verilator lint_on UNUSEDPARAM */
  (* rom_style = RomStyle *)
  reg [15:0] rom [0:Entries-1];
  integer i;
  initial for (i = 0; i < Entries; i = i + 1) rom[i] = Rom[16*i +: 16];

  genvar p;
  generate
    for (p = 0; p < Ports; p = p + 1) begin : g_port
      always @(posedge aclk) begin
        if (enable_i) data_o[16*p +: 16] <= on_i ? rom[address_i[AddressBits*p +: AddressBits]] : 16'd0;
      end
    end
  endgenerate

endmodule

`default_nettype wire
