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
use seigo::compile::Compiled;
use seigo::compile::boards::Target;
use seigo::compile::program::{Design, Stem};
use seigo::model::qgraph::{ConvOutput, QGraph, QOp};
use seigo::verify::cosim::{self, Device, Geometry, Simulation, Timing, Values, Verifier};

use crate::accelerator::{compile, layers};

/// A target of P pixels with 512 KiB of shared memory.
pub fn target(pixels: u64) -> Target {
    let mut target = Target::load("kv260").unwrap();
    target.pixels = pixels;
    target.port_domains.banks = pixels;
    target.port_domains.count = 2;
    target.memory_bytes = target.port_domains.bytes * target.port_domains.count;
    target
}

/// The stem unit of a design of P pixels: another shape for each P.
fn stem(pixels: u64) -> Stem {
    let [kernel, stride, channels] = match pixels {
        1 => [7, 2, 1],
        2 => [5, 1, 4],
        4 => [6, 2, 3],
        _ => [4, 3, 2],
    };
    Stem { kernel, stride, channels }
}

/// Functions of the design that networks share.
const FUNCTIONS: usize = 12;

/// Networks of random layers that all use functions of one list and one stem unit.
pub fn networks(count: usize, target: &Target) -> Vec<QGraph> {
    let mut runner = TestRunner::deterministic();
    let strategy = proptest::collection::vec(any::<u32>(), 400..900);
    let strategy = strategy.prop_map(|numbers| layers::network_for(stem(target.pixels), numbers));
    let mut graphs = Vec::new();
    let mut functions: Vec<Function> = Vec::new();
    let mut refused = 0;
    while graphs.len() < count {
        let mut graph = strategy.new_tree(&mut runner).unwrap().current();
        let mut places = Vec::new();
        for (number, function) in graph.functions.iter().enumerate() {
            let found = functions.iter().position(|known| known == function);
            places.push(found.unwrap_or_else(|| {
                // A design holds few functions: others become those that are there.
                if functions.len() == FUNCTIONS {
                    return (graphs.len() + number) % FUNCTIONS;
                }
                functions.push(function.clone());
                functions.len() - 1
            }));
        }
        for layer in &mut graph.layers {
            if let QOp::Conv(conv) = &mut layer.op
                && let ConvOutput::Function { function, fractions, .. } = &mut conv.output
            {
                *function = places[*function];
                if functions[*function].has_unit() {
                    fractions.fill(functions[*function].unit.fraction);
                }
            }
        }
        graph.functions = functions.clone();
        match compile(&graph, target) {
            Ok(_) => graphs.push(graph),
            Err(error) => {
                refused += 1;
                assert!(refused < 20 * count, "few networks fit the target: {error}");
            }
        }
    }
    for graph in &mut graphs {
        graph.functions.clone_from(&functions);
    }
    graphs
}

/// The hardware that holds every network.
fn union(builds: &[Compiled]) -> Design {
    let mut design = builds[0].design.clone();
    for build in builds {
        design.max_width = design.max_width.max(build.design.max_width);
        design.plane_reach = design.plane_reach.max(build.design.plane_reach);
        design.ring_words = design.ring_words.max(build.design.ring_words);
        design.accumulator_bits = design.accumulator_bits.max(build.design.accumulator_bits);
        design.pack_products &= build.design.pack_products;
        design.dsp_lanes &= build.design.dsp_lanes;
        design.plane_channels = design.plane_channels.min(build.design.plane_channels);
        design.plane_sum_bits = design.plane_sum_bits.max(build.design.plane_sum_bits);
        design.scatter |= build.design.scatter;
        design.parity |= build.design.parity;
        design.stem = design.stem.or(build.design.stem);
        design.stem_shifts |= build.design.stem_shifts;
        design.residual |= build.design.residual;
        design.block_roms &= build.design.block_roms;
        design.image_row_words = design.image_row_words.max(build.design.image_row_words);
    }
    design
}

/// Networks on one design.
pub struct Bench {
    pub builds: Vec<Compiled>,
    pub design: Design,
    library: PathBuf,
}

impl Bench {
    pub fn new(graphs: &[QGraph], pixels: u64) -> Self {
        let target = target(pixels);
        Self::of(graphs.iter().map(|graph| compile(graph, &target).unwrap()).collect())
    }

    /// Programs of targets that differ at most in the memory that plans may take.
    pub fn of(mut builds: Vec<Compiled>) -> Self {
        let design = union(&builds);
        for build in &mut builds {
            build.design.clone_from(&design);
        }
        let library = cosim::compile(&builds[0], false).unwrap();
        Self { builds, design, library }
    }

    /// The same with wave files.
    pub fn traced(mut self) -> Self {
        self.library = cosim::compile(&self.builds[0], true).unwrap();
        self
    }

    pub fn device(&self, build: &Compiled, values: &Values, timing: Timing) -> Device {
        let simulation = Simulation::load(&self.library, Geometry::of(&self.design)).unwrap();
        Device::new(simulation, Verifier::new(build).buffers(values).unwrap(), timing)
    }
}
