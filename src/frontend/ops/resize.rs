//! Another number of samples along some axes.
//!
//! ONNX: Resize (opset 10 on), Upsample (opset 7 on). Nearest neighbor copies elements of any
//! type; linear and cubic, with or without antialiasing, are for floats. Opset 10 and Upsample mean
//! asymmetric coordinates and, for nearest, rounding down. As in the ONNX reference, a scale that
//! gives no whole number of samples enters the coordinates as it is. Extents and positions are
//! computed in f32, as ONNX Runtime does.

mod coordinates;
mod taps;

pub use coordinates::{Coordinates, Rounding};
pub use taps::{Mode, Samples};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::take::take;
use super::{Fact, Inputs, Operand, Operator, axis};
use crate::base::error::{Error, Result, codes};
use crate::for_dtype;
use crate::frontend::onnx::{Attributes, Node, bad};
use crate::base::tensor::{DType, Tensor, element_count};
use coordinates::Line;

/// See the module. Inputs: data, region of interest, scales, sizes, all but the data optional
/// constants; or, in the old form, data and scales.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Resize {
    /// How samples become a value.
    pub mode: Mode,
    /// Which input position an output sample looks at.
    pub coordinates: Coordinates,
    /// Position of the scales among the inputs: 2, or 1 in opset 10 and Upsample.
    pub scales_input: usize,
    /// Axes that scales or sizes are given for; `None` means all.
    pub axes: Option<Vec<i64>>,
    /// How sizes and the aspect ratio agree.
    pub aspect: Aspect,
    /// Value outside of the region of interest of [`Coordinates::CropAndResize`].
    #[serde(with = "super::float_form")]
    #[schemars(with = "super::float_form::Form")]
    pub extrapolation: f32,
}

/// What happens to the aspect ratio when sizes are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Aspect {
    /// The sizes are taken as they are.
    Stretch,
    /// One scale for all axes, so that no extent is larger than its size.
    NotLarger,
    /// One scale for all axes, so that no extent is smaller than its size.
    NotSmaller,
}

impl Operator for Resize {
    const ONNX: &'static [&'static str] = &["Resize", "Upsample"];
    const ATTRIBUTES_NOW_INPUTS: &'static [(&'static str, usize)] = &[("scales", 1)];
    const LIMITS: &'static str = "Nearest: all element types; linear and cubic: f32. Scales, sizes and region must be known at conversion time.";

    fn parse(node: &Node, opset: i64) -> Result<Self> {
        let attributes = &node.attributes;
        let old = opset < 11 || node.op_type == "Upsample";
        let (coordinates, rounding) = if old {
            (Coordinates::Asymmetric, Rounding::Floor)
        } else {
            (Coordinates::parse(attributes)?, Rounding::parse(attributes)?)
        };
        let aspect = match attributes.string("keep_aspect_ratio_policy")?.as_deref() {
            None | Some("stretch") => Aspect::Stretch,
            Some("not_larger") => Aspect::NotLarger,
            Some("not_smaller") => Aspect::NotSmaller,
            Some(other) => {
                return Err(bad("keep_aspect_ratio_policy", &format!("is \"{other}\"")));
            }
        };
        Ok(Self {
            mode: mode(attributes, rounding)?,
            coordinates,
            scales_input: if old { 1 } else { 2 },
            axes: attributes.ints("axes")?,
            aspect,
            extrapolation: attributes.float("extrapolation_value")?.unwrap_or(0.0),
        })
    }

    fn attributes(&self) -> Attributes {
        let aspect = match self.aspect {
            Aspect::Stretch => "stretch",
            Aspect::NotLarger => "not_larger",
            Aspect::NotSmaller => "not_smaller",
        };
        let attributes = self
            .mode
            .attributes()
            .with("coordinate_transformation_mode", self.coordinates.name())
            .with("keep_aspect_ratio_policy", aspect)
            .with("extrapolation_value", self.extrapolation);
        match &self.axes {
            Some(axes) => attributes.with("axes", axes.clone()),
            None => attributes,
        }
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        let input = inputs.required(0)?;
        let nearest = matches!(self.mode, Mode::Nearest(_));
        if !nearest && input.dtype != DType::F32 {
            return Err(Error::new(
                &codes::SHAPE,
                format!("interpolation of {}; only f32 is supported", input.dtype),
            ));
        }
        let shape: Vec<_> = self.lines(inputs)?.iter().map(|line| line.output).collect();
        Ok(vec![Fact::new(input.dtype, shape)])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        let input = inputs.required(0)?;
        let lines = self.lines(inputs)?;
        if let Mode::Nearest(rounding) = self.mode {
            return for_dtype!(input.dtype(), T => {
                let fill = super::cast::cast(&Tensor::scalar(self.extrapolation), input.dtype())?;
                let fill = fill.values::<T>()?.first().copied().unwrap_or_default();
                let mut shape = input.shape().to_vec();
                let mut values = input.values::<T>()?.to_vec();
                for (axis, line) in lines.iter().enumerate().filter(|(_, line)| !line.is_identity())
                {
                    let positions = taps::nearest(line, self.coordinates, rounding);
                    values = take(&values, &mut shape, axis, &positions, fill)?;
                }
                Ok(vec![Tensor::new(&shape, values)?])
            });
        }
        let mut shape = input.shape().to_vec();
        let mut values = input.values::<f32>()?.to_vec();
        for (axis, line) in lines.iter().enumerate().filter(|(_, line)| !line.is_identity()) {
            let taps = taps::weights(line, self.coordinates, self.mode);
            values = taps::interpolate(&values, &mut shape, axis, &taps, self.extrapolation)?;
        }
        Ok(vec![Tensor::new(&shape, values)?])
    }

    fn moves(&self) -> bool {
        matches!(self.mode, Mode::Nearest(_))
    }
}

