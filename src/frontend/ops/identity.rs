//! The input itself.
//!
//! ONNX: Identity (opset 1 on), Dropout outside of training (opset 7 on).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fact, Inputs, Operator};
use crate::base::error::{Error, Result, codes};
use crate::frontend::onnx::Node;
use crate::base::tensor::{DType, Tensor};

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Identity {
    /// Whether there is a second output, Dropout's mask, which is all true.
    pub mask: bool,
}

impl Operator for Identity {
    const ONNX: &'static [&'static str] = &["Identity", "Dropout"];
    const LIMITS: &'static str = "Dropout in training mode is refused.";

    fn parse(node: &Node, _opset: i64) -> Result<Self> {
        Ok(Self { mask: node.outputs.get(1).is_some_and(|name| !name.is_empty()) })
    }

    fn kind(&self) -> &'static str {
        if self.mask { "Dropout" } else { "Identity" }
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        if let Some(training) = inputs.constant(2)?
            && training.values::<bool>()?.first() == Some(&true)
        {
            return Err(Error::new(&codes::ONNX_OPERATOR, "Dropout in training mode")
                .help("export the model in evaluation mode"));
        }
        let input = inputs.required(0)?;
        let mut outputs = vec![input.clone()];
        if self.mask {
            outputs.push(Fact::new(DType::Bool, input.shape.clone()));
        }
        Ok(outputs)
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        let input = inputs.required(0)?;
        let mut outputs = vec![input.clone()];
        if self.mask {
            outputs.push(Tensor::new(input.shape(), vec![true; input.len()])?);
        }
        Ok(outputs)
    }

    fn moves(&self) -> bool {
        true
    }

    fn is_view(&self, _inputs: Inputs<'_, Fact>) -> bool {
        !self.mask
    }
}
