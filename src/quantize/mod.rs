//! Float to int8 by calibration, and quantized ONNX in and out.

pub mod ptq;
pub mod qonnx;
