//! Additions and changes of scale: powers of two as weights of the array, then one shift.

use super::MAX_LEFT;
use super::reason::{Fit, Reason};
use crate::model::qgraph::{Scale, Width};

/// Largest exponent of two as a weight.
pub const MAX_WEIGHT_SHIFT: i32 = 6;
/// A left shift after which int8 is saturated, whatever it was.
const SATURATED: i32 = 8;
/// Sums of an addition and products of two integers are below 2^15, so that every right shift from 17 on gives 0, and 31
/// does.
pub(super) const MAX_RIGHT: i32 = 31;

/// A channel of an addition or change of scale on the array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aligned {
    /// Weight of each input, a power of two.
    pub weights: Vec<i8>,
    /// What makes up for the inputs' zero points.
    pub bias: i32,
    /// Right shift of the output lane; negative is to the left.
    pub shift: i32,
}

/// How inputs reach the output's scale, channel by channel (rules A8 and A13, rescale). Each of `inputs`
/// has a scale for every channel of `outputs`.
///
/// # Errors
/// [`Reason::Alignment`] for a channel that needs a weight above 64.
pub fn align(inputs: &[&[Scale]], outputs: &[Scale], width: Width) -> Fit<Vec<Aligned>> {
    let channel = |(channel, output): (usize, &Scale)| {
        let scales: Vec<Scale> = inputs.iter().map(|scales| scales[channel]).collect();
        align_channel(&scales, *output, width)
            .map_err(|exponent| Reason::Alignment { channel, exponent })
    };
    outputs.iter().enumerate().map(channel).collect()
}

/// One channel, or the exponent of the weight that it would need.
fn align_channel(inputs: &[Scale], output: Scale, width: Width) -> Result<Aligned, i32> {
    let exponents = || inputs.iter().map(|scale| i32::from(scale.exponent));
    let least = exponents().min().unwrap_or(0);
    let most = exponents().max().unwrap_or(0);
    let shift = i32::from(output.exponent) - least;
    let shift = if width == Width::I8 { shift.max(-SATURATED) } else { shift };
    // What the lane cannot shift to the left goes into the weights.
    let extra = (-MAX_LEFT - shift).max(0);
    let exponent = most - least + extra;
    if exponent > MAX_WEIGHT_SHIFT {
        return Err(exponent);
    }
    let weights: Vec<i8> = exponents().map(|own| 1 << (own - least + extra)).collect();
    let zeros = weights.iter().zip(inputs).map(|(&weight, scale)| (weight, scale.zero));
    let bias = zeros.map(|(weight, zero)| -i32::from(weight) * i32::from(zero)).sum();
    Ok(Aligned { weights, bias, shift: (shift + extra).min(MAX_RIGHT) })
}
