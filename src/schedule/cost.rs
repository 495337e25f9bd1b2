//! Sizes of tensors and estimates of the cycles of a pass.

use super::{CHANNELS, Dense, PlaneWork, Schedule, Source, Stored, StoredId, Work};
use crate::qgraph::{QGraph, QOp, Width};

/// Bytes of a word: 16 int8 channels of a pixel.
pub const WORD: u64 = 16;
/// Cycles from the start of a pass to its first result, and from its last one to the next start.
const FILL: u64 = 56;

/// Words of a pixel of a plane.
pub fn pixel_words(format: Width) -> u64 {
    u64::from(format.bits()) / 8
}

/// Words from plane to plane of a stored tensor: a multiple of the memory's banks.
pub fn plane_words(stored: &Stored, pixels: u64) -> u64 {
    let plane = (stored.height * stored.width) as u64 * pixel_words(stored.format);
    plane.next_multiple_of(pixels)
}

/// Words of a stored tensor.
pub fn words(stored: &Stored, pixels: u64) -> u64 {
    plane_words(stored, pixels) * (stored.slots.len() / CHANNELS) as u64
}

/// Cycles of a pass with `pixels` pixels a cycle (formula; the stalls of ports, weights and image
/// are left out). A transfer counts its words: it takes one a cycle beside other passes.
pub fn cycles(graph: &QGraph, schedule: &Schedule, work: &Work, pixels: u64) -> u64 {
    match work {
        Work::Dense(dense) => dense_cycles(graph, schedule, dense, pixels) + FILL,
        Work::Plane(plane) => plane_cycles(schedule, plane, pixels) + FILL,
        Work::Transfer(transfer) => words(&schedule.stored[transfer.stored.0], pixels),
        Work::Processor { .. } => 0,
    }
}

fn dense_cycles(graph: &QGraph, schedule: &Schedule, dense: &Dense, pixels: u64) -> u64 {
    let layer = &graph.layers[dense.layer];
    let shape = &graph.value(layer.outputs[0]).shape;
    let plane: u64 = shape.iter().skip(2).product::<usize>() as u64;
    let tiles = (dense.slots.len() / CHANNELS) as u64;
    let taps = match &layer.op {
        QOp::Conv(conv) => (conv.axes[0].kernel * conv.axes[1].kernel) as u64,
        _ => 1,
    };
    let steps = match &dense.source {
        Source::Memory(views) => (dense.planes * views.len()) as u64 * taps,
        Source::Stem(image) => {
            // The folded kernel covers every byte of the patch.
            let block = graph.value(*image).shape.get(2).copied().unwrap_or(1)
                / match &layer.op {
                    QOp::Conv(conv) => conv.axes[0].input.max(1),
                    _ => 1,
                };
            let bytes = taps as usize * block * block * graph.value(*image).channels();
            bytes.div_ceil(CHANNELS) as u64
        }
    };
    let array = tiles * steps * plane.div_ceil(pixels);
    let lanes = tiles * plane.div_ceil((pixels / 2).max(1));
    let engine =
        dense.filters.iter().map(|filter| filter_cycles(schedule, filter.result, plane, pixels));
    array.max(lanes).max(engine.sum())
}

fn plane_cycles(schedule: &Schedule, work: &PlaneWork, pixels: u64) -> u64 {
    let Some(first) = work.source.planes.first() else { return 0 };
    let input = &schedule.stored[first.stored.0];
    let plane = (input.height * input.width) as u64;
    work.filters.iter().map(|filter| filter_cycles(schedule, filter.result, plane, pixels)).sum()
}

/// The plane engine takes up to two pixels a cycle.
fn filter_cycles(schedule: &Schedule, result: StoredId, plane: u64, pixels: u64) -> u64 {
    let planes = (schedule.stored[result.0].slots.len() / CHANNELS) as u64;
    planes * plane.div_ceil((pixels / 2).clamp(1, 2))
}
