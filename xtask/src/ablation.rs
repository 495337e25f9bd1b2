//! What each technique of the quantizer gives, as the table of docs/accuracy.md.
//!
//! Runs the command that users run: `seigo quantize`, then `seigo eval`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use seigo::base::json;
use seigo::quantize::ptq::ReportFile;
use seigo::vision::eval::{AccuracyReport, Score};

use crate::page::{self, Failure};
use crate::yolox;

/// Name of a row and the options that make it.
const ROWS: [(&str, &[&str]); 17] = [
    ("defaults, seed 0", &[]),
    ("defaults, seed 1", &["--seed", "1"]),
    ("defaults, seed 2", &["--seed", "2"]),
    ("without `zero-points`", &["--without", "zero-points"]),
    ("without `channel-exponents`", &["--without", "channel-exponents"]),
    ("without `range-search`", &["--without", "range-search"]),
    ("without `range-trials`", &["--without", "range-trials"]),
    ("without `balancing`", &["--without", "balancing"]),
    ("without `gptq`", &["--without", "gptq"]),
    ("without `bias-correction`", &["--without", "bias-correction"]),
    ("without `compensation`", &["--without", "compensation"]),
    ("without `gptq` and `bias-correction`", &["--without", "gptq,bias-correction"]),
    ("without `symmetric-weights`", &["--without", "symmetric-weights"]),
    ("`--head int8`", &["--head", "int8"]),
    ("`--frames 64`", &["--frames", "64"]),
    ("`--float auto:1`", &["--float", "auto:1"]),
    ("`--float auto:3`", &["--float", "auto:3"]),
];

/// Measures every row and writes the table into docs/accuracy.md.
pub fn run(seigo: &Path, shared: &Path) -> Result<ExitCode, Failure> {
    let folder = PathBuf::from("build/ablation");
    std::fs::create_dir_all(&folder)?;
    let header = "| | dB of the scores | mAP@.5:.95 | mAP@.5 |";
    let mut table = format!("{header}\n|---|---|---|---|\n");
    for (name, options) in ROWS {
        let row = measure(seigo, shared, &folder, options)?;
        let [db, ap, ap50] = row;
        println!("{name}: {db:.1} dB, {ap:.2}, {ap50:.2}");
        writeln!(table, "| {name} | {db:.1} | {ap:.2} | {ap50:.2} |")?;
    }
    page::replace(Path::new("docs/accuracy.md"), "ablation", &table)?;
    Ok(ExitCode::SUCCESS)
}

/// Signal to noise of the scores in dB, then average precisions in percent.
fn measure(
    seigo: &Path,
    shared: &Path,
    folder: &Path,
    options: &[&str],
) -> Result<[f64; 3], Failure> {
    let (model, report) = (folder.join("model.ceras"), folder.join("report.json"));
    let mut quantize = yolox::quantize(seigo, shared, &model)?;
    yolox::output(quantize.arg("--report").arg(&report).args(options))?;
    let report: ReportFile =
        json::parse(&std::fs::read_to_string(&report)?).map_err(|wrong| wrong.to_string())?;
    let mut eval = Command::new(seigo);
    eval.arg("eval").arg(&model).arg("--images").arg(shared.join("coco/eval"));
    eval.arg("--coco").arg(shared.join("coco/eval_instances.json")).args(["--format", "json"]);
    let scores: AccuracyReport =
        json::parse(&yolox::output(&mut eval)?).map_err(|wrong| wrong.to_string())?;
    let Score::Detection(scores) = scores.score else { return Err("not a detector".into()) };
    let percent = |share: Option<f64>| share.map(|share| 100.0 * share).ok_or("no objects");
    Ok([report.report.answer_sqnr, percent(scores.ap)?, percent(scores.ap50)?])
}
