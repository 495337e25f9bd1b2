//! Numbers to integers under a scale and a zero point.
//!
//! ONNX: QuantizeLinear (opset 10 on); scales per tensor or per axis, no blocks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::inputs::axis;
use super::{Fact, Inputs, Operand, Operator};
use crate::base::error::{Error, Result, codes};
use crate::frontend::onnx::{Attributes, Node, bad, dtype, elem_type};
use crate::base::tensor::{DType, Tensor};

/// See the module. Inputs: data, scale, optional zero point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QuantizeLinear {
    /// Axis of a scale per slice; negative counts from the end.
    pub axis: i64,
    /// Element type when there is no zero point; `None` means u8.
    pub to: Option<DType>,
}

impl Operator for QuantizeLinear {
    const ONNX: &'static [&'static str] = &["QuantizeLinear"];

    fn parse(node: &Node, _opset: i64) -> Result<Self> {
        let to = match node.attributes.int("output_dtype")? {
            None | Some(0) => None,
            Some(code) => {
                let known = i32::try_from(code).ok().and_then(|code| dtype(code).ok());
                Some(known.ok_or_else(|| bad("output_dtype", &format!("is {code}")))?)
            }
        };
        Ok(Self { axis: parse_axis(node)?, to })
    }

    fn attributes(&self) -> Attributes {
        let attributes = Attributes::default().with("axis", self.axis);
        match self.to {
            Some(to) => attributes.with("output_dtype", i64::from(elem_type(to))),
            None => attributes,
        }
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        let data = inputs.required(0)?;
        if data.dtype != DType::F32 {
            return Err(Error::new(&codes::SHAPE, format!("quantization of {}", data.dtype)));
        }
        slices(inputs, self.axis)?;
        let dtype = inputs.get(2).map_or(self.to.unwrap_or(DType::U8), |zero| zero.dtype);
        limits(dtype)?;
        Ok(vec![Fact::new(dtype, data.shape.clone())])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        let (count, inner) = slices(inputs, self.axis)?;
        let data = inputs.required(0)?;
        let scales = inputs.required(1)?.values::<f32>()?;
        let zeros = inputs.get(2).map(Tensor::to_i64s).transpose()?;
        let dtype = inputs.get(2).map_or(self.to.unwrap_or(DType::U8), Tensor::dtype);
        let (least, largest) = limits(dtype)?;
        let quantize = |(index, &value): (usize, &f32)| {
            let slice = index / inner % count;
            let zero = zeros.as_ref().map_or(0, |zeros| zeros[slice]);
            let steps = (value / scales[slice]).round_ties_even();
            // A cast of a float saturates, so that the sum cannot overflow; NaN becomes 0.
            ((steps as i32 as i64) + zero).clamp(least, largest)
        };
        let values = data.values::<f32>()?.iter().enumerate().map(quantize);
        macro_rules! collect {
            ($($dtype:ident: $type:ty),*) => {
                match dtype {
                    $(DType::$dtype => {
                        Tensor::new(data.shape(), values.map(|value| value as $type).collect())
                    })*
                    other => Err(Error::new(&codes::SHAPE, format!("quantization to {other}"))),
                }
            };
        }
        Ok(vec![collect!(I8: i8, U8: u8, I16: i16, U16: u16, I32: i32)?])
    }
}

/// The attribute `axis`; blocks are refused.
pub(super) fn parse_axis(node: &Node) -> Result<i64> {
    match node.attributes.int("block_size")? {
        None | Some(0) => Ok(node.attributes.int("axis")?.unwrap_or(1)),
        Some(size) => Err(bad("block_size", &format!("is {size}; blocks are not supported"))),
    }
}

