//! Maxima over windows (rule A9) of bytes: channels have one zero point, so that the largest byte is the largest number.

use super::layout::Layout;
use crate::frontend::ops::window::Axis;

use rayon::prelude::*;

/// Maxima over the rows of a window, then over its columns.
///
/// # Panics
/// Never for a validated pool: every window reads its input.
pub fn run([rows, columns]: [Axis; 2], from: (&Layout, &[u8]), to: (&Layout, &mut [u8])) {
    let (source, input) = from;
    let (target, output) = to;
    let channels = target.channels;
    let lines = output[..target.bytes()].par_chunks_mut(target.line()).enumerate();
    lines.for_each_init(
        || vec![0; source.columns * channels],
        |highest, (line, output)| {
            let Some((image, row)) = target.row_of(line) else { return };
            highest.fill(0);
            for own in taps(rows, row) {
                raise(highest, &input[source.row(image, own)..]);
            }
            let first = target.border.left * channels;
            let output = &mut output[first..first + target.columns * channels];
            output.fill(0);
            for tap in 0..columns.kernel {
                over_columns(columns, tap, channels, highest, output);
            }
        },
    );
}

/// The positions that the window of an output reads.
fn taps(axis: Axis, output: usize) -> impl Iterator<Item = usize> {
    let first = output * axis.stride;
    let place = move |tap: usize| (first + tap * axis.dilation).checked_sub(axis.begin);
    (0..axis.kernel).filter_map(place).filter(move |&place| place < axis.input)
}

/// Raises the outputs of a line to what one column of their windows has.
fn over_columns(axis: Axis, tap: usize, channels: usize, line: &[u8], output: &mut [u8]) {
    // The first output whose window has this column inside of the line, and the column there.
    let offset = tap * axis.dilation;
    let first = axis.begin.saturating_sub(offset).div_ceil(axis.stride);
    let column = first * axis.stride + offset - axis.begin;
    if first >= axis.output || column >= axis.input {
        return;
    }
    let (output, line) = (&mut output[first * channels..], &line[column * channels..]);
    if axis.stride == 1 {
        let length = output.len().min(line.len());
        return raise(&mut output[..length], &line[..length]);
    }
    let pixels = line.chunks_exact(channels).step_by(axis.stride);
    output.chunks_exact_mut(channels).zip(pixels).for_each(|(most, own)| raise(most, own));
}

/// The larger of each pair of bytes.
fn raise(most: &mut [u8], own: &[u8]) {
    most.iter_mut().zip(own).for_each(|(most, &own)| *most = own.max(*most));
}
