//! What checks in other languages read: frames for a Verilog testbench, values for other runtimes.

pub mod frame;
pub mod quantized;
