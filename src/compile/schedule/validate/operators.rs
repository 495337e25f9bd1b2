//! What the checker knows of the plane engine's operators, by itself.

use super::wrong;
use crate::base::error::Result;
use crate::frontend::ops::window::Axis;
use crate::model::qgraph::{QGraph, QMaxPool, QOp};

/// The largest extent of a maximum's window; 1 for everything else.
pub fn kernel(op: &QOp) -> usize {
    match op {
        QOp::MaxPool(QMaxPool { max_pool }) => {
            max_pool.window.kernel.iter().copied().max().unwrap_or(1)
        }
        QOp::Conv(_)
        | QOp::Add
        | QOp::ChannelMul
        | QOp::DpuAdd
        | QOp::Rescale
        | QOp::Move(_)
        | QOp::Float(_) => 1,
    }
}

/// Whether an operator takes several stages of 3 x 3.
pub fn is_large(op: &QOp) -> bool {
    kernel(op) > 3
}

/// Whether an operator is a filter: one stage, each channel on its own.
pub fn is_filter(op: &QOp) -> bool {
    match op {
        QOp::Conv(conv) => conv.group_inputs() == 1 && conv.group == conv.outputs(),
        QOp::ChannelMul => true,
        QOp::MaxPool(_) => !is_large(op),
        QOp::Add | QOp::DpuAdd | QOp::Rescale | QOp::Move(_) | QOp::Float(_) => false,
    }
}

/// The window of a filter, or of a stage, along the rows.
pub fn filter_axis(graph: &QGraph, layer: usize) -> Result<Axis> {
    let layer = &graph.layers[layer];
    match &layer.op {
        QOp::Conv(conv) => Ok(conv.axes[0]),
        QOp::ChannelMul => {
            let rows = graph.value(layer.outputs[0]).shape[2];
            Ok(Axis { input: rows, output: rows, ..Axis::UNIT })
        }
        QOp::MaxPool(QMaxPool { max_pool: pool }) => {
            let input = layer.input(0).ok_or_else(|| wrong("a maximum of nothing"))?;
            let shape = &graph.value(input).shape[2..];
            let axis = pool.window.axes(&pool.window.kernel, shape, pool.ceil)?[0];
            match axis.kernel {
                0..=3 => Ok(axis),
                _ => Ok(Axis { kernel: 3, begin: 1, end: 1, dilation: 1, ..axis }),
            }
        }
        QOp::Add | QOp::DpuAdd | QOp::Rescale | QOp::Move(_) | QOp::Float(_) => {
            Err(wrong("the plane engine does not do this"))
        }
    }
}
