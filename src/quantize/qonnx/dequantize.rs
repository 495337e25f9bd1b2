//! A quantized graph back to float, so that it can be quantized again.

use super::saturation;
use crate::base::error::Result;
use crate::base::tensor::Tensor;
use crate::frontend::graph::Graph;
use crate::frontend::ops::clip::Clip;
use crate::frontend::ops::{Inputs, Op};

/// Takes the quantization out of a graph: stored integers become the numbers that they stand for,
/// and the pairs of QuantizeLinear and DequantizeLinear on activations disappear. Where such a pair also cuts off
/// all negative numbers, as quantizers use it in the place of ReLU and ReLU6, a Clip takes its place. Returns how
/// many such operators are gone.
///
/// # Errors
/// Those of evaluating an operator on constants, and of [`Graph::validate`].
pub fn dequantize(graph: &mut Graph) -> Result<usize> {
    let clips = saturation::clips(graph);
    let mut removed = 0;
    for (index, clip) in clips.into_iter().enumerate() {
        let node = &graph.nodes[index];
        if !matches!(node.op, Op::QuantizeLinear(_) | Op::DequantizeLinear(_)) {
            continue;
        }
        let (Some(input), Some(&output)) = (node.input(0), node.outputs.first()) else { continue };
        removed += 1;
        if let Some(range) = clip {
            let name = node.name.clone();
            let bound = |graph: &mut Graph, end: &str, value: f32| {
                graph.add_constant(&format!("{name}:{end}"), Tensor::scalar(value))
            };
            let (least, most) = (bound(graph, "min", range.least), bound(graph, "max", range.most));
            graph.nodes[index].op = Clip.into();
            graph.nodes[index].inputs = vec![Some(input), Some(least), Some(most)];
            continue;
        }
        if graph.constant(input).is_some() {
            let inputs: Vec<_> =
                node.inputs.iter().map(|id| id.and_then(|id| graph.constant(id))).collect();
            let value = node.op.eval(Inputs::new(&inputs)).map_err(|e| e.at(node.place()))?;
            graph.values[output.0].fact.value = value.into_iter().next();
        } else {
            graph.redirect(output, input);
        }
        graph.nodes[index].outputs.clear();
    }
    graph.tidy()?;
    infer_again(graph)?;
    graph.validate()?;
    Ok(removed)
}

/// Operators between a QuantizeLinear and its DequantizeLinear, such as a pooling of integers, now
/// compute in float.
fn infer_again(graph: &mut Graph) -> Result<()> {
    for index in 0..graph.nodes.len() {
        let facts = graph.infer(&graph.nodes[index])?;
        for (id, fact) in graph.nodes[index].outputs.clone().into_iter().zip(facts) {
            let stored = &mut graph.values[id.0].fact;
            (stored.dtype, stored.shape) = (fact.dtype, fact.shape);
        }
    }
    Ok(())
}
