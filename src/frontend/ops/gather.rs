//! Slices picked by index along an axis.
//!
//! ONNX: Gather (opset 1 on). Negative indices count from the end.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::take::take;
use super::{Fact, Inputs, Operand, Operator, axis};
use crate::base::error::{Error, Result, codes};
use crate::for_dtype;
use crate::frontend::onnx::{Attributes, Node};
use crate::base::tensor::{Tensor, element_count};

/// See the module. Inputs: data, indices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Gather {
    /// The axis; negative counts from the end.
    pub axis: i64,
}

impl Operator for Gather {
    const ONNX: &'static [&'static str] = &["Gather"];

    fn parse(node: &Node, _opset: i64) -> Result<Self> {
        Ok(Self { axis: node.attributes.int("axis")?.unwrap_or(0) })
    }

    fn attributes(&self) -> Attributes {
        Attributes::default().with("axis", self.axis)
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        let (shape, _) = self.geometry(inputs)?;
        Ok(vec![Fact::new(inputs.required(0)?.dtype, shape)])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        let input = inputs.required(0)?;
        let (shape, axis) = self.geometry(inputs)?;
        let extent = input.shape()[axis];
        let positions = inputs
            .required(1)?
            .to_i64s()?
            .into_iter()
            .map(|index| {
                let position = if index < 0 { index + extent as i64 } else { index };
                usize::try_from(position).ok().filter(|&at| at < extent).map(Some).ok_or_else(|| {
                    Error::new(&codes::SHAPE, format!("index {index} of an extent of {extent}"))
                })
            })
            .collect::<Result<Vec<_>>>()?;
        for_dtype!(input.dtype(), T => {
            let mut taken = input.shape().to_vec();
            let values = take(input.values::<T>()?, &mut taken, axis, &positions, T::default())?;
            Ok(vec![Tensor::new(&shape, values)?])
        })
    }

    fn moves(&self) -> bool {
        true
    }
}

impl Gather {
    fn geometry<T: Operand>(&self, inputs: Inputs<'_, T>) -> Result<(Vec<usize>, usize)> {
        let (data, indices) = (inputs.required(0)?.shape(), inputs.required(1)?);
        let axis = axis(self.axis, data.len())?;
        let shape = [&data[..axis], indices.shape(), &data[axis + 1..]].concat();
        element_count(&shape)?;
        if !indices.dtype().is_integer() {
            return Err(Error::new(
                &codes::SHAPE,
                format!("indices of type {}", indices.dtype()),
            ));
        }
        Ok((shape, axis))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scalar_index_drops_the_axis() {
        let data = Tensor::new(&[2, 3], vec![1i64, 2, 3, 4, 5, 6]).unwrap();
        let index = Tensor::scalar(-1i64);
        let output = Gather { axis: 1 }.eval(Inputs::new(&[Some(&data), Some(&index)])).unwrap();
        assert_eq!(output[0], Tensor::vector(vec![3i64, 6]));
        for bad in [3i64, -4, i64::MIN] {
            let index = Tensor::scalar(bad);
            assert!(Gather { axis: 1 }.eval(Inputs::new(&[Some(&data), Some(&index)])).is_err());
        }
    }
}
