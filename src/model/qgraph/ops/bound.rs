//! The proof that no accumulator overflows (rule A4).

use super::QConv;
use crate::base::error::{Error, Result, codes};

/// Largest magnitude that any partial sum of each output channel can reach, in any order of addition:
/// `sum |w[o]| * 128 + |bias[o]|`.
pub fn accumulator_bounds(conv: &QConv) -> impl Iterator<Item = u64> {
    let filters = conv.weights.chunks(conv.taps().max(1));
    filters.zip(&conv.bias).map(|(filter, bias)| {
        let weights: u64 = filter.iter().map(|weight| u64::from(weight.unsigned_abs())).sum();
        weights * 128 + u64::from(bias.unsigned_abs())
    })
}

/// The largest of all channels.
pub fn accumulator_bound(conv: &QConv) -> u64 {
    accumulator_bounds(conv).max().unwrap_or(0)
}

/// Refuses a convolution whose accumulator could leave int32.
///
/// # Errors
/// [`codes::ACCUMULATOR`].
pub fn check(conv: &QConv) -> Result<()> {
    let bound = accumulator_bound(conv);
    if bound > i32::MAX as u64 {
        return Err(Error::new(
            &codes::ACCUMULATOR,
            format!("a sum of {} products can reach {bound}, beyond 2^31 - 1", conv.taps()),
        ));
    }
    Ok(())
}
