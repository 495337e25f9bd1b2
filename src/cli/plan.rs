//! `seigo plan`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;

use super::outputs::Paths;
use super::terminal::Terminal;
use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::files;
use crate::compile::packing::{self, Packing, csv, svg, validate};

/// Plan the memory: of a model on a target, pass by pass; or of any buffers with lifetimes
///
/// For a .ceras model: which pass does which layers, at which addresses tensors lie, which blocks
/// each pass reads and writes, and how the peak compares with the lower bound. A model that does not
/// fit is planned in strips of rows with tensors in DDR.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// .ceras model; without --target, the plan in it is shown
    #[arg(value_name = "MODEL", required_unless_present = "csv")]
    model: Option<PathBuf>,
    #[command(flatten)]
    of_model: super::plan_model::PlanArgs,
    /// Instead of a model: buffers in the MiniMalloc format: id,lower,upper,size with half-open
    /// lifespans
    #[arg(long, value_name = "FILE", conflicts_with = "model")]
    csv: Option<PathBuf>,
    /// With --csv: bytes (or other units of size) there are [default: as few as possible]
    #[arg(long, value_name = "N", requires = "csv")]
    capacity: Option<u64>,
    /// With --csv: every offset is a multiple of this [default: 1]
    #[arg(long, value_name = "N", requires = "csv", conflicts_with = "blocks")]
    alignment: Option<u64>,
    /// With --csv: assign blocks of this size, not necessarily adjacent, instead of offsets
    #[arg(long, value_name = "SIZE", requires = "csv", conflicts_with = "capacity")]
    blocks: Option<u64>,
    /// With --csv: seconds to search for a packing within the capacity [default: 60]
    #[arg(long, value_name = "SECONDS", requires = "csv")]
    time_limit: Option<u64>,
    /// Form of the output [default: table; csv with --csv]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Where to write it [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Tables for a terminal
    Table,
    /// id,lower,upper,size,offset
    Csv,
    /// One JSON document
    Json,
    /// Lifespan x address chart
    Svg,
}

impl Args {
    /// What is read and written.
    pub fn paths(&self) -> Paths {
        let buffers = Paths::default().reads_all("the buffers", &self.csv);
        let model = buffers.reads_all("the model", &self.model);
        self.of_model.add_to(model).writes("--output", &self.output)
    }
}

pub fn run(args: &Args, terminal: &Terminal) -> Result<u8> {
    let product = match (&args.model, &args.csv) {
        (Some(model), _) => {
            let format = args.format.unwrap_or(Format::Table);
            super::plan_model::run(model, &args.of_model, format, terminal)?
        }
        (None, Some(csv)) => buffers(args, csv, terminal)?,
        (None, None) => return Err(Error::new(&codes::BAD_ARGUMENT, "no model is given")),
    };
    match &args.output {
        None => terminal.result(&product)?,
        Some(path) if path.file_name().is_none() => {
            return Err(Error::new(
                &codes::BAD_ARGUMENT,
                format!("{} is not a file", path.display()),
            ));
        }
        Some(path) => files::write(path, product.as_bytes())?,
    }
    Ok(0)
}

fn buffers(args: &Args, path: &Path, terminal: &Terminal) -> Result<String> {
    let place = || path.display().to_string();
    let text = files::read_text(path)?;
    let alignment = args.alignment.unwrap_or(1);
    let problem = csv::read_problem(&text, args.capacity, alignment).at(place)?;
    let packing = match args.blocks {
        Some(size) => packing::plan_blocks(&problem, size).at(place)?,
        None => {
            let limit = Duration::from_secs(args.time_limit.unwrap_or(60));
            packing::plan_contiguous(&problem, limit).at(place)?
        }
    };
    validate::packing(&problem, &packing)?;
    terminal.remark(&format!(
        "height {}, lower bound {}, ratio {:.3}",
        packing.height,
        packing.lower_bound,
        packing.ratio()
    ));
    match args.format.unwrap_or(Format::Csv) {
        Format::Table => Err(Error::new(&codes::BAD_ARGUMENT, "--format table is for models")
            .help("choose csv, json or svg")),
        Format::Csv => Ok(csv::write_packing(&packing)),
        Format::Json => Ok(format!("{}\n", packing.to_json())),
        Format::Svg => Ok(chart(args, path, &packing)),
    }
}

fn chart(args: &Args, path: &Path, packing: &Packing) -> String {
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    svg::draw(
        packing,
        &svg::Chart {
            title: name,
            kinds: Vec::new(),
            capacity: args.capacity,
            step_label: "step".to_owned(),
        },
    )
}
