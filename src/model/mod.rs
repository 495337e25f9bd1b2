//! The quantized network and its file.

pub mod ceras;
pub mod qgraph;
