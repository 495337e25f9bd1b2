// Runs the program: one pass after the other, as their descriptors come.
//
// A pass starts when its descriptor is there and sound, its owner table is in force and, where it asks
// for that, all DMA jobs are done. It ends when nothing of it is on its way any more. A DMA pass hands its
// job to the DMA and ends at once; a processor step raises an interrupt and waits for resume. On an error
// or a soft reset no new work begins, the AXI ports come to rest, the datapath is reset, and the frame ends
// with a status.
module pass_control (
  input  wire          clk_i,
  input  wire          rst_ni,
  // From and to the registers.
  input  wire          start_i,
  input  wire          resume_i,
  input  wire          soft_reset_i,
  output wire          idle_o,
  output reg           done_o,           // one cycle: the frame has ended
  output reg           processor_o,      // waits for the processor
  output reg  [15:0]   pass_o,           // index of the running pass
  output reg  [7:0]    error_o,          // 0 none; see the localparams
  output reg  [7:0]    error_client_o,
  output reg  [7:0]    error_block_o,
  // Loader.
  output wire          frame_o,          // one cycle: a frame begins
  input  wire          next_valid_i,
  input  wire [2559:0] next_descriptor_i,
  input  wire [31:0]   next_sum_i,
  // Owner table.
  output wire          owner_load_o,
  output wire          owner_swap_o,
  input  wire          owner_ok_i,
  // DMA.
  output wire          dma_valid_o,
  input  wire          dma_ready_i,
  input  wire          dma_busy_i,
  // Datapath.
  output reg  [2559:0] descriptor_o,     // of the running pass
  output reg           start_o,          // one cycle, descriptor_o is stable from here on
  output reg  [31:0]   pixels_o,         // OutHeight * OutWidth, from the cycle after start_o
  output reg  [31:0]   plane_pixels_o,   // PlaneHeight * PlaneWidth
  input  wire          busy_i,           // anything of the pass is on its way
  output wire          datapath_rst_no,
  output reg           halt_o,           // no new AXI requests
  input  wire          axi_idle_i,
  // Errors from elsewhere: levels, held until the datapath is reset.
  input  wire          access_error_i,
  input  wire [7:0]    access_client_i,
  input  wire [7:0]    access_block_i,
  input  wire          read_error_i,
  input  wire [7:0]    read_client_i,
  input  wire          write_error_i,
  // For simulation and counters.
  output reg           pass_done_o,
  output reg  [15:0]   pass_index_o
);
  `include "descriptor.vh"

  localparam [7:0] ErrorNone = 8'd0, ErrorDescriptor = 8'd1, ErrorChecksum = 8'd2, ErrorOwner = 8'd3,
                   ErrorAccess = 8'd4, ErrorRead = 8'd5, ErrorWrite = 8'd6, ErrorReset = 8'd7;
  localparam [7:0] KindDense = 8'd0, KindPlane = 8'd1, KindDma = 8'd2, KindProcessor = 8'd3,
                   KindEnd = 8'd4;
  localparam [3:0] StIdle = 4'd0, StDescriptor = 4'd1, StOwner = 4'd2, StReady = 4'd3, StStart = 4'd4,
                   StRun = 4'd5, StJob = 4'd6, StProcessor = 4'd7, StFinish = 4'd8, StHalt = 4'd9,
                   StReset = 4'd10;

  reg [3:0] state_q;
  reg [2:0] timer_q;

  wire [7:0] next_kind = next_descriptor_i[KindLsb +: KindWidth];
  wire [7:0] kind      = descriptor_o[KindLsb +: KindWidth];
  wire       sound     = next_descriptor_i[MagicLsb +: MagicWidth] == 16'h5E16
                         && next_descriptor_i[VersionLsb +: VersionWidth] == 8'd1
                         && next_kind <= KindEnd
                         && next_descriptor_i[IndexLsb +: IndexWidth] == pass_o;
  wire       intact    = &next_sum_i;  // the checksum is the inverted sum of the words before it
  wire       waits     = next_descriptor_i[WaitDmaLsb] || next_kind == KindProcessor
                         || next_kind == KindEnd;

  assign idle_o       = state_q == StIdle;
  assign frame_o      = state_q == StIdle && start_i;
  assign owner_load_o = state_q == StDescriptor && next_valid_i;
  assign owner_swap_o = state_q == StReady && !(waits && dma_busy_i);
  assign dma_valid_o  = state_q == StJob;
  assign datapath_rst_no = rst_ni && state_q != StReset;

  wire outside_error = access_error_i || read_error_i || write_error_i;
  wire running = state_q != StIdle && state_q != StHalt && state_q != StReset;

  always @(posedge clk_i) begin
    done_o      <= 1'b0;
    start_o     <= 1'b0;
    pass_done_o <= 1'b0;
    if (!rst_ni) begin
      state_q        <= StIdle;
      timer_q        <= 3'd0;
      processor_o    <= 1'b0;
      halt_o         <= 1'b0;
      pass_o         <= 16'd0;
      pass_index_o   <= 16'd0;
      error_o        <= ErrorNone;
      error_client_o <= 8'd0;
      error_block_o  <= 8'd0;
    end else if (running && (outside_error || soft_reset_i)) begin
      state_q        <= StHalt;
      halt_o         <= 1'b1;
      processor_o    <= 1'b0;
      error_o        <= access_error_i ? ErrorAccess : read_error_i ? ErrorRead :
                        write_error_i ? ErrorWrite : ErrorReset;
      error_client_o <= access_error_i ? access_client_i : read_client_i;
      error_block_o  <= access_error_i ? access_block_i : 8'd0;
    end else begin
      case (state_q)
        StIdle: begin
          if (start_i) begin
            state_q        <= StDescriptor;
            pass_o         <= 16'd0;
            error_o        <= ErrorNone;
            error_client_o <= 8'd0;
            error_block_o  <= 8'd0;
          end
        end
        StDescriptor: begin
          if (next_valid_i) begin
            if (!sound || !intact) begin
              state_q <= StHalt;
              halt_o  <= 1'b1;
              error_o <= sound ? ErrorChecksum : ErrorDescriptor;
            end else begin
              state_q <= StOwner;
              timer_q <= 3'd1;
            end
          end
        end
        // The arbiter checks the loaded table.
        StOwner: begin
          timer_q <= timer_q - 3'd1;
          if (timer_q == 3'd0) begin
            state_q <= StReady;
            if (!owner_ok_i) begin
              state_q <= StHalt;
              halt_o  <= 1'b1;
              error_o <= ErrorOwner;
            end
          end
        end
        StReady: begin
          if (!(waits && dma_busy_i)) begin
            descriptor_o <= next_descriptor_i;
            state_q      <= StStart;
            start_o      <= 1'b1;
          end
        end
        StStart: begin
          pixels_o       <= descriptor_o[OutHeightLsb +: OutHeightWidth]
                            * descriptor_o[OutWidthLsb +: OutWidthWidth];
          plane_pixels_o <= descriptor_o[PlaneHeightLsb +: PlaneHeightWidth]
                            * descriptor_o[PlaneWidthLsb +: PlaneWidthWidth];
          timer_q <= 3'd3;
          case (kind)
            KindDense, KindPlane: state_q <= StRun;
            KindDma:              state_q <= StJob;
            KindProcessor: begin
              state_q     <= StProcessor;
              processor_o <= 1'b1;
            end
            default:              state_q <= StFinish;
          endcase
        end
        // Quiet for a few cycles in a row: nothing is on its way between two modules either.
        StRun: begin
          timer_q <= busy_i ? 3'd3 : timer_q - 3'd1;
          if (!busy_i && timer_q == 3'd0) begin
            state_q      <= StDescriptor;
            pass_o       <= pass_o + 16'd1;
            pass_done_o  <= 1'b1;
            pass_index_o <= pass_o;
          end
        end
        StJob: begin
          if (dma_ready_i) begin
            state_q      <= StDescriptor;
            pass_o       <= pass_o + 16'd1;
            pass_done_o  <= 1'b1;
            pass_index_o <= pass_o;
          end
        end
        StProcessor: begin
          if (resume_i) begin
            state_q      <= StDescriptor;
            processor_o  <= 1'b0;
            pass_o       <= pass_o + 16'd1;
            pass_done_o  <= 1'b1;
            pass_index_o <= pass_o;
          end
        end
        StFinish: begin
          if (!dma_busy_i && axi_idle_i) begin
            state_q      <= StReset;
            timer_q      <= 3'd3;
            pass_done_o  <= 1'b1;
            pass_index_o <= pass_o;
          end
        end
        StHalt: begin
          if (axi_idle_i) begin
            state_q <= StReset;
            timer_q <= 3'd3;
          end
        end
        // The datapath is reset between frames too, so that no frame starts from another's leftovers.
        StReset: begin
          timer_q <= timer_q - 3'd1;
          if (timer_q == 3'd0) begin
            state_q <= StIdle;
            halt_o  <= 1'b0;
            done_o  <= 1'b1;
          end
        end
        default: state_q <= StHalt;
      endcase
    end
  end
endmodule
