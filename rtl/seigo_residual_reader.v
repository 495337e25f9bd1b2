// Reads the rows of a residual in the order in which the accumulators drain, tile by tile and in a
// tile group by group, into a queue that `seigo_output_lanes` eats from.
//
// `start_i` while `idle_o` takes the view: word address of the first plane, words from plane to
// plane (both multiples of P), groups in a plane, planes (tiles); groups and tiles are at least 1.
// Factors of a product are read so too, a group of each plane, whose low word counts.
//
// Requests go to the memory only for places that are free in the queue (credit), so answers never
// wait; with the queue's 8 places and the memory's latency of 5 a row passes every cycle. `idle_o`
// is high again when the last row has left the queue.
`default_nettype none

module seigo_residual_reader #(
  // Words of a row: 1, 2, 4, 8.
  parameter P = 4,
  // Bits of a row address, at most 20 - log2(P).
  parameter RowBits = 14
) (
  input  wire                aclk,
  input  wire                aresetn,
  input  wire                start_i,
  // Planes begin at multiples of P and lie in the memory: other bits of the addresses are 0.
  /* verilator lint_off UNUSEDSIGNAL */
  input  wire [19:0]         base_i,
  input  wire [19:0]         stride_i,
  /* verilator lint_on UNUSEDSIGNAL */
  input  wire [19:0]         groups_i,
  input  wire [15:0]         tiles_i,
  output wire                idle_o,
  // Port B of the shared memory, client 2.
  output wire                request_valid_o,
  input  wire                request_ready_i,
  output wire [RowBits-1:0]  request_row_o,
  input  wire                answer_valid_i,
  input  wire [128*P-1:0]    answer_data_i,
  // Rows to the lanes.
  output wire                valid_o,
  input  wire                ready_i,
  output wire [128*P-1:0]    data_o
);

  localparam RowShift = $clog2(P);

  generate
    if (P != 1 && P != 2 && P != 4 && P != 8) begin : g_check_p
      residual_reader_p_must_be_1_2_4_or_8 error ();
    end
    if (RowBits < 1 || RowBits + RowShift > 20) begin : g_check_rows
      residual_reader_rows_must_have_word_addresses_of_20_bits error ();
    end
  endgenerate

  // Requests.
  reg               reading_q;
  reg [RowBits-1:0] plane_row_q;
  reg [RowBits-1:0] row_q;
  reg [RowBits-1:0] stride_q;
  reg [19:0]        last_group_q;
  reg [19:0]        groups_left_q;
  reg [15:0]        tiles_left_q;
  reg [3:0]         free_q;

  wire take    = valid_o & ready_i;
  wire request = request_valid_o & request_ready_i;
  wire start   = start_i & idle_o;
  wire [RowBits-1:0] next_plane_row = plane_row_q + stride_q;

  assign request_valid_o = reading_q & (free_q != 4'd0);
  assign request_row_o   = row_q;
  assign idle_o          = ~reading_q & (free_q == 4'd8);

  always @(posedge aclk) begin
    if (start) begin
      plane_row_q   <= base_i[RowShift +: RowBits];
      row_q         <= base_i[RowShift +: RowBits];
      stride_q      <= stride_i[RowShift +: RowBits];
      last_group_q  <= groups_i - 20'd1;
      groups_left_q <= groups_i - 20'd1;
      tiles_left_q  <= tiles_i - 16'd1;
    end else if (request) begin
      if (groups_left_q != 20'd0) begin
        row_q         <= row_q + 1'b1;
        groups_left_q <= groups_left_q - 20'd1;
      end else begin
        plane_row_q   <= next_plane_row;
        row_q         <= next_plane_row;
        groups_left_q <= last_group_q;
        tiles_left_q  <= tiles_left_q - 16'd1;
      end
    end
    if (start) reading_q <= 1'b1;
    else if (request && groups_left_q == 20'd0 && tiles_left_q == 16'd0) reading_q <= 1'b0;
    if (request && !take) free_q <= free_q - 4'd1;
    else if (take && !request) free_q <= free_q + 4'd1;
    if (!aresetn) begin
      reading_q <= 1'b0;
      free_q    <= 4'd8;
    end
  end

  // The queue.
  reg [128*P-1:0] queue [0:7];
  reg [3:0]       write_q;
  reg [3:0]       read_q;

  assign valid_o = write_q != read_q;
  assign data_o  = queue[read_q[2:0]];

  always @(posedge aclk) begin
    if (answer_valid_i) queue[write_q[2:0]] <= answer_data_i;
  end

  always @(posedge aclk) begin
    if (answer_valid_i) write_q <= write_q + 4'd1;
    if (take) read_q <= read_q + 4'd1;
    if (!aresetn) begin
      write_q <= 4'd0;
      read_q  <= 4'd0;
    end
  end

endmodule

`default_nettype wire
