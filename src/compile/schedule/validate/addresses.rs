//! Independent check of addresses, owner masks and waits.

use std::collections::BTreeSet;

use super::rows::{self, Span};
use super::wrong;
use crate::base::error::Result;
use crate::compile::boards::Target;
use crate::compile::capabilities::{BLOCKS, WORD};
use crate::compile::packing;
use crate::compile::schedule::{
    CHANNELS, Client, Dense, Owners, Phase, Placed, Schedule, Source, Stored, StoredId, Transfer,
    View, Work,
};
use crate::model::qgraph::{QGraph, QValueId, Width};

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
///    under the result that it is added to;
/// 7. who touches tensors by parity, and that these lie in pairs of rows of the banks.
pub fn placed(graph: &QGraph, schedule: &Schedule, target: &Target, placed: &Placed) -> Result<()> {
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
    let pixels = target.pixels as usize;
    let block = target.block_bytes as usize / WORD;
    let check = Addresses { graph, schedule, areas, block, pixels };
    check.contents()?;
    check.buffers()?;
    super::parity::parity(graph, schedule, &placed.bases, pixels)?;
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
    graph: &'a QGraph,
    schedule: &'a Schedule,
    areas: Vec<Area>,
    block: usize,
    pixels: usize,
}

/// Planes of a tensor that a pass reads or writes.
struct Use {
    client: Client,
    stored: usize,
    planes: Vec<usize>,
    /// Rows of the value.
    rows: Span,
    /// Of these rows, the pixels before the first one that is touched, and those behind the last one.
    beside: (usize, usize),
}

impl Addresses<'_> {
    fn uses(&self, work: &Work) -> Result<Vec<Use>> {
        let mut uses: Vec<Use> = Vec::new();
        let rows = rows::touched(self.graph, work)?;
        let [result, middle, input] = rows.map_or([(0, 0); 3], |rows| rows.spans);
        let mut view = |client, view: &View| {
            let (first, end) = match (client, work) {
                (Client::ReadStream, _) => input,
                (_, Work::Plane(_)) => (0, 1),
                _ => middle,
            };
            for plane in &view.planes {
                let half = if plane.upsampled { 2 } else { 1 };
                let rows = (first / half, end.div_ceil(half));
                let (stored, planes) = (plane.stored.0, vec![plane.plane]);
                uses.push(Use { client, stored, planes, rows, beside: (0, 0) });
            }
        };
        let moved = |transfer: &Transfer| {
            let stored = &self.schedule.stored[transfer.stored.0];
            let held = (stored.first, stored.first + stored.height);
            transfer.rows.map_or(held, |rows| (rows.first, rows.first + rows.count))
        };
        let mut whole: Vec<(Client, StoredId, Span)> = Vec::new();
        match work {
            Work::Dense(dense) => {
                if let Source::Memory(views) = &dense.source {
                    views.iter().for_each(|own| view(Client::ReadStream, own));
                }
                dense.residual.iter().for_each(|own| view(Client::ReadResidual, own));
                let written = |id: StoredId| match dense.phase {
                    None => middle,
                    Some(_) => (0, self.schedule.stored[id.0].height),
                };
                whole.extend(dense.store.map(|id| (Client::WriteConv, id, written(id))));
                let filters = dense.filters.iter();
                whole.extend(filters.map(|own| (Client::WritePlane, own.result, result)));
            }
            Work::Plane(plane) => {
                view(Client::ReadStream, &plane.source);
                plane.factor.iter().for_each(|own| view(Client::ReadResidual, own));
                let filters = plane.filters.iter();
                whole.extend(filters.map(|own| (Client::WritePlane, own.result, result)));
            }
            Work::Transfer(transfer) => {
                let client = if transfer.to_memory { Client::WriteDma } else { Client::ReadDma };
                whole.push((client, transfer.stored, moved(transfer)));
            }
            Work::Processor { .. } => {}
        }
        uses.extend(whole.into_iter().map(|(client, id, rows)| Use {
            client,
            stored: id.0,
            planes: (0..self.areas[id.0].planes).collect(),
            rows,
            beside: match (client, work) {
                (Client::WriteConv, Work::Dense(Dense { phase: Some(phase), .. })) => {
                    let Phase { block, row, column } = *phase;
                    let width = self.schedule.stored[id.0].width;
                    // So many pixels of the last block lie behind the phase's own one.
                    let behind = (block - 1 - row) * width + block - 1 - column;
                    (row * width + column, behind)
                }
                _ => (0, 0),
            },
        }));
        let inside = |own: &Use| {
            let stored = &self.schedule.stored[own.stored];
            stored.first <= own.rows.0 && own.rows.1 <= stored.first + stored.height
        };
        match uses.iter().find(|own| !inside(own)) {
            None => Ok(uses),
            Some(own) => Err(wrong(format!("tensor {} has no rows {:?}", own.stored, own.rows))),
        }
    }

    /// The words of the rows of a plane, as rows of all banks.
    fn words(&self, own: &Use, plane: usize) -> (usize, usize) {
        let stored = &self.schedule.stored[own.stored];
        let area = &self.areas[own.stored];
        let pixel = stored.format.bits() as usize / 8;
        let row = stored.width * pixel;
        let first = area.base + plane * area.stride + (own.rows.0 - stored.first) * row;
        let end = first + (own.rows.1 - own.rows.0) * row - own.beside.1 * pixel;
        let first = first + own.beside.0 * pixel;
        (first / self.pixels * self.pixels, end.next_multiple_of(self.pixels))
    }

    /// Rules 2 and 3.
    fn contents(&self) -> Result<()> {
        let passes = self.schedule.passes.iter();
        let all: Vec<Vec<Use>> = passes.map(|pass| self.uses(&pass.work)).collect::<Result<_>>()?;
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
            // In DDR all rows have their place.
            let stored = &self.schedule.stored[transfer.stored.0];
            let height = rows::height(self.graph, stored.value);
            let whole = Stored { first: 0, height, ..stored.clone() };
            let bytes = (Area::new(&whole, 0, self.pixels).end() * WORD) as u64;
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
            for own in self.uses(&pass.work)? {
                for &plane in &own.planes {
                    let (first, end) = self.words(&own, plane);
                    let blocks = first / self.block..=(end - 1) / self.block;
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
