//! The Verilog and the folder that holds everything for a target.

mod board;
pub mod bundle;
pub mod cpp;
mod interfaces;
pub mod verilog;
pub mod vivado;
mod xml;
