//! Slow, obvious counterparts of planner and checker.

use seigo::compile::packing::{Layout, Packing, Problem};

/// Largest sum over steps of `weight(size)`, step by step.
pub fn peak(problem: &Problem, weight: impl Fn(u64) -> u64) -> u64 {
    let last = problem.buffers().iter().map(|buffer| buffer.lifespan.upper).max().unwrap_or(0);
    let live = |step| {
        let alive = problem.buffers().iter().filter(|buffer| buffer.lifespan.contains(step));
        alive.map(|buffer| weight(buffer.size)).sum()
    };
    (0..last).map(live).max().unwrap_or(0)
}

/// Pairwise: no two buffers share a step and a byte; sizes and alignment fit.
pub fn is_valid(problem: &Problem, packing: &Packing) -> bool {
    let cells = |index: usize| -> Option<Vec<u64>> {
        let size = problem.buffers()[index].size;
        match &packing.layout {
            Layout::Contiguous { alignment, offsets } => {
                let start = offsets[index];
                let extent = size.div_ceil(*alignment) * alignment;
                (start % alignment == 0).then(|| (start..start + extent).collect())
            }
            Layout::Blocks { block_size, blocks } => {
                let mut list: Vec<u64> = blocks[index].iter().map(|&block| block.into()).collect();
                let needed = size.div_ceil(*block_size);
                list.sort_unstable();
                list.dedup();
                (list.len() as u64 == needed && blocks[index].len() == list.len()).then_some(list)
            }
        }
    };
    let all: Option<Vec<Vec<u64>>> = (0..problem.buffers().len()).map(cells).collect();
    let Some(all) = all else { return false };
    for (a, first) in problem.buffers().iter().enumerate() {
        for (b, second) in problem.buffers().iter().enumerate().take(a) {
            let together = (first.lifespan.lower..first.lifespan.upper)
                .any(|step| second.lifespan.lower <= step && step < second.lifespan.upper);
            if together && all[a].iter().any(|cell| all[b].contains(cell)) {
                return false;
            }
        }
    }
    true
}

/// The least height over all placement orders: first fit in the right order is optimal, because
/// taking the buffers of an optimal packing by offset never places one higher than there.
pub fn optimum(problem: &Problem) -> u64 {
    let mut order: Vec<usize> = (0..problem.buffers().len()).collect();
    let mut best = u64::MAX;
    permute(&mut order, 0, &mut |order| best = best.min(first_fit(problem, order)));
    best
}

fn first_fit(problem: &Problem, order: &[usize]) -> u64 {
    let mut placed: Vec<(usize, u64)> = Vec::new();
    for &index in order {
        let buffer = &problem.buffers()[index];
        let free = |&offset: &u64| {
            placed.iter().all(|&(other, at)| {
                let other = &problem.buffers()[other];
                !buffer.lifespan.overlaps(other.lifespan)
                    || offset + buffer.size <= at
                    || at + other.size <= offset
            })
        };
        let offset = (0..).find(free).expect("some offset is above all others");
        placed.push((index, offset));
    }
    placed.iter().map(|&(index, at)| at + problem.buffers()[index].size).max().unwrap_or(0)
}

fn permute(order: &mut [usize], from: usize, visit: &mut impl FnMut(&[usize])) {
    if from + 1 >= order.len() {
        return visit(order);
    }
    for index in from..order.len() {
        order.swap(from, index);
        permute(order, from + 1, visit);
        order.swap(from, index);
    }
}

/// A generator that does not depend on the crate's.
pub struct Lcg(pub u64);

impl Lcg {
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// Random `(lower, length, size)`.
pub fn random_rows(count: u64, seed: u64) -> Vec<(u64, u64, u64)> {
    let mut random = Lcg(seed);
    (0..count).map(|_| (random.below(count), 1 + random.below(12), 1 + random.below(64))).collect()
}

/// A long network: each layer's output lives until the next layer, every seventh one longer.
pub fn chain_rows(count: u64) -> Vec<(u64, u64, u64)> {
    let mut random = Lcg(7);
    (0..count)
        .map(|layer| {
            let length = if layer % 7 == 0 { 3 + random.below(40) } else { 2 };
            (layer, length, 64 * (1 + random.below(200)))
        })
        .collect()
}

/// Eight buffers of which at most 4 bytes are alive in any step, and which need 5.
pub fn gap_rows() -> Vec<(u64, u64, u64)> {
    vec![(0, 2, 3), (2, 1, 2), (0, 4, 1), (3, 1, 1), (2, 3, 1), (4, 1, 2), (3, 4, 1), (5, 2, 3)]
}

/// Exactly `capacity` live bytes in every one of `steps` steps: packings leave no gap, and often
/// there is none.
pub fn dense_rows(seed: u64, capacity: u64, steps: u64) -> Vec<(u64, u64, u64)> {
    let mut random = Lcg(seed);
    let (mut live, mut rows) = (Vec::<(u64, u64)>::new(), Vec::new());
    for step in 0..steps {
        live.retain(|&(lower, size)| {
            let dies = random.below(3) == 0;
            if dies {
                rows.push((lower, step - lower, size));
            }
            !dies
        });
        let mut free = capacity - live.iter().map(|&(_, size)| size).sum::<u64>();
        while free > 0 {
            let size = 1 + random.below(free.min(3));
            live.push((step, size));
            free -= size;
        }
    }
    rows.extend(live.iter().map(|&(lower, size)| (lower, steps - lower, size)));
    rows
}

/// Whether a packing within `capacity` exists: every offset of every buffer in turn.
pub fn fits(problem: &Problem, capacity: u64, offsets: &mut Vec<u64>) -> bool {
    let buffers = problem.buffers();
    let Some(buffer) = buffers.get(offsets.len()) else { return true };
    for offset in 0..(capacity + 1).saturating_sub(buffer.size) {
        let free = offsets.iter().zip(buffers).all(|(&at, other)| {
            !buffer.lifespan.overlaps(other.lifespan)
                || offset + buffer.size <= at
                || at + other.size <= offset
        });
        if free {
            offsets.push(offset);
            if fits(problem, capacity, offsets) {
                return true;
            }
            offsets.pop();
        }
    }
    false
}
