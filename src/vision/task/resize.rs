//! Bilinear resizing of 8-bit RGB images, equal to OpenCV's `INTER_LINEAR` bit for bit.
//!
//! A destination sample lies at the source coordinate `(d + 0.5) * scale - 0.5`. Both interpolation
//! weights are rounded to 11 fraction bits. The horizontal pass leaves 19-bit sums, of which the
//! lowest four bits are dropped; the vertical pass drops 16 bits of each product before it adds the
//! two and rounds the sum. OpenCV's scalar, vector and exact-half paths all give
//! these values; `tests/ort/resize_golden.py` compares them and writes the vectors checked here.

use image::RgbImage;

const CHANNELS: usize = 3;
const WEIGHT_BITS: u32 = 11;

/// Two neighboring source samples and their weights, which add up to about 2^11.
#[derive(Debug, Clone, Copy)]
struct Tap {
    near: usize,
    far: usize,
    near_weight: i32,
    far_weight: i32,
}

/// What happens to a coordinate beyond the outermost sample.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Border {
    /// The weight moves to the border sample (horizontal pass).
    WholeWeight,
    /// Both samples become the border sample, the weights stay (vertical pass). The dropped low
    /// bits of the two products make this differ from [`Border::WholeWeight`] by one at times.
    SplitWeight,
}

/// Resizes to `width` x `height` pixels as `cv2.resize(.., INTER_LINEAR)` does.
///
/// A source without pixels gives a black image.
pub(crate) fn bilinear(source: &RgbImage, width: u32, height: u32) -> RgbImage {
    bilinear_part(source, [width, height], [0, 0], [width, height])
}

/// The `part` (width, height) at `corner` (x, y) of what [`bilinear`] makes of `size`
/// (width, height); the rest is never computed.
pub(crate) fn bilinear_part(
    source: &RgbImage,
    size: [u32; 2],
    corner: [u32; 2],
    part: [u32; 2],
) -> RgbImage {
    let mut target = RgbImage::new(part[0], part[1]);
    if [source.width(), source.height(), part[0], part[1]].contains(&0) {
        return target;
    }
    let columns = taps(source.width(), size[0], Border::WholeWeight, corner[0], part[0]);
    let rows = taps(source.height(), size[1], Border::SplitWeight, corner[1], part[1]);
    let pitch = source.width() as usize * CHANNELS;
    let mut near = Row::new(columns.len() * CHANNELS);
    let mut far = Row::new(columns.len() * CHANNELS);
    for (tap, line) in rows.iter().zip(target.chunks_exact_mut(columns.len() * CHANNELS)) {
        // The far row of one line is often the near row of the next.
        if near.index != Some(tap.near) && far.index == Some(tap.near) {
            std::mem::swap(&mut near, &mut far);
        }
        near.load(source.as_raw(), pitch, tap.near, &columns);
        far.load(source.as_raw(), pitch, tap.far, &columns);
        blend(tap, &near.sums, &far.sums, line);
    }
    target
}

/// One horizontally resized source row.
struct Row {
    index: Option<usize>,
    /// Weighted sums with 7 fraction bits.
    sums: Vec<i32>,
}

impl Row {
    fn new(len: usize) -> Self {
        Self { index: None, sums: vec![0; len] }
    }

    fn load(&mut self, pixels: &[u8], pitch: usize, index: usize, columns: &[Tap]) {
        if self.index == Some(index) {
            return;
        }
        self.index = Some(index);
        let row = &pixels[index * pitch..(index + 1) * pitch];
        for (tap, sums) in columns.iter().zip(self.sums.chunks_exact_mut(CHANNELS)) {
            let near = &row[tap.near * CHANNELS..][..CHANNELS];
            let far = &row[tap.far * CHANNELS..][..CHANNELS];
            for ((sum, &near), &far) in sums.iter_mut().zip(near).zip(far) {
                let value = i32::from(near) * tap.near_weight + i32::from(far) * tap.far_weight;
                *sum = value >> 4;
            }
        }
    }
}

fn blend(tap: &Tap, near: &[i32], far: &[i32], line: &mut [u8]) {
    for ((pixel, &near), &far) in line.iter_mut().zip(near).zip(far) {
        let sum = ((near * tap.near_weight) >> 16) + ((far * tap.far_weight) >> 16);
        *pixel = ((sum + 2) >> 2).clamp(0, 255) as u8;
    }
}

