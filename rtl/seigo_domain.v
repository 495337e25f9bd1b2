// One domain of the shared memory: `P` banks of 128-bit words, each with two ports.
//
// Port A reads, every bank its own row. Port B reads a whole row or writes the enabled banks of
// one. Data follow an enabled read by 2 cycles: one of the memory, one of its output register, and
// stay until the data of the next read. A row that one port writes in the cycle the other reads it
// reads as undefined: the owner table never allows both. Contents survive a reset and are undefined
// after power-up.
`default_nettype none

module seigo_domain #(
  // Banks: 1, 2, 4, 8.
  parameter P = 4,
  // Rows of the domain: a power of two.
  parameter DomainRows = 4096,
  // Bits of a row of the domain: log2(DomainRows).
  parameter AddressBits = 12,
  // 1: UltraRAM, 0: block RAM.
  parameter UltraRam = 1
) (
  input  wire                     aclk,
  // Port A.
  input  wire [P-1:0]             a_enable_i,
  input  wire [P*AddressBits-1:0] a_row_i,
  output wire [128*P-1:0]         a_data_o,
  // Port B. Writes take the banks of `b_write_i`; `b_read_i` reads all banks.
  input  wire                     b_read_i,
  input  wire [P-1:0]             b_write_i,
  input  wire [AddressBits-1:0]   b_row_i,
  input  wire [128*P-1:0]         b_data_i,
  output wire [128*P-1:0]         b_data_o
);

  generate
    if (DomainRows != (1 << AddressBits)) begin : g_check_rows
      domain_rows_must_be_two_to_the_address_bits error ();
    end
  endgenerate

  genvar bank;
  generate
    for (bank = 0; bank < P; bank = bank + 1) begin : g_bank
      seigo_domain_bank #(
        .Rows        (DomainRows),
        .AddressBits (AddressBits),
        .UltraRam    (UltraRam)
      ) bank_ram (
        .aclk       (aclk),
        .a_enable_i (a_enable_i[bank]),
        .a_row_i    (a_row_i[bank*AddressBits +: AddressBits]),
        .a_data_o   (a_data_o[bank*128 +: 128]),
        .b_read_i   (b_read_i),
        .b_write_i  (b_write_i[bank]),
        .b_row_i    (b_row_i),
        .b_data_i   (b_data_i[bank*128 +: 128]),
        .b_data_o   (b_data_o[bank*128 +: 128])
      );
    end
  endgenerate

endmodule

`default_nettype wire
