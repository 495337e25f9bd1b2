//! Contiguous packing: greedy orders, then hill climbing, then the exact search; each stage only
//! when the one before has not reached the goal.

use std::time::{Duration, Instant};

use super::bound::{check_capacity, live_bytes};
use super::climb::climb;
use super::exact::{Outcome, Search};
use super::greedy::{Fit, Order, height, place};
use super::instance::Instance;
use super::problem::Problem;
use super::solution::{How, Layout, Packing};
use crate::base::error::{Error, Result, codes};

/// Greedy orders take milliseconds; the clock is only a net for huge problems.
const ALTERNATIVES_TIME: Duration = Duration::from_secs(10);
/// Time limit where nothing else is said.
pub const DEFAULT_TIME_LIMIT: Duration = Duration::from_secs(10);

/// How long to search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// By the clock: a result that this ends depends on the machine.
    pub time: Duration,
    /// Nodes of the exact search in all.
    pub nodes: u64,
}

/// Packs every buffer into one range of addresses, within a time limit.
///
/// # Errors
/// Those of [`plan_within`].
pub fn plan_contiguous(problem: &Problem, time_limit: Duration) -> Result<Packing> {
    plan_within(problem, Limit { time: time_limit, nodes: u64::MAX })
}

/// Packs every buffer into one range of addresses.
///
/// With a capacity the search stops at the first packing within it; without, it goes on until the
/// height is proven minimal. After `limit` the best packing so far counts. Unless the clock ends
/// it, the result depends on the problem and the number of nodes alone.
///
/// # Errors
/// [`codes::PLAN_CAPACITY`] at once, with the smallest set of buffers that proves it, when the
/// capacity is below the lower bound, and later when the exact search excludes it;
/// [`codes::PLAN_TIMEOUT`] when no packing within the capacity was found in time.
pub fn plan_within(problem: &Problem, limit: Limit) -> Result<Packing> {
    let deadline = Instant::now() + limit.time;
    let bound = live_bytes(problem);
    check_capacity(problem, &bound)?;
    let instance = Instance::new(problem);
    let lower_bound = instance.bound();
    let goal = problem.capacity().map_or(lower_bound, |capacity| capacity / instance.unit);
    let mut planner = Planner {
        instance: &instance,
        goal,
        deadline,
        nodes: limit.nodes,
        best: None,
        excluded: lower_bound,
    };
    planner.greedy();
    planner.climb();
    planner.search(problem.capacity().is_none());
    planner.finish(problem, bound.bytes)
}

/// The packings of the greedy orders that are no higher than `height` bytes, for callers that have
/// another measure besides; each differs from those before it.
pub fn alternatives(problem: &Problem, height: u64) -> Vec<Packing> {
    let instance = Instance::new(problem);
    let far = Instant::now() + ALTERNATIVES_TIME;
    let mut found: Vec<Packing> = Vec::new();
    for (order, fit) in
        Order::ALL.into_iter().flat_map(|order| [(order, Fit::First), (order, Fit::Best)])
    {
        let mut planner = Planner {
            instance: &instance,
            goal: height / instance.unit,
            deadline: far,
            nodes: 0,
            best: None,
            excluded: instance.bound(),
        };
        let offsets = place(&instance, &order.sequence(&instance), fit, far);
        planner.offer(offsets, How::Greedy { order, fit });
        let packing = planner.finish(problem, live_bytes(problem).bytes);
        let packing = packing.ok().filter(|packing| packing.height <= height);
        if let Some(packing) =
            packing.filter(|own| found.iter().all(|other| other.layout != own.layout))
        {
            found.push(packing);
        }
    }
    found
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
    /// Nodes of the exact search that are left.
    nodes: u64,
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

    fn may_search(&self) -> bool {
        self.nodes > 0 && self.height() > self.goal && !self.out_of_time()
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
        while self.may_search() {
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
            while minimize && self.height() - 1 > self.goal && self.may_search() {
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
        let before = search.nodes();
        let outcome = search.run(nodes.min(self.nodes), self.deadline);
        self.nodes = self.nodes.saturating_sub(search.nodes() - before);
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
