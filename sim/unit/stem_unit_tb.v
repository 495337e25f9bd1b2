// seigo_stem_unit behind seigo_axi_read, as in the accelerator.
module stem_unit_tb #(
  parameter P = 4,
  parameter K = 6,
  parameter S = 2,
  parameter C = 3,
  parameter MaxWidth = 416,
  parameter [15:0] Shifts = 16'hffff
) (
  input  wire             aclk,
  input  wire             aresetn,
  input  wire             start_i,
  input  wire [39:0]      address_i,
  input  wire [15:0]      in_height_i,
  input  wire [15:0]      in_width_i,
  input  wire [15:0]      out_height_i,
  input  wire [15:0]      out_width_i,
  input  wire [7:0]       pad_top_i,
  input  wire [7:0]       pad_left_i,
  input  wire [31:0]      pad_i,
  input  wire [4:0]       batch_groups_i,
  input  wire [15:0]      batch_extra_i,
  input  wire [15:0]      tiles_i,
  output wire             busy_o,
  output wire [2:0]       batches_o,
  input  wire             read_i,
  input  wire [7:0]       read_step_i,
  input  wire [3:0]       read_group_i,
  output wire [128*P-1:0] data_o,
  input  wire             batch_done_i,
  output wire             m_axi_gmem_arvalid,
  input  wire             m_axi_gmem_arready,
  output wire [39:0]      m_axi_gmem_araddr,
  output wire [7:0]       m_axi_gmem_arlen,
  output wire [2:0]       m_axi_gmem_arsize,
  output wire [1:0]       m_axi_gmem_arburst,
  input  wire             m_axi_gmem_rvalid,
  output wire             m_axi_gmem_rready,
  input  wire [127:0]     m_axi_gmem_rdata,
  input  wire [1:0]       m_axi_gmem_rresp,
  input  wire             m_axi_gmem_rlast
);

  localparam Steps = (K * K * C + 15) / 16;
  localparam StepBits = Steps == 1 ? 1 : $clog2(Steps);

  wire         req_valid;
  wire [2:0]   req_ready;
  wire [39:0]  req_address;
  wire [4:0]   req_beats;
  wire [2:0]   data_valid;
  wire [127:0] data;

  seigo_stem_unit #(
    .P(P),
    .K(K),
    .S(S),
    .C(C),
    .MaxWidth(MaxWidth),
    .Shifts(Shifts)
  ) stem (
    .aclk(aclk),
    .aresetn(aresetn),
    .start_i(start_i),
    .address_i(address_i),
    .in_height_i(in_height_i),
    .in_width_i(in_width_i),
    .out_height_i(out_height_i),
    .out_width_i(out_width_i),
    .pad_top_i(pad_top_i),
    .pad_left_i(pad_left_i),
    .pad_i(pad_i),
    .batch_groups_i(batch_groups_i),
    .batch_extra_i(batch_extra_i),
    .tiles_i(tiles_i),
    .busy_o(busy_o),
    .req_valid_o(req_valid),
    .req_ready_i(req_ready[0]),
    .req_address_o(req_address),
    .req_beats_o(req_beats),
    .data_valid_i(data_valid[0]),
    .data_i(data),
    .batches_o(batches_o),
    .read_i(read_i),
    .read_step_i(read_step_i[StepBits-1:0]),
    .read_group_i(read_group_i),
    .data_o(data_o),
    .batch_done_i(batch_done_i)
  );

  seigo_axi_read master (
    .aclk(aclk),
    .aresetn(aresetn),
    .clear_i(1'b0),
    .idle_o(),
    .req_valid_i({2'b00, req_valid}),
    .req_ready_o(req_ready),
    .req_address_i({80'd0, req_address}),
    .req_beats_i({10'd0, req_beats}),
    .data_valid_o(data_valid),
    .data_o(data),
    .error_o(),
    .error_client_o(),
    .m_axi_gmem_arvalid(m_axi_gmem_arvalid),
    .m_axi_gmem_arready(m_axi_gmem_arready),
    .m_axi_gmem_araddr(m_axi_gmem_araddr),
    .m_axi_gmem_arlen(m_axi_gmem_arlen),
    .m_axi_gmem_arsize(m_axi_gmem_arsize),
    .m_axi_gmem_arburst(m_axi_gmem_arburst),
    .m_axi_gmem_arlock(),
    .m_axi_gmem_arcache(),
    .m_axi_gmem_arprot(),
    .m_axi_gmem_arqos(),
    .m_axi_gmem_rvalid(m_axi_gmem_rvalid),
    .m_axi_gmem_rready(m_axi_gmem_rready),
    .m_axi_gmem_rdata(m_axi_gmem_rdata),
    .m_axi_gmem_rresp(m_axi_gmem_rresp),
    .m_axi_gmem_rlast(m_axi_gmem_rlast)
  );

endmodule
