//! Which fixed-point function stands for an activation (rule A7).

use crate::base::arithmetic::{Base, FRACTIONS, Function, Layout, Unit};
use crate::frontend::ops::Operator as _;
use crate::frontend::ops::activation::Activation;

/// A function that needs a table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// What it stands for.
    pub activation: Activation,
    /// Straight part.
    pub base: Base,
    layout: Layout,
    signed: bool,
}

impl Shape {
    /// The table in a fixed point.
    pub fn tabulate(&self, unit: Unit) -> Function {
        let Self { activation, base, layout, signed } = *self;
        let name = activation.kind().to_lowercase();
        Function::tabulate_in(unit, &name, base, layout, signed, |t| activation.exact(t))
    }

    /// The same by fewer entries, with bins that widen where a function flattens.
    pub fn compact(&self) -> Option<Self> {
        let flattens = !matches!(self.activation, Activation::Square { .. });
        let wide = self.layout == Layout::Uniform && flattens;
        wide.then_some(Self { layout: Layout::TwoSegments, ..*self })
    }

    /// The fixed point in which this shape has the table of another one: squares times a power of two differ in where
    /// the bits of the result begin.
    pub fn sharing(&self, other: &Self, unit: Unit) -> Option<Unit> {
        if self == other {
            return Some(unit);
        }
        let (Activation::Square { factor: own }, Activation::Square { factor }) =
            (self.activation, other.activation)
        else {
            return None;
        };
        let more = f64::from(factor / own).log2();
        let gain = f64::from(unit.gain) + more;
        let exists =
            |fraction: f64| (f64::from(FRACTIONS.0)..=f64::from(FRACTIONS.1)).contains(&fraction);
        (more.fract() == 0.0 && exists(f64::from(unit.fraction) + gain))
            .then_some(Unit { gain: gain as i8, ..unit })
    }

    /// Entries of the table.
    pub fn entries(&self) -> usize {
        self.layout.entries() * if self.signed { 2 } else { 1 }
    }
}

/// The table that an activation needs; `None` for one without a table, or without a function.
pub fn shape(activation: Option<Activation>) -> Option<Shape> {
    use Activation as A;
    let activation = activation?;
    let (base, layout, signed) = match activation {
        // f(x) - max(x, 0) is even.
        A::Silu | A::Gelu { .. } | A::Softplus => (Base::Relu, Layout::TwoSegments, false),
        A::HardSwish => (Base::Relu, Layout::Uniform, false),
        A::Mish => (Base::Relu, Layout::TwoSegments, true),
        A::Elu { .. } | A::Celu { .. } => (Base::Relu, Layout::Uniform, true),
        A::Sigmoid | A::Tanh | A::HardSigmoid { .. } | A::Softsign | A::Erf => {
            (Base::Zero, Layout::Uniform, true)
        }
        A::Square { .. } => (Base::Zero, Layout::Uniform, false),
        _ => return None,
    };
    Some(Shape { activation, base, layout, signed })
}

/// The function in a fixed point, or `None` for an activation that stays on the processor.
pub fn function(activation: Option<Activation>, unit: Unit) -> Option<Function> {
    use Activation as A;
    let Some(own) = activation else {
        return Some(Function::straight("identity", Base::Identity));
    };
    let name = own.kind().to_lowercase();
    let straight = match own {
        A::Relu => Base::Relu,
        A::Clamp { min, max } => {
            let scale = 2f64.powi(unit.fraction.into());
            let fixed =
                |bound: f32| (f64::from(bound) * scale).round().clamp(-524_288.0, 524_287.0) as i32;
            let base = Base::Clamp { min: fixed(min), max: fixed(max) };
            return Some(Function { unit, ..Function::straight(&name, base) });
        }
        A::LeakyRelu { alpha } if (0.0..1.0).contains(&alpha) => {
            let slope = (f64::from(alpha) * 256.0).round() as i32;
            Base::Leaky { slope: slope.min(255) }
        }
        _ => return shape(activation).map(|shape| shape.tabulate(unit)),
    };
    Some(Function::straight(&name, straight))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASES: [(Activation, f64); 8] = [
        (Activation::Silu, 0.0045),
        (Activation::Gelu { tanh: false }, 0.0065),
        (Activation::Mish, 0.0055),
        (Activation::HardSwish, 0.003),
        (Activation::Sigmoid, 0.002),
        (Activation::Tanh, 0.005),
        (Activation::Clamp { min: 0.0, max: 6.0 }, 0.001),
        (Activation::LeakyRelu { alpha: 0.1 }, 0.02),
    ];

    #[test]
    fn functions_follow_their_activations() {
        for (activation, tolerance) in CASES {
            let function = function(Some(activation), Unit::default()).unwrap();
            assert!(function.is_consistent());
            for x in -12_000i64..12_000 {
                let t = x as f64 / 1024.0;
                let error = (function.at(x) as f64 / 1024.0 - activation.exact(t)).abs();
                assert!(error < tolerance, "{activation:?}({t}): {error}");
            }
        }
    }

    /// A fraction bit more: half the error, and half the domain. In two segments half of the fine bins as well, so
    /// that half a coarse bin times the slope is the bound.
    #[test]
    fn another_fixed_point_is_as_much_finer_or_coarser() {
        for (activation, tolerance) in CASES {
            for fraction in [8, 9, 11, 12] {
                let unit = Unit { fraction, gain: 0 };
                let function = function(Some(activation), unit).unwrap();
                assert!(function.is_consistent());
                let scale = 2f64.powi(fraction.into());
                let finer = 2f64.powi(10 - i32::from(fraction));
                for x in -8_000i64..8_000 {
                    let t = x as f64 / scale;
                    let error = (function.at(x) as f64 / scale - activation.exact(t)).abs();
                    let most = match function.layout {
                        Layout::TwoSegments => 32.0 * 0.65 / scale,
                        _ => (1.3 * tolerance * finer).max(2.0 / scale),
                    };
                    assert!(error < most, "{activation:?}({t}), {fraction}: {error}");
                }
            }
        }
    }
}
