//! Packing times: the public MiniMalloc puzzles one by one, where they are at hand (`SEIGO_SHARED`
//! or `../shared`), then problems of the size of a CNN and of 5,000 layers.
//!
//! A plain table, because the puzzles' times differ by orders of magnitude and each run counts.
#![allow(missing_docs, reason = "a bench has no public interface")]

#[path = "../tests/it/memory/naive.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod naive;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use seigo::compile::packing::{
    Buffer, Packing, Problem, csv, plan_blocks, plan_contiguous, validate,
};

const LIMIT: Duration = Duration::from_secs(60);

fn main() {
    println!(
        "{:<24} {:>7} {:>10} {:>10} {:>6} {:>10}  how",
        "problem", "buffers", "bound", "height", "ratio", "seconds"
    );
    for (name, problem) in puzzles() {
        measure(&name, &problem, |problem| plan_contiguous(problem, LIMIT));
    }
    for (name, rows) in [
        ("cnn-like 150", naive::chain_rows(150)),
        ("random 150", naive::random_rows(150, 11)),
        ("random 1000", naive::random_rows(1_000, 12)),
        ("chain 5000", naive::chain_rows(5_000)),
        ("random 5000", naive::random_rows(5_000, 13)),
    ] {
        let problem = problem(&rows);
        measure(name, &problem, |problem| plan_contiguous(problem, Duration::from_secs(20)));
        measure(&format!("{name} blocks"), &problem, |problem| plan_blocks(problem, 256));
    }
}

fn measure(name: &str, problem: &Problem, plan: impl Fn(&Problem) -> seigo::Result<Packing>) {
    let start = Instant::now();
    let outcome = plan(problem);
    let seconds = start.elapsed().as_secs_f64();
    let count = problem.buffers().len();
    match outcome {
        Ok(packing) => {
            validate::packing(problem, &packing).expect("the checker accepts the plan");
            println!(
                "{name:<24} {count:>7} {:>10} {:>10} {:>6.3} {seconds:>10.4}  {:?}",
                packing.lower_bound,
                packing.height,
                packing.ratio(),
                packing.how
            );
        }
        Err(error) => println!("{name:<24} {count:>7} {seconds:>39.4}  {}", error.message()),
    }
}

fn problem(rows: &[(u64, u64, u64)]) -> Problem {
    let buffer = |(row, &(lower, length, size)): (usize, &(u64, u64, u64))| {
        Buffer::new(row.to_string(), lower, lower + length, size)
    };
    let buffers = rows.iter().enumerate().map(buffer).collect();
    Problem::new(buffers, None, 1).expect("generated rows are well formed")
}

/// Files `NAME.CAPACITY.csv`, by name.
fn puzzles() -> Vec<(String, Problem)> {
    let shared = std::env::var_os("SEIGO_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let Ok(entries) = std::fs::read_dir(shared.join("minimalloc")) else {
        println!("SKIPPED: no puzzles in {}; set SEIGO_SHARED", shared.display());
        return Vec::new();
    };
    let mut puzzles: Vec<(String, Problem)> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let stem = path.file_stem()?.to_str()?.to_owned();
            let capacity = stem.rsplit('.').next()?.parse().ok()?;
            let text = std::fs::read_to_string(&path).ok()?;
            Some((stem, csv::read_problem(&text, Some(capacity), 1).ok()?))
        })
        .collect();
    puzzles.sort_by(|a, b| a.0.cmp(&b.0));
    puzzles
}
