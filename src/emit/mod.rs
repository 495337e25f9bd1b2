//! The Verilog and the folder that holds everything for a target.

pub mod bundle;
pub mod verilog;
