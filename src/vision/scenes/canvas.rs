//! Pixels of a scene while it is painted, and the pixels that a shape covers.

use image::{Rgb, RgbImage};

use super::SUB;
use crate::base::random::Random;

/// Sample points of a pixel along each axis.
const SAMPLES: i64 = 4;
/// Sample points of a pixel.
const FULL: i64 = SAMPLES * SAMPLES;

/// How much of each pixel a shape covers, in the rectangle that holds the shape.
pub struct Coverage {
    left: i64,
    top: i64,
    width: i64,
    /// Covered sample points, 0 to 16, row by row.
    points: Vec<u8>,
    /// Pixels of it that lie beyond the image, at least half covered.
    outside: usize,
    side: i64,
}

impl Coverage {
    /// Of the points that `contains` accepts, all within `reach` of `center`.
    pub fn new(
        side: u32,
        center: [i64; 2],
        reach: i64,
        contains: impl Fn(i64, i64) -> bool,
    ) -> Self {
        let side = i64::from(side);
        let range = |at: i64| ((at - reach).div_euclid(SUB), (at + reach).div_euclid(SUB));
        let ((left, right), (top, bottom)) = (range(center[0]), range(center[1]));
        let mut coverage =
            Self { left, top, width: right - left + 1, points: Vec::new(), outside: 0, side };
        let step = SUB / SAMPLES;
        for y in top..=bottom {
            for x in left..=right {
                let sample = |at: i64, number: i64| at * SUB + step / 2 + number * step;
                let inside = (0..FULL)
                    .filter(|n| contains(sample(x, n % SAMPLES), sample(y, n / SAMPLES)))
                    .count();
                coverage.points.push(inside as u8);
                let within = (0..side).contains(&x) && (0..side).contains(&y);
                coverage.outside += usize::from(!within && inside as i64 * 2 >= FULL);
            }
        }
        coverage
    }

    /// Pixels of the image with their covered sample points, 1 to 16.
    fn covered(&self) -> impl Iterator<Item = (i64, i64, i64)> + '_ {
        let place = |(at, &points): (usize, &u8)| {
            let at = at as i64;
            (self.left + at % self.width, self.top + at / self.width, i64::from(points))
        };
        let image = 0..self.side;
        let all = self.points.iter().enumerate().map(place);
        all.filter(move |(x, y, points)| *points > 0 && image.contains(x) && image.contains(y))
    }

    /// Pixels of the image that are covered by half at least.
    pub fn pixels(&self) -> impl Iterator<Item = (i64, i64)> + '_ {
        self.covered().filter(|(_, _, points)| points * 2 >= FULL).map(|(x, y, _)| (x, y))
    }

    /// Whether a pixel of the image is covered by half at least.
    pub fn holds(&self, x: i64, y: i64) -> bool {
        let (column, row) = (x - self.left, y - self.top);
        let points = (0..self.width).contains(&column) && row >= 0;
        let points = points.then(|| self.points.get((row * self.width + column) as usize));
        points.flatten().is_some_and(|&points| i64::from(points) * 2 >= FULL)
    }

    /// Whether more than a quarter of it lies beyond the image.
    pub fn cut_by_the_edge(&self) -> bool {
        self.outside * 3 > self.pixels().count()
    }

    /// Left, top, width and height of its pixels; none where it has no pixel in the image.
    pub fn bounds(&self) -> Option<[u32; 4]> {
        let (left, right) = ends(self.pixels().map(|(x, _)| x))?;
        let (top, bottom) = ends(self.pixels().map(|(_, y)| y))?;
        Some([left, top, right - left + 1, bottom - top + 1].map(|value| value as u32))
    }
}

fn ends(numbers: impl Iterator<Item = i64>) -> Option<(i64, i64)> {
    numbers.fold(None, |ends, at| {
        let (low, high) = ends.unwrap_or((at, at));
        Some((low.min(at), high.max(at)))
    })
}

/// A square image with room for rounding.
pub struct Canvas {
    side: i64,
    pixels: Vec<[i64; 3]>,
}

impl Canvas {
    /// A black one.
    pub fn new(side: u32) -> Self {
        let side = i64::from(side);
        Self { side, pixels: vec![[0; 3]; (side * side) as usize] }
    }

    /// Width and height in pixels.
    pub fn side(&self) -> i64 {
        self.side
    }

