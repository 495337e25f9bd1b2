//! Limits on every element.
//!
//! ONNX: Clip (opset 6 on); the bounds are inputs from opset 11 on, attributes before.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::activation::map;
use super::number::{Number, for_number};
use super::{Fact, Inputs, Operator};
use crate::base::error::{Error, Result, codes};
use crate::frontend::onnx::Node;
use crate::base::tensor::{DType, Tensor};

/// See the module. Inputs: data, optional least value, optional largest value, both scalars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Clip;

impl Operator for Clip {
    const ONNX: &'static [&'static str] = &["Clip"];
    const ATTRIBUTES_NOW_INPUTS: &'static [(&'static str, usize)] = &[("min", 1), ("max", 2)];
    const LIMITS: &'static str = "All element types but bool; the bounds may be computed.";

    fn parse(_node: &Node, _opset: i64) -> Result<Self> {
        Ok(Self)
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        let dtype = inputs.same_dtype()?;
        for bound in [inputs.get(1), inputs.get(2)].into_iter().flatten() {
            if bound.len() != 1 {
                return Err(Error::new(
                    &codes::SHAPE,
                    format!("a bound of shape {:?}, not a scalar", bound.shape),
                ));
            }
        }
        if dtype == DType::Bool {
            return Err(super::not_numbers());
        }
        Ok(vec![Fact::new(dtype, inputs.required(0)?.shape.clone())])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        for_number!(inputs.same_dtype()?, T => {
            let bound = |position: usize, default: T| -> Result<T> {
                let Some(bound) = inputs.get(position) else { return Ok(default) };
                Ok(bound.values::<T>()?.first().copied().unwrap_or(default))
            };
            let (least, largest) = (bound(1, T::LOWEST)?, bound(2, T::HIGHEST)?);
            map(inputs.required(0)?, |value: T| value.larger(least).smaller(largest))
                .map(|output| vec![output])
        })
    }
}
