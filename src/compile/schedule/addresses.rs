//! Where the stored tensors lie, who may touch which block in a pass, and which passes wait for
//! transfers.

use std::ops::Range;
use std::time::Duration;

use super::access::{Client, touched};
use super::{
    Buffer, CHANNELS, Dense, Phase, PlaneRef, Rows, Schedule, Source, StoredId, Transfer, Work,
    ports, queue, rows, sizes,
};
use crate::base::error::{Error, Result, codes};
use crate::compile::boards::Target;
use crate::compile::capabilities::BLOCKS;
use crate::compile::packing::{self, Limit, Packing, Problem};
use crate::model::qgraph::QGraph;

/// Safety net for huge networks: normally the node limit ends the search, on every machine alike.
pub(super) const NET: Duration = Duration::from_secs(20);
/// Longest search for a packing that fits.
pub(super) const SEARCH: Limit = Limit { time: NET, nodes: 1_000_000 };
/// Longest search for a lower packing than one that fits.
const POLISH: Limit = Limit { time: NET, nodes: 100_000 };

/// The blocks that each client may touch in a pass, a bit each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Owners(pub [u128; 6]);

impl Owners {
    /// The blocks of a client.
    pub fn mask(&self, client: Client) -> u128 {
        self.0[client as usize]
    }

    /// Blocks with two writers, or with a reader beside a writer; only the residual may be read where
    /// the array's result is written, since it is read first.
    fn disputed(&self) -> u128 {
        let [stream, residual, dma, conv, plane, inward] = self.0;
        let writers = (conv & plane) | (conv & inward) | (plane & inward);
        writers | (stream | dma) & (conv | plane | inward) | residual & (plane | inward)
    }

    fn allow(&mut self, client: Client, words: &Range<u64>, block_words: u64) {
        for block in words.start / block_words..words.end.div_ceil(block_words) {
            self.0[client as usize] |= 1 << block;
        }
    }
}

/// A schedule's tensors in shared memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// Word address of every stored tensor.
    pub bases: Vec<usize>,
    /// Per pass.
    pub owners: Vec<Owners>,
    /// The lifetimes that were packed: a step is a pass.
    pub problem: Problem,
    /// How they were packed; buffer i is stored tensor i.
    pub packing: Packing,
}

/// Of which transfers the tensors stay until these are over.
enum Hidden {
    All,
    /// As many as fit.
    Some,
    None,
}

/// Gives every stored tensor its address and every pass its owner masks, and marks the passes that
/// must wait for transfers.
///
/// Tensors begin at whole blocks, so that a block has one owner; where that does not fit, at
/// multiples of P words, but so that no pass reads a block that it writes. Tensors that leave stay long enough to hide their
/// transfer, all of them or some, where that fits. Among packings of the same height the one with the fewest clients at the same port counts.
///
/// # Errors
/// [`codes::PLAN_CAPACITY`] with the tensors that do not fit, [`codes::PLAN_TIMEOUT`],
/// [`codes::PLAN_PROBLEM`] for a memory of more blocks than the masks have bits.
pub fn place(graph: &QGraph, schedule: &mut Schedule, target: &Target) -> Result<Placed> {
    place_within(graph, schedule, target, SEARCH)
}

