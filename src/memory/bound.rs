//! The live-bytes lower bound and the tensors that explain it.

use super::problem::Problem;
use crate::error::{Error, Result, codes};

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
    let mut best: Option<Bound> = None;
    let over = profile(problem, |index| problem.extent(index));
    for (step, _) in over.into_iter().filter(|&(_, live)| live > capacity) {
        let mut live: Vec<usize> = (0..problem.buffers().len())
            .filter(|&index| problem.buffers()[index].lifespan.contains(step))
            .collect();
        live.sort_by_key(|&index| (std::cmp::Reverse(problem.extent(index)), index));
        let mut bytes = 0;
        let mut count = 0;
        while bytes <= capacity && count < live.len() {
            bytes += problem.extent(live[count]);
            count += 1;
        }
        live.truncate(count);
        let better =
            best.as_ref().is_none_or(|best| (count, best.bytes) < (best.live.len(), bytes));
        if better {
            best = Some(Bound { bytes, step, live });
        }
    }
    best.unwrap_or(Bound { bytes: 0, step: 0, live: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::problem::Buffer;

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
