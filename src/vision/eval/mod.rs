//! How good predictions are: COCO average precision for detectors, top-1 and top-5 accuracy for
//! classifiers.

pub mod classification;
pub mod coco;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::json::{Form, FormatOf, VersionOf};

/// Accuracy on labeled images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AccuracyReport {
    /// `seigo-accuracy`.
    pub format: FormatOf<Self>,
    /// Version of this form.
    pub version: VersionOf<Self>,
    /// What was measured.
    #[serde(flatten)]
    pub score: Score,
}

impl Form for AccuracyReport {
    const FORMAT: &'static str = "seigo-accuracy";
    const VERSION: u32 = 1;
}

/// Accuracy, by what the network is for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "task", rename_all = "lowercase")]
pub enum Score {
    /// Of a detector: COCO average precision.
    Detection(coco::Report),
    /// Of a classifier: how often the true class came first, and among the first five.
    Classification(classification::Accuracy),
}

impl From<Score> for AccuracyReport {
    fn from(score: Score) -> Self {
        Self { format: FormatOf::default(), version: VersionOf::default(), score }
    }
}

impl Score {
    /// Names of the measures with their values, 0 to 1; the first one is the headline.
    pub fn measures(&self) -> Vec<(&'static str, Option<f64>)> {
        match self {
            Self::Detection(report) => vec![
                ("mAP@.5", report.ap50),
                ("mAP@.5:.95", report.ap),
                ("mAP@.75", report.ap75),
                ("mAP small", report.ap_small),
                ("mAP medium", report.ap_medium),
                ("mAP large", report.ap_large),
            ],
            Self::Classification(accuracy) => {
                vec![("top-1", accuracy.top1_share()), ("top-5", accuracy.top5_share())]
            }
        }
    }

    /// Number of images.
    pub fn images(&self) -> usize {
        match self {
            Self::Detection(report) => report.images,
            Self::Classification(accuracy) => accuracy.images,
        }
    }

    /// Images that could not be read and do not count.
    pub fn left_out(&self) -> usize {
        match self {
            Self::Detection(report) => report.left_out,
            Self::Classification(accuracy) => accuracy.left_out,
        }
    }
}
