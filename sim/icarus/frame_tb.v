// One frame of a bundle's generated top level, for any Verilog simulator: an AXI4 memory with latency and
// pseudo-random stalls, a processor that starts the frame over AXI4-Lite, polls and reads the counters, and the
// comparison of the output buffer with what the reference made.
//
// Every write beat, end of a pass, change of the interrupt and answer of a register is printed with its cycle, so that
// the logs of two simulators can be compared byte by byte. All signals change with the clock by nonblocking
// assignments and everything random comes from one shift register: nothing depends on the simulator.
//
// The last line is PASSED or FAILED. frame.vh, stream.hex, image.hex, expected.hex and mask.hex come from
// `xtask dump-frame`. Another design with the ports of seigo_top is named by DESIGN (sim/device/run.sh).
`ifndef DESIGN
`define DESIGN seigo_top
`endif
module frame_tb;
  // STREAM_BASE, IMAGE_BASE, OUTPUT_BASE, SCRATCH_BASE, MEMORY_BYTES: addresses in bytes, multiples of 4,096;
  // STREAM_BEATS, IMAGE_BEATS, OUTPUT_BEATS: contents, in beats of 16 bytes.
  `include "frame.vh"
  `include "seigo_registers.vh"

  localparam Latency     = 30;      // cycles from a read request to its first beat
  localparam WriteDelay  = 12;      // cycles from the last beat of a write to its answer
  parameter  Watchdog    = 20000;  // cycles
  localparam ResetCycles = 8;
  localparam PollCycles  = 64;

  // ---- clock, reset, random bits ---------------------------------------------------------------------
  reg         aclk = 1'b0;
  reg         aresetn = 1'b0;
  reg  [31:0] cycle = 32'd0;
  reg  [31:0] random = 32'h5E160001;  // Galois form of x^32 + x^22 + x^2 + x + 1
  always #5 aclk = !aclk;
  always @(posedge aclk) begin
    cycle   <= cycle + 32'd1;
    aresetn <= cycle >= ResetCycles;
    random  <= {1'b0, random[31:1]} ^ (random[0] ? 32'h80200003 : 32'd0);
  end
  // One time in four on each channel.
  wire stall_ar = random[1:0] == 2'd0;
  wire stall_r  = random[6:5] == 2'd0;
  wire stall_aw = random[11:10] == 2'd0;
  wire stall_w  = random[16:15] == 2'd0;
  wire stall_b  = random[21:20] == 2'd0;

  // ---- design ----------------------------------------------------------------------------------------
  reg          ctrl_awvalid = 1'b0, ctrl_wvalid = 1'b0, ctrl_bready = 1'b0;
  reg          ctrl_arvalid = 1'b0, ctrl_rready = 1'b0;
  reg  [11:0]  ctrl_address = 12'd0;
  reg  [31:0]  ctrl_wdata = 32'd0;
  wire         ctrl_awready, ctrl_wready, ctrl_bvalid, ctrl_arready, ctrl_rvalid;
  wire [1:0]   ctrl_bresp, ctrl_rresp;
  wire [31:0]  ctrl_rdata;
  wire         interrupt, pass_done;
  wire [15:0]  pass_index;

  reg          awready = 1'b0, wready = 1'b0, bvalid = 1'b0, arready = 1'b0, rvalid = 1'b0, rlast = 1'b0;
  reg  [127:0] rdata = 128'd0;
  wire         awvalid, wvalid, wlast, bready, arvalid, rready;
  wire [39:0]  awaddr, araddr;
  wire [7:0]   awlen, arlen;
  wire [127:0] wdata;
  wire [15:0]  wstrb;

  `DESIGN accelerator (
    .aclk(aclk), .aresetn(aresetn),
    .s_axi_ctrl_awvalid(ctrl_awvalid), .s_axi_ctrl_awready(ctrl_awready),
    .s_axi_ctrl_awaddr(ctrl_address), .s_axi_ctrl_awprot(3'd0),
    .s_axi_ctrl_wvalid(ctrl_wvalid), .s_axi_ctrl_wready(ctrl_wready),
    .s_axi_ctrl_wdata(ctrl_wdata), .s_axi_ctrl_wstrb(4'hF),
    .s_axi_ctrl_bvalid(ctrl_bvalid), .s_axi_ctrl_bready(ctrl_bready), .s_axi_ctrl_bresp(ctrl_bresp),
    .s_axi_ctrl_arvalid(ctrl_arvalid), .s_axi_ctrl_arready(ctrl_arready),
    .s_axi_ctrl_araddr(ctrl_address), .s_axi_ctrl_arprot(3'd0),
    .s_axi_ctrl_rvalid(ctrl_rvalid), .s_axi_ctrl_rready(ctrl_rready),
    .s_axi_ctrl_rdata(ctrl_rdata), .s_axi_ctrl_rresp(ctrl_rresp),
    .interrupt_o(interrupt),
    .m_axi_gmem_awvalid(awvalid), .m_axi_gmem_awready(awready), .m_axi_gmem_awaddr(awaddr),
    .m_axi_gmem_awlen(awlen), .m_axi_gmem_awsize(), .m_axi_gmem_awburst(), .m_axi_gmem_awlock(),
    .m_axi_gmem_awcache(), .m_axi_gmem_awprot(), .m_axi_gmem_awqos(),
    .m_axi_gmem_wvalid(wvalid), .m_axi_gmem_wready(wready), .m_axi_gmem_wdata(wdata),
    .m_axi_gmem_wstrb(wstrb), .m_axi_gmem_wlast(wlast),
    .m_axi_gmem_bvalid(bvalid), .m_axi_gmem_bready(bready), .m_axi_gmem_bresp(2'd0),
    .m_axi_gmem_arvalid(arvalid), .m_axi_gmem_arready(arready), .m_axi_gmem_araddr(araddr),
    .m_axi_gmem_arlen(arlen), .m_axi_gmem_arsize(), .m_axi_gmem_arburst(), .m_axi_gmem_arlock(),
    .m_axi_gmem_arcache(), .m_axi_gmem_arprot(), .m_axi_gmem_arqos(),
    .m_axi_gmem_rvalid(rvalid), .m_axi_gmem_rready(rready), .m_axi_gmem_rdata(rdata),
    .m_axi_gmem_rresp(2'd0), .m_axi_gmem_rlast(rlast),
    .pass_done_o(pass_done), .pass_index_o(pass_index)
  );

  // ---- memory ----------------------------------------------------------------------------------------
  reg [127:0] memory   [0:MEMORY_BYTES/16-1];
  reg [127:0] expected [0:OUTPUT_BEATS-1];
  reg [127:0] mask     [0:OUTPUT_BEATS-1];
  integer     failures = 0;
  integer     beat;
  initial begin
    // What nobody writes is wrong.
    for (beat = 0; beat < MEMORY_BYTES / 16; beat = beat + 1) memory[beat] = {8{16'h5A5A}};
    $readmemh("stream.hex", memory, STREAM_BASE / 16, STREAM_BASE / 16 + STREAM_BEATS - 1);
    $readmemh("image.hex", memory, IMAGE_BASE / 16, IMAGE_BASE / 16 + IMAGE_BEATS - 1);
    $readmemh("expected.hex", expected);
    $readmemh("mask.hex", mask);
  end

  // Reads: 64 bursts wait, the one at `read_tail` is answered once it is due.
  reg  [39:0] read_address [0:63];
  reg  [8:0]  read_beats   [0:63];
  reg  [31:0] read_due     [0:63];
  reg  [6:0]  read_head = 7'd0, read_tail = 7'd0;
  reg  [8:0]  read_done = 9'd0;  // beats of the oldest burst that are given out
  wire [6:0]  read_waiting = read_head - read_tail;
  wire        read_next = read_waiting != 7'd0 && read_due[read_tail[5:0]] <= cycle && !stall_r
                          && (!rvalid || rready);
  wire [39:0] read_at = read_address[read_tail[5:0]] + {27'd0, read_done, 4'd0};
  wire        read_ends = read_done + 9'd1 == read_beats[read_tail[5:0]];
  always @(posedge aclk) begin
    arready <= read_waiting < 7'd60 && !stall_ar;
    if (arvalid && arready) begin
      if (araddr + {27'd0, {1'b0, arlen} + 9'd1, 4'd0} > MEMORY_BYTES) begin
        $display("%0d FAILED: read of %h, %0d beats: no memory", cycle, araddr, arlen + 1);
        failures = failures + 1;
      end
      read_address[read_head[5:0]] <= araddr;
      read_beats[read_head[5:0]]   <= {1'b0, arlen} + 9'd1;
      read_due[read_head[5:0]]     <= cycle + Latency;
      read_head <= read_head + 7'd1;
    end
    if (read_next) begin
      rvalid    <= 1'b1;
      rdata     <= memory[read_at[35:4]];
      rlast     <= read_ends;
      read_done <= read_ends ? 9'd0 : read_done + 9'd1;
      if (read_ends) read_tail <= read_tail + 7'd1;
    end else if (rready) begin
      rvalid <= 1'b0;
    end
  end

  // Writes: the same; the data of a burst may come before or after its address.
  reg  [39:0] write_address [0:63];
  reg  [8:0]  write_beats   [0:63];
  reg  [6:0]  write_head = 7'd0, write_tail = 7'd0;
  reg  [8:0]  write_done = 9'd0;
  wire [6:0]  write_waiting = write_head - write_tail;
  wire        write_take = wvalid && wready;
  wire [39:0] write_at = write_address[write_tail[5:0]] + {27'd0, write_done, 4'd0};
  wire        write_ends = write_done + 9'd1 == write_beats[write_tail[5:0]];
  reg  [31:0] answer_due [0:63];
  reg  [6:0]  answer_head = 7'd0, answer_tail = 7'd0;
  integer     lane;
  always @(posedge aclk) begin
    awready <= write_waiting < 7'd60 && !stall_aw;
    // Not before the address is known, nor in the cycle in which the last known one may be used up.
    wready  <= write_waiting > 7'd1 && !stall_w || write_waiting == 7'd1 && !write_take && !stall_w;
    if (awvalid && awready) begin
      write_address[write_head[5:0]] <= awaddr;
      write_beats[write_head[5:0]]   <= {1'b0, awlen} + 9'd1;
      write_head <= write_head + 7'd1;
    end
    if (write_take) begin
      $display("%0d write %h %h %h", cycle, write_at, wstrb, wdata);
      if (write_waiting == 7'd0 || write_at + 40'd16 > MEMORY_BYTES || wlast != write_ends) begin
        $display("%0d FAILED: a write beat without address or memory, or last at the wrong beat", cycle);
        failures = failures + 1;
      end
      for (lane = 0; lane < 16; lane = lane + 1) begin
        if (wstrb[lane]) memory[write_at[35:4]][8*lane +: 8] <= wdata[8*lane +: 8];
      end
      write_done <= write_ends ? 9'd0 : write_done + 9'd1;
      if (write_ends) begin
        write_tail <= write_tail + 7'd1;
        answer_due[answer_head[5:0]] <= cycle + WriteDelay;
        answer_head <= answer_head + 7'd1;
      end
    end
    if (!bvalid || bready) begin
      bvalid <= answer_head != answer_tail && answer_due[answer_tail[5:0]] <= cycle && !stall_b;
      if (answer_head != answer_tail && answer_due[answer_tail[5:0]] <= cycle && !stall_b) begin
        answer_tail <= answer_tail + 7'd1;
      end
    end
  end

  // ---- processor -------------------------------------------------------------------------------------
  // Accesses to registers, one after the other: the first ones start the frame, step `Poll` repeats until the
  // interrupt, the rest reads what is to be seen of the frame.
  localparam [31:0] Done   = 32'd1 << InterruptStatusDoneLsb | 32'd1 << InterruptStatusReadyLsb;
  localparam [31:0] Events = 32'd1 << InterruptStatusProcessorLsb | 32'd1 << InterruptStatusErrorLsb;
  localparam Poll  = 5'd12;
  localparam Steps = 5'd25;
  reg  [4:0]  step = 5'd0;
  reg  [6:0]  pause = PollCycles;
  reg         busy = 1'b0;
  reg  [44:0] access;  // write, register, data
  always @* begin
    case (step)
      5'd0:    access = {1'b1, RegStreamBaseLow, STREAM_BASE};
      5'd1:    access = {1'b1, RegStreamBaseHigh, 32'd0};
      5'd2:    access = {1'b1, RegImageBaseLow, IMAGE_BASE};
      5'd3:    access = {1'b1, RegImageBaseHigh, 32'd0};
      5'd4:    access = {1'b1, RegOutputBaseLow, OUTPUT_BASE};
      5'd5:    access = {1'b1, RegOutputBaseHigh, 32'd0};
      5'd6:    access = {1'b1, RegScratchBaseLow, SCRATCH_BASE};
      5'd7:    access = {1'b1, RegScratchBaseHigh, 32'd0};
      5'd8:    access = {1'b1, RegStreamWords, STREAM_BEATS / 32'd2};
      5'd9:    access = {1'b1, RegGlobalInterrupt, 32'd1 << GlobalInterruptEnableLsb};
      5'd10:   access = {1'b1, RegInterruptEnable, Done | Events};
      5'd11:   access = {1'b1, RegControl, 32'd1 << ControlStartLsb};
      Poll:    access = {1'b0, RegPass, 32'd0};
      5'd13:   access = {1'b0, RegInterruptStatus, 32'd0};
      5'd14:   access = {1'b1, RegInterruptStatus, Done};
      5'd15:   access = {1'b0, RegControl, 32'd0};
      5'd16:   access = {1'b0, RegStatus, 32'd0};
      5'd17:   access = {1'b0, RegError, 32'd0};
      default: access = {1'b0, RegCycles + {5'd0, step - 5'd18, 2'd0}, 32'd0};  // cycles, stalls
    endcase
  end

  reg interrupt_q = 1'b0;
  always @(posedge aclk) begin
    interrupt_q <= interrupt;
    if (aresetn && interrupt !== interrupt_q) $display("%0d interrupt %b", cycle, interrupt);
    if (aresetn && pass_done !== 1'b0) $display("%0d pass %0d done", cycle, pass_index);

    if (pause != 7'd0) pause <= pause - 7'd1;
    if (aresetn && !busy && pause == 7'd0 && step != Steps) begin
      busy         <= 1'b1;
      ctrl_address <= access[43:32];
      ctrl_wdata   <= access[31:0];
      ctrl_awvalid <= access[44];
      ctrl_wvalid  <= access[44];
      ctrl_bready  <= access[44];
      ctrl_arvalid <= !access[44];
      ctrl_rready  <= !access[44];
    end
    if (ctrl_awvalid && ctrl_awready) ctrl_awvalid <= 1'b0;
    if (ctrl_wvalid && ctrl_wready)   ctrl_wvalid  <= 1'b0;
    if (ctrl_arvalid && ctrl_arready) ctrl_arvalid <= 1'b0;
    if (ctrl_bvalid && ctrl_bready || ctrl_rvalid && ctrl_rready) begin
      busy        <= 1'b0;
      ctrl_bready <= 1'b0;
      ctrl_rready <= 1'b0;
      if (ctrl_rvalid && ctrl_rready) $display("%0d register %h is %h", cycle, ctrl_address, ctrl_rdata);
      else                            $display("%0d register %h set to %h", cycle, ctrl_address, ctrl_wdata);
      if (step == Poll && !interrupt) pause <= PollCycles;
      else                            step <= step + 5'd1;
      if (ctrl_rvalid && ctrl_rready && step == 5'd16 && ctrl_rdata != 32'd0) begin
        $display("%0d FAILED: status %h", cycle, ctrl_rdata);
        failures = failures + 1;
      end
    end
    if (step == Steps || cycle == Watchdog) conclude;
  end

  task conclude;
    begin
      for (beat = 0; beat < OUTPUT_BEATS; beat = beat + 1) begin
        if (((memory[OUTPUT_BASE/16 + beat] ^ expected[beat]) & mask[beat]) !== 128'd0) begin
          $display("%0d FAILED: output beat %0d is %h, not %h", cycle, beat, memory[OUTPUT_BASE/16 + beat],
                   expected[beat]);
          failures = failures + 1;
        end
      end
      if (cycle == Watchdog) begin
        $display("%0d FAILED: no end after %0d cycles", cycle, Watchdog);
        failures = failures + 1;
      end
      $display("%0d cycles, %0d output beats compared, %0s", cycle, OUTPUT_BEATS,
               failures == 0 ? "PASSED" : "FAILED");
      $finish;
    end
  endtask
endmodule
