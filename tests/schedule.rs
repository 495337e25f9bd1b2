//! Schedules of random graphs and of known networks: valid, and with the right numbers in every view.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod networks;
mod quantized;
mod scheduled;

use networks::NANO;
use proptest::prelude::*;
use quantized::runs;
use scheduled::{Truth, follow};
use seigo::schedule::{Work, build, place, validate};
use seigo::target::Target;

/// Targets that can do all, and less.
fn targets() -> Vec<Target> {
    let all = Target::load("kv260").unwrap();
    let mut sequential = all.clone();
    sequential.capabilities.depthwise_chained = false;
    let mut chained = Target::load("zynq7020").unwrap();
    chained.capabilities.depthwise_sequential = false;
    chained.capabilities.stem_unit = false;
    let mut least = Target::load("kv260-large").unwrap();
    least.capabilities = Default::default();
    least.capabilities.depthwise_sequential = true;
    vec![all, sequential, chained, least]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn random_graphs_are_scheduled_placed_and_read_the_right_numbers((graph, inputs) in runs()) {
        let truth = Truth::new(&graph, &inputs);
        for target in targets() {
            let mut schedule = build(&graph, &target).unwrap();
            place(&graph, &mut schedule, &target).unwrap();
            validate::schedule(&graph, &schedule).unwrap();
            follow(&graph, &schedule, &truth);
        }
    }
}

#[test]
fn yolox_nano_is_all_passes_of_the_accelerator() {
    let graph = NANO.graph();
    graph.validate().unwrap();
    let target = Target::load("kv260").unwrap();
    let mut schedule = build(&graph, &target).unwrap();
    let placed = place(&graph, &mut schedule, &target).unwrap();
    validate::schedule(&graph, &schedule).unwrap();
    let count =
        |what: fn(&Work) -> bool| schedule.passes.iter().filter(|pass| what(&pass.work)).count();
    println!(
        "{} passes: {} dense, {} plane, {} transfers; {} bytes",
        schedule.passes.len(),
        count(|work| matches!(work, Work::Dense(_))),
        count(|work| matches!(work, Work::Plane(_))),
        count(|work| matches!(work, Work::Transfer(_))),
        placed.packing.height
    );
    assert!(schedule.tail.is_empty());
}
