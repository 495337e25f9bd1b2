// Stores the array's results: in rows of all banks, one behind the other (`seigo_writeback`), or, in a pass with a step,
// between the results of other passes (`seigo_scatter`). Rows may lie by parity (`seigo_parity_rows`). Pixels and beats are
// those of these modules.
`default_nettype none

module seigo_store #(
  // Words of a row of the shared memory: 1, 2, 4, 8.
  parameter P = 4,
  // Pixels taken a cycle: half of P, or 1.
  parameter N = 2,
  parameter RowBits = 14,
  // 0: no pass has a step.
  parameter Scatter = 0,
  // 0: no pass stores by parity.
  parameter Parity = 0
) (
  input  wire               aclk,
  input  wire               aresetn,
  // A pass begins: samples the configuration. Only while `idle_o`.
  input  wire               start_i,
  input  wire               wide_i,
  // Word addresses: of the first pixel, and from plane to plane.
  input  wire [19:0]        base_i,
  input  wire [19:0]        stride_i,
  // Words from pixel to pixel, 0: pixels one behind the other; and from the last pixel of a row to the next one's first.
  input  wire [4:0]         step_i,
  input  wire [19:0]        skip_i,
  // By parity; without a step, and planes are a multiple of 2 P int8 pixels then.
  input  wire               parity_i,
  // Pixels of a row and of a plane, and planes, all at least 1.
  input  wire [15:0]        width_i,
  input  wire [23:0]        pixels_i,
  input  wire [15:0]        planes_i,
  output wire               idle_o,
  // Results, int16 a channel.
  input  wire               valid_i,
  output wire               ready_o,
  input  wire [256*N-1:0]   data_i,
  input  wire [2:0]         count_i,
  // Writes.
  output wire               req_valid_o,
  input  wire               req_ready_i,
  output wire [RowBits-1:0] req_row_o,
  output wire [P-1:0]       req_enable_o,
  output wire [128*P-1:0]   req_data_o
);

  wire               row_start, row_idle, row_take, row_ready, row_valid, row_grant;
  wire [RowBits-1:0] row_row;
  wire [P-1:0]       row_enable;
  wire [128*P-1:0]   row_data;
  wire               flat_idle, flat_valid, flat_grant, pair_idle;
  wire [RowBits-1:0] flat_row;
  wire [P-1:0]       flat_enable;
  wire [128*P-1:0]   flat_data;

  seigo_writeback #(.P(P), .N(N), .Aligned(P > 1), .RowBits(RowBits)) i_rows (
    .aclk(aclk), .aresetn(aresetn),
    .start_i(row_start), .wide_i(wide_i), .base_i(base_i), .stride_i(stride_i),
    .pixels_i(pixels_i), .planes_i(planes_i), .idle_o(flat_idle),
    .valid_i(row_take), .ready_o(row_ready), .data_i(data_i), .count_i(count_i),
    .req_valid_o(flat_valid), .req_ready_i(flat_grant), .req_row_o(flat_row),
    .req_enable_o(flat_enable), .req_data_o(flat_data)
  );

  generate
    if (Parity != 0) begin : g_parity
      reg parity_q;
      always @(posedge aclk) begin
        if (!aresetn)     parity_q <= 1'b0;
        else if (start_i) parity_q <= parity_i;
      end
      seigo_parity_rows #(.P(P), .RowBits(RowBits)) i_parity (
        .aclk(aclk), .aresetn(aresetn), .on_i(parity_q), .idle_o(pair_idle),
        .valid_i(flat_valid), .ready_o(flat_grant), .row_i(flat_row), .enable_i(flat_enable), .data_i(flat_data),
        .req_valid_o(row_valid), .req_ready_i(row_grant), .req_row_o(row_row),
        .req_enable_o(row_enable), .req_data_o(row_data)
      );
    end else begin : g_flat
      wire unused = parity_i;
      assign pair_idle  = 1'b1;
      assign flat_grant = row_grant;
      assign row_valid  = flat_valid;
      assign row_row    = flat_row;
      assign row_enable = flat_enable;
      assign row_data   = flat_data;
    end
  endgenerate
  assign row_idle = flat_idle && pair_idle;

  generate
    if (Scatter != 0 && Scatter != 1) begin : g_check
      store_scatter_must_be_0_or_1 error ();
    end
    if (Parity != 0 && (Parity != 1 || P == 1)) begin : g_check_parity
      store_parity_must_be_0_or_with_banks_1 error ();
    end
    if (Scatter != 0) begin : g_scatter
      wire               starts_apart = step_i != 5'd0;
      reg                apart_q;
      wire               word_idle, word_ready, word_valid;
      wire [RowBits-1:0] word_row;
      wire [P-1:0]       word_enable;
      wire [128*P-1:0]   word_data;

      always @(posedge aclk) begin
        if (!aresetn)     apart_q <= 1'b0;
        else if (start_i) apart_q <= starts_apart;
      end

      seigo_scatter #(.P(P), .N(N), .RowBits(RowBits)) i_scatter (
        .aclk(aclk), .aresetn(aresetn),
        .start_i(start_i && starts_apart), .wide_i(wide_i), .base_i(base_i), .stride_i(stride_i),
        .step_i(step_i), .skip_i(skip_i), .width_i(width_i), .pixels_i(pixels_i), .planes_i(planes_i),
        .idle_o(word_idle),
        .valid_i(valid_i && apart_q), .ready_o(word_ready), .data_i(data_i), .count_i(count_i),
        .req_valid_o(word_valid), .req_ready_i(req_ready_i && apart_q), .req_row_o(word_row),
        .req_enable_o(word_enable), .req_data_o(word_data)
      );

      assign row_start    = start_i && !starts_apart;
      assign row_take     = valid_i && !apart_q;
      assign row_grant    = req_ready_i && !apart_q;
      assign idle_o       = row_idle && word_idle;
      assign ready_o      = apart_q ? word_ready : row_ready;
      assign req_valid_o  = apart_q ? word_valid : row_valid;
      assign req_row_o    = apart_q ? word_row : row_row;
      assign req_enable_o = apart_q ? word_enable : row_enable;
      assign req_data_o   = apart_q ? word_data : row_data;
    end else begin : g_rows
      wire unused = |{step_i, skip_i, width_i};
      assign row_start    = start_i;
      assign row_take     = valid_i;
      assign row_grant    = req_ready_i;
      assign idle_o       = row_idle;
      assign ready_o      = row_ready;
      assign req_valid_o  = row_valid;
      assign req_row_o    = row_row;
      assign req_enable_o = row_enable;
      assign req_data_o   = row_data;
    end
  endgenerate

endmodule

`default_nettype wire
