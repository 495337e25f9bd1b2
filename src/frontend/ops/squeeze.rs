//! Axes of extent 1 dropped.
//!
//! ONNX: Squeeze (opset 1 on); the axes are an input from opset 13 on, an attribute before.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fact, Inputs, Operand, Operator, axes};
use crate::base::error::{Error, Result, codes};
use crate::frontend::onnx::Node;
use crate::base::tensor::Tensor;

/// See the module. Inputs: data, optional axes; without axes every extent of 1 is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Squeeze;

impl Operator for Squeeze {
    const ONNX: &'static [&'static str] = &["Squeeze"];
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
    let shape = inputs.required(0)?.shape();
    let dropped = match inputs.integers(1)? {
        Some(given) => axes(&given, shape.len())?,
        None => (0..shape.len()).filter(|&axis| shape[axis] == 1).collect(),
    };
    if let Some(axis) = dropped.iter().find(|&&axis| shape[axis] != 1) {
        return Err(Error::new(&codes::SHAPE, format!("axis {axis} of {shape:?} is not 1")));
    }
    let kept = (0..shape.len()).filter(|axis| !dropped.contains(axis));
    Ok(kept.map(|axis| shape[axis]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_extents_of_one_are_dropped() {
        let input = Fact::new(crate::base::tensor::DType::F32, [1, 3, 1, 2]);
        let all = Squeeze.infer(Inputs::new(&[Some(&input)])).unwrap();
        assert_eq!(all[0].shape, [3, 2]);
        let axes = Fact::from(Tensor::vector(vec![-2i64]));
        let one = Squeeze.infer(Inputs::new(&[Some(&input), Some(&axes)])).unwrap();
        assert_eq!(one[0].shape, [1, 3, 2]);
        let axes = Fact::from(Tensor::vector(vec![1i64]));
        assert!(Squeeze.infer(Inputs::new(&[Some(&input), Some(&axes)])).is_err());
    }
}
