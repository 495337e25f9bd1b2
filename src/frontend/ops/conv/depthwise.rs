//! Convolutions of one input and one output channel per group, as loops over whole planes.
//!
//! Each input plane is copied into a padded one whose rows and columns are split by the strides.
//! What one tap reads for successive outputs then lies side by side, across the ends of rows too:
//! with outputs as far apart as padded inputs, a tap is one offset, and a plane one long run in
//! which a few sums between rows are computed and dropped.

use std::cell::RefCell;

use pulp::{Arch, NullaryFnOnce};
use rayon::prelude::*;

use super::Problem;
use crate::frontend::ops::strided::copy_every;
use crate::frontend::ops::window::Axis;

/// Sums that stay in the first-level cache while the taps are added.
const RUN: usize = 1024;

/// The padded plane and the sums of one thread.
#[derive(Default)]
struct Scratch {
    padded: Vec<f32>,
    sums: Vec<f32>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Whether the padded plane is not much larger than the planes themselves; absurd pads, strides
/// and dilations are left to the dense path, which needs no padding.
pub(super) fn is_worthwhile(problem: &Problem<'_>) -> bool {
    let layout = Layout::new(problem);
    let planes = problem.plane().max(problem.pixels()).saturating_add(4096);
    problem.rows.kernel > 0 && problem.columns.kernel > 0 && layout.size() / 8 <= planes
}

/// Fills `output`, of `batch * group * pixels` elements.
pub(super) fn run(problem: &Problem<'_>, output: &mut [f32]) {
    let pixels = problem.pixels();
    if pixels == 0 {
        return;
    }
    let layout = Layout::new(problem);
    let taps = layout.taps();
    output.par_chunks_exact_mut(pixels).enumerate().for_each(|(index, output)| {
        SCRATCH.with_borrow_mut(|Scratch { padded, sums }| {
            let plane = &problem.data[index * problem.plane()..][..problem.plane()];
            let channel = index % problem.group;
            let weight = &problem.weight[channel * taps.len()..][..taps.len()];
            let bias = problem.bias.map_or(0.0, |bias| bias[channel]);
            let padded = at_least(padded, layout.size());
            let sums = at_least(sums, layout.run());
            layout.copy(plane, padded);
            Arch::new().dispatch(AddTaps { padded, taps: &taps, weight, sums });
            let width = problem.columns.output;
            for (row, sums) in output.chunks_exact_mut(width).zip(sums.chunks(layout.pitch)) {
                for (value, sum) in row.iter_mut().zip(sums) {
                    *value = sum + bias;
                }
            }
            let residual = problem.residual.map(|values| &values[index * pixels..][..pixels]);
            problem.epilogue.apply(output, residual);
        });
    });
}

/// The first elements of a buffer, whatever they hold.
fn at_least(buffer: &mut Vec<f32>, length: usize) -> &mut [f32] {
    if buffer.len() < length {
        buffer.resize(length, 0.0);
    }
    &mut buffer[..length]
}

/// The padded plane: for each pair of a row and a column phase (input position plus pad, modulo
/// the stride) `lines` rows of `pitch` elements.
struct Layout<'a> {
    rows: &'a Axis,
    columns: &'a Axis,
    lines: usize,
    pitch: usize,
}

impl<'a> Layout<'a> {
    fn new(problem: &'a Problem<'_>) -> Self {
        let (rows, columns) = (&problem.rows, &problem.columns);
        Self { rows, columns, lines: extent(rows), pitch: extent(columns) }
    }

    /// Elements of the padded plane.
    fn size(&self) -> usize {
        [self.rows.stride, self.columns.stride, self.lines, self.pitch]
            .into_iter()
            .fold(1, usize::saturating_mul)
    }

    /// Sums from the first output of a plane to the last.
    fn run(&self) -> usize {
        (self.rows.output - 1) * self.pitch + self.columns.output
    }

    /// Distance from a sum's position to the element that each tap reads for it.
    fn taps(&self) -> Vec<usize> {
        let offset = |axis: &Axis, tap: usize| {
            (tap * axis.dilation % axis.stride, tap * axis.dilation / axis.stride)
        };
        (0..self.rows.kernel)
            .flat_map(|row| (0..self.columns.kernel).map(move |column| (row, column)))
            .map(|(row, column)| {
                let (row_phase, line) = offset(self.rows, row);
                let (column_phase, position) = offset(self.columns, column);
                let phase = row_phase * self.columns.stride + column_phase;
                (phase * self.lines + line) * self.pitch + position
            })
            .collect()
    }

    /// Fills `padded` with the plane and zeros around it.
    fn copy(&self, plane: &[f32], padded: &mut [f32]) {
        let strides = (self.rows.stride, self.columns.stride);
        for (index, part) in padded.chunks_exact_mut(self.lines * self.pitch).enumerate() {
            let (line, row) = first_inside(self.rows, index / strides.1);
            let (position, column) = first_inside(self.columns, index % strides.1);
            let (above, inside) = part.split_at_mut(line.min(self.lines) * self.pitch);
            above.fill(0.0);
            let mut sources = plane.chunks_exact(self.columns.input).skip(row).step_by(strides.0);
            for target in inside.chunks_exact_mut(self.pitch) {
                let source = sources.next().and_then(|source| source.get(column..));
                let (before, target) = target.split_at_mut(position.min(self.pitch));
                before.fill(0.0);
                let copied = copy_every(target, source.unwrap_or_default(), strides.1);
                target[copied..].fill(0.0);
            }
        }
    }
}

/// Elements of one phase along `axis`: the outputs, and how far the last tap reaches behind.
fn extent(axis: &Axis) -> usize {
    let reach = axis.kernel.saturating_sub(1).saturating_mul(axis.dilation) / axis.stride;
    axis.output.saturating_add(reach)
}

/// The first position of a phase that lies inside of the input, and the input element there.
fn first_inside(axis: &Axis, phase: usize) -> (usize, usize) {
    let position = axis.begin.saturating_sub(phase).div_ceil(axis.stride);
    (position, (position * axis.stride + phase).saturating_sub(axis.begin))
}

/// Sums all taps. A type of its own, since a closure of this size is not inlined to
/// where the instruction set is known.
struct AddTaps<'a> {
    padded: &'a [f32],
    taps: &'a [usize],
    weight: &'a [f32],
    sums: &'a mut [f32],
}

impl NullaryFnOnce for AddTaps<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let (nines, rest) = self.taps.as_chunks::<9>();
        let (threes, ones) = rest.as_chunks::<3>();
        for (index, sums) in self.sums.chunks_mut(RUN).enumerate() {
            let padded = &self.padded[index * RUN..];
            sums.fill(0.0);
            let mut weight = self.weight;
            for taps in nines {
                weight = add(padded, taps, weight, sums);
            }
            for taps in threes {
                weight = add(padded, taps, weight, sums);
            }
            for &tap in ones {
                weight = add(padded, &[tap], weight, sums);
            }
        }
    }
}

/// Adds `N` taps at once, and returns the weights of the others.
#[inline(always)]
fn add<'a, const N: usize>(
    padded: &[f32],
    taps: &[usize; N],
    weight: &'a [f32],
    sums: &mut [f32],
) -> &'a [f32] {
    let sources: [&[f32]; N] = std::array::from_fn(|tap| &padded[taps[tap]..][..sums.len()]);
    let weights: [f32; N] = std::array::from_fn(|tap| weight[tap]);
    for index in 0..sums.len() {
        let mut sum = sums[index];
        for tap in 0..N {
            sum = weights[tap].mul_add(sources[tap][index], sum);
        }
        sums[index] = sum;
    }
    &weight[N..]
}
