//! Sum or mean of several tensors, element by element.
//!
//! ONNX: Sum, Mean (opset 8 on), one or more float inputs with broadcasting.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::activation::map;
use super::binary::zip;
use super::min_max::common_shape;
use super::{Fact, Inputs, Operator, conv};
use crate::base::error::Result;
use crate::frontend::onnx::Node;
use crate::base::tensor::{DType, Tensor};

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Sum {
    /// Whether the sum is divided by the number of inputs.
    pub mean: bool,
}

impl Operator for Sum {
    const ONNX: &'static [&'static str] = &["Sum", "Mean"];
    const LIMITS: &'static str = "f32.";

    fn kind(&self) -> &'static str {
        if self.mean { "Mean" } else { "Sum" }
    }

    fn parse(node: &Node, _opset: i64) -> Result<Self> {
        Ok(Self { mean: node.op_type == "Mean" })
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        conv::only_floats(inputs)?;
        Ok(vec![Fact::new(DType::F32, common_shape(inputs)?)])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        let all = inputs.all()?;
        let mut output = inputs.required(0)?.clone();
        for input in &all[1..] {
            output = zip(&output, input, |a: f32, b| a + b)?;
        }
        if self.mean {
            let count = all.len() as f32;
            output = map(&output, |value: f32| value / count)?;
        }
        Ok(vec![output])
    }
}
