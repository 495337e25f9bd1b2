//! Maxima over windows (rule A9) of bytes: channels have one zero point, so that the largest byte is the largest number.

use super::layout::Layout;
use crate::frontend::ops::window::Axis;

use rayon::prelude::*;

/// # Panics
/// Never for a validated pool: every window reads its input.
pub fn run([rows, columns]: [Axis; 2], from: (&Layout, &[u8]), to: (&Layout, &mut [u8])) {
    let (source, input) = from;
    let (target, output) = to;
    let channels = target.channels;
    let taps = |axis: Axis, output: usize| {
        let first = output * axis.stride;
        let place = move |tap: usize| (first + tap * axis.dilation).checked_sub(axis.begin);
        (0..axis.kernel).filter_map(place).filter(move |&place| place < axis.input)
    };
    let line = target.line();
    output[..target.bytes()].par_chunks_mut(line).enumerate().for_each(|(index, line)| {
        let Some((image, row)) = target.row_of(index) else { return };
        let pixels = line[target.border.left * channels..].chunks_exact_mut(channels);
        for (column, pixel) in pixels.take(target.columns).enumerate() {
            pixel.fill(0);
            for own in taps(rows, row) {
                let first = source.row(image, own);
                for place in taps(columns, column) {
                    let other = &input[first + place * channels..][..channels];
                    pixel.iter_mut().zip(other).for_each(|(most, &own)| *most = own.max(*most));
                }
            }
        }
    });
}
