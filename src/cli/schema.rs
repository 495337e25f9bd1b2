//! `seigo schema`: the JSON Schema of every JSON form.

use schemars::Schema;

use super::terminal::Terminal;
use crate::base::error::{Error, Result, codes};
use crate::base::json::{self, Form};
use crate::campaign;
use crate::compile::boards::Target;
use crate::compile::packing::Packing;
use crate::device::description::Description;
use crate::emit::bundle::Manifest;
use crate::frontend::graph::GraphDump;
use crate::present::html::Resources;
use crate::present::tables::explore::ExplorationReport;
use crate::present::tables::inspect::Inspection;
use crate::present::tables::plan::PlanReport;
use crate::present::tables::quantized::QuantizedInspection;
use crate::present::tables::quantized_dump::QuantizedDump;
use crate::quantize::ptq::ReportFile;
use crate::verify::cosim::FrameReport;
use crate::vision::eval::AccuracyReport;
use crate::vision::task::{PredictionReport, TaskSpec};

/// Print the JSON Schema of a JSON form that Seigo reads or writes; without a name, list the forms
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The form, such as `frame`
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

/// A form and where one meets it.
struct Entry {
    format: &'static str,
    version: u32,
    place: &'static str,
    schema: fn() -> Schema,
}

impl Entry {
    const fn new<T: Form>(place: &'static str) -> Self {
        Self { format: T::FORMAT, version: T::VERSION, place, schema: T::schema }
    }

    /// What follows `seigo-` in the field `format`.
    fn name(&self) -> &'static str {
        self.format.strip_prefix("seigo-").unwrap_or(self.format)
    }
}

/// Every form.
static ENTRIES: [Entry; 19] = [
    Entry::new::<TaskSpec>("task file, --task (docs/task.md)"),
    Entry::new::<Target>("target file, --target (docs/targets.md); target.json of a bundle"),
    Entry::new::<Resources>("report --resources"),
    Entry::new::<Inspection>("inspect MODEL.onnx --format json"),
    Entry::new::<QuantizedInspection>("inspect MODEL.ceras --format json"),
    Entry::new::<GraphDump>("inspect MODEL.onnx --emit json"),
    Entry::new::<QuantizedDump>("inspect MODEL.ceras --emit json"),
    Entry::new::<PredictionReport>("detect --format json"),
    Entry::new::<AccuracyReport>("eval --format json; report --eval, --float-eval"),
    Entry::new::<ReportFile>("quantize --report"),
    Entry::new::<PlanReport>("plan --format json"),
    Entry::new::<ExplorationReport>("explore --format json (docs/explore.md)"),
    Entry::new::<Packing>("pack --format json"),
    Entry::new::<Manifest>("manifest.json of a bundle"),
    Entry::new::<Description>("device.json of a bundle (docs/driver.md)"),
    Entry::new::<FrameReport>("cosim --format json, a line per frame; report --cosim"),
    Entry::new::<campaign::Manifest>("manifest.json of a campaign (docs/farm.md)"),
    Entry::new::<campaign::Record>("results/N.json of a campaign"),
    Entry::new::<campaign::Summary>("farm collect --format json; summary.json of a campaign"),
];

pub fn run(args: &Args, terminal: &Terminal) -> Result<u8> {
    let text = match &args.name {
        None => ENTRIES
            .iter()
            .map(|entry| format!("{:<22} {}  {}\n", entry.name(), entry.version, entry.place))
            .collect(),
        Some(name) => json::pretty(&(find(name)?.schema)())?,
    };
    terminal.result(&text)?;
    Ok(0)
}

fn find(name: &str) -> Result<&'static Entry> {
    let entry = ENTRIES.iter().find(|entry| entry.name() == name || entry.format == name);
    entry.ok_or_else(|| {
        let names: Vec<_> = ENTRIES.iter().map(Entry::name).collect();
        Error::new(&codes::BAD_ARGUMENT, format!("there is no JSON form \"{name}\""))
            .help(format!("the forms are: {}", names.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_says_what_it_is() {
        for entry in &ENTRIES {
            let schema = (entry.schema)();
            let constant = |field| schema.pointer(&format!("/properties/{field}/const")).cloned();
            assert!(entry.format.starts_with("seigo-"), "{}", entry.format);
            // A file that a person writes may leave the head out, and a task's may be null then.
            let format =
                constant("format").or_else(|| schema.pointer("/properties/format/enum/0").cloned());
            assert_eq!(format, Some(entry.format.into()), "{schema:?}");
            assert_eq!(constant("version"), Some(entry.version.into()), "{}", entry.format);
        }
        let mut names: Vec<_> = ENTRIES.iter().map(Entry::name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ENTRIES.len());
    }
}
