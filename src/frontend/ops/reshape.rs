//! Another shape over the same elements.
//!
//! ONNX: Reshape (opset 5 on); the shape is a constant second input, 0 copies an extent (unless
//! `allowzero`), one -1 is inferred.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fact, Inputs, Operand, Operator};
use crate::base::error::{Error, Result, codes};
use crate::frontend::onnx::{Attributes, Node};
use crate::base::tensor::{Tensor, element_count};

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Reshape {
    /// A 0 in the shape means an empty dimension instead of "copy the input's".
    pub allow_zero: bool,
}

impl Operator for Reshape {
    const ONNX: &'static [&'static str] = &["Reshape"];
    const LIMITS: &'static str = "The shape must be known at conversion time.";

    fn parse(node: &Node, _opset: i64) -> Result<Self> {
        Ok(Self { allow_zero: node.attributes.flag("allowzero", false)? })
    }

    fn attributes(&self) -> Attributes {
        Attributes::default().with("allowzero", self.allow_zero)
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        let dtype = inputs.required(0)?.dtype;
        Ok(vec![Fact::new(dtype, self.shape(inputs)?)])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        Ok(vec![inputs.required(0)?.reshaped(&self.shape(inputs)?)?])
    }

    fn moves(&self) -> bool {
        true
    }

    fn is_view(&self, _inputs: Inputs<'_, Fact>) -> bool {
        true
    }
}

impl Reshape {
    fn shape<T: Operand>(&self, inputs: Inputs<'_, T>) -> Result<Vec<usize>> {
        let input = inputs.required(0)?.shape();
        let wanted = inputs.required(1).and(inputs.integers(1))?.unwrap_or_default();
        let fail = || {
            Error::new(&codes::SHAPE, format!("cannot reshape {input:?} to {wanted:?}"))
        };
        let mut inferred = None;
        let mut shape = Vec::with_capacity(wanted.len());
        for (index, &extent) in wanted.iter().enumerate() {
            shape.push(match extent {
                -1 if inferred.is_none() => {
                    inferred = Some(index);
                    1
                }
                0 if !self.allow_zero => *input.get(index).ok_or_else(fail)?,
                extent => usize::try_from(extent).map_err(|_| fail())?,
            });
        }
        let count = element_count(input)?;
        let known = element_count(&shape)?;
        if let Some(index) = inferred {
            shape[index] = count.checked_div(known).ok_or_else(fail)?;
        }
        if element_count(&shape)? != count {
            return Err(fail());
        }
        Ok(shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reshape(from: &[usize], to: &[i64]) -> Result<Vec<usize>> {
        let input = Fact::new(crate::base::tensor::DType::F32, from);
        let shape = Fact::from(Tensor::vector(to.to_vec()));
        let inputs = [Some(&input), Some(&shape)];
        Ok(Reshape { allow_zero: false }.infer(Inputs::new(&inputs))?.remove(0).shape)
    }

    #[test]
    fn zero_copies_and_minus_one_is_inferred() {
        assert_eq!(reshape(&[2, 3, 4], &[0, -1]).unwrap(), [2, 12]);
        assert!(reshape(&[2, 3], &[-1, -1]).is_err());
        assert!(reshape(&[2, 3], &[4, -1]).is_err());
        assert!(reshape(&[2, 3], &[0, 0, 0]).is_err());
    }
}
