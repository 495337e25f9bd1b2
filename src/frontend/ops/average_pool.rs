//! Mean of each window.
//!
//! ONNX: AveragePool (opset 7 on), any number of spatial axes. With `ceil_mode` and
//! `count_include_pad`, elements behind the end pad do not count, as in PyTorch and ONNX Runtime.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::window::{Axis, Window};
use super::{Fact, Inputs, Operator, conv, pooling};
use crate::base::error::Result;
use crate::frontend::onnx::{Attributes, Node, bad};
use crate::base::tensor::{DType, Tensor};

/// See the module.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct AveragePool {
    /// The sliding window.
    pub window: Window,
    /// Whether a last partial window counts.
    pub ceil: bool,
    /// Whether pads count as elements of value 0.
    pub count_include_pad: bool,
}

impl Operator for AveragePool {
    const ONNX: &'static [&'static str] = &["AveragePool"];
    const LIMITS: &'static str = "f32. With ceil_mode and count_include_pad, elements behind the end pad do not count, as in PyTorch and ONNX Runtime.";

    fn parse(node: &Node, _opset: i64) -> Result<Self> {
        let window = Window::parse(&node.attributes)?;
        if window.kernel.is_empty() {
            return Err(bad("kernel_shape", "is missing"));
        }
        Ok(Self {
            window,
            ceil: node.attributes.flag("ceil_mode", false)?,
            count_include_pad: node.attributes.flag("count_include_pad", false)?,
        })
    }

    fn attributes(&self) -> Attributes {
        let attributes = self.window.attributes();
        attributes.with("ceil_mode", self.ceil).with("count_include_pad", self.count_include_pad)
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        conv::only_floats(inputs)?;
        let (shape, _) = pooling::geometry(inputs, &self.window, self.ceil)?;
        Ok(vec![Fact::new(DType::F32, shape)])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        let input = inputs.required(0)?;
        let (shape, axes) = pooling::geometry(inputs, &self.window, self.ceil)?;
        let planes = shape[0] * shape[1];
        let mut values = pooling::fold(input.values::<f32>()?, planes, &axes, 0.0, |a, b| a + b)?;
        let counts = axes.iter().fold(vec![1.0], |counts, axis| {
            let counted = self.counts(axis);
            counts.iter().flat_map(|outer| counted.iter().map(move |inner| outer * inner)).collect()
        });
        if !counts.is_empty() {
            for plane in values.chunks_exact_mut(counts.len()) {
                for (value, count) in plane.iter_mut().zip(&counts) {
                    *value /= count;
                }
            }
        }
        Ok(vec![Tensor::new(&shape, values)?])
    }
}

impl AveragePool {
    /// Elements that count in each window along one axis.
    pub fn counts(&self, axis: &Axis) -> Vec<f32> {
        let counted = if self.count_include_pad {
            // Elements behind the end pad, which a last partial window reaches, never count.
            Axis { input: axis.input + axis.begin + axis.end, begin: 0, end: 0, ..*axis }
        } else {
            *axis
        };
        let mut counts = vec![0.0; axis.output];
        for tap in 0..axis.kernel.min(axis.input + axis.begin + axis.end) {
            for count in &mut counts[counted.inside(tap).0] {
                *count += 1.0;
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(count_include_pad: bool) -> Vec<f32> {
        let input = Tensor::new(&[1, 1, 4], vec![1f32, 2.0, 3.0, 4.0]).unwrap();
        let window = Window {
            kernel: vec![3],
            strides: vec![3],
            pads: vec![(1, 0)],
            ..Window::default()
        };
        let pool = AveragePool { window, ceil: true, count_include_pad };
        let output = pool.eval(Inputs::new(&[Some(&input)])).unwrap().remove(0);
        output.values::<f32>().unwrap().to_vec()
    }

    #[test]
    fn pads_count_only_when_asked_for() {
        assert_eq!(pool(false), [1.5, 3.5]);
        assert_eq!(pool(true), [1.0, 3.5]);
    }
}
