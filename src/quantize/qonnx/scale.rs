//! Scales and zero points as QuantizeLinear and DequantizeLinear give them, as rule A1 has them.

use std::ops::RangeInclusive;

use crate::base::error::{Error, Result, codes};
use crate::base::tensor::{DType, Tensor};
use crate::model::qgraph::{Scale, Width};

/// What one QuantizeLinear or DequantizeLinear says about its integers.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantization {
    /// Width of the integers.
    pub width: Width,
    /// Taken off a stored integer, so that unsigned ones become signed: 0, 128 or 32,768.
    pub offset: i64,
    /// One scale, or one per slice along the axis.
    pub scales: Vec<Scale>,
    /// The axis; negative counts from the end. Says nothing where there is one scale.
    pub axis: i64,
}

impl Quantization {
    /// Reads scale and zero point; `name` is the tensor that errors name.
    ///
    /// # Errors
    /// [`codes::SCALE_NOT_POWER`], or [`codes::QUANTIZED_FORM`] for another element type or a
    /// zero point outside of int8.
    pub fn new(
        name: &str,
        dtype: DType,
        scale: &Tensor,
        zero: Option<&Tensor>,
        axis: i64,
    ) -> Result<Self> {
        let (width, offset) = match dtype {
            DType::I8 => (Width::I8, 0),
            DType::U8 => (Width::I8, 128),
            DType::I16 => (Width::I16, 0),
            DType::U16 => (Width::I16, 32_768),
            DType::I32 => (Width::I32, 0),
            other => return Err(form(format!("\"{name}\" is stored as {other}"))),
        };
        let zeros = zero.map(Tensor::to_i64s).transpose()?;
        let scales = scale
            .values::<f32>()?
            .iter()
            .enumerate()
            .map(|(index, &step)| {
                let exponent = exponent(step).ok_or_else(|| {
                    Error::new(
                        &codes::SCALE_NOT_POWER,
                        format!(
                            "the scale {step:e} of tensor \"{name}\" is not a power of two from 2^{} to 2^{}",
                            CONSTANT.start(),
                            CONSTANT.end()
                        ),
                    )
                })?;
                let zero = zeros.as_ref().and_then(|zeros| zeros.get(index)).copied().unwrap_or(0);
                let zero = i8::try_from(zero - offset).map_err(|_| {
                    form(format!("the zero point {zero} of tensor \"{name}\" is outside of int8"))
                })?;
                Ok(Scale { exponent, zero })
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(Self { width, offset, scales, axis })
    }

    /// One scale per channel of a tensor of `shape`; `None` when the scales run along another
    /// axis than the channels.
    pub fn per_channel(&self, shape: &[usize]) -> Option<Vec<Scale>> {
        let channels = shape.get(1).copied().unwrap_or(1);
        match &self.scales[..] {
            &[scale] => Some(vec![scale; channels]),
            scales => {
                let axis = if self.axis < 0 { self.axis + shape.len() as i64 } else { self.axis };
                (axis == 1 && scales.len() == channels).then(|| scales.to_vec())
            }
        }
    }
}

/// The one scale of a list, if all entries agree.
pub fn uniform(scales: &[Scale]) -> Option<Scale> {
    let first = *scales.first()?;
    scales.iter().all(|&scale| scale == first).then_some(first)
}

/// Exponents of tensors, by rule A1.
pub const TENSOR: RangeInclusive<i32> = -32..=31;

/// Exponents of constants: weights that an output's shift makes small again, biases at the product of two scales.
const CONSTANT: RangeInclusive<i32> = -64..=62;

/// `e` with `2^e = step`, in the range of constants.
fn exponent(step: f32) -> Option<i8> {
    let mantissa = step.to_bits() & 0x007f_ffff;
    if !step.is_normal() || step < 0.0 || mantissa != 0 {
        return None;
    }
    let exponent = (step.to_bits() >> 23) as i32 - 127;
    CONSTANT.contains(&exponent).then(|| i8::try_from(exponent).ok())?
}

/// A form of quantization that has no integer rule.
pub fn form(message: String) -> Error {
    Error::new(&codes::QUANTIZED_FORM, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_powers_of_two_have_an_exponent() {
        for power in -64..=62 {
            assert_eq!(exponent(2f32.powi(power)), Some(power as i8));
        }
        let others = [0.0, -0.5, 0.3, f32::NAN, f32::INFINITY, 2f32.powi(63), 2f32.powi(-65)];
        assert!(others.into_iter().all(|step| exponent(step).is_none()));
    }

    #[test]
    fn unsigned_integers_become_signed() {
        let (scale, zero) = (Tensor::scalar(0.25f32), Tensor::scalar(130u8));
        let read = Quantization::new("x", DType::U8, &scale, Some(&zero), 1).unwrap();
        assert_eq!((read.offset, read.scales), (128, vec![Scale { exponent: -2, zero: 2 }]));
        let read = Quantization::new("x", DType::U8, &scale, None, 1).unwrap();
        assert_eq!(read.scales[0].zero, -128);
    }

    #[test]
    fn the_tensor_of_a_free_scale_is_named() {
        let error =
            Quantization::new("act_7", DType::I8, &Tensor::scalar(0.3f32), None, 1).unwrap_err();
        assert_eq!(error.code().id, "SG0505");
        assert!(error.message().contains("act_7"));
    }
}
