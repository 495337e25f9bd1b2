//! From an RGB image to the network's input.

use image::{RgbImage, imageops};

use super::resize::{bilinear, bilinear_part};
use super::spec::{ColorOrder, InputSpec, Resize};
use crate::base::error::Result;
use crate::base::tensor::Tensor;

/// Where an image lies in the network's input: `input = image * scale + offset`, per axis, in
/// pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Geometry {
    /// Width and height of the original image.
    pub image: [u32; 2],
    /// Width and height of the network's input.
    pub input: [u32; 2],
    /// Input pixels per image pixel along x and y.
    pub scale: [f32; 2],
    /// Input position of the image's top left corner.
    pub offset: [f32; 2],
}

impl Geometry {
    /// An input position `[x, y]` in pixels of the original image.
    pub fn to_image(&self, position: [f32; 2]) -> [f32; 2] {
        [0, 1].map(|axis| (position[axis] - self.offset[axis]) / self.scale[axis])
    }

    /// An image position `[x, y]` in pixels of the network's input.
    pub fn to_input(&self, position: [f32; 2]) -> [f32; 2] {
        [0, 1].map(|axis| position[axis] * self.scale[axis] + self.offset[axis])
    }
}

/// Size of the resized image and where it goes.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Fit {
    size: [u32; 2],
    /// Position in the input of the resized image's corner; negative where it is cropped.
    corner: [i64; 2],
    scale: [f64; 2],
}

fn fit(spec: &InputSpec, image: [u32; 2], input: [u32; 2]) -> Fit {
    let [width, height] = image.map(f64::from);
    let ratio = (f64::from(input[1]) / height).min(f64::from(input[0]) / width);
    match spec.resize {
        Resize::LetterboxTopLeft => Fit {
            size: [width, height].map(|side| ((side * ratio) as u32).max(1)),
            corner: [0, 0],
            scale: [ratio; 2],
        },
        Resize::LetterboxCentered => {
            let size = [width, height].map(|side| ((side * ratio).round_ties_even() as u32).max(1));
            let corner = [0, 1].map(|axis| {
                let margin = f64::from(input[axis].saturating_sub(size[axis])) / 2.0;
                // A tenth less, so that an odd margin is larger at the right and below.
                (margin - 0.1).round_ties_even().max(0.0) as i64
            });
            Fit { size, corner, scale: [ratio; 2] }
        }
        Resize::Stretch => Fit {
            size: input,
            corner: [0, 0],
            scale: [f64::from(input[0]) / width, f64::from(input[1]) / height],
        },
        Resize::CenterCrop => {
            let short = f64::from(spec.short_side.unwrap_or(1));
            let size = [width, height]
                .map(|side| (short * side / width.min(height)).min(f64::from(i32::MAX)) as u32);
            let corner = [0, 1].map(|axis| {
                let surplus = f64::from(size[axis]) - f64::from(input[axis]);
                -((surplus / 2.0).round_ties_even() as i64)
            });
            let scale = [f64::from(size[0]) / width, f64::from(size[1]) / height];
            Fit { size, corner, scale }
        }
    }
}

/// Fits, normalizes and transposes `image` to f32 of 1 x channels x `input[1]` x `input[0]`.
pub fn preprocess(
    spec: &InputSpec,
    image: &RgbImage,
    input: [u32; 2],
) -> Result<(Tensor, Geometry)> {
    let fit = fit(spec, [image.width(), image.height()], input);
    let geometry = Geometry {
        image: [image.width(), image.height()],
        input,
        scale: fit.scale.map(|scale| scale as f32),
        offset: fit.corner.map(|corner| corner as f32),
    };
    let canvas = if spec.resize == Resize::CenterCrop {
        let corner = fit.corner.map(|corner| u32::try_from(-corner).unwrap_or(0));
        bilinear_part(image, fit.size, corner, input)
    } else {
        let mut canvas = RgbImage::from_pixel(input[0], input[1], image::Rgb([spec.pad; 3]));
        let fitted = bilinear(image, fit.size[0], fit.size[1]);
        imageops::replace(&mut canvas, &fitted, fit.corner[0], fit.corner[1]);
        canvas
    };
    Ok((normalized(spec, &canvas)?, geometry))
}

fn normalized(spec: &InputSpec, image: &RgbImage) -> Result<Tensor> {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let plane = width * height;
    let channels = spec.color.channels();
    let mut values = vec![0f32; channels * plane];
    for (channel, values) in values.chunks_exact_mut(plane).enumerate() {
        let table = spec.normalized(channel);
        let pixels = values.iter_mut().zip(image.as_raw().chunks_exact(3));
        match spec.color {
            ColorOrder::Rgb => pixels.for_each(|(v, rgb)| *v = table[usize::from(rgb[channel])]),
            ColorOrder::Bgr => {
                pixels.for_each(|(v, rgb)| *v = table[usize::from(rgb[2 - channel])]);
            }
            ColorOrder::Gray => pixels.for_each(|(v, rgb)| *v = table[usize::from(luma(rgb))]),
        }
    }
    Tensor::new(&[1, channels, height, width], values)
}

/// ITU-R BT.601 luma in 15-bit fixed point, rounded half up, as OpenCV's `COLOR_BGR2GRAY`.
fn luma(rgb: &[u8]) -> u8 {
    let sum: u32 = rgb
        .iter()
        .zip([9798, 19235, 3735])
        .map(|(&sample, weight)| u32::from(sample) * weight)
        .sum();
    ((sum + (1 << 14)) >> 15) as u8
}

#[cfg(test)]
#[path = "preprocess_tests.rs"]
mod tests;
