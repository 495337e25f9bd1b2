//! Contiguous packing: greedy orders, then hill climbing, then the exact search; each stage only
//! when the one before has not reached the goal.

use std::time::{Duration, Instant};

use super::bound::{check_capacity, live_bytes};
use super::climb::climb;
use super::exact::{Outcome, Search};
use super::greedy::{Fit, Order, height, place};
use super::instance::Instance;
use super::packing::{How, Layout, Packing};
use super::problem::Problem;
use crate::error::{Error, Result, codes};

/// Time limit where nothing else is said.
pub const DEFAULT_TIME_LIMIT: Duration = Duration::from_secs(10);

/// Packs every buffer into one range of addresses.
///
/// With a capacity the search stops at the first packing within it; without, it goes on until the
/// height is proven minimal. After `time_limit` the best packing so far counts. Unless the time
/// limit ends it, the result depends on the problem alone.
///
/// # Errors
/// [`codes::PLAN_CAPACITY`] at once, with the smallest set of buffers that proves it, when the
/// capacity is below the lower bound, and later when the exact search excludes it;
/// [`codes::PLAN_TIMEOUT`] when no packing within the capacity was found in time.
pub fn plan_contiguous(problem: &Problem, time_limit: Duration) -> Result<Packing> {
    let deadline = Instant::now() + time_limit;
    let bound = live_bytes(problem);
    check_capacity(problem, &bound)?;
    let instance = Instance::new(problem);
    let lower_bound = instance.bound();
    let goal = problem.capacity().map_or(lower_bound, |capacity| capacity / instance.unit);
    let mut planner =
        Planner { instance: &instance, goal, deadline, best: None, excluded: lower_bound };
    planner.greedy();
    planner.climb();
    planner.search(problem.capacity().is_none());
    planner.finish(problem, bound.bytes)
}

/// A packing in units.
struct Candidate {
    offsets: Vec<u64>,
    height: u64,
    how: How,
}

struct Planner<'a> {
    instance: &'a Instance,
    /// A packing of this height ends the search.
    goal: u64,
    deadline: Instant,
    best: Option<Candidate>,
    /// Proven: no packing is lower than this.
    excluded: u64,
}

impl Planner<'_> {
    fn offer(&mut self, offsets: Vec<u64>, how: How) {
        let height = height(self.instance, &offsets);
        if self.best.as_ref().is_none_or(|best| height < best.height) {
            self.best = Some(Candidate { offsets, height, how });
        }
    }

    fn height(&self) -> u64 {
        self.best.as_ref().map_or(u64::MAX, |best| best.height)
    }

    fn out_of_time(&self) -> bool {
        Instant::now() > self.deadline
    }

    fn greedy(&mut self) {
        for order in Order::ALL {
            let sequence = order.sequence(self.instance);
            for fit in [Fit::First, Fit::Best] {
                // The first one always runs, so that there is a packing.
                if self.best.is_some() && (self.height() <= self.goal || self.out_of_time()) {
                    return;
                }
                self.offer(
                    place(self.instance, &sequence, fit, self.deadline),
                    How::Greedy { order, fit },
                );
            }
        }
    }

    fn climb(&mut self) {
        if self.height() <= self.goal {
            return;
        }
        let order = match self.best.as_ref().map(|best| best.how) {
            Some(How::Greedy { order, .. }) => order,
            _ => Order::Size,
        };
        let sequence = order.sequence(self.instance);
        self.offer(climb(self.instance, sequence, self.goal, self.deadline), How::HillClimbing);
    }

    /// Exact search for the goal; when minimizing, in turns with the search for the next better
    /// height, and from below once a goal is excluded.
    fn search(&mut self, minimize: bool) {
        /// Nodes of a turn at first; each pair of turns may take twice as many.
        const TURN: u64 = 20_000;
        if !self.instance.is_listed() {
            return;
        }
        let mut nodes = TURN;
        let mut low = Search::new(self.instance, self.goal);
        let mut high: Option<(u64, Search<'_>)> = None;
        while self.height() > self.goal && !self.out_of_time() {
            match self.turn(&mut low, if minimize { nodes } else { u64::MAX }) {
                Outcome::Impossible if minimize => {
                    self.goal += 1;
                    low = Search::new(self.instance, self.goal);
                    continue;
                }
                Outcome::Impossible => return,
                Outcome::Packed(_) | Outcome::Stopped => {}
            }
            // Descend from above as long as that is another question than the goal.
            while minimize && self.height() - 1 > self.goal && !self.out_of_time() {
                let target = self.height() - 1;
                let (_, mut search) = high
                    .take_if(|(of, _)| *of == target)
                    .unwrap_or_else(|| (target, Search::new(self.instance, target)));
                match self.turn(&mut search, nodes) {
                    Outcome::Packed(_) => {}
                    // Nothing is below the best: it is the goal.
                    Outcome::Impossible => self.goal = self.height(),
                    Outcome::Stopped => {
                        high = Some((target, search));
                        break;
                    }
                }
            }
            nodes = nodes.saturating_mul(2);
        }
    }

    fn turn(&mut self, search: &mut Search<'_>, nodes: u64) -> Outcome {
        let outcome = search.run(nodes, self.deadline);
        match &outcome {
            Outcome::Packed(offsets) => {
                self.offer(offsets.clone(), How::BranchAndBound { nodes: search.nodes() });
            }
            Outcome::Impossible => self.excluded = self.excluded.max(search.capacity() + 1),
            Outcome::Stopped => {}
        }
        outcome
    }

    fn finish(self, problem: &Problem, lower_bound: u64) -> Result<Packing> {
        let unit = self.instance.unit;
        let Some(best) = self.best else { return Err(over(problem, 0, false)) };
        let height = best.height * unit;
        if problem.capacity().is_some_and(|capacity| height > capacity) {
            return Err(over(problem, height, self.excluded > self.goal));
        }
        let offsets = best.offsets.iter().map(|offset| offset * unit).collect();
        Ok(Packing::new(
            problem.buffers().to_vec(),
            Layout::Contiguous { alignment: problem.alignment(), offsets },
            height,
            lower_bound,
            best.height <= self.excluded,
            best.how,
        ))
    }
}

fn over(problem: &Problem, height: u64, impossible: bool) -> Error {
    let capacity = problem.capacity().unwrap_or(0);
    if impossible {
        let message = format!(
            "no contiguous packing within {capacity} B exists, although no step needs more: the exact \
             search has excluded all; the best packing found needs {height} B"
        );
        return Error::new(&codes::PLAN_CAPACITY, message)
            .help("raise the capacity, or pack into blocks, which need not be adjacent");
    }
    let message =
        format!("no packing within {capacity} B was found in time; the best one needs {height} B");
    Error::new(&codes::PLAN_TIMEOUT, message)
}
