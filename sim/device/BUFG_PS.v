// A buffer for clocks, without a delay.
module BUFG_PS (input wire I, output wire O);
  assign O = I;
endmodule
