// Moves words between DDR and the shared memory in the background: a queue of four jobs, done one
// after the other. To the memory: AXI bursts -> queue of words -> rows -> port B. To DDR: port B ->
// queue of rows -> queue of words -> AXI bursts, each asked for when its data lie ready. One word
// a cycle either way; the last row of a job moves only the words it has (bank enables). A job may move
// the same rows of several planes: so many words of each, at one distance in the memory and at another
// in DDR. It leaves the queue with its last plane.
`default_nettype none

module seigo_dma #(
  parameter P = 4,
  parameter RowBits = 14,
  parameter FifoWords = 512
) (
  input  wire               aclk,
  input  wire               aresetn,

  // Jobs: word address in the shared memory (a multiple of P), words, byte address in DDR (a
  // multiple of 16), direction; planes behind the first one, words from plane to plane in the shared
  // memory (a multiple of P) and in DDR
  input  wire               job_valid_i,
  output wire               job_ready_o,
  input  wire [19:0]        job_base_i,
  input  wire [23:0]        job_words_i,
  input  wire [39:0]        job_address_i,
  input  wire               job_to_memory_i,
  input  wire [11:0]        job_planes_i,
  input  wire [19:0]        job_stride_i,
  input  wire [23:0]        job_pitch_i,

  // Some job is not complete: words not written, or writes not acknowledged
  output wire               busy_o,

  // Client 2 of seigo_axi_read
  output wire               read_req_valid_o,
  input  wire               read_req_ready_i,
  input  wire               read_data_valid_i,
  input  wire [127:0]       read_data_i,

  // seigo_axi_write
  output wire               write_req_valid_o,
  input  wire               write_req_ready_i,
  output wire               write_data_valid_o,
  input  wire               write_data_ready_i,
  output wire [127:0]       write_data_o,
  input  wire               write_idle_i,

  // Of both requests
  output wire [39:0]        req_address_o,
  output wire [4:0]         req_beats_o,

  // Client of port B; read data return in order and are never refused
  output wire               port_valid_o,
  input  wire               port_ready_i,
  output wire               port_write_o,
  output wire [RowBits-1:0] port_row_o,
  output wire [P-1:0]       port_enable_o,
  output wire [128*P-1:0]   port_data_o,
  input  wire               port_rvalid_i,
  input  wire [128*P-1:0]   port_rdata_i
);

  localparam LaneShift = $clog2(P);
  localparam LaneBits = P == 1 ? 1 : LaneShift;
  localparam FifoBits = $clog2(FifoWords);
  localparam Rows = 16;
  localparam RowQueueBits = 4;

  generate
    if ((P != 1 && P != 2 && P != 4 && P != 8) || RowBits + LaneShift > 20 ||
        FifoWords != (1 << FifoBits) || FifoWords < 32) begin : g_check
      dma_parameter_out_of_range error ();
    end
  endgenerate

  // Queue of jobs
  reg [140:0] jobs [0:3];
  reg [1:0]  job_head_q;
  reg [1:0]  job_tail_q;
  reg [2:0]  jobs_q;
  reg        active_q;

  wire push = job_valid_i && job_ready_o;
  wire start = !active_q && jobs_q != 3'd0 && write_idle_i;

  wire        next_to_memory;
  wire [19:0] job_base;
  wire [23:0] next_words;
  wire [39:0] job_address;
  wire [11:0] job_planes;
  wire [19:0] job_stride;
  wire [23:0] job_pitch;
  assign {job_planes, job_stride, job_pitch, next_to_memory, job_base, next_words, job_address} =
      jobs[job_tail_q];

  // The plane of the job at the queue's front that starts next, and where it lies
  reg  [11:0] plane_q;
  reg  [19:0] base_q;
  reg  [39:4] origin_q;
  wire        pop_job = start && plane_q == job_planes;
  wire [19:0] next_base = plane_q == 12'd0 ? job_base : base_q;
  wire [39:4] next_address = plane_q == 12'd0 ? job_address[39:4] : origin_q;
  wire [23:0] next_rows = (next_words + P[23:0] - 24'd1) >> LaneShift;
  wire [19:0] next_row = next_base >> LaneShift;

  assign job_ready_o = jobs_q != 3'd4;
  assign busy_o = jobs_q != 3'd0 || active_q || !write_idle_i;

  // Progress of the running job
  reg        to_memory_q;
  reg [23:0] ask_left_q;
  reg [23:0] in_left_q;
  reg [23:0] out_left_q;
  reg [23:0] rows_left_q;
  reg [RowBits-1:0] row_q;
  wire done = active_q && rows_left_q == 24'd0 && out_left_q == 24'd0;

  always @(posedge aclk) begin
    if (push) begin
      jobs[job_head_q] <= {job_planes_i, job_stride_i, job_pitch_i, job_to_memory_i, job_base_i,
                           job_words_i, job_address_i};
      job_head_q <= job_head_q + 2'd1;
    end
    if (pop_job) job_tail_q <= job_tail_q + 2'd1;
    if (push && !pop_job) jobs_q <= jobs_q + 3'd1;
    else if (!push && pop_job) jobs_q <= jobs_q - 3'd1;
    if (start) begin
      active_q <= 1'b1;
      plane_q <= pop_job ? 12'd0 : plane_q + 12'd1;
      base_q <= next_base + job_stride;
      origin_q <= next_address + {12'd0, job_pitch};
      to_memory_q <= next_to_memory;
    end else if (done) begin
      active_q <= 1'b0;
    end
    if (!aresetn) begin
      job_head_q <= 2'd0;
      job_tail_q <= 2'd0;
      jobs_q <= 3'd0;
      active_q <= 1'b0;
      plane_q <= 12'd0;
    end
  end

  // Bursts. To the memory: a burst is asked for when the queue of words has room for all of it. To
  // DDR: when all of its words lie there. `pledged_q` counts the words asked for that have not left
  // the queue, or those that lie there and have not been asked for.
  localparam Size = 2'd0;
  localparam Room = 2'd1;
  localparam Ask = 2'd2;

  reg [1:0]        state_q;
  reg [39:4]       address_q;
  reg [4:0]        beats_q;
  reg [FifoBits:0] pledged_q;
  wire             enter;
  wire             leave;
  // The burst was asked for in the cycle before. It is booked while the next one is sized, before that one looks.
  reg              booked_q;

  wire [4:0] to_boundary = 5'd16 - {1'b0, address_q[7:4]};
  wire [FifoBits:0] beats = {{(FifoBits - 4){1'b0}}, beats_q};
  wire [FifoBits:0] pledged_after = pledged_q + beats;
  wire possible = to_memory_q ? pledged_after <= FifoWords[FifoBits:0] : pledged_q >= beats;
  wire asked = (read_req_valid_o && read_req_ready_i) || (write_req_valid_o && write_req_ready_i);

  assign read_req_valid_o = state_q == Ask && to_memory_q;
  assign write_req_valid_o = state_q == Ask && !to_memory_q;
  assign req_address_o = {address_q, 4'd0};
  assign req_beats_o = beats_q;

  always @(posedge aclk) begin
    case (state_q)
      Size: begin
        beats_q <= ask_left_q < {19'd0, to_boundary} ? ask_left_q[4:0] : to_boundary;
        if (ask_left_q != 24'd0) state_q <= Room;
      end
      Room: begin
        if (possible) state_q <= Ask;
      end
      default: begin
        if (asked) begin
          address_q <= address_q + {31'd0, beats_q};
          ask_left_q <= ask_left_q - {19'd0, beats_q};
          state_q <= Size;
        end
      end
    endcase
    booked_q <= asked;
    if (to_memory_q)
      pledged_q <= pledged_q + (booked_q ? beats : 0) - {{FifoBits{1'b0}}, leave};
    else
      pledged_q <= pledged_q - (booked_q ? beats : 0) + {{FifoBits{1'b0}}, enter};
    if (start) begin
      address_q <= next_address;
      ask_left_q <= next_words;
      pledged_q <= 0;
      state_q <= Size;
    end
    if (!aresetn) begin
      state_q <= Size;
      ask_left_q <= 24'd0;
      pledged_q <= 0;
      booked_q <= 1'b0;
    end
  end

  // Queue of words: block RAM with its output register as the place in front
  reg [FifoBits:0] fifo_head_q;
  reg [FifoBits:0] fifo_tail_q;
  reg              word_valid_q;
  wire [127:0]     word;
  wire [127:0]     row_word;
  wire             fifo_full = fifo_head_q - fifo_tail_q == FifoWords[FifoBits:0];
  wire             fetch = fifo_head_q != fifo_tail_q && (!word_valid_q || leave);

  seigo_dual_port_ram #(
    .Width(128),
    .Depth(FifoWords),
    .AddressBits(FifoBits)
  ) words (
    .aclk(aclk),
    .write_i(enter),
    .write_address_i(fifo_head_q[FifoBits-1:0]),
    .write_data_i(to_memory_q ? read_data_i : row_word),
    .read_i(fetch),
    .read_address_i(fifo_tail_q[FifoBits-1:0]),
    .read_data_o(word)
  );

  always @(posedge aclk) begin
    if (enter) fifo_head_q <= fifo_head_q + 1'b1;
    if (fetch) begin
      fifo_tail_q <= fifo_tail_q + 1'b1;
      word_valid_q <= 1'b1;
    end else if (leave) begin
      word_valid_q <= 1'b0;
    end
    if (leave) out_left_q <= out_left_q - 24'd1;
    if (start) out_left_q <= next_words;
    if (!aresetn) begin
      fifo_head_q <= 0;
      fifo_tail_q <= 0;
      word_valid_q <= 1'b0;
      out_left_q <= 24'd0;
    end
  end

  // To the memory: two rows, one filled word by word, one written
  reg [128*P-1:0]    row0_q;
  reg [128*P-1:0]    row1_q;
  reg [P-1:0]        enable0_q;
  reg [P-1:0]        enable1_q;
  reg [1:0]          full_q;
  reg                fill_q;
  reg                drain_q;
  reg [LaneBits-1:0] lane_q;
  wire fill_word = to_memory_q && word_valid_q && !full_q[fill_q];
  wire fill_last = lane_q == P[LaneBits-1:0] - 1'b1 || out_left_q == 24'd1;
  wire write_fires = port_valid_o && port_ready_i && to_memory_q;

  assign write_data_valid_o = !to_memory_q && word_valid_q;
  assign write_data_o = word;
  assign leave = to_memory_q ? fill_word : write_data_valid_o && write_data_ready_i;

  integer k;
  always @(posedge aclk) begin
    if (fill_word) begin
      for (k = 0; k < P; k = k + 1) begin
        if (lane_q == k[LaneBits-1:0]) begin
          if (fill_q) row1_q[128*k +: 128] <= word;
          else row0_q[128*k +: 128] <= word;
          if (fill_q) enable1_q[k] <= 1'b1;
          else enable0_q[k] <= 1'b1;
        end
      end
      lane_q <= fill_last ? 0 : lane_q + 1'b1;
      if (fill_last) begin
        full_q[fill_q] <= 1'b1;
        fill_q <= !fill_q;
      end
    end
    if (write_fires) begin
      full_q[drain_q] <= 1'b0;
      if (drain_q) enable1_q <= 0;
      else enable0_q <= 0;
      drain_q <= !drain_q;
    end
    if (!aresetn) begin
      full_q <= 2'b00;
      fill_q <= 1'b0;
      drain_q <= 1'b0;
      lane_q <= 0;
      enable0_q <= 0;
      enable1_q <= 0;
    end
  end

  // To DDR: rows are read with credit for the queue of rows, which hands its words on one by one.
  (* ram_style = "distributed" *)
  reg [128*P-1:0]        rows [0:Rows-1];
  reg [RowQueueBits-1:0] rows_head_q;
  reg [RowQueueBits-1:0] rows_tail_q;
  reg [RowQueueBits:0]   credit_q;
  reg [RowQueueBits:0]   held_q;
  reg [LaneBits-1:0]     out_lane_q;
  reg [P-1:0]            tail_enable_q;
  wire [128*P-1:0] row = rows[rows_tail_q];
  wire unpack = !to_memory_q && held_q != 0 && !fifo_full;
  wire unpack_last = out_lane_q == P[LaneBits-1:0] - 1'b1 || in_left_q == 24'd1;
  wire read_fires = port_valid_o && port_ready_i && !to_memory_q;
  wire pop = unpack && unpack_last;

  generate
    if (P == 1) begin : g_one_word
      assign row_word = row;
    end else begin : g_words
      assign row_word = row[{out_lane_q, 7'd0} +: 128];
    end
  endgenerate

  assign enter = to_memory_q ? read_data_valid_i : unpack;
  assign port_valid_o = to_memory_q ? full_q[drain_q] : rows_left_q != 24'd0 && credit_q != 0;
  assign port_write_o = to_memory_q;
  assign port_row_o = row_q;
  assign port_data_o = drain_q ? row1_q : row0_q;
  assign port_enable_o = to_memory_q ? (drain_q ? enable1_q : enable0_q) :
                         rows_left_q == 24'd1 ? tail_enable_q : {P{1'b1}};

  wire [LaneBits-1:0] next_tail = next_words[LaneBits-1:0] & {LaneBits{P != 1}};
  integer e;
  always @(posedge aclk) begin
    if (write_fires || read_fires) begin
      row_q <= row_q + 1'b1;
      rows_left_q <= rows_left_q - 24'd1;
    end
    if (port_rvalid_i) begin
      rows[rows_head_q] <= port_rdata_i;
      rows_head_q <= rows_head_q + 1'b1;
    end
    if (pop) rows_tail_q <= rows_tail_q + 1'b1;
    if (unpack) begin
      in_left_q <= in_left_q - 24'd1;
      out_lane_q <= unpack_last ? 0 : out_lane_q + 1'b1;
    end
    if (read_fires && !pop) credit_q <= credit_q - 1'b1;
    else if (!read_fires && pop) credit_q <= credit_q + 1'b1;
    if (port_rvalid_i && !pop) held_q <= held_q + 1'b1;
    else if (!port_rvalid_i && pop) held_q <= held_q - 1'b1;
    if (start) begin
      row_q <= next_row[RowBits-1:0];
      rows_left_q <= next_rows;
      in_left_q <= next_words;
      for (e = 0; e < P; e = e + 1)
        tail_enable_q[e] <= next_tail == 0 || e[LaneBits-1:0] < next_tail;
    end
    if (!aresetn) begin
      rows_left_q <= 24'd0;
      in_left_q <= 24'd0;
      rows_head_q <= 0;
      rows_tail_q <= 0;
      credit_q <= Rows[RowQueueBits:0];
      held_q <= 0;
      out_lane_q <= 0;
    end
  end

  // Addresses are multiples of 16, the memory has fewer rows than the field can name.
  wire unused = |{job_address[3:0], next_row};

endmodule

`default_nettype wire
