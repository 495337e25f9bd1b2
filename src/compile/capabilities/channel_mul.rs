//! Products with a number per channel (rule A15) on the plane engine: the number is the weight of the center, and of
//! taps above it that read a constant, which makes up for the zero point of the data.

use super::MAX_LEFT;
use super::align::MAX_RIGHT;
use super::reason::{Fit, Reason};
use super::window::{SIDE, Window};
use crate::frontend::ops::window::Axis;
use crate::model::qgraph::Scale;

/// A channel of a product on the plane engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Product {
    /// What the row above the center reads.
    pub fill: i8,
    /// How many of its taps count: `fills * fill` is the zero point of the data, negated.
    pub fills: usize,
    /// Right shift of the output lane; negative is to the left.
    pub shift: i32,
}

impl Product {
    /// Whether the factor is the weight at a place of the 3 x 3 window.
    pub fn counts(&self, [row, column]: [usize; 2]) -> bool {
        (row, column) == (1, 1) || (row == 0 && column < self.fills)
    }
}

/// How data and factors become the output, channel by channel.
///
/// # Errors
/// [`Reason::FactorZero`] and [`Reason::ProductShift`] for a channel that the engine cannot do.
pub fn products(data: &[Scale], factors: &[Scale], outputs: &[Scale]) -> Fit<Vec<Product>> {
    let channel = |(channel, output): (usize, &Scale)| {
        let (own, factor) = (data[channel], factors[channel]);
        if factor.zero != 0 {
            return Err(Reason::FactorZero { channel, zero: factor.zero });
        }
        let shift =
            i32::from(output.exponent) - i32::from(own.exponent) - i32::from(factor.exponent);
        if shift < -MAX_LEFT {
            return Err(Reason::ProductShift { channel, shift: -shift });
        }
        // 128 is no int8.
        let (fills, fill) = match own.zero.checked_neg() {
            Some(0) => (0, 0),
            Some(fill) => (1, fill),
            None => (2, 64),
        };
        Ok(Product { fill, fills, shift: shift.min(MAX_RIGHT) })
    };
    outputs.iter().enumerate().map(channel).collect()
}

/// The 3 x 3 window around a pixel, over planes of a shape.
///
/// # Errors
/// None; those of a window of as many taps.
pub fn product_window(shape: &[usize]) -> Fit<Window> {
    let axis = |at: usize| {
        let extent = shape.get(at).copied().unwrap_or(1);
        let (begin, end) = (SIDE / 2, SIDE / 2);
        Axis { input: extent, output: extent, kernel: SIDE, begin, end, ..Axis::UNIT }
    };
    Window::fit(&[axis(2), axis(3)])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sum of the taps is `factor * (q - zero)` for every zero point.
    #[test]
    fn taps_above_the_center_make_up_for_zero_points() {
        for zero in i8::MIN..=i8::MAX {
            let data = [Scale { exponent: -4, zero }];
            let factors = [Scale { exponent: -7, zero: 0 }];
            let outputs = [Scale { exponent: -4, zero: 3 }];
            let Ok(found) = products(&data, &factors, &outputs) else { panic!("{zero}") };
            let Product { fill, fills, shift } = found[0];
            assert_eq!(fills as i32 * i32::from(fill), -i32::from(zero));
            assert_eq!(shift, 7);
            let taps = (0..9).filter(|tap| found[0].counts([tap / 3, tap % 3])).count();
            assert_eq!(taps, 1 + fills);
        }
    }

    #[test]
    fn what_the_engine_cannot_do_has_a_reason() {
        let scale = |exponent, zero| [Scale { exponent, zero }];
        let factor = products(&scale(0, 0), &scale(0, -128), &scale(0, 0));
        assert_eq!(factor, Err(Reason::FactorZero { channel: 0, zero: -128 }));
        let shift = products(&scale(0, 0), &scale(0, 0), &scale(-3, 0));
        assert_eq!(shift, Err(Reason::ProductShift { channel: 0, shift: 3 }));
    }
}
