//! Independent check of strips: the rows of every strip are listed tap by tap.

use std::collections::BTreeSet;

use super::operators::filter_axis;
use super::wrong;
use crate::base::error::Result;
use crate::compile::boards::Target;
use crate::compile::packing;
use crate::compile::schedule::tile::Tiling;
use crate::compile::schedule::{Filter, PlaneRef, Schedule, Source, StoredId, Work};
use crate::frontend::ops::window::Axis;
use crate::model::qgraph::QGraph;

/// Checks a plan in strips:
///
/// 1. the packing keeps memory's own rules and lies within the target's memory;
/// 2. a tensor is resident, with a place from its first to its last pass, or in DDR;
/// 3. the strips of a pass compute every row once, and each buffer holds the rows of one strip that
///    the pass touches, twice where there are more strips than one.
///
/// # Errors
/// [`crate::base::error::codes::PLAN_INVALID`] naming the tensor or pass.
pub fn tiling(graph: &QGraph, schedule: &Schedule, target: &Target, tiling: &Tiling) -> Result<()> {
    packing::validate::packing(&tiling.problem, &tiling.packing)?;
    if tiling.packing.height > target.memory_bytes {
        return Err(wrong("the strips do not fit the memory"));
    }
    if tiling.strips.len() != schedule.passes.len() || tiling.in_ddr.len() != schedule.stored.len()
    {
        return Err(wrong("the strips are those of another schedule"));
    }
    let needs: Vec<Vec<Need>> = schedule
        .passes
        .iter()
        .map(|pass| needs(graph, schedule, &pass.work))
        .collect::<Result<_>>()?;
    for (pass, needs) in needs.iter().enumerate() {
        for need in needs {
            check(schedule, target, tiling, (pass, need))?;
        }
    }
    Ok(())
}

/// What a pass touches of a tensor.
struct Need {
    stored: StoredId,
    planes: usize,
    /// By row of the pass's last result, the rows of the tensor.
    rows: Vec<BTreeSet<usize>>,
}

fn check(
    schedule: &Schedule,
    target: &Target,
    tiling: &Tiling,
    (pass, need): (usize, &Need),
) -> Result<()> {
    let id = need.stored;
    let stored = &schedule.stored[id.0];
    let words = stored.format.bits() as usize / 8;
    let places = || {
        let own = tiling.tensors.iter().enumerate().filter(|(_, own)| **own == id);
        own.map(|(buffer, _)| &tiling.packing.buffers[buffer])
            .filter(|buffer| buffer.lifespan.contains(pass as u64))
    };
    let (needed, copies) = if tiling.in_ddr[id.0] {
        let strips = &tiling.strips[pass];
        let rows = need.rows.len();
        if strips.count != rows.div_ceil(strips.rows.max(1)).max(1) {
            return Err(wrong(format!("pass {pass} computes not every row once")));
        }
        let strip = |rows: &[BTreeSet<usize>]| {
            let first = rows.iter().filter_map(BTreeSet::first).min();
            let last = rows.iter().filter_map(BTreeSet::last).max();
            first.zip(last).map_or(0, |(first, last)| last + 1 - first)
        };
        let most = need.rows.chunks(strips.rows.max(1)).map(strip).max().unwrap_or(0);
        let pixels = most * stored.width * words;
        (pixels * need.planes, if strips.count > 1 { 2 } else { 1 })
    } else {
        let plane = (stored.height * stored.width * words).next_multiple_of(target.pixels as usize);
        (plane * stored.slots.len() / 16, 1)
    };
    let needed = (needed * copies * 16) as u64;
    match places().map(|buffer| buffer.size).max() {
        _ if needed == 0 => Ok(()),
        Some(size) if size >= needed => Ok(()),
        _ => Err(wrong(format!("pass {pass} has no room of {needed} B for tensor {}", id.0))),
    }
}

fn needs(graph: &QGraph, schedule: &Schedule, work: &Work) -> Result<Vec<Need>> {
    let identity = |count: usize| (0..count).map(|row| BTreeSet::from([row])).collect::<Vec<_>>();
    let mut needs = Vec::new();
    let (output, filters) = match work {
        Work::Dense(dense) => {
            let shape = &graph.value(graph.layers[dense.layer].outputs[0]).shape;
            (shape.get(2).copied().unwrap_or(1), &dense.filters)
        }
        Work::Plane(plane) => {
            let first = plane.source.planes.first().ok_or_else(|| wrong("a pass reads nothing"))?;
            (schedule.stored[first.stored.0].height, &plane.filters)
        }
        Work::Transfer(_) | Work::Processor { .. } => return Ok(needs),
    };
    let planes = |id: StoredId| schedule.stored[id.0].slots.len() / 16;
    // Rows of the convolution's output, or of the plane engine's input.
    let middle = match filters.last() {
        None => identity(output),
        Some(Filter { layer, result }) => {
            let rows = identity(schedule.stored[result.0].height);
            through(&rows, &filter_axis(graph, *layer)?)
        }
    };
    for filter in filters {
        let rows = identity(schedule.stored[filter.result.0].height);
        needs.push(Need { stored: filter.result, planes: planes(filter.result), rows });
    }
    let mut read = |planes: &[PlaneRef], rows: &[BTreeSet<usize>]| {
        for plane in planes {
            let count = planes.iter().filter(|other| other.stored == plane.stored).count();
            let half = |rows: &BTreeSet<usize>| rows.iter().map(|row| row / 2).collect();
            let rows =
                if plane.upsampled { rows.iter().map(half).collect() } else { rows.to_vec() };
            needs.push(Need { stored: plane.stored, planes: count, rows });
        }
    };
    match work {
        Work::Dense(dense) => {
            let input = match graph.layers[dense.layer].op.conv() {
                Some(conv) => through(&middle, &conv.axes[0]),
                None => middle.clone(),
            };
            if let Source::Memory(views) = &dense.source {
                views.iter().for_each(|view| read(&view.planes, &input));
            }
            dense.residual.iter().for_each(|view| read(&view.planes, &middle));
            let store = dense.store.map(|id| Need { stored: id, planes: planes(id), rows: middle });
            needs.extend(store);
        }
        Work::Plane(plane) => read(&plane.source.planes, &middle),
        Work::Transfer(_) | Work::Processor { .. } => {}
    }
    Ok(needs)
}

/// The rows of the input that the windows of rows look at.
fn through(rows: &[BTreeSet<usize>], axis: &Axis) -> Vec<BTreeSet<usize>> {
    let looks = |row: usize| {
        (0..axis.kernel).filter_map(move |tap| {
            let at = (row * axis.stride + tap * axis.dilation).checked_sub(axis.begin)?;
            (at < axis.input).then_some(at)
        })
    };
    rows.iter().map(|rows| rows.iter().flat_map(|&row| looks(row)).collect()).collect()
}
