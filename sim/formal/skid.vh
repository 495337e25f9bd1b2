// Properties of seigo_skid, placed inside of the module by prove.sh.

reg f_past = 1'b0;
always @(posedge aclk) f_past <= 1'b1;
always @* if (!f_past) assume (!aresetn);

wire f_in  = valid_i & ready_o;
wire f_out = valid_o & ready_i;

// Words that have entered and not left.
reg [1:0] f_inside = 2'd0;
always @(posedge aclk) f_inside <= aresetn ? f_inside + {1'b0, f_in} - {1'b0, f_out} : 2'd0;

// What was offered in the cycle before and not taken.
reg             f_waits = 1'b0;
reg [Width-1:0] f_offer;
always @(posedge aclk) begin
  f_waits <= aresetn & valid_o & ~ready_i;
  f_offer <= data_o;
end

// Any one word, from its entrance to its exit.
(* anyseq *) reg f_pick;
reg              f_tracked = 1'b0;
reg [1:0]        f_ahead;
reg [Width-1:0]  f_word;
wire f_arrives = f_in & f_pick & ~f_tracked;
always @(posedge aclk) begin
  if (f_arrives) begin
    f_word  <= data_i;
    f_ahead <= f_inside - {1'b0, f_out};
  end else if (f_tracked && f_out) f_ahead <= f_ahead - 2'd1;
  f_tracked <= aresetn & (f_arrives | (f_tracked & ~(f_out & f_ahead == 2'd0)));
end

always @* if (f_past) begin
  // Two places, none lost and none made up.
  holds_what_entered: assert (f_inside == {1'b0, valid_o} + {1'b0, ~ready_o});
  never_stuck: assert (ready_o || valid_o);
  valid_stays: assert (!f_waits || (valid_o && data_o == f_offer));
  // First in, first out, unchanged.
  in_order: assert (!f_tracked || f_ahead != 2'd0 || (valid_o && data_o == f_word));
end

always @* if (f_past) begin
  i_ahead: assert (!f_tracked || f_ahead < f_inside);
  i_kept: assert (!f_tracked || f_ahead != 2'd1 || kept_q == f_word);
end
