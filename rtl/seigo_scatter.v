// Writes results of a pass between those of other passes: neighbors of a row lie `step_i` words apart in the shared
// memory, and behind the last one of a row it goes on `skip_i` words further. So the phases of a transposed
// convolution, a pass each, make one tensor.
//
// A pixel is one 16-byte word (the low bytes of its channels) or, with `wide_i`, two (channels 0 to 7, then 8 to 15)
// in successive words. Beats carry 1 to N pixels, low first (0: ignored), in raster order, and do not cross the end of a
// plane. A word a cycle.
`default_nettype none

module seigo_scatter #(
  // Words of a row of the shared memory: 1, 2, 4, 8.
  parameter P = 4,
  // Pixels taken a cycle.
  parameter N = 2,
  parameter RowBits = 14
) (
  input  wire               aclk,
  input  wire               aresetn,
  // A pass begins: samples the configuration. Only while `idle_o`.
  input  wire               start_i,
  input  wire               wide_i,
  // Word addresses: of the first pixel, and from plane to plane.
  input  wire [19:0]        base_i,
  input  wire [19:0]        stride_i,
  // Words from pixel to pixel, and from the last pixel of a row to the first of the next one.
  input  wire [4:0]         step_i,
  input  wire [19:0]        skip_i,
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

  localparam PBits = P == 1 ? 0 : P == 2 ? 1 : P == 4 ? 2 : 3;
  localparam Words = 2 * N;

  generate
    if (P != 1 && P != 2 && P != 4 && P != 8) begin : g_check_p
      p_must_be_1_2_4_or_8 error ();
    end
    if (N < 1 || N > 4) begin : g_check_n
      n_must_be_1_to_4 error ();
    end
    if (RowBits + PBits > 20) begin : g_check_row_bits
      rows_must_fit_word_addresses_of_20_bits error ();
    end
  endgenerate

  // ---- configuration -------------------------------------------------------------------------------
  reg        wide_q;
  reg [19:0] stride_q, skip_q;
  reg [4:0]  step_q;
  reg [15:0] width_q;
  reg [23:0] pixels_q;

  always @(posedge aclk) begin
    if (start_i) begin
      wide_q   <= wide_i;
      stride_q <= stride_i;
      step_q   <= step_i;
      skip_q   <= skip_i;
      width_q  <= width_i;
      pixels_q <= pixels_i;
    end
  end

  // ---- words of a beat -------------------------------------------------------------------------------
  localparam IndexBits = $clog2(Words);
  reg [128*Words-1:0]  words_q;
  reg [IndexBits-1:0]  index_q;   // the next one
  reg [3:0]            count_q;   // words that are left
  reg                  active_q;
  wire                 take;      // the next word goes to the request

  wire accept = valid_i && ready_o;
  assign ready_o = active_q && (count_q == 4'd0 || (take && count_q == 4'd1));

  wire [128*Words-1:0] narrow;
  genvar i;
  generate
    for (i = 0; i < 16 * N; i = i + 1) begin : g_low
      assign narrow[8*i +: 8] = data_i[16*i +: 8];
    end
    assign narrow[128*Words-1:128*N] = data_i[128*Words-1:128*N];
  endgenerate

  always @(posedge aclk) begin
    if (!aresetn)    count_q <= 4'd0;
    else if (accept) count_q <= wide_q ? {count_i, 1'b0} : {1'b0, count_i};
    else if (take)   count_q <= count_q - 4'd1;
    if (accept) begin
      words_q <= wide_q ? data_i : narrow;
      index_q <= {IndexBits{1'b0}};
    end else if (take) begin
      index_q <= index_q + 1'b1;
    end
  end

  // ---- where they go ---------------------------------------------------------------------------------
  reg        half_q;             // the second word of a wide pixel
  reg [19:0] pixel_q, plane_q;   // word address of the running pixel, and of the first one of its plane
  reg [15:0] columns_q;          // pixels that are left of the row
  reg [23:0] left_q;             // of the plane
  reg [15:0] planes_q;           // planes that are left
  // Its ready is a register, so that the grant of a write reaches no results.
  wire                room;

  assign take = count_q != 4'd0 && room;
  wire next     = take && (!wide_q || half_q);  // the pixel's last word
  wire row_end  = columns_q == 16'd1;
  wire plane_end = left_q == 24'd1;

  always @(posedge aclk) begin
    if (!aresetn)                                    active_q <= 1'b0;
    else if (start_i)                                active_q <= 1'b1;
    else if (next && plane_end && planes_q == 16'd1) active_q <= 1'b0;
    if (start_i) begin
      half_q    <= 1'b0;
      pixel_q   <= base_i;
      plane_q   <= base_i;
      columns_q <= width_i;
      left_q    <= pixels_i;
      planes_q  <= planes_i;
    end else if (take) begin
      half_q <= wide_q && !half_q;
      if (next) begin
        columns_q <= row_end ? width_q : columns_q - 16'd1;
        left_q    <= plane_end ? pixels_q : left_q - 24'd1;
        if (plane_end) begin
          pixel_q  <= plane_q + stride_q;
          plane_q  <= plane_q + stride_q;
          planes_q <= planes_q - 16'd1;
        end else begin
          pixel_q <= pixel_q + (row_end ? skip_q : {15'd0, step_q});
        end
      end
    end
  end

  wire [19:0]  address;
  wire [127:0] word;
  seigo_skid #(.Width(148)) i_request (
    .aclk(aclk), .aresetn(aresetn),
    .valid_i(count_q != 4'd0), .ready_o(room),
    .data_i({pixel_q + {19'd0, half_q}, words_q[128*index_q +: 128]}),
    .valid_o(req_valid_o), .ready_i(req_ready_i), .data_o({address, word})
  );

  assign req_row_o  = address[PBits +: RowBits];
  assign req_data_o = {P{word}};
  generate
    for (i = 0; i < P; i = i + 1) begin : g_bank
      if (P == 1) begin : g_one
        assign req_enable_o = 1'b1;
      end else begin : g_many
        assign req_enable_o[i] = address[PBits-1:0] == i;
      end
    end
    if (RowBits + PBits < 20) begin : g_above
      wire unused = &{1'b0, address[19:RowBits+PBits]};
    end
  endgenerate
  assign idle_o = !active_q && !req_valid_o;

endmodule

`default_nettype wire
