//! Values that cross the engine's edge: floats, and `q - z` in single precision, to bytes and back.

use super::kernels::Kernels;
use super::layout::{Layout, byte};
use crate::base::arithmetic::{Rounding, power};
use crate::base::error::{Error, Result, codes};
use crate::base::tensor::Tensor;
use crate::model::qgraph::{QValue, Scale, Width};

use rayon::prelude::*;

/// Numbers that are looked at together.
const PART: usize = 1 << 15;

/// Runs `f` on every channel: the scale and the elements of one plane.
fn by_channel(shape: &[usize], scales: &[Scale], data: &mut [f32], f: impl Fn(Scale, &mut [f32])) {
    let plane: usize = shape.iter().skip(2).product();
    for (index, chunk) in data.chunks_mut(plane.max(1)).enumerate() {
        f(scales[index % scales.len()], chunk);
    }
}

/// Smallest and largest `q - z` of a channel.
pub fn limits(width: Width, scale: Scale) -> (f32, f32) {
    let half = power(width.bits() as i32 - 1);
    let zero = f64::from(scale.zero);
    ((-half - zero) as f32, (half - 1.0 - zero) as f32)
}

/// Rule A11 for the elements of a float tensor, by the rounding of the graph, as they are carried; a float
/// value stays as it is.
///
/// # Errors
/// [`codes::ACTIVATION_NON_FINITE`].
pub fn carry(rounding: Rounding, value: &QValue, tensor: Tensor) -> Result<Tensor> {
    let Some((width, scales)) = value.integer() else { return Ok(tensor) };
    let mut data = tensor.values::<f32>()?.to_vec();
    check_finite(value, &data)?;
    by_channel(&value.shape, scales, &mut data, |scale, plane| {
        let (low, high) = limits(width, scale);
        let step = power(-i32::from(scale.exponent));
        for number in plane {
            let steps = rounding.whole(f64::from(*number) * step);
            *number = steps.clamp(low.into(), high.into()) as f32;
        }
    });
    Tensor::new(&value.shape, data)
}

fn check_finite(value: &QValue, data: &[f32]) -> Result<()> {
    // A sum over bits instead of a search that ends early: compilers make vectors of it.
    let wrong = |part: &[f32]| part.iter().fold(false, |wrong, x| wrong | !x.is_finite());
    if data.par_chunks(PART).any(wrong) {
        let message = format!("\"{}\" holds NaN or infinity", value.name);
        return Err(Error::new(&codes::ACTIVATION_NON_FINITE, message));
    }
    Ok(())
}

/// Rule A12 for the elements of a carried tensor; a float value stays as it is.
pub fn dequantized(value: &QValue, tensor: &Tensor) -> Result<Tensor> {
    let Some((_, scales)) = value.integer() else { return Ok(tensor.clone()) };
    let plane: usize = value.shape.iter().skip(2).product();
    let mut data = Vec::with_capacity(value.len());
    for (index, plane) in tensor.values::<f32>()?.chunks(plane.max(1)).enumerate() {
        let step = power(scales[index % scales.len()].exponent.into()) as f32;
        data.extend(plane.iter().map(|number| number * step));
    }
    Tensor::new(&value.shape, data)
}

/// Rule A11 for the elements of a float tensor, into bytes.
///
/// # Errors
/// [`codes::ACTIVATION_NON_FINITE`].
pub fn quantize(
    rounding: Rounding,
    value: &QValue,
    layout: &Layout,
    tensor: &Tensor,
    bytes: &mut [u8],
) -> Result<()> {
    let data = tensor.values::<f32>()?;
    check_finite(value, data)?;
    let kernels = Kernels::best();
    let scales = value.integer().map(|(_, scales)| scales).unwrap_or_default();
    scatter(kernels, layout, data, bytes, |channel, from, to| {
        let scale = scales[channel];
        let (step, zero) = (power(-i32::from(scale.exponent)), i32::from(scale.zero));
        // Numbers in single precision are multiplied without rounding by such steps, but for those that become 0
        // either way.
        if rounding == Rounding::HalfUp && (power(-40)..=power(40)).contains(&step) {
            return kernels.quantize(from, step as f32, zero, to);
        }
        for (to, &number) in to.iter_mut().zip(from) {
            let steps = rounding.whole(f64::from(number) * step);
            *to = byte(((steps as i64).saturating_add(zero.into())).clamp(-128, 127));
        }
    });
    Ok(())
}

/// Bytes of numbers as they are carried (`q - z`).
pub fn enter(value: &QValue, layout: &Layout, tensor: &Tensor, bytes: &mut [u8]) -> Result<()> {
    let scales = value.integer().map(|(_, scales)| scales).unwrap_or_default();
    scatter(Kernels::best(), layout, tensor.values::<f32>()?, bytes, |channel, from, to| {
        let zero = i32::from(scales[channel].zero) + 128;
        to.iter_mut().zip(from).for_each(|(to, &x)| *to = (x as i32 + zero) as u8);
    });
    Ok(())
}

/// The numbers of bytes as they are carried: `q - z` in single precision.
pub fn carried(value: &QValue, layout: &Layout, bytes: &[u8]) -> Result<Tensor> {
    let scales = value.integer().map(|(_, scales)| scales).unwrap_or_default();
    gather(value, layout, bytes, |channel| (1.0, f32::from(scales[channel].zero) + 128.0))
}

/// The real numbers that bytes stand for.
pub fn real(value: &QValue, layout: &Layout, bytes: &[u8]) -> Result<Tensor> {
    let scales = value.integer().map(|(_, scales)| scales).unwrap_or_default();
    gather(value, layout, bytes, |channel| {
        let scale = scales[channel];
        (power(scale.exponent.into()) as f32, f32::from(scale.zero) + 128.0)
    })
}

/// Converts rows of channels that lie one behind the other, and puts them where channels are innermost.
fn scatter(
    kernels: Kernels,
    layout: &Layout,
    data: &[f32],
    bytes: &mut [u8],
    convert: impl Fn(usize, &[f32], &mut [u8]) + Sync,
) {
    let Layout { channels, rows, columns, .. } = *layout;
    let lines = bytes[..layout.bytes()].par_chunks_mut(layout.line()).enumerate();
    lines.for_each_init(
        || vec![0u8; channels * columns],
        |converted, (line, to)| {
            let Some((image, row)) = layout.row_of(line) else { return };
            for (channel, converted) in converted.chunks_exact_mut(columns).enumerate() {
                let from = ((image * channels + channel) * rows + row) * columns;
                convert(channel, &data[from..from + columns], converted);
            }
            let first = layout.border.left * channels;
            kernels.interleave(converted, channels, &mut to[first..first + columns * channels]);
        },
    );
}

/// `(byte - zero) * step` by channel, with channels one behind the other.
fn gather(
    value: &QValue,
    layout: &Layout,
    bytes: &[u8],
    step_and_zero: impl Fn(usize) -> (f32, f32),
) -> Result<Tensor> {
    let Layout { images, channels, rows, columns, .. } = *layout;
    let mut data = vec![0f32; value.len()];
    for image in 0..images {
        for row in 0..rows {
            let first = layout.row(image, row);
            let line = &bytes[first..first + columns * channels];
            for channel in 0..channels {
                let (step, zero) = step_and_zero(channel);
                let to = ((image * channels + channel) * rows + row) * columns;
                let from = line[channel..].iter().step_by(channels);
                let to = data[to..to + columns].iter_mut();
                to.zip(from).for_each(|(to, &own)| *to = (f32::from(own) - zero) * step);
            }
        }
    }
    Tensor::new(&value.shape, data)
}
