//! What other commands measured, read back from their JSON.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::error::{Error, Result, codes};
use crate::base::json::{self, Form, FormatOf, VersionOf};
use crate::compile::program::Program;
use crate::verify::cosim::FrameReport;
use crate::vision::eval::{AccuracyReport, Score};

/// Frames of `seigo cosim --format json`.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// In the order in which they ran; at least one.
    pub frames: Vec<FrameReport>,
}

impl Measured {
    /// Reads one JSON document per frame.
    ///
    /// # Errors
    /// [`codes::REPORT_INPUT`].
    pub fn from_json(text: &str) -> Result<Self> {
        let frames: Vec<FrameReport> = json::parse_all(text).map_err(|error| {
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
    pub fn first(&self) -> &FrameReport {
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

/// Reads the accuracy that `seigo eval --format json` printed.
///
/// # Errors
/// [`codes::REPORT_INPUT`].
pub fn score(text: &str) -> Result<Score> {
    let read: AccuracyReport = json::parse(text).map_err(|error| {
        wrong(format!("this is not an accuracy report: {error}"))
            .help("give what `seigo eval MODEL --format json` printed")
    })?;
    Ok(read.score)
}

/// What a design takes of its part; a figure that is absent is not known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    /// `seigo-resources`; may be left out.
    #[serde(default)]
    pub format: FormatOf<Self>,
    /// Version of this form; may be left out.
    #[serde(default)]
    pub version: VersionOf<Self>,
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

impl Form for Resources {
    const FORMAT: &'static str = "seigo-resources";
    const VERSION: u32 = 1;
}

impl Resources {
    /// With what another file says, where this one says nothing. An estimate stays one.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            format: self.format,
            version: self.version,
            tool: self.tool,
            estimate: self.estimate || other.estimate,
            lut: self.lut.or(other.lut),
            ff: self.ff.or(other.ff),
            dsp: self.dsp.or(other.dsp),
            bram36: self.bram36.or(other.bram36),
            uram: self.uram.or(other.uram),
            fmax_mhz: self.fmax_mhz.or(other.fmax_mhz),
        }
    }

    /// Reads the JSON form.
    ///
    /// # Errors
    /// [`codes::REPORT_INPUT`] naming the field.
    pub fn from_json(text: &str) -> Result<Self> {
        json::parse(text).map_err(|error| {
            wrong(error.to_string()).help(
                "give an object with \"tool\", \"estimate\" and the figures that are known of \"lut\", \
                 \"ff\", \"dsp\", \"bram36\", \"uram\", \"fmax_mhz\"",
            )
        })
    }
}

fn wrong(message: impl Into<String>) -> Error {
    Error::new(&codes::REPORT_INPUT, message)
}
