//! Block mode: every buffer gets enough logical blocks, which need not be adjacent.
//!
//! A buffer of `n` blocks is `n` intervals of one block and the same lifespan. Taking intervals by
//! their start and giving each the lowest free block (the left-edge algorithm, Hashimoto and
//! Stevens 1971) colors an interval graph with as many colors as its largest clique has members, so
//! the number of blocks equals the largest sum of `ceil(size / block)` over the steps.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use super::bound::peak;
use super::problem::{MAX_BYTES, Problem};
use super::solution::{How, Layout, Packing};
use crate::base::error::{Error, Result, codes};

/// Bytes of a logical block where nothing else is said.
pub const DEFAULT_BLOCK: u64 = 16 * 1024;
/// Most blocks of one packing, all buffers counted.
const MAX_BLOCKS: u64 = 1 << 24;

/// Packs into blocks of `block_size` bytes; optimal.
///
/// # Errors
/// [`codes::PLAN_PROBLEM`] when the block size is 0, not a multiple of the alignment, or so small
/// that the blocks cannot be listed; [`codes::PLAN_CAPACITY`] with the buffers that prove that the
/// capacity is too small.
pub fn plan_blocks(problem: &Problem, block_size: u64) -> Result<Packing> {
    check_block_size(problem, block_size)?;
    let count = |index: usize| problem.buffers()[index].size.div_ceil(block_size);
    let bound = peak(problem, count);
    let whole = problem.capacity().map(|capacity| capacity / block_size);
    if let Some(whole) = whole.filter(|&whole| bound.bytes > whole) {
        let live: Vec<String> = bound
            .live
            .iter()
            .map(|&index| format!("{} ({})", problem.buffers()[index].id, count(index)))
            .collect();
        return Err(Error::new(
            &codes::PLAN_CAPACITY,
            format!(
                "the capacity holds {whole} blocks of {block_size} B, but step {} alone needs {}: {}",
                bound.step,
                bound.bytes,
                live.join(", ")
            ),
        ));
    }
    let blocks = left_edge(problem, count);
    let used = blocks.iter().flatten().max().map_or(0, |&last| u64::from(last) + 1);
    Ok(Packing::new(
        problem.buffers().to_vec(),
        Layout::Blocks { block_size, blocks },
        used * block_size,
        bound.bytes * block_size,
        true,
        How::LeftEdge,
    ))
}

fn left_edge(problem: &Problem, count: impl Fn(usize) -> u64) -> Vec<Vec<u32>> {
    let mut order: Vec<usize> = (0..problem.buffers().len()).collect();
    order.sort_by_key(|&index| problem.buffers()[index].lifespan.lower);
    let mut blocks: Vec<Vec<u32>> = vec![Vec::new(); order.len()];
    let mut free: BTreeSet<u32> = BTreeSet::new();
    let mut ends: BinaryHeap<Reverse<(u64, usize)>> = BinaryHeap::new();
    let mut fresh = 0_u32;
    for index in order {
        let lifespan = problem.buffers()[index].lifespan;
        while let Some(&Reverse((upper, dead))) = ends.peek() {
            if upper > lifespan.lower {
                break;
            }
            ends.pop();
            free.extend(&blocks[dead]);
        }
        for _ in 0..count(index) {
            let block = free.pop_first().unwrap_or_else(|| {
                fresh += 1;
                fresh - 1
            });
            blocks[index].push(block);
        }
        ends.push(Reverse((lifespan.upper, index)));
    }
    blocks
}

fn check_block_size(problem: &Problem, block_size: u64) -> Result<()> {
    if !(1..=MAX_BYTES).contains(&block_size) || !block_size.is_multiple_of(problem.alignment()) {
        return Err(Error::new(
            &codes::PLAN_PROBLEM,
            format!(
                "block size {block_size} is not a multiple of the alignment {} in 1..={MAX_BYTES} bytes",
                problem.alignment()
            ),
        )
        .help("give the block size in bytes, for instance 16384"));
    }
    let total: u64 = problem.buffers().iter().map(|buffer| buffer.size.div_ceil(block_size)).sum();
    if total > MAX_BLOCKS {
        return Err(Error::new(
            &codes::PLAN_PROBLEM,
            format!(
                "the buffers need {total} blocks of {block_size} B; at most {MAX_BLOCKS} are listed"
            ),
        )
        .help("choose larger blocks"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::packing::problem::Buffer;

    #[test]
    fn blocks_need_not_be_adjacent() {
        let buffers = vec![
            Buffer::new("a", 0, 2, 10),
            Buffer::new("b", 0, 5, 10),
            Buffer::new("c", 0, 2, 10),
            Buffer::new("d", 2, 4, 20),
        ];
        let problem = Problem::new(buffers, Some(30), 1).unwrap();
        let packing = plan_blocks(&problem, 10).unwrap();
        assert_eq!((packing.height, packing.lower_bound), (30, 30));
        let Layout::Blocks { blocks, .. } = packing.layout else { panic!("blocks") };
        assert_eq!(blocks, [vec![0], vec![1], vec![2], vec![0, 2]]);
    }

    #[test]
    fn bad_block_sizes_and_capacities_are_refused() {
        let buffers = vec![Buffer::new("a", 0, 2, MAX_BYTES)];
        let problem = Problem::new(buffers, Some(100), 4).unwrap();
        for size in [0, 6, 4, MAX_BYTES + 4] {
            assert_eq!(plan_blocks(&problem, size).unwrap_err().code().id, "SG0701");
        }
        let error = plan_blocks(&problem, 1 << 20).unwrap_err();
        assert_eq!(error.code().id, "SG0702");
        assert!(error.message().contains("a (1048576)"));
    }
}
