//! The shape of a tensor, or its number of elements, as integers; known without running.
//!
//! ONNX: Shape (opset 1 on), Size (opset 1 on).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fact, Inputs, Operand, Operator};
use crate::base::error::Result;
use crate::frontend::onnx::{Attributes, Node};
use crate::base::tensor::Tensor;

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// Extents from axis `start` up to `end`; negative counts from the end, and both are limited
    /// to the axes that there are.
    Extents {
        /// First axis.
        start: i64,
        /// One past the last axis.
        end: i64,
    },
    /// The number of elements.
    Size,
}

impl Operator for Shape {
    const ONNX: &'static [&'static str] = &["Shape", "Size"];

    fn kind(&self) -> &'static str {
        match self {
            Self::Extents { .. } => "Shape",
            Self::Size => "Size",
        }
    }

    fn parse(node: &Node, _opset: i64) -> Result<Self> {
        if node.op_type == "Size" {
            return Ok(Self::Size);
        }
        Ok(Self::Extents {
            start: node.attributes.int("start")?.unwrap_or(0),
            end: node.attributes.int("end")?.unwrap_or(i64::MAX),
        })
    }

    fn attributes(&self) -> Attributes {
        match *self {
            Self::Extents { start, end: i64::MAX } => Attributes::default().with("start", start),
            Self::Extents { start, end } => {
                Attributes::default().with("start", start).with("end", end)
            }
            Self::Size => Attributes::default(),
        }
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        Ok(vec![Fact::from(self.of(inputs.required(0)?))])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        Ok(vec![self.of(inputs.required(0)?)])
    }
}

impl Shape {
    fn of(self, input: &impl Operand) -> Tensor {
        let shape = input.shape();
        match self {
            Self::Size => Tensor::scalar(shape.iter().product::<usize>() as i64),
            Self::Extents { start, end } => {
                let rank = shape.len() as i64;
                let limit = |axis: i64| {
                    let axis = if axis < 0 { axis.saturating_add(rank) } else { axis };
                    axis.clamp(0, rank) as usize
                };
                let (start, end) = (limit(start), limit(end));
                let extents = shape[start..end.max(start)].iter().map(|&extent| extent as i64);
                Tensor::vector(extents.collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_is_known_from_the_shape() {
        let input = Fact::new(crate::base::tensor::DType::F32, [2, 3, 4]);
        let of = |op: Shape| op.infer(Inputs::new(&[Some(&input)])).unwrap().remove(0).value;
        let whole = Shape::Extents { start: 0, end: i64::MAX };
        assert_eq!(of(whole), Some(Tensor::vector(vec![2i64, 3, 4])));
        assert_eq!(of(Shape::Extents { start: -2, end: -1 }), Some(Tensor::vector(vec![3i64])));
        let empty = Shape::Extents { start: 2, end: 1 };
        assert_eq!(of(empty), Some(Tensor::vector(Vec::<i64>::new())));
        assert_eq!(of(Shape::Size), Some(Tensor::scalar(24i64)));
    }
}
