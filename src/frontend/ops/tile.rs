//! A tensor repeated along its axes.
//!
//! ONNX: Tile (opset 6 on); the repeats are constant.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::constant_of_shape::extents;
use super::take::take;
use super::{Fact, Inputs, Operand, Operator};
use crate::base::error::{Error, Result, codes};
use crate::for_dtype;
use crate::frontend::onnx::Node;
use crate::base::tensor::{Tensor, element_count};

/// See the module. Inputs: data, repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tile;

impl Operator for Tile {
    const ONNX: &'static [&'static str] = &["Tile"];
    const LIMITS: &'static str = "The repeats must be known at conversion time.";

    fn parse(_node: &Node, _opset: i64) -> Result<Self> {
        Ok(Self)
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        let repeats = repeats(inputs)?;
        let input = inputs.required(0)?;
        let shape: Vec<_> = input.shape.iter().zip(repeats).map(|(&a, b)| a * b).collect();
        Ok(vec![Fact::new(input.dtype, shape)])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        let repeats = repeats(inputs)?;
        let input = inputs.required(0)?;
        for_dtype!(input.dtype(), T => {
            let mut shape = input.shape().to_vec();
            let mut values = input.values::<T>()?.to_vec();
            for (axis, repeats) in repeats.into_iter().enumerate().filter(|&(_, count)| count != 1) {
                let extent = shape[axis];
                let positions: Vec<_> =
                    (0..extent * repeats).map(|index| Some(index % extent)).collect();
                values = take(&values, &mut shape, axis, &positions, T::default())?;
            }
            Ok(vec![Tensor::new(&shape, values)?])
        })
    }
}

fn repeats<T: Operand>(inputs: Inputs<'_, T>) -> Result<Vec<usize>> {
    let shape = inputs.required(0)?.shape();
    let repeats = extents(inputs, 1)?;
    if repeats.len() != shape.len() {
        return Err(Error::new(&codes::SHAPE, format!("repeats {repeats:?} of {shape:?}")));
    }
    let tiled: Vec<_> = shape.iter().zip(&repeats).map(|(&a, &b)| a.saturating_mul(b)).collect();
    element_count(&tiled)?;
    Ok(repeats)
}
