//! Exact branch and bound for contiguous packing, after the ideas of MiniMalloc (Moffitt,
//! "MiniMalloc: A Lightweight Memory Allocator for Hardware-Accelerated Machine Learning", ASPLOS
//! 2023): canonical packings, sections, floors, dominance, decomposition.
//!
//! If there is a packing, there is one whose sum of offsets is smallest; in it every buffer rests
//! on another one or on the floor, and none could be dropped into a gap. The search builds only
//! such packings, bottom up. At a node it chooses a buffer under which no other can still come to
//! lie and decides whether it *rests* where it would rest now (`dive`); if not, the buffer is
//! *barred* from there, and from that `infer` draws conclusions: it must lie on something that is
//! still to be placed, and something must intrude where it would have been. A section whose
//! buffers, stacked by their lowest possible offsets, exceed the capacity ends the branch. Parts
//! that no remaining buffer connects are solved one by one, and states that failed once are
//! recognized (by 128-bit fingerprints) when another order of placement leads to them again.

mod choose;
mod dive;
mod infer;
mod state;
mod strategy;

use std::time::Instant;

use super::instance::Instance;
pub use dive::Outcome;
use dive::Shared;
use strategy::{STRATEGIES, Weights, positions};

/// Nodes of a dive in the first turn.
const FIRST_DIVE: u64 = 300;
/// From this many buffers on, a first dive has one and a half times as many nodes as there are
/// buffers, so that it can place each of them.
const MANY_BUFFERS: usize = 1_000;

/// The search for a packing within one capacity. It can be continued after it stopped.
pub struct Search<'a> {
    instance: &'a Instance,
    shared: Shared<'a>,
    weights: Weights,
    round: u64,
    nodes_per_dive: u64,
}

impl<'a> Search<'a> {
    /// A search within `capacity` units.
    pub fn new(instance: &'a Instance, capacity: u64) -> Self {
        Self {
            instance,
            shared: Shared::new(instance, capacity),
            weights: Weights::new(instance),
            round: 0,
            nodes_per_dive: if instance.count() < MANY_BUFFERS {
                FIRST_DIVE
            } else {
                instance.count() as u64 * 3 / 2
            },
        }
    }

    /// The capacity in units.
    pub fn capacity(&self) -> u64 {
        self.shared.capacity()
    }

    /// Nodes visited so far.
    pub fn nodes(&self) -> u64 {
        self.shared.nodes
    }

    /// Searches on until there is an answer, about `nodes` more nodes are visited, or `deadline`
    /// has passed. Without the deadline the outcome depends on the instance and `nodes` alone.
    pub fn run(&mut self, nodes: u64, deadline: Instant) -> Outcome {
        if self.instance.bound() > self.shared.capacity() {
            return Outcome::Impossible;
        }
        let limit = self.shared.nodes.saturating_add(nodes);
        loop {
            let turn = (self.round % STRATEGIES.len() as u64) as usize;
            let (branch, rank) = STRATEGIES[turn];
            let order = positions(self.instance, &self.weights, rank, self.round);
            let end = self.shared.nodes.saturating_add(self.nodes_per_dive);
            let outcome = self.shared.dive(&mut self.weights, (branch, &order), end, deadline);
            if outcome != Outcome::Stopped {
                return outcome;
            }
            self.round += 1;
            if turn + 1 == STRATEGIES.len() {
                // Slow growth: many short dives find more than few long ones.
                self.nodes_per_dive += self.nodes_per_dive / 4;
            }
            if self.shared.nodes >= limit || Instant::now() > deadline {
                return Outcome::Stopped;
            }
        }
    }
}
