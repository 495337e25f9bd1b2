//! The ways of building the passes of a network that are worth trying.

use super::build::{Way, build};
use super::layout::Layout;
use super::roles::Roles;
use super::{Schedule, Work, estimate};
use crate::base::error::Result;
use crate::compile::boards::Target;
use crate::model::qgraph::QGraph;

/// Every way that differs by where channels lie, that of their numbers first.
///
/// # Errors
/// Those of [`super::build`].
pub fn all(graph: &QGraph, target: &Target, interleave: bool) -> Result<Vec<Way>> {
    let plain = Way { interleave, ..Way::default() };
    // Without passes of the plane engine alone there are no pieces that it could read.
    if !target.capabilities.depthwise_sequential {
        return Ok(vec![plain]);
    }
    let pieces = Way { layout: Some(Layout::default()), ..plain.clone() };
    let schedule = build(graph, target, &pieces)?;
    let roles = Roles::new(graph, target.capabilities, interleave)?;
    let ordered = Layout::of(graph, &roles, &schedule, target.pixels);
    let layouts = [false, true].map(|joins| Layout { joins, ..ordered.clone() });
    let ordered = layouts.map(|layout| Way { layout: Some(layout), ..plain.clone() });
    Ok(std::iter::once(plain).chain(ordered).collect())
}

/// The ways that spare cycles, the fewest first, and last that in which channels lie in the order of their numbers.
pub(super) fn fastest(graph: &QGraph, target: &Target, interleave: bool) -> Result<Vec<Way>> {
    let mut ways = Vec::new();
    for way in all(graph, target, interleave)? {
        ways.push((cycles(graph, &build(graph, target, &way)?, target.pixels), way));
    }
    let plain = ways[0].0;
    ways.retain(|(cycles, way)| way.layout.is_none() || *cycles < plain);
    ways.sort_by_key(|(cycles, _)| *cycles);
    Ok(ways.into_iter().map(|(_, way)| way).collect())
}

/// What the passes take one after the other, beside transfers.
fn cycles(graph: &QGraph, schedule: &Schedule, pixels: u64) -> u64 {
    let works = schedule.passes.iter().map(|pass| &pass.work);
    let computing = works.filter(|work| !matches!(work, Work::Transfer(_)));
    computing.map(|work| estimate::cycles(graph, schedule, work, pixels)).sum()
}
