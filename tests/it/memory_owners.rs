//! Owner tables against an independent count of who needs what, and mutations.

use std::collections::BTreeSet;

use proptest::prelude::*;
use seigo::compile::packing::{
    Access, AccessKind, Buffer, DEFAULT_TIME_LIMIT, Layout, OwnerTable, Ownership, Packing,
    Problem, plan_blocks, plan_contiguous, validate,
};

const BLOCK: u64 = 8;

/// A chain with skips: layer `n` reads buffers `n - 1` and `n - 1 - skip[n]` and writes buffer `n`.
fn network(layers: &[(usize, u64)]) -> (Problem, Vec<Access>) {
    let mut last_read: Vec<u64> = (0..layers.len() as u64).collect();
    let mut accesses = Vec::new();
    for (layer, &(skip, _)) in layers.iter().enumerate() {
        let step = layer as u64;
        let write = Access { step, buffer: layer, kind: AccessKind::Write, client: 1 };
        accesses.push(write);
        for (client, back) in [(0, 1), (2, 1 + skip)] {
            if back <= layer && (client == 0 || skip > 0) {
                let buffer = layer - back;
                last_read[buffer] = step;
                accesses.push(Access { step, buffer, kind: AccessKind::Read, client });
            }
        }
    }
    let buffer = |(layer, &(_, size)): (usize, &(usize, u64))| {
        Buffer::new(format!("layer{layer}"), layer as u64, last_read[layer] + 1, size)
    };
    let buffers = layers.iter().enumerate().map(buffer).collect();
    (Problem::new(buffers, None, BLOCK).unwrap(), accesses)
}

fn layers() -> impl Strategy<Value = Vec<(usize, u64)>> {
    prop::collection::vec((0_usize..4, 1_u64..60), 1..16)
}

fn plans(problem: &Problem) -> [Packing; 2] {
    [plan_contiguous(problem, DEFAULT_TIME_LIMIT).unwrap(), plan_blocks(problem, BLOCK).unwrap()]
}

/// Whether `client` needs the right to `block` in `step`: every byte of every access is looked at.
fn needs(packing: &Packing, accesses: &[Access], at: (u64, u32), right: (u8, AccessKind)) -> bool {
    accesses.iter().any(|access| {
        access.step == at.0
            && (access.client, access.kind) == right
            && bytes(packing, access.buffer).any(|byte| byte / BLOCK == u64::from(at.1))
    })
}

fn bytes(packing: &Packing, buffer: usize) -> Box<dyn Iterator<Item = u64> + '_> {
    let size = packing.buffers[buffer].size.div_ceil(BLOCK) * BLOCK;
    match &packing.layout {
        Layout::Contiguous { offsets, .. } => Box::new(offsets[buffer]..offsets[buffer] + size),
        Layout::Blocks { blocks, .. } => Box::new(
            blocks[buffer]
                .iter()
                .flat_map(|&block| u64::from(block) * BLOCK..(u64::from(block) + 1) * BLOCK),
        ),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn tables_give_exactly_what_is_needed(layers in layers()) {
        let (problem, accesses) = network(&layers);
        for packing in plans(&problem) {
            let table = OwnerTable::new(&packing, &accesses, BLOCK).unwrap();
            validate::owners(&packing, &accesses, &table).unwrap();
            for step in 0..layers.len() as u64 {
                for block in 0..(packing.height / BLOCK + 1) as u32 {
                    let own = table.get(step, block);
                    for client in 0..4 {
                        let may_read = own.is_some_and(|own| own.readers.contains(&client));
                        let may_write = own.is_some_and(|own| own.writer == Some(client));
                        let at = (step, block);
                        prop_assert_eq!(may_read, needs(&packing, &accesses, at, (client, AccessKind::Read)));
                        prop_assert_eq!(may_write, needs(&packing, &accesses, at, (client, AccessKind::Write)));
                    }
                }
            }
        }
    }

    #[test]
    fn one_wrong_owner_bit_is_rejected(
        layers in layers(), step in any::<prop::sample::Index>(), block in 0_u32..40, client in 0_u8..4,
        write in any::<bool>()
    ) {
        let (problem, accesses) = network(&layers);
        for packing in plans(&problem) {
            let mut table = OwnerTable::new(&packing, &accesses, BLOCK).unwrap();
            flip(&mut table, step.index(layers.len()) as u64, block, client, write);
            prop_assert!(validate::owners(&packing, &accesses, &table).is_err());
        }
    }

    #[test]
    fn reads_before_writes_and_outside_the_lifespan_are_rejected(
        layers in layers(), pick in any::<prop::sample::Index>(), step in 0_u64..20
    ) {
        let (problem, mut accesses) = network(&layers);
        let packing = plan_blocks(&problem, BLOCK).unwrap();
        let access = pick.get_mut(&mut accesses);
        prop_assume!(access.step != step);
        access.step = step;
        let alive = |access: &Access| problem.buffers()[access.buffer].lifespan.contains(access.step);
        let written = |read: &Access| accesses.iter().any(|write| {
            write.kind == AccessKind::Write && write.buffer == read.buffer && write.step < read.step
        });
        let right = accesses.iter().all(|access| {
            alive(access) && (access.kind == AccessKind::Write || written(access))
        });
        let table = OwnerTable::new(&packing, &accesses, BLOCK);
        let accepted = table.is_ok_and(|table| validate::owners(&packing, &accesses, &table).is_ok());
        // Two writers of a block can also meet; then the table itself is refused.
        prop_assert!(right || !accepted);
    }
}

