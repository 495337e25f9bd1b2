//! Independent check of addresses, owner masks and waits.

use std::collections::BTreeSet;

use super::wrong;
use crate::base::error::Result;
use crate::compile::boards::Target;
use crate::compile::capabilities::{BLOCKS, WORD};
use crate::compile::packing;
use crate::compile::schedule::{
    CHANNELS, Client, Owners, Placed, Schedule, Source, Stored, StoredId, Transfer, View, Work,
};
use crate::model::qgraph::{QValueId, Width};

/// Checks addresses, owner masks and waits against a schedule.
///
/// # Errors
/// [`crate::base::error::codes::PLAN_INVALID`] naming the tensor or pass and the rule that it breaks:
///
/// 1. the packing has the size of every tensor, keeps memory's own rules and lies within the memory;
/// 2. no pass writes where something lies that a later pass still reads, or that a transfer may
///    still read or write; waits clear the transfers;
/// 3. no pass reads what a transfer may still write, and the processor waits for what has left;
/// 4. different values do not share bytes of a buffer in DDR;
/// 5. owner masks are exactly the blocks of the planes that a pass touches, and of transfers that
///    may go on;
/// 6. no block has two writers in a pass, and none is written while it is read, but for a residual
///    under the result that it is added to.
pub fn placed(schedule: &Schedule, target: &Target, placed: &Placed) -> Result<()> {
    packing::validate::packing(&placed.problem, &placed.packing)?;
    let count = schedule.stored.len();
    let packed = placed.packing.buffers.len();
    if placed.bases.len() != count || packed != count {
        return Err(wrong(format!("{packed} places for {count} tensors")));
    }
    if placed.owners.len() != schedule.passes.len() {
        return Err(wrong(format!("owner masks of {} passes", placed.owners.len())));
    }
    let words = target.memory_bytes as usize / WORD;
    if target.blocks() > BLOCKS as u64 {
        return Err(wrong(format!("{} blocks; the masks have {BLOCKS} bits", target.blocks())));
    }
    let mut areas = Vec::with_capacity(count);
    for (index, stored) in schedule.stored.iter().enumerate() {
        if placed.bases[index] > words {
            return Err(wrong(format!("tensor {index} lies behind the memory")));
        }
        let area = Area::new(stored, placed.bases[index], target.pixels as usize);
        let bytes = (area.end() - area.base) as u64 * WORD as u64;
        let ranges = placed.packing.ranges(index);
        let at = ranges.first().map(|range| range.0);
        let fits = placed.packing.buffers[index].size == bytes
            && at == Some(area.base as u64 * WORD as u64)
            && ranges.len() == 1
            && area.base.is_multiple_of(target.pixels as usize)
            && area.end() as u64 * WORD as u64 <= target.memory_bytes;
        if !fits {
            return Err(wrong(format!("tensor {index} does not lie where it fits")));
        }
        areas.push(area);
    }
    let check = Addresses { schedule, areas, block: target.block_bytes as usize / WORD };
    check.contents()?;
    check.buffers()?;
    check.owners(&placed.owners)
}

/// Where a tensor lies, in words.
#[derive(Clone, Copy)]
struct Area {
    base: usize,
    stride: usize,
    planes: usize,
}

impl Area {
    fn new(stored: &Stored, base: usize, pixels: usize) -> Self {
        let words = match stored.format {
            Width::I8 => 1,
            Width::I16 => 2,
            Width::I32 => 4,
        };
        let plane = stored.height * stored.width * words;
        let stride = plane.div_ceil(pixels) * pixels;
        Self { base, stride, planes: stored.slots.len() / CHANNELS }
    }

    fn end(&self) -> usize {
        self.base + self.stride * self.planes
    }

    fn meets(&self, other: &Self) -> bool {
        self.base.max(other.base) < self.end().min(other.end())
    }
}

struct Addresses<'a> {
    schedule: &'a Schedule,
    areas: Vec<Area>,
    block: usize,
}

/// Planes of a tensor that a pass reads or writes.
struct Use {
    client: Client,
    stored: usize,
    planes: Vec<usize>,
}

