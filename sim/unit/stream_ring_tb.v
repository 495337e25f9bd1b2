// seigo_stream_ring behind seigo_axi_read, as in the accelerator.
module stream_ring_tb #(
  parameter RingWords = 64
) (
  input  wire             aclk,
  input  wire             aresetn,
  input  wire             start_i,
  input  wire [39:0]      address_i,
  input  wire [23:0]      words_i,
  output wire [23:0]      head_o,
  output wire             ended_o,
  input  wire             read_i,
  input  wire [23:0]      read_index_i,
  output wire [255:0]     data_o,
  input  wire [23:0]      release_i,
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

  wire         req_valid;
  wire [2:0]   req_ready;
  wire [39:0]  req_address;
  wire [4:0]   req_beats;
  wire [2:0]   data_valid;
  wire [127:0] data;

  seigo_stream_ring #(
    .RingWords(RingWords)
  ) ring (
    .aclk(aclk),
    .aresetn(aresetn),
    .start_i(start_i),
    .address_i(address_i),
    .words_i(words_i),
    .req_valid_o(req_valid),
    .req_ready_i(req_ready[1]),
    .req_address_o(req_address),
    .req_beats_o(req_beats),
    .data_valid_i(data_valid[1]),
    .data_i(data),
    .head_o(head_o),
    .ended_o(ended_o),
    .read_i(read_i),
    .read_index_i(read_index_i),
    .data_o(data_o),
    .release_i(release_i)
  );

  seigo_axi_read master (
    .aclk(aclk),
    .aresetn(aresetn),
    .clear_i(1'b0),
    .idle_o(),
    .req_valid_i({1'b0, req_valid, 1'b0}),
    .req_ready_o(req_ready),
    .req_address_i({40'd0, req_address, 40'd0}),
    .req_beats_i({5'd0, req_beats, 5'd0}),
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