/// Gives the right where it is missing, takes it where it is there.
fn flip(table: &mut OwnerTable, step: u64, block: u32, client: u8, write: bool) {
    let blocks = table.steps.entry(step).or_default();
    let index = blocks.binary_search_by_key(&block, |own| own.block).unwrap_or_else(|index| {
        blocks.insert(index, Ownership { block, readers: BTreeSet::new(), writer: None });
        index
    });
    let own = &mut blocks[index];
    if write {
        own.writer = if own.writer == Some(client) { None } else { Some(client) };
    } else if !own.readers.remove(&client) {
        own.readers.insert(client);
    }
}

#[test]
fn shared_blocks_are_refused_where_they_conflict() {
    let buffers = vec![Buffer::new("a", 0, 2, 12), Buffer::new("b", 1, 3, 12)];
    let problem = Problem::new(buffers, None, 1).unwrap();
    let packing = plan_contiguous(&problem, DEFAULT_TIME_LIMIT).unwrap();
    let access = |step, buffer, kind, client| Access { step, buffer, kind, client };
    let accesses = [
        access(0, 0, AccessKind::Write, 0),
        access(1, 0, AccessKind::Read, 1),
        access(1, 1, AccessKind::Write, 0),
    ];
    let error = OwnerTable::new(&packing, &accesses, 16).unwrap_err();
    assert_eq!(error.code().id, "SG0704");
    assert!(error.message().contains("block 0 in step 1: \"b\" is written while \"a\" is read"));
    let table = OwnerTable { block_size: 16, steps: Default::default() };
    assert!(validate::owners(&packing, &accesses, &table).is_err());
    // Aligned to blocks there is no conflict.
    let aligned = Problem::new(problem.buffers().to_vec(), None, 16).unwrap();
    let packing = plan_contiguous(&aligned, DEFAULT_TIME_LIMIT).unwrap();
    let table = OwnerTable::new(&packing, &accesses, 16).unwrap();
    validate::owners(&packing, &accesses, &table).unwrap();
    assert_eq!(table.block_count(), 2);
}

#[test]
fn two_writers_and_nonsense_are_refused() {
    let problem = Problem::new(vec![Buffer::new("a", 0, 2, 12)], None, 1).unwrap();
    let packing = plan_contiguous(&problem, DEFAULT_TIME_LIMIT).unwrap();
    let write = |client| Access { step: 0, buffer: 0, kind: AccessKind::Write, client };
    let error = OwnerTable::new(&packing, &[write(0), write(1)], 4).unwrap_err();
    assert!(error.message().contains("clients 0 and 1 both write it"), "{error}");
    let outside = Access { buffer: 7, ..write(0) };
    assert_eq!(OwnerTable::new(&packing, &[outside], 4).unwrap_err().code().id, "SG0701");
    assert_eq!(OwnerTable::new(&packing, &[write(0)], 0).unwrap_err().code().id, "SG0701");
}

#[test]
fn tables_survive_json() {
    let (problem, accesses) = network(&[(0, 9), (0, 30), (1, 5), (2, 11)]);
    let packing = plan_blocks(&problem, BLOCK).unwrap();
    let table = OwnerTable::new(&packing, &accesses, BLOCK).unwrap();
    let text = serde_json::to_string(&table).unwrap();
    assert_eq!(serde_json::from_str::<OwnerTable>(&text).unwrap(), table);
}
