//! The filters of a convolution under the scales of what it reads.

use crate::base::error::Result;
use crate::base::tensor::Tensor;
use crate::frontend::ops::activation::Activation;
use crate::frontend::ops::epilogue::Epilogue;

/// Largest stored weight. The least is -127 too, so that two products fit one DSP slice, or -128.
pub const LARGEST: f64 = 127.0;

/// The weights of each output channel times 2^e of the channels that they read.
pub fn folded_filters(weight: &Tensor, group: usize, inputs: &[i32]) -> Result<Vec<Vec<f64>>> {
    let (outputs, group_inputs) = (weight.shape()[0], weight.shape()[1].max(1));
    let taps = (weight.len() / outputs.max(1)).max(1);
    let per_group = (outputs / group.max(1)).max(1);
    let filters = weight.values::<f32>()?.chunks(taps).enumerate();
    let folded = filters.map(|(output, filter)| {
        let first = output / per_group * group_inputs;
        let windows = filter.chunks((taps / group_inputs).max(1)).zip(&inputs[first..]);
        windows
            .flat_map(|(window, &exponent)| {
                window.iter().map(move |&w| f64::from(w) * 2f64.powi(exponent))
            })
            .collect()
    });
    Ok(folded.collect())
}

/// The finest accumulator exponent at which every weight of a filter lies in `least` to
/// [`LARGEST`].
pub fn plain_exponent(filter: &[f64], least: f64) -> i32 {
    let share = |weight: &f64| (weight / (LARGEST + 0.5)).max(weight / (least - 0.5));
    filter.iter().map(share).fold(0.0, f64::max).log2().ceil().max(-100.0) as i32
}

/// Whether the output stage is rule A5 instead of A6.
pub fn is_direct(epilogue: Epilogue) -> bool {
    epilogue.residual.is_none()
        && epilogue.activation.is_none_or(|activation| activation == Activation::Relu)
}
