//! Addition (A8).

use super::frame::Frame;
use crate::base::error::Result;
use crate::base::tensor::Tensor;

/// # Errors
/// None for a valid graph.
pub fn run(frame: &Frame<'_>) -> Result<Vec<Tensor>> {
    let (inputs, output) = ([frame.input(0)?, frame.input(1)?], frame.output()?);
    output.map(|index, channel| {
        let exponents = inputs.each_ref().map(|input| input.exponent(channel));
        let least = exponents[0].min(exponents[1]);
        let sum: i64 = inputs
            .iter()
            .zip(exponents)
            .map(|(input, exponent)| input.difference(index, channel) << (exponent - least))
            .sum();
        frame.graph.rounding.shift(sum, i32::from(output.scales[channel].exponent) - least)
    })
}
