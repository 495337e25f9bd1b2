//! Functions of one element: the activations of a network and the plain functions that exporters
//! write them with.
//!
//! ONNX: the operators of the same names; Silu is Sigmoid(x) * x, which exporters write as two
//! nodes and the rewrite `recognize-activations` puts together.

mod bound;
mod fast;

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fact, Inputs, Operand, Operator, SHARE};
use crate::base::error::{Error, Result, codes};
use crate::frontend::onnx::{Attributes, Node, bad};
use crate::base::tensor::{DType, Element, Tensor, spare};

/// A function applied to every element.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the variants are the ONNX operators of the same name")]
pub enum Activation {
    Relu,
    /// Limits to `min..=max`; ReLU6 is 0 to 6. The bounds of the ONNX operator are its second
    /// and third inputs; the rewrite `recognize-activations` reads them into this form.
    Clamp {
        #[serde(with = "super::float_form")]
        #[schemars(with = "super::float_form::Form")]
        min: f32,
        #[serde(with = "super::float_form")]
        #[schemars(with = "super::float_form::Form")]
        max: f32,
    },
    LeakyRelu {
        #[serde(with = "super::float_form")]
        #[schemars(with = "super::float_form::Form")]
        alpha: f32,
    },
    Sigmoid,
    /// x * sigmoid(x), also called swish.
    Silu,
    HardSigmoid {
        #[serde(with = "super::float_form")]
        #[schemars(with = "super::float_form::Form")]
        alpha: f32,
        #[serde(with = "super::float_form")]
        #[schemars(with = "super::float_form::Form")]
        beta: f32,
    },
    /// x * hard-sigmoid(x) with alpha 1/6 and beta 1/2.
    HardSwish,
    /// x * tanh(softplus(x)).
    Mish,
    /// x * P(X <= x) for a normal X; `tanh` is the usual approximation.
    Gelu { tanh: bool },
    Elu {
        #[serde(with = "super::float_form")]
        #[schemars(with = "super::float_form::Form")]
        alpha: f32,
    },
    Selu {
        #[serde(with = "super::float_form")]
        #[schemars(with = "super::float_form::Form")]
        alpha: f32,
        #[serde(with = "super::float_form")]
        #[schemars(with = "super::float_form::Form")]
        gamma: f32,
    },
    Celu {
        #[serde(with = "super::float_form")]
        #[schemars(with = "super::float_form::Form")]
        alpha: f32,
    },
    /// factor * x^2. No operator of ONNX: products of two tensors are made of it.
    Square {
        #[serde(with = "super::float_form")]
        #[schemars(with = "super::float_form::Form")]
        factor: f32,
    },
    Tanh,
    Softplus,
    Softsign,
    Erf,
    Exp,
    Log,
    Sqrt,
    Reciprocal,
    Abs,
    Neg,
    Floor,
    Ceil,
    /// To the nearest integer, ties to even.
    Round,
}

