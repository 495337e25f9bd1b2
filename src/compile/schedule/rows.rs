//! Rows that a pass computes and reads when it does only some of its result: a strip.
//!
//! A strip is an ordinary pass on planes of fewer rows. It has padding of its own above, and what its
//! windows miss below are rows that its planes do not have; so the hardware needs nothing for it.

use serde::{Deserialize, Serialize};

use super::{Dense, Filter, PlaneWork, Source, Stored, Work, channels};
use crate::base::error::{Error, Result, codes};
use crate::compile::capabilities::{Datapath, Maximum, Walk, Window, product_window, side};
use crate::frontend::ops::window::Axis;
use crate::model::qgraph::{QGraph, QValueId};

/// Successive rows of a plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rows {
    /// The first one.
    pub first: usize,
    /// How many, at least 1.
    pub count: usize,
}

impl Rows {
    /// All rows of a plane.
    pub fn all(count: usize) -> Self {
        Self { first: 0, count }
    }

    /// From `first` to before `end`.
    pub fn between(first: usize, end: usize) -> Self {
        Self { first, count: end.saturating_sub(first) }
    }

    /// The row behind the last one.
    pub fn end(self) -> usize {
        self.first + self.count
    }

    /// The fewest successive rows that hold both.
    #[must_use]
    pub fn hull(self, other: Self) -> Self {
        Self::between(self.first.min(other.first), self.end().max(other.end()))
    }

    /// Whether all of `other` are among them.
    pub fn contains(self, other: Self) -> bool {
        self.first <= other.first && other.end() <= self.end()
    }
}

/// Rows that a window of `kernel` taps, moved by `stride`, looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// The rows that exist.
    pub rows: Rows,
    /// Rows of padding above them.
    pub above: usize,
}

/// The rows of an input of `height` rows that the windows of `rows` look at; `None` where a window lies
/// outside of it altogether.
pub fn reach(axis: &Axis, rows: Rows) -> Option<Reach> {
    let first = rows.first * axis.stride;
    let last = (rows.end() - 1) * axis.stride + axis.extent();
    let above = axis.begin.saturating_sub(first);
    let first = first.saturating_sub(axis.begin);
    let end = last.checked_sub(axis.begin)?.min(axis.input);
    (first < end).then_some(Reach { rows: Rows::between(first, end), above })
}

/// The rows of every tensor of a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Of the last result.
    pub result: Rows,
    /// Of the array's result, which the plane engine reads; in a plane pass of its input.
    pub middle: Rows,
    /// Padding above these for the plane engine, where it works.
    pub middle_above: usize,
    /// Of the input (of the convolution on rearranged pixels, where the stem unit reads the image).
    pub input: Rows,
    /// Padding above these.
    pub input_above: usize,
}

/// How the plane engine walks for a filter.
///
/// # Errors
/// [`codes::INTERNAL`] for a layer that the plane engine does not do.
pub fn filter_walk(graph: &QGraph, layer: usize) -> Result<Walk> {
    let own = &graph.layers[layer];
    let wrong = || Error::new(&codes::INTERNAL, format!("\"{}\" is no filter", own.name));
    let input = own.input(0).ok_or_else(wrong)?;
    let window = match Datapath::of(&own.op).map_err(|_| wrong())? {
        Datapath::Convolution(conv) => Window::fit(&conv.axes).map_err(|_| wrong())?,
        Datapath::Maximum => {
            Maximum::of(&own.op, &graph.value(input).shape)?.map_err(|_| wrong())?.window
        }
        Datapath::ChannelMul => product_window(&graph.value(input).shape).map_err(|_| wrong())?,
        Datapath::Sum(_) | Datapath::Movement(_) => return Err(wrong()),
    };
    Ok(window.walk)
}

