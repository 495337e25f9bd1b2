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
}
