//! The public MiniMalloc puzzles, where a folder with them is at hand (`SEIGO_SHARED` or
//! `../shared`): those that are quick in every profile. `benches/memory.rs` runs all.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step of a test is a failed test")]

use std::path::PathBuf;
use std::time::Duration;

use seigo::compile::packing::{csv, plan_contiguous, svg, validate};

fn folder() -> Option<PathBuf> {
    let shared = std::env::var_os("SEIGO_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let folder = shared.join("minimalloc");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: no MiniMalloc puzzles in {}; set SEIGO_SHARED", folder.display());
    None
}

#[test]
fn puzzles_are_packed_within_their_capacity() {
    let Some(folder) = folder() else { return };
    for (name, capacity) in
        [("A.1048576", 1 << 20), ("C.1048576", 1 << 20), ("example.input.12", 12)]
    {
        let text = std::fs::read_to_string(folder.join(format!("{name}.csv"))).unwrap();
        let problem = csv::read_problem(&text, Some(capacity), 1).unwrap();
        let packing = plan_contiguous(&problem, Duration::from_secs(60)).unwrap();
        assert!(packing.height <= capacity);
        validate::packing(&problem, &packing).unwrap();
        let (problem, packing) =
            csv::read_packing(&csv::write_packing(&packing), Some(capacity), 1).unwrap();
        validate::packing(&problem, &packing).unwrap();
        assert!(svg::draw(&packing, &svg::Chart::default()).contains("ratio"));
    }
}

#[test]
fn a_capacity_below_the_bound_is_refused_with_proof() {
    let Some(folder) = folder() else { return };
    let text = std::fs::read_to_string(folder.join("A.1048576.csv")).unwrap();
    let problem = csv::read_problem(&text, Some((1 << 20) - 1), 1).unwrap();
    let error = plan_contiguous(&problem, Duration::from_secs(60)).unwrap_err();
    assert_eq!(error.code().id, "SG0702");
    assert!(error.message().contains("lower bound of 1048576 B"), "{error}");
}
