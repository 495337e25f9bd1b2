//! Greedy packing: buffers in some order, each in a gap between those already placed.

use std::cmp::Reverse;
use std::time::Instant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::instance::Instance;

/// The order in which greedy packing takes the buffers; largest first in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// By size.
    Size,
    /// By size times sections.
    Area,
    /// By number of sections, then size.
    Lifespan,
    /// By live units in the fullest section of the lifespan, then size.
    Pressure,
    /// By live units in the fullest section of the lifespan, then number of sections.
    PressureLifespan,
    /// By start, then size: the order in which a program would allocate.
    Start,
}

impl Order {
    /// All orders.
    pub const ALL: [Self; 6] = [
        Self::Size,
        Self::Area,
        Self::Lifespan,
        Self::Pressure,
        Self::PressureLifespan,
        Self::Start,
    ];

    /// The buffers of `instance` in this order.
    pub fn sequence(self, instance: &Instance) -> Vec<usize> {
        let mut sequence: Vec<usize> = (0..instance.count()).collect();
        sequence.sort_by_key(|&buffer| {
            let (lower, upper) = instance.range[buffer];
            let size = instance.size[buffer];
            let length = (upper - lower) as u64;
            let pressure = || instance.live[lower..upper].iter().copied().max().unwrap_or(0);
            let key = match self {
                Self::Size => (size, length),
                Self::Area => (size * length, size),
                Self::Lifespan => (length, size),
                Self::Pressure => (pressure(), size),
                Self::PressureLifespan => (pressure(), length),
                Self::Start => (u64::MAX - lower as u64, size),
            };
            (Reverse(key), buffer)
        });
        sequence
    }
}

/// Which of the gaps that are large enough is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// The lowest.
    First,
    /// The smallest, the lowest of equal ones.
    Best,
}

/// Buffers that are placed between two looks at the clock.
const CLOCK: usize = 64;

/// Offsets in units, by buffer, when the buffers are placed in the order of `sequence`.
///
/// What is not placed at `deadline`, or soon after, goes on top of everything, without looking for gaps.
pub fn place(instance: &Instance, sequence: &[usize], fit: Fit, deadline: Instant) -> Vec<u64> {
    let mut offsets: Vec<Option<u64>> = vec![None; instance.count()];
    let mut taken: Vec<(u64, u64)> = Vec::new();
    let mut top = 0;
    let mut late = false;
    for (turn, &buffer) in sequence.iter().enumerate() {
        let size = instance.size[buffer];
        late |= turn % CLOCK == 0 && Instant::now() > deadline;
        if late {
            offsets[buffer] = Some(top);
            top += size;
            continue;
        }
        taken.clear();
        taken.extend(instance.neighbors(buffer).filter_map(|other| {
            offsets[other].map(|offset| (offset, offset + instance.size[other]))
        }));
        taken.sort_unstable();
        let offset = gap(&taken, size, fit);
        offsets[buffer] = Some(offset);
        top = top.max(offset + size);
    }
    offsets.into_iter().map(|offset| offset.unwrap_or(0)).collect()
}

/// Start of the gap for `size` units between the intervals `taken`, which ascend by start.
fn gap(taken: &[(u64, u64)], size: u64, fit: Fit) -> u64 {
    let mut floor = 0;
    let mut best: Option<(u64, u64)> = None;
    for &(start, end) in taken {
        if start >= floor + size {
            if fit == Fit::First {
                return floor;
            }
            let room = start - floor;
            if best.is_none_or(|(smallest, _)| room < smallest) {
                best = Some((room, floor));
            }
        }
        floor = floor.max(end);
    }
    best.map_or(floor, |(_, start)| start)
}

/// The highest end, in units.
pub fn height(instance: &Instance, offsets: &[u64]) -> u64 {
    offsets.iter().zip(&instance.size).map(|(offset, size)| offset + size).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_found_in_order_or_by_size() {
        let taken = [(0, 2), (6, 7), (9, 20), (9, 10)];
        assert_eq!(gap(&taken, 2, Fit::First), 2);
        assert_eq!(gap(&taken, 2, Fit::Best), 7);
        assert_eq!(gap(&taken, 4, Fit::Best), 2);
        assert_eq!(gap(&taken, 5, Fit::First), 20);
    }
}
