//! The task file: what happens before and after the network, as data.
//!
//! `docs/task.md` describes every field for users.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::classes::Classes;
use super::presets;
use crate::base::error::{Error, Place, Remedy, Result, codes};
use crate::base::files;
use crate::base::json::{self, Form, FormatOf, VersionOf, fields};

/// Everything around a network: its input, its classes and what its outputs mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskSpec {
    /// `seigo-task`; may be left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<FormatOf<Self>>,
    /// Version of the task file.
    pub version: VersionOf<Self>,
    /// From an image to the network's input.
    pub input: InputSpec,
    /// The built-in list, names in the order of the network's outputs, or a number of classes without
    /// names.
    pub classes: Classes,
    /// Ids of the classes in COCO annotations and result files; where absent, those of `coco80`, else
    /// classes are matched to categories by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category_ids: Option<Vec<i64>>,
    /// How boxes and scores are read; exactly one of this and `classification` is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detection: Option<DetectionSpec>,
    /// How class scores are read, of a classifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classification: Option<ClassificationSpec>,
}

/// From an image to the network's input, 1 x channels x height x width.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InputSpec {
    /// Width in pixels; the model's own where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 16_384))]
    pub width: Option<u32>,
    /// Height in pixels; the model's own where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 16_384))]
    pub height: Option<u32>,
    /// How the image is fitted.
    pub resize: Resize,
    /// Pixels of the shorter side before a `center-crop`, at least width and height; required there, else
    /// not allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 16_384))]
    pub short_side: Option<u32>,
    /// Value of the pixels around a letterboxed image, before normalization.
    #[serde(default = "default_pad")]
    pub pad: u8,
    /// Order of the channels.
    pub color: ColorOrder,
    /// The network reads `(pixel * scale - mean) / std`, pixel 0 to 255, rounded once to f32.
    #[serde(default = "one")]
    pub scale: f64,
    /// Per channel, in the order of `color`; all 0 when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mean: Vec<f64>,
    /// Per channel, in the order of `color`; all 1 when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub std: Vec<f64>,
}

impl InputSpec {
    /// What the network reads in a channel for every value of a pixel.
    pub fn normalized(&self, channel: usize) -> [f32; 256] {
        let mean = self.mean.get(channel).copied().unwrap_or(0.0);
        let std = self.std.get(channel).copied().unwrap_or(1.0);
        std::array::from_fn(|pixel| ((pixel as f64 * self.scale - mean) / std) as f32)
    }
}

/// How an image is fitted to the network's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Resize {
    /// Keeps the aspect ratio, image at the top left, pads right or below (YOLOX).
    LetterboxTopLeft,
    /// Keeps the aspect ratio, image in the middle (YOLOv5, YOLOv8).
    LetterboxCentered,
    /// Ignores the aspect ratio (SSD).
    Stretch,
    /// Keeps the aspect ratio, shorter side to `short_side`, then the middle (ImageNet).
    CenterCrop,
}

/// Which channels the network reads, in which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ColorOrder {
    /// Red, green, blue.
    Rgb,
    /// Blue, green, red, as OpenCV loads images.
    Bgr,
    /// Luma only (BT.601, equal to OpenCV's).
    Gray,
}

impl ColorOrder {
    /// Number of channels.
    pub fn channels(self) -> usize {
        match self {
            Self::Rgb | Self::Bgr => 3,
            Self::Gray => 1,
        }
    }
}

/// How boxes and scores are read from a detector's outputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DetectionSpec {
    /// Name of the output with the box coordinates, and of everything else where `scores_output` is
    /// absent; may be absent when the network has a single output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// Name of a separate output with the scores; where absent, they follow the four coordinates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scores_output: Option<String>,
    /// Which axis counts the boxes.
    #[serde(default)]
    pub layout: Layout,
    /// What the four coordinates of a box are.
    pub boxes: BoxEncoding,
    /// Unit of the coordinates; those of `grid-center-exp` are decoded to pixels.
    #[serde(default)]
    pub unit: Unit,
    /// Pixels per cell of each grid, in the order of the output; required for `grid-center-exp`, else not
    /// allowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(inner(range(min = 1, max = 16_384)))]
    pub strides: Vec<u32>,
    /// Whether an objectness stands before the class scores; the score is their product.
    #[serde(default)]
    pub objectness: bool,
    /// What remains to be applied to the scores.
    #[serde(default)]
    pub activation: Activation,
    /// Column of the scores that stands for "nothing here"; it is no entry of `classes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub background: Option<usize>,
    /// What `seigo detect` shows.
    #[serde(default)]
    pub show: Limits,
    /// What `seigo eval` counts for the average precision.
    #[serde(default = "Limits::evaluation")]
    pub evaluation: Limits,
}

