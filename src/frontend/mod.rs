//! ONNX to a fused float graph.

pub mod graph;
pub mod onnx;
pub mod ops;
pub mod rewrites;
