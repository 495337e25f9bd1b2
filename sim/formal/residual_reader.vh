// Properties of seigo_residual_reader, placed inside of the module by prove.sh.
//
// The memory answers only what it was asked; it may take its time.

reg f_past = 1'b0;
always @(posedge aclk) f_past <= 1'b1;
always @* if (!f_past) assume (!aresetn);

// Rows that are asked for and not answered, and rows in the queue.
reg [4:0] f_flight = 5'd0;
reg [4:0] f_queued = 5'd0;
wire f_ask = request_valid_o & request_ready_i;
wire f_eat = valid_o & ready_i;
always @* assume (!answer_valid_i || f_flight != 5'd0);
always @(posedge aclk) begin
  f_flight <= f_flight + {4'd0, f_ask} - {4'd0, answer_valid_i};
  f_queued <= f_queued + {4'd0, answer_valid_i} - {4'd0, f_eat};
  if (!aresetn) begin
    f_flight <= 5'd0;
    f_queued <= 5'd0;
  end
end

// Any one answer, from the queue's entrance to its exit.
(* anyseq *) reg f_pick;
reg            f_tracked = 1'b0;
reg [4:0]      f_ahead;
reg [128*P-1:0] f_data;
wire f_arrives = answer_valid_i & f_pick & ~f_tracked;
wire f_leaves  = f_tracked & f_eat & (f_ahead == 5'd0);
always @(posedge aclk) begin
  if (f_arrives) begin
    f_data  <= answer_data_i;
    f_ahead <= f_queued - {4'd0, f_eat};
  end else if (f_tracked && f_eat) f_ahead <= f_ahead - 5'd1;
  f_tracked <= aresetn & (f_arrives | (f_tracked & ~f_leaves));
end

// Rows of the view in the order of the loops.
reg [RowBits-1:0] f_plane;
reg [19:0]        f_group, f_groups;
always @(posedge aclk) begin
  if (start_i && idle_o) begin
    f_plane  <= base_i >> RowShift;
    f_group  <= 20'd0;
    f_groups <= groups_i;
  end else if (f_ask) begin
    f_group <= f_group + 20'd1 == f_groups ? 20'd0 : f_group + 20'd1;
    if (f_group + 20'd1 == f_groups) f_plane <= f_plane + stride_q;
  end
end
always @* if (start_i) assume (groups_i != 20'd0 && tiles_i != 16'd0);

always @* if (f_past) begin
  // Never more than the queue has places for, so that no answer is lost.
  credit: assert (f_flight + f_queued <= 5'd8);
  full_means_no_request: assert (!f_ask || f_flight + f_queued < 5'd8);
  // No row is kept back and none is made up.
  delivers: assert (valid_o == (f_queued != 5'd0));
  // First in, first out, unchanged.
  in_order: assert (!f_tracked || f_ahead != 5'd0 || !valid_o || data_o == f_data);
  // Idle means that nothing is left anywhere.
  idle_is_empty: assert (!idle_o || (f_flight == 5'd0 && f_queued == 5'd0 && !request_valid_o));
  row_order: assert (!f_ask || request_row_o == f_plane + f_group[RowBits-1:0]);
end

wire [3:0] f_slot = read_q + f_ahead[3:0];
always @* if (f_past) begin
  i_counts: assert (f_flight <= 5'd8 && f_queued <= 5'd8);
  i_free: assert ({1'b0, free_q} + f_flight + f_queued == 5'd8);
  i_queue: assert (write_q == read_q + f_queued[3:0] && f_queued <= 5'd8);
  i_slot: assert (!f_tracked || (f_ahead < f_queued && queue[f_slot[2:0]] == f_data));
  i_plane: assert (!reading_q || plane_row_q == f_plane);
  i_row: assert (!reading_q || row_q == f_plane + f_group[RowBits-1:0]);
  i_group: assert (!reading_q || (groups_left_q == f_groups - 20'd1 - f_group
      && last_group_q == f_groups - 20'd1 && f_group < f_groups));
end
