//! `seigo plan` on a model.

use std::path::{Path, PathBuf};

use super::outputs::Paths;
use super::plan::Format;
use super::terminal::Terminal;
use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::files;
use crate::compile::Compiled;
use crate::compile::boards::Target;
use crate::compile::packing::{Packing, csv};
use crate::compile::program::predict;
use crate::compile::schedule::{self, Plan, Schedule, StoredId, tile};
use crate::model::ceras::{Model, Tag};
use crate::model::qgraph::QGraph;
use crate::present::tables::plan::{PlanReport, chart};

/// What is planned, and for what.
#[derive(Debug, clap::Args)]
pub struct PlanArgs {
    /// Target: a built-in one or a JSON file, see docs/targets.md
    #[arg(long, value_name = "NAME|FILE", conflicts_with = "csv")]
    target: Option<String>,
    /// Write the model with the plan in it to this file
    #[arg(long, value_name = "FILE", requires = "target")]
    save: Option<PathBuf>,
}

impl PlanArgs {
    /// Adds what is read and written.
    pub fn add_to(&self, paths: Paths) -> Paths {
        paths.reads_all("the target file", &self.target).writes("--save", &self.save)
    }
}

/// What is shown.
struct Shown<'a> {
    report: PlanReport,
    target: &'a Target,
    schedule: &'a Schedule,
    tensors: Vec<Option<StoredId>>,
    packing: &'a Packing,
}

pub fn run(path: &Path, args: &PlanArgs, format: Format, terminal: &Terminal) -> Result<String> {
    let place = || path.display().to_string();
    let mut model = Model::load(path)?;
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
        Err(error) if args.save.is_some() || !is_about_memory(&error) => Err(error.at(place())),
        Err(error) => {
            terminal.remark(&format!(
                "in strips of rows and with tensors in DDR, which `seigo build` cannot make yet, since: {}",
                error.message()
            ));
            strips(&model.graph, &target, format).at(place)
        }
    }
}

fn is_about_memory(error: &Error) -> bool {
    [&codes::PLAN_CAPACITY, &codes::PLAN_TIMEOUT].into_iter().any(|code| error.code() == code)
}

fn strips(graph: &QGraph, target: &Target, format: Format) -> Result<String> {
    let schedule = schedule::build(graph, target)?;
    schedule::validate::schedule(graph, &schedule)?;
    let tiling = tile::tile(graph, &schedule, target)?;
    schedule::validate::tiling(graph, &schedule, target, &tiling)?;
    show(
        &Shown {
            report: PlanReport::of_tiling(graph, target, &schedule, &tiling),
            target,
            schedule: &schedule,
            tensors: tiling.tensors.iter().map(|&id| Some(id)).collect(),
            packing: &tiling.packing,
        },
        format,
    )
}

fn show_plan(model: &Model, plan: &Plan, format: Format) -> Result<String> {
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
            tensors: (0..plan.schedule.stored.len()).map(|id| Some(StoredId(id))).collect(),
            packing: &plan.placed.packing,
        },
        format,
    )
}

/// Cycles of every pass and of the end, with the largest cause of those without work.
fn costs(compiled: &Compiled) -> Result<Vec<(u64, Option<&'static str>)>> {
    let Compiled { design, program, .. } = compiled;
    let costs = predict::predict(&program.stream, design, predict::Timing::default())?;
    Ok(costs.iter().map(|cost| (cost.cycles, cost.cause().map(predict::Cause::name))).collect())
}

fn show(shown: &Shown<'_>, format: Format) -> Result<String> {
    let Shown { report, target, schedule, tensors, packing } = shown;
    Ok(match format {
        Format::Table => report.to_table(),
        Format::Csv => csv::write_packing(packing),
        Format::Json => {
            let json = serde_json::to_string_pretty(report)
                .map_err(|error| Error::new(&codes::INTERNAL, error.to_string()))?;
            format!("{json}\n")
        }
        Format::Svg => {
            let title = format!("{} on {}", report.network, report.target);
            chart(title, target, schedule, tensors, packing)
        }
    })
}
