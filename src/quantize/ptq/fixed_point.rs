//! The fixed point of an output stage (rules A6 and A7), and what the numbers of a channel ask of it.

use std::collections::HashMap;

use crate::base::arithmetic::{FRACTION, FRACTIONS, Function, X_BITS};
use crate::frontend::graph::ValueId;
use crate::frontend::ops::epilogue::Residual;

/// Bits of the fixed point below a step of the output: fewest before others are chosen, and how many there are then.
const FINEST: i32 = 2;
const CHOSEN: i32 = 5;
/// Largest left shift of a residual: its step then spans the 20 bits of the argument.
pub const RESIDUAL_SHIFT: i32 = 11;
/// Largest right shift of a residual.
const RESIDUAL_DROP: i32 = 15;
/// Largest right shift to the output.
const OUTPUT_SHIFT: i32 = 15;

/// How one output stage computes.
#[derive(Debug, Clone)]
pub struct FixedPoint {
    /// The function with its table.
    pub function: Function,
    /// Fraction bits of the argument, per channel.
    pub fractions: Vec<i32>,
    /// Where a residual is added.
    pub residual: Option<Residual>,
}

impl FixedPoint {
    /// Fraction bits of a channel's result.
    pub fn result(&self, channel: usize) -> i32 {
        self.fractions[channel] + i32::from(self.function.unit.gain)
    }

    /// Exponents that a channel of the output may have.
    pub fn outputs(&self, channel: usize) -> (i32, i32) {
        let fraction = self.result(channel);
        (-fraction, OUTPUT_SHIFT - fraction)
    }

    /// Exponents that a channel of the residual may have.
    pub fn residuals(&self, channel: usize) -> (i32, i32) {
        let fraction = match self.residual {
            Some(Residual::AfterActivation) => self.result(channel),
            _ => self.fractions[channel],
        };
        (-RESIDUAL_DROP - fraction, RESIDUAL_SHIFT - fraction)
    }
}

/// Fixed points by the value that a convolution gives.
pub type FixedPoints = HashMap<ValueId, FixedPoint>;

/// What a channel asks of the fraction bits.
#[derive(Debug, Clone, Copy)]
pub struct Demand {
    /// Fewest of the result, so that its steps are finer than the output's.
    pub least: i32,
    /// Most of the argument, so that nothing seen leaves the 20 bits.
    pub argument_most: i32,
    /// Most of the result.
    pub result_most: i32,
    /// The exponent that covers the output with int8.
    pub output: i32,
}

impl Demand {
    /// By the largest magnitudes of argument and result.
    pub fn of(argument: f64, result: f64, output: i32) -> Self {
        // Half of what 20 bits hold: other images reach further.
        let most = |largest: f64| (X_BITS as i32 - 2) - largest.max(1e-9).log2().ceil() as i32;
        let (argument_most, result_most) = (most(argument), most(result));
        Self { least: FINEST - output, argument_most, result_most, output }
    }

    /// The number of bits of argument and result that is nearest to what suits most layers; the upper limit counts
    /// more, since a step too coarse is noise, and a number cut off is not.
    pub fn fraction(self) -> i32 {
        self.within(self.argument_most.min(self.result_most))
    }

    /// The same of the result alone.
    pub fn result(self) -> i32 {
        self.within(self.result_most)
    }

    fn within(self, most: i32) -> i32 {
        let (low, high) = FRACTIONS;
        if (self.least..=most).contains(&FRACTION) {
            return FRACTION;
        }
        (self.least + CHOSEN - FINEST).min(most).clamp(low, high)
    }

    fn and(self, other: Self) -> Self {
        Self {
            least: self.least.max(other.least),
            argument_most: self.argument_most.min(other.argument_most),
            result_most: self.result_most.min(other.result_most),
            output: self.output.min(other.output),
        }
    }
}

/// What all channels ask together; `None` when none shows a number.
pub fn all(demands: &[Option<Demand>]) -> Option<Demand> {
    demands.iter().flatten().copied().reduce(Demand::and)
}
