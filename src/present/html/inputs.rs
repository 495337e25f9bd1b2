//! What other commands measured, read back from their JSON.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::base::error::{Error, Result, codes};
use crate::compile::program::Program;

/// Frames of `seigo cosim --format json`.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// In the order in which they ran; at least one.
    pub frames: Vec<Frame>,
}

/// A frame.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Frame {
    /// The image or tensor.
    pub frame: String,
    /// Whether every stored tensor equals the reference.
    pub equal: bool,
    /// Cycles from start to end.
    pub cycles: u64,
    /// Tensors that were compared.
    pub compared: u64,
    /// Idle cycles of the array by cause.
    pub stalls: serde_json::Map<String, serde_json::Value>,
    /// Passes in order, then the end.
    pub passes: Vec<FramePass>,
}

/// A pass of a frame.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct FramePass {
    /// What it does.
    pub name: String,
    /// Cycles from the end of the pass before to its own.
    pub cycles: u64,
}

impl Measured {
    /// Reads one JSON document per frame.
    ///
    /// # Errors
    /// [`codes::REPORT_INPUT`].
    pub fn from_json(text: &str) -> Result<Self> {
        let frames = serde_json::Deserializer::from_str(text).into_iter();
        let frames: Vec<Frame> = frames.collect::<serde_json::Result<_>>().map_err(|error| {
            wrong(format!("this is not the output of the co-simulation: {error}"))
                .help("give what `seigo cosim DIR --format json` printed")
        })?;
        if frames.is_empty() {
            return Err(wrong("there is no frame in it")
                .help("give what `seigo cosim DIR --format json` printed"));
        }
        Ok(Self { frames })
    }

    /// The frame whose passes are shown.
    pub fn first(&self) -> &Frame {
        &self.frames[0]
    }

    /// Whether every frame equals the reference.
    pub fn equal(&self) -> bool {
        self.frames.iter().all(|frame| frame.equal)
    }

    /// Refuses frames of another program.
    ///
    /// # Errors
    /// [`codes::REPORT_INPUT`], naming the first pass that differs.
    pub fn check(&self, program: &Program) -> Result<()> {
        let expected: Vec<&str> = program.entries.iter().map(|entry| &*entry.name).collect();
        for frame in &self.frames {
            let found: Vec<&str> = frame.passes.iter().map(|pass| &*pass.name).collect();
            if found == expected {
                continue;
            }
            let at = found.iter().zip(&expected).take_while(|(a, b)| a == b).count();
            let name = |names: &[&str]| names.get(at).map_or("none", |name| *name).to_owned();
            let message = format!(
                "frame {} was measured on another program: pass {at} is \"{}\" instead of \"{}\"",
                frame.frame,
                name(&found),
                name(&expected)
            );
            return Err(
                wrong(message).help("run `seigo cosim` on a bundle of this model and target")
            );
        }
        Ok(())
    }
}

/// Accuracy that `seigo eval --format json` printed. Fields with `deserialize_with` may be null but not
/// absent, which tells the forms apart.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Score {
    /// Of a detector: COCO average precision, 0 to 1.
    Detector {
        /// Mean over the IoU thresholds 0.5 to 0.95.
        #[serde(deserialize_with = "Option::deserialize")]
        ap: Option<f64>,
        /// At IoU 0.5.
        #[serde(deserialize_with = "Option::deserialize")]
        ap50: Option<f64>,
        /// At IoU 0.75.
        ap75: Option<f64>,
        /// Of objects up to 32 x 32 pixels.
        ap_small: Option<f64>,
        /// Of objects between.
        ap_medium: Option<f64>,
        /// Of objects from 96 x 96 pixels.
        ap_large: Option<f64>,
        /// Number of images.
        images: usize,
        /// Images that could not be read and do not count.
        #[serde(default)]
        left_out: usize,
    },
    /// Of a classifier: how often the true class came first, and among the first five.
    Classifier {
        /// Number of images.
        images: usize,
        /// Images whose true class came first.
        top1: usize,
        /// Images whose true class came among the first five.
        top5: usize,
        /// Images that could not be read and do not count.
        #[serde(default)]
        left_out: usize,
    },
}

impl Score {
    /// Reads the JSON form.
    ///
    /// # Errors
    /// [`codes::REPORT_INPUT`].
    pub fn from_json(text: &str) -> Result<Self> {
        let read = parse::<Self>(text).ok();
        read.ok_or_else(|| {
            wrong("this is not an accuracy report")
                .help("give what `seigo eval MODEL --format json` printed")
        })
    }

    /// Names of the measures with their values, 0 to 1; the first one is the headline.
    pub fn measures(&self) -> Vec<(&'static str, Option<f64>)> {
        match self {
            Self::Detector { ap, ap50, ap75, ap_small, ap_medium, ap_large, .. } => vec![
                ("mAP@.5", *ap50),
                ("mAP@.5:.95", *ap),
                ("mAP@.75", *ap75),
                ("mAP small", *ap_small),
                ("mAP medium", *ap_medium),
                ("mAP large", *ap_large),
            ],
            Self::Classifier { images, top1, top5, .. } => {
                let share = |count: usize| (*images > 0).then(|| count as f64 / *images as f64);
                vec![("top-1", share(*top1)), ("top-5", share(*top5))]
            }
        }
    }

    /// Number of images.
    pub fn images(&self) -> usize {
        match self {
            Self::Detector { images, .. } | Self::Classifier { images, .. } => *images,
        }
    }

    /// Images that could not be read and do not count.
    pub fn left_out(&self) -> usize {
        match self {
            Self::Detector { left_out, .. } | Self::Classifier { left_out, .. } => *left_out,
        }
    }
}

/// What a design takes of its part; a figure that is absent is not known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    /// What counted: the synthesis tool with its version.
    pub tool: String,
    /// Whether the figures are an estimate and not of a placed and routed design.
    pub estimate: bool,
    /// Look-up tables.
    pub lut: Option<u64>,
    /// Flip-flops.
    pub ff: Option<u64>,
    /// DSP slices.
    pub dsp: Option<u64>,
    /// Block RAMs of 36 Kbit.
    pub bram36: Option<f64>,
    /// UltraRAMs.
    pub uram: Option<u64>,
    /// Highest clock in MHz that the tool reports.
    pub fmax_mhz: Option<f64>,
}

impl Resources {
    /// Reads the JSON form.
    ///
    /// # Errors
    /// [`codes::REPORT_INPUT`] naming the field.
    pub fn from_json(text: &str) -> Result<Self> {
        parse(text).map_err(|message| {
            wrong(message).help(
                "give an object with \"tool\", \"estimate\" and the figures that are known of \"lut\", \
                 \"ff\", \"dsp\", \"bram36\", \"uram\", \"fmax_mhz\"",
            )
        })
    }
}

fn parse<T: DeserializeOwned>(text: &str) -> std::result::Result<T, String> {
    let mut reader = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| error.to_string())
}

fn wrong(message: impl Into<String>) -> Error {
    Error::new(&codes::REPORT_INPUT, message)
}
