//! Results that are stored between each other: the phases of a plane.
//!
//! A depth-to-space of a concatenation of convolutions which nothing else reads takes no pass of its own: each
//! convolution writes its pixels where the depth-to-space would put them.

use serde::{Deserialize, Serialize};

use super::Stored;
use crate::frontend::ops::Op;
use crate::model::qgraph::{Operand, QGraph, QValueId};

/// Where the pixels of a phase lie: pixel (y, x) in row `row + block * y` and column `column + block * x`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// Rows and columns from pixel to pixel.
    pub block: usize,
    /// The first row.
    pub row: usize,
    /// The first column.
    pub column: usize,
}

impl Phase {
    /// The first pixel of the phase in a plane of the tensor, and the pixel behind its last one.
    pub fn span(&self, stored: &Stored) -> (usize, usize) {
        let at = |y: usize, x: usize| {
            (self.row + self.block * y) * stored.width + self.column + self.block * x
        };
        let last = |extent: usize| (extent / self.block).saturating_sub(1);
        (at(0, 0), at(last(stored.height), last(stored.width)) + 1)
    }
}

/// A layer that computes a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The value of all phases.
    pub value: QValueId,
    /// Which one.
    pub phase: Phase,
}

/// The phases that make up a value.
pub struct Phases {
    /// The depth-to-space.
    pub movement: usize,
    /// The layers that compute the phases.
    pub parts: Vec<(usize, Part)>,
}

/// All values of a network whose phases are convolutions.
pub fn find(graph: &QGraph) -> Vec<Phases> {
    (0..graph.layers.len()).filter_map(|index| of(graph, index)).collect()
}

fn of(graph: &QGraph, movement: usize) -> Option<Phases> {
    let layer = &graph.layers[movement];
    let Some(Op::DepthToSpace(op)) = layer.op.movement() else { return None };
    let made = |id: QValueId| graph.layers.iter().position(|layer| layer.outputs == [id]);
    // One layer reads it, once, and it does not leave.
    let alone = |id: QValueId| {
        let operands = graph.layers.iter().flat_map(|layer| layer.inputs.iter().flatten());
        let reads = operands.filter(|operand| operand.value() == Some(id)).count();
        reads == 1 && graph.outputs.iter().all(|output| output.value != id)
    };
    let joined = layer.input(0).filter(|&id| alone(id))?;
    let joined = &graph.layers[made(joined)?];
    let Some(Op::Concat(concat)) = joined.op.movement() else { return None };
    let inputs: Vec<QValueId> =
        joined.inputs.iter().flatten().map(Operand::value).collect::<Option<_>>()?;
    let plain = !op.channel_first && concat.axis == 1;
    if !plain || inputs.len() != op.block * op.block {
        return None;
    }
    let part = |(number, &id): (usize, &QValueId)| {
        let index =
            made(id).filter(|&index| alone(id) && graph.layers[index].op.conv().is_some())?;
        let (row, column) = (number / op.block, number % op.block);
        let phase = Phase { block: op.block, row, column };
        Some((index, Part { value: layer.outputs[0], phase }))
    };
    let parts = inputs.iter().enumerate().map(part).collect::<Option<_>>()?;
    Some(Phases { movement, parts })
}
