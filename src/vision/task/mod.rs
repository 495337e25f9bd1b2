//! What happens around a network: images in, detections or classes out.
//!
//! A [`TaskSpec`] is the description as data (a small JSON file or a preset); a [`Task`] is one
//! bound to the input size of a model. A task is immutable and may be shared between threads.

pub mod classes;
mod classification;
mod detection;
pub mod folder;
pub mod image;
pub mod nms;
mod outputs;
mod preprocess;
pub mod presets;
pub mod resize;
mod spec;
mod validate;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use classes::Classes;
pub use classification::ClassScore;
pub use nms::{BBox, Detection};
pub use preprocess::Geometry;
pub use spec::{
    Activation, BoxEncoding, ClassificationSpec, ColorOrder, DetectionSpec, InputSpec, Layout,
    Limits, Resize, TaskSpec, Unit, path_beside,
};
pub use validate::MAX_INPUT;

use crate::base::error::{Error, Result, codes};
use crate::base::json::{Form, FormatOf, VersionOf};
use crate::base::tensor::Tensor;
use crate::vision::image::Image;

/// What a network says about one image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Prediction {
    /// Objects in pixels of the original image, best first.
    Detections(Vec<Detection>),
    /// Classes, best first.
    Classes(Vec<ClassScore>),
}

/// What a network says about one image, as a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PredictionReport {
    /// `seigo-prediction`.
    pub format: FormatOf<Self>,
    /// Version of this form.
    pub version: VersionOf<Self>,
    /// What the network says.
    #[serde(flatten)]
    pub prediction: Prediction,
}

impl Form for PredictionReport {
    const FORMAT: &'static str = "seigo-prediction";
    const VERSION: u32 = 1;
}

impl From<Prediction> for PredictionReport {
    fn from(prediction: Prediction) -> Self {
        Self { format: FormatOf::default(), version: VersionOf::default(), prediction }
    }
}

/// What a prediction is for; decides which thresholds hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To be looked at: only confident detections.
    Show,
    /// To measure accuracy: nearly all detections, at least five classes.
    Evaluation,
}

/// A task description bound to the input size of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    spec: TaskSpec,
    input: [u32; 2],
}

impl Task {
    /// Binds a description to a model whose image input has `shape`: 1 x 3 x height x width, or 1 x 1 x
    /// height x width for gray.
    ///
    /// # Errors
    /// [`codes::TASK_SPEC`] when the shape is no such shape, contradicts the description's width
    /// and height or does not fit its strides.
    pub fn new(spec: TaskSpec, shape: &[usize]) -> Result<Self> {
        spec.validate()?;
        let refuse = |message: String| Err(Error::new(&codes::TASK_SPEC, message));
        let channels = spec.input.color.channels();
        let (height, width) = match *shape {
            [1, found, height, width] if found == channels => (height, width),
            _ => {
                return refuse(format!(
                    "the model's input has shape {shape:?}, but images enter as \
                     1 x {channels} x height x width"
                ));
            }
        };
        let limit = |side: usize| {
            u32::try_from(side).ok().filter(|side| (1..=validate::MAX_INPUT).contains(side))
        };
        let (Some(model_width), Some(model_height)) = (limit(width), limit(height)) else {
            return refuse(format!("the model's input is {width}x{height} pixels"));
        };
        let named = [("width", spec.input.width, width), ("height", spec.input.height, height)];
        for (field, wanted, found) in named {
            if wanted.is_some_and(|wanted| wanted as usize != found) {
                return refuse(format!(
                    "`input.{field}` is {}, but the model's input has {found}",
                    wanted.unwrap_or_default()
                ));
            }
        }
        let strides = spec.detection.iter().flat_map(|detection| &detection.strides);
        for stride in strides {
            if model_width % stride != 0 || model_height % stride != 0 {
                return refuse(format!(
                    "`detection.strides`: {stride} does not divide the input of {width}x{height}"
                ));
            }
        }
        if let Some(side) = spec.input.short_side
            && side < model_width.max(model_height)
        {
            return refuse(format!(
                "`input.short_side` is {side}, too short for a crop of {width}x{height}"
            ));
        }
        Ok(Self { spec, input: [model_width, model_height] })
    }