/// The same with another limit to the search for a packing that fits.
pub(super) fn place_within(
    graph: &QGraph,
    schedule: &mut Schedule,
    target: &Target,
    search: Limit,
) -> Result<Placed> {
    if target.blocks() > BLOCKS as u64 {
        return Err(Error::new(
            &codes::PLAN_PROBLEM,
            format!("{} blocks of shared memory; owner masks have {BLOCKS} bits", target.blocks()),
        )
        .help("give the target larger blocks"));
    }
    // What lies by parity takes pairs of rows of the banks.
    let pair = if schedule.stored.iter().any(|stored| stored.by_parity) { 2 } else { 1 };
    let narrow = pair * target.pixels * sizes::WORD;
    let attempts = [
        (target.block_bytes, Hidden::All),
        (narrow, Hidden::All),
        (target.block_bytes, Hidden::Some),
        (target.block_bytes, Hidden::None),
        (narrow, Hidden::None),
    ];
    let mut failure = None;
    for (alignment, hidden) in attempts {
        let hidden = match hidden {
            Hidden::All => vec![true; schedule.passes.len()],
            Hidden::Some => hideable(graph, schedule, target),
            Hidden::None => vec![false; schedule.passes.len()],
        };
        let buffers = lifetimes(graph, schedule, target, &hidden);
        match pack(buffers, (target.memory_bytes, search), alignment) {
            Ok((problem, packing)) => match undisputed(graph, schedule, target, &problem, packing)?
            {
                Ok(packing) => return finish(graph, schedule, target, problem, packing),
                Err(pass) => failure = Some(disputed(target, pass)),
            },
            Err(error) => failure = Some(error),
        }
    }
    Err(failure.unwrap_or_else(|| Error::new(&codes::INTERNAL, "no attempt at packing")))
}

/// The best packing in which every block has one owner in every pass, or the pass where `packing`
/// has none.
fn undisputed(
    graph: &QGraph,
    schedule: &mut Schedule,
    target: &Target,
    problem: &Problem,
    packing: Packing,
) -> Result<std::result::Result<Packing, usize>> {
    let mut sound = None;
    let first = dispute(graph, schedule, target, &packing)?;
    if first.is_none() {
        sound = Some(packing);
    } else {
        for other in packing::alternatives(problem, target.memory_bytes) {
            if dispute(graph, schedule, target, &other)?.is_none() {
                sound = Some(other);
                break;
            }
        }
    }
    let Some(packing) = sound else { return Ok(Err(first.unwrap_or(0))) };
    let better = ports::choose(schedule, target, problem, packing.clone());
    let found = dispute(graph, schedule, target, &better)?;
    Ok(Ok(if found.is_none() { better } else { packing }))
}

/// The first pass with [`Owners::disputed`] blocks.
fn dispute(
    graph: &QGraph,
    schedule: &mut Schedule,
    target: &Target,
    packing: &Packing,
) -> Result<Option<usize>> {
    let bases = sizes::bases(schedule, packing);
    set_waits(schedule, target, &bases);
    let owners = owners(graph, schedule, target, &bases)?;
    Ok(owners.iter().position(|own| own.disputed() != 0))
}

fn disputed(target: &Target, pass: usize) -> Error {
    Error::new(
        &codes::PLAN_CAPACITY,
        format!(
            "the tensors fit {} B of shared memory, but then pass {pass} reads a block of {} B that it \
             writes",
            target.memory_bytes, target.block_bytes
        ),
    )
    .help("give the target more memory or smaller blocks")
}

/// As low as possible, or at least within the capacity.
fn pack(
    buffers: Vec<packing::Buffer>,
    (capacity, search): (u64, Limit),
    alignment: u64,
) -> Result<(Problem, Packing)> {
    let bounded = Problem::new(buffers.clone(), Some(capacity), alignment)?;
    let bound = packing::bound::live_bytes(&bounded);
    packing::bound::check_capacity(&bounded, &bound)?;
    let problem = Problem::new(buffers, None, alignment)?;
    let polish = Limit { nodes: POLISH.nodes.min(search.nodes), ..POLISH };
    let packing = packing::plan_within(&problem, polish)?;
    if packing.height <= capacity {
        return Ok((problem, packing));
    }
    let packing = packing::plan_within(&bounded, search)?;
    Ok((bounded, packing))
}

