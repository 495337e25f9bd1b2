//! Which steps form groups, in how many strips, and which tensors wait in DDR: the shortest way through
//! the steps for a given choice of tensors, and a search over these.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::group::{self, Cost, Members, Places, Span};
use super::network::Network;
use crate::base::error::{Error, Result, codes};
use crate::compile::schedule::{StoredId, Work, sizes};

/// Steps of a group, at most.
const LONGEST: usize = 14;
/// Numbers of strips that are tried.
pub const COUNTS: [usize; 20] =
    [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 26, 32, 40, 52, 64, 104, 160];
/// Rounds of the search.
const ROUNDS: usize = 2;

/// Groups in order, and what waits where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub groups: Vec<Span>,
    pub places: Places,
    pub cycles: u64,
}

/// A gap between two steps that touch a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Gap {
    id: StoredId,
    index: usize,
    from: usize,
    to: usize,
    bytes: u64,
}

struct Search<'a> {
    network: &'a Network<'a>,
    room: u64,
    places: Places,
    gaps: Vec<Gap>,
    /// By first step and end of a group.
    known: BTreeMap<(usize, usize), Vec<Cost>>,
}

/// The groups and places with the fewest cycles that the search finds.
///
/// # Errors
/// [`codes::PLAN_CAPACITY`] where a step does not fit in any number of strips.
pub fn choose(network: &Network<'_>, room: u64) -> Result<Choice> {
    let mut gaps = Vec::new();
    let tensors = network.tensors.iter().enumerate();
    for (id, tensor) in tensors.filter(|(_, tensor)| !tensor.stage) {
        for (index, pair) in tensor.points.windows(2).enumerate() {
            let id = StoredId(id);
            let bytes = network.size(id);
            gaps.push(Gap { id, index, from: pair[0], to: pair[1], bytes });
        }
    }
    let places = Places::new(network);
    let mut search = Search { network, room, places, gaps, known: BTreeMap::new() };
    let mut best = search.feasible()?;
    for _ in 0..ROUNDS {
        let before = best.cycles;
        best = search.improve(best);
        if best.cycles == before {
            break;
        }
    }
    Ok(best)
}

