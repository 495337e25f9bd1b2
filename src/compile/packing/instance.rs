//! A problem in the form in which planners search: sections instead of steps, sizes in units.
//!
//! A *section* is a step at which the set of live buffers is maximal: two buffers share a section
//! exactly when their lifespans overlap, so sections replace time. Sizes are divided by their
//! greatest common divisor; in a packing where every buffer rests on another one or on the floor,
//! all offsets are multiples of it.

use super::problem::Problem;

/// The searchable form of a [`Problem`].
#[derive(Debug)]
pub struct Instance {
    /// Units that each buffer occupies, by its index in the problem.
    pub size: Vec<u64>,
    /// Half-open range of sections in which each buffer is alive.
    pub range: Vec<(usize, usize)>,
    /// Live units per section.
    pub live: Vec<u64>,
    /// Bytes of a unit.
    pub unit: u64,
    neighbors: Neighbors,
}

impl Instance {
    /// Translates `problem`.
    pub fn new(problem: &Problem) -> Self {
        let count = problem.buffers().len();
        let extents: Vec<u64> = (0..count).map(|index| problem.extent(index)).collect();
        let unit = extents.iter().fold(0, |unit, &extent| gcd(unit, extent)).max(1);
        let size: Vec<u64> = extents.iter().map(|extent| extent / unit).collect();
        let (range, sections) = sections(problem);
        let (mut born, mut dead) = (vec![0; sections + 1], vec![0; sections + 1]);
        for (&size, &(lower, upper)) in size.iter().zip(&range) {
            born[lower] += size;
            dead[upper] += size;
        }
        let mut sum = 0;
        let live = (0..sections)
            .map(|section| {
                sum = sum + born[section] - dead[section];
                sum
            })
            .collect();
        let neighbors = Neighbors::new(&range);
        Self { size, range, live, unit, neighbors }
    }

    /// Number of buffers.
    pub fn count(&self) -> usize {
        self.size.len()
    }

    /// The lower bound in units.
    pub fn bound(&self) -> u64 {
        self.live.iter().copied().max().unwrap_or(0)
    }

    /// Whether two different buffers are alive at the same time.
    pub fn overlap(&self, a: usize, b: usize) -> bool {
        a != b && self.range[a].0 < self.range[b].1 && self.range[b].0 < self.range[a].1
    }

    /// The buffers whose lifespans overlap that of `buffer`.
    pub fn neighbors(&self, buffer: usize) -> impl Iterator<Item = usize> + '_ {
        let candidates: &[u32] = match &self.neighbors {
            Neighbors::Listed { start, list } => &list[start[buffer]..start[buffer + 1]],
            Neighbors::ByLower(order) => {
                let upper = self.range[buffer].1;
                &order[..order.partition_point(|&other| self.range[other as usize].0 < upper)]
            }
        };
        candidates
            .iter()
            .map(|&other| other as usize)
            .filter(move |&other| self.overlap(buffer, other))
    }

    /// Whether the neighbor lists fit the memory that the exact search may use.
    pub fn is_listed(&self) -> bool {
        matches!(self.neighbors, Neighbors::Listed { .. })
    }
}

/// Which buffers overlap: listed, or found by scanning where the lists would be too long.
#[derive(Debug)]
enum Neighbors {
    /// The neighbors of buffer `b` are `list[start[b]..start[b + 1]]`.
    Listed { start: Vec<usize>, list: Vec<u32> },
    /// All buffers by the lower end of their range.
    ByLower(Vec<u32>),
}

/// Longest total of all neighbor lists: 128 MiB.
const MAX_LISTED: usize = 1 << 25;

impl Neighbors {
    fn new(range: &[(usize, usize)]) -> Self {
        let mut order: Vec<u32> = (0..range.len() as u32).collect();
        order.sort_by_key(|&buffer| range[buffer as usize]);
        // Each pair is met once: the later starter begins before the earlier one ends.
        let pairs = || {
            order.iter().enumerate().flat_map(|(position, &first)| {
                let upper = range[first as usize].1;
                let later = order[position + 1..].iter();
                later
                    .take_while(move |&&second| range[second as usize].0 < upper)
                    .map(move |&second| (first as usize, second as usize))
            })
        };
        if pairs().take(MAX_LISTED / 2 + 1).count() > MAX_LISTED / 2 {
            return Self::ByLower(order);
        }
        let mut start = vec![0; range.len() + 1];
        pairs().for_each(|(a, b)| {
            start[a + 1] += 1;
            start[b + 1] += 1;
        });
        for index in 1..start.len() {
            start[index] += start[index - 1];
        }
        let mut next = start.clone();
        let mut list = vec![0; start[range.len()]];
        pairs().for_each(|(a, b)| {
            list[next[a]] = b as u32;
            list[next[b]] = a as u32;
            next[a] += 1;
            next[b] += 1;
        });
        Self::Listed { start, list }
    }
}

/// The section range of every buffer and the number of sections.
fn sections(problem: &Problem) -> (Vec<(usize, usize)>, usize) {
    let mut events = Vec::with_capacity(2 * problem.buffers().len());
    for (index, buffer) in problem.buffers().iter().enumerate() {
        events.push((buffer.lifespan.upper, false, index));
        events.push((buffer.lifespan.lower, true, index));
    }
    events.sort_unstable();
    let mut range = vec![(0, 0); problem.buffers().len()];
    let mut closed = 0;
    let mut grown = false;
    for (_, start, index) in events {
        if start {
            range[index].0 = closed;
            grown = true;
        } else {
            // The live set is maximal where an end follows a start.
            closed += usize::from(grown);
            grown = false;
            range[index].1 = closed;
        }
    }
    (range, closed)
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::packing::problem::Buffer;
    use proptest::prelude::*;

    fn instance(rows: &[(u64, u64, u64)]) -> (Problem, Instance) {
        let buffers = rows
            .iter()
            .enumerate()
            .map(|(index, &(lower, length, size))| {
                Buffer::new(index.to_string(), lower, lower + length, size)
            })
            .collect();
        let problem = Problem::new(buffers, None, 1).unwrap();
        let instance = Instance::new(&problem);
        (problem, instance)
    }

    #[test]
    fn sizes_share_their_divisor() {
        let (_, instance) = instance(&[(0, 3, 12), (1, 1, 18)]);
        assert_eq!((instance.unit, &instance.size[..]), (6, &[2, 3][..]));
        assert_eq!(instance.live, [5]);
    }

    proptest! {
        #[test]
        fn sections_keep_exactly_the_overlaps(
            rows in prop::collection::vec((0u64..20, 1u64..9, 1u64..9), 0..30)
        ) {
            let (problem, instance) = instance(&rows);
            for (a, first) in problem.buffers().iter().enumerate() {
                let mut neighbors: Vec<usize> = instance.neighbors(a).collect();
                neighbors.sort_unstable();
                let expected: Vec<usize> = (0..problem.buffers().len())
                    .filter(|&b| b != a && first.lifespan.overlaps(problem.buffers()[b].lifespan))
                    .collect();
                prop_assert_eq!(neighbors, expected);
            }
            let bound = crate::compile::packing::bound::live_bytes(&problem).bytes;
            prop_assert_eq!(instance.bound() * instance.unit, bound);
        }
    }
}
