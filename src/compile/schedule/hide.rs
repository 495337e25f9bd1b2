//! Plans in strips that wait less for transfers: other numbers of strips, and other orders, judged by what the whole frame
//! then takes.
//!
//! Strips are chosen and passes are ordered by room and work alone. Here what comes of that is placed, and changes are kept
//! that make the frame shorter: a load moves ahead, what depends on no transfer moves in front of what waits for one.

use super::addresses::{NET, place_within};
use super::order::{self, Step};
use super::strips::{Cut, Group};
use super::{Placed, Schedule, Work, parity, queue};
use crate::compile::boards::Target;
use crate::compile::packing::Limit;
use crate::model::qgraph::QGraph;

/// Passes that are placed anew in all, at most.
const EFFORT: usize = 24_000;
/// How far a unit moves, in units.
const DISTANCES: [usize; 7] = [1, 2, 3, 5, 8, 13, 21];
/// Cycles of waiting that are looked at.
const WORTH: u64 = 100;
/// The search for a packing; a change for which it is not enough is left out.
const SEARCH: Limit = Limit { time: NET, nodes: 5_000 };

/// A plan in strips.
pub struct Found {
    pub schedule: Schedule,
    pub placed: Placed,
    pub groups: Vec<Group>,
}

/// The best of a plan and of those near it.
pub fn improve(graph: &QGraph, target: &Target, cut: Cut<'_>, found: Found) -> Found {
    let left = EFFORT / found.schedule.passes.len().max(1);
    let cycles = queue::frame(graph, &found.schedule, target.pixels).cycles;
    let mut search = Search { graph, target, left, cycles, best: found };
    search.strips(cut);
    while search.order() {}
    search.best
}

struct Search<'a> {
    graph: &'a QGraph,
    target: &'a Target,
    /// Changes that may still be tried.
    left: usize,
    cycles: u64,
    best: Found,
}

impl Search<'_> {
    /// Whether a plan is better than the best one, which it then is.
    fn try_out(&mut self, mut schedule: Schedule, groups: Vec<Group>) -> bool {
        self.left = self.left.saturating_sub(1);
        let Ok(placed) = place_within(self.graph, &mut schedule, self.target, SEARCH) else {
            return false;
        };
        let cycles = queue::frame(self.graph, &schedule, self.target.pixels).cycles;
        let better = cycles < self.cycles;
        if better {
            self.cycles = cycles;
            self.best = Found { schedule, placed, groups };
        }
        better
    }

    /// More strips for one group after the other.
    fn strips(&mut self, mut cut: Cut<'_>) {
        for (group, count) in cut.more_strips() {
            let Some(before) = cut.recut(group, count).filter(|_| self.left > 0) else { continue };
            let better = cut.emit().is_ok_and(|(mut schedule, groups)| {
                parity::mark(self.graph, &mut schedule, self.target.pixels as usize);
                self.try_out(schedule, groups)
            });
            if !better {
                cut.recut(group, before);
            }
        }
    }

    /// Whether a move of one unit makes the frame shorter.
    fn order(&mut self) -> bool {
        let units = units(&self.best.schedule, &self.best.groups);
        let waits = queue::frame(self.graph, &self.best.schedule, self.target.pixels).waits;
        for (unit, to) in moves(&units, &waits) {
            if self.left == 0 {
                return false;
            }
            let (schedule, groups) = reorder(&self.best, &units, unit, to);
            if self.try_out(schedule, groups) {
                return true;
            }
        }
        false
    }
}

/// Passes that stay together: those of a group in strips, those of one step else.
struct Unit {
    passes: Vec<usize>,
    /// Units that must come first.
    after: Vec<usize>,
    /// The group in strips.
    group: Option<usize>,
    loads: bool,
}

