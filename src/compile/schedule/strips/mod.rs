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
use choose::Choice;
use group::{Members, Span};
use network::Network;

/// Successive passes that are done strip by strip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
    /// Passes in between that do not belong to it, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<usize>,
}

impl Group {
    /// Its passes, in order.
    pub fn passes(&self) -> impl Iterator<Item = usize> {
        (self.first..self.end).filter(|pass| !self.without.contains(pass))
    }

    /// Whether a pass belongs to it.
    pub fn contains(&self, pass: usize) -> bool {
        (self.first..self.end).contains(&pass) && !self.without.contains(&pass)
    }
}

/// A way to cut a schedule of whole tensors.
pub struct Cut<'a> {
    network: Network<'a>,
    room: u64,
    choice: Choice,
}

impl<'a> Cut<'a> {
    /// The way with the fewest cycles that the search finds, for a memory of `room` bytes of which every tensor takes a
    /// multiple of `grain`.
    ///
    /// # Errors
    /// [`crate::base::error::codes::PLAN_CAPACITY`] naming the layer of which not even one strip fits, with the
    /// smallest memory that would do; those of [`super::rows::extent`].
    pub fn new(
        graph: &'a QGraph,
        schedule: &'a Schedule,
        target: &Target,
        (room, grain): (u64, u64),
    ) -> Result<Self> {
        let network = Network::new(graph, schedule, target, grain)?;
        let choice = choose::choose(&network, room)?;
        Ok(Self { network, room, choice })
    }

    /// The passes.
    ///
    /// # Errors
    /// [`crate::base::error::codes::INTERNAL`].
    pub fn emit(&self) -> Result<(Schedule, Vec<Group>)> {
        emit::emit(&self.network, &self.choice)
    }

    /// By group, the next larger numbers of strips that it may have: smaller ones leave room for those that are on their
    /// way to DDR.
    pub fn more_strips(&self) -> Vec<(usize, usize)> {
        let groups = self.choice.groups.iter().enumerate();
        let groups = groups.filter(|(_, span)| span.strips > 1);
        groups
            .flat_map(|(index, span)| {
                let more = choose::COUNTS.into_iter().filter(|&count| count > span.strips);
                more.take(MORE).map(move |count| (index, count))
            })
            .collect()
    }

    /// Does a group in another number of strips; gives back the number before, or `None` where it cannot be done.
    pub fn recut(&mut self, group: usize, strips: usize) -> Option<usize> {
        let span = Span { strips, ..self.choice.groups[group] };
        let members = Members::new(&self.network, &self.choice.places, &span);
        let resting = choose::resting(&self.network, &self.choice.places, &span);
        let bytes = group::bytes(&self.network, &members, &span)?;
        (bytes + resting <= self.room)
            .then(|| std::mem::replace(&mut self.choice.groups[group].strips, strips))
    }
}

/// Numbers of strips that are tried for a group besides its own.
const MORE: usize = 6;
