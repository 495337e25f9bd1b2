//! The checker's own notion of the rows that a pass touches: listed tap by tap.

use std::collections::BTreeSet;

use super::operators::{filter_axis, is_filter, is_large};
use super::wrong;
use crate::base::error::Result;
use crate::compile::capabilities::Window;
use crate::compile::schedule::{Dense, Filter, PlaneWork, Source, Work};
use crate::frontend::ops::window::Axis;
use crate::model::qgraph::{QGraph, QValueId};

/// A first row and the row behind the last one.
pub type Span = (usize, usize);

/// Rows by what a pass does with them: those that it must find or make, and those between the outermost
/// of them, all of which it touches.
pub struct Touched {
    pub result: BTreeSet<usize>,
    pub middle: BTreeSet<usize>,
    pub input: BTreeSet<usize>,
    pub spans: [Span; 3],
}

/// The rows of the result, of the array's result and of the input.
pub fn touched(graph: &QGraph, work: &Work) -> Result<Option<Touched>> {
    match work {
        Work::Dense(dense) => of_dense(graph, dense).map(Some),
        Work::Plane(plane) => of_plane(graph, plane).map(Some),
        Work::Transfer(_) | Work::Processor { .. } => Ok(None),
    }
}

/// Rows of a value.
pub fn height(graph: &QGraph, id: QValueId) -> usize {
    graph.value(id).shape.get(2).copied().unwrap_or(1)
}

/// The same of one that a plan names, which may not exist.
fn height_of(graph: &QGraph, id: QValueId) -> Result<usize> {
    match graph.values.get(id.0) {
        Some(_) => Ok(height(graph, id)),
        None => Err(wrong("no such value")),
    }
}

fn of_dense(graph: &QGraph, dense: &Dense) -> Result<Touched> {
    let layer = graph.layers.get(dense.layer).ok_or_else(|| wrong("no such layer"))?;
    // A copy reads what it makes.
    let copied = match &dense.source {
        Source::Memory(views) if layer.op.movement().is_some() => views.first(),
        _ => None,
    };
    let output = height_of(graph, copied.map_or(layer.outputs[0], |view| view.value))?;
    let (result, middle) = behind(graph, &dense.filters, output, dense.rows.map(spanned))?;
    let axis = layer.op.conv().map(|conv| conv.axes[0]);
    let looks = |row: &usize| axis.as_ref().map_or(vec![*row], |axis| taps(axis, *row));
    let input: BTreeSet<usize> = middle.iter().flat_map(looks).collect();
    let all = axis.map_or(output, |axis| axis.input);
    finish(dense.rows.is_none(), [result, middle, input], [output, all])
}

fn of_plane(graph: &QGraph, plane: &PlaneWork) -> Result<Touched> {
    let input = height_of(graph, plane.source.value)?;
    let (result, middle) = behind(graph, &plane.filters, input, plane.rows.map(spanned))?;
    finish(plane.rows.is_none(), [result, middle.clone(), middle], [input, input])
}

fn spanned(rows: crate::compile::schedule::Rows) -> Span {
    (rows.first, rows.first.saturating_add(rows.count))
}

/// Rows of the result, and of the plane engine's input, which has `input` rows.
fn behind(
    graph: &QGraph,
    filters: &[Filter],
    input: usize,
    rows: Option<Span>,
) -> Result<(BTreeSet<usize>, BTreeSet<usize>)> {
    let output = match filters.first() {
        None => input,
        Some(filter) => {
            let layer = graph.layers.get(filter.layer).ok_or_else(|| wrong("no such layer"))?;
            height(graph, layer.outputs[0])
        }
    };
    let (first, end) = rows.unwrap_or((0, output));
    if first >= end || end > output {
        return Err(wrong(format!("rows {first} to {end} of {output}")));
    }
    let result: BTreeSet<usize> = (first..end).collect();
    let mut middle = BTreeSet::new();
    if filters.is_empty() {
        return Ok((result.clone(), result));
    }
    for filter in filters {
        let axis = window(graph, filter.layer, input)?;
        middle.extend(result.iter().flat_map(|&row| taps(&axis, row)));
    }
    Ok((result, middle))
}

/// The rows that the plane engine takes for a row of a filter.
fn window(graph: &QGraph, layer: usize, input: usize) -> Result<Axis> {
    let op = &graph.layers.get(layer).ok_or_else(|| wrong("no such layer"))?.op;
    if !is_filter(op) && !is_large(op) {
        return Err(wrong("the plane engine does not do this"));
    }
    let axis = filter_axis(graph, layer)?;
    let unit = Axis { input: 1, output: 1, ..Axis::UNIT };
    let unit = Axis { stride: axis.stride, ..unit };
    let window = match op.conv() {
        Some(conv) => Window::fit(&conv.axes),
        None => Window::fit(&[axis, unit]).or_else(|_| Window::fit(&[axis, axis])),
    };
    let walk = window.map_err(|reason| wrong(reason.to_string()))?.walk;
    Ok(Axis { kernel: 2 * walk.reach + 1, begin: walk.pads[0], dilation: 1, input, ..axis })
}

fn finish(
    whole: bool,
    [result, middle, input]: [BTreeSet<usize>; 3],
    [middle_rows, input_rows]: [usize; 2],
) -> Result<Touched> {
    let span = |rows: &BTreeSet<usize>| -> Result<Span> {
        match (rows.first(), rows.last()) {
            (Some(&first), Some(&last)) => Ok((first, last + 1)),
            _ => Err(wrong("a strip reads no row")),
        }
    };
    // A pass that does all of its result touches all of its tensors.
    let mut spans = [span(&result)?, (0, middle_rows), (0, input_rows)];
    if !whole {
        spans = [spans[0], span(&middle)?, span(&input)?];
    }
    Ok(Touched { result, middle, input, spans })
}

/// The rows of the input that the window of a row looks at.
fn taps(axis: &Axis, row: usize) -> Vec<usize> {
    let tap = |tap: usize| {
        let at = (row * axis.stride + tap * axis.dilation).checked_sub(axis.begin)?;
        (at < axis.input).then_some(at)
    };
    (0..axis.kernel).filter_map(tap).collect()
}

/// By value, the rows that outputs of the network depend on: a window that steps over the last row of its input, or
/// ends before it, needs none of it.
pub fn needed(graph: &QGraph) -> Vec<BTreeSet<usize>> {
    let all = |id: QValueId| 0..height(graph, id);
    let mut needed = vec![BTreeSet::new(); graph.values.len()];
    for output in &graph.outputs {
        needed[output.value.0].extend(all(output.value));
    }
    for (index, layer) in graph.layers.iter().enumerate().rev() {
        let axis = match layer.op.conv() {
            Some(conv) => Some(conv.axes[0]),
            None if is_filter(&layer.op) => filter_axis(graph, index).ok(),
            None => None,
        };
        let results = layer.outputs.iter().flat_map(|id| needed[id.0].iter().copied());
        let results: BTreeSet<usize> = results.collect();
        let inputs = layer.inputs.iter().enumerate();
        for (position, id) in inputs.filter_map(|(at, own)| Some((at, own.as_ref()?.value()?))) {
            match axis.as_ref().filter(|_| position == 0) {
                Some(axis) => needed[id.0].extend(results.iter().flat_map(|&row| taps(axis, row))),
                None => needed[id.0].extend(all(id)),
            }
        }
    }
    needed
}