impl Resize {
    /// Along each axis, the weighted input samples of each output sample, which are multiplied over the axes;
    /// `None` where samples lie outside of a region of interest.
    ///
    /// # Errors
    /// Those of [`Operator::infer`].
    pub fn samples(&self, inputs: Inputs<'_, Fact>) -> Result<Option<Vec<Vec<Samples>>>> {
        let along = |line: &Line| match (line.is_identity(), self.mode) {
            (true, _) => Some((0..line.input).map(|sample| vec![(sample, 1.0)]).collect()),
            (false, Mode::Nearest(rounding)) => {
                let nearest = taps::nearest(line, self.coordinates, rounding).into_iter();
                nearest.map(|sample| Some(vec![(sample?, 1.0)])).collect()
            }
            (false, mode) => taps::weights(line, self.coordinates, mode).into_iter().collect(),
        };
        Ok(self.lines(inputs)?.iter().map(along).collect())
    }

    /// What happens along each axis of the input.
    fn lines<T: Operand>(&self, inputs: Inputs<'_, T>) -> Result<Vec<Line>> {
        let shape = inputs.required(0)?.shape();
        let axes = match &self.axes {
            None => (0..shape.len()).collect(),
            Some(given) => {
                given.iter().map(|&value| axis(value, shape.len())).collect::<Result<Vec<_>>>()?
            }
        };
        let mut lines: Vec<_> = shape.iter().map(|&extent| Line::identity(extent)).collect();
        let fits = |count: usize, what: &str| {
            if count == axes.len() {
                return Ok(());
            }
            let message = format!("{count} {what} for {} axes", axes.len());
            Err(Error::new(&codes::SHAPE, message))
        };
        let scales = inputs.constant(self.scales_input)?.filter(|scales| !scales.is_empty());
        let sizes = inputs.integers(3)?.filter(|sizes| !sizes.is_empty());
        match (scales, sizes) {
            (Some(scales), None) => {
                fits(scales.len(), "scales")?;
                for (&axis, &scale) in axes.iter().zip(scales.values::<f32>()?) {
                    lines[axis] = Line::scaled(shape[axis], scale)?;
                }
            }
            (None, Some(sizes)) => {
                fits(sizes.len(), "sizes")?;
                self.sized(&axes, &sizes, &mut lines)?;
            }
            _ => {
                return Err(Error::new(&codes::SHAPE, "either scales or sizes must be given"));
            }
        }
        if self.coordinates == Coordinates::CropAndResize {
            let region = inputs.required(1)?.value()?.values::<f32>()?;
            fits(region.len() / 2, "region bounds")?;
            for (index, &axis) in axes.iter().enumerate() {
                lines[axis].region = (region[index], region[axes.len() + index]);
            }
        }
        element_count(&lines.iter().map(|line| line.output).collect::<Vec<_>>())?;
        // ONNX Runtime copies then, whatever the scales are.
        let cropped = self.coordinates == Coordinates::CropAndResize;
        if !cropped && lines.iter().all(|line| line.input == line.output) {
            lines = shape.iter().map(|&extent| Line::identity(extent)).collect();
        }
        Ok(lines)
    }

    fn sized(&self, axes: &[usize], sizes: &[i64], lines: &mut [Line]) -> Result<()> {
        for (&axis, &size) in axes.iter().zip(sizes) {
            lines[axis] = Line::sized(lines[axis].input, size)?;
        }
        let scales = axes.iter().map(|&axis| lines[axis].scale);
        let common = match self.aspect {
            Aspect::Stretch => return Ok(()),
            Aspect::NotLarger => scales.reduce(f32::min),
            Aspect::NotSmaller => scales.reduce(f32::max),
        };
        for &axis in axes {
            let input = lines[axis].input;
            let scale = common.unwrap_or(1.0);
            let length = input as f32 * scale;
            lines[axis] = Line { scale, length, ..Line::sized(input, length.round() as i64)? };
        }
        Ok(())
    }
}

impl Mode {
    /// The attributes that [`mode`] reads.
    fn attributes(&self) -> Attributes {
        match *self {
            Self::Nearest(rounding) => {
                Attributes::default().with("mode", "nearest").with("nearest_mode", rounding.name())
            }
            Self::Linear { antialias, exclude_outside } => Attributes::default()
                .with("mode", "linear")
                .with("antialias", antialias)
                .with("exclude_outside", exclude_outside),
            Self::Cubic { coefficient, exclude_outside, antialias } => Attributes::default()
                .with("mode", "cubic")
                .with("cubic_coeff_a", coefficient)
                .with("antialias", antialias)
                .with("exclude_outside", exclude_outside),
        }
    }
}

fn mode(attributes: &Attributes, rounding: Rounding) -> Result<Mode> {
    let antialias = attributes.flag("antialias", false)?;
    match attributes.string("mode")?.as_deref() {
        None | Some("nearest") if !antialias => Ok(Mode::Nearest(rounding)),
        Some("linear" | "bilinear" | "trilinear") => {
            let exclude_outside = attributes.flag("exclude_outside", false)?;
            Ok(Mode::Linear { antialias, exclude_outside })
        }
        Some("cubic") => Ok(Mode::Cubic {
            coefficient: attributes.float("cubic_coeff_a")?.unwrap_or(-0.75),
            exclude_outside: attributes.flag("exclude_outside", false)?,
            antialias,
        }),
        Some(other) if !antialias => Err(bad("mode", &format!("is \"{other}\""))),
        _ => Err(bad("antialias", "is set for nearest neighbors")),
    }
}

#[cfg(test)]
mod tests;