    /// Changes every pixel: from its position and color to its color.
    pub fn map(&mut self, mut color: impl FnMut(i64, i64, [i64; 3]) -> [i64; 3]) {
        let side = self.side;
        for (at, pixel) in self.pixels.iter_mut().enumerate() {
            *pixel = color(at as i64 % side, at as i64 / side, *pixel);
        }
    }

    /// Mean color of the pixels that a shape covers; gray where there are none.
    pub fn mean(&self, coverage: &Coverage) -> [i64; 3] {
        let (mut sum, mut count) = ([0; 3], 0);
        for (x, y) in coverage.pixels() {
            let pixel = self.pixels[(y * self.side + x) as usize];
            (0..3).for_each(|channel| sum[channel] += pixel[channel]);
            count += 1;
        }
        if count == 0 { [128; 3] } else { sum.map(|sum| sum / count) }
    }

    /// Paints a shape, from `first` at its top to `second` at its bottom, smooth at its edge.
    pub fn fill(&mut self, coverage: &Coverage, first: [i64; 3], second: [i64; 3]) {
        let height = coverage.points.len() as i64 / coverage.width;
        for (x, y, points) in coverage.covered() {
            let color = mix(first, second, y - coverage.top, height);
            let pixel = &mut self.pixels[(y * self.side + x) as usize];
            *pixel = mix(*pixel, color, points, FULL);
        }
    }

    /// Weights 1, 2, 1 along both axes; the edge is repeated.
    pub fn blur(&mut self) {
        let last = self.side - 1;
        for (right, down) in [(1, 0), (0, 1)] {
            let before = self.pixels.clone();
            let at =
                |x: i64, y: i64| before[(y.clamp(0, last) * self.side + x.clamp(0, last)) as usize];
            for (index, pixel) in self.pixels.iter_mut().enumerate() {
                let (x, y) = (index as i64 % self.side, index as i64 / self.side);
                let (a, b, c) = (at(x - right, y - down), at(x, y), at(x + right, y + down));
                *pixel = [0, 1, 2].map(|n| (a[n] + 2 * b[n] + c[n] + 2) / 4);
            }
        }
    }

    /// Adds noise with a triangular distribution of -`amplitude` to `amplitude` to every channel.
    pub fn noise(&mut self, random: &mut Random, amplitude: i64) {
        let width = amplitude as u64 + 1;
        self.map(|_, _, pixel| {
            pixel.map(|value| value + random.below(width) as i64 - random.below(width) as i64)
        });
    }

    /// The image, each channel within 0 to 255.
    pub fn image(&self) -> RgbImage {
        let side = self.side as u32;
        RgbImage::from_fn(side, side, |x, y| {
            let pixel = self.pixels[(y * side + x) as usize];
            Rgb(pixel.map(|value| value.clamp(0, 255) as u8))
        })
    }
}

/// `from` at `part` 0, `to` at `part` = `whole`, rounded to the nearest.
pub fn mix(from: [i64; 3], to: [i64; 3], part: i64, whole: i64) -> [i64; 3] {
    [0, 1, 2].map(|n| (from[n] * (whole - part) + to[n] * part + whole / 2) / whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_square_covers_its_pixels() {
        // 4 to 8 and 5 to 7 pixels, in sixteenths.
        let center = [6 * SUB, 6 * SUB];
        let inside = |x: i64, y: i64| (64..128).contains(&x) && (80..112).contains(&y);
        let coverage = Coverage::new(16, center, 3 * SUB, inside);
        assert_eq!(coverage.bounds(), Some([4, 5, 4, 2]));
        assert_eq!(coverage.pixels().count(), 8);
        assert!(coverage.holds(7, 6) && !coverage.holds(8, 6) && !coverage.holds(0, 0));
        assert!(!coverage.cut_by_the_edge());
        let mut canvas = Canvas::new(16);
        canvas.fill(&coverage, [100; 3], [100; 3]);
        assert_eq!(canvas.mean(&coverage), [100; 3]);
        assert_eq!(canvas.image().pixels().filter(|pixel| pixel.0 == [100; 3]).count(), 8);
    }

    #[test]
    fn what_lies_beyond_the_image_counts_as_cut() {
        let coverage = Coverage::new(16, [0, 8 * SUB], 4 * SUB, |_, _| true);
        assert!(coverage.cut_by_the_edge());
        assert_eq!(coverage.bounds(), Some([0, 4, 5, 9]));
    }
}
