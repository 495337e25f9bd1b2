//! What came out of a campaign. Only results of the campaign count; everything else is left out by name.

use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::faults::{FaultRow, by_kind};
use super::manifest::{Campaign, RESULTS, TOOL, Work};
use super::record::{FrameOutcome, Outcome, Record};
use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::json::{Form, FormatOf, VersionOf};
use crate::vision::eval::Score;
use crate::vision::eval::coco::Truth;
use crate::vision::task::Prediction;

/// File of what came out in a campaign's folder.
pub const SUMMARY: &str = "summary.json";
/// File of the JUnit report.
pub const JUNIT: &str = "junit.xml";
/// File of the page.
pub const PAGE: &str = "index.html";

/// Everything that came out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// `seigo-campaign-summary`.
    pub format: FormatOf<Self>,
    /// Version of this form.
    pub version: VersionOf<Self>,
    /// What performed the tasks and collected.
    pub tool: String,
    /// SHA-256 of the manifest.
    pub manifest: String,
    /// SHA-256 of the model.
    pub model: String,
    /// Name of the target.
    pub target: String,
    /// Whether every task has a result and all of them are right.
    pub holds: bool,
    /// How many tasks have each status.
    pub counts: Counts,
    /// Accuracy of what the RTL computed, where there are annotations; images without a frame count as left out.
    pub score: Option<Score>,
    /// Faults by kind; empty where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<FaultRow>,
    /// Every task, in order.
    pub tasks: Vec<Row>,
    /// Files among the results that do not count.
    pub left_out: Vec<LeftOut>,
}

impl Form for Summary {
    const FORMAT: &'static str = "seigo-campaign-summary";
    const VERSION: u32 = 1;
}

/// Numbers of tasks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// All.
    pub all: usize,
    /// Right.
    pub right: usize,
    /// With a result that is not right.
    pub wrong: usize,
    /// Without a result after all attempts.
    pub failed: usize,
    /// Not performed yet.
    pub missing: usize,
}

/// How a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The result is right.
    Right,
    /// The result is not right.
    Wrong,
    /// It crashed, hung or reported an error.
    Failed,
    /// It has no result.
    Missing,
}

impl Status {
    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Wrong => "wrong",
            Self::Failed => "failed",
            Self::Missing => "missing",
        }
    }
}

/// A task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Row {
    /// Index.
    pub index: usize,
    /// What it is called.
    pub name: String,
    /// How it stands.
    pub status: Status,
    /// What is wrong, or what the result says.
    pub what: String,
    /// Cycles of its frame.
    pub cycles: Option<u64>,
    /// Cycles that the cost model predicts, of a point.
    pub predicted: Option<u64>,
    /// Attempts.
    pub attempts: u32,
    /// Seconds.
    pub seconds: f64,
    /// The command that performs it again, where it is not right.
    pub repeat: Option<String>,
}

/// A file that does not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeftOut {
    /// Its name in the folder of results.
    pub file: String,
    /// Code of the error (docs/errors.md).
    pub code: String,
    /// Why.
    pub reason: String,
}

/// Keeps other collectors away as long as it lives.
#[derive(Debug)]
pub struct Turn {
    _file: File,
}

