//! Movement (A10): the operator of the float network on the stored integers.

use super::frame::Frame;
use crate::base::error::Result;
use crate::base::tensor::Tensor;
use crate::model::qgraph::QMove;

/// # Errors
/// Those of the operator.
pub fn run(QMove(op): &QMove, frame: &Frame<'_>) -> Result<Vec<Tensor>> {
    frame.eval(op, |_, tensor| Ok(tensor.clone()))
}
