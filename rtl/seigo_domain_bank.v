// A memory of 128-bit words with a port that reads and a port that reads or writes, both with an
// output register. Its shape is what yosys and Vivado map to URAM288 or RAMB36 in true-dual-port
// mode.
`default_nettype none

module seigo_domain_bank #(
  // Words: 2 to the power of `AddressBits`.
  parameter Rows = 4096,
  parameter AddressBits = 12,
  // 1: UltraRAM, 0: block RAM.
  parameter UltraRam = 1
) (
  input  wire                   aclk,
  input  wire                   a_enable_i,
  input  wire [AddressBits-1:0] a_row_i,
  output reg  [127:0]           a_data_o,
  input  wire                   b_read_i,
  input  wire                   b_write_i,
  input  wire [AddressBits-1:0] b_row_i,
  input  wire [127:0]           b_data_i,
  output reg  [127:0]           b_data_o
);

  // The ports never meet in a row with a write, so their order needs no logic. Verilator drops
  // attributes.
  /* verilator lint_off UNUSEDPARAM */
  localparam RamStyle = UltraRam != 0 ? "ultra" : "block";
  /* verilator lint_on UNUSEDPARAM */
  (* no_rw_check, ram_style = RamStyle *)
  reg [127:0] mem [0:Rows-1] /* verilator public_flat_rw */;

  reg [127:0] a_read_q;
  reg [127:0] b_read_q;
  reg         a_enable_q;
  reg         b_read_valid_q;

  always @(posedge aclk) begin
    if (a_enable_i) a_read_q <= mem[a_row_i];
    a_enable_q <= a_enable_i;
    if (a_enable_q) a_data_o <= a_read_q;
  end

  always @(posedge aclk) begin
    if (b_write_i) mem[b_row_i] <= b_data_i;
    else if (b_read_i) b_read_q <= mem[b_row_i];
    b_read_valid_q <= b_read_i;
    if (b_read_valid_q) b_data_o <= b_read_q;
  end

endmodule

`default_nettype wire
