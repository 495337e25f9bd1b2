//! The integer rules of `docs/arithmetic.md`, once.

mod function;
mod rom;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use function::{
    Base, FRACTION, FRACTIONS, Function, Layout, MAX_ENTRIES, MAX_FUNCTIONS, Unit, X_BITS,
};
pub use rom::Rom;

/// Rounding of a right shift (rule A2) and of a float that is quantized (rule A11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Rounding {
    /// `floor(x / 2^s + 1/2)`.
    #[default]
    HalfUp,
    /// To the nearest, ties to even.
    HalfEven,
}

impl Rounding {
    /// `rshift(x, shift)` of rule A2. `shift` is in -32..=62 and `x << -shift` must fit.
    #[inline]
    pub fn shift(self, x: i64, shift: i32) -> i64 {
        if shift <= 0 {
            return x << -shift;
        }
        match self {
            Self::HalfUp => (x + (1 << (shift - 1))) >> shift,
            Self::HalfEven => {
                let floor = x >> shift;
                let rest = x - (floor << shift);
                let half = 1i64 << (shift - 1);
                floor + i64::from(rest > half || (rest == half && floor & 1 == 1))
            }
        }
    }

    /// A real number to the nearest whole one, with halves as this rounding says.
    #[inline]
    pub fn whole(self, value: f64) -> f64 {
        match self {
            Self::HalfUp => (value + 0.5).floor(),
            Self::HalfEven => value.round_ties_even(),
        }
    }

    /// Rule A11 without the saturation: `round(value / 2^exponent) + zero`.
    #[inline]
    pub fn quantize(self, value: f64, exponent: i32, zero: i32) -> i64 {
        let steps = self.whole(value * power(-exponent)) as i64;
        steps.saturating_add(zero.into())
    }
}

/// `sat_bits(x)` of rule A3.
#[inline]
pub fn saturate(x: i64, bits: u32) -> i64 {
    let limit = 1i64 << (bits - 1);
    x.clamp(-limit, limit - 1)
}

/// 2^exponent in double precision, exact for the exponents of rule A1 and far beyond.
pub fn power(exponent: i32) -> f64 {
    2f64.powi(exponent)
}

/// Rule A12.
#[inline]
pub fn dequantize(q: i64, exponent: i32, zero: i32) -> f32 {
    ((q - i64::from(zero)) as f64 * power(exponent)) as f32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn shifts_round_as_rationals_do(x in -(1i64 << 40)..(1i64 << 40), shift in 1i32..38) {
            let divisor = 1i128 << shift;
            let up = (2 * i128::from(x) + divisor).div_euclid(2 * divisor);
            prop_assert_eq!(i128::from(Rounding::HalfUp.shift(x, shift)), up);
            // Twice the distance to the result never exceeds the divisor; a tie gives an even one.
            let even = i128::from(Rounding::HalfEven.shift(x, shift));
            let distance = 2 * (i128::from(x) - even * divisor).abs();
            prop_assert!(distance < divisor || (distance == divisor && even % 2 == 0));
        }

        #[test]
        fn quantize_inverts_dequantize(q in -32768i64..32768, e in -20i32..20, z in -128i32..128) {
            for rounding in [Rounding::HalfUp, Rounding::HalfEven] {
                prop_assert_eq!(rounding.quantize(dequantize(q, e, z).into(), e, z), q);
            }
        }

        /// A float of a whole number of 2^-shift is quantized as the right shift rounds it.
        #[test]
        fn floats_round_as_shifts_do(x in -(1i64 << 20)..(1i64 << 20), shift in 1i32..12) {
            for rounding in [Rounding::HalfUp, Rounding::HalfEven] {
                prop_assert_eq!(rounding.quantize(x as f64, shift, 3), rounding.shift(x, shift) + 3);
            }
        }
    }

    #[test]
    fn half_goes_up() {
        assert_eq!(Rounding::HalfUp.shift(-3, 1), -1);
        assert_eq!(Rounding::HalfEven.shift(-3, 1), -2);
        assert_eq!(Rounding::HalfUp.quantize(-1.5, 0, 0), -1);
        assert_eq!(Rounding::HalfEven.quantize(-1.5, 0, 0), -2);
        assert_eq!(Rounding::HalfUp.shift(5, -2), 20);
        assert_eq!(saturate(200, 8), 127);
        assert_eq!(saturate(-200, 8), -128);
    }
}
