// Smoke test: after reset the accelerator is idle, and its registers say the version and the model that they should.
// Needs no memory behind the master port; `seigo cosim` runs frames.
`timescale 1ns / 1ps
`default_nettype none

module smoke_tb;
  reg aclk = 1'b0, aresetn = 1'b0;
  always #2 aclk = !aclk;

  reg         arvalid = 1'b0;
  reg  [11:0] araddr = 12'd0;
  wire        arready, rvalid;
  wire [31:0] rdata;
  wire [1:0]  rresp;
  integer failures = 0;

  seigo_top dut (
    .aclk(aclk), .aresetn(aresetn),
    .s_axi_ctrl_awvalid(1'b0), .s_axi_ctrl_awready(), .s_axi_ctrl_awaddr(12'd0), .s_axi_ctrl_awprot(3'd0),
    .s_axi_ctrl_wvalid(1'b0), .s_axi_ctrl_wready(), .s_axi_ctrl_wdata(32'd0), .s_axi_ctrl_wstrb(4'd0),
    .s_axi_ctrl_bvalid(), .s_axi_ctrl_bready(1'b1), .s_axi_ctrl_bresp(),
    .s_axi_ctrl_arvalid(arvalid), .s_axi_ctrl_arready(arready), .s_axi_ctrl_araddr(araddr), .s_axi_ctrl_arprot(3'd0),
    .s_axi_ctrl_rvalid(rvalid), .s_axi_ctrl_rready(1'b1), .s_axi_ctrl_rdata(rdata), .s_axi_ctrl_rresp(rresp),
    .interrupt_o(),
    .m_axi_gmem_awvalid(), .m_axi_gmem_awready(1'b0), .m_axi_gmem_awaddr(), .m_axi_gmem_awlen(), .m_axi_gmem_awsize(),
    .m_axi_gmem_awburst(), .m_axi_gmem_awlock(), .m_axi_gmem_awcache(), .m_axi_gmem_awprot(), .m_axi_gmem_awqos(),
    .m_axi_gmem_wvalid(), .m_axi_gmem_wready(1'b0), .m_axi_gmem_wdata(), .m_axi_gmem_wstrb(), .m_axi_gmem_wlast(),
    .m_axi_gmem_bvalid(1'b0), .m_axi_gmem_bready(), .m_axi_gmem_bresp(2'd0),
    .m_axi_gmem_arvalid(), .m_axi_gmem_arready(1'b0), .m_axi_gmem_araddr(), .m_axi_gmem_arlen(), .m_axi_gmem_arsize(),
    .m_axi_gmem_arburst(), .m_axi_gmem_arlock(), .m_axi_gmem_arcache(), .m_axi_gmem_arprot(), .m_axi_gmem_arqos(),
    .m_axi_gmem_rvalid(1'b0), .m_axi_gmem_rready(), .m_axi_gmem_rdata(128'd0), .m_axi_gmem_rresp(2'd0),
    .m_axi_gmem_rlast(1'b0),
    .pass_done_o(), .pass_index_o(), .stall_o()
  );

  task expect_word(input [11:0] address, input [31:0] wanted);
    integer wait_cycles;
    begin
      @(negedge aclk);
      araddr = address;
      arvalid = 1'b1;
      @(posedge aclk);
      while (!arready) @(posedge aclk);
      @(negedge aclk);
      arvalid = 1'b0;
      wait_cycles = 0;
      while (!rvalid && wait_cycles < 100) begin
        @(negedge aclk);
        wait_cycles = wait_cycles + 1;
      end
      if (!rvalid || rresp != 2'd0 || rdata !== wanted) begin
        $display("register %h: got %h, want %h", address, rdata, wanted);
        failures = failures + 1;
      end
      @(posedge aclk);
    end
  endtask

  initial begin
    repeat (20) @(negedge aclk);
    aresetn = 1'b1;
    repeat (4) @(negedge aclk);
    expect_word(@CONTROL_ADDRESS@, 32'd@CONTROL@);
    expect_word(@VERSION_ADDRESS@, 32'd@VERSION@);
    expect_word(@HASH_LOW_ADDRESS@, @HASH_LOW@);
    expect_word(@HASH_HIGH_ADDRESS@, @HASH_HIGH@);
    if (failures != 0) $display("FAILED: %0d registers", failures);
    else $display("passed");
    $finish;
  end

  // Nothing here may hang.
  initial begin
    #100000 $display("FAILED: time-out");
    $finish;
  end
endmodule

`default_nettype wire
