//! `seigo pack`.

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;

use super::outputs::Paths;
use super::terminal::Terminal;
use crate::base::error::{Place as _, Result};
use crate::base::files;
use crate::compile::packing::{self, Packing, csv, validate};
use crate::present::html::packing::{Chart, draw};

/// Pack buffers with lifetimes into as little memory as possible
///
/// The table has the columns id,lower,upper,size of MiniMalloc (Moffitt, ASPLOS 2023): a buffer is alive
/// in the steps from lower up to upper, which is excluded.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Table of the buffers (CSV): id,lower,upper,size
    #[arg(value_name = "FILE.csv")]
    buffers: PathBuf,
    /// Bytes (or other units of size) there are [default: as few as possible]
    #[arg(long, value_name = "N")]
    capacity: Option<u64>,
    /// Every offset is a multiple of this [default: 1]
    #[arg(long, value_name = "N", conflicts_with = "blocks")]
    alignment: Option<u64>,
    /// Assign blocks of this size, not necessarily adjacent, instead of offsets
    #[arg(long, value_name = "SIZE", conflicts_with_all = ["capacity", "time_limit"])]
    blocks: Option<u64>,
    /// Seconds to search for a packing within the capacity
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    time_limit: u64,
    /// Form of the result
    #[arg(long, value_enum, default_value_t = Product::Csv)]
    format: Product,
    /// Where to write it [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Form of a packing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Product {
    /// The table with a column for the offset, or for the blocks
    Csv,
    /// For programs; `seigo schema packing` describes it
    Json,
    /// Lifespan x address chart
    Svg,
}

impl Args {
    /// What is read and written.
    pub fn paths(&self) -> Paths {
        Paths::default().reads("the buffers", &self.buffers).writes("--output", &self.output)
    }
}

pub fn run(args: &Args, terminal: &Terminal) -> Result<u8> {
    let packing = pack(args)?;
    terminal.remark(&format!(
        "height {}, lower bound {}, ratio {:.3}",
        packing.height,
        packing.lower_bound,
        packing.ratio()
    ));
    let product = match args.format {
        Product::Csv => csv::write_packing(&packing),
        Product::Json => packing.to_json()?,
        Product::Svg => chart(args, &packing),
    };
    terminal.product(args.output.as_deref(), &product)?;
    Ok(0)
}

fn pack(args: &Args) -> Result<Packing> {
    let place = || args.buffers.display().to_string();
    let text = files::read_text(&args.buffers)?;
    let problem = csv::read_problem(&text, args.capacity, args.alignment.unwrap_or(1)).at(place)?;
    let packing = match args.blocks {
        Some(size) => packing::plan_blocks(&problem, size).at(place)?,
        None => {
            let limit = Duration::from_secs(args.time_limit);
            packing::plan_contiguous(&problem, limit).at(place)?
        }
    };
    validate::packing(&problem, &packing)?;
    Ok(packing)
}

fn chart(args: &Args, packing: &Packing) -> String {
    let name = args.buffers.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    draw(
        packing,
        &Chart {
            title: name,
            kinds: Vec::new(),
            capacity: args.capacity,
            step_label: "step".to_owned(),
        },
    )
}
