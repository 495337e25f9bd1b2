//! `seigo explore`: the points of an exploration as a table and as JSON.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::inspect::{grouped, right_align, table};
use crate::base::json::{Form, FormatOf, VersionOf};
use crate::compile::boards::Target;
use crate::compile::explore::{Exploration, Point};

/// Everything that `seigo explore` says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExplorationReport {
    /// `seigo-exploration`.
    pub format: FormatOf<Self>,
    /// Version of this form.
    pub version: VersionOf<Self>,
    /// Name of the network.
    pub network: String,
    /// Name of the base target.
    pub base: String,
    /// The part.
    pub part: String,
    /// Clock of the base target, the highest of all points.
    pub clock_mhz: u64,
    /// Frames a second that were asked for.
    pub wanted: Option<f64>,
    /// Error of look-up tables against the syntheses that they were fitted to, in percent; nothing here was synthesized.
    pub lut_error_percent: u64,
    /// Index of the recommended point.
    pub chosen: usize,
    /// Points, the fastest first.
    pub points: Vec<PointRow>,
    /// Candidates that are no points, by the code that refused them.
    pub refused: Vec<RefusedRow>,
}

impl Form for ExplorationReport {
    const FORMAT: &'static str = "seigo-exploration";
    const VERSION: u32 = 1;
}

/// A point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PointRow {
    /// Name of its target.
    pub target: String,
    /// P: pixels of the dense array.
    pub pixels: u64,
    /// Bytes of the shared memory.
    pub memory_bytes: u64,
    /// Its port domains.
    pub domains: u64,
    /// Whether there is a stem unit.
    pub stem: bool,
    /// Whether the network is computed in strips of rows.
    pub strips: bool,
    /// Cycles of a frame, predicted.
    pub cycles: u64,
    /// Frames a second at the clock of the base target.
    pub frames_per_second: f64,
    /// The lowest clock for the frames a second that were asked for; else that of the base target.
    pub clock_mhz: u64,
    /// Look-up tables, by the fit.
    pub lut: u64,
    /// Flip-flops, by the fit.
    pub ff: u64,
    /// DSP slices.
    pub dsp: u64,
    /// Block RAMs of 36 Kbit.
    pub bram36: f64,
    /// UltraRAMs.
    pub uram: u64,
    /// Largest share of a kind of resource of the part, 0 to 1.
    pub share: f64,
    /// Whether it is on the Pareto front of cycles, look-up tables, DSP slices and bits of RAM.
    pub front: bool,
    /// Whether it reaches the frames a second that were asked for.
    pub reaches: bool,
}

/// Candidates that were refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefusedRow {
    /// Code of the error (docs/errors.md).
    pub code: String,
    /// What it means.
    pub meaning: String,
    /// How many.
    pub count: usize,
}

impl ExplorationReport {
    /// Of an exploration around `base`.
    pub fn new(network: &str, base: &Target, wanted: Option<f64>, found: &Exploration) -> Self {
        let refused = found.refused.iter().map(|own| RefusedRow {
            code: own.code.id.to_owned(),
            meaning: own.code.meaning.to_owned(),
            count: own.count,
        });
        Self {
            format: FormatOf::default(),
            version: VersionOf::default(),
            network: network.to_owned(),
            base: base.name.clone(),
            part: base.part.clone(),
            clock_mhz: base.clock_mhz,
            wanted,
            lut_error_percent: found.fitted_error_percent as u64,
            chosen: found.chosen,
            points: found.points.iter().map(|point| PointRow::new(point, base.clock_mhz)).collect(),
            refused: refused.collect(),
        }
    }

    /// The table: the front, or all points.
    pub fn to_table(&self, all: bool) -> String {
        let mut rows = table(&[
            "point", "P", "memory", "domains", "stem", "strips", "cycles", "frames/s", "MHz",
            "LUT", "DSP", "BRAM36", "URAM", "part", "",
        ]);
        for (index, row) in self.points.iter().enumerate() {
            if !(all || row.front || index == self.chosen) {
                continue;
            }
            let word = |holds: bool| if holds { "yes" } else { "no" }.to_owned();
            let marks = [(row.front, "front"), (index == self.chosen, "chosen")];
            let marks = marks.iter().filter(|(holds, _)| *holds).map(|(_, mark)| *mark);
            rows.add_row([
                index.to_string(),
                row.pixels.to_string(),
                format!("{} KiB", row.memory_bytes >> 10),
                row.domains.to_string(),
                word(row.stem),
                word(row.strips),
                grouped(row.cycles),
                format!("{:.1}", row.frames_per_second),
                row.clock_mhz.to_string(),
                grouped(row.lut),
                grouped(row.dsp),
                format!("{}", row.bram36),
                row.uram.to_string(),
                format!("{:.0} %", 100.0 * row.share),
                marks.collect::<Vec<_>>().join(", "),
            ]);
        }
        let mut text = format!("{}\n\n", right_align(rows, 6..14));
        let front = self.points.iter().filter(|row| row.front).count();
        text += &format!(
            "{} points fit {}, {front} of them on the front of cycles, LUT, DSP and RAM\n",
            self.points.len(),
            self.part
        );
        for row in &self.refused {
            text += &format!("{} candidates refused: {} {}\n", row.count, row.code, row.meaning);
        }
        text += &format!(
            "cycles are predicted; DSP slices and RAMs are counted; LUT is a fit, within {} % of two syntheses\n",
            self.lut_error_percent
        );
        text
    }
}

impl PointRow {
    fn new(point: &Point, clock_mhz: u64) -> Self {
        let (target, resources) = (&point.target, point.resources);
        Self {
            target: target.name.clone(),
            pixels: target.pixels,
            memory_bytes: target.memory_bytes,
            domains: target.port_domains.count,
            stem: target.capabilities.stem_unit,
            strips: point.in_strips,
            cycles: point.cycles,
            frames_per_second: point.frames_per_second(clock_mhz),
            clock_mhz: target.clock_mhz,
            lut: resources.lut as u64,
            ff: resources.ff as u64,
            dsp: resources.dsp as u64,
            bram36: resources.half_bram as f64 / 2.0,
            uram: resources.uram as u64,
            share: point.share(),
            front: point.on_front,
            reaches: point.reaches,
        }
    }
}
