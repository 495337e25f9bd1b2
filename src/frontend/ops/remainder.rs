//! Remainder of a division.
//!
//! ONNX: Mod (opset 10 on). The sign is that of the divisor, or with `fmod` that of the dividend,
//! which floats need.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::binary::{broadcast, zip};
use super::{Fact, Inputs, Operator, not_numbers};
use crate::base::error::{Error, Result, codes};
use crate::frontend::onnx::{Attributes, Node};
use crate::base::tensor::{DType, Element, Tensor, element_count};

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Remainder {
    /// Whether the sign follows the dividend.
    pub fmod: bool,
}

impl Operator for Remainder {
    const ONNX: &'static [&'static str] = &["Mod"];
    const LIMITS: &'static str = "All element types but bool.";

    fn parse(node: &Node, _opset: i64) -> Result<Self> {
        Ok(Self { fmod: node.attributes.flag("fmod", false)? })
    }

    fn attributes(&self) -> Attributes {
        Attributes::default().with("fmod", self.fmod)
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        let dtype = inputs.same_dtype()?;
        if dtype == DType::F32 && !self.fmod {
            return Err(Error::new(&codes::ONNX_ATTRIBUTE, "Mod of floats needs fmod = 1"));
        }
        if dtype == DType::Bool {
            return Err(not_numbers());
        }
        let shape = broadcast(&inputs.required(0)?.shape, &inputs.required(1)?.shape)?;
        element_count(&shape)?;
        Ok(vec![Fact::new(dtype, shape)])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        let (a, b) = (inputs.required(0)?, inputs.required(1)?);
        macro_rules! integers {
            ($($type:ty),*) => {
                match inputs.same_dtype()? {
                    DType::F32 => zip(a, b, |x: f32, y| x % y),
                    DType::Bool => Err(not_numbers()),
                    $(<$type as Element>::DTYPE => {
                        if b.values::<$type>()?.contains(&0) {
                            return Err(Error::new(&codes::SHAPE, "integer division by zero"));
                        }
                        zip(a, b, |x: $type, y| {
                            let (x, y) = (i128::from(x), i128::from(y));
                            let floor = if self.fmod { 0 } else { y };
                            let rest = x % y;
                            let differs = rest != 0 && (rest < 0) != (y < 0);
                            (if differs { rest + floor } else { rest }) as $type
                        })
                    })*
                }
            };
        }
        integers!(i64, i32, i16, i8, u64, u32, u16, u8).map(|output| vec![output])
    }
}
