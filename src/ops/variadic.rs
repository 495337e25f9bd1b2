//! Largest, smallest, sum and mean of several tensors, element by element.
//!
//! ONNX: Max, Min, Sum, Mean (opset 8 on), one or more inputs with broadcasting.

use super::binary::{broadcast, zip};
use super::number::{Number, for_number};
use super::{Fact, Inputs, Operator, activation};
use crate::error::{Error, Result, codes};
use crate::onnx::Node;
use crate::tensor::{DType, Tensor, element_count};

/// Which function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the variants are the ONNX operators of the same name")]
pub enum Variadic {
    Max,
    Min,
    Sum,
    Mean,
}

impl Operator for Variadic {
    const ONNX: &'static [&'static str] = &["Max", "Min", "Sum", "Mean"];

    fn parse(node: &Node, _opset: i64) -> Result<Self> {
        Ok(match &*node.op_type {
            "Max" => Self::Max,
            "Min" => Self::Min,
            "Sum" => Self::Sum,
            _ => Self::Mean,
        })
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        let dtype = inputs.same_dtype()?;
        let floats_only = matches!(self, Self::Sum | Self::Mean);
        if dtype == DType::Bool || (floats_only && dtype != DType::F32) {
            return Err(Error::new(&codes::SHAPE, format!("{self:?} of {dtype}")));
        }
        let mut shape = Vec::new();
        for input in inputs.all()? {
            shape = broadcast(&shape, &input.shape)?;
        }
        element_count(&shape)?;
        Ok(vec![Fact::new(dtype, shape)])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        let all = inputs.all()?;
        let mut output = inputs.required(0)?.clone();
        for input in &all[1..] {
            output = for_number!(inputs.same_dtype()?, T => match self {
                Self::Max => zip(&output, input, <T as Number>::larger),
                Self::Min => zip(&output, input, <T as Number>::smaller),
                Self::Sum | Self::Mean => zip(&output, input, <T as Number>::plus),
            })?;
        }
        if *self == Self::Mean {
            let count = all.len() as f32;
            output = activation::map(&output, |value: f32| value / count)?;
        }
        Ok(vec![output])
    }
}
