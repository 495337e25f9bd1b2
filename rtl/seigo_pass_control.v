// Runs the program: one pass after the other, as their descriptors come.
//
// A pass starts when its descriptor is there and sound, its owner table is checked and, where it asks for
// that, all DMA jobs are done. It ends when nothing of it is on its way any more. A DMA pass hands its job
// to the DMA and ends at once; a processor step waits until the processor resumes. An error ends the frame:
// `error_o` holds until the reset that seigo_control_registers gives every frame.
`default_nettype none

module seigo_pass_control (
  input  wire          aclk,
  input  wire          aresetn,
  // From and to the registers.
  input  wire          start_i,          // one cycle after the reset of a frame
  input  wire          resume_i,
  output reg           done_o,           // one cycle: the frame has ended
  output reg           processor_o,      // waits for the processor
  output reg  [15:0]   pass_o,           // index of the running pass
  output reg           error_o,
  output reg  [7:0]    error_code_o,     // see seigo_status.vh
  output reg  [7:0]    error_client_o,
  output reg  [15:0]   error_block_o,
  // Loader: the descriptor of the next pass; its sum is all ones when it is intact.
  input  wire          next_valid_i,
  input  wire [2559:0] next_descriptor_i,
  input  wire [31:0]   next_sum_i,
  // Owner table of the next pass.
  output wire          owner_load_o,
  output wire          owner_swap_o,
  input  wire          owner_ok_i,
  // Products of the sizes of the next pass, which a dense or plane pass waits for.
  input  wire          products_ready_i,
  input  wire [31:0]   next_pixels_i,
  input  wire [31:0]   next_plane_pixels_i,
  // DMA.
  output wire          dma_valid_o,
  input  wire          dma_ready_i,
  input  wire          dma_busy_i,
  // Datapath.
  output reg  [2559:0] descriptor_o,     // of the running pass
  output reg           dense_o,          // it is a dense pass
  output reg           start_o,          // one cycle, descriptor_o is stable from here on
  output reg           setup_o,          // one cycle later, the pixels below are stable from here on
  output reg  [31:0]   pixels_o,         // OutHeight * OutWidth
  output reg  [31:0]   plane_pixels_o,   // PlaneHeight * PlaneWidth
  input  wire          busy_i,           // anything of the pass is on its way
  // Errors from elsewhere.
  input  wire          access_error_i,
  input  wire [7:0]    access_client_i,
  input  wire [15:0]   access_block_i,
  input  wire          read_error_i,
  input  wire [7:0]    read_client_i,
  input  wire          write_error_i,
  // One cycle: a pass has ended; which.
  output reg           pass_done_o,
  output reg  [15:0]   pass_index_o
);
  `include "seigo_descriptor.vh"
  `include "seigo_status.vh"

  localparam [2:0] StIdle = 3'd0, StNext = 3'd1, StStart = 3'd2, StRun = 3'd3, StJob = 3'd4,
                   StProcessor = 3'd5, StFinish = 3'd6, StError = 3'd7;
  // Cycles without anything under way after which a pass has ended: nothing is between two modules.
  localparam [2:0] Quiet = 3'd3;
  // Cycles from the load of an owner table to its verdict.
  localparam [2:0] OwnerCheck = 3'd5;

  reg [2:0] state_q, quiet_q, check_q;
  reg       known_q;

  wire [7:0] next_kind = next_descriptor_i[KindLsb +: KindWidth];
  wire [7:0] kind      = descriptor_o[KindLsb +: KindWidth];
  wire       sound     = next_descriptor_i[MagicLsb +: MagicWidth] == MagicValue
                         && next_descriptor_i[VersionLsb +: VersionWidth] == VersionValue
                         && next_kind <= KindEnd
                         && next_descriptor_i[IndexLsb +: IndexWidth] == pass_o;
  wire       intact    = &next_sum_i;
  wire       waits     = next_descriptor_i[WaitDmaLsb] || next_kind == KindProcessor
                         || next_kind == KindEnd;
  wire       checked   = next_valid_i && known_q && check_q == 3'd0;
  wire       computes  = next_kind == KindDense || next_kind == KindPlane;
  wire       launch    = state_q == StNext && checked && sound && intact && owner_ok_i
                         && !(waits && dma_busy_i) && !(computes && !products_ready_i);
  wire       ends      = (state_q == StRun && !busy_i && quiet_q == 3'd0)
                         || (state_q == StJob && dma_ready_i) || (state_q == StProcessor && resume_i);

  // next_valid_i falls one cycle after start_o.
  assign owner_load_o = next_valid_i && !known_q && !start_o;
  assign owner_swap_o = launch;
  assign dma_valid_o  = state_q == StJob;

  // The owner table of the next pass is loaded and checked while the pass before still runs.
  always @(posedge aclk) begin
    if (!aresetn) begin
      known_q <= 1'b0;
      check_q <= 3'd0;
    end else begin
      known_q <= next_valid_i && !launch && !start_o;
      check_q <= owner_load_o ? OwnerCheck : check_q == 3'd0 ? 3'd0 : check_q - 3'd1;
    end
  end

  always @(posedge aclk) begin
    done_o      <= 1'b0;
    start_o     <= launch && !error_o;
    setup_o     <= start_o;
    pass_done_o <= 1'b0;
    if (!aresetn) begin
      state_q      <= StIdle;
      quiet_q      <= Quiet;
      start_o      <= 1'b0;
      setup_o      <= 1'b0;
      processor_o  <= 1'b0;
      pass_o       <= 16'd0;
      pass_index_o <= 16'd0;
    end else begin
      case (state_q)
        StIdle:  if (start_i) state_q <= StNext;
        StNext:  if (launch) state_q <= StStart;
        StStart: begin
          quiet_q     <= Quiet;
          processor_o <= kind == KindProcessor;
          case (kind)
            KindDense, KindPlane: state_q <= StRun;
            KindDma:              state_q <= StJob;
            KindProcessor:        state_q <= StProcessor;
            default:              state_q <= StFinish;
          endcase
        end
        StRun: quiet_q <= busy_i ? Quiet : quiet_q - 3'd1;
        StFinish: begin
          state_q      <= StIdle;
          done_o       <= 1'b1;
          pass_done_o  <= 1'b1;
          pass_index_o <= pass_o;
        end
        default: ;
      endcase
      if (ends) begin
        state_q      <= StNext;
        processor_o  <= 1'b0;
        pass_o       <= pass_o + 16'd1;
        pass_done_o  <= 1'b1;
        pass_index_o <= pass_o;
      end
      if (error_o) state_q <= StError;
    end
    if (launch) begin
      descriptor_o <= next_descriptor_i;
      dense_o      <= next_kind == KindDense;
    end
    if (start_o) begin
      pixels_o       <= next_pixels_i;
      plane_pixels_o <= next_plane_pixels_i;
    end
  end

  // The first error stays. The owner table's verdict on the next pass counts when that pass would start.
  wire breach  = access_error_i && access_client_i != ClientTable;
  wire rejects = state_q == StNext && checked && !(sound && intact && owner_ok_i);
  always @(posedge aclk) begin
    if (!aresetn) begin
      error_o        <= 1'b0;
      error_code_o   <= 8'd0;
      error_client_o <= 8'd0;
      error_block_o  <= 16'd0;
    end else if (!error_o) begin
      error_o        <= breach || read_error_i || write_error_i || rejects;
      error_code_o   <= breach ? ErrorAccess : read_error_i ? ErrorRead :
                        write_error_i ? ErrorWrite : !sound ? ErrorDescriptor :
                        !intact ? ErrorChecksum : ErrorOwner;
      error_client_o <= access_error_i ? access_client_i : read_client_i;
      error_block_o  <= access_block_i;
    end
  end
endmodule

`default_nettype wire