impl Operator for Activation {
    const ONNX: &'static [&'static str] = &[
        "Relu", "LeakyRelu", "Sigmoid", "HardSigmoid", "HardSwish", "Mish", "Gelu", "Elu", "Selu",
        "Celu", "Tanh", "Softplus", "Softsign", "Erf", "Exp", "Log", "Sqrt", "Reciprocal", "Abs",
        "Neg", "Floor", "Ceil", "Round",
    ];
    const LIMITS: &'static str = "f32; Relu and Abs also integers, Neg also signed integers.";

    fn kind(&self) -> &'static str {
        match self {
            Self::Relu => "Relu",
            Self::LeakyRelu { .. } => "LeakyRelu",
            Self::Sigmoid => "Sigmoid",
            Self::HardSigmoid { .. } => "HardSigmoid",
            Self::HardSwish => "HardSwish",
            Self::Mish => "Mish",
            Self::Gelu { .. } => "Gelu",
            Self::Elu { .. } => "Elu",
            Self::Selu { .. } => "Selu",
            Self::Celu { .. } => "Celu",
            Self::Tanh => "Tanh",
            Self::Softplus => "Softplus",
            Self::Softsign => "Softsign",
            Self::Erf => "Erf",
            Self::Exp => "Exp",
            Self::Log => "Log",
            Self::Sqrt => "Sqrt",
            Self::Reciprocal => "Reciprocal",
            Self::Abs => "Abs",
            Self::Neg => "Neg",
            Self::Floor => "Floor",
            Self::Ceil => "Ceil",
            Self::Round => "Round",
            Self::Silu => "Silu",
            Self::Clamp { .. } => "Clamp",
            Self::Square { .. } => "Square",
        }
    }

    fn parse(node: &Node, _opset: i64) -> Result<Self> {
        let float = |name: &str, default: f32| -> Result<f32> {
            Ok(node.attributes.float(name)?.unwrap_or(default))
        };
        Ok(match &*node.op_type {
            "Relu" => Self::Relu,
            "LeakyRelu" => Self::LeakyRelu { alpha: float("alpha", 0.01)? },
            "Sigmoid" => Self::Sigmoid,
            "HardSigmoid" => {
                Self::HardSigmoid { alpha: float("alpha", 0.2)?, beta: float("beta", 0.5)? }
            }
            "HardSwish" => Self::HardSwish,
            "Mish" => Self::Mish,
            "Gelu" => match node.attributes.string("approximate")?.as_deref() {
                None | Some("none") => Self::Gelu { tanh: false },
                Some("tanh") => Self::Gelu { tanh: true },
                Some(other) => return Err(bad("approximate", &format!("is \"{other}\""))),
            },
            "Elu" => Self::Elu { alpha: float("alpha", 1.0)? },
            "Selu" => Self::Selu {
                alpha: float("alpha", 1.673_263_2)?,
                gamma: float("gamma", 1.050_701)?,
            },
            "Celu" => Self::Celu { alpha: float("alpha", 1.0)? },
            "Tanh" => Self::Tanh,
            "Softplus" => Self::Softplus,
            "Softsign" => Self::Softsign,
            "Erf" => Self::Erf,
            "Exp" => Self::Exp,
            "Log" => Self::Log,
            "Sqrt" => Self::Sqrt,
            "Reciprocal" => Self::Reciprocal,
            "Abs" => Self::Abs,
            "Neg" => Self::Neg,
            "Floor" => Self::Floor,
            "Ceil" => Self::Ceil,
            "Round" => Self::Round,
            other => {
                return Err(Error::new(&codes::ONNX_OPERATOR, format!("unknown function {other}")));
            }
        })
    }

    fn attributes(&self) -> Attributes {
        match *self {
            Self::LeakyRelu { alpha } | Self::Elu { alpha } | Self::Celu { alpha } => {
                Attributes::default().with("alpha", alpha)
            }
            Self::HardSigmoid { alpha, beta } => {
                Attributes::default().with("alpha", alpha).with("beta", beta)
            }
            Self::Selu { alpha, gamma } => {
                Attributes::default().with("alpha", alpha).with("gamma", gamma)
            }
            Self::Gelu { tanh } => {
                Attributes::default().with("approximate", if tanh { "tanh" } else { "none" })
            }
            _ => Attributes::default(),
        }
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        let input = inputs.required(0)?;
        let signed = matches!(input.dtype, DType::I8 | DType::I16 | DType::I32 | DType::I64);
        let whole = match self {
            Self::Relu | Self::Abs => input.dtype.is_integer(),
            Self::Neg => signed,
            _ => false,
        };
        if input.dtype != DType::F32 && !whole {
            return Err(Error::new(&codes::SHAPE, format!("{self:?} of {}", input.dtype)));
        }
        Ok(vec![Fact::new(input.dtype, input.shape.clone())])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        let input = inputs.required(0)?;
        if input.dtype() != DType::F32 {
            return self.eval_integers(input).map(|output| vec![output]);
        }
        let source = input.values::<f32>()?;
        let mut values = spare::buffer(source.len());
        values.par_chunks_mut(SHARE).zip(source.par_chunks(SHARE)).for_each(|(values, source)| {
            values.copy_from_slice(source);
            self.apply(values);
        });
        Ok(vec![Tensor::new(input.shape(), values)?])
    }
}

impl Activation {
    /// The function itself, in double precision; tables are made from it.
    pub fn exact(&self, x: f64) -> f64 {
        match *self {
            Self::Relu => x.max(0.0),
            Self::Clamp { min, max } => x.max(min.into()).min(max.into()),
            Self::LeakyRelu { alpha } => if x < 0.0 { f64::from(alpha) * x } else { x },
            Self::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Self::Silu => x / (1.0 + (-x).exp()),
            Self::HardSigmoid { alpha, beta } => {
                (f64::from(alpha) * x + f64::from(beta)).clamp(0.0, 1.0)
            }
            Self::HardSwish => x * (x / 6.0 + 0.5).clamp(0.0, 1.0),
            Self::Mish => x * softplus(x).tanh(),
            Self::Gelu { tanh: false } => 0.5 * x * (1.0 + libm::erf(x / 2f64.sqrt())),
            Self::Gelu { tanh: true } => {
                let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
                0.5 * x * (1.0 + inner.tanh())
            }
            Self::Elu { alpha } => elu(x, alpha.into()),
            Self::Selu { alpha, gamma } => f64::from(gamma) * elu(x, alpha.into()),
            Self::Celu { alpha } => {
                let alpha = f64::from(alpha);
                x.max(0.0) + (alpha * (x / alpha).exp_m1()).min(0.0)
            }
            Self::Square { factor } => f64::from(factor) * x * x,
            Self::Tanh => x.tanh(),
            Self::Softplus => softplus(x),
            Self::Softsign => x / (1.0 + x.abs()),
            Self::Erf => libm::erf(x),
            Self::Exp => x.exp(),
            Self::Log => x.ln(),
            Self::Sqrt => x.sqrt(),
            Self::Reciprocal => 1.0 / x,
            Self::Abs => x.abs(),
            Self::Neg => -x,
            Self::Floor => x.floor(),
            Self::Ceil => x.ceil(),
            Self::Round => x.round_ties_even(),
        }
    }

