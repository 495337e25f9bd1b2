//! Modes of planning: what is stored, and how long. The default is what the accelerator does; the
//! others say what the memory would need otherwise, in hardware of before or of later.

use std::collections::BTreeSet;

use super::access::touched;
use super::build::build_parts;
use super::{Buffer, Schedule, Source, StoredId, Work, order, sizes};
use crate::base::error::{Error, Result, codes};
use crate::compile::boards::Target;
use crate::compile::packing::{self, Packing, Problem};
use crate::model::qgraph::QGraph;

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
#[derive(Debug, Clone, PartialEq)]
pub struct Survey {
    /// The passes.
    pub schedule: Schedule,
    /// What is packed: a step is a pass.
    pub problem: Problem,
    /// Where it lies.
    pub packing: Packing,
    /// By buffer, the tensor in it; `None` is the image.
    pub tensors: Vec<Option<StoredId>>,
}

/// The lifetimes in a mode, with the tensors: a step is a pass; tensors that are not stored are left
/// out. Tensors end with their last reader, transfers included.
pub fn lifetimes(
    graph: &QGraph,
    schedule: &Schedule,
    target: &Target,
    modes: Modes,
) -> Vec<(Option<StoredId>, packing::Buffer)> {
    let bytes = bytes(schedule, target, modes);
    let all = super::addresses::lifetimes(graph, schedule, target, false);
    let mut buffers: Vec<(Option<StoredId>, packing::Buffer)> = all
        .into_iter()
        .zip(bytes)
        .enumerate()
        .filter(|(_, (_, size))| *size > 0)
        .map(|(index, (buffer, size))| (Some(StoredId(index)), packing::Buffer { size, ..buffer }))
        .collect();
    for (index, pass) in schedule.passes.iter().enumerate() {
        if let (Work::Dense(dense), true) = (&pass.work, modes.image_resident)
            && let Source::Stem(image) = dense.source
        {
            let value = graph.value(image);
            let name = format!("image {}", value.name);
            let size = value.len() as u64;
            buffers.push((None, packing::Buffer::new(name, 0, index as u64 + 1, size)));
        }
    }
    buffers
}

/// A schedule in the best order of passes that is found, with the packing of its memory in a mode:
/// contiguous, at multiples of P words. Results that are split are computed in parts where that
/// lowers the peak.
///
/// # Errors
/// Those of [`build_parts`] and [`packing::plan_within`].
pub fn survey(graph: &QGraph, target: &Target, modes: Modes) -> Result<Survey> {
    let mut best: Option<Survey> = None;
    for parts in [false, true] {
        let mut schedule = build_parts(graph, target, parts)?;
        let bytes = bytes(&schedule, target, modes);
        order::order(&mut schedule, &bytes);
        let (tensors, buffers) =
            lifetimes(graph, &schedule, target, modes).into_iter().unzip::<_, _, Vec<_>, Vec<_>>();
        let problem = Problem::new(buffers, None, target.pixels * sizes::WORD)?;
        let packing = packing::plan_within(&problem, super::addresses::SEARCH)?;
        if best.as_ref().is_none_or(|best| packing.height < best.packing.height) {
            best = Some(Survey { schedule, problem, packing, tensors });
        }
    }
    best.ok_or_else(|| Error::new(&codes::INTERNAL, "no schedule was made"))
}
