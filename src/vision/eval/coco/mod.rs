//! COCO detection evaluation: annotations in, average precision and a COCO result file out.
//!
//! The definition is that of the COCO detection challenge (Lin et al., "Microsoft COCO: Common
//! Objects in Context", and <https://cocodataset.org/#detection-eval>): greedy matching by score at
//! ten IoU thresholds, precision interpolated at 101 recalls, means over categories.

mod annotations;
mod curve;
mod evaluate;
mod matching;
mod results;
mod truth;

pub use annotations::{Annotation, Annotations, Category, CategoryIds, Chosen, Image, Pairing};
pub use evaluate::{CategoryReport, Report, evaluate};
pub use results::{ResultRecord, records};
pub use truth::Truth;

/// Left, top, width, height in pixels, as COCO writes boxes.
pub type Xywh = [f64; 4];

/// Number of IoU thresholds.
const THRESHOLDS: usize = 10;

/// The IoU thresholds 0.5, 0.55, .. 0.95.
///
/// Computed as `numpy.linspace` does, so that an IoU on a threshold falls on the same side.
fn iou_thresholds() -> [f64; THRESHOLDS] {
    let step = (0.95 - 0.5) / (THRESHOLDS - 1) as f64;
    std::array::from_fn(
        |index| if index == THRESHOLDS - 1 { 0.95 } else { 0.5 + index as f64 * step },
    )
}

/// A range of object sizes, in square pixels, both ends included.
#[derive(Debug, Clone, Copy, PartialEq)]
struct AreaRange {
    least: f64,
    most: f64,
}

impl AreaRange {
    const ALL: Self = Self { least: 0.0, most: 1e10 };
    const SMALL: Self = Self { least: 0.0, most: 1024.0 };
    const MEDIUM: Self = Self { least: 1024.0, most: 9216.0 };
    const LARGE: Self = Self { least: 9216.0, most: 1e10 };

    fn contains(&self, area: f64) -> bool {
        (self.least..=self.most).contains(&area)
    }
}

/// Intersection over union; over a crowd region, the part of the detection that lies in it.
fn iou(detection: &Xywh, truth: &Xywh, crowd: bool) -> f64 {
    let overlap = |axis: usize| {
        let end = (detection[axis] + detection[axis + 2]).min(truth[axis] + truth[axis + 2]);
        end - detection[axis].max(truth[axis])
    };
    let (width, height) = (overlap(0), overlap(1));
    if width <= 0.0 || height <= 0.0 {
        return 0.0;
    }
    let both = width * height;
    let area = detection[2] * detection[3];
    let either = if crowd { area } else { area + truth[2] * truth[3] - both };
    both / either
}

#[cfg(test)]
mod tests;
