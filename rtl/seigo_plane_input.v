// Pixels on their way to the plane engine: results of the lanes where it is chained behind the array, or else rows of a plane
// pass from fetch, in groups of DP pixels that end with their row.
`default_nettype none

module seigo_plane_input #(
  parameter P = 4,
  // Pixels of a word of the lanes.
  parameter LP = 2,
  // Pixels of a group: at most LP, or twice as many.
  parameter DP = 2,
  // Rows of P pixels that the sender of a plane pass has credits for.
  parameter FeedDepth = 16
) (
  input  wire              aclk,
  input  wire              aresetn,
  // A pass begins; pixels of a plane, valid from the cycle after it.
  input  wire              start_i,
  input  wire [31:0]       pixels_i,
  // Before its first pixel: samples those of a row.
  input  wire              setup_i,
  input  wire [15:0]       width_i,
  // Results of the lanes, int16 a channel of which the low bytes count.
  input  wire              chained_i,
  input  wire              valid_i,
  output wire              ready_o,
  input  wire [256*LP-1:0] data_i,
  input  wire [2:0]        count_i,
  // Rows from fetch.
  input  wire              row_valid_i,
  input  wire [128*P-1:0]  row_i,
  output wire              row_pop_o,
  // Groups.
  output wire              valid_o,
  input  wire              ready_i,
  output wire [128*DP-1:0] data_o,
  output wire              busy_o
);
  // The splitter's counts are not needed here.
  /* verilator lint_off PINCONNECTEMPTY */

  // Pixels of a word in front of the splitter: rows from fetch have as many, words of the lanes are joined.
  localparam SP = DP > LP ? DP : LP;

  generate
    if (DP > 2 * LP) begin : g_check_dp
      dp_must_be_at_most_twice_lp error ();
    end
  endgenerate

  wire              feed_valid, feed_busy;
  wire [128*SP-1:0] feed_data;
  wire [3:0]        feed_count;
  wire              word_valid, word_ready, joiner_idle, splitter_idle;
  wire [128*SP-1:0] word_data;
  wire [2:0]        word_count;

  seigo_plane_feed #(.P(P), .LP(SP), .Depth(FeedDepth)) feed (
    .aclk(aclk), .aresetn(aresetn), .start_i(start_i), .pixels_i(pixels_i),
    .valid_i(row_valid_i), .data_i(row_i), .pop_o(row_pop_o),
    .valid_o(feed_valid), .ready_i(word_ready && !chained_i), .data_o(feed_data),
    .count_o(feed_count), .busy_o(feed_busy)
  );

  wire [128*LP-1:0] bytes;
  wire              result_valid;
  wire [128*SP-1:0] result_data;
  wire [2:0]        result_count;
  genvar i;
  generate
    for (i = 0; i < 16 * LP; i = i + 1) begin : g_byte
      assign bytes[8*i +: 8] = data_i[16*i +: 8];
      wire unused_high = &{1'b0, data_i[16*i+8 +: 8]};
    end
    if (DP > LP) begin : g_joiner
      seigo_joiner #(.LP(LP)) joiner (
        .aclk(aclk), .aresetn(aresetn), .start_i(start_i), .pixels_i(pixels_i),
        .valid_i(valid_i), .ready_o(ready_o), .data_i(bytes), .count_i(count_i),
        .valid_o(result_valid), .ready_i(word_ready && chained_i), .data_o(result_data), .count_o(result_count),
        .idle_o(joiner_idle)
      );
    end else begin : g_words
      assign result_valid = valid_i;
      assign ready_o = word_ready;
      assign result_data = bytes;
      assign result_count = count_i;
      assign joiner_idle = 1'b1;
    end
  endgenerate
  assign word_valid = chained_i ? result_valid : feed_valid;
  assign word_data = chained_i ? result_data : feed_data;
  assign word_count = chained_i ? result_count : feed_count[2:0];
  wire unused_count = feed_count[3];

  seigo_splitter #(.LP(SP), .DP(DP)) splitter (
    .aclk(aclk), .aresetn(aresetn), .start_i(setup_i), .width_i(width_i),
    .valid_i(word_valid), .ready_o(word_ready), .data_i(word_data), .count_i(word_count),
    .valid_o(valid_o), .ready_i(ready_i), .data_o(data_o), .count_o(),
    .last_in_row_o(), .idle_o(splitter_idle)
  );

  assign busy_o = feed_busy || !joiner_idle || !splitter_idle;

endmodule

`default_nettype wire
