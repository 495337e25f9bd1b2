//! What flows through the float and the quantized network, side by side.

use crate::base::tensor::Tensor;

/// The living values of one frame, by value of the quantized graph.
pub struct State {
    /// Of the float network.
    pub float: Vec<Option<Tensor>>,
    /// Of the quantized network, as they are carried.
    pub carried: Vec<Option<Tensor>>,
}
