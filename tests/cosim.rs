//! The generated accelerator in Verilator against the reference: random layers, with and without stalls.
//!
//! All networks of a run share one design, so that it is compiled once.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod accelerator;
mod quantized;

use accelerator::{Build, layers};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use quantized::inputs;
use seigo::cosim::{self, Device, End, Geometry, Simulation, Timing, Verifier};
use seigo::num::Function;
use seigo::program::Design;
use seigo::qgraph::{ConvOutput, QGraph, QOp};
use seigo::target::Target;
use seigo::verilog;

/// A target of P pixels with 512 KiB of shared memory.
fn target(pixels: u64) -> Target {
    let mut target = Target::load("kv260").unwrap();
    target.pixels = pixels;
    target.port_domains.banks = pixels;
    target.port_domains.count = 2;
    target.memory_bytes = target.port_domains.bytes * target.port_domains.count;
    target
}

/// Networks of random layers that all use functions of one list.
fn networks(count: usize, target: &Target) -> (Vec<QGraph>, Vec<Function>) {
    let mut runner = TestRunner::deterministic();
    let strategy = proptest::collection::vec(any::<u32>(), 400..900).prop_map(layers::network);
    let mut graphs = Vec::new();
    let mut functions: Vec<Function> = Vec::new();
    while graphs.len() < count {
        let mut graph = strategy.new_tree(&mut runner).unwrap().current();
        let mut places = Vec::new();
        for function in &graph.functions {
            let found = functions.iter().position(|known| known == function);
            places.push(found.unwrap_or_else(|| {
                functions.push(function.clone());
                functions.len() - 1
            }));
        }
        if functions.len() > 12 {
            functions.truncate(12);
            continue;
        }
        for layer in &mut graph.layers {
            if let QOp::Conv(conv) = &mut layer.op
                && let ConvOutput::Function { function, .. } = &mut conv.output
            {
                *function = places[*function];
            }
        }
        graph.functions = functions.clone();
        if Build::new(&graph, target).is_ok() {
            graphs.push(graph);
        }
    }
    for graph in &mut graphs {
        graph.functions.clone_from(&functions);
    }
    (graphs, functions)
}

/// The hardware that holds every network.
fn union(builds: &[Build<'_>]) -> Design {
    let mut design = builds[0].design.clone();
    for build in builds {
        design.max_width = design.max_width.max(build.design.max_width);
        design.ring_words = design.ring_words.max(build.design.ring_words);
    }
    design
}

/// Runs `count` networks; every stored tensor and output must be the reference's.
fn run(pixels: u64, count: usize) {
    let target = target(pixels);
    let (graphs, _) = networks(count, &target);
    let mut builds: Vec<Build<'_>> =
        graphs.iter().map(|graph| Build::new(graph, &target).unwrap()).collect();
    builds.retain(|build| build.design.stem.is_none());
    let design = union(&builds);
    let mut sources: Vec<(String, String)> = verilog::SOURCES
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    sources.push((format!("{}.v", verilog::TOP), verilog::top(&design, "0")));
    let library = cosim::compile(&sources, &design, false).unwrap();
    let geometry =
        Geometry { banks: design.pixels, domains: design.domains, rows: design.domain_rows };
    let (mut compared, mut cycles) = (0, 0);
    for (seed, build) in builds.iter().enumerate() {
        let verifier = Verifier {
            graph: build.graph,
            schedule: &build.schedule,
            bases: &build.placed.bases,
            design: &design,
            program: &build.program,
        };
        let values = verifier.values(&inputs(build.graph, seed as u64)).unwrap();
        let stalls = (seed % 2 == 1).then_some(seed as u64);
        let timing = Timing { stalls, ..Timing::default() };
        let simulation = Simulation::load(&library, geometry).unwrap();
        let mut device = Device::new(simulation, verifier.buffers(&values).unwrap(), timing);
        let frame = verifier.run(&mut device, &values).unwrap();
        assert_eq!(frame.end, End::Done, "network {seed}");
        assert_eq!(frame.mismatch, None, "network {seed}: {:#?}", build.schedule);
        compared += frame.compared;
        cycles += frame.cycles;
    }
    println!("P={pixels}: {} networks, {compared} tensors, {cycles} cycles", builds.len());
    assert!(compared > 2 * builds.len() / 2);
}

#[test]
fn random_layers_are_bit_exact() {
    run(4, 60);
}

/// The same for the other widths of the array; each is a compilation of its own.
#[test]
#[ignore = "minutes of compilation; make test-cosim runs it"]
fn random_layers_are_bit_exact_at_every_width() {
    for pixels in [1, 2, 8] {
        run(pixels, 60);
    }
    run(4, 240);
}
