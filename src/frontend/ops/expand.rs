//! Elements repeated along axes of extent 1.
//!
//! ONNX: Expand (opset 8 on).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::binary::{broadcast, spread};
use super::constant_of_shape::extents;
use super::{Fact, Inputs, Operand, Operator};
use crate::base::error::Result;
use crate::for_dtype;
use crate::frontend::onnx::Node;
use crate::base::tensor::{Tensor, element_count};

/// See the module. Inputs: data, shape; both broadcast, so an extent may also stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Expand;

impl Operator for Expand {
    const ONNX: &'static [&'static str] = &["Expand"];
    const LIMITS: &'static str = "The shape must be known at conversion time.";

    fn parse(_node: &Node, _opset: i64) -> Result<Self> {
        Ok(Self)
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        Ok(vec![Fact::new(inputs.required(0)?.dtype, shape(inputs)?)])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        let input = inputs.required(0)?;
        let shape = shape(inputs)?;
        for_dtype!(input.dtype(), T => {
            let view = input.view::<T>()?;
            let values = spread(&view, &shape)?.iter().copied().collect();
            Ok(vec![Tensor::new(&shape, values)?])
        })
    }
}

fn shape<T: Operand>(inputs: Inputs<'_, T>) -> Result<Vec<usize>> {
    let shape = broadcast(inputs.required(0)?.shape(), &extents(inputs, 1)?)?;
    element_count(&shape)?;
    Ok(shape)
}
