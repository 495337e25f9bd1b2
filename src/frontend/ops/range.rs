//! Numbers in equal steps.
//!
//! ONNX: Range (opset 11 on).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::number::{Number, for_number};
use super::{Fact, Inputs, Operand, Operator};
use crate::base::error::{Error, Result, codes};
use crate::frontend::onnx::Node;
use crate::base::tensor::{MAX_ELEMENTS, Tensor};

/// See the module. Inputs: start, limit, step; all constant scalars of one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Range;

impl Operator for Range {
    const ONNX: &'static [&'static str] = &["Range"];
    const LIMITS: &'static str = "All three inputs must be known at conversion time.";

    fn parse(_node: &Node, _opset: i64) -> Result<Self> {
        Ok(Self)
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        range(inputs).map(|value| vec![Fact::from(value)])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        range(inputs).map(|value| vec![value])
    }
}

fn range<I: Operand>(inputs: Inputs<'_, I>) -> Result<Tensor> {
    let dtype = inputs.same_dtype()?;
    let float = !dtype.is_integer();
    for_number!(dtype, T => {
        let scalar = |position: usize| -> Result<T> {
            let value = inputs.required(position)?.value()?;
            match value.values::<T>()? {
                [value] => Ok(*value),
                _ => Err(Error::new(
                    &codes::SHAPE,
                    format!("input {position} has shape {:?}, not a scalar", value.shape()),
                )),
            }
        };
        let (start, limit, step) = (scalar(0)?, scalar(1)?, scalar(2)?);
        let count = if float {
            ((limit.to_f64() - start.to_f64()) / step.to_f64()).ceil().max(0.0)
        } else {
            steps(start.to_i128(), limit.to_i128(), step.to_i128())
        };
        if count.is_nan() || count > MAX_ELEMENTS as f64 {
            return Err(Error::new(
                &codes::SHAPE,
                format!("a range from {start:?} to {limit:?} in steps of {step:?}"),
            ));
        }
        let values = (0..count as usize).map(|index| {
            if float {
                T::from_f64(start.to_f64() + index as f64 * step.to_f64())
            } else {
                start.plus(step.times(T::from_f64(index as f64)))
            }
        });
        Ok(Tensor::vector(values.collect()))
    })
}

/// Number of values in an integer range; NaN for a step of 0.
fn steps(start: i128, limit: i128, step: i128) -> f64 {
    if step == 0 {
        return f64::NAN;
    }
    let (span, step) = if step < 0 { (start - limit, -step) } else { (limit - start, step) };
    if span <= 0 { 0.0 } else { ((span - 1) / step + 1) as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_stop_before_their_limit() {
        let of = |values: [i64; 3]| {
            let [a, b, c] = values.map(Tensor::scalar);
            range(Inputs::new(&[Some(&a), Some(&b), Some(&c)]))
                .map(|range| range.to_i64s().unwrap())
        };
        assert_eq!(of([10, 4, -3]).unwrap(), [10, 7]);
        assert_eq!(of([0, 5, 2]).unwrap(), [0, 2, 4]);
        assert!(of([5, 0, 2]).unwrap().is_empty());
        assert!(of([0, 5, 0]).is_err());
        assert!(of([i64::MIN, i64::MAX, 1]).is_err());
        assert_eq!(of([i64::MIN, i64::MAX, i64::MAX]).unwrap(), [i64::MIN, -1, i64::MAX - 1]);
        let [a, b, c] = [1f32, 2.0, 0.25].map(Tensor::scalar);
        let floats = range(Inputs::new(&[Some(&a), Some(&b), Some(&c)])).unwrap();
        assert_eq!(floats.values::<f32>().unwrap(), [1.0, 1.25, 1.5, 1.75]);
    }
}
