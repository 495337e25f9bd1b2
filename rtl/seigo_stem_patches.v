// The patch buffer of the stem unit: takes the current window apart into steps, one step of all
// lanes a cycle in the order (group, step), and holds `Buffers` batches for the array, which reads
// them in the order (step, group). `read_i` to `data_o`: 2 cycles.
`default_nettype none

module seigo_stem_patches #(
  parameter P = 4,
  parameter K = 6,
  parameter S = 2,
  parameter C = 3,
  parameter Words = 3,
  parameter Steps = 7,
  parameter StepBits = 3,
  parameter GroupBits = 4,
  parameter Buffers = 4,
  parameter BufferBits = 2
) (
  input  wire                   aclk,
  input  wire                   aresetn,
  input  wire [4:0]             batch_groups_i,
  input  wire [15:0]            batch_extra_i,
  output wire                   busy_o,

  // The current window, {ends tile, ends group, lanes} of its segment; it is used up
  input  wire                   window_valid_i,
  input  wire [K*Words*128-1:0] window_i,
  input  wire [P+1:0]           segment_i,
  output wire                   window_done_o,

  output wire [BufferBits:0]    batches_o,
  input  wire                   read_i,
  input  wire [StepBits-1:0]    read_step_i,
  input  wire [GroupBits-1:0]   read_group_i,
  output wire [128*P-1:0]       data_o,
  input  wire                   batch_done_i
);

  localparam RunBytes = K * C;
  localparam LaneBytes = S * C;
  localparam WindowBits = K * Words * 128;
  localparam AddressBits = BufferBits + StepBits + GroupBits;

  reg [BufferBits-1:0]  write_buffer_q;
  reg [BufferBits-1:0]  read_buffer_q;
  reg [BufferBits:0]    ready_q;
  reg [BufferBits:0]    used_q;
  reg [StepBits-1:0]    step_q;
  reg [GroupBits-1:0]   group_q;
  reg [15:0]            batch_q;
  reg                   complete_q;
  reg [P-1:0]           put_q;
  reg [AddressBits-1:0] put_address_q;
  reg [128*P-1:0]       put_data_q;

  wire emit = window_valid_i && used_q != Buffers[BufferBits:0];
  wire group_ends = segment_i[P];
  wire tile_ends = segment_i[P+1];
  // The running batch has a group more; the next one of the tile will have, the first one of a tile has.
  reg  more_q;
  wire more_next = batch_q < batch_extra_i && batch_q + 16'd1 != batch_extra_i;
  wire more_first = batch_extra_i != 16'd0;
  wire [4:0] group = {{(5 - GroupBits){1'b0}}, group_q};
  wire group_last = more_q ? group == batch_groups_i : group + 5'd1 == batch_groups_i;
  assign window_done_o = emit && step_q == Steps[StepBits-1:0] - 1'b1;
  wire batch_ends = window_done_o && group_ends && (group_last || tile_ends);

  // One word of the patch of a lane: the K runs one behind the other, then zeros
  function [127:0] patch_word(input [WindowBits-1:0] window, input integer lane,
                              input [StepBits-1:0] step);
    reg [(128 << StepBits)-1:0] patch;
    integer run;
    begin
      patch = 0;
      for (run = 0; run < K; run = run + 1)
        patch[8*RunBytes*run +: 8*RunBytes] =
            window[128*Words*run + 8*LaneBytes*lane +: 8*RunBytes];
      patch_word = patch[{step, 7'd0} +: 128];
    end
  endfunction

  integer j;
  always @(posedge aclk) begin
    put_q <= emit ? segment_i[P-1:0] : {P{1'b0}};
    put_address_q <= {write_buffer_q, step_q, group_q};
    complete_q <= batch_ends;
    if (emit) begin
      for (j = 0; j < P; j = j + 1)
        put_data_q[128*j +: 128] <= patch_word(window_i, j, step_q);
    end
    if (emit) step_q <= window_done_o ? 0 : step_q + 1'b1;
    if (window_done_o && group_ends) group_q <= batch_ends ? 0 : group_q + 1'b1;
    more_q <= !batch_ends ? batch_q < batch_extra_i : tile_ends ? more_first : more_next;
    if (batch_ends) begin
      batch_q <= tile_ends ? 16'd0 : batch_q + 16'd1;
      write_buffer_q <= write_buffer_q + 1'b1;
    end
    if (batch_done_i) read_buffer_q <= read_buffer_q + 1'b1;
    used_q <= used_q + {{BufferBits{1'b0}}, batch_ends} - {{BufferBits{1'b0}}, batch_done_i};
    ready_q <= ready_q + {{BufferBits{1'b0}}, complete_q} - {{BufferBits{1'b0}}, batch_done_i};
    if (!aresetn) begin
      put_q <= 0;
      complete_q <= 1'b0;
      step_q <= 0;
      group_q <= 0;
      batch_q <= 16'd0;
      write_buffer_q <= 0;
      read_buffer_q <= 0;
      used_q <= 0;
      ready_q <= 0;
    end
  end

  genvar n;
  generate
    for (n = 0; n < P; n = n + 1) begin : g_patch
      reg [127:0]  data_q;
      wire [127:0] data;
      seigo_dual_port_ram #(
        .Width(128),
        .Depth(1 << AddressBits),
        .AddressBits(AddressBits)
      ) words (
        .aclk(aclk),
        .write_i(put_q[n]),
        .write_address_i(put_address_q),
        .write_data_i(put_data_q[128*n +: 128]),
        .read_i(read_i),
        .read_address_i({read_buffer_q, read_step_i, read_group_i}),
        .read_data_o(data)
      );
      always @(posedge aclk) data_q <= data;
      assign data_o[128*n +: 128] = data_q;
    end
  endgenerate

  assign batches_o = ready_q;
  assign busy_o = used_q != 0;

endmodule

`default_nettype wire
