//! Seigo takes a trained CNN from ONNX to a SoC-FPGA: quantize to int8 with power-of-two scales,
//! align every layer's scale to its consumers, plan the shared memory, generate the accelerator,
//! prove the frame bit-exact.
//!
//! The stages and what each may use are in `ARCHITECTURE.md`; a test enforces that table.

pub mod bundle;
pub mod ceras;
pub mod cli;
pub mod cosim;
pub mod draw;
pub mod engine;
pub mod error;
pub mod eval;
pub mod executor;
pub mod files;
pub mod frames;
pub mod graph;
pub mod memory;
pub mod npy;
pub mod num;
pub mod onnx;
pub mod ops;
pub mod page;
pub mod passes;
pub mod placement;
pub mod program;
pub mod qgraph;
pub mod qonnx;
pub mod quant;
pub mod reference;
pub mod report;
pub mod scenes;
pub mod schedule;
pub mod target;
pub mod task;
pub mod tensor;
pub mod verilog;

pub use error::{Error, Result};
