//! Integers under a scale and a zero point to numbers.
//!
//! ONNX: DequantizeLinear (opset 10 on); scales per tensor or per axis, no blocks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::quantize_linear::{parse_axis, slices};
use super::{Fact, Inputs, Operator};
use crate::base::error::{Error, Result, codes};
use crate::frontend::onnx::{Attributes, Node};
use crate::base::tensor::{DType, Tensor};

/// See the module. Inputs: data, scale, optional zero point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DequantizeLinear {
    /// Axis of a scale per slice; negative counts from the end.
    pub axis: i64,
}

impl Operator for DequantizeLinear {
    const ONNX: &'static [&'static str] = &["DequantizeLinear"];

    fn parse(node: &Node, _opset: i64) -> Result<Self> {
        Ok(Self { axis: parse_axis(node)? })
    }

    fn attributes(&self) -> Attributes {
        Attributes::default().with("axis", self.axis)
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        let data = inputs.required(0)?;
        if !data.dtype.is_integer() {
            return Err(Error::new(&codes::SHAPE, format!("dequantization of {}", data.dtype)));
        }
        slices(inputs, self.axis)?;
        Ok(vec![Fact::new(DType::F32, data.shape.clone())])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        let (count, inner) = slices(inputs, self.axis)?;
        let data = inputs.required(0)?;
        let scales = inputs.required(1)?.values::<f32>()?;
        let zeros = inputs.get(2).map(Tensor::to_i64s).transpose()?;
        let dequantize = |(index, value): (usize, i64)| {
            let slice = index / inner % count;
            let zero = zeros.as_ref().map_or(0, |zeros| zeros[slice]);
            value.wrapping_sub(zero) as f32 * scales[slice]
        };
        let values = data.to_i64s()?.into_iter().enumerate().map(dequantize).collect();
        Ok(vec![Tensor::new(data.shape(), values)?])
    }
}
