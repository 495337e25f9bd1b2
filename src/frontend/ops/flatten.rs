//! Two axes made from all.
//!
//! ONNX: Flatten (opset 1 on).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fact, Inputs, Operand, Operator};
use crate::base::error::Result;
use crate::frontend::onnx::{Attributes, Node, bad};
use crate::base::tensor::Tensor;

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Flatten {
    /// Axes before this one make the rows; negative counts from the end.
    pub axis: i64,
}

impl Operator for Flatten {
    const ONNX: &'static [&'static str] = &["Flatten"];

    fn parse(node: &Node, _opset: i64) -> Result<Self> {
        Ok(Self { axis: node.attributes.int("axis")?.unwrap_or(1) })
    }

    fn attributes(&self) -> Attributes {
        Attributes::default().with("axis", self.axis)
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        let input = inputs.required(0)?;
        Ok(vec![Fact::new(input.dtype, self.shape(input)?)])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        let input = inputs.required(0)?;
        Ok(vec![input.reshaped(&self.shape(input)?)?])
    }

    fn moves(&self) -> bool {
        true
    }

    fn is_view(&self, _inputs: Inputs<'_, Fact>) -> bool {
        true
    }
}

impl Flatten {
    fn shape(&self, input: &impl Operand) -> Result<Vec<usize>> {
        let shape = input.shape();
        let rank = shape.len() as i64;
        if !(-rank..=rank).contains(&self.axis) {
            return Err(bad("axis", &format!("is {} for a rank-{rank} tensor", self.axis)));
        }
        let cut = if self.axis < 0 { self.axis + rank } else { self.axis } as usize;
        Ok(vec![shape[..cut].iter().product(), shape[cut..].iter().product()])
    }
}
