//! What the compiler does with every layer of a network on a target, and why: who computes it, from the
//! same roles and passes that a program is made of.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::build::{Way, build};
use super::classify::{self, Unit};
use super::roles::Roles;
use super::{Plan, Schedule, Work, phases};
use crate::base::error::Result;
use crate::compile::boards::Target;
use crate::compile::capabilities::Reason;
use crate::model::qgraph::QGraph;

/// Who does a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Worker {
    /// The dense array, on tensors in the shared memory.
    Array,
    /// The dense array, on patches of the image that the stem unit streams.
    StemUnit,
    /// The plane engine, alone or behind the array.
    PlaneEngine,
    /// Nobody: a rearrangement of the image that the stem unit does as it streams.
    FoldedIntoStem,
    /// Nobody: who reads the result takes channels from where they lie, or who computes them stores them in place.
    View,
    /// The processor, between two passes, while the accelerator waits.
    Processor,
    /// The processor, after the last pass.
    ProcessorAfter,
}

impl Worker {
    /// Whether the processor does it.
    pub fn is_processor(self) -> bool {
        matches!(self, Self::Processor | Self::ProcessorAfter)
    }
}

impl fmt::Display for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Array => "array",
            Self::StemUnit => "stem unit, array",
            Self::PlaneEngine => "plane engine",
            Self::FoldedIntoStem => "stem unit",
            Self::View => "view",
            Self::Processor => "processor, accelerator waits",
            Self::ProcessorAfter => "processor, after the last pass",
        })
    }
}

/// Who does a layer, and why nobody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assigned {
    /// Who does it.
    pub worker: Worker,
    /// For a layer of the processor why the accelerator does not do it; for others why the unit that is
    /// made for such layers does not, if there is one.
    pub reason: Option<Reason>,
}

/// Who does each layer of a network that passed [`QGraph::validate`], in order.
///
/// # Errors
/// Those of [`super::build`].
pub fn assignment(graph: &QGraph, target: &Target) -> Result<Vec<Assigned>> {
    // Only the plan tells whether the network is cut in strips; one that no memory holds is assigned as if it were there.
    let interleave = phases::find(graph).is_empty()
        || Plan::new(graph, target).map_or(true, |plan| plan.groups.is_empty());
    let roles = Roles::new(graph, target.capabilities, interleave)?;
    let schedule = build(graph, target, &Way { interleave, ..Way::default() })?;
    let on_planes = on_plane_engine(graph, &schedule);
    let assigned = |index: usize| {
        let (worker, reason) = match roles.units[index] {
            _ if roles.folded[index] => (Worker::FoldedIntoStem, None),
            Err(reason) => (after(roles.tail[index]), Some(reason)),
            Ok(Unit::View) if roles.middle[index] || roles.tail[index] => {
                (after(roles.tail[index]), Some(Reason::ReadByProcessor))
            }
            Ok(Unit::View | Unit::Phases) => (Worker::View, None),
            Ok(Unit::ChannelMul) => (Worker::PlaneEngine, None),
            Ok(Unit::Plane(_) | Unit::Cascade(_)) if on_planes[index] => {
                (Worker::PlaneEngine, None)
            }
            Ok(Unit::Plane(_) | Unit::Cascade(_)) => (Worker::Array, Some(Reason::NotChained)),
            Ok(Unit::Dense) if roles.stems[index].is_some() => (Worker::StemUnit, None),
            Ok(Unit::Dense) => {
                let other = || classify::not_plane(&graph.layers[index]);
                (Worker::Array, roles.not_stems[index].or_else(other))
            }
        };
        Assigned { worker, reason }
    };
    Ok((0..graph.layers.len()).map(assigned).collect())
}

fn after(tail: bool) -> Worker {
    if tail { Worker::ProcessorAfter } else { Worker::Processor }
}

/// By layer: whether it is a filter of the plane engine in some pass.
fn on_plane_engine(graph: &QGraph, schedule: &Schedule) -> Vec<bool> {
    let mut found = vec![false; graph.layers.len()];
    for pass in &schedule.passes {
        let filters = match &pass.work {
            Work::Dense(dense) => &dense.filters,
            Work::Plane(plane) => &plane.filters,
            Work::Transfer(_) | Work::Processor { .. } => continue,
        };
        filters.iter().for_each(|filter| found[filter.layer] = true);
    }
    found
}
