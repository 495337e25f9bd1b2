//! `seigo farm collect`.

use std::path::PathBuf;

use super::super::DIFFERS;
use super::super::format::Format;
use super::super::terminal::Terminal;
use super::junit;
use crate::base::error::Result;
use crate::base::files;
use crate::base::json;
use crate::campaign::collect::{Status, Summary, Turn, collect};
use crate::campaign::{Campaign, collect as names};
use crate::present::html;

/// Say what came out of a campaign: one JSON, a JUnit report and a page, in its folder
///
/// Results of another campaign, model or version are left out by name. The exit status is 1 where a task is missing,
/// failed or has a result that is not right.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder of the campaign
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub fn run(args: &Args, terminal: &Terminal) -> Result<u8> {
    let _turn = Turn::take(&args.folder)?;
    let campaign = Campaign::open(&args.folder)?;
    let summary = collect(&campaign)?;
    let file = |name: &str| args.folder.join(name);
    files::write(&file(names::SUMMARY), json::pretty(&summary)?.as_bytes())?;
    files::write(&file(names::JUNIT), junit::text(&summary)?.as_bytes())?;
    files::write(&file(names::PAGE), html::campaign(&summary).as_bytes())?;
    for left in &summary.left_out {
        terminal.warning(&format!("{} is left out: {}: {}", left.file, left.code, left.reason));
    }
    let [one, two, three] = [names::SUMMARY, names::JUNIT, names::PAGE];
    terminal.remark(&format!("wrote {one}, {two} and {three} in {}", args.folder.display()));
    terminal.result(&args.format.of(&summary, || text(&summary))?)?;
    Ok(if summary.holds { 0 } else { DIFFERS })
}

fn text(summary: &Summary) -> String {
    let mut text = String::new();
    for row in summary.tasks.iter().filter(|row| row.status != Status::Right) {
        text += &format!("task {} ({}) {}: {}\n", row.index, row.name, row.status.name(), row.what);
        if let Some(repeat) = &row.repeat {
            text += &format!("  again: {repeat}\n");
        }
    }
    text += &faults(summary);
    if let Some(score) = &summary.score {
        for (name, value) in score.measures() {
            let value = value.map_or("     -".to_owned(), |value| format!("{:6.2}", 100.0 * value));
            text += &format!("{name:<12} {value}\n");
        }
        text += &format!("{:<12} {:6}\n", "images", score.images());
        if score.left_out() > 0 {
            text += &format!("{:<12} {:6}\n", "left out", score.left_out());
        }
    }
    let counts = summary.counts;
    text += &format!(
        "{} tasks: {} right, {} wrong, {} failed, {} missing\n",
        counts.all, counts.right, counts.wrong, counts.failed, counts.missing
    );
    text
}

/// Faults by kind, a line each.
fn faults(summary: &Summary) -> String {
    let mut text = String::new();
    for row in &summary.faults {
        if text.is_empty() {
            let heads = row.columns().map(|(name, _)| format!("  {name}"));
            text += &format!("{:<27}{}\n", "faults", heads.concat());
        }
        let numbers = row.columns().map(|(name, count)| format!("  {count:>0$}", name.len()));
        text += &format!("{:<27}{}\n", row.fault.name(), numbers.concat());
    }
    text
}
