// Properties of seigo_lite_bridge, placed inside of the module by prove.sh. The registers answer what they are asked, and
// not with EXOKAY, which AXI4-Lite does not have.

reg f_past = 1'b0;
always @(posedge aclk) f_past <= 1'b1;
always @* if (!f_past) assume (!aresetn);
always @* assume (m_bresp != 2'b01 && m_rresp != 2'b01);

// Writes: beats that the burst still brings; whether it wraps; where its next access goes; its worst answer; what of the
// access of the last beat was handed on.
reg [8:0]             f_beats = 9'd0;
reg                   f_wraps, f_address_handed, f_data_handed;
reg [AddressBits-1:0] f_address, f_step;
reg [1:0]             f_worst;
always @(posedge aclk) begin
  if (s_awvalid && s_awready) begin
    f_beats <= {1'b0, s_awlen} + 9'd1;
    f_wraps <= s_awburst[1];
    f_worst <= {s_awburst[1], 1'b0};
    f_address <= s_awaddr;
    f_step <= s_awburst == 2'b00 ? 0 : 1 << s_awsize;
  end
  if (s_wvalid && s_wready) begin
    f_beats <= f_beats - 9'd1;
    f_address_handed <= 1'b0;
    f_data_handed <= 1'b0;
  end
  if (m_awvalid && m_awready) f_address_handed <= 1'b1;
  if (m_wvalid && m_wready) f_data_handed <= 1'b1;
  if (m_bvalid && m_bready) begin
    f_address <= f_address + f_step;
    f_worst <= m_bresp < f_worst ? f_worst : m_bresp;
  end
  if (!aresetn) f_beats <= 9'd0;
end

// Reads: beats that the burst is still owed; whether it wraps; where its next access goes; the last answer.
reg [8:0]             f_owed = 9'd0;
reg                   f_read_wraps;
reg [AddressBits-1:0] f_read_address, f_read_step;
reg [33:0]            f_read_answer;
always @(posedge aclk) begin
  if (s_arvalid && s_arready) begin
    f_owed <= {1'b0, s_arlen} + 9'd1;
    f_read_wraps <= s_arburst[1];
    f_read_address <= s_araddr;
    f_read_step <= s_arburst == 2'b00 ? 0 : 1 << s_arsize;
    f_read_answer <= {2'b10, 32'd0};
  end
  if (m_rvalid && m_rready) f_read_answer <= {m_rresp, m_rdata};
  if (s_rvalid && s_rready) begin
    f_owed <= f_owed - 9'd1;
    f_read_address <= f_read_address + f_read_step;
  end
  if (!aresetn) f_owed <= 9'd0;
end

// What was offered in the cycle before and not taken.
reg f_aw_waits = 1'b0, f_w_waits = 1'b0, f_ar_waits = 1'b0, f_b_waits = 1'b0, f_r_waits = 1'b0;
reg [AddressBits-1:0] f_aw, f_ar;
reg [35:0]            f_w;
reg [IdBits+1:0]      f_b;
reg [IdBits+34:0]     f_r;
always @(posedge aclk) begin
  f_aw_waits <= aresetn & m_awvalid & ~m_awready;
  f_w_waits <= aresetn & m_wvalid & ~m_wready;
  f_ar_waits <= aresetn & m_arvalid & ~m_arready;
  f_b_waits <= aresetn & s_bvalid & ~s_bready;
  f_r_waits <= aresetn & s_rvalid & ~s_rready;
  f_aw <= m_awaddr;
  f_w <= {m_wdata, m_wstrb};
  f_ar <= m_araddr;
  f_b <= {s_bid, s_bresp};
  f_r <= {s_rid, s_rdata, s_rresp, s_rlast};
end

always @* if (f_past) begin
  aw_stays: assert (!f_aw_waits || (m_awvalid && m_awaddr == f_aw));
  w_stays: assert (!f_w_waits || (m_wvalid && {m_wdata, m_wstrb} == f_w));
  ar_stays: assert (!f_ar_waits || (m_arvalid && m_araddr == f_ar));
  b_stays: assert (!f_b_waits || (s_bvalid && {s_bid, s_bresp} == f_b));
  r_stays: assert (!f_r_waits || (s_rvalid && {s_rid, s_rdata, s_rresp, s_rlast} == f_r));
  // As many beats are taken as were announced, and the answer comes after the last.
  beats_taken: assert (!s_wready || f_beats != 9'd0);
  answered_last: assert (!s_bvalid || f_beats == 9'd0);
  worst_answer: assert (!s_bvalid || s_bresp == f_worst);
  // One access a beat, at its address; its answer is awaited when both halves are handed on.
  one_address: assert (!m_awvalid || !f_address_handed);
  one_datum: assert (!m_wvalid || !f_data_handed);
  both_handed: assert (!m_bready || (f_address_handed && f_data_handed));
  write_address: assert (!m_awvalid || m_awaddr == f_address);
  wraps_reach_nothing: assert (!(f_wraps && (m_awvalid || m_wvalid)) && !(f_read_wraps && m_arvalid));
  last_is_last: assert (!s_rvalid || (f_owed != 9'd0 && s_rlast == (f_owed == 9'd1)));
  read_address: assert (!m_arvalid || m_araddr == f_read_address);
  read_answer: assert (!s_rvalid || {s_rresp, s_rdata} == f_read_answer);
end

wire f_busy = write_q != WriteIdle;
wire f_in_access = write_q == WriteSend || write_q == WriteWait;
always @* if (f_past) begin
  i_state: assert (write_q <= WriteAnswer);
  i_beats: assert (f_beats == (write_q == WriteData ? {1'b0, write_left_q} + 9'd1 : f_in_access ? {1'b0, write_left_q} : 9'd0));
  i_wraps: assert (!f_busy || write_bad_q == f_wraps);
  i_access: assert (!f_in_access || !write_bad_q);
  i_worst: assert (!f_busy || write_answer_q == f_worst);
  i_address: assert (!f_busy || write_bad_q || (write_address_q == f_address && write_step_q == f_step));
  i_handed: assert (!f_in_access || (f_address_handed == address_sent_q && f_data_handed == data_sent_q));
  i_waits: assert (write_q != WriteWait || (address_sent_q && data_sent_q));
  i_owed: assert (f_owed == (read_q == ReadIdle ? 9'd0 : {1'b0, read_left_q} + 9'd1));
  i_read_wraps: assert (read_q == ReadIdle || read_bad_q == f_read_wraps);
  i_read_access: assert (!read_bad_q || read_q == ReadIdle || read_q == ReadGive);
  i_read_address: assert (read_q == ReadIdle || read_bad_q || (read_address_q == f_read_address && read_step_q == f_read_step));
  i_read_answer: assert (read_q == ReadIdle || read_q != ReadGive || {read_answer_q, read_data_q} == f_read_answer);
end
