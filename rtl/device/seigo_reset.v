// Reset of a clock domain from an asynchronous one: falls at once, rises in step with the clock and some cycles later, so
// that the first flip-flop has time to settle.
`default_nettype none

module seigo_reset #(
  // Flip-flops in a row, 2 at least.
  parameter Stages = 4
) (
  input  wire aclk,
  // Active low, in step with no clock.
  input  wire asynchronous_resetn,
  // Active low; rises in step with aclk.
  output wire aresetn
);
  generate
    if (Stages < 2) begin : g_check
      reset_needs_two_stages_at_least error ();
    end
  endgenerate

  (* ASYNC_REG = "TRUE" *) reg [Stages-1:0] stages_q;

  always @(posedge aclk or negedge asynchronous_resetn) begin
    if (!asynchronous_resetn) stages_q <= {Stages{1'b0}};
    else stages_q <= {stages_q[Stages-2:0], 1'b1};
  end

  assign aresetn = stages_q[Stages-1];
endmodule

`default_nettype wire
