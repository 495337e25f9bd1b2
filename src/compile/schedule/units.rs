//! Passes that stay together when their order changes.

use super::order::{self, Step};
use super::strips::Group;
use super::{Schedule, Work};

/// Passes that stay together: those of a group in strips, those of one step else. Strips of a group of one step do not
/// depend on each other, so each is a unit.
pub(super) struct Unit {
    pub(super) passes: Vec<usize>,
    /// Units that must come first.
    pub(super) after: Vec<usize>,
    /// The group in strips.
    group: Option<usize>,
    pub(super) loads: bool,
}

#[cfg(test)]
impl Unit {
    pub(super) fn new(passes: Vec<usize>, after: Vec<usize>) -> Self {
        Self { passes, after, group: None, loads: false }
    }
}

/// The units of a schedule, in its order.
pub(super) fn units(schedule: &Schedule, groups: &[Group]) -> Vec<Unit> {
    let steps = order::steps(schedule);
    let load =
        |pass: usize| matches!(&schedule.passes[pass].work, Work::Transfer(own) if own.to_memory);
    let mut within = vec![None; schedule.passes.len()];
    for (index, group) in groups.iter().enumerate() {
        if group.strips > 1 && group.steps > 1 {
            computing(schedule, group).into_iter().for_each(|pass| within[pass] = Some(index));
        }
    }
    let mut units: Vec<Unit> = Vec::new();
    let mut of_step = vec![0; steps.len()];
    for (index, Step { passes, after, .. }) in steps.iter().enumerate() {
        let group = passes.first().and_then(|&pass| within[pass]);
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

/// The passes of a group without what it loads before its first strip; of whole tensors, the computation alone.
fn computing(schedule: &Schedule, group: &Group) -> Vec<usize> {
    let transfers = |pass: usize, loads: bool| match &schedule.passes[pass].work {
        Work::Transfer(own) => own.to_memory || !loads,
        _ => false,
    };
    match group.strips {
        1 => group.passes().filter(|&pass| !transfers(pass, false)).collect(),
        _ => group.passes().skip_while(|&pass| transfers(pass, true)).collect(),
    }
}

/// A schedule with its units in another order.
pub(super) fn reorder(
    schedule: &Schedule,
    groups: &[Group],
    units: &[Unit],
    order: &[usize],
) -> (Schedule, Vec<Group>) {
    let order: Vec<usize> = order.iter().flat_map(|&unit| units[unit].passes.clone()).collect();
    let mut now = vec![0; order.len()];
    order.iter().enumerate().for_each(|(place, &pass)| now[pass] = place);
    let passes = order.iter().map(|&pass| schedule.passes[pass].clone()).collect();
    let regroup = |group: &Group| {
        let own: Vec<usize> = computing(schedule, group).iter().map(|&pass| now[pass]).collect();
        let first = own.iter().copied().min().unwrap_or(0);
        let end = own.iter().max().map_or(first, |last| last + 1);
        let without = (first..end).filter(|pass| !own.contains(pass)).collect();
        Group { first, end, without, ..group.clone() }
    };
    (Schedule { passes, ..schedule.clone() }, groups.iter().map(regroup).collect())
}
