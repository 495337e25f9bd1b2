//! Which position of the input an output sample looks at.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::error::{Error, Result, codes};
use crate::frontend::onnx::{Attributes, bad};
use crate::base::tensor::MAX_ELEMENTS;

/// `coordinate_transformation_mode` of ONNX; x is an output index, s the scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Coordinates {
    /// (x + 1/2) / s - 1/2
    HalfPixel,
    /// As [`Coordinates::HalfPixel`], centered when the extent times s is no whole number.
    HalfPixelSymmetric,
    /// As [`Coordinates::HalfPixel`], but 0 for an output of one sample.
    PytorchHalfPixel,
    /// (x + 1/2) / s
    TfHalfPixelForNn,
    /// x (input - 1) / (output - 1)
    AlignCorners,
    /// x / s
    Asymmetric,
    /// The corners of a region of interest become those of the output.
    CropAndResize,
}

impl Coordinates {
    pub(super) fn parse(attributes: &Attributes) -> Result<Self> {
        const NAME: &str = "coordinate_transformation_mode";
        Ok(match attributes.string(NAME)?.as_deref() {
            None | Some("half_pixel") => Self::HalfPixel,
            Some("half_pixel_symmetric") => Self::HalfPixelSymmetric,
            Some("pytorch_half_pixel") => Self::PytorchHalfPixel,
            Some("tf_half_pixel_for_nn") => Self::TfHalfPixelForNn,
            Some("align_corners") => Self::AlignCorners,
            Some("asymmetric") => Self::Asymmetric,
            Some("tf_crop_and_resize") => Self::CropAndResize,
            Some(other) => return Err(bad(NAME, &format!("is \"{other}\""))),
        })
    }

    /// The attribute that [`Coordinates::parse`] reads.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::HalfPixel => "half_pixel",
            Self::HalfPixelSymmetric => "half_pixel_symmetric",
            Self::PytorchHalfPixel => "pytorch_half_pixel",
            Self::TfHalfPixelForNn => "tf_half_pixel_for_nn",
            Self::AlignCorners => "align_corners",
            Self::Asymmetric => "asymmetric",
            Self::CropAndResize => "tf_crop_and_resize",
        }
    }

    /// Position in the input of output sample `x`; `None` outside of the region of interest. In f32,
    /// operation by operation as ONNX Runtime computes it: where a quotient is a whole number or a
    /// half but for the rounding of the scale, another precision finds another neighbor.
    pub(super) fn position(self, x: usize, line: &Line) -> Option<f32> {
        let x = x as f32;
        let (input, last) = (line.input as f32, line.input as f32 - 1.0);
        let half_pixel = (x + 0.5) / line.scale - 0.5;
        let length = line.length;
        match self {
            Self::HalfPixel => Some(half_pixel),
            Self::HalfPixelSymmetric => {
                let adjustment = line.output as f32 / length;
                Some(input / 2.0 * (1.0 - adjustment) + half_pixel)
            }
            Self::PytorchHalfPixel if line.output <= 1 => Some(0.0),
            Self::PytorchHalfPixel => Some(half_pixel),
            Self::TfHalfPixelForNn => Some((x + 0.5) / line.scale),
            Self::AlignCorners if line.output <= 1 => Some(0.0),
            Self::AlignCorners => Some(x * last / (length - 1.0)),
            Self::Asymmetric => Some(x / line.scale),
            Self::CropAndResize => {
                let (start, end) = line.region;
                let position = if line.output <= 1 {
                    0.5 * (start + end) * last
                } else {
                    start * last + x * (end - start) * last / (length - 1.0)
                };
                (0.0..=last).contains(&position).then_some(position)
            }
        }
    }
}

/// `nearest_mode` of ONNX.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Rounding {
    /// To the nearest; halves down.
    PreferFloor,
    /// To the nearest; halves up.
    PreferCeil,
    /// Down.
    Floor,
    /// Up.
    Ceil,
}

impl Rounding {
    pub(super) fn parse(attributes: &Attributes) -> Result<Self> {
        Ok(match attributes.string("nearest_mode")?.as_deref() {
            None | Some("round_prefer_floor") => Self::PreferFloor,
            Some("round_prefer_ceil") => Self::PreferCeil,
            Some("floor") => Self::Floor,
            Some("ceil") => Self::Ceil,
            Some(other) => return Err(bad("nearest_mode", &format!("is \"{other}\""))),
        })
    }

    /// The attribute that [`Rounding::parse`] reads.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::PreferFloor => "round_prefer_floor",
            Self::PreferCeil => "round_prefer_ceil",
            Self::Floor => "floor",
            Self::Ceil => "ceil",
        }
    }

    /// A position within a millionth of a half is a half, as in ONNX Runtime: 14.500001 is where a scale of 1.3
    /// has its rounding error.
    pub(super) fn apply(self, position: f32) -> f32 {
        let below = position.floor();
        let is_half = (position - below - 0.5).abs() < 1e-6;
        match self {
            Self::PreferFloor if is_half => below,
            Self::PreferCeil if is_half => below + 1.0,
            Self::PreferFloor => (position - 0.5).ceil(),
            Self::PreferCeil => (position + 0.5).floor(),
            Self::Floor => position.floor(),
            Self::Ceil => position.ceil(),
        }
    }
}

/// Resizing along one axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Line {
    pub(super) input: usize,
    pub(super) output: usize,
    /// Output samples for each input sample, above 0.
    pub(super) scale: f32,
    /// The output's length that the scale asks for; not rounded.
    pub(super) length: f32,
    /// Region of interest, as fractions of the input.
    pub(super) region: (f32, f32),
}

impl Line {
    pub(super) fn identity(input: usize) -> Self {
        Self { input, output: input, scale: 1.0, length: input as f32, region: (0.0, 1.0) }
    }

    /// An axis resized by a factor. The product is rounded to f32 before its whole part is taken, as
    /// in ONNX Runtime and in ONNX's shape inference: 20 by the f32 next to 1.3, which is below it,
    /// gives 26.
    pub(super) fn scaled(input: usize, scale: f32) -> Result<Self> {
        let length = input as f32 * scale;
        let output = length.floor();
        if scale > 0.0 && scale.is_finite() && output <= MAX_ELEMENTS as f32 {
            let line = Self { output: output as usize, scale, length, ..Self::identity(input) };
            if line.input > 0 || line.output == 0 {
                return Ok(line);
            }
        }
        Err(Error::new(&codes::SHAPE, format!("an extent of {input} resized by {scale}")))
    }

    /// An axis resized to `size` samples.
    pub(super) fn sized(input: usize, size: i64) -> Result<Self> {
        let output = usize::try_from(size).ok().filter(|&size| size <= MAX_ELEMENTS);
        match output {
            Some(output) if input > 0 && output > 0 => {
                let scale = output as f32 / input as f32;
                Ok(Self { output, scale, length: output as f32, ..Self::identity(input) })
            }
            Some(0) if input == 0 => Ok(Self::identity(0)),
            _ => Err(Error::new(&codes::SHAPE, format!("an extent of {input} resized to {size}"))),
        }
    }

    /// Whether every output sample is the input sample of the same index, in any mode.
    pub(super) fn is_identity(&self) -> bool {
        self.input == self.output && self.scale == 1.0 && self.region == (0.0, 1.0)
    }
}
