//! The public MiniMalloc puzzles that are quick in every profile. `benches/memory.rs` runs all.

use std::time::Duration;

use seigo::compile::packing::{csv, plan_contiguous, validate};
use seigo::present::html::packing;

use crate::support::shared;

#[test]
fn puzzles_are_packed_within_their_capacity() {
    let Some(shared) = shared::folder() else { return };
    let folder = shared.join("minimalloc");
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
        assert!(packing::draw(&packing, &packing::Chart::default()).contains("ratio"));
    }
}

#[test]
fn a_capacity_below_the_bound_is_refused_with_proof() {
    let Some(shared) = shared::folder() else { return };
    let folder = shared.join("minimalloc");
    let text = std::fs::read_to_string(folder.join("A.1048576.csv")).unwrap();
    let problem = csv::read_problem(&text, Some((1 << 20) - 1), 1).unwrap();
    let error = plan_contiguous(&problem, Duration::from_secs(60)).unwrap_err();
    assert_eq!(error.code().id, "SG0702");
    assert!(error.message().contains("lower bound of 1048576 B"), "{error}");
}