    /// The description.
    pub fn spec(&self) -> &TaskSpec {
        &self.spec
    }

    /// Replaces the limits for one purpose; a classifier has none and stays as it is.
    ///
    /// # Errors
    /// [`codes::TASK_SPEC`] when a threshold is outside 0 to 1 or the count is zero.
    pub fn set_limits(&mut self, purpose: Purpose, limits: Limits) -> Result<()> {
        if let Some(detection) = &mut self.spec.detection {
            let (place, slot) = match purpose {
                Purpose::Show => ("detection.show", &mut detection.show),
                Purpose::Evaluation => ("detection.evaluation", &mut detection.evaluation),
            };
            limits.validate(place)?;
            *slot = limits;
        }
        Ok(())
    }

    /// Fits an image to the network: f32 of 1 x channels x height x width, and how to get back.
    ///
    /// # Errors
    /// [`codes::IMAGE_DECODE`] for an image without pixels.
    pub fn preprocess(&self, image: &Image) -> Result<(Tensor, Geometry)> {
        if image.width() == 0 || image.height() == 0 {
            return Err(Error::new(&codes::IMAGE_DECODE, "the image has no pixels"));
        }
        preprocess::preprocess(&self.spec.input, &image.0, self.input)
    }

    /// The scores behind every possible answer, best or not: per box and class, or per class.
    ///
    /// # Errors
    /// [`codes::TASK_OUTPUT`] when an output is not there, has another shape or holds NaN.
    pub fn scores(&self, outputs: &[(&str, &Tensor)]) -> Result<Vec<f32>> {
        let classes = self.spec.classes.len();
        match (&self.spec.detection, &self.spec.classification) {
            (Some(spec), _) => detection::scores(spec, classes, outputs),
            (None, Some(spec)) => classification::scores(spec, classes, outputs),
            (None, None) => Err(neither()),
        }
    }

    /// Reads the network's outputs, each with its name.
    ///
    /// # Errors
    /// [`codes::TASK_OUTPUT`] when an output is not there, has another shape or holds NaN.
    pub fn postprocess(
        &self,
        outputs: &[(&str, &Tensor)],
        geometry: &Geometry,
        purpose: Purpose,
    ) -> Result<Prediction> {
        let classes = self.spec.classes.len();
        match (&self.spec.detection, &self.spec.classification) {
            (Some(spec), _) => {
                let limits = match purpose {
                    Purpose::Show => &spec.show,
                    Purpose::Evaluation => &spec.evaluation,
                };
                detection::detect(spec, classes, outputs, geometry, limits)
                    .map(Prediction::Detections)
            }
            (None, Some(spec)) => {
                let top = match purpose {
                    Purpose::Show => spec.top,
                    Purpose::Evaluation => spec.top.max(5),
                };
                classification::classify(spec, top, classes, outputs).map(Prediction::Classes)
            }
            (None, None) => Err(neither()),
        }
    }

    /// Whether an answer is nearer to a decision than `margin`: a box to the threshold from which boxes are shown, from either
    /// side, or the best class of a classifier to the second.
    ///
    /// # Errors
    /// Those of [`Task::postprocess`].
    pub fn is_uncertain(
        &self,
        outputs: &[(&str, &Tensor)],
        geometry: &Geometry,
        margin: f32,
    ) -> Result<bool> {
        let classes = self.spec.classes.len();
        match (&self.spec.detection, &self.spec.classification) {
            (Some(spec), _) => {
                let threshold = spec.show.score_threshold;
                let lowered = (threshold - margin).max(0.0);
                let limits = Limits { score_threshold: lowered, ..spec.show };
                let found = detection::detect(spec, classes, outputs, geometry, &limits)?;
                Ok(found.iter().any(|found| (found.score - threshold).abs() < margin))
            }
            (None, Some(spec)) => {
                let ranking = classification::classify(spec, 2, classes, outputs)?;
                Ok(matches!(&ranking[..], [first, second] if first.score - second.score < margin))
            }
            (None, None) => Err(neither()),
        }
    }
}

fn neither() -> Error {
    Error::new(&codes::TASK_SPEC, "neither `detection` nor `classification` is given")
}
