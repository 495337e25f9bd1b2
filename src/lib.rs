//! Seigo takes a trained CNN from ONNX to a SoC-FPGA: quantize to int8 with power-of-two scales,
//! align every layer's scale to its consumers, plan the shared memory, generate the accelerator,
//! prove the frame bit-exact.
//!
//! The groups are listed from the ground up: a group may use those above it in this list. What
//! lives in each is in `ARCHITECTURE.md`; a test enforces the direction.

pub mod base;
pub mod cli;
pub mod compile;
pub mod emit;
pub mod frontend;
pub mod model;
pub mod present;
pub mod quantize;
pub mod session;
pub mod software;
pub mod verify;
pub mod vision;

pub use base::error::{Error, Result};
