//! From a detector's outputs to boxes in the original image.
//!
//! Each box takes its best class; the score is objectness times class score. With the evaluation
//! limits this is the procedure by which the YOLOX authors measure COCO AP
//! (Ge et al., "YOLOX: Exceeding YOLO Series in 2021", and its reference implementation).

use super::nms::{BBox, Detection, suppress};
use super::outputs::{self, activate, sigmoid};
use super::preprocess::Geometry;
use super::spec::{Activation, BoxEncoding, DetectionSpec, Layout, Limits, Unit};
use crate::base::error::{Error, Result, codes};
use crate::base::tensor::Tensor;

/// A two-dimensional output, one row per box whatever the layout in memory.
#[derive(Clone, Copy)]
struct Rows<'a> {
    values: &'a [f32],
    rows: usize,
    row_pitch: usize,
    column_pitch: usize,
}

impl<'a> Rows<'a> {
    /// Reads an output of `columns` values per box.
    fn new(name: &str, tensor: &'a Tensor, layout: Layout, columns: usize) -> Result<Self> {
        let values = outputs::floats(name, tensor)?;
        let shape = tensor.shape();
        let (rows, found) = match (layout, shape) {
            (Layout::BoxesFirst, [.., rows, columns]) => (*rows, *columns),
            (Layout::BoxesLast, [.., columns, rows]) => (*rows, *columns),
            _ => (0, 0),
        };
        let batch: usize = shape.iter().rev().skip(2).product();
        if found != columns || batch != 1 {
            let expected = match layout {
                Layout::BoxesFirst => format!("1 x boxes x {columns}"),
                Layout::BoxesLast => format!("1 x {columns} x boxes"),
            };
            let message = format!("output \"{name}\" has shape {shape:?}, expected {expected}");
            return Err(Error::new(&codes::TASK_OUTPUT, message));
        }
        let (row_pitch, column_pitch) = match layout {
            Layout::BoxesFirst => (columns, 1),
            Layout::BoxesLast => (1, rows),
        };
        Ok(Self { values, rows, row_pitch, column_pitch })
    }

    fn at(&self, row: usize, column: usize) -> f32 {
        self.values[row * self.row_pitch + column * self.column_pitch]
    }
}

/// Where boxes and scores stand in the outputs.
struct Outputs<'a> {
    /// Name of the output with the boxes.
    name: &'a str,
    boxes: Rows<'a>,
    scorer: Scorer<'a>,
}

impl<'a> Outputs<'a> {
    fn find(
        spec: &'a DetectionSpec,
        classes: usize,
        available: &[(&'a str, &'a Tensor)],
    ) -> Result<Self> {
        let columns =
            classes + usize::from(spec.objectness) + usize::from(spec.background.is_some());
        let (name, tensor) = outputs::find(available, spec.output.as_deref())?;
        let (boxes, scores, first) = match spec.scores_output.as_deref() {
            None => {
                let joint = Rows::new(name, tensor, spec.layout, 4 + columns)?;
                (joint, joint, 4)
            }
            Some(scores_output) => {
                let boxes = Rows::new(name, tensor, spec.layout, 4)?;
                let (scores_name, scores) = outputs::find(available, Some(scores_output))?;
                let scores = Rows::new(scores_name, scores, spec.layout, columns)?;
                if scores.rows != boxes.rows {
                    let message = format!(
                        "output \"{name}\" has {} boxes and \"{scores_name}\" has scores for {}",
                        boxes.rows, scores.rows
                    );
                    return Err(Error::new(&codes::TASK_OUTPUT, message));
                }
                (boxes, scores, 0)
            }
        };
        Ok(Self { name, boxes, scorer: Scorer { spec, scores, first, columns } })
    }
}

/// Objectness times class score of every box and class, box by box.
///
/// # Errors
/// [`codes::TASK_OUTPUT`] when an output is not there, has another shape or holds NaN.
pub fn scores(
    spec: &DetectionSpec,
    classes: usize,
    available: &[(&str, &Tensor)],
) -> Result<Vec<f32>> {
    let outputs = Outputs::find(spec, classes, available)?;
    let mut all = Vec::with_capacity(outputs.boxes.rows * classes);
    let mut scratch = Vec::with_capacity(outputs.scorer.columns);
    for row in 0..outputs.boxes.rows {
        let objectness = outputs.scorer.classes(row, &mut scratch);
        all.extend(scratch.iter().map(|score| score * objectness));
    }
    Ok(all)
}

