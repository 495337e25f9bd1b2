//! What is stored, and how long. The default is what the accelerator does; the others say what the memory
//! would need otherwise, in earlier hardware or in later.

use std::collections::BTreeSet;
use std::time::Duration;

use seigo::compile::boards::Target;
use seigo::compile::packing::{self, Limit, Packing, Problem};
use seigo::compile::schedule::{
    self, Buffer, Schedule, Source, StoredId, Way, Work, build, order, sizes, touched,
};
use seigo::model::qgraph::QGraph;

/// The node limit ends the search, on every machine alike.
const SEARCH: Limit = Limit { time: Duration::from_secs(20), nodes: 1_000_000 };

/// What is stored, and how long.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Modes {
    /// The image lies in shared memory, a byte for each channel of a pixel, until the stem
    /// convolution is done, instead of being streamed by rows.
    pub image_resident: bool,
    /// Network outputs leave while they are computed and are not stored.
    pub outputs_streamed: bool,
    /// Planes of at least this many pixels go from pass to pass through line buffers and are not
    /// stored.
    pub streamed_pixels: Option<usize>,
}

/// Bytes that every stored tensor takes in a mode.
pub fn bytes(schedule: &Schedule, target: &Target, modes: Modes) -> Vec<u64> {
    let mut only_leaves: Vec<bool> = vec![modes.outputs_streamed; schedule.stored.len()];
    let mut leaves = BTreeSet::new();
    for pass in &schedule.passes {
        match &pass.work {
            Work::Transfer(transfer) if transfer.buffer == Buffer::Output => {
                leaves.insert(transfer.stored);
            }
            work => {
                let reads = touched(work).into_iter().filter(|(client, _)| !client.writes());
                reads.for_each(|(_, id)| only_leaves[id.0] = false);
            }
        }
    }
    let streamed = |index: usize| {
        let stored = &schedule.stored[index];
        let large =
            modes.streamed_pixels.is_some_and(|least| stored.height * stored.width >= least);
        large || (only_leaves[index] && leaves.contains(&StoredId(index)))
    };
    let size = |index: usize| sizes::words(&schedule.stored[index], target.pixels) * sizes::WORD;
    (0..schedule.stored.len()).map(|index| if streamed(index) { 0 } else { size(index) }).collect()
}

/// The memory of a network in a mode.
pub struct Survey {
    /// The passes.
    pub schedule: Schedule,
    /// What is packed: a step is a pass.
    pub problem: Problem,
    /// Where it lies.
    pub packing: Packing,
}

/// The lifetimes in a mode: a step is a pass; tensors that are not stored are left out. Tensors end with
/// their last reader, transfers included.
fn lifetimes(
    graph: &QGraph,
    schedule: &Schedule,
    target: &Target,
    modes: Modes,
) -> Vec<packing::Buffer> {
    let bytes = bytes(schedule, target, modes);
    let all = schedule::lifetimes(graph, schedule, target, &vec![false; schedule.passes.len()]);
    let stored = all.into_iter().zip(bytes).filter(|(_, size)| *size > 0);
    let mut buffers: Vec<_> =
        stored.map(|(buffer, size)| packing::Buffer { size, ..buffer }).collect();
    for (index, pass) in schedule.passes.iter().enumerate() {
        if let (Work::Dense(dense), true) = (&pass.work, modes.image_resident)
            && let Source::Stem(image) = dense.source
        {
            let value = graph.value(image);
            let name = format!("image {}", value.name);
            let size = value.len() as u64;
            buffers.push(packing::Buffer::new(name, 0, index as u64 + 1, size));
        }
    }
    buffers
}

/// A schedule in the best order of passes that is found, with the packing of its memory in a mode:
/// contiguous, at multiples of P words. Results that are split are computed in parts where that
/// lowers the peak.
pub fn survey(graph: &QGraph, target: &Target, modes: Modes) -> Survey {
    let attempt = |parts: bool| {
        let mut schedule = build(graph, target, &Way { parts, ..Way::default() }).unwrap();
        let bytes = bytes(&schedule, target, modes);
        order(&mut schedule, &bytes);
        let buffers = lifetimes(graph, &schedule, target, modes);
        let problem = Problem::new(buffers, None, target.pixels * sizes::WORD).unwrap();
        let packing = packing::plan_within(&problem, SEARCH).unwrap();
        Survey { schedule, problem, packing }
    };
    let (whole, parts) = (attempt(false), attempt(true));
    if parts.packing.height < whole.packing.height { parts } else { whole }
}
