//! The change of scale (A13, concatenation): `sat(rshift(q - z, e_out - e_in) + z_out)`.

use super::frame::Frame;
use crate::base::error::Result;
use crate::base::tensor::Tensor;

/// # Errors
/// None for a valid graph.
pub fn run(frame: &Frame<'_>) -> Result<Vec<Tensor>> {
    let (input, output) = (frame.input(0)?, frame.output()?);
    output.map(|index, channel| {
        let shift = i32::from(output.scales[channel].exponent) - input.exponent(channel);
        frame.graph.rounding.shift(input.difference(index, channel), shift)
    })
}
