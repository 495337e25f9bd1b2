//! Which unit does a layer: what the accelerator's array, plane engine and views can do, by layer.

use super::channels;
use crate::base::arithmetic::Rounding;
use crate::base::error::Result;
use crate::frontend::ops::Op;
use crate::frontend::ops::window::Axis;
use crate::model::qgraph::{ConvOutput, Layer, QConv, QGraph, QOp, QValueId, Width};

/// Taps of the plane engine along an axis.
const SIDE: usize = 3;
/// Largest kernel, stride and dilation of the dense array.
const MAX_STEP: usize = 15;
/// Largest padding of the dense array at the top or left.
const MAX_PAD: usize = 255;
/// Largest extent of a plane along an axis.
const MAX_EXTENT: usize = (1 << 16) - 1;
/// Largest exponent of two as a weight.
const MAX_WEIGHT_SHIFT: i32 = 6;

/// The unit that does a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// The dense array.
    Dense,
    /// The plane engine: a depthwise convolution or a maximum of at most 3 x 3.
    Plane(Walk),
    /// The plane engine, this many times: a square maximum above 3 x 3 of stride 1.
    Cascade(usize),
    /// Nothing: channels are read from where they lie.
    View,
    /// The processor.
    Processor,
}

/// How the plane engine walks over a plane; two filters on one input must agree in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walk {
    stride: usize,
    pads: [usize; 2],
    output: [usize; 2],
}

/// The unit of every layer.
///
/// # Errors
/// Those of evaluating a movement.
pub fn units(graph: &QGraph) -> Result<Vec<Unit>> {
    graph.layers.iter().map(|layer| unit(graph, layer)).collect()
}

fn unit(graph: &QGraph, layer: &Layer) -> Result<Unit> {
    if graph.rounding != Rounding::HalfUp {
        return Ok(Unit::Processor);
    }
    Ok(match &layer.op {
        QOp::Conv(conv) => conv_unit(graph, layer, conv),
        QOp::Add if aligns(graph, layer, &[0, 1]) => Unit::Dense,
        QOp::Rescale if aligns(graph, layer, &[0]) => Unit::Dense,
        QOp::MaxPool(op) => pool_unit(graph, layer, op)?,
        QOp::Move(op) if channels::is_view(graph, layer, op)? => Unit::View,
        QOp::Add | QOp::Rescale | QOp::DpuAdd | QOp::Move(_) | QOp::Float(_) => Unit::Processor,
    })
}

/// Whether a tensor can lie in shared memory: one frame, int8 or int16, planes that are not empty.
pub fn is_storable(graph: &QGraph, id: QValueId) -> bool {
    let value = graph.value(id);
    let width = value.integer().map(|(width, _)| width);
    let one = value.shape.first() == Some(&1) && (2..=4).contains(&value.shape.len());
    let extents = value.shape.iter().skip(2).all(|extent| (1..=MAX_EXTENT).contains(extent));
    matches!(width, Some(Width::I8 | Width::I16)) && one && extents && value.channels() > 0
}

fn is_readable(graph: &QGraph, id: Option<QValueId>) -> bool {
    id.is_some_and(|id| {
        let narrow = matches!(graph.value(id).integer(), Some((Width::I8, _)));
        narrow && is_storable(graph, id)
    })
}

fn conv_unit(graph: &QGraph, layer: &Layer, conv: &QConv) -> Unit {
    let residual = conv.residual().is_none() || is_readable(graph, layer.input(1));
    let stored = is_readable(graph, layer.input(0)) && is_storable(graph, layer.outputs[0]);
    if matches!(conv.output, ConvOutput::Dpu { .. }) || !residual || !stored {
        return Unit::Processor;
    }
    let depthwise = conv.group == conv.outputs() && conv.group_inputs() == 1 && conv.group > 1;
    if depthwise
        && conv.residual().is_none()
        && let Some(walk) = walk(&conv.axes)
    {
        return Unit::Plane(walk);
    }
    if fits_array(&conv.axes) { Unit::Dense } else { Unit::Processor }
}

