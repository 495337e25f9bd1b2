//! A group of steps in strips: the rows of every tensor in every strip, the room that takes, its cost.

use std::collections::BTreeMap;
use std::ops::Range;

use super::network::{Network, Role, Strip};
use crate::compile::schedule::StoredId;
use crate::compile::schedule::rows::Rows;

/// Steps from `first` to before `end`, in so many strips.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub first: usize,
    pub end: usize,
    pub strips: usize,
}

/// By tensor and gap between two of the steps that touch it: it waits in DDR.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places(pub Vec<Vec<bool>>);

impl Places {
    /// Everything waits in the shared memory.
    pub fn new(network: &Network<'_>) -> Self {
        let gaps = |points: &[usize]| vec![false; points.len().saturating_sub(1)];
        Self(network.tensors.iter().map(|tensor| gaps(&tensor.points)).collect())
    }

    /// Whether a tensor is ever sent to DDR to come back.
    pub fn spilled(&self, id: StoredId) -> bool {
        self.0[id.0].contains(&true)
    }
}

/// A tensor in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Local {
    pub id: StoredId,
    /// A step of the group makes it.
    pub made: bool,
    /// First and last step of the group that touch it.
    pub from: usize,
    pub to: usize,
    /// All its rows lie in the shared memory before the group, behind it or both.
    pub whole: bool,
    /// It comes from DDR.
    pub loads: bool,
    /// It goes to DDR.
    pub saves: bool,
    /// It lies in the shared memory behind the group.
    pub stays: bool,
}

impl Local {
    /// Each strip makes its part of it, whatever the group needs.
    fn is_result(&self) -> bool {
        self.made && (self.whole || self.saves || self.from == self.to)
    }
}

/// The tensors that a group touches, and what its strips have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Members {
    pub locals: Vec<Local>,
    /// By step of the group, what it touches: where in `locals`, and what for.
    uses: Vec<Vec<(usize, Role)>>,
    /// Rows of the smallest result, and what they are multiples of where a strip may begin.
    least: usize,
    granule: usize,
}

impl Members {
    /// The tensors of a group, whatever the number of its strips.
    pub fn new(network: &Network<'_>, places: &Places, span: &Span) -> Self {
        let locals = locals(network, places, span);
        let at = |id| locals.iter().position(|local| local.id == id);
        let uses = network.steps[span.first..span.end]
            .iter()
            .map(|step| step.uses.iter().filter_map(|&(id, role)| Some((at(id)?, role))).collect());
        let uses = uses.collect();
        let results = || locals.iter().filter(|local| local.is_result());
        let least = results().map(|local| network.tensors[local.id.0].height).min().unwrap_or(1);
        let aligned = |granule: usize| results().all(|local| network.aligned(local.id, 0, granule));
        let granule = (0..4).map(|power| 1 << power).find(|&granule| aligned(granule)).unwrap_or(8);
        Self { locals, uses, least, granule }
    }

    /// The most strips.
    pub fn most_strips(&self) -> usize {
        (self.least / self.granule).max(1)
    }

    /// Rows of the smallest result in a strip.
    fn rows(&self, strips: usize, index: usize) -> Range<usize> {
        let border = |index: usize| match index == strips {
            true => self.least,
            false => index * self.least / strips / self.granule * self.granule,
        };
        border(index)..border(index + 1)
    }
}

fn locals(network: &Network<'_>, places: &Places, span: &Span) -> Vec<Local> {
    let mut found: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    for step in span.first..span.end {
        for (id, _) in &network.steps[step].uses {
            found.entry(id.0).or_insert((step, step)).1 = step;
        }
    }
    let local = |(id, (from, to)): (usize, (usize, usize))| {
        let tensor = &network.tensors[id];
        let at = |step: usize| tensor.points.iter().position(|&own| own == step).unwrap_or(0);
        let (first, last) = (at(from), at(to));
        let made = tensor.made == Some(from);
        let stays = places.0[id].get(last) == Some(&false);
        let comes = first > 0 && !places.0[id][first - 1];
        let id = StoredId(id);
        Local {
            id,
            made,
            from,
            to,
            whole: comes || stays,
            loads: !made && !comes,
            saves: made && (!tensor.leaves.is_empty() || places.spilled(id)),
            stays,
        }
    };
    found.into_iter().map(local).collect()
}