impl Turn {
    /// Takes the turn in a campaign's folder.
    ///
    /// # Errors
    /// [`codes::CAMPAIGN_BUSY`] while another collector has it; [`codes::FILE_WRITE`].
    pub fn take(folder: &Path) -> Result<Self> {
        let path = folder.join("collect.lock");
        let file = File::create(&path).map_err(|error| cannot_write(&path, error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => {
                let message = format!("another collector is at work in {}", folder.display());
                Err(Error::new(&codes::CAMPAIGN_BUSY, message))
            }
            Err(TryLockError::Error(error)) => Err(cannot_write(&path, error)),
        }
    }
}

fn cannot_write(path: &Path, error: std::io::Error) -> Error {
    Error::new(&codes::FILE_WRITE, format!("cannot write {}", path.display())).caused_by(error)
}

/// Reads the results of a campaign.
///
/// # Errors
/// [`codes::FILE_READ`] when the folder of results cannot be listed; [`codes::CAMPAIGN_STALE`] for annotations that were
/// changed; those of [`Truth::measure`].
pub fn collect(campaign: &Campaign) -> Result<Summary> {
    let mut left_out = strangers(campaign)?;
    let mut tasks = Vec::with_capacity(campaign.manifest.tasks.len());
    let (mut seen, mut faults) = (HashMap::new(), Vec::new());
    for index in 0..campaign.manifest.tasks.len() {
        let record = match Record::read(campaign, index) {
            Ok(record) => record,
            Err(error) => {
                left_out.push(LeftOut {
                    file: format!("{index}.json"),
                    code: error.code().id.to_owned(),
                    reason: error.message().to_owned(),
                });
                None
            }
        };
        tasks.push(row(campaign, index, record.as_ref()));
        let id = match campaign.manifest.tasks[index] {
            Work::Frame { id, .. } => id,
            _ => None,
        };
        match record.map(|record| record.outcome) {
            Some(Outcome::Frame(FrameOutcome { prediction, .. })) => {
                seen.extend(id.zip(prediction));
            }
            Some(Outcome::Fault(fault)) => faults.push(fault),
            _ => {}
        }
    }
    left_out.sort_by(|a, b| a.file.cmp(&b.file));
    let counts = counts(&tasks);
    Ok(Summary {
        format: FormatOf::default(),
        version: VersionOf::default(),
        tool: TOOL.to_owned(),
        manifest: campaign.hash.clone(),
        model: campaign.manifest.model.clone(),
        target: campaign.manifest.target.name.clone(),
        holds: counts.right == counts.all,
        counts,
        score: score(campaign, &mut seen)?,
        faults: by_kind(&faults),
        tasks,
        left_out,
    })
}

/// Files among the results that are no task's.
fn strangers(campaign: &Campaign) -> Result<Vec<LeftOut>> {
    let folder = campaign.folder.join(RESULTS);
    let cannot = |error: std::io::Error| {
        Error::new(&codes::FILE_READ, format!("cannot list {}", folder.display())).caused_by(error)
    };
    let mut strangers = Vec::new();
    for entry in fs::read_dir(&folder).map_err(cannot)? {
        let file = entry.map_err(cannot)?.file_name().to_string_lossy().into_owned();
        let index = file.strip_suffix(".json").and_then(|stem| stem.parse::<usize>().ok());
        let own = index.filter(|&index| index < campaign.manifest.tasks.len());
        // `007.json` is not where the result of task 7 lies; hidden files are results that are being written.
        if own.is_none_or(|index| file != format!("{index}.json")) && !file.starts_with('.') {
            let code = codes::CAMPAIGN_RESULT.id.to_owned();
            strangers.push(LeftOut { file, code, reason: "it is of no task".to_owned() });
        }
    }
    Ok(strangers)
}

fn row(campaign: &Campaign, index: usize, record: Option<&Record>) -> Row {
    let status = match record {
        None => Status::Missing,
        Some(record) if record.failed() => Status::Failed,
        Some(record) if record.outcome.trouble().is_some() => Status::Wrong,
        Some(_) => Status::Right,
    };
    let what = match record.map(|record| &record.outcome) {
        None => "not performed yet".to_owned(),
        Some(outcome) => outcome.trouble().unwrap_or_else(|| match outcome {
            Outcome::Frame(frame) => format!("{} tensors equal", frame.compared),
            Outcome::Point(point) => format!("{} tensors equal", point.compared),
            Outcome::Fault(fault) => format!("{}: {}", fault.injected, fault.found),
            Outcome::Failed(_) => String::new(),
        }),
    };
    let predicted = match record.map(|record| &record.outcome) {
        Some(Outcome::Point(point)) => Some(point.predicted),
        _ => None,
    };
    let repeat = || {
        let again = if status == Status::Missing { "" } else { " --again" };
        format!("seigo farm run {} --task {index}{again}", campaign.folder.display())
    };
    Row {
        index,
        name: campaign.name(index),
        status,
        what,
        cycles: record.and_then(|record| record.outcome.cycles()),
        predicted,
        attempts: record.map_or(0, |record| record.attempts),
        seconds: record.map_or(0.0, |record| record.seconds),
        repeat: (status != Status::Right).then(repeat),
    }
}

fn counts(tasks: &[Row]) -> Counts {
    let of = |status| tasks.iter().filter(|row| row.status == status).count();
    Counts {
        all: tasks.len(),
        right: of(Status::Right),
        wrong: of(Status::Wrong),
        failed: of(Status::Failed),
        missing: of(Status::Missing),
    }
}

/// The accuracy of the frames that there are.
fn score(campaign: &Campaign, seen: &mut HashMap<i64, Prediction>) -> Result<Option<Score>> {
    let Some(input) = &campaign.manifest.annotations else { return Ok(None) };
    let place = || input.file.clone();
    let truth = Truth::new(&input.read()?, &campaign.manifest.task).at(place)?;
    let mut ids: Vec<i64> = campaign.manifest.tasks.iter().filter_map(id).collect();
    ids.sort_unstable();
    ids.dedup();
    let predictions: Vec<_> = ids.into_iter().map(|id| (id, seen.remove(&id))).collect();
    let (report, _) = truth.measure(&predictions).at(place)?;
    Ok(Some(Score::Detection(report)))
}

fn id(work: &Work) -> Option<i64> {
    match work {
        Work::Frame { id, .. } => *id,
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::files;
    use crate::campaign::manifest::tests::small;

    fn frame(campaign: &Campaign, index: usize, difference: Option<&str>) -> Record {
        let outcome = Outcome::Frame(FrameOutcome {
            cycles: 100,
            compared: 3,
            difference: difference.map(str::to_owned),
            prediction: None,
        });
        Record::new(campaign, index, (1, 0.5), outcome)
    }

    /// Whatever else lies among the results takes no part in the figures and is named.
    #[test]
    fn results_of_others_are_left_out_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let campaign = small(folder.path(), 7);
        let own = |index| frame(&campaign, index, None);
        own(0).write(&campaign).unwrap();
        frame(&campaign, 1, Some("pass 3")).write(&campaign).unwrap();
        let foreign = [
            Record { model: "m".to_owned(), ..own(2) },
            Record { manifest: "m".to_owned(), ..own(3) },
            Record { tool: "seigo 0.0.0".to_owned(), ..own(4) },
            Record { name: "frame other.png".to_owned(), ..own(5) },
        ];
        foreign.iter().for_each(|record| record.write(&campaign).unwrap());
        let results = folder.path().join(RESULTS);
        files::write(&results.join("6.json"), b"{\"format\": ").unwrap();
        for name in ["7.json", "06.json", "notes.txt", ".seigo-half"] {
            files::write(&results.join(name), b"").unwrap();
        }
        let summary = collect(&campaign).unwrap();
        assert!(!summary.holds);
        assert_eq!(summary.counts, Counts { all: 7, right: 1, wrong: 1, failed: 0, missing: 5 });
        let left: Vec<_> = summary.left_out.iter().map(|own| (&*own.file, &*own.reason)).collect();
        assert_eq!(
            left[..6],
            [
                ("06.json", "it is of no task"),
                ("2.json", "it is of another model"),
                ("3.json", "it is of another version of the manifest"),
                ("4.json", &*format!("seigo 0.0.0 made it; this is {TOOL}")),
                ("5.json", "it is of task 5 (frame other.png)"),
                ("6.json", left[5].1),
            ]
        );
        assert_eq!(left[6..].iter().map(|own| own.0).collect::<Vec<_>>(), ["7.json", "notes.txt"]);
        assert!(summary.left_out.iter().all(|own| own.code == "SG1303"));
        assert!(summary.tasks[1].repeat.as_ref().unwrap().ends_with("--task 1 --again"));
        assert!(summary.tasks[2].repeat.as_ref().unwrap().ends_with("--task 2"));
    }

    #[test]
    fn collectors_take_turns() {
        let folder = tempfile::tempdir().unwrap();
        let turn = Turn::take(folder.path()).unwrap();
        assert_eq!(Turn::take(folder.path()).unwrap_err().code().id, "SG1304");
        drop(turn);
        Turn::take(folder.path()).unwrap();
    }
}
