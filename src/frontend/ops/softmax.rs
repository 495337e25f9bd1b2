//! Exponentials divided by their sum, or the logarithm of that.
//!
//! ONNX: Softmax, LogSoftmax (opset 1 on). From opset 13 on over one axis; before, over all axes
//! from the given one on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fact, Inputs, Operator, axis, conv};
use crate::base::error::Result;
use crate::frontend::onnx::{Attributes, Node};
use crate::base::tensor::{DType, Tensor};

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Softmax {
    /// The axis; negative counts from the end.
    pub axis: i64,
    /// Whether the axes behind belong to it, as before opset 13.
    pub flatten: bool,
    /// Whether the logarithm is wanted.
    pub log: bool,
}

impl Operator for Softmax {
    const ONNX: &'static [&'static str] = &["Softmax", "LogSoftmax"];
    const LIMITS: &'static str = "f32.";

    fn kind(&self) -> &'static str {
        if self.log { "LogSoftmax" } else { "Softmax" }
    }

    fn parse(node: &Node, opset: i64) -> Result<Self> {
        let flatten = opset < 13;
        Ok(Self {
            axis: node.attributes.int("axis")?.unwrap_or(if flatten { 1 } else { -1 }),
            flatten,
            log: node.op_type == "LogSoftmax",
        })
    }

    fn attributes(&self) -> Attributes {
        Attributes::default().with("axis", self.axis)
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        conv::only_floats(inputs)?;
        let shape = &inputs.required(0)?.shape;
        self.extents(shape)?;
        Ok(vec![Fact::new(DType::F32, shape.clone())])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        let input = inputs.required(0)?;
        let [outer, count, inner] = self.extents(input.shape())?;
        let mut values = input.values::<f32>()?.to_vec();
        let mut lane = vec![0f32; count];
        for start in (0..outer).flat_map(|block| {
            (0..inner).map(move |offset| block * count * inner + offset)
        }) {
            for (index, element) in lane.iter_mut().enumerate() {
                *element = values[start + index * inner];
            }
            self.normalize(&mut lane);
            for (index, &element) in lane.iter().enumerate() {
                values[start + index * inner] = element;
            }
        }
        Ok(vec![Tensor::new(input.shape(), values)?])
    }
}

impl Softmax {
    /// Elements before, along and behind the axis.
    fn extents(&self, shape: &[usize]) -> Result<[usize; 3]> {
        // An axis behind the last one was allowed when it only marked a cut.
        let cut = if self.flatten && self.axis == shape.len() as i64 {
            shape.len()
        } else {
            axis(self.axis, shape.len())?
        };
        let along = if self.flatten { shape.len() } else { cut + 1 };
        Ok([
            shape[..cut].iter().product(),
            shape[cut..along].iter().product(),
            shape[along..].iter().product(),
        ])
    }

    fn normalize(&self, lane: &mut [f32]) {
        let largest = lane.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 = lane.iter().map(|&value| f64::from(value - largest).exp()).sum();
        for value in lane {
            let shifted = f64::from(*value - largest);
            *value = if self.log { shifted - sum.ln() } else { shifted.exp() / sum } as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_opsets_normalize_over_all_axes_from_the_given_one() {
        let input = Tensor::new(&[1, 2, 2], vec![0f32; 4]).unwrap();
        let of = |flatten| {
            let op = Softmax { axis: 1, flatten, log: false };
            let output = op.eval(Inputs::new(&[Some(&input)])).unwrap().remove(0);
            output.values::<f32>().unwrap().to_vec()
        };
        assert_eq!(of(true), [0.25; 4]);
        assert_eq!(of(false), [0.5; 4]);
    }

    #[test]
    fn large_values_do_not_overflow() {
        let mut lane = [1e30f32, 1e30, -1e30];
        Softmax { axis: 0, flatten: false, log: false }.normalize(&mut lane);
        assert_eq!(lane, [0.5, 0.5, 0.0]);
    }
}
