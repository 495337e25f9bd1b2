//! The result of a task, and what it was made from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::manifest::{Campaign, TOOL};
use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::files;
use crate::base::json::{self, Form, FormatOf, VersionOf};
use crate::vision::task::Prediction;

/// A result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// `seigo-campaign-result`.
    pub format: FormatOf<Self>,
    /// Version of this form.
    pub version: VersionOf<Self>,
    /// What performed the task.
    pub tool: String,
    /// SHA-256 of the manifest.
    pub manifest: String,
    /// SHA-256 of the model.
    pub model: String,
    /// Index of the task.
    pub index: usize,
    /// What the task is called.
    pub name: String,
    /// Attempts that it took.
    pub attempts: u32,
    /// Seconds of the last attempt.
    pub seconds: f64,
    /// What came out.
    pub outcome: Outcome,
}

impl Form for Record {
    const FORMAT: &'static str = "seigo-campaign-result";
    const VERSION: u32 = 2;
}

/// What came out of a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Outcome {
    /// Of a frame.
    Frame(FrameOutcome),
    /// Of a fault.
    Fault(FaultOutcome),
    /// Of a point.
    Point(PointOutcome),
    /// Nothing: the task failed.
    Failed(Failure),
}

/// A frame in RTL.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FrameOutcome {
    /// Cycles from start to end.
    pub cycles: u64,
    /// Tensors that were compared with the reference.
    pub compared: usize,
    /// What differs, or the error that ended the frame.
    pub difference: Option<String>,
    /// What the network sees, by the limits for accuracy, from what the RTL computed.
    pub prediction: Option<Prediction>,
}

/// What a fault breaks.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum FaultKind {
    /// A word of program, image or output answers SLVERR.
    Bus,
    /// A bit of a descriptor is flipped.
    Descriptor,
    /// An owner table lacks a block that its pass touches.
    Foreign,
    /// A bit of weights or parameters is flipped.
    Weights,
    /// A bit in the shared memory is flipped.
    Memory,
    /// The accelerator is reset.
    Reset,
    /// The memory answers nothing for some time.
    Stall,
    /// The memory answers nothing any more.
    Silence,
}

impl FaultKind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Bus,
        Self::Descriptor,
        Self::Foreign,
        Self::Weights,
        Self::Memory,
        Self::Reset,
        Self::Stall,
        Self::Silence,
    ];

    /// Its words in a table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bus => "error of the bus",
            Self::Descriptor => "damaged descriptor",
            Self::Foreign => "foreign block",
            Self::Weights => "damaged weights",
            Self::Memory => "flipped bit in shared memory",
            Self::Reset => "reset",
            Self::Stall => "stall",
            Self::Silence => "silent memory",
        }
    }
}

/// How a frame with a fault ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FaultEnd {
    /// By an error of the hardware.
    Error,
    /// With the right result.
    Right,
    /// With a wrong result, and no error.
    Unseen,
    /// By a reset.
    Reset,
}

/// A fault in a frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FaultOutcome {
    /// What kind of fault it is.
    pub fault: FaultKind,
    /// What was broken, and where.
    pub injected: String,
    /// How the frame ended, in words.
    pub found: String,
    /// How the frame ended.
    pub end: FaultEnd,
    /// Whether it ended as it has to; where bits are flipped, a wrong result without an error counts as that.
    pub defined: bool,
    /// Whether every block that no pass up to the error may write was left as it was; none where it was not looked at.
    pub untouched: Option<bool>,
    /// Whether the frame after it was right.
    pub recovered: bool,
}

/// A point of an exploration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PointOutcome {
    /// Cycles of a frame in RTL.
    pub cycles: u64,
    /// Cycles that the cost model predicts.
    pub predicted: u64,
    /// Tensors that were compared with the reference.
    pub compared: usize,
    /// What differs, or the error that ended the frame.
    pub difference: Option<String>,
}

/// A task without a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// Code of the error (docs/errors.md).
    pub code: String,
    /// What went wrong.
    pub message: String,
}

impl Outcome {
    /// What is wrong; none where everything is right.
    pub fn trouble(&self) -> Option<String> {
        match self {
            Self::Frame(FrameOutcome { difference, .. })
            | Self::Point(PointOutcome { difference, .. }) => difference.clone(),
            Self::Fault(fault) => {
                let problems = [
                    (!fault.defined, "this is not how it has to end"),
                    (fault.untouched == Some(false), "foreign blocks were written"),
                    (!fault.recovered, "the next frame is wrong"),
                ];
                let problems = problems.iter().filter(|(holds, _)| *holds).map(|(_, text)| *text);
                let problems = problems.collect::<Vec<_>>().join("; ");
                let (injected, found) = (&fault.injected, &fault.found);
                (!problems.is_empty()).then(|| format!("{injected}: {found}: {problems}"))
            }
            Self::Failed(failure) => Some(format!("{}: {}", failure.code, failure.message)),
        }
    }

    /// Cycles of a frame that ran to its end.
    pub fn cycles(&self) -> Option<u64> {
        match self {
            Self::Frame(FrameOutcome { cycles, .. }) | Self::Point(PointOutcome { cycles, .. }) => {
                Some(*cycles)
            }
            Self::Fault(_) | Self::Failed(_) => None,
        }
    }
}

impl Record {
    /// A result of a campaign's task.
    pub fn new(
        campaign: &Campaign,
        index: usize,
        (attempts, seconds): (u32, f64),
        outcome: Outcome,
    ) -> Self {
        Self {
            format: FormatOf::default(),
            version: VersionOf::default(),
            tool: TOOL.to_owned(),
            manifest: campaign.hash.clone(),
            model: campaign.manifest.model.clone(),
            index,
            name: campaign.name(index),
            attempts,
            seconds,
            outcome,
        }
    }

    /// Whether the task failed and may be tried again.
    pub fn failed(&self) -> bool {
        matches!(self.outcome, Outcome::Failed(_))
    }

    /// Writes it where results lie, whole or not at all.
    ///
    /// # Errors
    /// [`codes::FILE_WRITE`].
    pub fn write(&self, campaign: &Campaign) -> Result<()> {
        files::write(&campaign.result(self.index), json::pretty(self)?.as_bytes())
    }

    /// The result of a task; none where there is no file.
    ///
    /// # Errors
    /// [`codes::CAMPAIGN_RESULT`] for a file that is malformed or belongs to another campaign, model, task or version.
    pub fn read(campaign: &Campaign, index: usize) -> Result<Option<Self>> {
        let path = campaign.result(index);
        if !path.exists() {
            return Ok(None);
        }
        let place = || path.display().to_string();
        let text = files::read_text(&path).at(place)?;
        let refuse = |why: String| Error::new(&codes::CAMPAIGN_RESULT, why).at(place());
        let record: Self = json::parse(&text).map_err(|wrong| refuse(wrong.to_string()))?;
        let other = if record.tool != TOOL {
            format!("{} made it; this is {TOOL}", record.tool)
        } else if record.model != campaign.manifest.model {
            "it is of another model".to_owned()
        } else if record.manifest != campaign.hash {
            "it is of another version of the manifest".to_owned()
        } else if record.index != index || record.name != campaign.name(index) {
            format!("it is of task {} ({})", record.index, record.name)
        } else {
            return Ok(Some(record));
        };
        Err(refuse(other))
    }
}
