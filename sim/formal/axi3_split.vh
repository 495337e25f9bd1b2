// Properties of seigo_axi3_split, placed inside of the module by prove.sh.
//
// What the accelerator's masters send: bursts that begin at a multiple of 16 and do not cross 4 KiB. The answers come
// for bursts that are under way.

reg f_past = 1'b0;
always @(posedge aclk) f_past <= 1'b1;
always @* if (!f_past) assume (!aresetn);

always @* assume (s_address[3:0] == 4'd0 && {1'b0, s_address[11:4]} + {5'd0, s_len} < 9'd256);

wire f_take = s_valid & s_ready;
wire f_send = m_valid & m_ready;

// Beats of 8 bytes of the burst that are still to be asked for, and where they begin.
reg [5:0]             f_left = 6'd0;
reg [AddressBits-1:0] f_next;
wire [5:0]            f_beats = {2'd0, m_len} + 6'd1;
always @(posedge aclk) begin
  if (f_take) begin
    f_left <= {1'b0, s_len, 1'b0} + 6'd2;
    f_next <= s_address;
  end else if (f_send) begin
    f_left <= f_left - f_beats;
    f_next <= f_next + 8 * f_beats;
  end
  if (!aresetn) f_left <= 6'd0;
end

// Bursts of the port under way.
reg [Depth:0] f_flight = 0;
always @* assume (!done_i || f_flight != 0);
always @(posedge aclk) f_flight <= aresetn ? f_flight + f_send - done_i : 0;

reg                   f_waits = 1'b0;
reg [AddressBits+3:0] f_offer;
always @(posedge aclk) begin
  f_waits <= aresetn & m_valid & ~m_ready;
  f_offer <= {m_address, m_len};
end

// Any one burst of the port, from its address to its answer; whether another one belongs to it.
(* anyseq *) reg f_pick;
reg              f_tracked = 1'b0;
reg [Depth:0]    f_ahead;
reg              f_more;
wire f_arrives = f_send & f_pick & ~f_tracked;
always @(posedge aclk) begin
  if (f_arrives) begin
    f_more  <= f_left != f_beats;
    f_ahead <= f_flight - done_i;
  end else if (f_tracked && done_i) f_ahead <= f_ahead - 1;
  f_tracked <= aresetn & (f_arrives | (f_tracked & ~(done_i & f_ahead == 0)));
end

always @* if (f_past) begin
  within_4_kib: assert (!m_valid || {1'b0, m_address[11:3]} + {6'd0, m_len} < 10'd512);
  // The parts are the burst: in order, without a gap, none beyond its end, and none is left when the next one is taken.
  next_part: assert (!m_valid || m_address == f_next);
  not_beyond: assert (!m_valid || f_beats <= f_left);
  all_of_it: assert (!f_take || f_left == (f_send ? f_beats : 6'd0));
  valid_stays: assert (!f_waits || (m_valid && {m_address, m_len} == f_offer));
  capped: assert (f_flight <= 1 << Depth);
  known: assert (known_o == (f_flight != 0));
  right_answer: assert (!f_tracked || f_ahead != 0 || more_o == f_more);
end

wire [Depth-1:0] f_slot = out_q[Depth-1:0] + f_ahead[Depth-1:0];
always @* if (f_past) begin
  i_flight: assert (in_q - out_q == f_flight);
  i_left: assert (f_left == (!busy_q ? 6'd0 : {1'b0, len_q, 1'b0} + (second_q ? 6'd2 - 6'd16 : 6'd2)));
  i_next: assert (!busy_q || f_next == (second_q ? address_q + 128 : address_q));
  i_second: assert (!second_q || (busy_q && len_q[3]));
  i_page: assert (!busy_q || (address_q[3:0] == 4'd0 && {1'b0, address_q[11:4]} + {5'd0, len_q} < 9'd256));
  i_slot: assert (!f_tracked || (f_ahead < f_flight && more_q[f_slot] == f_more));
end