/// Whether the dense array's address generators can walk this window.
fn fits_array(axes: &[Axis; 2]) -> bool {
    let [rows, columns] = axes;
    let dilation = |axis: &Axis| (axis.kernel > 1).then_some(axis.dilation);
    let dilations = dilation(rows).zip(dilation(columns));
    let small = axes.iter().all(|axis| {
        axis.kernel.max(axis.stride).max(dilation(axis).unwrap_or(1)) <= MAX_STEP
            && axis.begin <= MAX_PAD
    });
    small
        && rows.stride == columns.stride
        && dilations.is_none_or(|(rows, columns)| rows == columns)
}

fn pool_unit(graph: &QGraph, layer: &Layer, op: &Op) -> Result<Unit> {
    let Op::MaxPool(pool) = op else { return Ok(Unit::Processor) };
    let Some(input) = layer.input(0).filter(|&id| is_readable(graph, Some(id))) else {
        return Ok(Unit::Processor);
    };
    let shape = &graph.value(input).shape;
    if shape.len() != 4 || !is_storable(graph, layer.outputs[0]) {
        return Ok(Unit::Processor);
    }
    let axes = pool.window.axes(&pool.window.kernel, &shape[2..], pool.ceil)?;
    let &[rows, columns] = &axes[..] else { return Ok(Unit::Processor) };
    if let Some(walk) = walk(&[rows, columns]) {
        return Ok(Unit::Plane(walk));
    }
    let same = |axis: &Axis| {
        axis.kernel % 2 == 1
            && (axis.stride, axis.dilation) == (1, 1)
            && axis.begin == axis.kernel / 2
            && axis.output == axis.input
    };
    if rows.kernel == columns.kernel && rows.kernel > SIDE && same(&rows) && same(&columns) {
        return Ok(Unit::Cascade(rows.kernel / 2));
    }
    Ok(Unit::Processor)
}

/// How the plane engine does a window, if it can.
fn walk(axes: &[Axis; 2]) -> Option<Walk> {
    let [rows, columns] = axes;
    if rows.stride != columns.stride || !(1..=2).contains(&rows.stride) {
        return None;
    }
    let pads = [rows.begin + place(rows)?, columns.begin + place(columns)?];
    Some(Walk { stride: rows.stride, pads, output: [rows.output, columns.output] })
}

/// The first of the three taps that a kernel takes, so that padding is 0 or 1 at the beginning and
/// the window of three reaches at most one position behind the end.
fn place(axis: &Axis) -> Option<usize> {
    if axis.kernel > 1 && axis.dilation > 1 {
        return None;
    }
    let last = (axis.output - 1) * axis.stride;
    (0..=SIDE.checked_sub(axis.kernel)?).find(|place| {
        let pad = axis.begin + place;
        pad <= 1 && last + SIDE <= axis.input + pad + 1
    })
}

/// Whether the inputs at `positions` reach the output's scale by weights that are powers of two up
/// to 64 and one shift of the output lanes (rules A8 and A13, rescale).
fn aligns(graph: &QGraph, layer: &Layer, positions: &[usize]) -> bool {
    let readable = positions.iter().all(|&position| is_readable(graph, layer.input(position)));
    if !readable || !is_storable(graph, layer.outputs[0]) {
        return false;
    }
    let scales = |id: QValueId| graph.value(id).integer().map(|(_, scales)| scales);
    let Some((width, outputs)) = graph.value(layer.outputs[0]).integer() else { return false };
    let inputs: Vec<_> =
        positions.iter().filter_map(|&position| scales(layer.input(position)?)).collect();
    (0..outputs.len()).all(|channel| {
        let exponents = || inputs.iter().map(|scales| i32::from(scales[channel].exponent));
        let least = exponents().min().unwrap_or(0);
        let shift = i32::from(outputs[channel].exponent) - least;
        // A left shift beyond 2 goes into the weights; int8 is saturated after 8 at the latest.
        let shift = if width == Width::I8 { shift.max(-8) } else { shift };
        let spread = exponents().max().unwrap_or(0) - least;
        spread + (-2 - shift).max(0) <= MAX_WEIGHT_SHIFT
    })
}
