//! The live-bytes lower bound and the tensors that explain it.

use std::cmp::Reverse;

use super::problem::Problem;
use crate::base::error::{Error, Result, codes};

/// The step at which most bytes are alive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// Live bytes (sizes rounded up to the alignment): no packing is lower.
    pub bytes: u64,
    /// The first step that reaches it; 0 for an empty problem.
    pub step: u64,
    /// Indices of the buffers alive in that step, in the order of the problem.
    pub live: Vec<usize>,
}

/// Live bytes over time: `(step, live)` at every step at which the sum changes, ascending.
///
/// `weight` says what a buffer, given by its index, counts.
pub fn profile(problem: &Problem, weight: impl Fn(usize) -> u64) -> Vec<(u64, u64)> {
    let mut events = Vec::with_capacity(2 * problem.buffers().len());
    for (index, buffer) in problem.buffers().iter().enumerate() {
        // Ends sort before starts, so that the running sum counts half-open lifespans.
        events.push((buffer.lifespan.upper, false, weight(index)));
        events.push((buffer.lifespan.lower, true, weight(index)));
    }
    events.sort_unstable();
    let mut profile: Vec<(u64, u64)> = Vec::new();
    let mut live = 0;
    for (step, start, weight) in events {
        live = if start { live + weight } else { live - weight };
        match profile.last_mut() {
            Some(last) if last.0 == step => last.1 = live,
            _ => profile.push((step, live)),
        }
    }
    profile
}

/// The largest sum of `weight` over the buffers alive in one step.
pub fn peak(problem: &Problem, weight: impl Fn(usize) -> u64) -> Bound {
    let mut bound = Bound { bytes: 0, step: 0, live: Vec::new() };
    for (step, live) in profile(problem, weight) {
        if live > bound.bytes {
            (bound.bytes, bound.step) = (live, step);
        }
    }
    let alive = |&index: &usize| problem.buffers()[index].lifespan.contains(bound.step);
    bound.live = (0..problem.buffers().len()).filter(alive).collect();
    bound
}

/// The live-bytes lower bound of contiguous packings.
pub fn live_bytes(problem: &Problem) -> Bound {
    peak(problem, |index| problem.extent(index))
}

/// Refuses a capacity in which the buffers of one step cannot be held.
///
/// # Errors
/// [`codes::PLAN_CAPACITY`] with the smallest number of buffers, all alive in one step, that
/// together exceed the capacity.
pub fn check_capacity(problem: &Problem, bound: &Bound) -> Result<()> {
    let Some(capacity) = problem.capacity() else { return Ok(()) };
    if bound.bytes <= capacity {
        return Ok(());
    }
    let proof = smallest_proof(problem, capacity);
    let sum: u64 = proof.live.iter().map(|&index| problem.extent(index)).sum();
    let names: Vec<String> = proof
        .live
        .iter()
        .map(|&index| format!("{} ({})", problem.buffers()[index].id, problem.extent(index)))
        .collect();
    Err(Error::new(
        &codes::PLAN_CAPACITY,
        format!(
            "capacity {capacity} B is below the lower bound of {} B: in step {} alone {} of the live buffers \
             need {sum} B: {}",
            bound.bytes,
            proof.step,
            proof.live.len(),
            names.join(", "),
        ),
    ))
}

/// Over all steps, the fewest buffers that exceed `capacity`: within a step these are the largest
/// ones, and of the sets of equal count the one with most bytes is taken, then the earliest.
fn smallest_proof(problem: &Problem, capacity: u64) -> Bound {
    let buffers = problem.buffers();
    let mut by_size: Vec<usize> = (0..buffers.len()).collect();
    by_size.sort_by_key(|&index| (Reverse(problem.extent(index)), index));
    let mut events = Vec::with_capacity(2 * buffers.len());
    for (rank, &index) in by_size.iter().enumerate() {
        events.push((buffers[index].lifespan.upper, false, rank));
        events.push((buffers[index].lifespan.lower, true, rank));
    }
    events.sort_unstable();
    let mut live = LargestFirst::new(buffers.len());
    let mut best: Option<(usize, Reverse<u64>, u64)> = None;
    for (position, &(step, start, rank)) in events.iter().enumerate() {
        live.change(rank, problem.extent(by_size[rank]), start);
        if events.get(position + 1).is_some_and(|next| next.0 == step) {
            continue;
        }
        let (count, bytes) = live.within(capacity);
        if let Some(&next) = by_size.get(count.rank) {
            let found = (count.buffers + 1, Reverse(bytes + problem.extent(next)), step);
            best = Some(best.map_or(found, |best| best.min(found)));
        }
    }
    let Some((count, Reverse(bytes), step)) = best else {
        return Bound { bytes: 0, step: 0, live: Vec::new() };
    };
    let alive = |&index: &usize| buffers[index].lifespan.contains(step);
    Bound { bytes, step, live: by_size.into_iter().filter(alive).take(count).collect() }
}

/// Live buffers by rank, largest first, with prefix sums (a Fenwick tree).
struct LargestFirst {
    /// Buffers and bytes of the ranks that a node covers.
    nodes: Vec<(usize, u64)>,
}

/// A prefix of the ranks.
struct Prefix {
    rank: usize,
    buffers: usize,
}

