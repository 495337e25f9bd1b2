//! Mean or largest element of each channel.
//!
//! ONNX: GlobalAveragePool, GlobalMaxPool (opset 1 on), any number of spatial axes, which stay with
//! extent 1.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::reduce::{Reduce, Reduction, reduced_shape};
use super::{Fact, Inputs, Operand, Operator, conv};
use crate::base::error::{Error, Result, codes};
use crate::frontend::onnx::Node;
use crate::base::tensor::{DType, Tensor};

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the variants say it")]
pub enum GlobalPool {
    Average,
    Max,
}

impl Operator for GlobalPool {
    const ONNX: &'static [&'static str] = &["GlobalAveragePool", "GlobalMaxPool"];
    const LIMITS: &'static str = "f32.";

    fn kind(&self) -> &'static str {
        match self {
            Self::Average => "GlobalAveragePool",
            Self::Max => "GlobalMaxPool",
        }
    }

    fn parse(node: &Node, _opset: i64) -> Result<Self> {
        Ok(if node.op_type == "GlobalMaxPool" { Self::Max } else { Self::Average })
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        conv::only_floats(inputs)?;
        let input = inputs.required(0)?;
        let axes = spatial(input)?;
        Ok(vec![Fact::new(DType::F32, reduced_shape(&input.shape, &axes, true))])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        let input = inputs.required(0)?;
        let axes = spatial(input)?.into_iter().map(|axis| axis as i64);
        let axes = Tensor::vector(axes.collect());
        let reduction = match self {
            Self::Average => Reduction::Mean,
            Self::Max => Reduction::Max,
        };
        let reduce = Reduce { reduction, keep_dims: true, noop_with_empty_axes: true };
        reduce.eval(Inputs::new(&[Some(input), Some(&axes)]))
    }
}

/// The axes behind batch and channel.
fn spatial(input: &impl Operand) -> Result<Vec<usize>> {
    match input.shape() {
        shape @ [_, _, ..] => Ok((2..shape.len()).collect()),
        shape => Err(Error::new(&codes::SHAPE, format!("an input {shape:?} without channels"))),
    }
}
