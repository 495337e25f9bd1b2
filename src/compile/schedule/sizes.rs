//! Sizes: words of tensors, bytes of the instruction stream, traffic of a frame with DDR.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::access::touched;
use super::{CHANNELS, Dense, Schedule, Source, Stored, Transfer, Work, rows};
use crate::compile::capabilities::{
    self as can, DESCRIPTOR_WORDS, LANE_RING_WORDS, RING_WORD, STEP_RING_WORDS, Window,
    filter_ring_words,
};
use crate::compile::packing::Packing;
use crate::model::qgraph::{QGraph, Width};

/// Bytes of a word, as the type that sizes have here.
pub const WORD: u64 = can::WORD as u64;

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

/// Words that a transfer moves.
pub fn transfer_words(stored: &Stored, transfer: &Transfer, pixels: u64) -> u64 {
    match transfer.rows {
        None => words(stored, pixels),
        Some(rows) => {
            let plane = (rows.count * stored.width) as u64 * pixel_words(stored.format);
            plane * (stored.slots.len() / CHANNELS) as u64
        }
    }
}

/// Bytes of every stored tensor.
pub fn tensor_bytes(schedule: &Schedule, pixels: u64) -> Vec<u64> {
    schedule.stored.iter().map(|stored| words(stored, pixels) * WORD).collect()
}

/// Word address of every stored tensor; buffer i is stored tensor i.
pub(super) fn bases(schedule: &Schedule, packing: &Packing) -> Vec<usize> {
    (0..schedule.stored.len())
        .map(|index| packing.ranges(index).first().map_or(0, |range| range.0 / WORD) as usize)
        .collect()
}

/// Steps of a tile.
pub(in crate::compile::schedule) fn steps(graph: &QGraph, dense: &Dense) -> u64 {
    let Some(conv) = graph.layers[dense.layer].op.conv() else {
        return match &dense.source {
            Source::Memory(views) => (dense.planes * views.len()) as u64,
            Source::Stem(_) => 0,
        };
    };
    let taps = conv.axes[0].kernel * conv.axes[1].kernel;
    match &dense.source {
        Source::Memory(views) => (dense.planes * views.len() * taps) as u64,
        // The stem unit gathers the bytes of a patch: of the convolution on raw pixels.
        Source::Stem(_) => (taps * conv.group_inputs()).div_ceil(CHANNELS) as u64,
    }
}

/// Bytes of the instruction stream that a pass takes: descriptor, parameters, weights.
pub fn stream_bytes(graph: &QGraph, work: &Work) -> u64 {
    let tiles = match work {
        Work::Dense(dense) => dense.slots.len() / CHANNELS,
        Work::Plane(plane) => plane.source.planes.len(),
        Work::Transfer(_) | Work::Processor { .. } => 0,
    };
    (DESCRIPTOR_WORDS as u64 + tiles as u64 * tile_words(graph, work)) * RING_WORD as u64
}

/// Ring words of a tile's record, all of which the ring must hold at once.
pub fn tile_words(graph: &QGraph, work: &Work) -> u64 {
    let filters = |filters: &[super::Filter]| {
        filters.iter().map(|filter| filter_words(graph, filter.layer)).sum::<usize>()
    };
    match work {
        Work::Dense(dense) => {
            let padded = pads(graph, dense) && matches!(dense.source, Source::Memory(_));
            let step = (STEP_RING_WORDS + usize::from(padded)) as u64;
            (LANE_RING_WORDS + filters(&dense.filters)) as u64 + steps(graph, dense) * step
        }
        Work::Plane(plane) => filters(&plane.filters) as u64,
        Work::Transfer(_) | Work::Processor { .. } => 0,
    }
}

/// Ring words of a filter of the plane engine; none for a maximum.
pub fn filter_words(graph: &QGraph, layer: usize) -> usize {
    let conv = graph.layers[layer].op.conv();
    let window = conv.and_then(|conv| Window::fit(&conv.axes).ok());
    window.map_or(0, |window| filter_ring_words(window.walk.reach))
}

/// Whether a window of the layer reaches beyond its input.
fn pads(graph: &QGraph, dense: &Dense) -> bool {
    let conv = graph.layers[dense.layer].op.conv();
    conv.is_some_and(|conv| conv.axes.iter().any(can::reads_padding))
}

/// Bytes of a frame between accelerator and DDR.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Traffic {
    /// Descriptors, parameters, weights.
    pub stream: u64,
    /// The image, as bytes.
    pub image: u64,
    /// Tensors to shared memory.
    pub loaded: u64,
    /// Tensors from shared memory, outputs included.
    pub stored: u64,
}

impl Traffic {
    /// All of it.
    pub fn total(self) -> u64 {
        self.stream + self.image + self.loaded + self.stored
    }
}

impl std::ops::AddAssign for Traffic {
    fn add_assign(&mut self, other: Self) {
        self.stream += other.stream;
        self.image += other.image;
        self.loaded += other.loaded;
        self.stored += other.stored;
    }
}

/// The traffic of a schedule that is not tiled.
pub fn traffic(graph: &QGraph, schedule: &Schedule, pixels: u64) -> Traffic {
    let mut traffic = Traffic::default();
    for pass in &schedule.passes {
        traffic += work_traffic(graph, schedule, &pass.work, pixels);
    }
    traffic
}

/// The traffic of one pass.
pub fn work_traffic(graph: &QGraph, schedule: &Schedule, work: &Work, pixels: u64) -> Traffic {
    let mut traffic = Traffic { stream: stream_bytes(graph, work), ..Traffic::default() };
    match work {
        Work::Transfer(transfer) => {
            let stored = &schedule.stored[transfer.stored.0];
            let bytes = transfer_words(stored, transfer, pixels) * WORD;
            let way = if transfer.to_memory { &mut traffic.loaded } else { &mut traffic.stored };
            *way += bytes;
        }
        Work::Dense(Dense { source: Source::Stem(image), layer, .. }) => {
            let all = graph.value(*image).len() as u64;
            // Rows at the border of two strips are read for both.
            let height = rows::height(graph, graph.layers[*layer].outputs[0]).max(1) as u64;
            let extent = rows::extent(graph, work).ok().flatten();
            let count = extent.map_or(height, |extent| extent.middle.count as u64);
            traffic.image += all * count / height;
        }
        _ => {}
    }
    traffic
}

/// Bytes of a frame when every pass of a schedule of whole tensors reads all its inputs from DDR and writes its results
/// there.
pub fn no_reuse(graph: &QGraph, schedule: &Schedule, pixels: u64) -> u64 {
    let passes = schedule.passes.iter().filter(|pass| !matches!(pass.work, Work::Transfer(_)));
    let tensors = |work: &Work| -> u64 {
        touched(work).into_iter().map(|(_, id)| words(&schedule.stored[id.0], pixels) * WORD).sum()
    };
    let image = traffic(graph, schedule, pixels).image;
    passes.map(|pass| tensors(&pass.work) + stream_bytes(graph, &pass.work)).sum::<u64>() + image
}
