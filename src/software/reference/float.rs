//! An operator on the processor: dequantized (A12), computed in float (A14), quantized (A11).

use super::format::{to_float, to_stored};
use super::frame::Frame;
use crate::base::error::Result;
use crate::base::tensor::Tensor;
use crate::model::qgraph::QFloat;

/// # Errors
/// Those of the operator; `ACTIVATION_NON_FINITE` for a result that cannot be quantized.
pub fn run(QFloat(op): &QFloat, frame: &Frame<'_>) -> Result<Vec<Tensor>> {
    let outputs = frame.eval(op, to_float)?;
    let values = frame.layer.outputs.iter().map(|&id| frame.graph.value(id));
    let rounding = frame.graph.rounding;
    values.zip(&outputs).map(|(value, output)| to_stored(rounding, value, output)).collect()
}
