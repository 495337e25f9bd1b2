// The processor's view of the accelerator: AXI4-Lite slave, frame control, interrupt, status and
// performance counters. Register map (byte offset; 64-bit values low word first):
//
//   00  control    0 start (set; falls at the end of the frame), 1 done (cleared by reading and by the
//                  next frame), 2 idle, 3 ready (as done), 9 interrupt
//   04  GIE        0 interrupts enabled
//   08  IER        0 done, 1 ready, 2 processor step, 3 error
//   0C  ISR        as IER: events while enabled; writing 1 toggles
//   10  stream     base address          18  image    base address
//   20  output     base address          28  scratch  base address
//   30  stream     length in ring words (24 bits)
//   34  resume     write 1: the processor's step is done
//   38  reset      write 1: soft reset
//   40  status     0 running, 1 waits for the processor, 2 error, 3 clearing; 15:8 error code
//   44  pass       15:0 running pass, 31:16 pass of the error
//   48  error      7:0 client, 31:16 block
//   4C  count      16: the counters count one pass only, 15:0 which
//   50  version    54, 58  configuration hash
//   60  cycles     of the last frame, or of that pass in it; then stall cycles by cause:
//   64  stream (weights)   68  accumulators and lanes   6C  port   70  image   74  plane engine
//   78  bank conflicts
//
// Other offsets read 0 and ignore writes; every access is answered with OKAY.
//
// Every frame begins with `core_resetn_o` low for at least 16 cycles, until the AXI masters
// (cleared by `clear_o`) are quiet. Then `start_o`; the frame ends with `done_i`, or with
// `error_i`, after which the core is reset too. A frame that ended by an error is done, and its
// status says so. A soft reset ends the frame without `done`. Addresses and length are taken at the
// start of a frame.
module control_registers #(
  parameter [31:0] Version = 32'd1,
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

  // Stalled in this cycle because of: 0 stream, 1 accumulators and lanes, 2 port, 3 image,
  // 4 plane engine, 5 bank
  input  wire [5:0]   stall_i
);

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
  wire        read_control = read && read_address == 10'h000;

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
  wire        low_page = write && aw_address_q[11:6] == 6'd0;
  wire [3:0]  word = aw_address_q[5:2];
  wire        set_start = low_page && word == 4'h0 && masked[0];
  wire        set_gie = low_page && word == 4'h1 && mask[0];
  wire        set_ier = low_page && word == 4'h2 && mask[0];
  wire        toggle_isr = low_page && word == 4'h3;
  wire        set_base = low_page && word >= 4'h4 && word <= 4'hB;
  wire        set_length = low_page && word == 4'hC;
  wire        set_resume = low_page && word == 4'hD && masked[0];
  wire        set_reset = low_page && word == 4'hE && masked[0];
  wire        set_count = write && aw_address_q == 10'h013;

  reg         gie_q;
  reg [3:0]   ier_q;
  reg [255:0] bases_q;
  reg [31:0]  length_q;
  reg [16:0]  count_q;
  wire [2:0]  base = word[2:0] ^ 3'b100;
  integer     half;

  always @(posedge aclk) begin
    if (set_gie) gie_q <= masked[0];
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
  wire [3:0] events = {fails, processor_i && !processor_q && state_q == Run, finished, finished};

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

  // Performance counters: 0 cycles, 1 to 6 stalls. They are shown when the frame has ended. A pass has the
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
    in_pass_q  <= !count_q[16] || pass_i == count_q[15:0];
    finished_q <= finished;
    if (finished_q) shown_q <= counters_q;
    if (!aresetn) begin
      shown_q <= 224'd0;
      finished_q <= 1'b0;
    end
  end

  wire [2:0] read_word = read_address[4:2];
  wire [2:0] read_base = read_word ^ 3'b100;
  wire [2:0] read_counter = read_word;

  wire       idle = state_q == Idle && !start_q;

  always @* begin
    value = 32'd0;
    case (read_address)
      10'h000: value = {22'd0, interrupt_q, 5'd0, ready_q, idle, done_q, start_q};
      10'h001: value = {31'd0, gie_q};
      10'h002: value = {28'd0, ier_q};
      10'h003: value = {28'd0, isr_q};
      10'h004, 10'h005, 10'h006, 10'h007, 10'h008, 10'h009, 10'h00A, 10'h00B:
        value = bases_q[{read_base, 5'd0} +: 32];
      10'h00C: value = length_q;
      10'h010: value = {16'd0, code_q, 4'd0, state_q == Clear, error_q,
                        processor_i && state_q == Run, state_q == Run};
      10'h011: value = {error_pass_q, pass_i};
      10'h012: value = {block_q, 8'd0, client_q};
      10'h013: value = {15'd0, count_q};
      10'h014: value = Version;
      10'h015: value = ConfigHash[31:0];
      10'h016: value = ConfigHash[63:32];
      10'h018, 10'h019, 10'h01A, 10'h01B, 10'h01C, 10'h01D, 10'h01E:
        value = shown_q[{read_counter, 5'd0} +: 32];
      default: value = 32'd0;
    endcase
  end

  wire unused = |{s_axi_ctrl_awaddr[1:0], s_axi_ctrl_awprot, s_axi_ctrl_araddr[1:0],
                  s_axi_ctrl_arprot};

endmodule
