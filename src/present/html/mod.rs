//! `seigo report`: everything that is known of a quantized model on a target as one HTML page.
//!
//! The page needs no network and no script, follows the viewer's light or dark preference and prints.
//! Numbers stand beside every chart. [`render`] makes it of a [`Compiled`] and [`Extras`].

mod accuracy;
mod campaign;
mod chart;
mod document;
mod front;
mod inputs;
mod line;
mod memory;
pub mod packing;
mod passes;
mod pictures;
mod resources;
mod roofline;
mod summary;
mod table;
mod timeline;
mod vivado;

use maud::{Markup, html};

use crate::base::error::{Error, Result, codes};
use crate::compile::Compiled;
use crate::compile::program::predict::{self, PassCost, READ_LATENCY};
use crate::present::tables::plan::PlanReport;
use crate::present::tables::quantized::QuantizedInspection;
use crate::quantize::ptq;
use crate::vision::eval::Score;

pub use campaign::campaign;
use document::document;
pub use front::draw_front;
pub use inputs::{Measured, Resources, score};
use line::Line;
pub use pictures::{Picture, View};
pub use vivado::counted;

/// What the page is made of besides the model on its target.
#[derive(Debug, Default)]
pub struct Extras {
    /// Frames that the co-simulation ran.
    pub measured: Option<Measured>,
    /// Accuracy of the float network.
    pub float_score: Option<Score>,
    /// Accuracy of the quantized network.
    pub score: Option<Score>,
    /// Images with what the networks see in them.
    pub pictures: Vec<Picture>,
    /// What the accelerator takes of the part.
    pub resources: Option<Resources>,
}

/// Everything that the sections read.
struct Content<'a> {
    compiled: &'a Compiled,
    inspection: QuantizedInspection,
    plan: PlanReport,
    quality: Option<ptq::Report>,
    /// Of every pass and the end of the program.
    predicted: Vec<PassCost>,
    lines: Vec<Line>,
    extras: &'a Extras,
}

impl Content<'_> {
    /// Cycles of a frame: counted where frames are given, else predicted.
    fn cycles(&self) -> u64 {
        match &self.extras.measured {
            Some(measured) => measured.first().cycles,
            None => self.predicted.iter().map(|pass| pass.cycles).sum(),
        }
    }

    /// Cycles in which the dense array has work.
    fn busy(&self) -> u64 {
        self.lines.iter().filter(|line| line.kind == "dense").map(|line| line.busy).sum()
    }
}

/// A section: its anchor, its title and what makes its body.
type Section = (&'static str, &'static str, fn(&Content<'_>) -> Markup);

const SECTIONS: [Section; 8] = [
    ("summary", "Summary", summary::section),
    ("accuracy", "Accuracy by layer", accuracy::section),
    ("passes", "Passes", passes::section),
    ("roofline", "Roofline", roofline::section),
    ("timeline", "Timeline", timeline::section),
    ("memory", "Shared memory", memory::section),
    ("detections", "Before and after", pictures::section),
    ("resources", "Resources", resources::section),
];

/// The page of a network on a target.
///
/// # Errors
/// [`codes::REPORT_INPUT`] when measured frames are of another program; [`codes::CERAS_FORMAT`] when the
/// model's report cannot be read; those of the cost model.
pub fn render(compiled: &Compiled, extras: &Extras) -> Result<String> {
    let Compiled { model, plan, design, program } = compiled;
    let predicted = predict::predict(&program.stream, design, READ_LATENCY)?;
    let quality = model.meta.report.clone().map(serde_json::from_value).transpose();
    let quality = quality.map_err(|error| {
        Error::new(&codes::CERAS_FORMAT, "the report in the model is malformed").caused_by(error)
    })?;
    if let Some(measured) = &extras.measured {
        measured.check(program)?;
    }
    let inspection = QuantizedInspection::new(model, &model.to_bytes()?, &plan.target)?;
    let plan = PlanReport::of_plan(&model.graph, plan);
    let lines = line::lines(compiled, &inspection, &plan, &predicted, extras.measured.as_ref());
    let content = Content { compiled, inspection, plan, quality, predicted, lines, extras };
    let network = &compiled.graph().name;
    let target = compiled.target();
    let lead = html! {
        "int8 with power-of-two scales · " (target.part) " · "
        (target.pixels * 256) " multiply-accumulates a cycle at " (target.clock_mhz)
        " MHz"
    };
    let sections = SECTIONS.map(|(anchor, title, body)| (anchor, title, body(&content)));
    let title = format!("{network} on {}", target.name);
    Ok(document(&title, &lead, &sections, &provenance(&content)).into_string())
}

/// Where the numbers come from.
fn provenance(content: &Content<'_>) -> Markup {
    let model = &content.compiled.model;
    html! {
        p {
            "Made by Seigo " (env!("CARGO_PKG_VERSION")) " from a model that " (model.meta.tool) " wrote"
            @if let Some(source) = &model.meta.source { " (source " code { (source) } ")" }
            ". Cycles are "
            @match &content.extras.measured {
                Some(_) => "counted by the co-simulation of the generated Verilog",
                None => "predicted by the cost model",
            }
            "; no number here was taken on a board."
        }
    }
}

#[cfg(test)]
mod tests;