/// Buffer i is stored tensor i, alive from the pass that writes it to the last one that reads it; what a pass of
/// `hidden` transfers stays until the transfer is over by the estimate.
pub fn lifetimes(
    graph: &QGraph,
    schedule: &Schedule,
    target: &Target,
    hidden: &[bool],
) -> Vec<packing::Buffer> {
    let mut spans = vec![None; schedule.stored.len()];
    let mut touch = |id: StoredId, from: usize, to: usize| {
        let (lower, upper): &mut (usize, usize) = spans[id.0].get_or_insert((from, to));
        (*lower, *upper) = ((*lower).min(from), (*upper).max(to));
    };
    let ends = queue::ends(graph, schedule, target.pixels);
    for (index, pass) in schedule.passes.iter().enumerate() {
        for (_, id) in touched(&pass.work) {
            touch(id, index, index + 1);
        }
        if let (Work::Transfer(transfer), true) = (&pass.work, hidden[index]) {
            touch(transfer.stored, index, ends[index].max(index + 1));
        }
    }
    schedule
        .stored
        .iter()
        .zip(spans)
        .enumerate()
        .map(|(index, (stored, span))| {
            let (lower, upper) = span.unwrap_or((0, 1));
            let name = format!("{index} {}", graph.value(stored.value).name);
            let bytes = sizes::words(stored, target.pixels) * sizes::WORD;
            packing::Buffer::new(name, lower as u64, upper as u64, bytes)
        })
        .collect()
}

/// By pass: a transfer whose tensor may stay until it is over, in order as long as what lives at once fits the memory.
fn hideable(graph: &QGraph, schedule: &Schedule, target: &Target) -> Vec<bool> {
    let mut hidden = vec![false; schedule.passes.len()];
    for index in
        (0..hidden.len()).filter(|&index| matches!(schedule.passes[index].work, Work::Transfer(_)))
    {
        hidden[index] = true;
        let buffers = lifetimes(graph, schedule, target, &hidden);
        let problem = Problem::new(buffers, None, target.block_bytes);
        let live = problem.map(|problem| packing::bound::live_bytes(&problem).bytes);
        hidden[index] = live.is_ok_and(|live| live <= target.memory_bytes);
    }
    hidden
}

fn finish(
    graph: &QGraph,
    schedule: &mut Schedule,
    target: &Target,
    problem: Problem,
    packing: Packing,
) -> Result<Placed> {
    let bases = sizes::bases(schedule, &packing);
    set_waits(schedule, target, &bases);
    let owners = owners(graph, schedule, target, &bases)?;
    Ok(Placed { bases, owners, problem, packing })
}

/// The words of a stored tensor.
fn words(schedule: &Schedule, bases: &[usize], id: StoredId, pixels: u64) -> Range<u64> {
    let base = bases[id.0] as u64;
    base..base + sizes::words(&schedule.stored[id.0], pixels)
}

/// A pass waits when it touches what a transfer may still write, writes what one may still read, loads
/// what one may still send to DDR, or is work of the processor, which reads what has left.
fn set_waits(schedule: &mut Schedule, target: &Target, bases: &[usize]) {
    let mut going: Vec<(bool, Range<u64>)> = Vec::new();
    let mut sent: Vec<(Buffer, u64)> = Vec::new();
    for index in 0..schedule.passes.len() {
        let work = &schedule.passes[index].work;
        let collides = |(client, id): &(Client, StoredId)| {
            let own = words(schedule, bases, *id, target.pixels);
            going.iter().any(|(to_memory, words)| {
                (*to_memory || client.writes()) && own.start < words.end && words.start < own.end
            })
        };
        let processor = matches!(work, Work::Processor { .. });
        let home = |transfer: &Transfer| (transfer.buffer, transfer.offset);
        let returns =
            matches!(work, Work::Transfer(own) if own.to_memory && sent.contains(&home(own)));
        let waits =
            !going.is_empty() && (processor || returns || touched(work).iter().any(collides));
        if waits {
            going.clear();
            sent.clear();
        }
        if let Work::Transfer(transfer) = work {
            let own = words(schedule, bases, transfer.stored, target.pixels);
            going.push((transfer.to_memory, own));
            if !transfer.to_memory {
                sent.push(home(transfer));
            }
        }
        schedule.passes[index].waits = waits;
    }
}

