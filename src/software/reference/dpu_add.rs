//! Addition by the DPU rule (A13); with `p = -e`.

use super::frame::Frame;
use crate::base::error::Result;
use crate::base::tensor::Tensor;

/// # Errors
/// None for a valid graph.
pub fn run(frame: &Frame<'_>) -> Result<Vec<Tensor>> {
    let (inputs, output) = ([frame.input(0)?, frame.input(1)?], frame.output()?);
    output.map(|index, channel| {
        let positions = inputs.each_ref().map(|input| -input.exponent(channel));
        let least = positions[0].min(positions[1]);
        let sum: i64 = inputs
            .iter()
            .zip(positions)
            .map(|(input, position)| {
                // floor(x * 2^n): an arithmetic shift for either sign of n.
                let n = 7 - (position - least);
                let x = input.q[index];
                if n >= 0 { x << n } else { x >> -n }
            })
            .sum();
        frame.graph.rounding.shift(sum, least + i32::from(output.scales[channel].exponent) + 7)
    })
}
