//! Planners against independent checks: naive overlap tests, brute force, mutations.

mod naive;

use std::time::{Duration, Instant};

use proptest::prelude::*;
use seigo::compile::packing::{
    Buffer, DEFAULT_TIME_LIMIT, How, Layout, Packing, Problem, plan_blocks, plan_contiguous,
    validate,
};

fn problem(rows: &[(u64, u64, u64)], alignment: u64) -> Problem {
    let buffers = rows
        .iter()
        .enumerate()
        .map(|(row, &(lower, length, size))| {
            Buffer::new(format!("t{row}"), lower, lower + length, size)
        })
        .collect();
    Problem::new(buffers, None, alignment).unwrap()
}

fn rows(count: usize) -> impl Strategy<Value = Vec<(u64, u64, u64)>> {
    prop::collection::vec((0_u64..24, 1_u64..10, 1_u64..60), 0..count)
}

/// Enough for any problem of these tests to be planned, short enough for a few hard ones.
const BRIEF: Duration = Duration::from_millis(40);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn contiguous_plans_are_valid_and_never_below_the_bound(
        rows in rows(40), alignment in prop::sample::select(vec![1_u64, 3, 16])
    ) {
        let problem = problem(&rows, alignment);
        let packing = plan_contiguous(&problem, BRIEF).unwrap();
        validate::packing(&problem, &packing).unwrap();
        prop_assert!(naive::is_valid(&problem, &packing));
        prop_assert_eq!(packing.lower_bound, naive::peak(&problem, |size| size.div_ceil(alignment) * alignment));
        prop_assert!(packing.height >= packing.lower_bound);
    }

    #[test]
    fn block_plans_reach_the_coloring_optimum(rows in rows(60), block in 1_u64..20) {
        let problem = problem(&rows, 1);
        let packing = plan_blocks(&problem, block).unwrap();
        validate::packing(&problem, &packing).unwrap();
        prop_assert!(naive::is_valid(&problem, &packing));
        let optimum = naive::peak(&problem, |size| size.div_ceil(block)) * block;
        prop_assert_eq!((packing.height, packing.lower_bound), (optimum, optimum));
        prop_assert!(packing.proven_optimal);
    }

    #[test]
    fn the_exact_search_agrees_with_brute_force(
        rows in prop::collection::vec((0_u64..6, 1_u64..5, 1_u64..8), 0..7)
    ) {
        let problem = problem(&rows, 1);
        let packing = plan_contiguous(&problem, DEFAULT_TIME_LIMIT).unwrap();
        prop_assert!(packing.proven_optimal);
        let optimum = naive::optimum(&problem);
        prop_assert_eq!(packing.height, optimum);
        // The search alone, one below and at the optimum: a proof and a packing.
        let instance = seigo::compile::packing::instance::Instance::new(&problem);
        let deadline = Instant::now() + DEFAULT_TIME_LIMIT;
        let search = |capacity: u64| {
            seigo::compile::packing::exact::Search::new(&instance, capacity / instance.unit).run(u64::MAX, deadline)
        };
        use seigo::compile::packing::exact::Outcome;
        prop_assert!(matches!(search(optimum), Outcome::Packed(_)));
        if optimum > 0 {
            prop_assert_eq!(search(optimum - 1), Outcome::Impossible);
        }
    }

    #[test]
    fn proofs_on_dense_problems_agree_with_enumeration(
        seed in any::<u64>(), capacity in 4_u64..7, steps in 2_u64..7
    ) {
        let problem = problem(&naive::dense_rows(seed, capacity, steps), 1);
        let packing = plan_contiguous(&problem, DEFAULT_TIME_LIMIT).unwrap();
        validate::packing(&problem, &packing).unwrap();
        prop_assert!(packing.proven_optimal);
        prop_assert_eq!(packing.lower_bound, capacity);
        prop_assert!(naive::fits(&problem, packing.height, &mut Vec::new()));
        if packing.height > capacity {
            prop_assert!(!naive::fits(&problem, packing.height - 1, &mut Vec::new()));
        }
    }

    #[test]
    fn a_moved_buffer_is_rejected_whenever_it_collides(
        rows in rows(20), pick in any::<prop::sample::Index>(), to in 0_u64..200
    ) {
        prop_assume!(!rows.is_empty());
        let problem = problem(&rows, 1);
        let mut packing = plan_contiguous(&problem, BRIEF).unwrap();
        let Layout::Contiguous { offsets, .. } = &mut packing.layout else { unreachable!() };
        *pick.get_mut(offsets) = to;
        recompute(&mut packing);
        prop_assert_eq!(
            validate::packing(&problem, &packing).is_ok(),
            naive::is_valid(&problem, &packing)
        );
    }

    #[test]
    fn a_swapped_block_is_rejected_whenever_it_collides(
        rows in rows(20), pick in any::<prop::sample::Index>(), to in 0_u32..60
    ) {
        prop_assume!(!rows.is_empty());
        let problem = problem(&rows, 1);
        let mut packing = plan_blocks(&problem, 7).unwrap();
        let Layout::Blocks { blocks, .. } = &mut packing.layout else { unreachable!() };
        blocks[pick.index(rows.len())][0] = to;
        recompute(&mut packing);
        prop_assert_eq!(
            validate::packing(&problem, &packing).is_ok(),
            naive::is_valid(&problem, &packing)
        );
    }

    #[test]
    fn a_changed_lifespan_or_size_is_rejected(
        rows in rows(20), pick in any::<prop::sample::Index>(), field in 0..4
    ) {
        prop_assume!(!rows.is_empty());
        let problem = problem(&rows, 1);
        let mut packing = plan_contiguous(&problem, BRIEF).unwrap();
        let buffer = pick.get_mut(&mut packing.buffers);
        match field {
            0 => buffer.lifespan.lower += 1,
            1 => buffer.lifespan.upper += 1,
            2 => buffer.size += 1,
            _ => buffer.id.push('x'),
        }
        prop_assert!(validate::packing(&problem, &packing).is_err());
    }
}

