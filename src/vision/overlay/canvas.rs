//! Rectangles and coverage masks on an RGB image, clipped to it.

use image::{GrayImage, Rgb, RgbImage};

/// A rectangle of pixels; right and bottom are excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Area {
    pub left: i64,
    pub top: i64,
    pub right: i64,
    pub bottom: i64,
}

impl Area {
    pub fn new(left: i64, top: i64, width: i64, height: i64) -> Self {
        Self { left, top, right: left + width, bottom: top + height }
    }

    pub fn is_empty(&self) -> bool {
        self.left >= self.right || self.top >= self.bottom
    }

    /// The part that both have; empty when there is none.
    pub fn intersection(&self, other: &Self) -> Self {
        Self {
            left: self.left.max(other.left),
            top: self.top.max(other.top),
            right: self.right.min(other.right),
            bottom: self.bottom.min(other.bottom),
        }
    }

    /// Moved by as little as possible to lie within `bounds`; its left top corner goes first.
    pub fn within(&self, bounds: &Self) -> Self {
        let (width, height) = (self.right - self.left, self.bottom - self.top);
        let left = self.left.min(bounds.right - width).max(bounds.left);
        let top = self.top.min(bounds.bottom - height).max(bounds.top);
        Self::new(left, top, width, height)
    }

    /// Grown by `margin` on all sides.
    pub fn grown(&self, margin: i64) -> Self {
        Self {
            left: self.left - margin,
            top: self.top - margin,
            right: self.right + margin,
            bottom: self.bottom + margin,
        }
    }
}

/// The whole image.
pub(super) fn bounds(image: &RgbImage) -> Area {
    Area::new(0, 0, image.width().into(), image.height().into())
}

/// Mixes `color` into every pixel of `area`; `opacity` 0 to 255.
pub(super) fn fill(image: &mut RgbImage, area: &Area, color: Rgb<u8>, opacity: u8) {
    let area = area.intersection(&bounds(image));
    for y in area.top..area.bottom {
        for x in area.left..area.right {
            mix(image.get_pixel_mut(x as u32, y as u32), color, opacity);
        }
    }
}

/// A frame of `thickness` pixels inside the edges of `area`.
pub(super) fn frame(
    image: &mut RgbImage,
    area: &Area,
    thickness: i64,
    color: Rgb<u8>,
    opacity: u8,
) {
    let inner = area.grown(-thickness);
    if inner.is_empty() {
        fill(image, area, color, opacity);
        return;
    }
    fill(image, &Area { bottom: inner.top, ..*area }, color, opacity);
    fill(image, &Area { top: inner.bottom, ..*area }, color, opacity);
    fill(image, &Area { left: area.left, right: inner.left, ..inner }, color, opacity);
    fill(image, &Area { left: inner.right, right: area.right, ..inner }, color, opacity);
}

/// Paints `color` through `mask` (0 nothing, 255 fully) with its corner at `left`, `top`, no
/// further than `clip`.
pub(super) fn stamp(
    image: &mut RgbImage,
    mask: &GrayImage,
    left: i64,
    top: i64,
    clip: &Area,
    color: Rgb<u8>,
) {
    let whole = Area::new(left, top, mask.width().into(), mask.height().into());
    let area = whole.intersection(clip).intersection(&bounds(image));
    for y in area.top..area.bottom {
        for x in area.left..area.right {
            let coverage = mask.get_pixel((x - left) as u32, (y - top) as u32)[0];
            mix(image.get_pixel_mut(x as u32, y as u32), color, coverage);
        }
    }
}

fn mix(pixel: &mut Rgb<u8>, color: Rgb<u8>, opacity: u8) {
    let opacity = u32::from(opacity);
    for (old, new) in pixel.0.iter_mut().zip(color.0) {
        let sum = u32::from(*old) * (255 - opacity) + u32::from(new) * opacity;
        *old = ((sum + 127) / 255) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_leaves_the_inside_and_the_outside() {
        let mut image = RgbImage::new(9, 8);
        frame(&mut image, &Area::new(1, 1, 6, 5), 2, Rgb([9, 9, 9]), 255);
        let painted = image.enumerate_pixels().filter(|(_, _, pixel)| pixel[0] == 9).count();
        assert_eq!(painted, 6 * 5 - 2);
        assert_eq!((image.get_pixel(3, 3)[0], image.get_pixel(0, 0)[0]), (0, 0));
    }

    #[test]
    fn everything_is_clipped() {
        let mut image = RgbImage::new(4, 4);
        fill(&mut image, &Area::new(-5, 2, 100, 100), Rgb([255; 3]), 128);
        assert_eq!((image.get_pixel(0, 1)[0], image.get_pixel(3, 3)[0]), (0, 128));
        frame(&mut image, &Area::new(-9, -9, 3, 3), 1, Rgb([7; 3]), 255);
        let mask = GrayImage::from_pixel(50, 50, image::Luma([255]));
        let clip = bounds(&image);
        stamp(&mut image, &mask, -20, -20, &clip, Rgb([1, 2, 3]));
        assert!(image.pixels().all(|pixel| pixel.0 == [1, 2, 3]));
    }

    #[test]
    fn areas_move_into_bounds() {
        let bounds = Area::new(0, 0, 100, 50);
        assert_eq!(Area::new(95, -7, 20, 10).within(&bounds), Area::new(80, 0, 20, 10));
        assert_eq!(Area::new(-3, 60, 200, 10).within(&bounds), Area::new(0, 40, 200, 10));
    }
}
