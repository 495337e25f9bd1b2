// dma with both AXI masters, as in the accelerator.
module dma_tb #(
  parameter P = 4,
  parameter RowBits = 10
) (
  input  wire               aclk,
  input  wire               aresetn,
  input  wire               clear_i,
  output wire               axi_idle_o,
  output wire               error_o,
  input  wire               job_valid_i,
  output wire               job_ready_o,
  input  wire [19:0]        job_base_i,
  input  wire [23:0]        job_words_i,
  input  wire [39:0]        job_address_i,
  input  wire               job_to_memory_i,
  input  wire [11:0]        job_planes_i,
  input  wire [19:0]        job_stride_i,
  input  wire [23:0]        job_pitch_i,
  output wire               busy_o,
  output wire               port_valid_o,
  input  wire               port_ready_i,
  output wire               port_write_o,
  output wire [RowBits-1:0] port_row_o,
  output wire [P-1:0]       port_enable_o,
  output wire [128*P-1:0]   port_data_o,
  input  wire               port_rvalid_i,
  input  wire [128*P-1:0]   port_rdata_i,
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
  input  wire             m_axi_gmem_rlast,
  output wire             m_axi_gmem_awvalid,
  input  wire             m_axi_gmem_awready,
  output wire [39:0]      m_axi_gmem_awaddr,
  output wire [7:0]       m_axi_gmem_awlen,
  output wire [2:0]       m_axi_gmem_awsize,
  output wire [1:0]       m_axi_gmem_awburst,
  output wire             m_axi_gmem_wvalid,
  input  wire             m_axi_gmem_wready,
  output wire [127:0]     m_axi_gmem_wdata,
  output wire [15:0]      m_axi_gmem_wstrb,
  output wire             m_axi_gmem_wlast,
  input  wire             m_axi_gmem_bvalid,
  output wire             m_axi_gmem_bready,
  input  wire [1:0]       m_axi_gmem_bresp
);

  wire         read_req_valid;
  wire [2:0]   read_req_ready;
  wire [2:0]   read_data_valid;
  wire [127:0] read_data;
  wire         read_idle;
  wire         read_error;
  wire         write_req_valid;
  wire         write_req_ready;
  wire         write_data_valid;
  wire         write_data_ready;
  wire [127:0] write_data;
  wire         write_idle;
  wire         write_error;
  wire [39:0]  req_address;
  wire [4:0]   req_beats;

  assign axi_idle_o = read_idle && write_idle;
  assign error_o = read_error || write_error;

  seigo_dma #(
    .P(P),
    .RowBits(RowBits)
  ) engine (
    .aclk(aclk),
    .aresetn(aresetn && !clear_i),
    .job_valid_i(job_valid_i),
    .job_ready_o(job_ready_o),
    .job_base_i(job_base_i),
    .job_words_i(job_words_i),
    .job_address_i(job_address_i),
    .job_to_memory_i(job_to_memory_i), .job_planes_i(job_planes_i), .job_stride_i(job_stride_i),
    .job_pitch_i(job_pitch_i),
    .busy_o(busy_o),
    .read_req_valid_o(read_req_valid),
    .read_req_ready_i(read_req_ready[2]),
    .read_data_valid_i(read_data_valid[2]),
    .read_data_i(read_data),
    .write_req_valid_o(write_req_valid),
    .write_req_ready_i(write_req_ready),
    .write_data_valid_o(write_data_valid),
    .write_data_ready_i(write_data_ready),
    .write_data_o(write_data),
    .write_idle_i(write_idle),
    .req_address_o(req_address),
    .req_beats_o(req_beats),
    .port_valid_o(port_valid_o),
    .port_ready_i(port_ready_i),
    .port_write_o(port_write_o),
    .port_row_o(port_row_o),
    .port_enable_o(port_enable_o),
    .port_data_o(port_data_o),
    .port_rvalid_i(port_rvalid_i),
    .port_rdata_i(port_rdata_i)
  );

  seigo_axi_read reads (
    .aclk(aclk),
    .aresetn(aresetn),
    .clear_i(clear_i),
    .idle_o(read_idle),
    .req_valid_i({read_req_valid, 2'b00}),
    .req_ready_o(read_req_ready),
    .req_address_i({req_address, 80'd0}),
    .req_beats_i({req_beats, 10'd0}),
    .data_valid_o(read_data_valid),
    .data_o(read_data),
    .error_o(read_error),
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

  seigo_axi_write writes (
    .aclk(aclk),
    .aresetn(aresetn),
    .clear_i(clear_i),
    .idle_o(write_idle),
    .req_valid_i(write_req_valid),
    .req_ready_o(write_req_ready),
    .req_address_i(req_address),
    .req_beats_i(req_beats),
    .data_valid_i(write_data_valid),
    .data_ready_o(write_data_ready),
    .data_i(write_data),
    .error_o(write_error),
    .m_axi_gmem_awvalid(m_axi_gmem_awvalid),
    .m_axi_gmem_awready(m_axi_gmem_awready),
    .m_axi_gmem_awaddr(m_axi_gmem_awaddr),
    .m_axi_gmem_awlen(m_axi_gmem_awlen),
    .m_axi_gmem_awsize(m_axi_gmem_awsize),
    .m_axi_gmem_awburst(m_axi_gmem_awburst),
    .m_axi_gmem_awlock(),
    .m_axi_gmem_awcache(),
    .m_axi_gmem_awprot(),
    .m_axi_gmem_awqos(),
    .m_axi_gmem_wvalid(m_axi_gmem_wvalid),
    .m_axi_gmem_wready(m_axi_gmem_wready),
    .m_axi_gmem_wdata(m_axi_gmem_wdata),
    .m_axi_gmem_wstrb(m_axi_gmem_wstrb),
    .m_axi_gmem_wlast(m_axi_gmem_wlast),
    .m_axi_gmem_bvalid(m_axi_gmem_bvalid),
    .m_axi_gmem_bready(m_axi_gmem_bready),
    .m_axi_gmem_bresp(m_axi_gmem_bresp)
  );

endmodule
