//! A quantized graph as an ONNX model: exact, or with QuantizeLinear and DequantizeLinear.

mod convolution;
mod exact;
mod exported;
mod float;
mod function;
mod operator;
mod qdq;
mod stage;
mod writer;

pub use exact::exact;
pub use exported::Exported;
pub use float::float;
pub use qdq::{Functions, qdq};