/// Reads, decodes, filters and suppresses; best first, in pixels of the original image.
///
/// Boxes may reach beyond the image; a box with an infinite edge is dropped.
///
/// # Errors
/// [`codes::TASK_OUTPUT`] when an output is not there, has another shape or holds NaN.
pub fn detect(
    spec: &DetectionSpec,
    classes: usize,
    available: &[(&str, &Tensor)],
    geometry: &Geometry,
    limits: &Limits,
) -> Result<Vec<Detection>> {
    let Outputs { name, boxes, scorer } = Outputs::find(spec, classes, available)?;
    let cells = cells(spec, name, boxes.rows, geometry)?;
    let mut candidates = Vec::new();
    let mut scratch = Vec::with_capacity(scorer.columns);
    for row in 0..boxes.rows {
        let Some((class, score)) = scorer.best(row, limits.score_threshold, &mut scratch) else {
            continue;
        };
        let raw = [0, 1, 2, 3].map(|column| boxes.at(row, column));
        let bbox = decode(spec, raw, cells.get(row), geometry);
        if bbox.is_finite() {
            candidates.push(Detection { class, score, bbox });
        }
    }
    let mut kept = suppress(candidates, limits.nms_threshold);
    kept.truncate(limits.max_detections);
    Ok(kept)
}

struct Scorer<'a> {
    spec: &'a DetectionSpec,
    scores: Rows<'a>,
    first: usize,
    /// Columns of scores, objectness and background included.
    columns: usize,
}

impl Scorer<'_> {
    /// Class scores of a box, without the background, into `scratch`; its objectness.
    fn classes(&self, row: usize, scratch: &mut Vec<f32>) -> f32 {
        let mut first = self.first;
        let mut objectness = 1.0;
        if self.spec.objectness {
            objectness = self.scores.at(row, first);
            if self.spec.activation != Activation::None {
                objectness = sigmoid(objectness);
            }
            first += 1;
        }
        scratch.clear();
        scratch
            .extend((first..self.first + self.columns).map(|column| self.scores.at(row, column)));
        activate(self.spec.activation, scratch);
        if let Some(background) = self.spec.background {
            scratch.remove(background);
        }
        objectness
    }

    /// Best class of a box and its score, if that reaches the threshold; the lower index of equals.
    fn best(&self, row: usize, threshold: f32, scratch: &mut Vec<f32>) -> Option<(usize, f32)> {
        let objectness = self.classes(row, scratch);
        let mut best = None;
        for (class, &score) in scratch.iter().enumerate() {
            if best.is_none_or(|(_, highest)| score > highest) {
                best = Some((class, score));
            }
        }
        best.map(|(class, score)| (class, score * objectness))
            .filter(|&(_, score)| score >= threshold)
    }
}

/// A cell of a detection grid: column, row, stride.
type Cell = [f32; 3];

/// The cells in the order of the output; empty when boxes do not refer to a grid.
fn cells(spec: &DetectionSpec, name: &str, boxes: usize, geometry: &Geometry) -> Result<Vec<Cell>> {
    if spec.boxes != BoxEncoding::GridCenterExp {
        return Ok(Vec::new());
    }
    let [width, height] = geometry.input;
    let grids = spec.strides.iter().map(|&stride| (width / stride, height / stride, stride));
    let count: u64 = grids.clone().map(|(w, h, _)| u64::from(w) * u64::from(h)).sum();
    if count != boxes as u64 {
        return Err(Error::new(
            &codes::TASK_OUTPUT,
            format!(
                "output \"{name}\" has {boxes} boxes, but strides {:?} on a {width}x{height} input \
                 give {count}",
                spec.strides
            ),
        ));
    }
    let mut cells = Vec::with_capacity(boxes);
    for (columns, rows, stride) in grids {
        for row in 0..rows {
            cells.extend((0..columns).map(|column| [column as f32, row as f32, stride as f32]));
        }
    }
    Ok(cells)
}

fn decode(spec: &DetectionSpec, raw: [f32; 4], cell: Option<&Cell>, geometry: &Geometry) -> BBox {
    let [a, b, c, d] = match (spec.boxes, cell) {
        (BoxEncoding::GridCenterExp, Some([column, row, stride])) => [
            (raw[0] + column) * stride,
            (raw[1] + row) * stride,
            raw[2].exp() * stride,
            raw[3].exp() * stride,
        ],
        _ => raw,
    };
    let corners = match spec.boxes {
        BoxEncoding::Corners => [a, b, c, d],
        BoxEncoding::GridCenterExp | BoxEncoding::CenterSize => {
            [a - c / 2.0, b - d / 2.0, a + c / 2.0, b + d / 2.0]
        }
    };
    let [width, height] = match spec.unit {
        Unit::Pixels => [1.0, 1.0],
        Unit::Normalized => geometry.input.map(|side| side as f32),
    };
    let [x1, y1] = geometry.to_image([corners[0] * width, corners[1] * height]);
    let [x2, y2] = geometry.to_image([corners[2] * width, corners[3] * height]);
    BBox { x1, y1, x2, y2 }
}

#[cfg(test)]
#[path = "detection_tests.rs"]
mod tests;