/// The rows of one strip.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cut {
    /// By step of the group; `None` where it has nothing to do.
    pub steps: Vec<Option<Strip>>,
    /// By tensor of the group: the rows that the strip touches; all rows where it lies whole.
    pub held: Vec<Rows>,
    /// The rows of results that are this strip's own, and of what is loaded those that are needed.
    pub own: Vec<Rows>,
}

/// Strip `index` of a group; `None` where it cannot be done like that.
pub fn cut(network: &Network<'_>, members: &Members, span: &Span, index: usize) -> Option<Cut> {
    let Members { locals, uses, least, .. } = members;
    let height = |local: &Local| network.tensors[local.id.0].height;
    let Range { start, end } = members.rows(span.strips, index);
    if start >= end {
        return None;
    }
    let mut needs: Vec<Option<Rows>> = locals
        .iter()
        .map(|local| {
            let all = height(local);
            let own = Rows::between(start * all / least, end * all / least);
            local.is_result().then_some(own)
        })
        .collect();
    let own: Vec<Option<Rows>> = needs.clone();
    let mut cut = Cut { steps: vec![None; uses.len()], ..Cut::default() };
    for (at_step, uses) in uses.iter().enumerate().rev() {
        let (mut result, mut middle) = (None, None);
        for &(at, role) in uses.iter().filter(|(_, role)| !role.reads()) {
            let need = needs[at];
            let without = uses.iter().all(|(_, role)| *role != Role::Result);
            let into = if role == Role::Result || without { &mut result } else { &mut middle };
            *into = hull(*into, need);
        }
        if result.is_none() && middle.is_none() {
            continue;
        }
        let strip = network.steps[span.first + at_step].cover(result, middle)?;
        cut.steps[at_step] = Some(strip);
        for &(at, role) in uses {
            needs[at] = match role {
                Role::Result => Some(strip.result),
                Role::Middle => Some(strip.middle),
                Role::Residual => hull(needs[at], Some(strip.middle)),
                Role::Factor => hull(needs[at], Some(Rows::all(1))),
                Role::Input { resized: false } => hull(needs[at], Some(strip.input)),
                Role::Input { resized: true } => {
                    let rows = Rows::between(strip.input.first / 2, strip.input.end() / 2);
                    hull(needs[at], Some(rows))
                }
            };
        }
    }
    for (at, local) in locals.iter().enumerate() {
        let needed = needs[at].unwrap_or(Rows::all(1));
        cut.held.push(if local.whole { Rows::all(height(local)) } else { needed });
        cut.own.push(own[at].unwrap_or(needed));
    }
    // Behind a strip that made the last row of what lies whole, the next would make nothing new of it.
    let complete = locals.iter().zip(&needs).any(|(local, rows)| {
        local.whole && local.made && rows.is_some_and(|rows| rows.end() == height(local))
    });
    let done = complete && index + 1 < span.strips;
    (!done && fits(network, members, &cut)).then_some(cut)
}

fn hull(one: Option<Rows>, other: Option<Rows>) -> Option<Rows> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.hull(other)),
        (one, other) => one.or(other),
    }
}