/// Sets the height to what the mutated placements say, so that only collisions are left to find.
fn recompute(packing: &mut Packing) {
    let ranges = (0..packing.buffers.len()).flat_map(|index| packing.ranges(index));
    packing.height = ranges.map(|(_, end)| end).max().unwrap_or(0);
    packing.proven_optimal = packing.height == packing.lower_bound;
}

#[test]
fn figures_of_a_plan_are_checked() {
    let problem = problem(&[(0, 2, 8), (1, 3, 8)], 1);
    let good = plan_contiguous(&problem, DEFAULT_TIME_LIMIT).unwrap();
    validate::packing(&problem, &good).unwrap();
    let rejected = |change: &dyn Fn(&mut Packing), expected: &str| {
        let mut packing = good.clone();
        change(&mut packing);
        let error = validate::packing(&problem, &packing).unwrap_err();
        assert_eq!(error.code().id, "SG0704");
        assert!(error.message().contains(expected), "{error}");
    };
    rejected(&|packing| packing.height += 1, "the height is 16 B, not 17 B");
    rejected(&|packing| packing.lower_bound -= 1, "the lower bound is 16 B, not 15 B");
    rejected(&|packing| packing.proven_optimal = false, "not called optimal");
    rejected(&|packing| drop(packing.buffers.pop()), "is not placed");
    rejected(&|packing| packing.buffers[1] = packing.buffers[0].clone(), "\"t0\" is placed twice");
    rejected(
        &|packing| packing.layout = Layout::Contiguous { alignment: 1, offsets: vec![0] },
        "1 offsets for 2 buffers",
    );
    rejected(
        &|packing| packing.layout = Layout::Contiguous { alignment: 1, offsets: vec![0, u64::MAX] },
        "beyond 64 bits",
    );
    rejected(
        &|packing| packing.layout = Layout::Contiguous { alignment: 2, offsets: vec![0, 8] },
        "aligned to 2 B",
    );
    rejected(
        &|packing| packing.layout = Layout::Blocks { block_size: 8, blocks: vec![vec![0], vec![]] },
        "\"t1\" of 8 B has 0 blocks",
    );
    let tight = Problem::new(problem.buffers().to_vec(), Some(15), 1).unwrap();
    assert!(
        validate::packing(&tight, &good).unwrap_err().message().contains("exceeds the capacity")
    );
}

#[test]
fn the_same_problem_gives_the_same_plan() {
    let text = naive::random_rows(120, 0xC0FFEE);
    let problem = problem(&text, 1);
    let first = plan_contiguous(&problem, DEFAULT_TIME_LIMIT).unwrap();
    for _ in 0..2 {
        assert_eq!(plan_contiguous(&problem, DEFAULT_TIME_LIMIT).unwrap(), first);
    }
}

#[test]
fn a_height_above_the_bound_is_proven_minimal() {
    let rows = naive::gap_rows();
    let free = problem(&rows, 1);
    let best = plan_contiguous(&free, DEFAULT_TIME_LIMIT).unwrap();
    assert!(best.height > best.lower_bound, "{} {}", best.height, best.lower_bound);
    assert!(best.proven_optimal);
    assert_eq!(best.height, naive::optimum(&free));
    let tight = Problem::new(free.buffers().to_vec(), Some(best.lower_bound), 1).unwrap();
    let error = plan_contiguous(&tight, DEFAULT_TIME_LIMIT).unwrap_err();
    assert_eq!(error.code().id, "SG0702");
    assert!(error.message().contains("no contiguous packing"), "{error}");
    // Blocks that need not be adjacent do fit.
    plan_blocks(&tight, 1).unwrap();
}

#[test]
fn plans_survive_json() {
    let problem = problem(&[(0, 2, 9), (1, 3, 8), (0, 9, 40)], 4);
    for packing in
        [plan_contiguous(&problem, DEFAULT_TIME_LIMIT).unwrap(), plan_blocks(&problem, 16).unwrap()]
    {
        let text = packing.to_json().unwrap();
        assert_eq!(Packing::from_json(&text).unwrap(), packing);
        for broken in [
            text.replace("\"version\": 1", "\"version\": 2"),
            text.replace("\"height\"", "\"hight\""),
            text[..text.len() / 2].to_owned(),
        ] {
            assert_eq!(Packing::from_json(&broken).unwrap_err().code().id, "SG0704");
        }
    }
}

#[test]
fn five_thousand_buffers_are_packed() {
    let problem = problem(&naive::chain_rows(5_000), 1);
    let packing = plan_contiguous(&problem, Duration::from_secs(30)).unwrap();
    validate::packing(&problem, &packing).unwrap();
    assert_eq!(packing.height, packing.lower_bound, "{:?}", packing.how);
    assert!(!matches!(packing.how, How::Given));
}
