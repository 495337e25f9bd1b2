//! Least and greatest values.

use super::Activation;

impl Activation {
    /// The least value that it can give, where there is one.
    pub fn lower_bound(self) -> Option<f64> {
        match self {
            Self::Relu | Self::Sigmoid | Self::HardSigmoid { .. } | Self::Softplus => Some(0.0),
            Self::Clamp { min, .. } => Some(min.into()),
            Self::Silu => Some(-0.278_464_54),
            Self::Gelu { tanh: false } => Some(-0.169_971_21),
            Self::Gelu { tanh: true } => Some(-0.170_040_75),
            Self::Mish => Some(-0.308_843_41),
            Self::HardSwish => Some(-0.375),
            Self::Tanh | Self::Softsign | Self::Erf => Some(-1.0),
            Self::Elu { alpha } => Some(-f64::from(alpha.abs())),
            Self::Square { factor } if factor >= 0.0 => Some(0.0),
            Self::Celu { alpha } if alpha > 0.0 => Some(-f64::from(alpha)),
            _ => None,
        }
    }

    /// The greatest value that it can give, where there is one.
    pub fn upper_bound(self) -> Option<f64> {
        match self {
            Self::Sigmoid | Self::HardSigmoid { .. } | Self::Tanh | Self::Softsign | Self::Erf => {
                Some(1.0)
            }
            Self::Clamp { max, .. } => Some(max.into()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upper_bounds_hold_and_are_reached() {
        for (activation, bound) in [
            (Activation::Sigmoid, 1.0),
            (Activation::HardSigmoid { alpha: 0.2, beta: 0.5 }, 1.0),
            (Activation::Tanh, 1.0),
            (Activation::Softsign, 1.0),
            (Activation::Erf, 1.0),
            (Activation::Clamp { min: -1.0, max: 6.0 }, 6.0),
        ] {
            assert_eq!(activation.upper_bound(), Some(bound));
            let most = (-80_000..80_000).map(|step| activation.exact(f64::from(step) / 1e3));
            let most = most.fold(f64::NEG_INFINITY, f64::max);
            assert!(most <= bound && bound - most < 0.02, "{activation:?}: {most}");
        }
        assert_eq!(Activation::Relu.upper_bound(), None);
    }

    #[test]
    fn lower_bounds_hold() {
        for activation in [Activation::Silu, Activation::Gelu { tanh: false }, Activation::Mish] {
            let bound = activation.lower_bound().unwrap();
            let least = (-80_000..0).map(|step| activation.exact(f64::from(step) / 1e4));
            let least = least.fold(f64::INFINITY, f64::min);
            assert!((least - bound).abs() < 1e-6, "{activation:?}: {least}");
        }
    }
}
