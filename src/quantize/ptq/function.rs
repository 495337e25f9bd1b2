//! Which fixed-point function stands for an activation (rule A7).

use crate::base::arithmetic::{Base, FRACTION, Function, Layout};
use crate::frontend::ops::Operator as _;
use crate::frontend::ops::activation::Activation;

/// The function, or `None` for an activation that stays on the processor.
pub fn function(activation: Option<Activation>) -> Option<Function> {
    use Activation as A;
    let Some(activation) = activation else {
        return Some(Function::straight("identity", Base::Identity));
    };
    let exact = |t: f64| activation.exact(t);
    let name = activation.kind().to_lowercase();
    let fixed = |bound: f32| {
        let unit = f64::from(1 << FRACTION);
        (f64::from(bound) * unit).round().clamp(-524_288.0, 524_287.0) as i32
    };
    let tabulate = |base, layout, signed| Function::tabulate(&name, base, layout, signed, exact);
    Some(match activation {
        A::Relu => Function::straight(&name, Base::Relu),
        A::Clamp { min, max } => {
            Function::straight(&name, Base::Clamp { min: fixed(min), max: fixed(max) })
        }
        A::LeakyRelu { alpha } if (0.0..1.0).contains(&alpha) => {
            let slope = (f64::from(alpha) * 256.0).round() as i32;
            Function::straight(&name, Base::Leaky { slope: slope.min(255) })
        }
        // f(x) - max(x, 0) is even.
        A::Silu | A::Gelu { .. } | A::Softplus => tabulate(Base::Relu, Layout::TwoSegments, false),
        A::HardSwish => tabulate(Base::Relu, Layout::Uniform, false),
        A::Mish => tabulate(Base::Relu, Layout::TwoSegments, true),
        A::Elu { .. } | A::Celu { .. } => tabulate(Base::Relu, Layout::Uniform, true),
        A::Sigmoid | A::Tanh | A::HardSigmoid { .. } | A::Softsign | A::Erf => {
            tabulate(Base::Zero, Layout::Uniform, true)
        }
        _ => return None,
    })
}

/// The least value that an activation can give, where there is one.
pub fn lower_bound(activation: Activation) -> Option<f64> {
    use Activation as A;
    match activation {
        A::Relu | A::Sigmoid | A::HardSigmoid { .. } | A::Softplus => Some(0.0),
        A::Clamp { min, .. } => Some(min.into()),
        A::Silu => Some(-0.278_464_54),
        A::Gelu { tanh: false } => Some(-0.169_971_21),
        A::Gelu { tanh: true } => Some(-0.170_040_75),
        A::Mish => Some(-0.308_843_41),
        A::HardSwish => Some(-0.375),
        A::Tanh | A::Softsign | A::Erf => Some(-1.0),
        A::Elu { alpha } | A::Celu { alpha } => Some(-f64::from(alpha.abs())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_follow_their_activations() {
        let cases = [
            (Activation::Silu, 0.0045),
            (Activation::Gelu { tanh: false }, 0.0065),
            (Activation::Mish, 0.0055),
            (Activation::HardSwish, 0.003),
            (Activation::Sigmoid, 0.002),
            (Activation::Tanh, 0.005),
            (Activation::Clamp { min: 0.0, max: 6.0 }, 0.001),
            (Activation::LeakyRelu { alpha: 0.1 }, 0.02),
        ];
        for (activation, tolerance) in cases {
            let function = function(Some(activation)).unwrap();
            assert!(function.is_consistent());
            for x in -12_000i64..12_000 {
                let t = x as f64 / 1024.0;
                let error = (function.at(x) as f64 / 1024.0 - activation.exact(t)).abs();
                assert!(error < tolerance, "{activation:?}({t}): {error}");
            }
        }
    }

    #[test]
    fn lower_bounds_hold() {
        for activation in [Activation::Silu, Activation::Gelu { tanh: false }, Activation::Mish] {
            let bound = lower_bound(activation).unwrap();
            let least = (-80_000..0).map(|step| activation.exact(f64::from(step) / 1e4));
            let least = least.fold(f64::INFINITY, f64::min);
            assert!((least - bound).abs() < 1e-6, "{activation:?}: {least}");
        }
    }
}
