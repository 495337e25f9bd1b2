//! Layers that go into the model file in float besides their integer form.

use std::collections::HashMap;

use super::Options;
use super::assign::{Assignment, Kind, named};
use crate::base::error::{Error, Remedy, Result, codes};
use crate::frontend::graph::{Graph, Node, ValueId};
use crate::model::forms::FloatForm;
use crate::model::qgraph::{Operand, QFloat, QGraph, QValueId};

/// The float forms of the layers that the options name; `quantized` has a layer for each node.
///
/// # Errors
/// [`codes::LAYER_NAME`] when a pattern names no layer that computes in integers.
pub fn float_forms(
    graph: &Graph,
    assignment: &Assignment,
    quantized: &QGraph,
    options: &Options,
) -> Result<Vec<FloatForm>> {
    let nodes = |wanted: fn(Kind) -> bool| {
        let all = graph.nodes.iter().enumerate();
        all.filter(move |(at, _)| wanted(assignment.kinds[*at]))
    };
    // What is in float anyway may be named too.
    let computes = |pattern: &&String| {
        nodes(|kind| kind.computes() || kind == Kind::Float).any(|(_, node)| named(pattern, node))
    };
    if let Some(pattern) = options.both.iter().find(|pattern| !computes(pattern)) {
        let message =
            format!("no layer that computes is named \"{pattern}\", which is to have both forms");
        return Err(Error::new(&codes::LAYER_NAME, message).remedied_by(Remedy::Both));
    }
    let ids = ids(graph, quantized);
    let operand = |id: ValueId| match ids.get(&id) {
        Some(&id) => Some(Operand::Value(id)),
        None => graph.constant(id).cloned().map(Operand::Constant),
    };
    let chosen =
        nodes(Kind::computes).filter(|(_, node)| options.both.iter().any(|own| named(own, node)));
    let form = |(layer, node): (usize, &Node)| FloatForm {
        layer,
        op: QFloat(node.op.clone()),
        inputs: node.inputs.iter().map(|id| id.and_then(operand)).collect(),
    };
    Ok(chosen.map(form).collect())
}

/// Where the computed values and the inputs of the float network are in the quantized one.
fn ids(graph: &Graph, quantized: &QGraph) -> HashMap<ValueId, QValueId> {
    let layers = graph.nodes.iter().zip(&quantized.layers);
    let computed = layers.flat_map(|(node, layer)| node.outputs.iter().zip(&layer.outputs));
    let inputs = graph.inputs.iter().zip(&quantized.inputs);
    inputs.chain(computed).map(|(&id, &own)| (id, own)).collect()
}
