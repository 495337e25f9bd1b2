//! Stored integers and the floats that they stand for (rules A1, A11 and A12).

use crate::base::arithmetic::{Rounding, dequantize, saturate};
use crate::base::error::{Error, Result, codes};
use crate::base::tensor::Tensor;
use crate::model::qgraph::{QValue, Scale, Width};

/// The integers of a value as a tensor of its shape and width.
///
/// # Errors
/// [`codes::SHAPE`] for another number of integers, [`codes::INTERNAL`] for one that does not fit
/// and for a value that is not quantized.
pub fn to_tensor(value: &QValue, q: Vec<i64>) -> Result<Tensor> {
    let (width, _) = value.integer().ok_or_else(|| {
        Error::new(&codes::INTERNAL, format!("\"{}\" is not quantized", value.name))
    })?;
    store(width, &value.shape, q)
}

/// Integers in the width of their value; every one must fit.
pub fn store(width: Width, shape: &[usize], q: Vec<i64>) -> Result<Tensor> {
    match width {
        Width::I8 => Tensor::new(shape, narrow::<i8>(q)?),
        Width::I16 => Tensor::new(shape, narrow::<i16>(q)?),
        Width::I32 => Tensor::new(shape, narrow::<i32>(q)?),
    }
}

fn narrow<T: TryFrom<i64>>(q: Vec<i64>) -> Result<Vec<T>> {
    q.into_iter()
        .map(|q| T::try_from(q).map_err(|_| Error::new(&codes::INTERNAL, format!("{q} is wide"))))
        .collect()
}

/// The channel of every element: dimension 1 of a row-major tensor.
pub fn channel_of(value: &QValue) -> impl Fn(usize) -> usize {
    let plane: usize = value.shape.iter().skip(2).product();
    let channels = value.channels();
    move |index| index / plane % channels
}

/// Rule A11 for every element, by the rounding of the graph; a float value stays as it is.
///
/// # Errors
/// [`codes::ACTIVATION_NON_FINITE`].
pub fn to_stored(rounding: Rounding, value: &QValue, tensor: &Tensor) -> Result<Tensor> {
    let Some((width, scales)) = value.integer() else { return Ok(tensor.clone()) };
    let channel = channel_of(value);
    let numbers = tensor.values::<f32>()?;
    let mut q = Vec::with_capacity(numbers.len());
    for (index, &number) in numbers.iter().enumerate() {
        if !number.is_finite() {
            return Err(Error::new(
                &codes::ACTIVATION_NON_FINITE,
                format!("\"{}\" holds {number} and cannot be quantized", value.name),
            ));
        }
        let Scale { exponent, zero } = scales[channel(index)];
        let number = rounding.quantize(number.into(), exponent.into(), zero.into());
        q.push(saturate(number, width.bits()));
    }
    store(width, &value.shape, q)
}

/// Rule A12 for every element; a float value stays as it is.
///
/// # Errors
/// [`codes::SHAPE`] when the tensor holds no integers.
pub fn to_float(value: &QValue, tensor: &Tensor) -> Result<Tensor> {
    let Some((_, scales)) = value.integer() else { return Ok(tensor.clone()) };
    let channel = channel_of(value);
    let floats = tensor.to_i64s()?.into_iter().enumerate().map(|(index, q)| {
        let Scale { exponent, zero } = scales[channel(index)];
        dequantize(q, exponent.into(), zero.into())
    });
    Tensor::new(&value.shape, floats.collect::<Vec<f32>>())
}
