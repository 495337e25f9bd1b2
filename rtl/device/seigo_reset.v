// Reset of a clock domain from an asynchronous one: falls at once, rises in step with the clock and some cycles later, so
// that the first flip-flop has time to settle.
`default_nettype none

module seigo_reset #(
  parameter Stages = 4
) (
  input  wire aclk,
  input  wire asynchronous_resetn,
  output wire aresetn
);
  (* ASYNC_REG = "TRUE" *) reg [Stages-1:0] stages_q;

  always @(posedge aclk or negedge asynchronous_resetn) begin
    if (!asynchronous_resetn) stages_q <= {Stages{1'b0}};
    else stages_q <= {stages_q[Stages-2:0], 1'b1};
  end

  assign aresetn = stages_q[Stages-1];
endmodule

`default_nettype wire
