//! Little work behind a layer of the processor: it is done there too, since the accelerator would wait for the
//! processor in the middle of the frame, such as for the softmax of a head, to add a thousandth of its work.

use super::classify::Unit;
use crate::compile::capabilities::{Fit, Reason};
use crate::model::qgraph::{Layer, Operand, QGraph};

/// The accelerator gets what is behind a layer of the processor if that is more than 1 / SHARE of its work.
const SHARE: u64 = 100;

/// Takes from the accelerator what lies behind a layer of the processor and is too little to wait for.
pub fn leave_to_processor(graph: &QGraph, units: &mut [Fit<Unit>]) {
    let work: Vec<u64> = (0..units.len())
        .map(|index| match units[index] {
            Ok(Unit::View | Unit::Phases) | Err(_) => 0,
            Ok(_) => work(graph, &graph.layers[index]),
        })
        .collect();
    let total: u64 = work.iter().sum();
    let mut left = vec![false; units.len()];
    for index in 0..units.len() {
        if units[index].is_ok() || left[index] {
            continue;
        }
        let behind = behind(graph, index);
        let sum: u64 = behind.iter().map(|&layer| work[layer]).sum();
        if sum * SHARE <= total {
            behind.iter().for_each(|&layer| left[layer] = true);
        }
    }
    for (unit, left) in units.iter_mut().zip(left) {
        if left && unit.is_ok_and(|unit| unit != Unit::View) {
            *unit = Err(Reason::LittleBehindProcessor);
        }
    }
}

/// Multiplications, or results where there are none.
fn work(graph: &QGraph, layer: &Layer) -> u64 {
    let shape = &graph.value(layer.outputs[0]).shape;
    layer.op.operator().macs(shape).max(shape.iter().product::<usize>() as u64)
}

/// The layers that need the result of `first`.
fn behind(graph: &QGraph, first: usize) -> Vec<usize> {
    let mut reached = vec![false; graph.values.len()];
    graph.layers[first].outputs.iter().for_each(|output| reached[output.0] = true);
    let mut behind = Vec::new();
    for (index, layer) in graph.layers.iter().enumerate().skip(first + 1) {
        let mut read = layer.inputs.iter().flatten().filter_map(Operand::value);
        if read.any(|id| reached[id.0]) {
            layer.outputs.iter().for_each(|output| reached[output.0] = true);
            behind.push(index);
        }
    }
    behind
}
