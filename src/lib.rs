//! Seigo takes a trained CNN from ONNX to a SoC-FPGA: quantize to int8 with power-of-two scales,
//! align every layer's scale to its consumers, plan the shared memory, generate the accelerator,
//! prove the frame bit-exact.
//!
//! [`session`] has the calls that a program begins with. What lives in each module and what it may
//! use is in `ARCHITECTURE.md`; a test enforces it. The feature `cli` (default) adds the command line
//! and what it shows.

pub mod base;
pub mod campaign;
#[cfg(feature = "cli")]
pub mod cli;
pub mod compile;
pub mod device;
pub mod emit;
pub mod frontend;
pub mod model;
#[cfg(feature = "cli")]
pub mod present;
pub mod quantize;
pub mod session;
pub mod software;
pub mod verify;
pub mod vision;

pub use base::error::{Error, Result};
