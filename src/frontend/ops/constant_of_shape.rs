//! A tensor of one repeated value.
//!
//! ONNX: ConstantOfShape (opset 9 on).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fact, Inputs, Operand, Operator};
use crate::base::error::{Error, Result, codes};
use crate::for_dtype;
use crate::frontend::onnx::{Attributes, Node, bad};
use crate::base::tensor::{Tensor, element_count};

/// See the module. Input: the shape.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ConstantOfShape {
    /// The value, one element.
    pub value: Tensor,
}

impl Operator for ConstantOfShape {
    const ONNX: &'static [&'static str] = &["ConstantOfShape"];
    const LIMITS: &'static str = "The shape must be known at conversion time.";

    fn parse(node: &Node, _opset: i64) -> Result<Self> {
        let value = node.attributes.tensor("value")?.unwrap_or_else(|| Tensor::vector(vec![0f32]));
        if value.len() != 1 {
            return Err(bad("value", &format!("has {} elements, not 1", value.len())));
        }
        Ok(Self { value })
    }

    fn attributes(&self) -> Attributes {
        Attributes::default().with("value", self.value.clone())
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        Ok(vec![Fact::new(self.value.dtype(), extents(inputs, 0)?)])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        let shape = extents(inputs, 0)?;
        for_dtype!(self.value.dtype(), T => {
            let value = self.value.values::<T>()?.first().copied().unwrap_or_default();
            Ok(vec![Tensor::new(&shape, vec![value; element_count(&shape)?])?])
        })
    }
}

/// A shape that is given as the input at `position`.
///
/// # Errors
/// [`codes::NOT_CONSTANT`], [`codes::SHAPE`] for negative extents, [`codes::TENSOR_SIZE`].
pub(super) fn extents<T: Operand>(inputs: Inputs<'_, T>, position: usize) -> Result<Vec<usize>> {
    let given = inputs.required(position).and(inputs.integers(position))?.unwrap_or_default();
    let shape = given
        .iter()
        .map(|&extent| usize::try_from(extent).ok())
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| Error::new(&codes::SHAPE, format!("a shape {given:?}")))?;
    element_count(&shape)?;
    Ok(shape)
}