/// Whether every access begins with a word of the first bank.
fn fits(network: &Network<'_>, members: &Members, cut: &Cut) -> bool {
    let begins = |at: usize, row| network.aligned(members.locals[at].id, cut.held[at].first, row);
    let steps = members.uses.iter().zip(&cut.steps);
    let sound = steps.filter_map(|(uses, strip)| Some((uses, (*strip)?))).all(|(uses, strip)| {
        uses.iter().all(|&(at, role)| match role {
            Role::Result => begins(at, strip.result.first),
            Role::Middle | Role::Residual => begins(at, strip.middle.first),
            Role::Factor => begins(at, 0),
            Role::Input { resized: false } => begins(at, strip.input.first),
            Role::Input { resized: true } => begins(at, strip.input.first / 2),
        })
    });
    sound && cut.own.iter().enumerate().all(|(at, own)| begins(at, own.first))
}

/// What a group takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    pub strips: usize,
    /// Bytes of the shared memory, without what lies there and no step of the group touches.
    pub bytes: u64,
    /// Cycles, of transfers too.
    pub cycles: u64,
    /// All strips were looked at, not only some.
    pub all: bool,
}

/// What a group takes, from its first, a middle and its last strip.
pub fn cost(network: &Network<'_>, members: &Members, span: &Span) -> Option<Cost> {
    let mut total = Cost { strips: span.strips, bytes: 0, cycles: 0, all: span.strips <= 3 };
    let last = span.strips - 1;
    let mut shown = vec![(0, 1)];
    if last > 1 {
        shown.push((last / 2, last as u64 - 1));
    }
    if last > 0 {
        shown.push((last, 1));
    }
    for (index, times) in shown {
        let cut = cut(network, members, span, index)?;
        total.bytes = total.bytes.max(peak(network, &members.locals, span, &cut));
        total.cycles += times * cycles(network, members, span, &cut);
    }
    for local in members.locals.iter().filter(|local| local.whole || span.strips == 1) {
        let moved = network.transfer(local.id, network.tensors[local.id.0].height);
        total.cycles += if local.loads { moved } else { 0 };
        total.cycles += if local.saves { moved } else { 0 };
    }
    Some(total)
}

/// Most bytes of all strips of a group; `None` where one of them cannot be done.
pub fn bytes(network: &Network<'_>, members: &Members, span: &Span) -> Option<u64> {
    let mut strips = (0..span.strips).map(|index| {
        cut(network, members, span, index).map(|cut| peak(network, &members.locals, span, &cut))
    });
    strips.try_fold(0, |most, bytes| Some(most.max(bytes?)))
}

fn cycles(network: &Network<'_>, members: &Members, span: &Span, cut: &Cut) -> u64 {
    let steps = (span.first..span.end).zip(&cut.steps);
    let mut cycles: u64 = steps
        .filter_map(|(step, strip)| {
            let step = &network.steps[step];
            Some(step.cycles(&(*strip)?, network.pixels) + network.traffic(step.stream_words()))
        })
        .sum();
    if span.strips == 1 {
        return cycles;
    }
    for (local, own) in members.locals.iter().zip(&cut.own).filter(|(local, _)| !local.whole) {
        let moved = network.transfer(local.id, own.count);
        cycles += if local.loads { moved } else { 0 };
        cycles += if local.saves { moved } else { 0 };
    }
    cycles
}

/// Most bytes that live at once in a strip.
fn peak(network: &Network<'_>, locals: &[Local], span: &Span, cut: &Cut) -> u64 {
    // By step of the group, what begins to live and what has ceased to.
    let mut changes = vec![(0, 0); span.end - span.first + 1];
    for (local, held) in locals.iter().zip(&cut.held) {
        let (from, to) = match local.whole && span.strips > 1 {
            true => (span.first, span.end - 1),
            // A load lies there a step ahead.
            false => (local.from.saturating_sub(usize::from(local.loads)), local.to),
        };
        let bytes = network.bytes(local.id, held.count);
        changes[from.max(span.first) - span.first].0 += bytes;
        changes[to + 1 - span.first].1 += bytes;
    }
    let alive = changes.iter().scan(0, |alive, (new, gone)| {
        *alive = *alive + new - gone;
        Some(*alive)
    });
    alive.max().unwrap_or(0)
}
