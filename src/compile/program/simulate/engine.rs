//! The plane engine: depthwise convolution of up to 7 x 7 taps, or maximum of 3 x 3, of one plane.

use super::lanes::{Lanes, Mode};
use crate::compile::program::fields as f;
use crate::compile::program::format::decode::Descriptor;

/// A plane of 16 channels, one word a pixel.
pub struct Plane {
    pub height: usize,
    pub width: usize,
    pub words: Vec<[i8; 16]>,
}

impl Plane {
    /// The word at row and column `tap` of the window of output (y, x); `None` outside.
    fn at(
        &self,
        d: &Descriptor<'_>,
        output: (usize, usize),
        tap: (usize, usize),
    ) -> Option<&[i8; 16]> {
        let stride = d.get(f::PLANE_STRIDE_XY);
        let y = (output.0 * stride + tap.0).checked_sub(d.get(f::PLANE_PAD_TOP))?;
        let x = (output.1 * stride + tap.1).checked_sub(d.get(f::PLANE_PAD_LEFT))?;
        let inside = y < self.height && x < self.width;
        inside.then(|| &self.words[y * self.width + x])
    }

    /// The maximum over the taps of the mask.
    pub fn maximum(&self, d: &Descriptor<'_>, output: (usize, usize)) -> [i64; 16] {
        let mut result = [-128; 16];
        let taps = (0..9).filter(|tap| d.get(f::TAP_MASK) >> tap & 1 == 1);
        for word in taps.filter_map(|tap| self.at(d, output, (tap / 3, tap % 3))) {
            for (best, value) in result.iter_mut().zip(word) {
                *best = (*best).max(i64::from(*value));
            }
        }
        result
    }

    /// A filter of the record: the taps of its parts, then zero points and lane parameters. With factors the taps are
    /// masks of them, and the center's row alone is read.
    pub fn filter(
        &self,
        d: &Descriptor<'_>,
        (record, factors): (&[u8], Option<&[i8; 16]>),
        output: (usize, usize),
        mode: Mode<'_>,
    ) -> [i64; 16] {
        let (zeros, lanes) = record[record.len() - f::LANES_BYTES - 16..].split_at(16);
        let lanes = Lanes(lanes);
        let side = d.get(f::PLANE_REACH);
        let taps = (0..side * side).flat_map(|part| (0..9).map(move |tap| (part, tap)));
        let taps = taps.map(|(part, tap)| {
            let place = (part / side * 3 + tap / 3, part % side * 3 + tap % 3);
            let word = self.at(d, output, place).filter(|_| factors.is_none() || place.0 == 1);
            (&record[f::PART_BYTES * part + 16 * tap..][..16], word)
        });
        let taps: Vec<_> = taps.collect();
        std::array::from_fn(|lane| {
            let sum = taps.iter().map(|(weights, word)| {
                let value = word.map_or(zeros[lane] as i8, |word| word[lane]);
                let factor = factors.map_or(-1, |factors| factors[lane]);
                i32::from(weights[lane] as i8 & factor) * i32::from(value)
            });
            lanes.finish(lane, sum.sum(), 0, mode)
        })
    }
}
