//! Which unit does a layer, or why none does: what the accelerator's array, plane engine and views
//! can do, by layer.

use super::channels;
use super::phases::{self, Phases};
use crate::base::arithmetic::Rounding;
use crate::base::error::Result;
use crate::compile::capabilities::{
    self as can, ArrayWindow, Datapath, Fault, Fit, Maximum, Reason, Role, Walk, Window,
};
use crate::model::qgraph::{Layer, QConv, QGraph, QValueId};

/// The unit that does a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// The dense array.
    Dense,
    /// The plane engine: a depthwise convolution or a maximum of at most 3 x 3.
    Plane(Walk),
    /// The plane engine, this many times: a square maximum above 3 x 3 of stride 1.
    Cascade(usize),
    /// The plane engine, with a number per channel as its weight.
    ChannelMul,
    /// Nothing: channels are read from where they lie.
    View,
    /// Nothing: the layers that compute its parts store them where it would put them.
    Phases,
}

/// The unit of every layer, or why it is the processor; with `interleave` results may be stored between each other.
///
/// # Errors
/// Those of evaluating a movement.
pub fn units(graph: &QGraph, interleave: bool) -> Result<Vec<Fit<Unit>>> {
    let mut units =
        graph.layers.iter().map(|layer| unit(graph, layer)).collect::<Result<Vec<_>>>()?;
    let phases = if interleave { phases::find(graph) } else { Vec::new() };
    for Phases { movement, parts } in phases {
        let on_array: Fit<Vec<()>> =
            parts.iter().map(|(index, _)| stored_as_phase(graph, *index, &units[*index])).collect();
        if on_array.is_ok() {
            parts.iter().for_each(|(index, _)| units[*index] = Ok(Unit::Dense));
            units[movement] = Ok(Unit::Phases);
        }
    }
    Ok(units)
}

/// Whether the array does a layer, which alone stores pixels apart from each other.
fn stored_as_phase(graph: &QGraph, index: usize, unit: &Fit<Unit>) -> Fit<()> {
    (*unit)?;
    let conv = graph.layers[index].op.conv().ok_or(Reason::SplitsChannels)?;
    ArrayWindow::fit(&conv.axes).map(|_| ())
}

fn unit(graph: &QGraph, layer: &Layer) -> Result<Fit<Unit>> {
    if graph.rounding != Rounding::HalfUp {
        return Ok(Err(Reason::RoundsHalfEven));
    }
    let datapath = match Datapath::of(&layer.op) {
        Ok(datapath) => datapath,
        Err(reason) => return Ok(Err(reason)),
    };
    Ok(match datapath {
        Datapath::Convolution(conv) => conv_unit(graph, layer, conv),
        Datapath::Sum(inputs) => aligned(graph, layer, inputs),
        Datapath::ChannelMul => channel_mul_unit(graph, layer),
        Datapath::Maximum => return maximum_unit(graph, layer),
        Datapath::Movement(op) => channels::view_of(graph, layer, op)?.map(|_| Unit::View),
    })
}

/// Why the array does a depthwise convolution for which there is a unit of its own.
pub fn not_plane(layer: &Layer) -> Option<Reason> {
    let conv = layer.op.conv()?;
    if !is_depthwise(conv) || conv.residual().is_some() {
        return None;
    }
    Window::fit(&conv.axes).err()
}

fn is_depthwise(conv: &QConv) -> bool {
    conv.group == conv.outputs() && conv.group_inputs() == 1 && conv.group > 1
}

/// Whether a unit can read an input.
fn readable(graph: &QGraph, layer: &Layer, role: Role) -> Fit<QValueId> {
    let id = layer.input(role.position());
    let wrong = |fault| Reason::Tensor(role, fault);
    can::readable(id.map(|id| graph.value(id))).map_err(wrong)?;
    id.ok_or(wrong(Fault::Missing))
}

/// Whether a unit can write a result.
fn writable(graph: &QGraph, layer: &Layer) -> Fit<()> {
    let output = graph.value(layer.outputs[0]);
    can::storable(output).map_err(|fault| Reason::Tensor(Role::Output, fault))
}

fn conv_unit(graph: &QGraph, layer: &Layer, conv: &QConv) -> Fit<Unit> {
    readable(graph, layer, Role::Input)?;
    if conv.residual().is_some() {
        readable(graph, layer, Role::Second)?;
    } else if is_depthwise(conv)
        && let Ok(window) = Window::fit(&conv.axes)
    {
        return writable(graph, layer).map(|()| Unit::Plane(window.walk));
    }
    writable(graph, layer)?;
    ArrayWindow::fit(&conv.axes).map(|_| Unit::Dense)
}

/// An addition or change of scale.
fn aligned(graph: &QGraph, layer: &Layer, inputs: &[Role]) -> Fit<Unit> {
    let mut scales = Vec::with_capacity(inputs.len());
    for &role in inputs {
        let value = graph.value(readable(graph, layer, role)?);
        scales.push(value.integer().map_or(&[][..], |(_, scales)| scales));
    }
    writable(graph, layer)?;
    let (width, outputs) = graph
        .value(layer.outputs[0])
        .integer()
        .ok_or(Reason::Tensor(Role::Output, Fault::Float))?;
    can::align(&scales, outputs, width).map(|_| Unit::Dense)
}

/// A product of channels with a number each.
fn channel_mul_unit(graph: &QGraph, layer: &Layer) -> Fit<Unit> {
    let scales = |id: QValueId| graph.value(id).integer().map_or(&[][..], |(_, scales)| scales);
    let data = scales(readable(graph, layer, Role::Input)?);
    let factors = scales(readable(graph, layer, Role::Second)?);
    writable(graph, layer)?;
    can::products(data, factors, scales(layer.outputs[0])).map(|_| Unit::ChannelMul)
}

fn maximum_unit(graph: &QGraph, layer: &Layer) -> Result<Fit<Unit>> {
    let input = match readable(graph, layer, Role::Input).and_then(|id| {
        writable(graph, layer)?;
        Ok(id)
    }) {
        Ok(input) => input,
        Err(reason) => return Ok(Err(reason)),
    };
    let maximum = Maximum::of(&layer.op, &graph.value(input).shape)?;
    Ok(maximum.map(|maximum| match maximum.stages {
        1 => Unit::Plane(maximum.window.walk),
        stages => Unit::Cascade(stages),
    }))
}