/// The rows that a pass touches; for a pass of whole tensors all of them.
///
/// # Errors
/// [`codes::INTERNAL`] for rows of which a window lies outside of the input altogether.
pub fn extent(graph: &QGraph, work: &Work) -> Result<Option<Extent>> {
    match work {
        Work::Dense(dense) => dense_extent(graph, dense).map(Some),
        Work::Plane(plane) => plane_extent(graph, plane).map(Some),
        Work::Transfer(_) | Work::Processor { .. } => Ok(None),
    }
}

fn outside() -> Error {
    Error::new(&codes::INTERNAL, "a strip of which a window lies in the padding altogether")
}

/// Rows of a value.
pub fn height(graph: &QGraph, id: QValueId) -> usize {
    channels::extent(graph, id)[0]
}

/// The rows that filters read for rows of their results, and the padding above.
fn behind(graph: &QGraph, filters: &[Filter], input: usize, rows: Rows) -> Result<(Rows, usize)> {
    let Some(filter) = filters.first() else { return Ok((rows, 0)) };
    let walk = filter_walk(graph, filter.layer)?;
    let axis = Axis {
        kernel: side(walk.reach),
        stride: walk.stride,
        begin: walk.pads[0],
        input,
        output: walk.output[0],
        ..Axis::UNIT
    };
    let Reach { rows, above } = reach(&axis, rows).ok_or_else(outside)?;
    Ok((rows, above))
}

/// Those of a dense pass.
///
/// # Errors
/// As [`extent`].
pub fn dense_extent(graph: &QGraph, dense: &Dense) -> Result<Extent> {
    let layer = &graph.layers[dense.layer];
    let result = match &dense.source {
        Source::Memory(views) if layer.op.movement().is_some() => views[0].value,
        _ => layer.outputs[0],
    };
    let middle_height = height(graph, result);
    let all = match dense.filters.first() {
        Some(filter) => height(graph, graph.layers[filter.layer].outputs[0]),
        None => middle_height,
    };
    let rows = dense.rows.unwrap_or(Rows::all(all));
    let axis = layer.op.conv().map(|conv| conv.axes[0]);
    if dense.rows.is_none() {
        let walk = dense.filters.first().map(|filter| filter_walk(graph, filter.layer));
        let input = axis.map_or(middle_height, |axis| axis.input);
        return Ok(Extent {
            result: rows,
            middle: Rows::all(middle_height),
            middle_above: walk.transpose()?.map_or(0, |walk| walk.pads[0]),
            input: Rows::all(input),
            input_above: axis.map_or(0, |axis| axis.begin),
        });
    }
    let (middle, middle_above) = behind(graph, &dense.filters, middle_height, rows)?;
    let own = match axis {
        Some(axis) => reach(&axis, middle).ok_or_else(outside)?,
        None => Reach { rows: middle, above: 0 },
    };
    let (input, input_above) = (own.rows, own.above);
    Ok(Extent { result: rows, middle, middle_above, input, input_above })
}

/// Those of a plane pass.
///
/// # Errors
/// As [`extent`].
pub fn plane_extent(graph: &QGraph, plane: &PlaneWork) -> Result<Extent> {
    let filter = plane.filters.first().ok_or_else(outside)?;
    let input = height(graph, plane.source.value);
    let all = height(graph, graph.layers[filter.layer].outputs[0]);
    let rows = plane.rows.unwrap_or(Rows::all(all));
    let (middle, middle_above) = match plane.rows {
        Some(_) => behind(graph, &plane.filters, input, rows)?,
        None => (Rows::all(input), filter_walk(graph, filter.layer)?.pads[0]),
    };
    Ok(Extent { result: rows, middle, middle_above, input: middle, input_above: 0 })
}

/// The rows of its value that a tensor holds.
pub fn held(stored: &Stored) -> Rows {
    Rows { first: stored.first, count: stored.height }
}

/// The tensor that would hold all rows of the value.
pub fn whole(graph: &QGraph, stored: &Stored) -> Stored {
    Stored { first: 0, height: height(graph, stored.value), ..stored.clone() }
}
