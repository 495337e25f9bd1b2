//! When a network does not fit the shared memory: passes in strips of rows, and tensors that wait in DDR.
//!
//! Successive passes form a *group*, which is done strip by strip: every pass for the first rows of the
//! group's results, then every pass for the next ones. What only passes of the group read exists as
//! pieces of a strip's rows; rows at the border of two strips are computed for both. Between groups a
//! tensor lies whole in the shared memory, or in DDR, where it is sent once, strip by strip, and from
//! where each group loads the rows that a strip needs. `choose` decides the groups, the number of strips
//! of each, and where tensors wait; `emit` makes passes of it, which are placed as ever.

mod choose;
mod emit;
mod group;
mod network;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Schedule;
use crate::base::error::Result;
use crate::compile::boards::Target;
use crate::model::qgraph::QGraph;
use network::Network;

/// Successive passes that are done strip by strip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Passes of a strip without transfers.
    pub steps: usize,
    /// Number of strips; 1 is passes of whole tensors.
    pub strips: usize,
    /// The first pass of the schedule that belongs to it.
    pub first: usize,
    /// The pass behind its last one.
    pub end: usize,
}

/// Passes in strips, for a memory of `room` bytes of which every tensor takes a multiple of `grain`, from
/// a schedule of whole tensors.
///
/// # Errors
/// [`crate::base::error::codes::PLAN_CAPACITY`] naming the layer of which not even one strip fits, with the
/// smallest memory that would do; those of [`super::rows::extent`].
pub fn cut(
    graph: &QGraph,
    schedule: &Schedule,
    target: &Target,
    (room, grain): (u64, u64),
) -> Result<(Schedule, Vec<Group>)> {
    let network = Network::new(graph, schedule, target, grain)?;
    let choice = choose::choose(&network, room)?;
    emit::emit(&network, schedule, &choice)
}
