//! Quantized ONNX: models that are quantized already become a [`QGraph`](crate::model::qgraph::QGraph),
//! and a [`QGraph`](crate::model::qgraph::QGraph) becomes a model for other programs.
//!
//! Read are models with QuantizeLinear and DequantizeLinear around float operators (QDQ) and
//! models of the operators QLinearConv and the like, which are written out as QDQ first.

mod dequantize;
pub mod export;
mod import;
mod lower;
mod saturation;
mod scale;

pub use dequantize::dequantize;
pub use import::{Arithmetic, ImportOptions, import, import_graph};
pub use lower::lower;
