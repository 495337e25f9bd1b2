//! The plane engine: 3 x 3 depthwise convolution or maximum of one plane.

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
    /// The word at a position of the window of output (y, x); `None` outside.
    fn at(&self, d: &Descriptor<'_>, output: (usize, usize), tap: usize) -> Option<&[i8; 16]> {
        let stride = d.get(f::PLANE_STRIDE_XY);
        let y = (output.0 * stride + tap / 3).checked_sub(d.get(f::PLANE_PAD_TOP))?;
        let x = (output.1 * stride + tap % 3).checked_sub(d.get(f::PLANE_PAD_LEFT))?;
        let inside = y < self.height && x < self.width;
        inside.then(|| &self.words[y * self.width + x])
    }

    /// The maximum over the taps of the mask.
    pub fn maximum(&self, d: &Descriptor<'_>, output: (usize, usize)) -> [i64; 16] {
        let mut result = [-128; 16];
        let taps = (0..9).filter(|tap| d.get(f::TAP_MASK) >> tap & 1 == 1);
        for word in taps.filter_map(|tap| self.at(d, output, tap)) {
            for (best, value) in result.iter_mut().zip(word) {
                *best = (*best).max(i64::from(*value));
            }
        }
        result
    }

    /// A filter of the record: 9 taps, zero points, lane parameters.
    pub fn filter(
        &self,
        d: &Descriptor<'_>,
        record: &[u8],
        output: (usize, usize),
        mode: Mode<'_>,
    ) -> [i64; 16] {
        let zeros = &record[f::FILTER_ZEROS..f::FILTER_LANES];
        let lanes = Lanes(&record[f::FILTER_LANES..f::FILTER_BYTES]);
        std::array::from_fn(|lane| {
            let sum = (0..9).map(|tap| {
                let value = self.at(d, output, tap).map_or(zeros[lane] as i8, |word| word[lane]);
                i32::from(record[16 * tap + lane] as i8) * i32::from(value)
            });
            lanes.finish(lane, sum.sum(), 0, mode)
        })
    }
}
