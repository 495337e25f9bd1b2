// The processor's view of the accelerator: AXI4-Lite slave, frame control, interrupt, status and
// performance counters. docs/registers.md has the register map; seigo_registers.vh is made of the same table.
//
// Every frame begins with `core_resetn_o` low for at least 16 cycles, until the AXI masters
// (cleared by `clear_o`) are quiet. Then `start_o`; the frame ends with `done_i`, or with
// `error_i`, after which the core is reset too. A frame that ended by an error is done, and its
// status says so, once the masters are quiet: the next frame may start then. A soft reset ends the
// frame without `done`. Addresses and length are taken at the start of a frame.
`default_nettype none

module seigo_control_registers #(
  parameter [63:0] ConfigHash = 64'd0
) (
  input  wire         aclk,
  input  wire         aresetn,

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

  // Frame
  output wire         core_resetn_o,
  output wire         clear_o,
  input  wire         axi_idle_i,
  output wire         start_o,
  output wire [39:0]  stream_address_o,
  output wire [39:0]  image_address_o,
  output wire [39:0]  output_address_o,
  output wire [39:0]  scratch_address_o,
  output wire [23:0]  stream_words_o,
  input  wire         done_i,
  input  wire [15:0]  pass_i,

  // Processor step: level while the program waits; pulse that lets it go on
  input  wire         processor_i,
  output wire         resume_o,

  // Error: the first one of a frame is kept
  input  wire         error_i,
  input  wire [7:0]   error_code_i,
  input  wire [7:0]   error_client_i,
  input  wire [15:0]  error_block_i,

  // Stalled in this cycle because of: the causes of seigo_status.vh
  input  wire [5:0]   stall_i
);
  `include "seigo_registers.vh"
  `include "seigo_status.vh"

  localparam Idle = 2'd0;
  localparam Clear = 2'd1;
  localparam Run = 2'd2;
  localparam ResetCycles = 5'd16;

  // Write channel: address and data are taken when both are there and the last answer has left.
  reg         aw_valid_q;
  reg [11:2]  aw_address_q;
  reg         w_valid_q;
  reg [31:0]  w_data_q;
  reg [3:0]   w_strobe_q;
  reg         b_valid_q;
  wire        write = aw_valid_q && w_valid_q && (!b_valid_q || s_axi_ctrl_bready);

  assign s_axi_ctrl_awready = !aw_valid_q;
  assign s_axi_ctrl_wready = !w_valid_q;
  assign s_axi_ctrl_bvalid = b_valid_q;
  assign s_axi_ctrl_bresp = 2'b00;

  always @(posedge aclk) begin
    if (s_axi_ctrl_awvalid && !aw_valid_q) begin
      aw_valid_q <= 1'b1;
      aw_address_q <= s_axi_ctrl_awaddr[11:2];
    end
    if (s_axi_ctrl_wvalid && !w_valid_q) begin
      w_valid_q <= 1'b1;
      w_data_q <= s_axi_ctrl_wdata;
      w_strobe_q <= s_axi_ctrl_wstrb;
    end
    if (write) begin
      aw_valid_q <= 1'b0;
      w_valid_q <= 1'b0;
      b_valid_q <= 1'b1;
    end else if (s_axi_ctrl_bready) begin
      b_valid_q <= 1'b0;
    end
    if (!aresetn) begin
      aw_valid_q <= 1'b0;
      w_valid_q <= 1'b0;
      b_valid_q <= 1'b0;
    end
  end

  // Read channel
  reg         r_valid_q;
  reg [31:0]  r_data_q;
  reg [31:0]  value;
  wire        read = s_axi_ctrl_arvalid && s_axi_ctrl_arready;
  wire [11:2] read_address = s_axi_ctrl_araddr[11:2];
  wire        read_control = read && read_address == RegControl[11:2];

  assign s_axi_ctrl_arready = !r_valid_q;
  assign s_axi_ctrl_rvalid = r_valid_q;
  assign s_axi_ctrl_rdata = r_data_q;
  assign s_axi_ctrl_rresp = 2'b00;

  always @(posedge aclk) begin
    if (read) begin
      r_valid_q <= 1'b1;
      r_data_q <= value;
    end else if (s_axi_ctrl_rready) begin
      r_valid_q <= 1'b0;
    end
    if (!aresetn) r_valid_q <= 1'b0;
  end

  // Writable registers
  wire [31:0] mask = {{8{w_strobe_q[3]}}, {8{w_strobe_q[2]}}, {8{w_strobe_q[1]}},
                      {8{w_strobe_q[0]}}};
  wire [31:0] masked = w_data_q & mask;
  wire        set_start = write && aw_address_q == RegControl[11:2] && masked[ControlStartLsb];
  wire        set_gie = write && aw_address_q == RegGlobalInterrupt[11:2] && mask[GlobalInterruptEnableLsb];
  wire        set_ier = write && aw_address_q == RegInterruptEnable[11:2] && mask[InterruptEnableDoneLsb];
  wire        toggle_isr = write && aw_address_q == RegInterruptStatus[11:2];
  wire        set_base = write && aw_address_q >= RegStreamBaseLow[11:2]
                         && aw_address_q <= RegScratchBaseHigh[11:2];
  wire        set_length = write && aw_address_q == RegStreamWords[11:2];
  wire        set_resume = write && aw_address_q == RegResume[11:2] && masked[ResumeGoLsb];
  wire        set_reset = write && aw_address_q == RegReset[11:2] && masked[ResetNowLsb];
  wire        set_count = write && aw_address_q == RegCount[11:2];

  reg         gie_q;
  reg [3:0]   ier_q;
  reg [255:0] bases_q;
  reg [31:0]  length_q;
  reg [16:0]  count_q;
  wire [2:0]  base = aw_address_q[4:2] - RegStreamBaseLow[4:2];
  integer     half;

  always @(posedge aclk) begin
    if (set_gie) gie_q <= masked[GlobalInterruptEnableLsb];
    if (set_ier) ier_q <= masked[3:0];
    for (half = 0; half < 8; half = half + 1) begin
      if (set_base && base == half[2:0])
        bases_q[32*half +: 32] <= (bases_q[32*half +: 32] & ~mask) | masked;
    end
    if (set_length) length_q <= (length_q & ~mask) | masked;
    if (set_count) count_q <= (count_q & ~mask[16:0]) | masked[16:0];
    if (!aresetn) begin
      count_q <= 17'd0;
      gie_q <= 1'b0;
      ier_q <= 4'd0;
      length_q <= 32'd0;
      bases_q <= 256'd0;
    end
  end

  // Frame
  reg [1:0]   state_q;
  reg [4:0]   wait_q;
  reg         start_q;
  reg         frame_q;
  reg         report_q;
  reg         begins_q;
  reg         run_q;
  reg         resetn_q;
  reg         clear_q;
  reg         resume_q;
  reg         error_q;
  reg [7:0]   code_q;
  reg [7:0]   client_q;
  reg [15:0]  block_q;
  reg [15:0]  error_pass_q;
  reg [159:0] addresses_q;
  reg [23:0]  words_q;

  wire cleared = state_q == Clear && wait_q == 5'd0 && axi_idle_i;
  wire begins = cleared && frame_q && !set_reset;
  wire fails = state_q == Run && error_i && !set_reset;
  wire succeeds = state_q == Run && done_i && !error_i && !set_reset;
  wire finished = succeeds || (cleared && report_q && !set_reset);

  always @(posedge aclk) begin
    // The core leaves its reset one cycle after the state; it must be out of it when it is started.
    begins_q <= begins;
    run_q <= begins_q;
    resetn_q <= state_q != Clear;
    clear_q <= state_q == Clear;
    resume_q <= set_resume && processor_i && state_q == Run;
    case (state_q)
      Idle: begin
        frame_q <= start_q;
        report_q <= 1'b0;
        wait_q <= ResetCycles;
        if (start_q) state_q <= Clear;
      end
      Clear: begin
        if (wait_q != 5'd0) wait_q <= wait_q - 5'd1;
        if (cleared) state_q <= frame_q ? Run : Idle;
      end
      default: begin
        frame_q <= 1'b0;
        report_q <= error_i;
        wait_q <= ResetCycles;
        if (error_i) state_q <= Clear;
        else if (done_i) state_q <= Idle;
      end
    endcase
    if (begins) begin
      addresses_q <= {bases_q[231:192], bases_q[167:128], bases_q[103:64], bases_q[39:0]};
      words_q <= length_q[23:0];
      error_q <= 1'b0;
      code_q <= 8'd0;
      client_q <= 8'd0;
      block_q <= 16'd0;
      error_pass_q <= 16'd0;
    end
    if (fails) begin
      error_q <= 1'b1;
      code_q <= error_code_i;
      client_q <= error_client_i;
      block_q <= error_block_i;
      error_pass_q <= pass_i;
    end
    if (finished) start_q <= 1'b0;
    if (set_start) start_q <= 1'b1;
    if (set_reset) begin
      state_q <= Clear;
      wait_q <= ResetCycles;
      start_q <= 1'b0;
      frame_q <= 1'b0;
      report_q <= 1'b0;
      error_q <= 1'b0;
    end
    if (!aresetn) begin
      state_q <= Idle;
      start_q <= 1'b0;
      begins_q <= 1'b0;
      run_q <= 1'b0;
      resetn_q <= 1'b0;
      clear_q <= 1'b0;
      resume_q <= 1'b0;
      error_q <= 1'b0;
      code_q <= 8'd0;
      client_q <= 8'd0;
      block_q <= 16'd0;
      error_pass_q <= 16'd0;
    end
  end

  assign core_resetn_o = resetn_q;
  assign clear_o = clear_q;
  assign start_o = run_q;
  assign resume_o = resume_q;
  assign {scratch_address_o, output_address_o, image_address_o, stream_address_o} = addresses_q;
  assign stream_words_o = words_q;

  // Events, kept until read (done, ready) or toggled (interrupt status); a new event is never lost.
  reg       done_q;
  reg       ready_q;
  reg       processor_q;
  reg [3:0] isr_q;
  reg       interrupt_q;
  wire [3:0] events;
  assign events[InterruptStatusDoneLsb] = finished;
  assign events[InterruptStatusReadyLsb] = finished;
  assign events[InterruptStatusProcessorLsb] = processor_i && !processor_q && state_q == Run;
  assign events[InterruptStatusErrorLsb] = finished && !succeeds;

  always @(posedge aclk) begin
    processor_q <= processor_i && state_q == Run;
    if (read_control || begins) done_q <= 1'b0;
    if (read_control || begins) ready_q <= 1'b0;
    if (finished) done_q <= 1'b1;
    if (finished) ready_q <= 1'b1;
    isr_q <= (isr_q ^ (toggle_isr ? masked[3:0] : 4'd0)) | (events & ier_q);
    interrupt_q <= gie_q && isr_q != 4'd0;
    if (!aresetn) begin
      processor_q <= 1'b0;
      done_q <= 1'b0;
      ready_q <= 1'b0;
      isr_q <= 4'd0;
      interrupt_q <= 1'b0;
    end
  end

  assign interrupt_o = interrupt_q;

  // Performance counters: 0 cycles, then the stalls in the order of their registers. They are shown when the frame has ended. A pass has the
  // cycles from the one after its predecessor's end to its own end.
  reg [223:0] counters_q;
  reg [223:0] shown_q;
  reg         finished_q;
  reg         in_pass_q;
  wire [6:0] counted = {stall_i, 1'b1};

  integer c;
  always @(posedge aclk) begin
    for (c = 0; c < 7; c = c + 1) begin
      if (begins_q) counters_q[32*c +: 32] <= 32'd0;
      else if (state_q == Run && in_pass_q && counted[c])
        counters_q[32*c +: 32] <= counters_q[32*c +: 32] + 32'd1;
    end
    in_pass_q  <= !count_q[CountOnlyLsb] || pass_i == count_q[CountPassLsb +: CountPassWidth];
    finished_q <= finished;
    if (finished_q) shown_q <= counters_q;
    if (!aresetn) begin
      shown_q <= 224'd0;
      finished_q <= 1'b0;
    end
  end

  wire [2:0] read_base = read_address[4:2] - RegStreamBaseLow[4:2];
  wire [2:0] read_counter = read_address[4:2] - RegCycles[4:2];
  wire       idle = state_q == Idle && !start_q;

  always @* begin
    value = 32'd0;
    case (read_address)
      RegControl[11:2]: begin
        value[ControlStartLsb] = start_q;
        value[ControlDoneLsb] = done_q;
        value[ControlIdleLsb] = idle;
        value[ControlReadyLsb] = ready_q;
        value[ControlInterruptLsb] = interrupt_q;
      end
      RegGlobalInterrupt[11:2]: value[GlobalInterruptEnableLsb] = gie_q;
      RegInterruptEnable[11:2]: value[3:0] = ier_q;
      RegInterruptStatus[11:2]: value[3:0] = isr_q;
      RegStreamBaseLow[11:2], RegStreamBaseHigh[11:2], RegImageBaseLow[11:2], RegImageBaseHigh[11:2],
      RegOutputBaseLow[11:2], RegOutputBaseHigh[11:2], RegScratchBaseLow[11:2], RegScratchBaseHigh[11:2]:
        value = bases_q[{read_base, 5'd0} +: 32];
      RegStreamWords[11:2]: value = length_q;
      RegStatus[11:2]: begin
        value[StatusRunningLsb] = state_q == Run;
        value[StatusProcessorLsb] = processor_i && state_q == Run;
        value[StatusErrorLsb] = error_q && state_q != Clear;
        value[StatusClearingLsb] = state_q == Clear;
        value[StatusErrorCodeLsb +: StatusErrorCodeWidth] = code_q;
      end
      RegPass[11:2]: begin
        value[PassRunningLsb +: PassRunningWidth] = pass_i;
        value[PassErrorLsb +: PassErrorWidth] = error_pass_q;
      end
      RegError[11:2]: begin
        value[ErrorClientLsb +: ErrorClientWidth] = client_q;
        value[ErrorBlockLsb +: ErrorBlockWidth] = block_q;
      end
      RegCount[11:2]: value = {15'd0, count_q};
      RegVersion[11:2]: value = RegisterMapVersion;
      RegHashLow[11:2]: value = ConfigHash[31:0];
      RegHashHigh[11:2]: value = ConfigHash[63:32];
      RegCycles[11:2], RegStallStream[11:2], RegStallLanes[11:2], RegStallPort[11:2], RegStallImage[11:2],
      RegStallPlane[11:2], RegStallBank[11:2]: value = shown_q[{read_counter, 5'd0} +: 32];
      default: value = 32'd0;
    endcase
  end

  wire unused = |{s_axi_ctrl_awaddr[1:0], s_axi_ctrl_awprot, s_axi_ctrl_araddr[1:0],
                  s_axi_ctrl_arprot};

endmodule

`default_nettype wire
