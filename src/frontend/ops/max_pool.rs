//! Largest element of each window.
//!
//! ONNX: MaxPool (opset 1 on), any number of spatial axes. The optional output of indices and
//! column-major storage are refused.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::number::{Number, for_number};
use super::window::Window;
use super::{Fact, Inputs, Operator, pooling};
use crate::base::error::{Error, Result, codes};
use crate::frontend::onnx::{Attributes, Node, bad};
use crate::base::tensor::{DType, Tensor};

/// See the module.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct MaxPool {
    /// The sliding window; pads never win.
    pub window: Window,
    /// Whether a last partial window counts.
    pub ceil: bool,
}

impl Operator for MaxPool {
    const ONNX: &'static [&'static str] = &["MaxPool"];
    const LIMITS: &'static str = "All element types but bool; any number of spatial axes. The output of indices is refused.";

    fn parse(node: &Node, _opset: i64) -> Result<Self> {
        if node.outputs.get(1).is_some_and(|name| !name.is_empty()) {
            return Err(Error::new(
                &codes::ONNX_OPERATOR,
                "the second output of MaxPool, the indices, is not supported",
            ));
        }
        let window = Window::parse(&node.attributes)?;
        if window.kernel.is_empty() {
            return Err(bad("kernel_shape", "is missing"));
        }
        Ok(Self { window, ceil: node.attributes.flag("ceil_mode", false)? })
    }

    fn attributes(&self) -> Attributes {
        self.window.attributes().with("ceil_mode", self.ceil)
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        let (shape, _) = pooling::geometry(inputs, &self.window, self.ceil)?;
        let dtype = inputs.required(0)?.dtype;
        if dtype == DType::Bool {
            return Err(super::not_numbers());
        }
        Ok(vec![Fact::new(dtype, shape)])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        let input = inputs.required(0)?;
        let (shape, axes) = pooling::geometry(inputs, &self.window, self.ceil)?;
        for_number!(input.dtype(), T => {
            let values = input.values::<T>()?;
            let largest =
                pooling::fold(values, shape[0] * shape[1], &axes, T::LOWEST, Number::larger)?;
            Ok(vec![Tensor::new(&shape, largest)?])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_of_windows_are_found_per_axis() {
        let values: Vec<f32> = (0..2 * 5 * 7).map(|index| ((index * 37) % 53) as f32).collect();
        let input = Tensor::new(&[1, 2, 5, 7], values.clone()).unwrap();
        let pool = MaxPool {
            window: Window {
                kernel: vec![3, 2],
                strides: vec![2, 1],
                pads: vec![(1, 1), (0, 1)],
                dilations: vec![1, 2],
                ..Window::default()
            },
            ceil: false,
        };
        let output = pool.eval(Inputs::new(&[Some(&input)])).unwrap().remove(0);
        assert_eq!(output.shape(), [1, 2, 3, 6]);
        let output = output.values::<f32>().unwrap();
        for (index, &value) in output.iter().enumerate() {
            let (c, y, x) = (index / 18, index / 6 % 3, index % 6);
            let mut expected = f32::NEG_INFINITY;
            for (i, j) in (0..3).flat_map(|i| [(i, 0), (i, 2)]) {
                let (row, column) = (y * 2 + i, x + j);
                if (1..6).contains(&row) && column < 7 {
                    expected = expected.max(values[c * 35 + (row - 1) * 7 + column]);
                }
            }
            assert_eq!(value, expected);
        }
    }
}
