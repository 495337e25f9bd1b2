//! Folding of sliding windows, one axis after the other; shared by the pools.
//!
//! Maxima and sums over a box are maxima and sums along each axis in turn, for any number of axes.

use std::borrow::Cow;

use rayon::prelude::*;

use super::window::Axis;
use super::{Inputs, Operand};
use crate::base::error::{Error, Result, codes};
use crate::base::tensor::element_count;

/// Batch and channels times the window along each spatial axis, and the output's shape.
pub(super) fn geometry<T: Operand>(
    inputs: Inputs<'_, T>,
    window: &super::window::Window,
    ceil: bool,
) -> Result<(Vec<usize>, Vec<Axis>)> {
    let shape = inputs.required(0)?.shape();
    if shape.len() < 3 {
        return Err(Error::new(&codes::SHAPE, format!("an input {shape:?} without spatial axes")));
    }
    let axes = window.axes(&window.kernel, &shape[2..], ceil)?;
    let mut output = shape[..2].to_vec();
    output.extend(axes.iter().map(|axis| axis.output));
    element_count(&output)?;
    Ok((output, axes))
}

/// Folds every window of `values` (`planes` times the inputs of `axes`) with `combine`.
///
/// # Errors
/// [`codes::TENSOR_SIZE`].
pub(super) fn fold<T: Copy + Send + Sync>(
    values: &[T],
    planes: usize,
    axes: &[Axis],
    start: T,
    combine: impl Fn(T, T) -> T + Sync,
) -> Result<Vec<T>> {
    let mut values = Cow::Borrowed(values);
    let mut outer = planes;
    for (index, axis) in axes.iter().enumerate() {
        let inner =
            element_count(&axes[index + 1..].iter().map(|axis| axis.input).collect::<Vec<_>>())?;
        values = Cow::Owned(fold_axis(&values, (outer, inner), axis, start, &combine)?);
        outer *= axis.output;
    }
    Ok(values.into_owned())
}

fn fold_axis<T: Copy + Send + Sync>(
    values: &[T],
    (outer, inner): (usize, usize),
    axis: &Axis,
    start: T,
    combine: &(impl Fn(T, T) -> T + Sync),
) -> Result<Vec<T>> {
    let mut output = vec![start; element_count(&[outer, axis.output, inner])?];
    let (source, target) = (axis.input * inner, axis.output * inner);
    if source == 0 || target == 0 {
        return Ok(output);
    }
    let taps: Vec<_> = (0..axis.kernel.min(axis.input + axis.begin + axis.end))
        .map(|tap| axis.inside(tap))
        .filter(|(outputs, _)| !outputs.is_empty())
        .collect();
    output.par_chunks_mut(target).zip(values.par_chunks(source)).with_min_len(16).for_each(
        |(target, source)| {
            for (outputs, first) in &taps {
                let target = &mut target[outputs.start * inner..outputs.end * inner];
                let source = &source[first * inner..];
                if axis.stride == 1 {
                    for (target, &value) in target.iter_mut().zip(source) {
                        *target = combine(*target, value);
                    }
                    continue;
                }
                let rows = source.chunks(inner).step_by(axis.stride);
                for (target, source) in target.chunks_exact_mut(inner).zip(rows) {
                    for (target, &value) in target.iter_mut().zip(source) {
                        *target = combine(*target, value);
                    }
                }
            }
        },
    );
    Ok(output)
}
