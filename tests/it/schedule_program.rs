//! Plans become programs whose execution gives the reference's numbers in every stored tensor.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use seigo::base::error::Result;
use seigo::compile::Compiled;
use seigo::compile::boards::Target;
use seigo::compile::schedule::{self, Plan, Way, order, place, sizes, ways};
use seigo::model::ceras::Model;
use seigo::model::qgraph::QGraph;

use crate::accelerator::{check, compile, simulate};
use crate::networks::{self, NANO};
use crate::quantized::{Choices, inputs};

fn target(pixels: u64, chained: bool) -> Target {
    let mut target = Target::load("kv260").unwrap();
    target.pixels = pixels;
    target.port_domains.banks = pixels;
    target.capabilities.depthwise_chained = chained;
    target
}

/// A build in the searched order.
fn build(graph: &QGraph, target: &Target, way: &Way) -> Result<Compiled> {
    let mut schedule = schedule::build(graph, target, way)?;
    let bytes = sizes::tensor_bytes(&schedule, target.pixels);
    order(&mut schedule, &bytes);
    let placed = place(graph, &mut schedule, target)?;
    let plan = Plan { target: target.clone(), schedule, placed, groups: Vec::new() };
    Compiled::of_plan(Model::new(graph.clone()), plan)
}

fn random(numbers: Vec<u32>) -> QGraph {
    let mut choices = Choices::new(numbers);
    networks::random(&mut |limit| choices.below(limit))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn random_networks_run_as_planned(
        numbers in prop::collection::vec(any::<u32>(), 0..200),
        seed in any::<u64>(),
        pixels in prop::sample::select(vec![1u64, 2, 4, 8]),
        flags in any::<[bool; 2]>(),
        way in any::<prop::sample::Index>(),
    ) {
        let graph = random(numbers);
        let target = target(pixels, flags[0]);
        let ways = ways::all(&graph, &target, true).unwrap();
        let way = Way { parts: flags[1], ..way.get(&ways).clone() };
        let build = match build(&graph, &target, &way) {
            // A kernel may be too large for the weight ring.
            Err(error) if error.code().id == "SG0901" => return Ok(()),
            built => built.map_err(|error| TestCaseError::fail(error.to_string()))?,
        };
        let inputs = inputs(&graph, seed);
        simulate(&build, &inputs).map_err(|error| TestCaseError::fail(error.to_string()))?;
    }
}

/// Memory of so many small blocks, each a domain.
fn tight(pixels: u64, blocks: u64) -> Target {
    let mut target = target(pixels, true);
    target.block_bytes = 64 * pixels;
    target.port_domains.bytes = target.block_bytes;
    target.port_domains.count = blocks;
    target.memory_bytes = blocks * target.block_bytes;
    target
}

/// None where the memory does not hold the network.
fn build_if_it_fits(graph: &QGraph, target: &Target) -> Option<Compiled> {
    match build(graph, target, &Way::default()) {
        Err(error) if ["SG0702", "SG0901"].contains(&error.code().id) => None,
        built => Some(built.unwrap()),
    }
}

/// From the least memory on that holds a network: what is planned is a program, with tensors side by
/// side in blocks, too.
#[test]
fn tight_plans_are_programs() {
    let mut runner = TestRunner::deterministic();
    let numbers = prop::collection::vec(any::<u32>(), 0..200);
    let mut narrow = 0;
    for _ in 0..60 {
        let graph = random(numbers.new_tree(&mut runner).unwrap().current());
        for pixels in [1, 4] {
            let mut sizes = (1..=128).filter_map(|blocks| {
                let target = tight(pixels, blocks);
                Some((build_if_it_fits(&graph, &target)?, target))
            });
            for (build, target) in sizes.by_ref().take(2) {
                narrow += usize::from(build.plan.placed.problem.alignment() < target.block_bytes);
                simulate(&build, &inputs(&graph, target.blocks())).unwrap();
            }
        }
    }
    assert!(narrow > 0, "no plan with blocks that tensors share");
}

#[test]
fn the_plan_of_yolox_nano_is_a_program() {
    let graph = NANO.graph();
    for (pixels, chained, parts) in [(4, true, false), (4, true, true), (1, false, false)] {
        let way = Way { parts, ..Way::default() };
        let build = build(&graph, &target(pixels, chained), &way).unwrap();
        println!(
            "{} bytes, {:?}",
            build.program.stream.len(),
            check(&build, &build.program.stream)
        );
    }
    let target = target(4, true);
    let Compiled { plan, program, .. } = compile(&graph, &target).unwrap();
    let estimate = plan.schedule.passes.iter();
    let estimate = estimate
        .map(|pass| seigo::compile::schedule::sizes::stream_bytes(&graph, &pass.work))
        .sum::<u64>();
    // The end of the program is a descriptor of its own, and so are transfers.
    let end = 320;
    assert_eq!(program.stream.len() as u64, estimate + end);
}
