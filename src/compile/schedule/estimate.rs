//! Cycles and operations of a pass by closed formulas, before addresses and program exist.

use super::sizes::{self, steps};
use super::{CHANNELS, Dense, Filter, PlaneWork, Schedule, Work, rows};
use crate::model::qgraph::QGraph;

/// Cycles from the start of a pass to its first result, and from its last one to the next start.
pub(super) const FILL: u64 = 56;

/// Cycles of a pass with `pixels` pixels a cycle (formula; the stalls of ports, weights and image
/// are left out). A transfer counts its words: it takes one a cycle beside other passes.
pub fn cycles(graph: &QGraph, schedule: &Schedule, work: &Work, pixels: u64) -> u64 {
    match work {
        Work::Dense(dense) => dense_cycles(graph, schedule, dense, pixels) + FILL,
        Work::Plane(plane) => plane_cycles(graph, schedule, plane, pixels) + FILL,
        Work::Transfer(transfer) => {
            sizes::transfer_words(&schedule.stored[transfer.stored.0], transfer, pixels)
        }
        Work::Processor { .. } => 0,
    }
}

fn dense_cycles(graph: &QGraph, schedule: &Schedule, dense: &Dense, pixels: u64) -> u64 {
    let shape = &graph.value(graph.layers[dense.layer].outputs[0]).shape;
    let plane: u64 = match (dense.rows, rows::dense_extent(graph, dense)) {
        (Some(_), Ok(extent)) => (extent.middle.count * shape.last().unwrap_or(&1)) as u64,
        _ => shape.iter().skip(2).product::<usize>() as u64,
    };
    let tiles = (dense.slots.len() / CHANNELS) as u64;
    let array = tiles * steps(graph, dense) * plane.div_ceil(pixels);
    // Pixels apart from each other are stored one by one.
    let stored = if dense.phase.is_some() { 1 } else { (pixels / 2).max(1) };
    let lanes = tiles * plane.div_ceil(stored);
    let filters = dense.filters.iter();
    let engine = filters.map(|filter| filter_cycles(graph, schedule, filter, (plane, pixels)));
    array.max(lanes).max(engine.sum())
}

fn plane_cycles(graph: &QGraph, schedule: &Schedule, work: &PlaneWork, pixels: u64) -> u64 {
    let Some(first) = work.source.planes.first() else { return 0 };
    let input = &schedule.stored[first.stored.0];
    let extent = rows::plane_extent(graph, work);
    let rows = extent.map_or(input.height, |extent| extent.input.count);
    let plane = (rows * input.width) as u64;
    work.filters.iter().map(|filter| filter_cycles(graph, schedule, filter, (plane, pixels))).sum()
}

/// Pixels that the plane engine takes a cycle beside an array of `pixels`. The hardware may get one of twice as many for
/// windows of several parts, which is not known before there are passes.
pub(super) fn engine_pixels(pixels: u64) -> u64 {
    (pixels / 2).clamp(1, 2)
}

/// The plane engine takes up to two pixels a cycle, and a cycle more for each further part of a window.
fn filter_cycles(
    graph: &QGraph,
    schedule: &Schedule,
    filter: &Filter,
    (plane, pixels): (u64, u64),
) -> u64 {
    let planes = (schedule.stored[filter.result.0].slots.len() / CHANNELS) as u64;
    let slots = plane.div_ceil(engine_pixels(pixels));
    let further = rows::filter_walk(graph, filter.layer)
        .map_or(0, |walk| (walk.reach.pow(2) - 1) as u64 * slots / walk.stride as u64);
    planes * (slots + further)
}

/// Multiply-accumulate operations of a pass: on the dense array, and on the plane engine. A pass for some channels of a
/// layer does their share.
pub fn macs(graph: &QGraph, work: &Work) -> (u64, u64) {
    let of = |layer: usize, slots: &[Option<usize>]| {
        let layer = &graph.layers[layer];
        let result = graph.value(layer.outputs[0]);
        let all = layer.op.operator().macs(&result.shape);
        all * slots.iter().flatten().count() as u64 / result.channels().max(1) as u64
    };
    let filters = |filters: &[Filter], slots: &[Option<usize>]| {
        filters.iter().map(|filter| of(filter.layer, slots)).sum()
    };
    match work {
        Work::Dense(dense) => {
            (of(dense.layer, &dense.slots), filters(&dense.filters, &dense.slots))
        }
        Work::Plane(plane) => (0, filters(&plane.filters, &plane.source.slots)),
        Work::Transfer(_) | Work::Processor { .. } => (0, 0),
    }
}
