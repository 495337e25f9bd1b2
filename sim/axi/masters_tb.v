// Both AXI masters on one bus, as the accelerator has them, with the IDs that cocotbext-axi expects of a bus.
`default_nettype none

module masters_tb #(
  parameter Reads = 8,
  parameter Writes = 4,
  parameter [3:0] Cache = 4'b1111,
  parameter [2:0] Prot = 3'b010
) (
  input  wire         aclk,
  input  wire         aresetn,
  input  wire         clear_i,
  output wire         idle_o,

  input  wire [2:0]   read_valid,
  output wire [2:0]   read_ready,
  input  wire [119:0] read_address,
  input  wire [14:0]  read_beats,
  output wire [2:0]   read_data_valid,
  output wire [127:0] read_data,
  output wire         read_error,
  output wire [1:0]   read_error_client,

  input  wire         write_valid,
  output wire         write_ready,
  input  wire [39:0]  write_address,
  input  wire [4:0]   write_beats,
  input  wire         write_data_valid,
  output wire         write_data_ready,
  input  wire [127:0] write_data,
  output wire         write_error,

  output wire [0:0]   m_axi_awid,
  output wire         m_axi_awvalid,
  input  wire         m_axi_awready,
  output wire [39:0]  m_axi_awaddr,
  output wire [7:0]   m_axi_awlen,
  output wire [2:0]   m_axi_awsize,
  output wire [1:0]   m_axi_awburst,
  output wire         m_axi_awlock,
  output wire [3:0]   m_axi_awcache,
  output wire [2:0]   m_axi_awprot,
  output wire [3:0]   m_axi_awqos,
  output wire         m_axi_wvalid,
  input  wire         m_axi_wready,
  output wire [127:0] m_axi_wdata,
  output wire [15:0]  m_axi_wstrb,
  output wire         m_axi_wlast,
  input  wire [0:0]   m_axi_bid,
  input  wire         m_axi_bvalid,
  output wire         m_axi_bready,
  input  wire [1:0]   m_axi_bresp,
  output wire [0:0]   m_axi_arid,
  output wire         m_axi_arvalid,
  input  wire         m_axi_arready,
  output wire [39:0]  m_axi_araddr,
  output wire [7:0]   m_axi_arlen,
  output wire [2:0]   m_axi_arsize,
  output wire [1:0]   m_axi_arburst,
  output wire         m_axi_arlock,
  output wire [3:0]   m_axi_arcache,
  output wire [2:0]   m_axi_arprot,
  output wire [3:0]   m_axi_arqos,
  input  wire [0:0]   m_axi_rid,
  input  wire         m_axi_rvalid,
  output wire         m_axi_rready,
  input  wire [127:0] m_axi_rdata,
  input  wire [1:0]   m_axi_rresp,
  input  wire         m_axi_rlast
);
  wire read_idle, write_idle;

  assign idle_o = read_idle && write_idle;
  assign m_axi_awid = 1'b0;
  assign m_axi_arid = 1'b0;

  seigo_axi_read #(.Outstanding(Reads), .Cache(Cache), .Prot(Prot)) reader (
    .aclk(aclk), .aresetn(aresetn), .clear_i(clear_i), .idle_o(read_idle),
    .req_valid_i(read_valid), .req_ready_o(read_ready), .req_address_i(read_address), .req_beats_i(read_beats),
    .data_valid_o(read_data_valid), .data_o(read_data), .error_o(read_error), .error_client_o(read_error_client),
    .m_axi_gmem_arvalid(m_axi_arvalid), .m_axi_gmem_arready(m_axi_arready), .m_axi_gmem_araddr(m_axi_araddr),
    .m_axi_gmem_arlen(m_axi_arlen), .m_axi_gmem_arsize(m_axi_arsize), .m_axi_gmem_arburst(m_axi_arburst),
    .m_axi_gmem_arlock(m_axi_arlock), .m_axi_gmem_arcache(m_axi_arcache), .m_axi_gmem_arprot(m_axi_arprot),
    .m_axi_gmem_arqos(m_axi_arqos), .m_axi_gmem_rvalid(m_axi_rvalid), .m_axi_gmem_rready(m_axi_rready),
    .m_axi_gmem_rdata(m_axi_rdata), .m_axi_gmem_rresp(m_axi_rresp), .m_axi_gmem_rlast(m_axi_rlast)
  );

  seigo_axi_write #(.Outstanding(Writes), .Cache(Cache), .Prot(Prot)) writer (
    .aclk(aclk), .aresetn(aresetn), .clear_i(clear_i), .idle_o(write_idle),
    .req_valid_i(write_valid), .req_ready_o(write_ready), .req_address_i(write_address), .req_beats_i(write_beats),
    .data_valid_i(write_data_valid), .data_ready_o(write_data_ready), .data_i(write_data), .error_o(write_error),
    .m_axi_gmem_awvalid(m_axi_awvalid), .m_axi_gmem_awready(m_axi_awready), .m_axi_gmem_awaddr(m_axi_awaddr),
    .m_axi_gmem_awlen(m_axi_awlen), .m_axi_gmem_awsize(m_axi_awsize), .m_axi_gmem_awburst(m_axi_awburst),
    .m_axi_gmem_awlock(m_axi_awlock), .m_axi_gmem_awcache(m_axi_awcache), .m_axi_gmem_awprot(m_axi_awprot),
    .m_axi_gmem_awqos(m_axi_awqos), .m_axi_gmem_wvalid(m_axi_wvalid), .m_axi_gmem_wready(m_axi_wready),
    .m_axi_gmem_wdata(m_axi_wdata), .m_axi_gmem_wstrb(m_axi_wstrb), .m_axi_gmem_wlast(m_axi_wlast),
    .m_axi_gmem_bvalid(m_axi_bvalid), .m_axi_gmem_bready(m_axi_bready), .m_axi_gmem_bresp(m_axi_bresp)
  );
endmodule

`default_nettype wire
