//! `seigo plan`.

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;

use super::terminal::Terminal;
use crate::error::{Error, Place as _, Result, codes};
use crate::files;
use crate::memory::{self, Packing, csv, svg, validate};

/// Pack buffers with lifetimes into memory: offsets that do not overlap, as low as possible
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Buffers in the MiniMalloc format: id,lower,upper,size with half-open lifespans
    #[arg(long, value_name = "FILE")]
    csv: PathBuf,
    /// Bytes (or other units of size) there are [default: as few as possible]
    #[arg(long, value_name = "N")]
    capacity: Option<u64>,
    /// Every offset is a multiple of this
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with = "blocks")]
    alignment: u64,
    /// Assign blocks of this size, not necessarily adjacent, instead of offsets
    #[arg(long, value_name = "SIZE", conflicts_with = "capacity")]
    blocks: Option<u64>,
    /// Seconds to search for a packing within the capacity
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    time_limit: u64,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    format: Format,
    /// Where to write it [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// id,lower,upper,size,offset
    Csv,
    /// One JSON document
    Json,
    /// Lifespan x address chart
    Svg,
}

pub fn run(args: &Args, terminal: &Terminal) -> Result<u8> {
    let place = || args.csv.display().to_string();
    let text = files::read_text(&args.csv)?;
    let problem = csv::read_problem(&text, args.capacity, args.alignment).at(place)?;
    let packing = match args.blocks {
        Some(size) => memory::plan_blocks(&problem, size).at(place)?,
        None => {
            memory::plan_contiguous(&problem, Duration::from_secs(args.time_limit)).at(place)?
        }
    };
    validate::packing(&problem, &packing)?;
    terminal.remark(&format!(
        "height {}, lower bound {}, ratio {:.3}",
        packing.height,
        packing.lower_bound,
        packing.ratio()
    ));
    let product = match args.format {
        Format::Csv => csv::write_packing(&packing),
        Format::Json => format!("{}\n", packing.to_json()),
        Format::Svg => chart(args, &packing),
    };
    match &args.output {
        None => terminal.result(&product)?,
        Some(path) if path.file_name().is_none() => {
            return Err(Error::new(&codes::BAD_ARGUMENT, format!("{} is no file", path.display())));
        }
        Some(path) => files::write(path, product.as_bytes())?,
    }
    Ok(0)
}

fn chart(args: &Args, packing: &Packing) -> String {
    let name = args.csv.file_stem().unwrap_or_default().to_string_lossy().into_owned();
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
