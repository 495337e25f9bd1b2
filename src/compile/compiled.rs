//! A network compiled for a target: the one thing that files, simulation, reports and tests are made of.

use super::boards::Target;
use super::program::{self, Design, Program, check};
use super::schedule::{Plan, Schedule, Work};
use crate::base::error::{Error, Result, codes};
use crate::model::ceras::Model;
use crate::model::qgraph::QGraph;

/// What a compilation may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CompileOptions {
    /// Refuse a network of which the processor computes layers between two passes.
    pub accelerator_only: bool,
}

/// A network on a target. The same model and target give the same bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Compiled {
    /// The network and what it is for.
    pub model: Model,
    /// The target, the passes in order and where their tensors lie.
    pub plan: Plan,
    /// Parameters of the hardware.
    pub design: Design,
    /// The stream that the hardware runs.
    pub program: Program,
}

impl Compiled {
    /// Plans the network, sizes the hardware, encodes the program and checks it.
    ///
    /// # Errors
    /// [`codes::PLAN_CAPACITY`] when the tensors do not fit the shared memory; [`codes::PROGRAM_LIMIT`],
    /// naming the layer, for what the hardware cannot do or `options` refuse.
    pub fn new(model: Model, target: &Target, options: CompileOptions) -> Result<Self> {
        let plan = Plan::new(&model.graph, target)?;
        if options.accelerator_only {
            all_on_accelerator(&model.graph, &plan.schedule)?;
        }
        Self::of_plan(model, plan)
    }

    /// The same from a plan that exists, such as the one in the model file.
    ///
    /// # Errors
    /// [`codes::PROGRAM_LIMIT`], naming the layer, for what the hardware cannot do;
    /// [`codes::PLAN_INVALID`] for a plan of another network; [`codes::PROGRAM_INVALID`] when the
    /// checker finds a fault in the program.
    pub fn of_plan(model: Model, plan: Plan) -> Result<Self> {
        let design = Design::new(&model.graph, &plan.schedule, &plan.target)?;
        let program = program::encode(&model.graph, &plan.schedule, &plan.placed, &design)?;
        check::check(&program.stream, &design, program.buffers)?;
        Ok(Self { model, plan, design, program })
    }

    /// The network.
    pub fn graph(&self) -> &QGraph {
        &self.model.graph
    }

    /// What it is compiled for.
    pub fn target(&self) -> &Target {
        &self.plan.target
    }

    /// The passes.
    pub fn schedule(&self) -> &Schedule {
        &self.plan.schedule
    }

    /// Word address of every stored tensor.
    pub fn bases(&self) -> &[usize] {
        &self.plan.placed.bases
    }
}

/// No pass waits for the processor.
fn all_on_accelerator(graph: &QGraph, schedule: &Schedule) -> Result<()> {
    let layers = schedule.passes.iter().flat_map(|pass| match &pass.work {
        Work::Processor { layers } => &layers[..],
        _ => &[],
    });
    let names: Vec<&str> = layers.map(|&index| graph.layers[index].name.as_str()).collect();
    if names.is_empty() {
        return Ok(());
    }
    let message = format!("only the processor can do {}", names.join(", "));
    Err(Error::new(&codes::PROGRAM_LIMIT, message)
        .help("allow the processor: the accelerator then waits for these layers"))
}
