// `seigo_fetch` with the products of `seigo_pass_products`: a pass starts when these are there.
module fetch_tb #(
  parameter P = 4
) (
  input  wire                  aclk,
  input  wire                  aresetn,
  input  wire                  next_valid_i,
  output wire                  products_ready_o,
  output wire [31:0]           pixels_o,
  output wire [31:0]           plane_pixels_o,
  input  wire                  start_i,
  input  wire [2559:0]         descriptor_i,
  output wire                  busy_o,
  output wire [P-1:0]          a_read_o,
  output wire [14*P-1:0]       a_row_o,
  input  wire [128*P-1:0]      a_data_i,
  input  wire [2:0]            stem_batches_i,
  input  wire                  weights_ready_i,
  output wire                  weights_take_o,
  input  wire                  batch_drained_i,
  input  wire [4:0]            drained_i,
  output wire                  array_valid_o,
  output wire                  feed_valid_o,
  output wire                  swap_o,
  output wire                  first_o,
  output wire                  last_o,
  output wire [3:0]            group_o,
  output wire                  half_o,
  output wire [128*P-1:0]      data_o,
  output wire [P-1:0]          mask_o,
  input  wire                  feed_pop_i
);
  wire [19:0]     pad_words, dilation_words, step_words;
  wire [159:0]    segment_steps;
  wire [20*P-1:0] lane_rows;

  seigo_pass_products #(.P(P)) products (
    .aclk(aclk), .aresetn(aresetn), .next_valid_i(next_valid_i), .next_descriptor_i(descriptor_i),
    .ready_o(products_ready_o), .pixels_o(pixels_o), .plane_pixels_o(plane_pixels_o),
    .pad_words_o(pad_words), .dilation_words_o(dilation_words), .step_words_o(step_words),
    .segment_steps_o(segment_steps), .lane_rows_o(lane_rows)
  );

  seigo_fetch #(.P(P), .Parity(P > 1)) fetch (
    .aclk(aclk), .aresetn(aresetn), .start_i(start_i), .descriptor_i(descriptor_i),
    .pad_words_i(pad_words), .dilation_words_i(dilation_words), .step_words_i(step_words),
    .segment_steps_i(segment_steps), .lane_rows_i(lane_rows), .busy_o(busy_o),
    .a_read_o(a_read_o), .a_row_o(a_row_o), .a_data_i(a_data_i),
    .stem_batches_i(stem_batches_i), .stem_read_o(), .stem_step_o(), .stem_group_o(), .stem_done_o(),
    .stem_data_i({128*P{1'b0}}), .weights_ready_i(weights_ready_i), .weights_take_o(weights_take_o),
    .batch_drained_i(batch_drained_i), .drained_i(drained_i),
    .array_valid_o(array_valid_o), .feed_valid_o(feed_valid_o), .swap_o(swap_o), .first_o(first_o),
    .last_o(last_o), .group_o(group_o), .half_o(half_o), .data_o(data_o), .mask_o(mask_o),
    .feed_pop_i(feed_pop_i), .stall_weights_o(), .stall_image_o(), .stall_accumulators_o(),
    .stall_bank_o(), .stall_feed_o()
  );

endmodule
