//! Identity above zero, a learned slope below.
//!
//! ONNX: PRelu (opset 7 on). The slope broadcasts to the input.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::binary::{broadcast, zip};
use super::{Fact, Inputs, Operator};
use crate::base::error::{Error, Result, codes};
use crate::frontend::onnx::Node;
use crate::base::tensor::{DType, Tensor};

/// See the module. Inputs: data, slope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PRelu;

impl Operator for PRelu {
    const ONNX: &'static [&'static str] = &["PRelu"];
    const LIMITS: &'static str = "f32.";

    fn parse(_node: &Node, _opset: i64) -> Result<Self> {
        Ok(Self)
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        super::conv::only_floats(inputs)?;
        let (input, slope) = (inputs.required(0)?, inputs.required(1)?);
        if broadcast(&input.shape, &slope.shape)? != input.shape {
            return Err(Error::new(
                &codes::SHAPE,
                format!("a slope {:?} for an input {:?}", slope.shape, input.shape),
            ));
        }
        Ok(vec![Fact::new(DType::F32, input.shape.clone())])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        let slope = |x: f32, slope: f32| if x < 0.0 { slope * x } else { x };
        Ok(vec![zip(inputs.required(0)?, inputs.required(1)?, slope)?])
    }
}
