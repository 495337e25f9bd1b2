//! A network compiled for a target: the one thing that files, simulation, reports and tests are made of.

use super::boards::Target;
use super::program::{self, Design, Program, check, sums};
use super::resources;
use super::schedule::{Plan, Schedule, Work, assignment};
use crate::base::error::{Error, Result, codes};
use crate::model::ceras::Model;
use crate::model::qgraph::QGraph;

/// What a compilation may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CompileOptions {
    /// Refuse a network of which the processor computes layers between two passes, or all layers.
    pub accelerator_only: bool,
}

/// A network on a target. The same model and target give the same bytes.
///
/// ```
/// use std::path::Path;
///
/// use seigo::compile::{CompileOptions, Compiled, boards::Target};
/// use seigo::model::ceras::Model;
///
/// # fn main() -> seigo::Result<()> {
/// let model = Model::load(Path::new("tests/fixtures/colors.ceras"))?;
/// let target = Target::load("kv260")?;
/// let compiled = Compiled::new(model, &target, CompileOptions::default())?;
/// for pass in &compiled.program.entries {
///     println!("{}", pass.name);
/// }
/// assert_eq!(compiled.plan.placed.packing.height, 32_768); // bytes of shared memory
/// // seigo::emit::bundle::write(&compiled, folder) writes Verilog, program and manifest.
/// # Ok(())
/// # }
/// ```
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
            all_on_accelerator(&model.graph, &plan)?;
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
        let mut design = Design::new(&model.graph, &plan.schedule, &plan.target)?;
        sums::fit(&mut design, &model.graph, &plan.schedule)?;
        resources::choose_roms(&mut design, &plan.target);
        resources::choose_planes(&mut design, &plan.target);
        let program = program::encode(&model.graph, &plan.schedule, &plan.placed, &design)?;
        check::check(&program.stream, &design, program.buffers)?;
        Ok(Self { model, plan, design, program })
    }

    /// Whether any pass computes: without one, the processor does the whole network.
    pub fn uses_accelerator(&self) -> bool {
        computes(self.schedule())
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

fn computes(schedule: &Schedule) -> bool {
    schedule.passes.iter().any(|pass| matches!(pass.work, Work::Dense(_) | Work::Plane(_)))
}

/// Some pass computes, and none waits for the processor.
fn all_on_accelerator(graph: &QGraph, plan: &Plan) -> Result<()> {
    let schedule = &plan.schedule;
    let layers: Vec<usize> = match computes(schedule) {
        false => schedule.tail.clone(),
        true => {
            let layers = schedule.passes.iter().flat_map(|pass| match &pass.work {
                Work::Processor { layers } => &layers[..],
                _ => &[],
            });
            layers.copied().collect()
        }
    };
    if layers.is_empty() && computes(schedule) {
        return Ok(());
    }
    let assigned = assignment(graph, &plan.target)?;
    let why = |&index: &usize| {
        let name = &graph.layers[index].name;
        match assigned[index].reason {
            Some(reason) => format!("{name} ({reason})"),
            None => name.clone(),
        }
    };
    let mut names: Vec<String> = layers.iter().take(NAMED).map(why).collect();
    if layers.len() > NAMED {
        names.push(format!("and {} more", layers.len() - NAMED));
    }
    let message = match computes(schedule) {
        true => format!("only the processor can do {}", names.join(", ")),
        false => format!("the accelerator computes no layer: {}", names.join(", ")),
    };
    Err(Error::new(&codes::PROGRAM_LIMIT, message).help(
        "`seigo inspect` with the target says why for every layer; the processor may do them where \
         it is allowed",
    ))
}

/// Layers that a refusal names.
const NAMED: usize = 8;
