// Properties of seigo_block_arbiter, placed inside of the module by prove.sh.
//
// The request that a client waits with is copied from the ports; what is said about the memories'
// pins uses the masks in force one cycle before. `granted` is the event of the decision; that it
// means what it says is stated on the pins: every activity there is a decided request, every
// decided and allowed request is there.

reg f_past = 1'b0;
always @(posedge aclk) f_past <= 1'b1;
always @* if (!f_past) assume (!aresetn);

(* anyconst *) reg [2:0] f_client;
(* anyconst *) reg [DomainBits-1:0] f_domain;
always @* assume (f_client < 3'd5);
always @* assume (f_domain < Domains);

// ---- the waiting request of the client, from the ports --------------------------------
wire [5*P-1:0]   f_enables = {b_enable_i[4*P-1:2*P], {P{1'b0}}, b_enable_i[2*P-1:0]};
wire [5*RowWidth-1:0] f_datas =
    {b_data_i[4*RowWidth-1:2*RowWidth], {RowWidth{1'b0}}, b_data_i[2*RowWidth-1:0]};
reg                f_valid = 1'b0;
reg                f_write;
reg [RowBits-1:0]  f_row;
reg [P-1:0]        f_enable;
reg [RowWidth-1:0] f_data;
wire f_accept  = b_valid_i[f_client] & b_ready_o[f_client];
wire f_granted = granted[f_client];
always @(posedge aclk) begin
  if (f_accept) begin
    f_write  <= b_write_i[f_client];
    f_row    <= b_row_i >> (f_client*RowBits);
    f_enable <= f_enables >> (f_client*P);
    f_data   <= f_datas >> (f_client*RowWidth);
  end
  f_valid <= aresetn & (f_accept | (f_valid & ~f_granted));
end

// ---- what the table in force allows, block by block -----------------------------------
wire [BlockBits-1:0] f_number = f_row >> BlockShift;
function f_may;
  input [2:0] client;
  input       write;
  input       stream, residual, dma_r, conv, plane, dma_w, exists, busy;
  case ({client, write})
    {3'd0, 1'b1}: f_may = exists & conv;
    {3'd1, 1'b1}: f_may = exists & plane;
    {3'd2, 1'b0}: f_may = exists & residual;
    {3'd3, 1'b0}: f_may = exists & dma_r;
    {3'd3, 1'b1}: f_may = exists & dma_w;
    {3'd4, 1'b0}: f_may = exists & ~(busy & (conv | plane | dma_w));
    {3'd4, 1'b1}: f_may = exists & ~(busy & (conv | plane | dma_w | stream | residual | dma_r));
    default: f_may = 1'b0;
  endcase
endfunction
wire f_allowed = f_may(f_client, f_write, stream_read[f_number], residual_read[f_number],
    dma_read[f_number], conv_write[f_number], plane_write[f_number], dma_write[f_number],
    f_number < Blocks, busy_i);

// ---- the pins of one domain -----------------------------------------------------------
wire                   f_pin_read  = b_read_o >> f_domain;
wire [P-1:0]           f_pin_write = b_write_o >> (f_domain*P);
wire [AddressBits-1:0] f_pin_row   = b_row_o >> (f_domain*AddressBits);
wire [RowWidth-1:0]    f_pin_data  = b_data_o >> (f_domain*RowWidth);
wire [BlockBits-1:0]   f_pin_block = {f_domain, f_pin_row} >> BlockShift;

// The masks, the busy flag and the decisions one cycle before.
reg [TableBits-1:0] f_stream_1, f_residual_1, f_dma_r_1, f_conv_1, f_plane_1, f_dma_w_1;
reg f_busy_1, f_reset_1, f_reset_2;
always @(posedge aclk) begin
  f_stream_1   <= stream_read;
  f_residual_1 <= residual_read;
  f_dma_r_1    <= dma_read;
  f_conv_1     <= conv_write;
  f_plane_1    <= plane_write;
  f_dma_w_1    <= dma_write;
  f_busy_1     <= busy_i;
  f_reset_1    <= aresetn & f_past;
  f_reset_2    <= f_reset_1;
end
wire f_pin_read_free  = ~f_busy_1 & (f_pin_block < Blocks);
wire f_pin_exists     = f_pin_block < Blocks;
wire f_pin_written_1  = f_conv_1[f_pin_block] | f_plane_1[f_pin_block] | f_dma_w_1[f_pin_block];
wire f_pin_readable_1 = f_residual_1[f_pin_block] | f_dma_r_1[f_pin_block];

// ---- clients that wait for the domain of the client -----------------------------------
integer f_i;
reg [4:0] f_rivals;
reg [2:0] f_deciders;
always @* begin
  f_rivals   = 5'd0;
  f_deciders = 3'd0;
  for (f_i = 0; f_i < 5; f_i = f_i + 1) begin
    f_rivals[f_i] = valid_q[f_i] & (f_i != f_client)
        & (row_q[f_i*RowBits + AddressBits +: DomainBits] == f_row[RowBits-1:AddressBits]);
    f_deciders = f_deciders
        + {2'd0, granted[f_i] & (row_q[f_i*RowBits + AddressBits +: DomainBits] == f_domain)};
  end
end
wire [4:0] f_above = (5'd1 << f_client) - 5'd1;

// ---- the wait -------------------------------------------------------------------------
// Cycles beyond AgeLimit of every client.
reg [5*4-1:0] f_over = 20'd0;
always @(posedge aclk) begin
  for (f_i = 0; f_i < 5; f_i = f_i + 1) begin
    if (!aresetn || !valid_q[f_i] || granted[f_i]) f_over[f_i*4 +: 4] <= 4'd0;
    else if (aged[f_i]) f_over[f_i*4 +: 4] <= f_over[f_i*4 +: 4] + 4'd1;
  end
end
// Cycles that the request of the client has waited, from the ports.
reg [7:0] f_wait = 8'd0;
always @(posedge aclk) begin
  if (!aresetn || !f_valid || f_granted) f_wait <= 8'd0;
  else f_wait <= f_wait + 8'd1;
end

always @* if (f_past) begin
  // One decision per domain and cycle, and a request that meets no other is decided at once.
  one_per_domain: assert (f_deciders <= 3'd1);
  no_needless_wait: assert (!f_valid || f_granted || f_rivals != 5'd0);
  // Who has not waited long goes behind all clients above.
  priority_kept: assert (!f_granted || aged[f_client] || (f_rivals & f_above) == 5'd0);
  // Every request is decided after at most AgeLimit + client cycles.
  bounded_wait: assert (f_wait <= AgeLimit + f_client);
  // Only waiting requests are decided, none is overwritten: each once, in order.
  decided_was_accepted: assert (!f_granted || f_valid);
  not_overwritten: assert (!f_accept || !f_valid || f_granted);
end

// The decision of the client shows on the pins of its domain one cycle later, as it was asked.
reg                f_did, f_did_write;
reg [RowBits-1:0]  f_did_row;
reg [P-1:0]        f_did_enable;
reg [RowWidth-1:0] f_did_data;
reg                f_denied, f_denied_1, f_idle_1;
always @(posedge aclk) begin
  f_did        <= aresetn & f_granted & f_allowed;
  f_denied     <= aresetn & f_granted & ~f_allowed;
  f_denied_1   <= aresetn & f_denied;
  f_did_write  <= f_write;
  f_did_row    <= f_row;
  f_did_enable <= f_enable;
  f_did_data   <= f_data;
  f_idle_1     <= f_deciders == 3'd0;
end
wire f_at_domain = f_did_row[RowBits-1:AddressBits] == f_domain;
always @* if (f_past && f_reset_1) begin
  performed: assert (!f_did || !f_at_domain
      || (f_pin_read == ~f_did_write && f_pin_write == (f_did_write ? f_did_enable : {P{1'b0}})
          && f_pin_row == f_did_row[AddressBits-1:0]
          && (!f_did_write || f_pin_data == f_did_data)));
  denied_does_nothing: assert (!f_denied || !f_at_domain
      || (!f_pin_read && f_pin_write == {P{1'b0}}));
  no_phantom: assert (!f_idle_1 || (!f_pin_read && f_pin_write == {P{1'b0}}));
  // What reaches the memory is granted by the table to somebody, or the window's.
  write_in_grant: assert (f_pin_write == {P{1'b0}} || (f_pin_exists && (!f_busy_1 || f_pin_written_1
      || !(f_stream_1[f_pin_block] | f_pin_readable_1))));
  read_in_grant: assert (!f_pin_read
      || (f_pin_exists && (!f_busy_1 || f_pin_readable_1 || !f_pin_written_1)));
  denied_is_told: assert (!f_denied || f_client < 3'd2
      || (b_refused_o[4:2] >> (f_client - 3'd2)) & 1'b1);
end
always @* if (f_past && f_reset_1 && f_reset_2) begin
  denied_is_error: assert (!f_denied_1 || error_o);
end

// ---- port A ---------------------------------------------------------------------------
(* anyconst *) reg [2:0] f_bank;
always @* assume (f_bank < P);
wire [RowBits-1:0]   f_a_row   = a_row_i >> (f_bank*RowBits);
wire [BlockBits-1:0] f_a_block = f_a_row >> BlockShift;
wire f_a_may = stream_read[f_a_block] & (f_a_block < Blocks);
reg f_a_did, f_a_denied, f_a_denied_1;
reg [RowBits-1:0] f_a_did_row;
always @(posedge aclk) begin
  f_a_did      <= aresetn & a_read_i[f_bank] & f_a_may;
  f_a_denied   <= aresetn & a_read_i[f_bank] & ~f_a_may;
  f_a_denied_1 <= aresetn & f_a_denied;
  f_a_did_row  <= f_a_row;
end
wire f_a_pin = a_enable_o[f_domain*P + f_bank];
wire [AddressBits-1:0] f_a_pin_row = a_row_o >> (f_bank*AddressBits);
wire [BlockBits-1:0] f_a_pin_block = {f_domain, f_a_pin_row} >> BlockShift;
wire [DomainBits-1:0] f_a_choice = a_domain_o >> (f_bank*DomainBits);
always @* if (f_past && f_reset_1) begin
  stream_performed: assert (f_a_pin == (f_a_did && f_a_did_row[RowBits-1:AddressBits] == f_domain));
  stream_row: assert (!f_a_pin || f_a_pin_row == f_a_did_row[AddressBits-1:0]);
  stream_choice: assert (a_valid_o[f_bank] == f_a_did
      && (!f_a_did || f_a_choice == f_a_did_row[RowBits-1:AddressBits]));
  stream_in_grant: assert (!f_a_pin || (f_stream_1[f_a_pin_block] && f_a_pin_block < Blocks));
end
always @* if (f_past && f_reset_1 && f_reset_2) begin
  stream_denied_is_error: assert (!f_a_denied_1 || error_o);
end

// ---- invariants that carry the induction ----------------------------------------------
wire [RowWidth-1:0] f_held_data = {data_q[4*RowWidth-1:2*RowWidth], {RowWidth{1'b0}},
    data_q[2*RowWidth-1:0]} >> (f_client*RowWidth);
wire [P-1:0] f_held_enable =
    {enable_q[4*P-1:2*P], {P{1'b0}}, enable_q[2*P-1:0]} >> (f_client*P);
wire [RowBits-1:0] f_held_row = row_q >> (f_client*RowBits);
wire [6:0] f_held_age = age_q >> (f_client*7);
wire [3:0] f_held_over = f_over >> (f_client*4);

// With k cycles beyond the limit, k of the clients above were decided less than k cycles ago.
reg [2:0] f_recent;
always @* begin
  f_recent = 3'd0;
  for (f_i = 0; f_i < 5; f_i = f_i + 1) begin
    if (f_i < f_client && (!valid_q[f_i] || (age_q[f_i*7 +: 7] < {3'd0, f_held_over}))) begin
      f_recent = f_recent + 3'd1;
    end
  end
end

reg [4:0] f_full;
always @* for (f_i = 0; f_i < 5; f_i = f_i + 1) f_full[f_i] = age_q[f_i*7 +: 7] == Aged;

always @* if (f_past) begin
  i_aged: assert (aged == f_full);
  i_valid: assert (f_valid == valid_q[f_client]);
  i_request: assert (!f_valid || (f_write == write_q[f_client] && f_row == f_held_row));
  i_data: assert (!f_valid || !f_write || f_client == 3'd2
      || (f_enable == f_held_enable && f_data == f_held_data));
  i_age: assert (f_held_age <= Aged);
  i_wait: assert (f_wait == f_held_age + f_held_over);
  i_over: assert (f_held_over == 4'd0 || (f_valid && f_held_age == Aged));
  i_empty: assert (f_valid || f_held_age == 7'd0);
  i_recent: assert ({1'b0, f_recent} >= f_held_over);
  i_free: assert (!(f_pin_read && f_pin_write != {P{1'b0}}));
end
always @* if (f_past && f_reset_1) begin
  i_exists: assert (!f_did || f_did_row[RowBits-1:AddressBits] < Domains);
  i_denied: assert (f_denied == b_refused_q[f_client]);
  i_a_denied: assert (f_a_denied == a_refused_q[f_bank]);
end
