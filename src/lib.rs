//! Seigo takes a trained CNN from ONNX to a SoC-FPGA: quantize to int8 with power-of-two scales,
//! align every layer's scale to its consumers, plan the shared memory, generate the accelerator,
//! prove the frame bit-exact.
//!
//! The stages and what each may use are in `ARCHITECTURE.md`; a test enforces that table.

pub mod error;
pub mod files;
pub mod memory;
pub mod target;
pub mod tensor;

pub use error::{Error, Result};
