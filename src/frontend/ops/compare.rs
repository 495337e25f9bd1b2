//! Comparisons and logic: elementwise functions whose result is a boolean.
//!
//! ONNX: Equal, Greater, Less (opset 7 on), GreaterOrEqual, LessOrEqual (opset 12 on), And, Or, Xor
//! (opset 7 on), Not.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::activation::map;
use super::binary::{broadcast, zip};
use super::number::for_number;
use super::{Fact, Inputs, Operator};
use crate::base::error::{Error, Result, codes};
use crate::frontend::onnx::Node;
use crate::base::tensor::{DType, Tensor, element_count};

/// Which function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the variants are the ONNX operators of the same name")]
pub enum Compare {
    Equal,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
    And,
    Or,
    Xor,
    Not,
}

impl Operator for Compare {
    const ONNX: &'static [&'static str] =
        &["Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual", "And", "Or", "Xor", "Not"];
    const LIMITS: &'static str = "All element types; order only of numbers, logic only of booleans.";

    fn kind(&self) -> &'static str {
        match self {
            Self::Equal => "Equal",
            Self::Greater => "Greater",
            Self::Less => "Less",
            Self::GreaterOrEqual => "GreaterOrEqual",
            Self::LessOrEqual => "LessOrEqual",
            Self::And => "And",
            Self::Or => "Or",
            Self::Xor => "Xor",
            Self::Not => "Not",
        }
    }

    fn parse(node: &Node, _opset: i64) -> Result<Self> {
        Ok(match &*node.op_type {
            "Equal" => Self::Equal,
            "Greater" => Self::Greater,
            "Less" => Self::Less,
            "GreaterOrEqual" => Self::GreaterOrEqual,
            "LessOrEqual" => Self::LessOrEqual,
            "And" => Self::And,
            "Or" => Self::Or,
            "Xor" => Self::Xor,
            _ => Self::Not,
        })
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        let dtype = inputs.same_dtype()?;
        let logic = matches!(self, Self::And | Self::Or | Self::Xor | Self::Not);
        if *self != Self::Equal && logic != (dtype == DType::Bool) {
            return Err(Error::new(&codes::SHAPE, format!("{self:?} of {dtype}")));
        }
        let first = inputs.required(0)?;
        let shape = match self {
            Self::Not => first.shape.clone(),
            _ => broadcast(&first.shape, &inputs.required(1)?.shape)?,
        };
        element_count(&shape)?;
        Ok(vec![Fact::new(DType::Bool, shape)])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        let a = inputs.required(0)?;
        let output = match self {
            Self::Not => map(a, |x: bool| !x),
            Self::And => zip(a, inputs.required(1)?, |x: bool, y| x & y),
            Self::Or => zip(a, inputs.required(1)?, |x: bool, y| x | y),
            Self::Xor => zip(a, inputs.required(1)?, |x: bool, y| x ^ y),
            Self::Equal if a.dtype() == DType::Bool => {
                zip(a, inputs.required(1)?, |x: bool, y| x == y)
            }
            _ => {
                let b = inputs.required(1)?;
                for_number!(a.dtype(), T => match self {
                    Self::Greater => zip(a, b, |x: T, y| x > y),
                    Self::Less => zip(a, b, |x: T, y| x < y),
                    Self::GreaterOrEqual => zip(a, b, |x: T, y| x >= y),
                    Self::LessOrEqual => zip(a, b, |x: T, y| x <= y),
                    _ => zip(a, b, |x: T, y| x == y),
                })
            }
        };
        Ok(vec![output?])
    }
}
