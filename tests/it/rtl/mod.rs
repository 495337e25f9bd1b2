//! One compiled design that runs many random networks.

mod counters;
mod faults;
mod rig;
mod waves;

use std::path::PathBuf;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use seigo::base::arithmetic::Function;
use seigo::compile::boards::Target;
use seigo::compile::program::Design;
use seigo::emit::verilog;
use seigo::model::qgraph::{ConvOutput, QGraph, QOp};
use seigo::verify::cosim::{self, Device, Geometry, Simulation, Timing, Values, Verifier};

use crate::accelerator::{Build, layers};

/// A target of P pixels with 512 KiB of shared memory.
pub fn target(pixels: u64) -> Target {
    let mut target = Target::load("kv260").unwrap();
    target.pixels = pixels;
    target.port_domains.banks = pixels;
    target.port_domains.count = 2;
    target.memory_bytes = target.port_domains.bytes * target.port_domains.count;
    target
}

/// Networks of random layers that all use functions of one list.
pub fn networks(count: usize, target: &Target) -> Vec<QGraph> {
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
    graphs
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

/// Networks on one design.
pub struct Bench<'a> {
    pub builds: Vec<Build<'a>>,
    pub design: Design,
    sources: Vec<(String, String)>,
    library: PathBuf,
}

impl<'a> Bench<'a> {
    pub fn new(graphs: &'a [QGraph], pixels: u64) -> Self {
        let target = target(pixels);
        let mut builds: Vec<Build<'a>> =
            graphs.iter().map(|graph| Build::new(graph, &target).unwrap()).collect();
        builds.retain(|build| build.design.stem.is_none());
        let design = union(&builds);
        let mut sources: Vec<(String, String)> = verilog::SOURCES
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect();
        sources.push((format!("{}.v", verilog::TOP), verilog::top(&design, "0")));
        let library = cosim::compile(&sources, &design, false).unwrap();
        Self { builds, design, sources, library }
    }

    /// The same with wave files.
    pub fn traced(mut self) -> Self {
        self.library = cosim::compile(&self.sources, &self.design, true).unwrap();
        self
    }

    pub fn verifier<'b>(&'b self, build: &'b Build<'_>) -> Verifier<'b> {
        Verifier {
            graph: build.graph,
            schedule: &build.schedule,
            bases: &build.placed.bases,
            design: &self.design,
            program: &build.program,
        }
    }

    pub fn device(&self, build: &Build<'_>, values: &Values, timing: Timing) -> Device {
        let simulation = Simulation::load(&self.library, Geometry::of(&self.design)).unwrap();
        Device::new(simulation, self.verifier(build).buffers(values).unwrap(), timing)
    }
}
