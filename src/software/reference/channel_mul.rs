//! A number per channel times the pixels of the channel (A15).

use super::frame::Frame;
use crate::base::error::Result;
use crate::base::tensor::Tensor;

/// # Errors
/// None for a valid graph.
pub fn run(frame: &Frame<'_>) -> Result<Vec<Tensor>> {
    let (data, factors, output) = (frame.input(0)?, frame.input(1)?, frame.output()?);
    let plane: usize = output.value.shape.iter().skip(2).product();
    output.map(|index, channel| {
        let product = data.difference(index, channel) * factors.difference(index / plane, channel);
        let exponent = data.exponent(channel) + factors.exponent(channel);
        frame.graph.rounding.shift(product, i32::from(output.scales[channel].exponent) - exponent)
    })
}