/// The taps of the destination samples `first..first + count` along one axis.
fn taps(source: u32, target: u32, border: Border, first: u32, count: u32) -> Vec<Tap> {
    // The ratio is inverted twice as OpenCV does it; one rounding more than dividing once.
    let scale = 1.0 / (f64::from(target) / f64::from(source));
    let last = source as i64 - 1;
    (first..first.saturating_add(count))
        .map(|index| {
            let position = ((f64::from(index) + 0.5) * scale - 0.5) as f32;
            let floor = position.floor();
            let sample = floor as i64;
            let outside = border == Border::WholeWeight && !(0..last).contains(&sample);
            let fraction = if outside { 0.0 } else { position - floor };
            Tap {
                near: sample.clamp(0, last) as usize,
                far: (sample + 1).clamp(0, last) as usize,
                near_weight: weight(1.0 - fraction),
                far_weight: weight(fraction),
            }
        })
        .collect()
}

fn weight(fraction: f32) -> i32 {
    (fraction * (1 << WEIGHT_BITS) as f32).round_ties_even() as i32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Golden {
        source: [u32; 2],
        target: [u32; 2],
        seed: u32,
        fnv1a: String,
    }

    /// The same generator as in `tests/ort/resize_golden.py`.
    fn noise(width: u32, height: u32, seed: u32) -> RgbImage {
        let mut state = seed;
        RgbImage::from_fn(width, height, |_, _| {
            image::Rgb(std::array::from_fn(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            }))
        })
    }

    fn fnv1a(bytes: &[u8]) -> u64 {
        bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    }

    #[test]
    fn equals_opencv_bit_for_bit() {
        let golden: Vec<Golden> =
            serde_json::from_str(include_str!("../../../tests/golden/resize.json")).unwrap();
        assert!(golden.len() >= 60);
        for case in golden {
            let source = noise(case.source[0], case.source[1], case.seed);
            let target = bilinear(&source, case.target[0], case.target[1]);
            let hash = format!("{:016x}", fnv1a(target.as_raw()));
            assert_eq!(hash, case.fnv1a, "{:?} to {:?}", case.source, case.target);
        }
    }

    proptest! {
        #[test]
        fn the_same_size_changes_nothing(width in 1u32..40, height in 1u32..40, seed: u32) {
            let source = noise(width, height, seed);
            prop_assert_eq!(&bilinear(&source, width, height), &source);
        }

        #[test]
        fn a_part_is_cut_from_the_whole(
            size in [1u32..30, 1u32..30], whole in [1u32..40, 1u32..40],
            corner in [0u32..40, 0u32..40], part in [1u32..40, 1u32..40], seed: u32,
        ) {
            let source = noise(size[0], size[1], seed);
            let corner = [0, 1].map(|axis| corner[axis] % whole[axis]);
            let part = [0, 1].map(|axis| part[axis].min(whole[axis] - corner[axis]));
            let resized = bilinear(&source, whole[0], whole[1]);
            let cut = image::imageops::crop_imm(&resized, corner[0], corner[1], part[0], part[1]);
            prop_assert_eq!(bilinear_part(&source, whole, corner, part), cut.to_image());
        }

        /// Fixed-point weights stay within two levels of exact interpolation.
        #[test]
        fn is_close_to_exact_interpolation(
            size in [1u32..30, 1u32..30], target in [1u32..60, 1u32..60], seed: u32,
        ) {
            let source = noise(size[0], size[1], seed);
            let resized = bilinear(&source, target[0], target[1]);
            let axis = |index: u32, source: u32, target: u32| {
                let at = ((f64::from(index) + 0.5) * f64::from(source) / f64::from(target) - 0.5)
                    .clamp(0.0, f64::from(source - 1));
                let near = (at.floor() as u32).min(source - 1);
                (near, (near + 1).min(source - 1), at - at.floor())
            };
            for (x, y, pixel) in resized.enumerate_pixels() {
                let (x0, x1, fx) = axis(x, size[0], target[0]);
                let (y0, y1, fy) = axis(y, size[1], target[1]);
                for channel in 0..3 {
                    let at = |x, y| f64::from(source.get_pixel(x, y)[channel]);
                    let top = at(x0, y0) * (1.0 - fx) + at(x1, y0) * fx;
                    let bottom = at(x0, y1) * (1.0 - fx) + at(x1, y1) * fx;
                    let exact = top * (1.0 - fy) + bottom * fy;
                    prop_assert!((exact - f64::from(pixel[channel])).abs() < 2.0);
                }
            }
        }
    }
}