/// Number of scales and elements from one slice to the next; a single scale is one slice.
///
/// # Errors
/// [`codes::SHAPE`] when scale or zero point do not fit the data.
pub(super) fn slices<T: Operand>(inputs: Inputs<'_, T>, along: i64) -> Result<(usize, usize)> {
    let (data, scale) = (inputs.required(0)?, inputs.required(1)?);
    let count: usize = scale.shape().iter().product();
    let wrong = |what: &str, shape: &[usize]| {
        Error::new(&codes::SHAPE, format!("{what} of shape {shape:?} for {:?}", data.shape()))
    };
    if scale.dtype() != DType::F32 {
        return Err(Error::new(&codes::SHAPE, format!("a scale of {}", scale.dtype())));
    }
    if let Some(zero) = inputs.get(2)
        && (zero.shape().iter().product::<usize>() != count || !zero.dtype().is_integer())
    {
        return Err(wrong("a zero point", zero.shape()));
    }
    if count == 1 {
        return Ok((1, data.shape().iter().product::<usize>().max(1)));
    }
    let along = axis(along, data.shape().len())?;
    if scale.shape().len() != 1 || data.shape()[along] != count || count == 0 {
        return Err(wrong("a scale", scale.shape()));
    }
    Ok((count, data.shape()[along + 1..].iter().product::<usize>().max(1)))
}

/// Least and largest integer of a type that holds quantized numbers.
///
/// # Errors
/// [`codes::SHAPE`] for other types.
pub fn limits(dtype: DType) -> Result<(i64, i64)> {
    Ok(match dtype {
        DType::I8 => (i8::MIN.into(), i8::MAX.into()),
        DType::U8 => (0, u8::MAX.into()),
        DType::I16 => (i16::MIN.into(), i16::MAX.into()),
        DType::U16 => (0, u16::MAX.into()),
        DType::I32 => (i32::MIN.into(), i32::MAX.into()),
        other => return Err(Error::new(&codes::SHAPE, format!("quantization to {other}"))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frontend::ops::dequantize_linear::DequantizeLinear;

    #[test]
    fn halves_go_to_the_even_integer_and_ends_saturate() {
        let data = Tensor::vector(vec![0.5f32, 1.5, -0.5, -2.5, 1e9, -1e9]);
        let (scale, zero) = (Tensor::scalar(1f32), Tensor::scalar(0i8));
        let op = QuantizeLinear { axis: 1, to: None };
        let output = op.eval(Inputs::new(&[Some(&data), Some(&scale), Some(&zero)])).unwrap();
        assert_eq!(output[0].values::<i8>().unwrap(), [0, 2, 0, -2, 127, -128]);
        let output = op.eval(Inputs::new(&[Some(&data), Some(&scale)])).unwrap();
        assert_eq!(output[0].values::<u8>().unwrap(), [0, 2, 0, 0, 255, 0]);
    }

    #[test]
    fn scales_per_axis_are_undone() {
        let codes: Vec<i8> = (-12..12).collect();
        let data = Tensor::new(&[2, 3, 4], codes.clone()).unwrap();
        let scale = Tensor::vector(vec![0.5f32, 2.0, 0.125]);
        let zero = Tensor::vector(vec![3i8, -100, 0]);
        let with = |data: &Tensor| [data.clone(), scale.clone(), zero.clone()];
        let real = with(&data);
        let real = DequantizeLinear { axis: 1 }
            .eval(Inputs::new(&real.each_ref().map(Some)))
            .unwrap()
            .remove(0);
        assert_eq!(real.values::<f32>().unwrap()[4], (-8.0 + 100.0) * 2.0);
        let back = QuantizeLinear { axis: -2, to: None };
        let inputs = with(&real);
        let codes_again = back.eval(Inputs::new(&inputs.each_ref().map(Some))).unwrap();
        assert_eq!(codes_again[0].values::<i8>().unwrap(), codes);
    }

    #[test]
    fn a_scale_of_another_length_is_refused() {
        let fact = Fact::new(DType::F32, [1, 3, 2, 2]);
        let scale = Fact::new(DType::F32, [2]);
        let op = QuantizeLinear { axis: 1, to: None };
        assert!(op.infer(Inputs::new(&[Some(&fact), Some(&scale)])).is_err());
    }
}
