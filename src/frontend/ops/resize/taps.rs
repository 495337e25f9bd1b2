//! Input samples and weights of each output sample; interpolation is separable.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::coordinates::{Coordinates, Line, Rounding};
use crate::base::error::Result;
use crate::base::tensor::element_count;

/// How the samples around a position become a value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// The nearest one.
    Nearest(Rounding),
    /// The two around it, weighted by distance.
    Linear {
        /// Widen the kernel by the inverse of the scale when shrinking.
        antialias: bool,
        /// Samples outside of the input get no weight instead of the value at the border.
        exclude_outside: bool,
    },
    /// The four around it, by the cubic convolution of Keys (1981).
    Cubic {
        /// The free coefficient of the cubic, usually -0.75 or -0.5.
        coefficient: f32,
        /// See [`Mode::Linear`].
        antialias: bool,
        /// See [`Mode::Linear`].
        exclude_outside: bool,
    },
}

impl Mode {
    /// Half width of the kernel, its value at a distance, and the two flags.
    fn kernel(self) -> (f64, impl Fn(f64) -> f64, bool, bool) {
        let (reach, a, antialias, exclude_outside) = match self {
            Self::Nearest(_) => (1.0, 0.0, false, false),
            Self::Linear { antialias, exclude_outside } => (1.0, 0.0, antialias, exclude_outside),
            Self::Cubic { coefficient, antialias, exclude_outside } => {
                (2.0, f64::from(coefficient), antialias, exclude_outside)
            }
        };
        let cubic = matches!(self, Self::Cubic { .. });
        let value = move |distance: f64| {
            let x = distance.abs();
            match (cubic, x) {
                (false, x) => (1.0 - x).max(0.0),
                (true, x) if x <= 1.0 => ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0,
                (true, x) if x < 2.0 => ((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a,
                (true, _) => 0.0,
            }
        };
        (reach, value, antialias, exclude_outside)
    }
}

/// Input samples with their weights; a sample may come twice.
pub type Samples = Vec<(usize, f32)>;

/// Weighted input samples of one output sample; `None` outside of the region of interest.
pub(super) type Taps = Option<Samples>;

/// The input sample of each output sample.
pub(super) fn nearest(
    line: &Line,
    coordinates: Coordinates,
    rounding: Rounding,
) -> Vec<Option<usize>> {
    let last = line.input as f32 - 1.0;
    (0..line.output)
        .map(|x| {
            let position = coordinates.position(x, line)?;
            Some(rounding.apply(position).clamp(0.0, last.max(0.0)) as usize)
        })
        .collect()
}

/// The weighted input samples of each output sample.
pub(super) fn weights(line: &Line, coordinates: Coordinates, mode: Mode) -> Vec<Taps> {
    let (reach, kernel, antialias, exclude_outside) = mode.kernel();
    // Beyond the whole input twice over, more taps only repeat the border.
    let narrow = if antialias { f64::from(line.scale).min(1.0) } else { 1.0 };
    let last = line.input as i64 - 1;
    (0..line.output)
        .map(|x| {
            let position = f64::from(coordinates.position(x, line)?);
            let width = (reach / narrow).min(2.0 * line.input as f64 + 4.0);
            let first = (position - width).floor() as i64 + 1;
            let end = (position + width).ceil() as i64;
            let mut taps: Vec<(usize, f32)> = Vec::new();
            let mut sum = 0.0;
            for sample in first..end.max(first + 1) {
                let inside = (0..=last).contains(&sample);
                if exclude_outside && !inside {
                    continue;
                }
                let weight = kernel((sample as f64 - position) * narrow);
                sum += weight;
                taps.push((sample.clamp(0, last) as usize, weight as f32));
            }
            if antialias || exclude_outside {
                for (_, weight) in &mut taps {
                    *weight = (f64::from(*weight) / sum) as f32;
                }
            }
            Some(taps)
        })
        .collect()
}

/// Replaces axis `axis` of `values`, whose extents are `shape`, by one weighted sum for each
/// entry of `taps`; `shape` is brought up to date.
pub(super) fn interpolate(
    values: &[f32],
    shape: &mut [usize],
    axis: usize,
    taps: &[Taps],
    extrapolation: f32,
) -> Result<Vec<f32>> {
    let extent = shape[axis];
    let (outer, inner): (usize, usize) =
        (shape[..axis].iter().product(), shape[axis + 1..].iter().product());
    shape[axis] = taps.len();
    let mut output = vec![0f32; element_count(shape)?];
    if output.is_empty() {
        return Ok(output);
    }
    for (block, target) in output.chunks_exact_mut(taps.len() * inner).enumerate().take(outer) {
        let source = &values[block * extent * inner..][..extent * inner];
        for (target, taps) in target.chunks_exact_mut(inner).zip(taps) {
            let Some(taps) = taps else {
                target.fill(extrapolation);
                continue;
            };
            for &(sample, weight) in taps {
                for (target, &value) in target.iter_mut().zip(&source[sample * inner..]) {
                    *target += weight * value;
                }
            }
        }
    }
    Ok(output)
}
