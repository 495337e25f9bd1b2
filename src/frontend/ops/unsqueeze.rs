//! Axes of extent 1 added.
//!
//! ONNX: Unsqueeze (opset 1 on); the axes, which count in the output, are an input from opset 13
//! on, an attribute before.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fact, Inputs, Operand, Operator, axes};
use crate::base::error::Result;
use crate::frontend::onnx::Node;
use crate::base::tensor::Tensor;

/// See the module. Inputs: data, axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unsqueeze;

impl Operator for Unsqueeze {
    const ONNX: &'static [&'static str] = &["Unsqueeze"];
    const ATTRIBUTES_NOW_INPUTS: &'static [(&'static str, usize)] = &[("axes", 1)];
    const LIMITS: &'static str = "The axes must be known at conversion time.";

    fn parse(_node: &Node, _opset: i64) -> Result<Self> {
        Ok(Self)
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        Ok(vec![Fact::new(inputs.required(0)?.dtype, shape(inputs)?)])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        Ok(vec![inputs.required(0)?.reshaped(&shape(inputs)?)?])
    }

    fn moves(&self) -> bool {
        true
    }

    fn is_view(&self, _inputs: Inputs<'_, Fact>) -> bool {
        true
    }
}

fn shape<T: Operand>(inputs: Inputs<'_, T>) -> Result<Vec<usize>> {
    let mut shape = inputs.required(0)?.shape().to_vec();
    let added = inputs.required(1).and(inputs.integers(1))?.unwrap_or_default();
    for axis in axes(&added, shape.len() + added.len())? {
        shape.insert(axis, 1);
    }
    Ok(shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_count_in_the_output() {
        let input = Fact::new(crate::base::tensor::DType::F32, [3, 2]);
        let axes = Fact::from(Tensor::vector(vec![-1i64, 0]));
        let output = Unsqueeze.infer(Inputs::new(&[Some(&input), Some(&axes)])).unwrap();
        assert_eq!(output[0].shape, [1, 3, 2, 1]);
        let axes = Fact::from(Tensor::vector(vec![4i64]));
        assert!(Unsqueeze.infer(Inputs::new(&[Some(&input), Some(&axes)])).is_err());
    }
}
