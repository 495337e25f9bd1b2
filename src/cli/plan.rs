//! `seigo plan`.

use std::path::PathBuf;

use clap::ValueEnum;

use super::outputs::Paths;
use super::terminal::Terminal;
use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::files;
use crate::base::json;
use crate::compile::Compiled;
use crate::compile::boards::Target;
use crate::compile::border::status::Cause;
use crate::compile::packing::{Packing, csv};
use crate::compile::program::predict::{self, READ_LATENCY};
use crate::compile::schedule::{self, Plan, Schedule, StoredId};
use crate::model::ceras::{Model, Tag};
use crate::present::html::packing::draw_schedule;
use crate::present::tables::plan::PlanReport;

/// Plan the memory of a model on a target, pass by pass
///
/// Which pass does which layers, at which addresses tensors lie, which blocks each pass reads and writes,
/// and how the peak compares with the lower bound. A model that does not fit is planned in strips of rows
/// with tensors in DDR.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// .ceras model; without --target, the plan in it is shown
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// Target: a built-in one or a JSON file, see docs/targets.md
    #[arg(long, value_name = "NAME|FILE")]
    target: Option<String>,
    /// Write the model with the plan in it to this file
    #[arg(long, value_name = "FILE", requires = "target")]
    save: Option<PathBuf>,
    /// Form of the result
    #[arg(long, value_enum, default_value_t = Product::Text)]
    format: Product,
    /// Where to write it [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Form of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Product {
    /// For people
    #[value(alias = "table")]
    Text,
    /// For programs; `seigo schema plan` describes it
    Json,
    /// Buffers with their offsets: id,lower,upper,size,offset
    Csv,
    /// Lifespan x address chart
    Svg,
}

impl Args {
    /// What is read and written.
    pub fn paths(&self) -> Paths {
        Paths::default()
            .reads("the model", &self.model)
            .reads_all("the target file", &self.target)
            .writes("--save", &self.save)
            .writes("--output", &self.output)
    }
}

/// What is shown.
struct Shown<'a> {
    report: PlanReport,
    target: &'a Target,
    schedule: &'a Schedule,
    tensors: Vec<StoredId>,
    packing: &'a Packing,
}

pub fn run(args: &Args, terminal: &Terminal) -> Result<u8> {
    let product = product(args, terminal)?;
    terminal.product(args.output.as_deref(), &product)?;
    Ok(0)
}

fn product(args: &Args, terminal: &Terminal) -> Result<String> {
    let format = args.format;
    let place = || args.model.display().to_string();
    let mut model = Model::load(&args.model)?;
    let Some(name) = &args.target else {
        let (version, bytes) = model.section(Tag::Plan).ok_or_else(|| {
            Error::new(&codes::BAD_ARGUMENT, "the model holds no plan")
                .help("give a target to plan for, such as --target kv260")
                .at(place())
        })?;
        let plan = Plan::from_bytes(&model.graph, version, bytes).at(place)?;
        return show_plan(&model, &plan, format).at(place);
    };
    let target = Target::load(name)?;
    match Plan::new(&model.graph, &target) {
        Ok(plan) => {
            if let Some(to) = &args.save {
                model.set_section(Tag::Plan, schedule::VERSION, plan.to_bytes()?)?;
                files::write(to, &model.to_bytes()?)?;
                terminal.remark(&format!("wrote {}", to.display()));
            }
            show_plan(&model, &plan, format).at(place)
        }
        Err(error) => Err(error.at(place())),
    }
}

fn show_plan(model: &Model, plan: &Plan, format: Product) -> Result<String> {
    let mut report = PlanReport::of_plan(&model.graph, plan);
    match Compiled::of_plan(model.clone(), plan.clone()) {
        Ok(compiled) => report.predict(&costs(&compiled)?),
        // What has a plan but no program is shown with the estimate.
        Err(error) if error.code() == &codes::PROGRAM_LIMIT => {}
        Err(error) => return Err(error),
    }
    show(
        &Shown {
            report,
            target: &plan.target,
            schedule: &plan.schedule,
            tensors: (0..plan.schedule.stored.len()).map(StoredId).collect(),
            packing: &plan.placed.packing,
        },
        format,
    )
}

/// Cycles of every pass and of the end, with the largest cause of those without work.
fn costs(compiled: &Compiled) -> Result<Vec<(u64, Option<&'static str>)>> {
    let Compiled { design, program, .. } = compiled;
    let costs = predict::predict(&program.stream, design, READ_LATENCY)?;
    Ok(costs.iter().map(|cost| (cost.cycles, cost.cause().map(Cause::name))).collect())
}

fn show(shown: &Shown<'_>, format: Product) -> Result<String> {
    let Shown { report, target, schedule, tensors, packing } = shown;
    Ok(match format {
        Product::Text => report.to_table(),
        Product::Csv => csv::write_packing(packing),
        Product::Json => json::pretty(report)?,
        Product::Svg => {
            let title = format!("{} on {}", report.network, report.target);
            draw_schedule(title, target, schedule, tensors, packing)
        }
    })
}
