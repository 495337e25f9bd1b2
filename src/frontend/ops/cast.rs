//! Another element type.
//!
//! ONNX: Cast (opset 6 on), CastLike (opset 15 on). Floats become integers by dropping the
//! fraction; what does not fit is limited to the range (ONNX leaves it undefined). Integers become
//! narrower ones by dropping high bits. Half, bfloat16 and double are held as f32, so a cast to
//! one of them changes nothing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fact, Inputs, Operand, Operator};
use super::number::{Number, for_number};
use crate::base::error::{Error, Result, codes};
use crate::frontend::onnx::{Attributes, Node, bad, dtype, elem_type};
use crate::base::tensor::{DType, Data, Element, Tensor};

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Cast {
    /// The new element type; `None` takes that of the second input.
    pub to: Option<DType>,
}

impl Operator for Cast {
    const ONNX: &'static [&'static str] = &["Cast", "CastLike"];
    const LIMITS: &'static str = "Half, bfloat16 and double are held as f32; strings, complex, float8 and int4 are refused.";

    fn parse(node: &Node, _opset: i64) -> Result<Self> {
        if node.op_type == "CastLike" {
            return Ok(Self { to: None });
        }
        let to = node.attributes.int("to")?.ok_or_else(|| bad("to", "is missing"))?;
        let code = i32::try_from(to).map_err(|_| bad("to", &format!("is {to}")))?;
        let to = dtype(code).map_err(|_| {
            Error::new(&codes::ONNX_OPERATOR, format!("a cast to ONNX element type {code}"))
        })?;
        Ok(Self { to: Some(to) })
    }

    fn kind(&self) -> &'static str {
        if self.to.is_some() { "Cast" } else { "CastLike" }
    }

    fn attributes(&self) -> Attributes {
        match self.to {
            Some(to) => Attributes::default().with("to", i64::from(elem_type(to))),
            None => Attributes::default(),
        }
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        Ok(vec![Fact::new(self.to(inputs)?, inputs.required(0)?.shape.clone())])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        Ok(vec![cast(inputs.required(0)?, self.to(inputs)?)?])
    }
}

impl Cast {
    fn to<T: Operand>(&self, inputs: Inputs<'_, T>) -> Result<DType> {
        self.to.map_or_else(|| Ok(inputs.required(1)?.dtype()), Ok)
    }
}

/// Converts the elements of a tensor.
///
/// # Errors
/// None for tensors that hold what they declare.
pub fn cast(input: &Tensor, to: DType) -> Result<Tensor> {
    if input.dtype() == to {
        return Ok(input.clone());
    }
    let shape = input.shape();
    if to == DType::Bool {
        return for_number!(input.dtype(), S => {
            convert(shape, input.values::<S>()?, |value| value != S::default())
        });
    }
    match input.dtype() {
        DType::Bool => {
            let bits: Vec<u8> = input.values::<bool>()?.iter().map(|&bit| bit.into()).collect();
            cast(&Tensor::new(shape, bits)?, to)
        }
        DType::F32 => {
            let values = input.values::<f32>()?;
            for_number!(to, T => convert(shape, values, |value| T::from_f64(value.into())))
        }
        _ => for_number!(input.dtype(), S => {
            let values = input.values::<S>()?;
            for_number!(to, T => convert(shape, values, |value| T::wrapped(value.to_i128())))
        }),
    }
}

fn convert<S: Element, T: Element>(
    shape: &[usize],
    values: &[S],
    convert: impl Fn(S) -> T,
) -> Result<Tensor>
where
    Data: From<Vec<T>>,
{
    Tensor::new(shape, values.iter().map(|&value| convert(value)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions_follow_their_rules() {
        let floats = Tensor::vector(vec![-1.9f32, 0.5, 3.99, 1e9]);
        assert_eq!(cast(&floats, DType::I8).unwrap(), Tensor::vector(vec![-1i8, 0, 3, 127]));
        assert_eq!(cast(&floats, DType::Bool).unwrap(), Tensor::vector(vec![true; 4]));
        let large = Tensor::vector(vec![i64::MAX, -1]);
        assert_eq!(cast(&large, DType::U8).unwrap(), Tensor::vector(vec![255u8, 255]));
        assert_eq!(cast(&large, DType::U64).unwrap().values::<u64>().unwrap()[1], u64::MAX);
        let bits = Tensor::vector(vec![true, false]);
        assert_eq!(cast(&bits, DType::F32).unwrap(), Tensor::vector(vec![1f32, 0.0]));
    }
}