/// Masks of the blocks that a pass touches, plane by plane, and those of transfers that go on.
fn owners(
    graph: &QGraph,
    schedule: &Schedule,
    target: &Target,
    bases: &[usize],
) -> Result<Vec<Owners>> {
    let block_words = target.block_bytes / sizes::WORD;
    let phase_words = |id: StoredId, plane: usize, phase: &Phase| {
        let stored = &schedule.stored[id.0];
        let start = bases[id.0] as u64 + plane as u64 * sizes::plane_words(stored, target.pixels);
        let (first, end) = phase.span(stored);
        let at = |pixel: usize| start + pixel as u64 * sizes::pixel_words(stored.format);
        at(first) / target.pixels * target.pixels..at(end).next_multiple_of(target.pixels)
    };
    let words = |id: StoredId, plane: usize, rows: Rows| {
        let stored = &schedule.stored[id.0];
        let stride = sizes::plane_words(stored, target.pixels);
        let row = stored.width as u64 * sizes::pixel_words(stored.format);
        let above = rows.first.saturating_sub(stored.first) as u64 * row;
        let start = bases[id.0] as u64 + plane as u64 * stride + above;
        let end = (start + rows.count as u64 * row).next_multiple_of(target.pixels);
        start / target.pixels * target.pixels..end
    };
    let mut jobs = Owners::default();
    let mut all = Vec::with_capacity(schedule.passes.len());
    for pass in &schedule.passes {
        if pass.waits {
            jobs = Owners::default();
        }
        let mut own = Owners::default();
        let extent = rows::extent(graph, &pass.work)?;
        let mut planes = |client, planes: &[PlaneRef], rows: Rows| {
            for plane in planes {
                let rows = match plane.upsampled {
                    true => Rows::between(rows.first / 2, rows.end().div_ceil(2)),
                    false => rows,
                };
                own.allow(client, &words(plane.stored, plane.plane, rows), block_words);
            }
        };
        match (&pass.work, &extent) {
            (Work::Dense(dense), Some(extent)) => {
                if let Source::Memory(views) = &dense.source {
                    let input = extent.input;
                    views.iter().for_each(|view| planes(Client::ReadStream, &view.planes, input));
                }
                if let Some(view) = &dense.residual {
                    planes(Client::ReadResidual, &view.planes, extent.middle);
                }
            }
            (Work::Plane(plane), Some(extent)) => {
                planes(Client::ReadStream, &plane.source.planes, extent.input);
                if let Some(factor) = &plane.factor {
                    planes(Client::ReadResidual, &factor.planes, Rows::all(1));
                }
            }
            _ => {}
        }
        for (client, id) in touched(&pass.work) {
            let stored = &schedule.stored[id.0];
            if let (Client::WriteConv, Work::Dense(Dense { phase: Some(phase), .. })) =
                (client, &pass.work)
            {
                for plane in 0..stored.slots.len() / CHANNELS {
                    own.allow(client, &phase_words(id, plane, phase), block_words);
                }
                continue;
            }
            let rows = match (client, &pass.work, &extent) {
                (Client::WriteConv, _, Some(extent)) => extent.middle,
                (Client::WritePlane, _, Some(extent)) => extent.result,
                (_, Work::Transfer(own), _) => own.rows.unwrap_or(rows::held(stored)),
                _ => continue,
            };
            for plane in 0..stored.slots.len() / CHANNELS {
                own.allow(client, &words(id, plane, rows), block_words);
            }
        }
        if let Work::Transfer(_) = pass.work {
            for client in [Client::ReadDma, Client::WriteDma] {
                jobs.0[client as usize] |= own.mask(client);
            }
        }
        for client in [Client::ReadDma, Client::WriteDma] {
            own.0[client as usize] |= jobs.mask(client);
        }
        all.push(own);
    }
    debug_assert!(schedule.stored.iter().all(|stored| stored.slots.len() % CHANNELS == 0));
    Ok(all)
}
