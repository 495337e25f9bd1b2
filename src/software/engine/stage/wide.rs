//! Results of any width that only a shift makes of the sums (rule A5), in 32 bits.

use super::exact::{Exact, half_of};
use super::narrow::filter_sum;
use crate::base::arithmetic::Rounding;
use crate::model::qgraph::{ConvOutput, Width, accumulator_bounds};

/// Constants of a layer's output stage, by channel.
#[derive(Debug)]
pub struct Wide {
    /// What is added to sums of bytes: the bias with half of what the shift drops.
    pub bias: Vec<i32>,
    pub right: Vec<i32>,
    /// Limits of `q - z`.
    pub low: Vec<i32>,
    pub high: Vec<i32>,
}

impl Wide {
    /// `None` where 32 bits might give other integers.
    pub fn new(exact: &Exact<'_>) -> Option<Self> {
        let ConvOutput::Direct { shifts, relu } = &exact.conv.output else { return None };
        let mut wide = Self { bias: vec![], right: vec![], low: vec![], high: vec![] };
        let bounds = accumulator_bounds(exact.conv);
        for (channel, (&shift, bound)) in shifts.iter().zip(bounds).enumerate() {
            let half = half_of(shift.into());
            let zero = i64::from(exact.scales[channel].zero);
            let end = 1i64 << (exact.width.bits() - 1);
            let fits =
                bound as i64 + half <= i32::MAX.into() && (exact.width != Width::I32 || zero == 0);
            if shift < 0 || exact.rounding != Rounding::HalfUp || !fits {
                return None;
            }
            let bias = i64::from(exact.conv.bias[channel]) + half;
            // Modulo 2^32, as the sums are.
            wide.bias.push((bias - 128 * filter_sum(exact, channel)) as i32);
            wide.right.push(shift.into());
            let low = -end - zero;
            wide.low.push(if *relu { low.max(0) } else { low } as i32);
            wide.high.push((end - 1 - zero) as i32);
        }
        Some(wide)
    }

    /// `q - z` of a pixel's channels from `first` on.
    #[inline(always)]
    pub fn at(&self, first: usize, sums: &[i32], output: &mut [f32]) {
        let end = first + output.len();
        let constants = self.bias[first..end].iter().zip(&self.right[first..end]);
        let limits = self.low[first..end].iter().zip(&self.high[first..end]);
        let numbers = output.iter_mut().zip(sums).zip(constants.zip(limits));
        for ((out, sum), ((bias, right), (low, high))) in numbers {
            let y = sum.wrapping_add(*bias) >> (right & 31);
            *out = y.max(*low).min(*high) as f32;
        }
    }
}
