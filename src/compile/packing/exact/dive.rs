//! One depth-first search with one strategy, up to a number of nodes.

use std::collections::HashSet;
use std::time::Instant;

use super::super::instance::Instance;
use super::choose::Chooser;
use super::infer::Inference;
use super::state::State;
use super::strategy::{Branch, Weights};

/// How a search ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Offsets in units, by buffer.
    Packed(Vec<u64>),
    /// There is no packing within the capacity.
    Impossible,
    /// Nodes or time ran out.
    Stopped,
}

/// Most fingerprints of failed states that are kept (64 MiB and the table's slack).
const MAX_FAILED: usize = 1 << 22;

/// What all dives into one instance with one capacity share. A failed state is failed for every
/// strategy.
pub struct Shared<'a> {
    instance: &'a Instance,
    capacity: u64,
    /// Nodes visited so far.
    pub nodes: u64,
    failed: HashSet<u128>,
    inference: Inference,
}

/// One node: a component of buffers that do not share a section with the other components.
struct Frame {
    members: Vec<u32>,
    fingerprint: u128,
    /// State on entry.
    start: usize,
    /// The buffer that was placed, and the state before.
    chosen: Option<(usize, usize)>,
    /// Components of the rest that are still to be solved.
    children: Vec<Vec<u32>>,
}

enum Step {
    Enter(Vec<u32>),
    Branch,
    Fail,
    Solve,
}

impl<'a> Shared<'a> {
    /// Nothing is known yet. `capacity` is in units.
    pub fn new(instance: &'a Instance, capacity: u64) -> Self {
        let inference = Inference::new(instance.count(), instance.live.len());
        Self { instance, capacity, nodes: 0, failed: HashSet::new(), inference }
    }

    /// The capacity in units.
    pub fn capacity(&self) -> u64 {
        self.capacity
    }

    /// Searches until `limit` nodes have been visited in all or `deadline` has passed.
    ///
    /// The frames are an explicit stack, as deep as there are buffers.
    pub fn dive(
        &mut self,
        weights: &mut Weights,
        strategy: (Branch, &[u32]),
        limit: u64,
        deadline: Instant,
    ) -> Outcome {
        let mut state = State::new(self.instance);
        let mut stack = vec![self.root(&state)];
        let mut step = Step::Solve;
        loop {
            step = match step {
                Step::Enter(members) => self.enter(&state, &mut stack, members),
                Step::Branch => {
                    self.nodes += 1;
                    if self.nodes > limit
                        || (self.nodes.is_multiple_of(32) && Instant::now() > deadline)
                    {
                        return Outcome::Stopped;
                    }
                    self.branch(&mut state, &mut stack, weights, strategy)
                }
                // Only the root has no chosen buffer, and it fails when one of its parts does.
                Step::Fail => match stack.last().and_then(|top| top.chosen) {
                    None => return Outcome::Impossible,
                    Some((buffer, before)) => {
                        state.undo(before);
                        state.bar(buffer);
                        Step::Branch
                    }
                },
                Step::Solve => match stack.last_mut() {
                    None => return Outcome::Packed(state.offset),
                    Some(top) => match top.children.pop() {
                        Some(members) => Step::Enter(members),
                        None => {
                            stack.pop();
                            Step::Solve
                        }
                    },
                },
            };
        }
    }

    fn root(&self, state: &State<'_>) -> Frame {
        let mut all: Vec<u32> = (0..self.instance.count() as u32).collect();
        all.sort_by_key(|&buffer| self.instance.range[buffer as usize]);
        let children = components(state, &all, None);
        Frame { members: Vec::new(), fingerprint: 0, start: 0, chosen: None, children }
    }

    fn enter(&mut self, state: &State<'_>, stack: &mut Vec<Frame>, members: Vec<u32>) -> Step {
        let fingerprint = state.fingerprint(&members);
        if self.failed.contains(&fingerprint) {
            return Step::Fail;
        }
        let start = state.mark();
        stack.push(Frame { members, fingerprint, start, chosen: None, children: Vec::new() });
        Step::Branch
    }

    fn branch(
        &mut self,
        state: &mut State<'_>,
        stack: &mut Vec<Frame>,
        weights: &mut Weights,
        (branch, positions): (Branch, &[u32]),
    ) -> Step {
        let Some(top) = stack.last_mut() else { return Step::Solve };
        let chosen = match self.inference.run(state, &top.members, self.capacity) {
            Ok(()) => Chooser { branch, positions, weights, capacity: self.capacity }.choose(
                state,
                &self.inference,
                &top.members,
            ),
            Err(at) => {
                weights.learn(self.instance, &top.members, at);
                None
            }
        };
        let Some(buffer) = chosen else {
            state.undo(top.start);
            if self.failed.len() >= MAX_FAILED {
                self.failed.clear();
            }
            self.failed.insert(top.fingerprint);
            stack.pop();
            return Step::Fail;
        };
        top.chosen = Some((buffer, state.mark()));
        state.place(buffer);
        top.children = components(state, &top.members, Some(buffer));
        Step::Solve
    }
}

/// The components of `members` without `without`, the smallest last: it is solved first.
fn components(state: &State<'_>, members: &[u32], without: Option<usize>) -> Vec<Vec<u32>> {
    let mut parts = state.components(members, without);
    parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
    parts
}
