// Addresses of seigo_axi3_port: a burst of up to 16 beats of 16 bytes as one or two of up to 16 beats of 8 bytes, and the
// order in which they are under way.
`default_nettype none

module seigo_axi3_split #(
  parameter AddressBits = 32,
  // Bursts under way, log2
  parameter Depth = 4
) (
  input  wire                   aclk,
  input  wire                   aresetn,

  input  wire                   s_valid,
  output wire                   s_ready,
  input  wire [AddressBits-1:0] s_address,
  input  wire [3:0]             s_len,

  output wire                   m_valid,
  input  wire                   m_ready,
  output wire [AddressBits-1:0] m_address,
  output wire [3:0]             m_len,

  // The oldest burst under way has ended; whether another one belongs to it; whether there is one.
  input  wire                   done_i,
  output wire                   more_o,
  output wire                   known_o
);
  generate
    if (AddressBits < 12 || Depth < 1) begin : g_check
      axi3_split_needs_12_address_bits_and_a_depth_of_1_at_least error ();
    end
  endgenerate

  // A burst is taken before the first of its parts is sent: data must not come before their address was taken.
  reg                   busy_q;
  reg [AddressBits-1:0] address_q;
  reg [3:0]             len_q;
  // Whether the first of two was sent.
  reg                   second_q;
  reg [Depth:0]         in_q, out_q;
  reg                   more_q [0:(1 << Depth) - 1];

  wire two = len_q[3] && !second_q;
  wire full = in_q[Depth] != out_q[Depth] && in_q[Depth-1:0] == out_q[Depth-1:0];
  wire last_sent = m_valid && m_ready && !two;

  // Room stays once it is there, so that valid does not fall again.
  assign m_valid = busy_q && !full;
  assign s_ready = !busy_q || last_sent;
  assign m_address = second_q ? address_q + 128 : address_q;
  // Wide beats 0 to 7: twice as many; of a burst of more than 8 the first 8, then the rest.
  assign m_len = two ? 4'd15 : {len_q[2:0], 1'b1};
  assign more_o = more_q[out_q[Depth-1:0]];
  assign known_o = in_q != out_q;

  always @(posedge aclk) begin
    if (!aresetn) begin
      busy_q <= 1'b0;
      second_q <= 1'b0;
      in_q <= 0;
      out_q <= 0;
    end else begin
      if (s_ready) busy_q <= s_valid;
      if (m_valid && m_ready) begin
        second_q <= two;
        in_q <= in_q + 1;
      end
      if (done_i) out_q <= out_q + 1;
    end
  end

  always @(posedge aclk) begin
    if (s_ready) begin
      address_q <= s_address;
      len_q <= s_len;
    end
  end

  always @(posedge aclk) if (m_valid && m_ready) more_q[in_q[Depth-1:0]] <= two;
endmodule

`default_nettype wire
