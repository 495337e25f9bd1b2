//! The quantized network, layers of it in float, and its file.

pub mod ceras;
pub mod forms;
pub mod qgraph;
