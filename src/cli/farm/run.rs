//! `seigo farm run`.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use super::super::DIFFERS;
use super::super::terminal::Terminal;
use crate::base::error::{Error, Result, codes};
use crate::campaign::work::{self, Event, Options, Worker};
use crate::campaign::{Campaign, Record};

/// Perform tasks of a campaign, each as a process of its own
///
/// Tasks that have a result are kept, so that the command goes on where it ended. Within a job array of Slurm it takes
/// the tasks of its element.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder of the campaign
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Task, or range of tasks such as 8-15 [default: that of SLURM_ARRAY_TASK_ID, else all]
    #[arg(long, value_name = "N|N-M", value_parser = range)]
    task: Option<RangeInclusive<usize>>,
    /// Tasks at a time [default: as many as --threads]
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Tasks of an element of a job array
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with = "task")]
    per_job: usize,
    /// Seconds after which an attempt counts as hanging [default: that of the plan]
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<f64>,
    /// Perform tasks that have a result again
    #[arg(long)]
    again: bool,
}

/// The variable in which Slurm tells an element of a job array its index.
const ELEMENT: &str = "SLURM_ARRAY_TASK_ID";

fn range(text: &str) -> Result<RangeInclusive<usize>, String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let number = |text: &str| text.parse::<usize>().map_err(|error| format!("{text}: {error}"));
    let (first, last) = (number(first)?, number(last)?);
    if first > last {
        return Err(format!("{first} is behind {last}"));
    }
    Ok(first..=last)
}

pub fn run(args: &Args, terminal: &Terminal) -> Result<u8> {
    let campaign = Campaign::open(&args.folder)?;
    let count = campaign.manifest.tasks.len();
    let refuse = |message: String, help: &str| {
        Err(Error::new(&codes::BAD_ARGUMENT, message).help(help.to_owned()))
    };
    let threads = rayon::current_num_threads();
    let jobs = args.jobs.unwrap_or(threads);
    if !(1..=1024).contains(&jobs) {
        return refuse(format!("--jobs {jobs}"), "give a number from 1 to 1024");
    }
    if let Some(limit) = args.timeout.filter(|limit| !(*limit > 0.0 && limit.is_finite())) {
        return refuse(format!("--timeout {limit}"), "give seconds above 0");
    }
    let indices: Vec<usize> = match &args.task {
        Some(range) if *range.end() >= count => {
            return Err(crate::campaign::task::no_task(&campaign, *range.end()));
        }
        Some(range) => range.clone().collect(),
        None => element(args.per_job, count)?.collect(),
    };
    terminal.remark("building the simulation, unless it is in the cache");
    work::prepare(&campaign, &indices)?;
    let worker = Worker {
        program: std::env::current_exe().map_err(|error| {
            Error::new(&codes::INTERNAL, "cannot tell where seigo is").caused_by(error)
        })?,
        arguments: ["--threads", &(threads / jobs).max(1).to_string(), "farm", "task"]
            .map(str::to_owned)
            .to_vec(),
    };
    let options = Options { jobs, limit_seconds: args.timeout, again: args.again };
    let observe = |event: Event<'_>| tell(&campaign, &event, terminal);
    let records = work::run(&campaign, &indices, &worker, &options, &observe)?;
    let troubled: Vec<&Record> =
        records.iter().filter(|record| record.outcome.trouble().is_some()).collect();
    let text = format!("{} of {} tasks right\n", records.len() - troubled.len(), records.len());
    terminal.result(&text)?;
    Ok(if troubled.is_empty() { 0 } else { DIFFERS })
}

/// The tasks of this element of a job array; all of them where there is none.
fn element(per_job: usize, count: usize) -> Result<std::ops::Range<usize>> {
    let Ok(text) = std::env::var(ELEMENT) else { return Ok(0..count) };
    let first = text.parse::<usize>().ok().and_then(|index| index.checked_mul(per_job));
    match first {
        Some(first) if first < count && per_job > 0 => {
            Ok(first..first.saturating_add(per_job).min(count))
        }
        _ => {
            let message =
                format!("{ELEMENT} is {text}, with {per_job} tasks each; there are {count} tasks");
            Err(Error::new(&codes::BAD_ARGUMENT, message)
                .help("submit the script that `seigo farm plan --slurm` wrote for this campaign"))
        }
    }
}

fn tell(campaign: &Campaign, event: &Event<'_>, terminal: &Terminal) {
    match event {
        Event::Kept(record) => {
            terminal.remark(&format!("task {} ({}): done before", record.index, record.name));
        }
        Event::Foreign(error) => {
            terminal.warning(&format!("replaced, since it does not belong: {error}"))
        }
        Event::Attempt { index, attempt, failure } => terminal.warning(&format!(
            "task {index} ({}), attempt {attempt} of {}: {}: {}",
            campaign.name(*index),
            campaign.manifest.attempts,
            failure.code,
            failure.message
        )),
        Event::Done(record) => {
            let end = record.outcome.trouble().unwrap_or_else(|| "right".to_owned());
            terminal.remark(&format!("task {} ({}): {end}", record.index, record.name));
        }
    }
}
