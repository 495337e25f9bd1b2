//! Powers.
//!
//! ONNX: Pow (opset 7 on); base and exponent broadcast and may differ in type, the result has the
//! type of the base. Integers with a non-negative integer exponent wrap.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::binary::{broadcast, zip};
use super::cast::cast;
use super::{Fact, Inputs, Operator, not_numbers};
use crate::base::error::{Error, Result, codes};
use crate::frontend::onnx::Node;
use crate::base::tensor::{DType, Tensor, element_count};

/// See the module. Inputs: base, exponent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pow;

impl Operator for Pow {
    const ONNX: &'static [&'static str] = &["Pow"];
    const LIMITS: &'static str = "Bases f32, i32 and i64; exponents of any type but bool.";

    fn parse(_node: &Node, _opset: i64) -> Result<Self> {
        Ok(Self)
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        let (base, exponent) = (inputs.required(0)?, inputs.required(1)?);
        match (base.dtype, exponent.dtype) {
            (DType::Bool, _) | (_, DType::Bool) => return Err(not_numbers()),
            (DType::F32 | DType::I32 | DType::I64, _) => {}
            (dtype, _) => return Err(Error::new(&codes::SHAPE, format!("powers of {dtype}"))),
        }
        let shape = broadcast(&base.shape, &exponent.shape)?;
        element_count(&shape)?;
        Ok(vec![Fact::new(base.dtype, shape)])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        let (base, exponent) = (inputs.required(0)?, inputs.required(1)?);
        let output = match (base.dtype(), exponent.dtype()) {
            (DType::F32, _) => zip(base, &cast(exponent, DType::F32)?, float)?,
            (dtype, DType::F32) => {
                cast(&zip(&cast(base, DType::F32)?, exponent, float)?, dtype)?
            }
            (dtype, _) => {
                let power = zip(&cast(base, DType::I64)?, &cast(exponent, DType::I64)?, integer)?;
                cast(&power, dtype)?
            }
        };
        Ok(vec![output])
    }
}

fn float(base: f32, exponent: f32) -> f32 {
    f64::from(base).powf(exponent.into()) as f32
}

fn integer(base: i64, exponent: i64) -> i64 {
    match u32::try_from(exponent) {
        Ok(exponent) => base.wrapping_pow(exponent),
        // Only 1 and -1 have whole inverses, and only they stay small under huge exponents.
        Err(_) => (base as f64).powf(exponent as f64) as i64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_result_has_the_type_of_the_base() {
        let base = Tensor::vector(vec![2i32, -3, 1]);
        let exponent = Tensor::vector(vec![3i64, 3, -1]);
        let output = Pow.eval(Inputs::new(&[Some(&base), Some(&exponent)])).unwrap();
        assert_eq!(output[0], Tensor::vector(vec![8i32, -27, 1]));
        let exponent = Tensor::scalar(0.5f32);
        let base = Tensor::vector(vec![4i32, 9]);
        let output = Pow.eval(Inputs::new(&[Some(&base), Some(&exponent)])).unwrap();
        assert_eq!(output[0], Tensor::vector(vec![2i32, 3]));
    }
}
