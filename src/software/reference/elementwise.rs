//! Additions (A8, A13) and the change of scale (A13, concatenation).

use super::{Quantized, Target, channel_of};
use crate::base::arithmetic::Rounding;

/// Rule A8.
pub fn add(rounding: Rounding, inputs: &[Quantized<'_>; 2], output: Target<'_>) -> Vec<i64> {
    map(output, |index, channel| {
        let exponents = inputs.each_ref().map(|input| i32::from(input.scales[channel].exponent));
        let least = exponents[0].min(exponents[1]);
        let sum: i64 = inputs
            .iter()
            .zip(exponents)
            .map(|(input, exponent)| difference(input, index, channel) << (exponent - least))
            .sum();
        rounding.shift(sum, i32::from(output.scales[channel].exponent) - least)
    })
}

/// Rule A13, addition; with `p = -e`.
pub fn dpu_add(rounding: Rounding, inputs: &[Quantized<'_>; 2], output: Target<'_>) -> Vec<i64> {
    map(output, |index, channel| {
        let positions = inputs.each_ref().map(|input| -i32::from(input.scales[channel].exponent));
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
        rounding.shift(sum, least + i32::from(output.scales[channel].exponent) + 7)
    })
}

/// `sat(rshift(q - z, e_out - e_in) + z_out)`.
pub fn rescale(rounding: Rounding, input: &Quantized<'_>, output: Target<'_>) -> Vec<i64> {
    map(output, |index, channel| {
        let exponents = [output.scales, input.scales].map(|scales| scales[channel].exponent);
        rounding.shift(
            difference(input, index, channel),
            i32::from(exponents[0]) - i32::from(exponents[1]),
        )
    })
}

fn difference(input: &Quantized<'_>, index: usize, channel: usize) -> i64 {
    input.q[index] - i64::from(input.scales[channel].zero)
}

/// Computes every element from its index and channel; adds the zero point and saturates.
fn map(output: Target<'_>, y: impl Fn(usize, usize) -> i64) -> Vec<i64> {
    let channel = channel_of(output.value);
    (0..output.value.len())
        .map(|index| output.finish(y(index, channel(index)), channel(index)))
        .collect()
}
