//! The choice of the buffer on which the search branches.

use super::infer::Inference;
use super::state::State;
use super::strategy::{Branch, Weights};

/// What a choice depends on.
pub struct Chooser<'a> {
    /// Where to branch.
    pub branch: Branch,
    /// Tie-break: lower positions first.
    pub positions: &'a [u32],
    /// What contradictions taught.
    pub weights: &'a Weights,
    /// Capacity in units.
    pub capacity: u64,
}

/// Per section: the lowest offset, the units to place, and how many buffers can lie lowest.
#[derive(Clone, Copy)]
struct Section {
    lowest: u64,
    remaining: u64,
    choices: u64,
}

impl Chooser<'_> {
    /// A member that is not barred and under which no other member can still come to lie; none if
    /// all are barred, and then there is no completion.
    ///
    /// For such a buffer "it rests at its skyline" and "it does not" cover all packings.
    pub fn choose(
        &self,
        state: &State<'_>,
        inference: &Inference,
        members: &[u32],
    ) -> Option<usize> {
        let lowest = || {
            let free = members.iter().map(|&member| member as usize);
            free.filter(|&buffer| !state.barred[buffer])
                .min_by_key(|&buffer| (state.skyline[buffer], self.positions[buffer]))
        };
        if self.branch == Branch::Lowest {
            return lowest();
        }
        let section = self.section(state, inference, members)?;
        let inside = members.iter().map(|&member| member as usize).filter(|&buffer| {
            let (lower, upper) = state.instance.range[buffer];
            lower <= section && section < upper
        });
        let rank = |buffer: &usize| (inference.lowest[*buffer], self.positions[*buffer]);
        let mut chosen = inside.min_by_key(rank)?;
        // What can come to lie below is decided first; offsets fall, so this ends.
        loop {
            let bottom = inference.lowest[chosen];
            let below = state.instance.neighbors(chosen).filter(|&other| {
                !state.placed[other]
                    && inference.lowest[other] + state.instance.size[other] <= bottom
            });
            match below.min_by_key(rank) {
                Some(other) => chosen = other,
                None if state.barred[chosen] => return lowest(),
                None => return Some(chosen),
            }
        }
    }

    /// The section in which to branch.
    fn section(&self, state: &State<'_>, inference: &Inference, members: &[u32]) -> Option<usize> {
        let (first, last) = state.sections(members);
        let mut sections =
            vec![Section { lowest: u64::MAX, remaining: 0, choices: 0 }; last - first];
        let each = |sections: &mut [Section], change: &dyn Fn(&mut Section, u64, u64)| {
            for &member in members {
                let buffer = member as usize;
                let (lower, upper) = state.instance.range[buffer];
                let (lowest, size) = (inference.lowest[buffer], state.instance.size[buffer]);
                for section in &mut sections[lower - first..upper - first] {
                    change(section, lowest, size);
                }
            }
        };
        each(&mut sections, &|section, lowest, size| {
            section.lowest = section.lowest.min(lowest);
            section.remaining += size;
        });
        if matches!(self.branch, Branch::FewestChoices | Branch::Hardest) {
            each(&mut sections, &|section, lowest, _| {
                section.choices += u64::from(lowest + section.remaining <= self.capacity);
            });
        }
        let key = |&index: &usize| -> [f64; 2] {
            let section = &sections[index - first];
            let slack = (self.capacity - inference.needs[index]) as f64;
            let choices = section.choices as f64;
            match self.branch {
                Branch::Lowest => [section.lowest as f64, 0.0],
                Branch::Tightest => [slack, section.lowest as f64],
                Branch::FewestChoices => [choices, slack],
                Branch::Hardest => [choices / self.weights.section(index), 0.0],
                Branch::TightestHard => [slack / self.weights.section(index), 0.0],
            }
        };
        (first..last).filter(|&index| sections[index - first].lowest < u64::MAX).min_by(|a, b| {
            let (a, b) = (key(a), key(b));
            a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1]))
        })
    }
}
