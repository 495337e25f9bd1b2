//! Convolutions of one input and one output channel per group, as loops over rows.
//!
//! Each input plane is copied into a padded buffer whose rows are split by the stride: the
//! elements that one tap reads for successive outputs then lie side by side, and every loop runs
//! over contiguous memory.

use std::cell::RefCell;

use pulp::Arch;
use rayon::prelude::*;

use super::Problem;
use crate::ops::window::Axis;

thread_local! {
    static PADDED: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Whether the padded rows are not much larger than the planes themselves; absurd pads, strides
/// and dilations are left to the dense path, which needs no padding.
pub(super) fn is_worthwhile(problem: &Problem<'_>) -> bool {
    let row = Split::new(&problem.columns).row();
    let planes = problem.plane().max(problem.pixels()).saturating_add(4096);
    problem.columns.kernel > 0 && problem.rows.input.saturating_mul(row) / 8 <= planes
}

/// Fills `output`, of `batch * group * pixels` elements.
pub(super) fn run(problem: &Problem<'_>, output: &mut [f32]) {
    let pixels = problem.pixels();
    if pixels == 0 {
        return;
    }
    output.par_chunks_exact_mut(pixels).enumerate().for_each(|(index, output)| {
        PADDED.with_borrow_mut(|buffer| {
            let plane = &problem.data[index * problem.plane()..][..problem.plane()];
            let channel = index % problem.group;
            let taps = problem.rows.kernel * problem.columns.kernel;
            let weight = &problem.weight[channel * taps..][..taps];
            let bias = problem.bias.map_or(0.0, |bias| bias[channel]);
            let residual = problem.residual.map(|values| &values[index * pixels..][..pixels]);
            Arch::new().dispatch(
                #[inline(always)]
                || {
                    let split = Split::new(&problem.columns);
                    split.copy(plane, buffer);
                    convolve(problem, &split, buffer, weight, bias, output);
                },
            );
            problem.epilogue.apply(output, residual);
        });
    });
}

/// Layout of the padded rows: `stride` phases of `length` elements each.
struct Split<'a> {
    columns: &'a Axis,
    length: usize,
}

impl<'a> Split<'a> {
    #[inline(always)]
    fn new(columns: &'a Axis) -> Self {
        let reach = columns.kernel.saturating_sub(1) * columns.dilation / columns.stride;
        Self { columns, length: columns.output + reach }
    }

    /// Elements of one padded row.
    #[inline(always)]
    fn row(&self) -> usize {
        self.length.saturating_mul(self.columns.stride)
    }

    /// Where the elements of tap `tap` begin in a padded row.
    #[inline(always)]
    fn start(&self, tap: usize) -> usize {
        let offset = tap * self.columns.dilation;
        offset % self.columns.stride * self.length + offset / self.columns.stride
    }

    /// Splits the rows of `plane` into `buffer`.
    #[inline(always)]
    fn copy(&self, plane: &[f32], buffer: &mut Vec<f32>) {
        let Axis { input, stride, begin, .. } = *self.columns;
        buffer.clear();
        buffer.resize(plane.len() / input * self.row(), 0.0);
        for (source, target) in plane.chunks_exact(input).zip(buffer.chunks_exact_mut(self.row())) {
            for (phase, target) in target.chunks_exact_mut(self.length).enumerate() {
                // Element i of this phase is input element i * stride + phase - begin.
                let skipped = begin.saturating_sub(phase).div_ceil(stride);
                let first = (skipped * stride + phase).saturating_sub(begin);
                let (Some(target), Some(source)) = (target.get_mut(skipped..), source.get(first..))
                else {
                    continue;
                };
                if stride == 1 {
                    let count = target.len().min(source.len());
                    target[..count].copy_from_slice(&source[..count]);
                } else {
                    for (target, &value) in target.iter_mut().zip(source.iter().step_by(stride)) {
                        *target = value;
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn convolve(
    problem: &Problem<'_>,
    split: &Split<'_>,
    padded: &[f32],
    weight: &[f32],
    bias: f32,
    output: &mut [f32],
) {
    let rows = &problem.rows;
    output.fill(bias);
    for (row_tap, weight) in weight.chunks_exact(problem.columns.kernel).enumerate() {
        let (inside, first) = rows.inside(row_tap);
        for y in inside.clone() {
            let row = first + (y - inside.start) * rows.stride;
            let source = &padded[row * split.row()..][..split.row()];
            let target = &mut output[y * problem.columns.output..][..problem.columns.output];
            match weight.len() {
                3 => taps::<3>(target, source, split, weight),
                5 => taps::<5>(target, source, split, weight),
                7 => taps::<7>(target, source, split, weight),
                _ => {
                    for (tap, &weight) in weight.iter().enumerate() {
                        let source = &source[split.start(tap)..][..target.len()];
                        for (target, &value) in target.iter_mut().zip(source) {
                            *target += weight * value;
                        }
                    }
                }
            }
        }
    }
}

/// All `N` taps of one kernel row at once.
#[inline(always)]
fn taps<const N: usize>(target: &mut [f32], source: &[f32], split: &Split<'_>, weight: &[f32]) {
    let width = target.len();
    let sources: [&[f32]; N] = std::array::from_fn(|tap| &source[split.start(tap)..][..width]);
    let weights: [f32; N] = std::array::from_fn(|tap| weight[tap]);
    for x in 0..width {
        let mut sum = target[x];
        for tap in 0..N {
            sum += weights[tap] * sources[tap][x];
        }
        target[x] = sum;
    }
}
