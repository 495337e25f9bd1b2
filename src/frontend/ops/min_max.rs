//! Largest or smallest of several tensors, element by element.
//!
//! ONNX: Max, Min (opset 8 on), one or more inputs with broadcasting.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::binary::{broadcast, zip};
use super::number::{Number, for_number};
use super::{Fact, Inputs, Operator, not_numbers};
use crate::base::error::Result;
use crate::frontend::onnx::Node;
use crate::base::tensor::{DType, Tensor, element_count};

/// Which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the variants are the ONNX operators of the same name")]
pub enum MinMax {
    Max,
    Min,
}

impl Operator for MinMax {
    const ONNX: &'static [&'static str] = &["Max", "Min"];
    const LIMITS: &'static str = "All element types but bool.";

    fn kind(&self) -> &'static str {
        match self {
            Self::Max => "Max",
            Self::Min => "Min",
        }
    }

    fn parse(node: &Node, _opset: i64) -> Result<Self> {
        Ok(if node.op_type == "Max" { Self::Max } else { Self::Min })
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        let dtype = inputs.same_dtype()?;
        if dtype == DType::Bool {
            return Err(not_numbers());
        }
        Ok(vec![Fact::new(dtype, common_shape(inputs)?)])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        let dtype = inputs.same_dtype()?;
        let mut output = inputs.required(0)?.clone();
        for input in &inputs.all()?[1..] {
            output = for_number!(dtype, T => match self {
                Self::Max => zip(&output, input, <T as Number>::larger),
                Self::Min => zip(&output, input, <T as Number>::smaller),
            })?;
        }
        Ok(vec![output])
    }
}

/// The shape to which all inputs broadcast.
pub(super) fn common_shape(inputs: Inputs<'_, Fact>) -> Result<Vec<usize>> {
    let mut shape = Vec::new();
    for input in inputs.all()? {
        shape = broadcast(&shape, &input.shape)?;
    }
    element_count(&shape)?;
    Ok(shape)
}
