//! `seigo explore`.

use std::path::PathBuf;

use clap::ValueEnum;

use super::outputs::Paths;
use super::terminal::Terminal;
use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::files;
use crate::base::json;
use crate::compile::boards::{PortDomains, Target};
use crate::compile::explore::{Exploration, explore};
use crate::model::ceras::Model;
use crate::present::html::draw_front;
use crate::present::tables::explore::ExplorationReport;

/// Find the accelerators that a part has room for, and write the target file of one
///
/// Tries pixels a cycle, size and domains of the shared memory, and the stem unit. Cycles are predicted, area is counted
/// and fitted; nothing is synthesized. See docs/explore.md.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// .ceras model
    #[arg(value_name = "MODEL.ceras")]
    model: PathBuf,
    /// Target that gives the part, the board, the DDR and the highest clock: a built-in one or a JSON file, see
    /// docs/targets.md
    #[arg(long, value_name = "NAME|FILE", default_value = "kv260")]
    target: String,
    /// Frames a second that are wanted: the smallest accelerator that reaches them is chosen [default: the fastest]
    #[arg(long, value_name = "N")]
    fps: Option<f64>,
    /// Highest clock [default: that of the target]
    #[arg(long, value_name = "MHZ")]
    clock: Option<u64>,
    /// Look-up tables that may be taken [default: those of the part]
    #[arg(long, value_name = "N")]
    lut: Option<u64>,
    /// DSP slices that may be taken [default: those of the part]
    #[arg(long, value_name = "N")]
    dsp: Option<u64>,
    /// Block RAMs of 36 Kbit that may be taken [default: those of the part]
    #[arg(long, value_name = "N")]
    bram36: Option<u64>,
    /// UltraRAMs that may be taken [default: those of the part]
    #[arg(long, value_name = "N")]
    uram: Option<u64>,
    /// Point whose target file is written [default: the chosen one]
    #[arg(long, value_name = "N", requires = "save")]
    point: Option<usize>,
    /// Write the target file of a point
    #[arg(long, value_name = "FILE.json")]
    save: Option<PathBuf>,
    /// Show every point, not only the Pareto front
    #[arg(long)]
    all: bool,
    /// Form of the result
    #[arg(long, value_enum, default_value_t = Product::Text)]
    format: Product,
    /// Where to write it [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Form of an exploration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Product {
    /// For people
    #[value(alias = "table")]
    Text,
    /// For programs; `seigo schema exploration` describes it
    Json,
    /// Chart of frames a second and look-up tables
    Svg,
}

impl Args {
    /// What is read and written.
    pub fn paths(&self) -> Paths {
        Paths::default()
            .reads("the model", &self.model)
            .reads("the target file", &self.target)
            .writes("--save", &self.save)
            .writes("--output", &self.output)
    }
}

pub fn run(args: &Args, terminal: &Terminal) -> Result<u8> {
    if args.fps.is_some_and(|wanted| !(wanted > 0.0 && wanted.is_finite())) {
        return Err(Error::new(&codes::BAD_ARGUMENT, "--fps makes no sense")
            .help("give frames a second, above 0"));
    }
    let base = base(args)?;
    let model = Model::load(&args.model)?;
    let place = || args.model.display().to_string();
    let bar = terminal.progress(0, "candidates");
    let tick = |total: usize| {
        bar.set_length(total as u64);
        bar.inc(1);
    };
    let found = explore(&model, &base, args.fps, &tick).at(place)?;
    bar.finish_and_clear();
    if let Some(path) = &args.save {
        let point = point(args, &found)?;
        files::write(path, found.points[point].target.to_json()?.as_bytes())?;
        terminal.remark(&format!("wrote {}: point {point}", path.display()));
    }
    let report = ExplorationReport::new(&model.graph.name, &base, args.fps, &found);
    let product = match args.format {
        Product::Text => report.to_table(args.all),
        Product::Json => json::pretty(&report)?,
        Product::Svg => draw_front(&report),
    };
    terminal.product(args.output.as_deref(), &product)?;
    Ok(0)
}

/// The target with the budget in the place of what its part has.
fn base(args: &Args) -> Result<Target> {
    let mut base = Target::load(&args.target)?;
    let budget = [
        (&mut base.clock_mhz, args.clock),
        (&mut base.lut, args.lut),
        (&mut base.dsp, args.dsp),
        (&mut base.bram36, args.bram36),
        (&mut base.uram, args.uram),
    ];
    for (field, given) in budget {
        *field = given.unwrap_or(*field);
    }
    // The ranges are those of every target; the memory of the base may be too large for the budget.
    let least = PortDomains { banks: 1, bytes: base.block_bytes, count: 2 };
    let memory_bytes = least.bytes * least.count;
    let small = Target { pixels: 1, memory_bytes, port_domains: least, ..base.clone() };
    Target::from_json(&small.to_json()?)?;
    Ok(base)
}

fn point(args: &Args, found: &Exploration) -> Result<usize> {
    let point = args.point.unwrap_or(found.chosen);
    if point >= found.points.len() {
        let message = format!("--point {point}; there are 0 to {}", found.points.len() - 1);
        return Err(Error::new(&codes::BAD_ARGUMENT, message)
            .help("the table with --all numbers the points"));
    }
    Ok(point)
}
