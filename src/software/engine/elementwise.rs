//! Additions and changes of scale on carried tensors (`q - z`).

use super::limits;
use crate::base::arithmetic::Rounding;
use crate::base::error::{Error, Result, codes};
use crate::base::tensor::Tensor;
use crate::model::qgraph::{QValue, Scale};

type Carried<'a> = (&'a QValue, &'a Tensor);

/// Rule A8.
pub fn add(rounding: Rounding, inputs: [Carried<'_>; 2], output: &QValue) -> Result<Vec<Tensor>> {
    combine(inputs, output, |exponents, out| {
        let least = exponents[0].min(exponents[1]);
        let shift = out - least;
        let [a, b] = exponents.map(|exponent| exponent - least);
        move |x, y| rounding.shift((x << a) + (y << b), shift)
    })
}

/// Rule A13, addition.
pub fn dpu_add(
    rounding: Rounding,
    inputs: [Carried<'_>; 2],
    output: &QValue,
) -> Result<Vec<Tensor>> {
    combine(inputs, output, |exponents, out| {
        let positions = exponents.map(|exponent| -exponent);
        let least = positions[0].min(positions[1]);
        // floor(x * 2^n) is a shift for either sign of n.
        let scale = move |x: i64, position: i32| match 7 - (position - least) {
            left @ 0.. => x << left,
            right => x >> -right,
        };
        let shift = least + out + 7;
        move |x, y| rounding.shift(scale(x, positions[0]) + scale(y, positions[1]), shift)
    })
}

/// The same numbers under another scale.
pub fn rescale(rounding: Rounding, input: Carried<'_>, output: &QValue) -> Result<Vec<Tensor>> {
    combine([input, input], output, |exponents, out| {
        let shift = out - exponents[0];
        move |x, _| rounding.shift(x, shift)
    })
}

/// Applies a function of two integers, made per channel from the exponents, and saturates.
fn combine<F: Fn(i64, i64) -> i64>(
    inputs: [Carried<'_>; 2],
    output: &QValue,
    function: impl Fn([i32; 2], i32) -> F,
) -> Result<Vec<Tensor>> {
    let scales = |value: &QValue| -> Result<Vec<Scale>> {
        let integer = value.integer().map(|(_, scales)| scales.to_vec());
        integer.ok_or_else(|| {
            Error::new(&codes::INTERNAL, format!("\"{}\" is not quantized", value.name))
        })
    };
    let own = [scales(inputs[0].0)?, scales(inputs[1].0)?];
    let target = scales(output)?;
    let Some((width, _)) = output.integer() else { return Ok(Vec::new()) };
    let [a, b] = [inputs[0].1.values::<f32>()?, inputs[1].1.values::<f32>()?];
    let plane: usize = output.shape.iter().skip(2).product();
    let mut data = vec![0f32; output.len()];
    for (index, chunk) in data.chunks_mut(plane.max(1)).enumerate() {
        let channel = index % target.len();
        let exponents = [&own[0], &own[1]].map(|scales| scales[channel].exponent.into());
        let f = function(exponents, target[channel].exponent.into());
        let (low, high) = limits(width, target[channel]);
        let from = index * plane;
        for (at, out) in chunk.iter_mut().enumerate() {
            let y = f(a[from + at] as i64, b[from + at] as i64);
            *out = y.clamp(low as i64, high as i64) as f32;
        }
    }
    Ok(vec![Tensor::new(&output.shape, data)?])
}