    /// Applies the function in place; the functions of large feature maps take a vectorized
    /// single-precision path whose error is below 4 units in the last place.
    pub fn apply(&self, values: &mut [f32]) {
        match *self {
            Self::Relu => fast::relu(values),
            Self::Clamp { min, max } => fast::clamp(values, min, max),
            Self::LeakyRelu { alpha } => fast::leaky_relu(values, alpha),
            Self::Sigmoid => fast::sigmoid(values),
            Self::Silu => fast::silu(values),
            Self::HardSigmoid { alpha, beta } => fast::hard_sigmoid(values, alpha, beta),
            Self::HardSwish => fast::hard_swish(values),
            _ => {
                for value in values {
                    *value = self.exact((*value).into()) as f32;
                }
            }
        }
    }

    fn eval_integers(&self, input: &Tensor) -> Result<Tensor> {
        macro_rules! integers {
            ($($type:ty),*; $($unsigned:ty),*) => {
                match input.dtype() {
                    $(<$type as Element>::DTYPE => map(input, |value: $type| match self {
                        Self::Relu => value.max(0),
                        Self::Abs => value.wrapping_abs(),
                        _ => value.wrapping_neg(),
                    }),)*
                    $(<$unsigned as Element>::DTYPE => map(input, |value: $unsigned| value),)*
                    other => Err(Error::new(&codes::SHAPE, format!("{self:?} of {other}"))),
                }
            };
        }
        integers!(i64, i32, i16, i8; u64, u32, u16, u8)
    }
}

/// Applies `f` to every element.
///
/// # Errors
/// [`codes::SHAPE`] when the element type is not `T`.
pub fn map<T: Element, R: Element>(input: &Tensor, f: impl Fn(T) -> R) -> Result<Tensor>
where
    crate::base::tensor::Data: From<Vec<R>>,
{
    let values = input.values::<T>()?.iter().map(|&value| f(value)).collect();
    Tensor::new(Operand::shape(input), values)
}

fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

fn elu(x: f64, alpha: f64) -> f64 {
    if x < 0.0 { alpha * x.exp_m1() } else { x }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fast_paths_follow_the_exact_functions() {
        let functions = [
            Activation::Relu,
            Activation::Clamp { min: 0.0, max: 6.0 },
            Activation::LeakyRelu { alpha: 0.1 },
            Activation::Sigmoid,
            Activation::Silu,
            Activation::HardSigmoid { alpha: 0.2, beta: 0.5 },
            Activation::HardSwish,
        ];
        let points: Vec<f32> = (-40_000..40_000).map(|step| step as f32 * 0.003).collect();
        for function in functions {
            // The straight line of the hard functions cancels near its foot.
            let hard = matches!(function, Activation::HardSigmoid { .. } | Activation::HardSwish);
            let floor = if hard { 2e-7 } else { 1e-35 };
            let mut fast = points.clone();
            function.apply(&mut fast);
            for (&x, y) in points.iter().zip(fast) {
                let exact = function.exact(x.into());
                let error = (f64::from(y) - exact).abs();
                assert!(error <= 5e-7 * exact.abs() + floor, "{function:?}({x}) = {y}, not {exact}");
            }
        }
    }

    #[test]
    fn extremes_stay_in_range() {
        let mut values = [f32::NEG_INFINITY, -1e30, -104.0, 0.0, 104.0, 1e30, f32::INFINITY];
        Activation::Sigmoid.apply(&mut values);
        assert!(values.iter().all(|value| (0.0..=1.0).contains(value)), "{values:?}");
        let mut values = [-1e30f32, -200.0, 1e30];
        Activation::Silu.apply(&mut values);
        assert!(values[0].abs() < 1e-6 && values[1].abs() < 1e-6 && values[2] == 1e30);
        let mut values = [f32::NAN];
        Activation::Silu.apply(&mut values);
        assert!(values[0].is_nan());
    }
}
