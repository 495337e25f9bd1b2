//! Scale and shift per channel from stored statistics (Ioffe and Szegedy 2015).
//!
//! ONNX: BatchNormalization outside of training (opset 7 on).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fact, Inputs, Operand, Operator, conv};
use crate::base::error::{Error, Result, codes};
use crate::frontend::onnx::{Attributes, Node};
use crate::base::tensor::{DType, Tensor};

/// See the module. Inputs: data `[N, C, ...]`, scale, shift, mean and variance, `[C]` each.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct BatchNorm {
    /// Added to the variance.
    #[serde(with = "super::float_form")]
    #[schemars(with = "super::float_form::Form")]
    pub epsilon: f32,
}

impl Operator for BatchNorm {
    const ONNX: &'static [&'static str] = &["BatchNormalization"];
    const LIMITS: &'static str = "f32. Training mode and `spatial = 0` are refused.";

    fn parse(node: &Node, opset: i64) -> Result<Self> {
        let refuse = |what: &str| Error::new(&codes::ONNX_OPERATOR, what.to_owned());
        if opset >= 14 && node.attributes.flag("training_mode", false)? {
            return Err(refuse("BatchNormalization in training mode")
                .help("export the model in evaluation mode"));
        }
        if !node.attributes.flag("spatial", true)? {
            return Err(refuse("BatchNormalization with statistics per element (spatial = 0)"));
        }
        Ok(Self { epsilon: node.attributes.float("epsilon")?.unwrap_or(1e-5) })
    }

    fn attributes(&self) -> Attributes {
        Attributes::default().with("epsilon", self.epsilon)
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        check(inputs)?;
        Ok(vec![Fact::new(DType::F32, inputs.required(0)?.shape.clone())])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        let channels = check(inputs)?;
        let input = inputs.required(0)?;
        let parameter = |position: usize| inputs.required(position)?.values::<f32>();
        let (gamma, beta) = (parameter(1)?, parameter(2)?);
        let (mean, variance) = (parameter(3)?, parameter(4)?);
        let mut values = input.values::<f32>()?.to_vec();
        let plane: usize = input.shape()[2..].iter().product();
        if plane > 0 && channels > 0 {
            for (index, plane) in values.chunks_exact_mut(plane).enumerate() {
                let c = index % channels;
                let deviation = (f64::from(variance[c]) + f64::from(self.epsilon)).sqrt();
                let scale = (f64::from(gamma[c]) / deviation) as f32;
                for value in plane {
                    *value = (*value - mean[c]) * scale + beta[c];
                }
            }
        }
        Ok(vec![Tensor::new(input.shape(), values)?])
    }
}

/// The number of channels.
fn check<T: Operand>(inputs: Inputs<'_, T>) -> Result<usize> {
    conv::only_floats(inputs)?;
    let shape = inputs.required(0)?.shape();
    let channels = shape.get(1).copied().ok_or_else(|| {
        Error::new(&codes::SHAPE, format!("an input {shape:?} without channels"))
    })?;
    for position in 1..5 {
        let parameter = inputs.required(position)?.shape();
        if parameter != [channels] {
            return Err(Error::new(
                &codes::SHAPE,
                format!("input {position} has shape {parameter:?} for {channels} channels"),
            ));
        }
    }
    Ok(channels)
}
