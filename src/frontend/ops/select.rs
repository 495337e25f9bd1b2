//! Elements of one of two tensors, chosen by a third.
//!
//! ONNX: Where (opset 9 on).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use ndarray::Zip;

use super::binary::{broadcast, spread};
use super::{Fact, Inputs, Operand, Operator};
use crate::base::error::{Error, Result, codes};
use crate::for_dtype;
use crate::frontend::onnx::Node;
use crate::base::tensor::{DType, Tensor, element_count};

/// See the module. Inputs: condition, value where true, value where false; all broadcast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Select;

impl Operator for Select {
    const ONNX: &'static [&'static str] = &["Where"];

    fn parse(_node: &Node, _opset: i64) -> Result<Self> {
        Ok(Self)
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        Ok(vec![Fact::new(inputs.required(1)?.dtype, shape(inputs)?)])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        let shape = shape(inputs)?;
        let condition = inputs.required(0)?.view::<bool>()?;
        let condition = spread(&condition, &shape)?;
        let (a, b) = (inputs.required(1)?, inputs.required(2)?);
        for_dtype!(a.dtype(), T => {
            let (a, b) = (a.view::<T>()?, b.view::<T>()?);
            let (a, b) = (spread(&a, &shape)?, spread(&b, &shape)?);
            let chosen =
                Zip::from(&condition).and(&a).and(&b).map_collect(|&c, &a, &b| if c { a } else { b });
            Ok(vec![Tensor::from_array(chosen)])
        })
    }
}

fn shape<T: Operand>(inputs: Inputs<'_, T>) -> Result<Vec<usize>> {
    let (condition, a, b) = (inputs.required(0)?, inputs.required(1)?, inputs.required(2)?);
    if condition.dtype() != DType::Bool || a.dtype() != b.dtype() {
        return Err(Error::new(
            &codes::SHAPE,
            format!("a choice by {} of {} or {}", condition.dtype(), a.dtype(), b.dtype()),
        ));
    }
    let shape = broadcast(&broadcast(condition.shape(), a.shape())?, b.shape())?;
    element_count(&shape)?;
    Ok(shape)
}
