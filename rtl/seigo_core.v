// The accelerator: everything between the AXI ports. Instantiated by the generated top level, which
// gives the parameters of the target, the memory plan and the model.
`default_nettype none

module seigo_core #(
  // Pixels a cycle of the dense array: 1, 2, 4, 8.
  parameter P = 4,
  // Shared memory: bits of a row address, domains, rows of a domain, blocks of 16 KiB.
  parameter RowBits = 14,
  parameter Domains = 4,
  parameter DomainRows = 4096,
  parameter Blocks = 64,
  // 1: the shared memory is made of UltraRAM, 0: of block RAM.
  parameter UltraRam = 1,
  // Ring of the stream, in words of 32 bytes.
  parameter RingWords = 2048,
  // Two products share a multiplier: see `seigo_mac_array`.
  parameter PackProducts = 1,
  // Bits of an accumulator with its bias, and of a sum of the plane engine with its bias: 20 to 32.
  parameter AccumulatorBits = 32,
  parameter PlaneSumBits = 32,
  // 1: the lanes of the array and of the plane engine shift in DSP slices; sums have then at most 26 bits.
  parameter DspLanes = 0,
  // Bit 0: residuals are added before an activation; bit 1: after one.
  parameter Residual = 3,
  // 1: results of the array may lie between those of other passes.
  parameter Scatter = 0,
  // 1: results of the array may lie by parity.
  parameter Parity = 0,
  // Channels that the plane engine takes in a cycle: 16, or 8 with half of its multipliers and lanes.
  parameter PlaneChannels = 16,
  // Rows and columns of taps beyond the center of the plane engine's largest window: 1 (3 x 3) to 3 (7 x 7).
  parameter PlaneReach = 1,
  // Pixels that it takes in a cycle: 1 with P up to 2; else 2, or 4 where windows of several parts want more.
  parameter PlanePixels = P >= 4 ? 2 : 1,
  // 1: the plane engine multiplies channels by numbers that the residual reader reads.
  parameter ChannelMul = 0,
  // Longest row of a plane that the plane engine takes.
  parameter MaxWidth = 512,
  // First layer on raw pixels: kernel, stride, bytes a pixel, longest row, where windows begin (`seigo_stem_unit`).
  // StemKernel = 0: none.
  parameter StemKernel = 6,
  parameter StemStride = 2,
  parameter StemChannels = 3,
  parameter StemMaxWidth = 416,
  parameter [15:0] StemShifts = 16'hffff,
  // Activation functions and their ROM.
  parameter Functions = 1,
  parameter [72*Functions-1:0] FunctionTable = 72'd2,
  parameter RomEntries = 0,
  parameter [16*(RomEntries > 0 ? RomEntries : 1)-1:0] Rom = 16'd0,
  // 1: ROMs of lanes in block RAM, where the part has room for them.
  parameter BlockRoms = 0,
  // AxCACHE and AxPROT of the memory port.
  parameter [3:0] AxiCache = 4'b0011,
  parameter [2:0] AxiProt  = 3'b000,
  // What the registers report.
  parameter [63:0] ConfigHash = 64'd0
) (
  input  wire         aclk,
  input  wire         aresetn,

  // AXI4-Lite slave: registers
  input  wire         s_axi_ctrl_awvalid,
  output wire         s_axi_ctrl_awready,
  input  wire [11:0]  s_axi_ctrl_awaddr,
  input  wire [2:0]   s_axi_ctrl_awprot,
  input  wire         s_axi_ctrl_wvalid,
  output wire         s_axi_ctrl_wready,
  input  wire [31:0]  s_axi_ctrl_wdata,
  input  wire [3:0]   s_axi_ctrl_wstrb,
  output wire         s_axi_ctrl_bvalid,
  input  wire         s_axi_ctrl_bready,
  output wire [1:0]   s_axi_ctrl_bresp,
  input  wire         s_axi_ctrl_arvalid,
  output wire         s_axi_ctrl_arready,
  input  wire [11:0]  s_axi_ctrl_araddr,
  input  wire [2:0]   s_axi_ctrl_arprot,
  output wire         s_axi_ctrl_rvalid,
  input  wire         s_axi_ctrl_rready,
  output wire [31:0]  s_axi_ctrl_rdata,
  output wire [1:0]   s_axi_ctrl_rresp,
  output wire         interrupt_o,

  // AXI4 master: memory
  output wire         m_axi_gmem_awvalid,
  input  wire         m_axi_gmem_awready,
  output wire [39:0]  m_axi_gmem_awaddr,
  output wire [7:0]   m_axi_gmem_awlen,
  output wire [2:0]   m_axi_gmem_awsize,
  output wire [1:0]   m_axi_gmem_awburst,
  output wire         m_axi_gmem_awlock,
  output wire [3:0]   m_axi_gmem_awcache,
  output wire [2:0]   m_axi_gmem_awprot,
  output wire [3:0]   m_axi_gmem_awqos,
  output wire         m_axi_gmem_wvalid,
  input  wire         m_axi_gmem_wready,
  output wire [127:0] m_axi_gmem_wdata,
  output wire [15:0]  m_axi_gmem_wstrb,
  output wire         m_axi_gmem_wlast,
  input  wire         m_axi_gmem_bvalid,
  output wire         m_axi_gmem_bready,
  input  wire [1:0]   m_axi_gmem_bresp,
  output wire         m_axi_gmem_arvalid,
  input  wire         m_axi_gmem_arready,
  output wire [39:0]  m_axi_gmem_araddr,
  output wire [7:0]   m_axi_gmem_arlen,
  output wire [2:0]   m_axi_gmem_arsize,
  output wire [1:0]   m_axi_gmem_arburst,
  output wire         m_axi_gmem_arlock,
  output wire [3:0]   m_axi_gmem_arcache,
  output wire [2:0]   m_axi_gmem_arprot,
  output wire [3:0]   m_axi_gmem_arqos,
  input  wire         m_axi_gmem_rvalid,
  output wire         m_axi_gmem_rready,
  input  wire [127:0] m_axi_gmem_rdata,
  input  wire [1:0]   m_axi_gmem_rresp,
  input  wire         m_axi_gmem_rlast,

  // One cycle: a pass has ended; which. For simulation and integrated logic analyzers.
  output wire         pass_done_o,
  output wire [15:0]  pass_index_o,
  // Causes that held the array up one cycle ago, in the order of the stall counters.
  output reg  [5:0]   stall_o
);
  `include "seigo_descriptor.vh"
  `include "seigo_status.vh"

  // Some modules show more than is needed here, and of some wide values only a part is.
  /* verilator lint_off PINCONNECTEMPTY */
  /* verilator lint_off UNUSEDSIGNAL */

  localparam LP = (P >= 2) ? P / 2 : 1;
  localparam DP = PlanePixels;
  // Pixels of a beat of its results.
  localparam PlaneBeat = DP < LP ? DP : LP;
  localparam Parts    = P / LP;
  localparam PartBits = (Parts > 1) ? $clog2(Parts) : 1;
  localparam ReadLatency  = 4;
  localparam FetchLatency = ReadLatency + 2;
  localparam ResultDepth  = 32;
  localparam FeedDepth    = 16;
  localparam StemSteps    = (StemKernel * StemKernel * StemChannels + 15) / 16;
  localparam StemStepBits = (StemSteps <= 1) ? 1 : $clog2(StemSteps);

  // ---- registers and the program --------------------------------------------------------------------
  wire          core_resetn, clear, axi_idle, frame_start, frame_done;
  wire [39:0]   stream_address, image_address, output_address, scratch_address;
  wire [23:0]   stream_words;
  wire [15:0]   pass;
  wire          processor, resume;
  wire          error;
  wire [7:0]    error_code, error_client;
  wire [15:0]   error_block;
  wire [5:0]    stall;

  seigo_control_registers #(.ConfigHash(ConfigHash)) i_registers (
    .aclk(aclk), .aresetn(aresetn),
    .s_axi_ctrl_awvalid(s_axi_ctrl_awvalid), .s_axi_ctrl_awready(s_axi_ctrl_awready),
    .s_axi_ctrl_awaddr(s_axi_ctrl_awaddr), .s_axi_ctrl_awprot(s_axi_ctrl_awprot),
    .s_axi_ctrl_wvalid(s_axi_ctrl_wvalid), .s_axi_ctrl_wready(s_axi_ctrl_wready),
    .s_axi_ctrl_wdata(s_axi_ctrl_wdata), .s_axi_ctrl_wstrb(s_axi_ctrl_wstrb),
    .s_axi_ctrl_bvalid(s_axi_ctrl_bvalid), .s_axi_ctrl_bready(s_axi_ctrl_bready),
    .s_axi_ctrl_bresp(s_axi_ctrl_bresp),
    .s_axi_ctrl_arvalid(s_axi_ctrl_arvalid), .s_axi_ctrl_arready(s_axi_ctrl_arready),
    .s_axi_ctrl_araddr(s_axi_ctrl_araddr), .s_axi_ctrl_arprot(s_axi_ctrl_arprot),
    .s_axi_ctrl_rvalid(s_axi_ctrl_rvalid), .s_axi_ctrl_rready(s_axi_ctrl_rready),
    .s_axi_ctrl_rdata(s_axi_ctrl_rdata), .s_axi_ctrl_rresp(s_axi_ctrl_rresp),
    .interrupt_o(interrupt_o),
    .core_resetn_o(core_resetn), .clear_o(clear), .axi_idle_i(axi_idle), .start_o(frame_start),
    .stream_address_o(stream_address), .image_address_o(image_address),
    .output_address_o(output_address), .scratch_address_o(scratch_address),
    .stream_words_o(stream_words), .done_i(frame_done), .pass_i(pass),
    .processor_i(processor), .resume_o(resume),
    .error_i(error), .error_code_i(error_code), .error_client_i(error_client),
    .error_block_i(error_block), .stall_i(stall)
  );

  wire          next_valid, owner_load, owner_swap, owner_ok, dma_job_valid, dma_job_ready, dma_busy;
  wire [2559:0] next_descriptor, descriptor;
  wire [31:0]   next_sum, pixels, plane_pixels;
  wire          start, setup, busy, dense;
  wire          access_error, read_error, write_error;
  wire [2:0]    access_client;
  wire [7:0]    access_block;
  wire [1:0]    read_client;
  wire          running;
  wire [4:0]    pending;  // requests to the shared memory that wait for their turn
  reg           running_q;

  wire            products_ready;
  wire [31:0]     next_pixels, next_plane_pixels;
  wire [19:0]     pad_words, dilation_words, step_words;
  wire [159:0]    segment_steps;
  wire [20*P-1:0] lane_rows;

  seigo_pass_products #(.P(P)) i_products (
    .aclk(aclk), .aresetn(core_resetn),
    .next_valid_i(next_valid), .next_descriptor_i(next_descriptor), .ready_o(products_ready),
    .pixels_o(next_pixels), .plane_pixels_o(next_plane_pixels),
    .pad_words_o(pad_words), .dilation_words_o(dilation_words), .step_words_o(step_words),
    .segment_steps_o(segment_steps), .lane_rows_o(lane_rows)
  );

  seigo_pass_control i_control (
    .aclk(aclk), .aresetn(core_resetn),
    .start_i(frame_start), .resume_i(resume), .done_o(frame_done), .processor_o(processor),
    .pass_o(pass), .error_o(error), .error_code_o(error_code), .error_client_o(error_client),
    .error_block_o(error_block),
    .next_valid_i(next_valid), .next_descriptor_i(next_descriptor), .next_sum_i(next_sum),
    .owner_load_o(owner_load), .owner_swap_o(owner_swap), .owner_ok_i(owner_ok),
    .products_ready_i(products_ready), .next_pixels_i(next_pixels), .next_plane_pixels_i(next_plane_pixels),
    .dma_valid_o(dma_job_valid), .dma_ready_i(dma_job_ready), .dma_busy_i(dma_busy || pending[3]),
    .descriptor_o(descriptor), .dense_o(dense), .start_o(start), .setup_o(setup), .pixels_o(pixels),
    .plane_pixels_o(plane_pixels), .busy_i(busy),
    .access_error_i(access_error), .access_client_i({5'd0, access_client}),
    .access_block_i({8'd0, access_block}),
    .read_error_i(read_error), .read_client_i({6'd0, read_client}), .write_error_i(write_error),
    .pass_done_o(pass_done_o), .pass_index_o(pass_index_o)
  );

  always @(posedge aclk) begin
    if (!core_resetn)     running_q <= 1'b0;
    else if (frame_start) running_q <= 1'b1;
    else if (frame_done)  running_q <= 1'b0;
  end
  assign running = running_q;

  wire        from_stem = dense && descriptor[FromStemLsb];
  wire        store     = dense && descriptor[StoreLsb];
  wire [1:0]  chain     = descriptor[ChainLsb +: ChainWidth];
  wire [1:0]  residual  = descriptor[ResidualLsb +: ResidualWidth];
  // A plane pass whose weights the residual reader brings.
  wire        multiply  = ChannelMul != 0 && !dense && descriptor[PlaneMulLsb];
  wire        wide      = descriptor[WideLsb];
  wire [15:0] tiles     = descriptor[TilesLsb +: TilesWidth];
  wire [1:0]  plane_wide = descriptor[PlaneWideLsb +: PlaneWideWidth];

  // ---- AXI and the stream ---------------------------------------------------------------------------
  wire [2:0]   read_req_valid, read_req_ready, read_data_valid;
  wire [127:0] read_data;
  wire [39:0]  stem_req_address, ring_req_address, dma_req_address;
  wire [4:0]   stem_req_beats, ring_req_beats, dma_req_beats;
  wire         read_idle, write_idle;
  assign axi_idle = read_idle && write_idle;

  seigo_axi_read #(.Cache(AxiCache), .Prot(AxiProt)) i_axi_read (
    .aclk(aclk), .aresetn(aresetn), .clear_i(clear), .idle_o(read_idle),
    .req_valid_i(read_req_valid), .req_ready_o(read_req_ready),
    .req_address_i({dma_req_address, ring_req_address, stem_req_address}),
    .req_beats_i({dma_req_beats, ring_req_beats, stem_req_beats}),
    .data_valid_o(read_data_valid), .data_o(read_data),
    .error_o(read_error), .error_client_o(read_client),
    .m_axi_gmem_arvalid(m_axi_gmem_arvalid), .m_axi_gmem_arready(m_axi_gmem_arready),
    .m_axi_gmem_araddr(m_axi_gmem_araddr), .m_axi_gmem_arlen(m_axi_gmem_arlen),
    .m_axi_gmem_arsize(m_axi_gmem_arsize), .m_axi_gmem_arburst(m_axi_gmem_arburst),
    .m_axi_gmem_arlock(m_axi_gmem_arlock), .m_axi_gmem_arcache(m_axi_gmem_arcache),
    .m_axi_gmem_arprot(m_axi_gmem_arprot), .m_axi_gmem_arqos(m_axi_gmem_arqos),
    .m_axi_gmem_rvalid(m_axi_gmem_rvalid), .m_axi_gmem_rready(m_axi_gmem_rready),
    .m_axi_gmem_rdata(m_axi_gmem_rdata), .m_axi_gmem_rresp(m_axi_gmem_rresp),
    .m_axi_gmem_rlast(m_axi_gmem_rlast)
  );

  wire         write_req_valid, write_req_ready, write_data_valid, write_data_ready;
  wire [127:0] write_data;

  seigo_axi_write #(.Cache(AxiCache), .Prot(AxiProt)) i_axi_write (
    .aclk(aclk), .aresetn(aresetn), .clear_i(clear), .idle_o(write_idle),
    .req_valid_i(write_req_valid), .req_ready_o(write_req_ready),
    .req_address_i(dma_req_address), .req_beats_i(dma_req_beats),
    .data_valid_i(write_data_valid), .data_ready_o(write_data_ready), .data_i(write_data),
    .error_o(write_error),
    .m_axi_gmem_awvalid(m_axi_gmem_awvalid), .m_axi_gmem_awready(m_axi_gmem_awready),
    .m_axi_gmem_awaddr(m_axi_gmem_awaddr), .m_axi_gmem_awlen(m_axi_gmem_awlen),
    .m_axi_gmem_awsize(m_axi_gmem_awsize), .m_axi_gmem_awburst(m_axi_gmem_awburst),
    .m_axi_gmem_awlock(m_axi_gmem_awlock), .m_axi_gmem_awcache(m_axi_gmem_awcache),
    .m_axi_gmem_awprot(m_axi_gmem_awprot), .m_axi_gmem_awqos(m_axi_gmem_awqos),
    .m_axi_gmem_wvalid(m_axi_gmem_wvalid), .m_axi_gmem_wready(m_axi_gmem_wready),
    .m_axi_gmem_wdata(m_axi_gmem_wdata), .m_axi_gmem_wstrb(m_axi_gmem_wstrb),
    .m_axi_gmem_wlast(m_axi_gmem_wlast),
    .m_axi_gmem_bvalid(m_axi_gmem_bvalid), .m_axi_gmem_bready(m_axi_gmem_bready),
    .m_axi_gmem_bresp(m_axi_gmem_bresp)
  );

  wire [23:0]  ring_head, ring_index, ring_release;
  wire         ring_read;
  wire [255:0] ring_data;

  seigo_stream_ring #(.RingWords(RingWords)) i_ring (
    .aclk(aclk), .aresetn(core_resetn),
    .start_i(frame_start), .address_i(stream_address), .words_i(stream_words),
    .req_valid_o(read_req_valid[1]), .req_ready_i(read_req_ready[1]),
    .req_address_o(ring_req_address), .req_beats_o(ring_req_beats),
    .data_valid_i(read_data_valid[1]), .data_i(read_data),
    .head_o(ring_head), .ended_o(), .read_i(ring_read), .read_index_i(ring_index),
    .data_o(ring_data), .release_i(ring_release)
  );

  wire         weight_valid, weights_ready, weights_take;
  wire [3:0]   weight_index;
  wire [255:0] weight_data, parameter_data;
  wire         lane_set_ready, lane_set_valid, lane_set_commit;
  wire [1:0]   lane_set_index;
  wire         plane_set_ready, plane_set_valid, plane_set_filter, plane_set_commit;
  wire         residual_valid, residual_ready;
  wire [128*P-1:0] residual_row;

  // Factors of a product: the row of the set that is being loaded, which goes with the set's last word, and whether it is
  // there.
  wire         factor_valid;
  wire [127:0] factor;
  generate
    if (ChannelMul != 0) begin : gen_factors
      reg         factor_valid_q;
      reg [127:0] factor_q;
      always @(posedge aclk) begin
        factor_valid_q <= residual_valid && !plane_set_commit;
        factor_q <= residual_row[127:0];
      end
      assign factor_valid = factor_valid_q;
      assign factor = factor_q;
    end else begin : gen_no_factors
      assign factor_valid = 1'b0;
      assign factor = 128'd0;
    end
  endgenerate
  wire [3:0]   plane_set_part, plane_set_index;
  wire         loader_busy;

  seigo_loader #(.FetchLatency(FetchLatency), .Reach(PlaneReach), .ParameterGap(PlaneChannels == 8)) i_loader (
    .aclk(aclk), .aresetn(core_resetn),
    .head_i(ring_head), .ring_read_o(ring_read), .ring_index_o(ring_index),
    .ring_data_i(ring_data), .release_o(ring_release),
    .frame_i(frame_start), .start_i(start), .descriptor_i(descriptor),
    .next_valid_o(next_valid), .next_descriptor_o(next_descriptor), .next_sum_o(next_sum),
    .weight_valid_o(weight_valid), .weight_index_o(weight_index), .weight_data_o(weight_data),
    .weights_ready_o(weights_ready), .weights_take_i(weights_take),
    .lane_ready_i(lane_set_ready), .lane_valid_o(lane_set_valid), .lane_index_o(lane_set_index),
    .lane_commit_o(lane_set_commit),
    .plane_ready_i(plane_set_ready && (!multiply || factor_valid)), .plane_valid_o(plane_set_valid),
    .plane_filter_o(plane_set_filter), .plane_part_o(plane_set_part), .plane_index_o(plane_set_index),
    .plane_commit_o(plane_set_commit),
    .parameter_data_o(parameter_data), .busy_o(loader_busy)
  );

  // ---- fetch, stem, array ---------------------------------------------------------------------------
  wire [P-1:0]         a_read;
  wire [P*RowBits-1:0] a_row;
  wire [128*P-1:0]     a_data, stem_data, group_data;
  wire [P-1:0]         group_mask;
  wire [2:0]           stem_batches;
  wire                 stem_read, stem_done, stem_busy;
  wire [15:0]          stem_step;
  wire [3:0]           stem_group, group_index;
  wire                 array_valid, feed_valid, feed_pop, swap, first, last, half, batch_drained;
  wire [4:0]           drained;
  wire                 fetch_busy, stall_weights, stall_image, stall_halves, stall_bank, stall_feed;

  seigo_fetch #(
    .P(P), .RowBits(RowBits), .ReadLatency(ReadLatency), .FeedCredits(FeedDepth), .Parity(Parity)
  ) i_fetch (
    .aclk(aclk), .aresetn(core_resetn),
    .start_i(start && (dense || descriptor[KindLsb +: KindWidth] == KindPlane)), .descriptor_i(descriptor),
    .pad_words_i(pad_words), .dilation_words_i(dilation_words), .step_words_i(step_words),
    .segment_steps_i(segment_steps), .lane_rows_i(lane_rows),
    .busy_o(fetch_busy),
    .a_read_o(a_read), .a_row_o(a_row), .a_data_i(a_data),
    .stem_batches_i(stem_batches), .stem_read_o(stem_read), .stem_step_o(stem_step),
    .stem_group_o(stem_group), .stem_done_o(stem_done), .stem_data_i(stem_data),
    .weights_ready_i(weights_ready), .weights_take_o(weights_take),
    .batch_drained_i(batch_drained), .drained_i(drained),
    .array_valid_o(array_valid), .feed_valid_o(feed_valid), .swap_o(swap), .first_o(first),
    .last_o(last), .group_o(group_index), .half_o(half), .data_o(group_data), .mask_o(group_mask),
    .feed_pop_i(feed_pop),
    .stall_weights_o(stall_weights), .stall_image_o(stall_image),
    .stall_accumulators_o(stall_halves), .stall_bank_o(stall_bank), .stall_feed_o(stall_feed)
  );

  generate
    if (StemKernel == 0) begin : gen_no_stem
      assign read_req_valid[0] = 1'b0;
      assign stem_req_address  = 40'd0;
      assign stem_req_beats    = 5'd1;
      assign stem_batches      = 3'd0;
      assign stem_data         = {128*P{1'b0}};
      assign stem_busy         = 1'b0;
    end else begin : gen_stem
      seigo_stem_unit #(
        .P(P), .K(StemKernel), .S(StemStride), .C(StemChannels), .MaxWidth(StemMaxWidth),
        .Shifts(StemShifts)
      ) i_stem (
        .aclk(aclk), .aresetn(core_resetn),
        .start_i(start && from_stem),
        .address_i(image_address + {4'd0, descriptor[DmaOffsetLsb +: DmaOffsetWidth], 4'd0}),
        .in_height_i(descriptor[InHeightLsb +: InHeightWidth]),
        .in_width_i(descriptor[InWidthLsb +: InWidthWidth]),
        .out_height_i(descriptor[OutHeightLsb +: OutHeightWidth]),
        .out_width_i(descriptor[OutWidthLsb +: OutWidthWidth]),
        .pad_top_i(descriptor[PadTopLsb +: PadTopWidth]),
        .pad_left_i(descriptor[PadLeftLsb +: PadLeftWidth]),
        .pad_i(descriptor[StemPadLsb +: StemPadWidth]),
        .batch_groups_i(descriptor[BatchGroupsLsb +: BatchGroupsWidth]),
        .batch_extra_i(descriptor[BatchExtraLsb +: BatchExtraWidth]),
        .tiles_i(tiles), .busy_o(stem_busy),
        .req_valid_o(read_req_valid[0]), .req_ready_i(read_req_ready[0]),
        .req_address_o(stem_req_address), .req_beats_o(stem_req_beats),
        .data_valid_i(read_data_valid[0]), .data_i(read_data),
        .batches_o(stem_batches), .read_i(stem_read), .read_step_i(stem_step[StemStepBits-1:0]),
        .read_group_i(stem_group), .data_o(stem_data), .batch_done_i(stem_done)
      );
    end
  endgenerate

  wire                drain_read, drain_half, batch_done;
  wire [3:0]          drain_group;
  wire [PartBits-1:0] drain_part;
  wire [16*LP*AccumulatorBits-1:0] drain_data;

  seigo_mac_array #(
    .P(P), .LP(LP), .PackProducts(PackProducts), .AccumulatorBits(AccumulatorBits)
  ) i_array (
    .aclk(aclk), .aresetn(core_resetn),
    .weight_valid_i(weight_valid), .weight_index_i(weight_index), .weight_data_i(weight_data),
    .valid_i(array_valid), .swap_i(swap), .first_i(first), .last_i(last), .group_i(group_index),
    .half_i(half), .data_i(group_data), .mask_i(group_mask),
    .done_o(batch_done), .done_half_o(),
    .drain_i(drain_read), .drain_half_i(drain_half), .drain_group_i(drain_group),
    .drain_part_i(drain_part), .drain_data_o(drain_data)
  );

  // ---- drain and lanes ------------------------------------------------------------------------------
  wire              lane_valid, lane_first, result_pop, drain_busy, stall_output, stall_residual;
  wire [3:0]        lane_count;
  wire [128*LP-1:0] lane_residual;
  wire [1023:0]     lane_parameters;

  seigo_drain #(.P(P), .LP(LP), .Credits(ResultDepth)) i_drain (
    .aclk(aclk), .aresetn(core_resetn),
    .start_i(start), .descriptor_i(descriptor), .pixels_i(pixels), .busy_o(drain_busy),
    .parameter_valid_i(lane_set_valid), .parameter_index_i(lane_set_index),
    .parameter_data_i(parameter_data), .parameter_commit_i(lane_set_commit),
    .parameter_ready_o(lane_set_ready),
    .done_i(batch_done), .drain_o(drain_read), .drain_half_o(drain_half),
    .drain_group_o(drain_group), .drain_part_o(drain_part), .batch_drained_o(batch_drained),
    .drained_o(drained),
    .residual_valid_i(residual_valid), .residual_data_i(residual_row),
    .residual_ready_o(residual_ready),
    .lane_valid_o(lane_valid), .lane_first_o(lane_first), .lane_count_o(lane_count),
    .lane_residual_o(lane_residual), .lane_parameters_o(lane_parameters),
    .credit_i(result_pop), .stall_output_o(stall_output), .stall_residual_o(stall_residual)
  );

  wire              result_in;
  wire [256*LP-1:0] result_data_in;
  wire [2:0]        result_count_in;

  seigo_output_lanes #(
    .LP(LP), .TagBits(3), .Bits(AccumulatorBits), .Dsp(DspLanes), .Residual(Residual), .Functions(Functions),
    .FunctionTable(FunctionTable), .RomEntries(RomEntries), .Rom(Rom), .BlockRoms(BlockRoms)
  ) i_lanes (
    .aclk(aclk), .aresetn(core_resetn),
    .valid_i(lane_valid), .acc_i(drain_data), .residual_i(lane_residual),
    .parameters_i(lane_parameters), .first_i(lane_first), .tag_i(lane_count[2:0]),
    .direct_i(descriptor[DirectLsb]), .relu_i(descriptor[ReluLsb]), .residual_mode_i(residual),
    .wide_i(wide), .function_i(descriptor[FunctionLsb +: FunctionWidth]),
    .valid_o(result_in), .data_o(result_data_in), .tag_o(result_count_in)
  );

  // Results wait until every receiver of the pass takes them.
  wire              result_valid, store_ready, split_ready;
  wire [256*LP-1:0] result_data;
  wire [2:0]        result_count;
  wire [$clog2(ResultDepth):0] results;

  seigo_queue #(.Width(256*LP + 3), .Depth(ResultDepth)) i_results (
    .aclk(aclk), .aresetn(core_resetn),
    .push_i(result_in), .data_i({result_count_in, result_data_in}),
    .valid_o(result_valid), .data_o({result_count, result_data}), .pop_i(result_pop),
    .count_o(results)
  );
  wire chained = dense && chain != 2'd0;
  assign result_pop = result_valid && (!store || store_ready) && (!chained || split_ready);

  // ---- plane engine ---------------------------------------------------------------------------------
  wire              pair_valid, pair_ready, plane_input_busy;
  wire [128*DP-1:0] pair_data;

  seigo_plane_input #(.P(P), .LP(LP), .DP(DP), .FeedDepth(FeedDepth)) i_plane_input (
    .aclk(aclk), .aresetn(core_resetn),
    .start_i(start), .pixels_i(pixels), .setup_i(setup), .width_i(descriptor[OutWidthLsb +: OutWidthWidth]),
    .chained_i(dense), .valid_i(result_pop && chained), .ready_o(split_ready),
    .data_i(result_data), .count_i(result_count),
    .row_valid_i(feed_valid), .row_i(group_data), .row_pop_o(feed_pop),
    .valid_o(pair_valid), .ready_i(pair_ready), .data_o(pair_data), .busy_o(plane_input_busy)
  );

  wire [1:0]        plane_valid, plane_ready;
  wire [256*PlaneBeat-1:0] plane_data;
  wire [2:0]        plane_count;
  wire              engine_idle;
  wire              engine_start = setup && chain != 2'd0;

  seigo_plane_engine #(
    .DP(DP), .Beat(PlaneBeat), .Reach(PlaneReach), .Channels(PlaneChannels), .ChannelMul(ChannelMul),
    .MaxWidth(MaxWidth), .PackProducts(PackProducts),
    .SumBits(PlaneSumBits), .DspLanes(DspLanes),
    .Functions(Functions), .FunctionTable(FunctionTable), .RomEntries(RomEntries), .Rom(Rom), .BlockRoms(BlockRoms)
  ) i_planes (
    .aclk(aclk), .aresetn(core_resetn),
    .start_i(engine_start), .idle_o(engine_idle),
    .height_i(descriptor[OutHeightLsb +: OutHeightWidth]),
    .width_i(descriptor[OutWidthLsb +: OutWidthWidth]),
    .out_height_i(descriptor[PlaneHeightLsb +: PlaneHeightWidth]),
    .out_width_i(descriptor[PlaneWidthLsb +: PlaneWidthWidth]),
    .planes_i(tiles), .stride_i(descriptor[PlaneStrideXyLsb +: PlaneStrideXyWidth]),
    .reach_i(descriptor[PlaneReachLsb +: PlaneReachWidth]),
    .pad_top_i(descriptor[PlanePadTopLsb +: PlanePadTopWidth]),
    .pad_left_i(descriptor[PlanePadLeftLsb +: PlanePadLeftWidth]),
    .maximum_i(descriptor[MaximumLsb]), .tap_mask_i(descriptor[TapMaskLsb +: TapMaskWidth]),
    .multiply_i(multiply), .factor_i(factor),
    .two_i(chain == 2'd2), .direct_i(descriptor[PlaneDirectLsb +: PlaneDirectWidth]),
    .relu_i(descriptor[PlaneReluLsb +: PlaneReluWidth]), .wide_i(plane_wide),
    .function0_i(descriptor[PlaneFunction0Lsb +: PlaneFunction0Width]),
    .function1_i(descriptor[PlaneFunction1Lsb +: PlaneFunction1Width]),
    .parameter_valid_i(plane_set_valid), .parameter_filter_i(plane_set_filter),
    .parameter_part_i(plane_set_part),
    .parameter_index_i(plane_set_index), .parameter_data_i(parameter_data),
    .parameter_commit_i(plane_set_commit), .parameter_ready_o(plane_set_ready),
    .valid_i(pair_valid), .ready_o(pair_ready), .data_i(pair_data),
    .valid_o(plane_valid), .ready_i(plane_ready), .data_o(plane_data), .count_o(plane_count)
  );

  // ---- write-backs and residual ---------------------------------------------------------------------
  wire               conv_valid, conv_ready, conv_idle, residual_idle;
  wire [RowBits-1:0] conv_row;
  wire [P-1:0]       conv_enable;
  wire [128*P-1:0]   conv_data;

  seigo_store #(.P(P), .N(LP), .RowBits(RowBits), .Scatter(Scatter), .Parity(Parity)) i_store (
    .aclk(aclk), .aresetn(core_resetn),
    .start_i(setup && store), .wide_i(wide),
    .base_i(descriptor[OutBaseLsb +: OutBaseWidth]),
    .stride_i(descriptor[OutStrideLsb +: OutStrideWidth]),
    .step_i(descriptor[OutStepLsb +: OutStepWidth]), .skip_i(descriptor[OutSkipLsb +: OutSkipWidth]),
    .parity_i(descriptor[OutParityLsb]),
    .width_i(descriptor[OutWidthLsb +: OutWidthWidth]),
    .pixels_i(pixels[23:0]), .planes_i(tiles), .idle_o(conv_idle),
    .valid_i(result_pop && store), .ready_o(store_ready), .data_i(result_data),
    .count_i(result_count),
    .req_valid_o(conv_valid), .req_ready_i(conv_ready), .req_row_o(conv_row),
    .req_enable_o(conv_enable), .req_data_o(conv_data)
  );

  wire               filter_valid, filter_ready, filter_idle;
  wire [RowBits-1:0] filter_row;
  wire [P-1:0]       filter_enable;
  wire [128*P-1:0]   filter_data;

  seigo_writeback #(.P(P), .N(PlaneBeat), .Streams(2), .RowBits(RowBits)) i_plane_store (
    .aclk(aclk), .aresetn(core_resetn),
    .start_i({engine_start && chain == 2'd2, engine_start}), .wide_i(plane_wide),
    .base_i({descriptor[PlaneBase1Lsb +: PlaneBase1Width], descriptor[PlaneBase0Lsb +: PlaneBase0Width]}),
    .stride_i({descriptor[PlaneStride1Lsb +: PlaneStride1Width], descriptor[PlaneStride0Lsb +: PlaneStride0Width]}),
    .pixels_i(plane_pixels[23:0]), .planes_i(tiles), .idle_o(filter_idle),
    .valid_i(plane_valid), .ready_o(plane_ready), .data_i(plane_data), .count_i(plane_count),
    .req_valid_o(filter_valid), .req_ready_i(filter_ready), .req_row_o(filter_row),
    .req_enable_o(filter_enable), .req_data_o(filter_data)
  );

  wire               residual_req_valid, residual_req_ready, residual_answer;
  wire [RowBits-1:0] residual_req_row;
  wire [128*P-1:0]   residual_answer_data;

  seigo_residual_reader #(.P(P), .RowBits(RowBits)) i_residual (
    .aclk(aclk), .aresetn(core_resetn),
    .start_i(start && (multiply || (dense && residual != ResidualNone))),
    .base_i(descriptor[ResBaseLsb +: ResBaseWidth]),
    .stride_i(descriptor[ResStrideLsb +: ResStrideWidth]),
    .groups_i(multiply ? 20'd1 : descriptor[GroupsLsb +: GroupsWidth]), .tiles_i(tiles), .idle_o(residual_idle),
    .request_valid_o(residual_req_valid), .request_ready_i(residual_req_ready),
    .request_row_o(residual_req_row), .answer_valid_i(residual_answer),
    .answer_data_i(residual_answer_data),
    .valid_o(residual_valid), .ready_i(multiply ? plane_set_commit : residual_ready), .data_o(residual_row)
  );

  // ---- DMA ------------------------------------------------------------------------------------------
  wire               dma_valid, dma_ready, dma_write, dma_rvalid;
  wire [RowBits-1:0] dma_row;
  wire [P-1:0]       dma_enable;
  wire [128*P-1:0]   dma_wdata, dma_rdata;
  reg  [39:0]        dma_buffer;
  always @* begin
    case (descriptor[DmaBufferLsb +: DmaBufferWidth])
      BufferStream: dma_buffer = stream_address;
      BufferImage:  dma_buffer = image_address;
      BufferOutput: dma_buffer = output_address;
      default:      dma_buffer = scratch_address;
    endcase
  end

  seigo_dma #(.P(P), .RowBits(RowBits)) i_dma (
    .aclk(aclk), .aresetn(core_resetn),
    .job_valid_i(dma_job_valid), .job_ready_o(dma_job_ready),
    .job_base_i(descriptor[DmaBaseLsb +: DmaBaseWidth]),
    .job_words_i(descriptor[DmaWordsLsb +: DmaWordsWidth]),
    .job_address_i(dma_buffer + {4'd0, descriptor[DmaOffsetLsb +: DmaOffsetWidth], 4'd0}),
    .job_to_memory_i(descriptor[ToMemoryLsb]), .busy_o(dma_busy),
    .job_planes_i(descriptor[DmaPlanesLsb +: DmaPlanesWidth]),
    .job_stride_i(descriptor[DmaStrideLsb +: DmaStrideWidth]),
    .job_pitch_i(descriptor[DmaPitchLsb +: DmaPitchWidth]),
    .read_req_valid_o(read_req_valid[2]), .read_req_ready_i(read_req_ready[2]),
    .read_data_valid_i(read_data_valid[2]), .read_data_i(read_data),
    .write_req_valid_o(write_req_valid), .write_req_ready_i(write_req_ready),
    .write_data_valid_o(write_data_valid), .write_data_ready_i(write_data_ready),
    .write_data_o(write_data), .write_idle_i(write_idle),
    .req_address_o(dma_req_address), .req_beats_o(dma_req_beats),
    .port_valid_o(dma_valid), .port_ready_i(dma_ready), .port_write_o(dma_write),
    .port_row_o(dma_row), .port_enable_o(dma_enable), .port_data_o(dma_wdata),
    .port_rvalid_i(dma_rvalid), .port_rdata_i(dma_rdata)
  );

  // ---- shared memory --------------------------------------------------------------------------------

  seigo_shared_memory #(
    .P(P), .RowBits(RowBits), .Domains(Domains), .DomainRows(DomainRows), .Blocks(Blocks),
    .UltraRam(UltraRam), .ReadLatency(ReadLatency)
  ) i_memory (
    .aclk(aclk), .aresetn(core_resetn), .busy_i(running),
    .owner_load_i(owner_load),
    .owner_stream_read_i(next_descriptor[ReadStreamLsb +: 128]),
    .owner_residual_read_i(next_descriptor[ReadResidualLsb +: 128]),
    .owner_dma_read_i(next_descriptor[ReadDmaLsb +: 128]),
    .owner_conv_write_i(next_descriptor[WriteConvLsb +: 128]),
    .owner_plane_write_i(next_descriptor[WritePlaneLsb +: 128]),
    .owner_dma_write_i(next_descriptor[WriteDmaLsb +: 128]),
    .owner_swap_i(owner_swap), .owner_ok_o(owner_ok),
    .error_clear_i(1'b0), .error_o(access_error), .error_client_o(access_client),
    .error_block_o(access_block), .pending_o(pending),
    .a_read_i(a_read), .a_row_i(a_row), .a_data_o(a_data),
    .conv_valid_i(conv_valid), .conv_ready_o(conv_ready), .conv_row_i(conv_row),
    .conv_enable_i(conv_enable), .conv_data_i(conv_data),
    .plane_valid_i(filter_valid), .plane_ready_o(filter_ready), .plane_row_i(filter_row),
    .plane_enable_i(filter_enable), .plane_data_i(filter_data),
    .residual_valid_i(residual_req_valid), .residual_ready_o(residual_req_ready),
    .residual_row_i(residual_req_row), .residual_rvalid_o(residual_answer),
    .residual_rdata_o(residual_answer_data),
    .dma_valid_i(dma_valid), .dma_ready_o(dma_ready), .dma_write_i(dma_write),
    .dma_row_i(dma_row), .dma_enable_i(dma_enable), .dma_data_i(dma_wdata),
    .dma_rvalid_o(dma_rvalid), .dma_rdata_o(dma_rdata),
    .window_valid_i(1'b0), .window_ready_o(), .window_write_i(1'b0),
    .window_row_i({RowBits{1'b0}}), .window_enable_i({P{1'b0}}), .window_data_i({128*P{1'b0}}),
    .window_done_o(), .window_refused_o(), .window_rdata_o()
  );

  assign busy = fetch_busy || loader_busy || drain_busy || results != 0 || plane_input_busy
                || !engine_idle || !conv_idle || !filter_idle || !residual_idle || stem_busy
                || pending[2:0] != 3'b000;
  assign stall[StallStream] = stall_weights;
  assign stall[StallLanes]  = stall_halves;
  assign stall[StallPort]   = stall_residual;
  assign stall[StallImage]  = stall_image;
  assign stall[StallPlane]  = stall_feed || (stall_output && chained);
  assign stall[StallBank]   = stall_bank;

  always @(posedge aclk) begin
    stall_o <= stall;
  end
  /* verilator lint_on UNUSEDSIGNAL */
  /* verilator lint_on PINCONNECTEMPTY */
endmodule

`default_nettype wire