impl Search<'_> {
    /// Sends tensors to DDR until every step fits.
    fn feasible(&mut self) -> Result<Choice> {
        loop {
            let stuck = match self.shortest() {
                Ok(choice) => return Ok(choice),
                Err(stuck) => stuck,
            };
            // What lies there unused goes first, the largest of it; then what the step touches.
            let waits = |gap: &&Gap| !self.places.0[gap.id.0][gap.index];
            let idle = |gap: &&Gap| gap.from < stuck && stuck < gap.to;
            let touched = |gap: &&Gap| gap.from <= stuck && stuck <= gap.to;
            let gaps = || self.gaps.iter().filter(waits);
            let largest = gaps().filter(idle).max_by_key(|gap| (gap.bytes, gap.to - gap.from));
            let largest = largest.or_else(|| gaps().filter(touched).max_by_key(|gap| gap.bytes));
            match largest.copied() {
                Some(gap) => self.toggle(&gap),
                None => return Err(self.refusal(stuck)),
            }
        }
    }

    /// Changes the place of one tensor after the other as long as that saves cycles.
    fn improve(&mut self, mut best: Choice) -> Choice {
        let mut gaps = self.gaps.clone();
        gaps.sort_by_key(|gap| (std::cmp::Reverse(gap.bytes * (gap.to - gap.from) as u64), gap.id));
        for gap in gaps {
            let in_ddr = self.places.0[gap.id.0][gap.index];
            // A short gap within a group costs nothing where it is.
            if !in_ddr && gap.bytes * 16 < self.room {
                continue;
            }
            self.toggle(&gap);
            match self.shortest() {
                Ok(choice) if choice.cycles < best.cycles => best = choice,
                _ => self.toggle(&gap),
            }
        }
        best
    }

    fn toggle(&mut self, gap: &Gap) {
        let own = &mut self.places.0[gap.id.0][gap.index];
        *own = !*own;
        // Groups that touch the tensor at either side of the gap, or make it, are others now.
        let made = self.network.tensors[gap.id.0].made;
        let points = [Some(gap.from), Some(gap.to), made];
        self.known.retain(|&(first, end), _| {
            !points.iter().flatten().any(|point| (first..end).contains(point))
        });
    }

    /// The groups with the fewest cycles, or the step that no group reaches. Of groups that are chosen every strip is looked
    /// at; where that says something else than the few that their cost is from, the way is looked for once more.
    fn shortest(&mut self) -> std::result::Result<Choice, usize> {
        self.look();
        loop {
            let choice = self.way()?;
            let mut as_said = true;
            for span in &choice.groups {
                as_said &= self.look_at_all(span);
            }
            if as_said {
                return Ok(choice);
            }
        }
    }

    /// Whether all strips of a group can be done, in the bytes of its cost; sets that right where not.
    fn look_at_all(&mut self, span: &Span) -> bool {
        let (network, places) = (self.network, &self.places);
        let Some(costs) = self.known.get_mut(&(span.first, span.end)) else { return true };
        let Some(at) = costs.iter().position(|cost| cost.strips == span.strips && !cost.all) else {
            return true;
        };
        let members = Members::new(network, places, span);
        match group::bytes(network, &members, span) {
            Some(bytes) => {
                let said = std::mem::replace(&mut costs[at].bytes, bytes);
                costs[at].all = true;
                bytes <= said
            }
            None => {
                costs.remove(at);
                false
            }
        }
    }

    /// The shortest way through the costs that are known.
    fn way(&self) -> std::result::Result<Choice, usize> {
        let count = self.network.steps.len();
        let idle = idle(self.network, &self.places);
        let mut best: Vec<Option<(u64, Span)>> = vec![None; count + 1];
        let start = Span { first: 0, end: 0, strips: 0 };
        best[0] = Some((0, start));
        for first in 0..count {
            for end in first + 1..=(first + LONGEST).min(count) {
                self.extend(&mut best, (first, end), &idle);
            }
        }
        let Some((cycles, _)) = best[count] else {
            let reached = best.iter().rposition(Option::is_some).unwrap_or(0);
            return Err(reached);
        };
        let mut groups = Vec::new();
        let mut end = count;
        while let Some((_, span)) = best[end].filter(|_| end > 0) {
            groups.push(span);
            end = span.first;
        }
        groups.reverse();
        Ok(Choice { groups, places: self.places.clone(), cycles })
    }

    /// A group from one step to another may be the shorter way there.
    fn extend(
        &self,
        best: &mut [Option<(u64, Span)>],
        (first, end): (usize, usize),
        idle: &[(usize, usize, u64)],
    ) {
        let Some((before, _)) = best[first] else { return };
        let Some(costs) = self.known.get(&(first, end)) else { return };
        let (resting, room) = (bytes_over(idle, first, end), self.room);
        let fits = costs.iter().filter(|cost| cost.bytes + resting <= room);
        let Some(cost) = fits.min_by_key(|cost| cost.cycles).copied() else { return };
        let cycles = before + cost.cycles;
        if best[end].is_none_or(|(least, _)| cycles < least) {
            best[end] = Some((cycles, Span { first, end, strips: cost.strips }));
        }
    }

    /// Whether some steps may be a group: what the processor does is one by itself.
    fn is_group(&self, first: usize, end: usize) -> bool {
        end == first + 1 || !self.network.steps[first..end].iter().any(|step| step.processor)
    }

    /// Looks at all groups whose costs are not known.
    fn look(&mut self) {
        let count = self.network.steps.len();
        let ends = |first: usize| first + 1..=(first + LONGEST).min(count);
        let groups = (0..count).flat_map(|first| ends(first).map(move |end| (first, end)));
        let unknown = groups.filter(|&(first, end)| {
            self.is_group(first, end) && !self.known.contains_key(&(first, end))
        });
        let unknown: Vec<(usize, usize)> = unknown.collect();
        let (network, places) = (self.network, &self.places);
        let found: Vec<_> = unknown
            .into_par_iter()
            .map(|(first, end)| ((first, end), costs(network, places, (first, end))))
            .collect();
        self.known.extend(found);
    }

    /// The error for a step of which not even the smallest strip fits.
    fn refusal(&self, step: usize) -> Error {
        let costs = costs(self.network, &self.places, (step, step + 1));
        let least = costs.iter().map(|cost| cost.bytes).min().unwrap_or(0);
        let network = self.network;
        let work = &network.schedule.passes[network.steps[step].pass].work;
        let layer = match work {
            Work::Dense(dense) => Some(dense.layer),
            Work::Plane(plane) => plane.filters.first().map(|filter| filter.layer),
            Work::Transfer(_) | Work::Processor { .. } => None,
        };
        let tensors = network.steps[step].uses.iter().map(|(id, _)| {
            let stored = &network.schedule.stored[id.0];
            let value = &network.graph.value(stored.value).name;
            let row = network.tensors[id.0].row_words * network.tensors[id.0].planes * sizes::WORD;
            format!("\"{value}\" has {row} B a row")
        });
        let tensors: Vec<String> = tensors.collect();
        let error = Error::new(
            &codes::PLAN_CAPACITY,
            format!(
                "a memory of {} B does not hold one strip of the layer, which needs {least} B: {}",
                network.memory,
                tensors.join(", ")
            ),
        )
        .help(format!("give the target at least {least} B of shared memory"));
        match layer {
            Some(layer) => error.at(network.graph.layers[layer].place()),
            None => error,
        }
    }
}

/// What the steps from one to another take as a group, in each number of strips that is tried.
fn costs(network: &Network<'_>, places: &Places, (first, end): (usize, usize)) -> Vec<Cost> {
    let single = end == first + 1;
    if single && network.steps[first].processor {
        return vec![Cost { strips: 1, bytes: 0, cycles: 0, all: true }];
    }
    let span = |strips| Span { first, end, strips };
    let members = Members::new(network, places, &span(1));
    let most = members.most_strips();
    let mut counts: Vec<usize> = COUNTS.into_iter().filter(|&own| own < most).collect();
    counts.push(most);
    // Whole tensors are passes of their own.
    counts.retain(|&own| own > 1 || single);
    counts.into_iter().filter_map(|own| group::cost(network, &members, &span(own))).collect()
}

/// A tensor that waits in the shared memory: behind which step, up to which one, its bytes.
type Idle = (usize, usize, u64);

fn idle(network: &Network<'_>, places: &Places) -> Vec<Idle> {
    let mut idle = Vec::new();
    for (id, tensor) in network.tensors.iter().enumerate() {
        let bytes = network.size(StoredId(id));
        let gaps = tensor.points.windows(2).zip(&places.0[id]);
        let waits = gaps.filter(|(_, in_ddr)| !**in_ddr);
        idle.extend(waits.map(|(pair, _)| (pair[0], pair[1], bytes)));
    }
    idle
}

fn bytes_over(idle: &[Idle], first: usize, end: usize) -> u64 {
    let resting = idle.iter().filter(|&&(from, to, _)| from < first && end <= to);
    resting.map(|own| own.2).sum()
}

/// Bytes that lie in the shared memory during a group that does not touch them.
pub fn resting(network: &Network<'_>, places: &Places, span: &Span) -> u64 {
    bytes_over(&idle(network, places), span.first, span.end)
}