impl Addresses<'_> {
    fn uses(&self, work: &Work) -> Vec<Use> {
        let mut uses: Vec<Use> = Vec::new();
        let mut view = |client, view: &View| {
            let each = view.planes.iter().map(|plane| (plane.stored.0, plane.plane));
            uses.extend(each.map(|(stored, plane)| Use { client, stored, planes: vec![plane] }));
        };
        let mut whole: Vec<(Client, StoredId)> = Vec::new();
        match work {
            Work::Dense(dense) => {
                if let Source::Memory(views) = &dense.source {
                    views.iter().for_each(|own| view(Client::ReadStream, own));
                }
                dense.residual.iter().for_each(|own| view(Client::ReadResidual, own));
                whole.extend(dense.store.map(|id| (Client::WriteConv, id)));
                whole.extend(dense.filters.iter().map(|own| (Client::WritePlane, own.result)));
            }
            Work::Plane(plane) => {
                view(Client::ReadStream, &plane.source);
                whole.extend(plane.filters.iter().map(|own| (Client::WritePlane, own.result)));
            }
            Work::Transfer(Transfer { stored, to_memory: true, .. }) => {
                whole.push((Client::WriteDma, *stored));
            }
            Work::Transfer(Transfer { stored, .. }) => whole.push((Client::ReadDma, *stored)),
            Work::Processor { .. } => {}
        }
        uses.extend(whole.into_iter().map(|(client, id)| Use {
            client,
            stored: id.0,
            planes: (0..self.areas[id.0].planes).collect(),
        }));
        uses
    }

    /// Rules 2 and 3.
    fn contents(&self) -> Result<()> {
        let all: Vec<Vec<Use>> =
            self.schedule.passes.iter().map(|pass| self.uses(&pass.work)).collect();
        let mut last = vec![0; self.areas.len()];
        for (pass, uses) in all.iter().enumerate() {
            uses.iter().for_each(|own| last[own.stored] = pass);
        }
        let mut written: Vec<usize> = Vec::new();
        let mut going: Vec<(usize, bool)> = Vec::new();
        for (index, (pass, uses)) in self.schedule.passes.iter().zip(&all).enumerate() {
            if pass.waits {
                going.clear();
            }
            if matches!(pass.work, Work::Processor { .. }) && !going.is_empty() {
                return Err(wrong(format!(
                    "pass {index} does not wait for what the processor reads"
                )));
            }
            for own in uses {
                let area = &self.areas[own.stored];
                let writes = own.client.writes();
                let busy = going.iter().find(|(other, to_memory)| {
                    (writes || *to_memory) && area.meets(&self.areas[*other])
                });
                if let Some((other, _)) = busy {
                    return Err(wrong(format!("pass {index} does not wait for tensor {other}")));
                }
                let lost = written.iter().find(|&&other| {
                    writes
                        && other != own.stored
                        && last[other] >= index
                        && area.meets(&self.areas[other])
                });
                if let Some(other) = lost {
                    return Err(wrong(format!(
                        "pass {index} writes tensor {} over tensor {other}, which is read later",
                        own.stored
                    )));
                }
                if writes {
                    written.push(own.stored);
                }
            }
            written.retain(|&tensor| last[tensor] > index);
            if let Work::Transfer(transfer) = &pass.work {
                going.push((transfer.stored.0, transfer.to_memory));
            }
        }
        Ok(())
    }

    /// Rule 4.
    fn buffers(&self) -> Result<()> {
        let mut ranges: Vec<(u8, u64, u64, QValueId)> = Vec::new();
        for pass in &self.schedule.passes {
            let Work::Transfer(transfer) = &pass.work else { continue };
            let area = &self.areas[transfer.stored.0];
            let bytes = ((area.end() - area.base) * WORD) as u64;
            let end = transfer.offset.checked_add(bytes);
            let end = end.filter(|_| transfer.offset.is_multiple_of(WORD as u64));
            let end = end.ok_or_else(|| wrong(format!("offset {} in DDR", transfer.offset)))?;
            let value = self.schedule.stored[transfer.stored.0].value;
            ranges.push((transfer.buffer as u8, transfer.offset, end, value));
        }
        ranges.sort_unstable();
        ranges.dedup();
        match ranges.windows(2).find(|pair| pair[0].0 == pair[1].0 && pair[1].1 < pair[0].2) {
            None => Ok(()),
            Some(pair) => Err(wrong(format!("two values share byte {} of a buffer", pair[1].1))),
        }
    }

    /// Rule 5.
    fn owners(&self, owners: &[Owners]) -> Result<()> {
        let mut jobs: BTreeSet<(Client, usize)> = BTreeSet::new();
        for (index, (pass, given)) in self.schedule.passes.iter().zip(owners).enumerate() {
            if pass.waits {
                jobs.clear();
            }
            let mut needed = jobs.clone();
            for own in self.uses(&pass.work) {
                let area = &self.areas[own.stored];
                for plane in own.planes {
                    let first = area.base + plane * area.stride;
                    let blocks = first / self.block..=(first + area.stride - 1) / self.block;
                    needed.extend(blocks.map(|block| (own.client, block)));
                }
            }
            if let Work::Transfer(_) = pass.work {
                jobs.clone_from(&needed);
            }
            for client in Client::ALL {
                let own = needed.iter().filter(|(other, _)| *other == client);
                let mask = own.fold(0u128, |mask, (_, block)| mask | 1 << block);
                if mask != given.mask(client) {
                    return Err(wrong(format!(
                        "pass {index}: {client:?} owns {:x}, it touches {mask:x}",
                        given.mask(client)
                    )));
                }
            }
            if let Some(block) = shared(&needed) {
                return Err(wrong(format!("pass {index} has no single owner of block {block}")));
            }
        }
        Ok(())
    }
}

/// Rule 6: a block that two clients of a pass may not share.
fn shared(needed: &BTreeSet<(Client, usize)>) -> Option<usize> {
    let written = needed.iter().filter(|(client, _)| client.writes());
    written.copied().find_map(|(writer, block)| {
        let mut others = Client::ALL.into_iter().filter(|other| *other != writer);
        let beside = others.any(|other| {
            let in_place = (other, writer) == (Client::ReadResidual, Client::WriteConv);
            !in_place && needed.contains(&(other, block))
        });
        beside.then_some(block)
    })
}