impl LargestFirst {
    fn new(count: usize) -> Self {
        Self { nodes: vec![(0, 0); count + 1] }
    }

    /// Adds or takes the buffer of this rank.
    fn change(&mut self, rank: usize, bytes: u64, add: bool) {
        let mut node = rank + 1;
        while let Some((count, sum)) = self.nodes.get_mut(node) {
            (*count, *sum) =
                if add { (*count + 1, *sum + bytes) } else { (*count - 1, *sum - bytes) };
            node += node & node.wrapping_neg();
        }
    }

    /// The longest prefix whose live bytes are within `capacity`, and these bytes. The buffer
    /// behind it is alive and exceeds the capacity, unless the prefix is everything.
    fn within(&self, capacity: u64) -> (Prefix, u64) {
        let (mut prefix, mut bytes) = (Prefix { rank: 0, buffers: 0 }, 0);
        let mut width = self.nodes.len().next_power_of_two();
        while width > 0 {
            if let Some(&(count, sum)) = self.nodes.get(prefix.rank + width)
                && bytes + sum <= capacity
            {
                prefix = Prefix { rank: prefix.rank + width, buffers: prefix.buffers + count };
                bytes += sum;
            }
            width /= 2;
        }
        (prefix, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::packing::problem::Buffer;
    use proptest::prelude::*;

    fn example(capacity: Option<u64>) -> Problem {
        let rows = [("b1", 0, 3, 4), ("b2", 3, 9, 4), ("b3", 0, 9, 4), ("b4", 9, 21, 4)];
        let mut buffers: Vec<Buffer> = rows
            .iter()
            .map(|&(id, lower, upper, size)| Buffer::new(id, lower, upper, size))
            .collect();
        buffers.push(Buffer::new("b5", 0, 21, 4));
        Problem::new(buffers, capacity, 1).unwrap()
    }

    #[test]
    fn the_peak_names_its_step_and_buffers() {
        let bound = live_bytes(&example(None));
        assert_eq!((bound.bytes, bound.step), (12, 0));
        assert_eq!(bound.live, [0, 2, 4]);
    }

    #[test]
    fn buffers_that_touch_in_time_do_not_add_up() {
        let buffers = vec![Buffer::new("a", 0, 5, 10), Buffer::new("b", 5, 6, 10)];
        assert_eq!(live_bytes(&Problem::new(buffers, None, 1).unwrap()).bytes, 10);
    }

    #[test]
    fn alignment_counts_in_the_bound() {
        let buffers = vec![Buffer::new("a", 0, 5, 1), Buffer::new("b", 0, 6, 9)];
        assert_eq!(live_bytes(&Problem::new(buffers, None, 8).unwrap()).bytes, 24);
    }

    #[test]
    fn the_proof_drops_what_it_does_not_need() {
        let problem = example(Some(7));
        let error = check_capacity(&problem, &live_bytes(&problem)).unwrap_err();
        assert_eq!(error.code().id, "SG0702");
        assert!(
            error.message().contains("2 of the live buffers need 8 B: b1 (4), b3 (4)"),
            "{error}"
        );
        assert!(check_capacity(&example(Some(12)), &live_bytes(&problem)).is_ok());
    }

    proptest! {
        #[test]
        fn the_proof_agrees_with_a_search_of_every_step(
            rows in prop::collection::vec((0_u64..12, 1_u64..6, 1_u64..20), 1..20), capacity in 1_u64..60
        ) {
            let buffer = |(row, &(lower, length, size)): (usize, &(u64, u64, u64))| {
                Buffer::new(row.to_string(), lower, lower + length, size)
            };
            let buffers: Vec<Buffer> = rows.iter().enumerate().map(buffer).collect();
            let fewest = (0..20).filter_map(|step| {
                let alive = buffers.iter().filter(|buffer| buffer.lifespan.contains(step));
                let mut sizes: Vec<u64> = alive.map(|buffer| buffer.size).collect();
                sizes.sort_unstable_by(|a, b| b.cmp(a));
                (1..=sizes.len()).find(|&count| sizes[..count].iter().sum::<u64>() > capacity)
            });
            let fewest = fewest.min();
            let problem = Problem::new(buffers, Some(capacity), 1).unwrap();
            let proof = smallest_proof(&problem, capacity);
            prop_assert_eq!(fewest, (!proof.live.is_empty()).then_some(proof.live.len()));
            let sum: u64 = proof.live.iter().map(|&index| problem.extent(index)).sum();
            prop_assert_eq!(sum, proof.bytes);
            prop_assert!(proof.live.iter().all(|&index| problem.buffers()[index].lifespan.contains(proof.step)));
            prop_assert_eq!(check_capacity(&problem, &live_bytes(&problem)).is_err(), fewest.is_some());
        }
    }

    #[test]
    fn the_proof_is_smallest_over_all_steps() {
        let buffers = vec![
            Buffer::new("a", 0, 1, 6),
            Buffer::new("b", 0, 1, 6),
            Buffer::new("c", 0, 1, 6),
            Buffer::new("huge", 7, 8, 11),
        ];
        let problem = Problem::new(buffers, Some(10), 1).unwrap();
        let error = check_capacity(&problem, &live_bytes(&problem)).unwrap_err();
        assert!(
            error.message().contains("step 7 alone 1 of the live buffers need 11 B: huge (11)")
        );
    }
}