fn units(schedule: &Schedule, groups: &[Group]) -> Vec<Unit> {
    let steps = order::steps(schedule);
    let load =
        |pass: usize| matches!(&schedule.passes[pass].work, Work::Transfer(own) if own.to_memory);
    // What a group in strips loads before its first strip is a unit of its own.
    let within = |pass: usize| {
        groups.iter().position(|group| {
            let inside = (group.first..group.end).contains(&pass);
            inside && group.strips > 1 && !(group.first..=pass).all(load)
        })
    };
    let mut units: Vec<Unit> = Vec::new();
    let mut of_step = vec![0; steps.len()];
    for (index, Step { passes, after, .. }) in steps.iter().enumerate() {
        let group = passes.first().and_then(|&pass| within(pass));
        let known = units.iter().position(|unit| group.is_some() && unit.group == group);
        let own = known.unwrap_or(units.len());
        if known.is_none() {
            let loads = passes.iter().all(|&pass| load(pass));
            units.push(Unit { passes: Vec::new(), after: Vec::new(), group, loads });
        }
        of_step[index] = own;
        let unit = &mut units[own];
        unit.passes.extend(passes);
        unit.after.extend(after.iter().map(|&step| of_step[step]).filter(|&other| other != own));
    }
    units.iter_mut().for_each(|unit| unit.passes.sort_unstable());
    units
}

/// Units and the places that they may move to, those first that are near what waits longest.
fn moves(units: &[Unit], waits: &[u64]) -> Vec<(usize, usize)> {
    let waiting = |unit: &Unit| unit.passes.iter().map(|&pass| waits[pass]).sum::<u64>();
    let mut longest: Vec<(u64, usize)> =
        units.iter().enumerate().map(|(index, unit)| (waiting(unit), index)).collect();
    longest.retain(|&(cycles, _)| cycles >= WORTH);
    longest.sort_unstable_by_key(|&(cycles, index)| (std::cmp::Reverse(cycles), index));
    let mut moves = Vec::new();
    for (_, waits) in longest {
        let loads = units[waits].after.iter().filter(|&&unit| units[unit].loads);
        for &load in loads {
            let places = DISTANCES.iter().filter_map(|&far| load.checked_sub(far));
            moves.extend(places.map(|to| (load, to)));
        }
        let end = units.len();
        let later = DISTANCES.iter().map(|&far| waits + far).filter(|&to| to < end);
        moves.extend(later.map(|to| (waits, to)));
        let others = waits + 1..end.min(waits + 1 + DISTANCES[DISTANCES.len() - 1]);
        moves.extend(others.map(|unit| (unit, waits)));
    }
    moves.retain(|&(unit, to)| may_move(units, unit, to));
    moves
}

/// Whether a unit may come to the place of another, which makes room for it.
fn may_move(units: &[Unit], unit: usize, to: usize) -> bool {
    match to < unit {
        true => units[unit].after.iter().all(|&before| before < to),
        false => units[unit + 1..=to].iter().all(|other| !other.after.contains(&unit)),
    }
}

fn reorder(found: &Found, units: &[Unit], unit: usize, to: usize) -> (Schedule, Vec<Group>) {
    let mut order: Vec<usize> = (0..units.len()).collect();
    let moved = order.remove(unit);
    order.insert(to, moved);
    let order: Vec<usize> = order.iter().flat_map(|&unit| units[unit].passes.clone()).collect();
    let mut schedule = found.schedule.clone();
    schedule.passes = order.iter().map(|&pass| found.schedule.passes[pass].clone()).collect();
    let mut now = vec![0; order.len()];
    order.iter().enumerate().for_each(|(place, &pass)| now[pass] = place);
    let mut groups = found.groups.clone();
    for (index, group) in groups.iter_mut().enumerate() {
        let strips = units.iter().find(|unit| unit.group == Some(index));
        // Of a group that is no unit, its computation.
        let own: Vec<usize> = match strips {
            Some(unit) => unit.passes.clone(),
            None => (group.first..group.end)
                .filter(|&pass| !matches!(found.schedule.passes[pass].work, Work::Transfer(_)))
                .collect(),
        };
        let places = || own.iter().map(|&pass| now[pass]);
        group.first = places().min().unwrap_or(0);
        group.end = places().max().map_or(group.first, |last| last + 1);
    }
    (schedule, groups)
}
