//! Where the stored tensors lie, who may touch which block in a pass, and which passes wait for
//! transfers.

use std::ops::Range;
use std::time::Duration;

use super::access::{Client, touched};
use super::{CHANNELS, PlaneRef, Schedule, Source, StoredId, Work, estimate, ports, sizes};
use crate::base::error::{Error, Result, codes};
use crate::compile::boards::Target;
use crate::compile::capabilities::BLOCKS;
use crate::compile::packing::{self, Buffer, Limit, Packing, Problem};
use crate::model::qgraph::QGraph;

/// Safety net for huge networks: normally the node limit ends the search, on every machine alike.
const NET: Duration = Duration::from_secs(20);
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

/// Gives every stored tensor its address and every pass its owner masks, and marks the passes that
/// must wait for transfers.
///
/// Tensors begin at whole blocks, so that a block has one owner; where that does not fit, at
/// multiples of P words, but so that no pass reads a block that it writes. Tensors that leave stay long enough to hide their transfer, where that
/// fits. Among packings of the same height the one with the fewest clients at the same port counts.
///
/// # Errors
/// [`codes::PLAN_CAPACITY`] with the tensors that do not fit, [`codes::PLAN_TIMEOUT`],
/// [`codes::PLAN_PROBLEM`] for a memory of more blocks than the masks have bits.
pub fn place(graph: &QGraph, schedule: &mut Schedule, target: &Target) -> Result<Placed> {
    if target.blocks() > BLOCKS as u64 {
        return Err(Error::new(
            &codes::PLAN_PROBLEM,
            format!("{} blocks of shared memory; owner masks have {BLOCKS} bits", target.blocks()),
        )
        .help("give the target larger blocks"));
    }
    let narrow = target.pixels * sizes::WORD;
    let attempts =
        [(target.block_bytes, true), (narrow, true), (target.block_bytes, false), (narrow, false)];
    let mut failure = None;
    for (alignment, hidden) in attempts {
        let buffers = lifetimes(graph, schedule, target, hidden);
        match pack(buffers, target.memory_bytes, alignment) {
            Ok((problem, packing)) => match undisputed(schedule, target, &problem, packing) {
                Ok(packing) => return Ok(finish(schedule, target, problem, packing)),
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
    schedule: &mut Schedule,
    target: &Target,
    problem: &Problem,
    packing: Packing,
) -> std::result::Result<Packing, usize> {
    let packing = match dispute(schedule, target, &packing) {
        None => packing,
        Some(pass) => packing::alternatives(problem, target.memory_bytes)
            .into_iter()
            .find(|other| dispute(schedule, target, other).is_none())
            .ok_or(pass)?,
    };
    let better = ports::choose(schedule, target, problem, packing.clone());
    Ok(if dispute(schedule, target, &better).is_none() { better } else { packing })
}

/// The first pass with [`Owners::disputed`] blocks.
fn dispute(schedule: &mut Schedule, target: &Target, packing: &Packing) -> Option<usize> {
    let bases = sizes::bases(schedule, packing);
    set_waits(schedule, target, &bases);
    owners(schedule, target, &bases).iter().position(|own| own.disputed() != 0)
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
fn pack(buffers: Vec<Buffer>, capacity: u64, alignment: u64) -> Result<(Problem, Packing)> {
    let bounded = Problem::new(buffers.clone(), Some(capacity), alignment)?;
    let bound = packing::bound::live_bytes(&bounded);
    packing::bound::check_capacity(&bounded, &bound)?;
    let problem = Problem::new(buffers, None, alignment)?;
    let packing = packing::plan_within(&problem, POLISH)?;
    if packing.height <= capacity {
        return Ok((problem, packing));
    }
    let packing = packing::plan_within(&bounded, SEARCH)?;
    Ok((bounded, packing))
}

/// Buffer i is stored tensor i, alive from the pass that writes it to the last one that reads it;
/// with `hidden`, tensors that leave stay until their transfer is over by the estimate.
pub fn lifetimes(
    graph: &QGraph,
    schedule: &Schedule,
    target: &Target,
    hidden: bool,
) -> Vec<Buffer> {
    let mut spans = vec![None; schedule.stored.len()];
    let mut touch = |id: StoredId, from: usize, to: usize| {
        let (lower, upper): &mut (usize, usize) = spans[id.0].get_or_insert((from, to));
        (*lower, *upper) = ((*lower).min(from), (*upper).max(to));
    };
    let ends = transfer_ends(graph, schedule, target.pixels);
    for (index, pass) in schedule.passes.iter().enumerate() {
        for (_, id) in touched(&pass.work) {
            touch(id, index, index + 1);
        }
        if let (Work::Transfer(transfer), true) = (&pass.work, hidden) {
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
            Buffer::new(name, lower as u64, upper as u64, bytes)
        })
        .collect()
}

/// Beats of the bus that a transfer takes besides its words.
const LAUNCH: u64 = 60;

/// By pass that is a transfer: the first pass that starts when it and all that was added to the queue
/// meanwhile are over. Time is counted in beats of the bus that the instruction stream leaves free.
fn transfer_ends(graph: &QGraph, schedule: &Schedule, pixels: u64) -> Vec<usize> {
    let cycles: Vec<u64> = schedule
        .passes
        .iter()
        .map(|pass| match pass.work {
            Work::Transfer(_) => estimate::cycles(graph, schedule, &pass.work, pixels) + LAUNCH,
            _ => {
                let cycles = estimate::cycles(graph, schedule, &pass.work, pixels);
                cycles.saturating_sub(sizes::stream_bytes(graph, &pass.work) / sizes::WORD)
            }
        })
        .collect();
    let is_transfer = |index: usize| matches!(schedule.passes[index].work, Work::Transfer(_));
    let mut starts = Vec::with_capacity(cycles.len());
    let mut now = 0;
    for (index, &cycles) in cycles.iter().enumerate() {
        starts.push(now);
        now += if is_transfer(index) { 0 } else { cycles };
    }
    let mut free = 0;
    let mut over: Vec<u64> = (0..cycles.len())
        .map(|index| {
            if is_transfer(index) {
                free = starts[index].max(free) + cycles[index];
            }
            free
        })
        .collect();
    // A pass that waits waits for all transfers, those that were added meanwhile included.
    for index in (0..over.len()).rev() {
        let later = (index + 1..over.len()).take_while(|&later| starts[later] < over[index]);
        if let Some(last) = later.filter(|&later| is_transfer(later)).last() {
            over[index] = over[index].max(over[last]);
        }
    }
    (0..cycles.len())
        .map(|index| match is_transfer(index) {
            true => starts.partition_point(|&start| start < over[index]),
            false => index,
        })
        .collect()
}

fn finish(schedule: &mut Schedule, target: &Target, problem: Problem, packing: Packing) -> Placed {
    let bases = sizes::bases(schedule, &packing);
    set_waits(schedule, target, &bases);
    let owners = owners(schedule, target, &bases);
    Placed { bases, owners, problem, packing }
}

/// The words of a stored tensor.
fn words(schedule: &Schedule, bases: &[usize], id: StoredId, pixels: u64) -> Range<u64> {
    let base = bases[id.0] as u64;
    base..base + sizes::words(&schedule.stored[id.0], pixels)
}

/// A pass waits when it touches what a transfer may still write, writes what one may still read, or
/// is work of the processor, which reads what has left.
fn set_waits(schedule: &mut Schedule, target: &Target, bases: &[usize]) {
    let mut going: Vec<(bool, Range<u64>)> = Vec::new();
    for index in 0..schedule.passes.len() {
        let work = &schedule.passes[index].work;
        let collides = |(client, id): &(Client, StoredId)| {
            let own = words(schedule, bases, *id, target.pixels);
            going.iter().any(|(to_memory, words)| {
                (*to_memory || client.writes()) && own.start < words.end && words.start < own.end
            })
        };
        let processor = matches!(work, Work::Processor { .. });
        let waits = !going.is_empty() && (processor || touched(work).iter().any(collides));
        if waits {
            going.clear();
        }
        if let Work::Transfer(transfer) = work {
            let own = words(schedule, bases, transfer.stored, target.pixels);
            going.push((transfer.to_memory, own));
        }
        schedule.passes[index].waits = waits;
    }
}

/// Masks of the blocks that a pass touches, plane by plane, and those of transfers that go on.
fn owners(schedule: &Schedule, target: &Target, bases: &[usize]) -> Vec<Owners> {
    let block_words = target.block_bytes / sizes::WORD;
    let mut jobs = Owners::default();
    let mut all = Vec::with_capacity(schedule.passes.len());
    for pass in &schedule.passes {
        if pass.waits {
            jobs = Owners::default();
        }
        let mut own = Owners::default();
        let mut planes = |client, planes: &[PlaneRef]| {
            for plane in planes {
                let stored = &schedule.stored[plane.stored.0];
                let stride = sizes::plane_words(stored, target.pixels);
                let start = bases[plane.stored.0] as u64 + plane.plane as u64 * stride;
                own.allow(client, &(start..start + stride), block_words);
            }
        };
        match &pass.work {
            Work::Dense(dense) => {
                if let Source::Memory(views) = &dense.source {
                    views.iter().for_each(|view| planes(Client::ReadStream, &view.planes));
                }
                if let Some(view) = &dense.residual {
                    planes(Client::ReadResidual, &view.planes);
                }
            }
            Work::Plane(plane) => planes(Client::ReadStream, &plane.source.planes),
            Work::Transfer(_) | Work::Processor { .. } => {}
        }
        for (client, id) in touched(&pass.work) {
            if client.writes() || client == Client::ReadDma {
                own.allow(client, &words(schedule, bases, id, target.pixels), block_words);
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
    all
}