/// Which detections are kept.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Smallest score.
    #[schemars(range(min = 0, max = 1))]
    pub score_threshold: f32,
    /// Boxes of one class that overlap a better one by more than this IoU are dropped.
    #[schemars(range(min = 0, max = 1))]
    pub nms_threshold: f32,
    /// Most detections per image, the best ones.
    #[schemars(range(min = 1))]
    pub max_detections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { score_threshold: 0.3, nms_threshold: 0.45, max_detections: 100 }
    }
}

impl Limits {
    /// The thresholds with which the YOLOX authors measure COCO AP.
    pub fn evaluation() -> Self {
        Self { score_threshold: 0.001, nms_threshold: 0.65, max_detections: 10_000 }
    }
}

/// Which axis counts the boxes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// 1 x boxes x values (YOLOX, YOLOv5, SSD).
    #[default]
    BoxesFirst,
    /// 1 x values x boxes (YOLOv8).
    BoxesLast,
}

/// What the four coordinates of a box are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BoxEncoding {
    /// `x = (tx + column) * stride`, `y = (ty + row) * stride`, `w = exp(tw) * stride`,
    /// `h = exp(th) * stride`, x and y of the center (YOLOX).
    GridCenterExp,
    /// x and y of the center, width, height.
    CenterSize,
    /// Left, top, right, bottom.
    Corners,
}

/// Unit of box coordinates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Pixels of the network's input.
    #[default]
    Pixels,
    /// Fractions of the network's input width and height.
    Normalized,
}

/// What remains to be applied to scores.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// Nothing: the network gives probabilities.
    #[default]
    None,
    /// The logistic function, per value.
    Sigmoid,
    /// Over the classes, the background included.
    Softmax,
}

/// How class scores are read from a classifier's output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClassificationSpec {
    /// Name of the output; may be absent when the network has a single one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// What remains to be applied to the scores.
    #[serde(default)]
    pub activation: Activation,
    /// How many classes are reported, best first.
    #[serde(default = "five")]
    #[schemars(range(min = 1))]
    pub top: usize,
}

fn default_pad() -> u8 {
    114
}
fn one() -> f64 {
    1.0
}
fn five() -> usize {
    5
}

impl Form for TaskSpec {
    const FORMAT: &'static str = "seigo-task";
    const VERSION: u32 = 1;
}

impl TaskSpec {
    /// Reads a task file, or takes the preset of that name.
    ///
    /// # Errors
    /// [`codes::TASK_SPEC`] with the field, or with the names of the presets when there is neither;
    /// [`codes::FILE_READ`].
    pub fn load(path_or_preset: &str) -> Result<Self> {
        if let Some(text) = presets::find(path_or_preset) {
            return Self::from_json(text).at(|| format!("preset {path_or_preset}"));
        }
        let path = Path::new(path_or_preset);
        if !path.exists() {
            return Err(Error::new(
                &codes::TASK_SPEC,
                format!("\"{path_or_preset}\" is neither a file nor a preset"),
            )
            .help(format!("the presets are {}", presets::names().join(", "))));
        }
        Self::from_json(&files::read_text(path)?).at(|| path.display().to_string())
    }

    /// Reads the task file that stands beside a model: `yolox_nano.task.json` beside
    /// `yolox_nano.onnx`.
    ///
    /// # Errors
    /// As [`TaskSpec::load`]; a missing file is [`codes::TASK_SPEC`].
    pub fn beside(model: &Path) -> Result<Self> {
        let path = path_beside(model);
        if !path.exists() {
            return Err(Error::new(
                &codes::TASK_SPEC,
                format!("nothing says how images enter {} and what comes out", model.display()),
            )
            .help(format!(
                "write {} (docs/task.md) or name a preset: {}",
                path.display(),
                presets::names().join(", ")
            ))
            .remedied_by(Remedy::Task));
        }
        Self::from_json(&files::read_text(&path)?).at(|| path.display().to_string())
    }

    /// Reads and validates the JSON form.
    ///
    /// # Errors
    /// [`codes::TASK_SPEC`] with the field.
    pub fn from_json(text: &str) -> Result<Self> {
        let spec: Self =
            fields::read(text).map_err(|wrong| Error::new(&codes::TASK_SPEC, wrong.to_string()))?;
        spec.validate()?;
        Ok(spec)
    }

    /// The JSON form, indented.
    ///
    /// # Errors
    /// None in practice: a description always serializes.
    pub fn to_json(&self) -> Result<String> {
        json::pretty(self)
    }

    /// Category id of each class: those given, else those of the built-in list.
    pub fn category_ids(&self) -> Option<Vec<i64>> {
        self.category_ids.clone().or_else(|| self.classes.category_ids())
    }
}

/// `model.onnx` to `model.task.json`.
pub fn path_beside(model: &Path) -> PathBuf {
    model.with_extension("task.json")
}

#[cfg(test)]
#[path = "spec_tests.rs"]
mod tests;
