//! Operators that return their first input as it is.

use super::Rewrite;
use crate::base::error::Result;
use crate::frontend::graph::{Graph, Node};
use crate::frontend::ops::Op;

/// See the module.
pub struct RemoveIdentities;

impl Rewrite for RemoveIdentities {
    fn name(&self) -> &'static str {
        "remove-identities"
    }

    fn description(&self) -> &'static str {
        "remove dropout, identity and other operators that change nothing"
    }

    fn run(&self, graph: &mut Graph) -> Result<usize> {
        let mut removed = 0;
        for index in 0..graph.nodes.len() {
            let node = &graph.nodes[index];
            if let (Some(input), [output]) = (node.input(0), &node.outputs[..])
                && is_identity(graph, node)
            {
                let output = *output;
                graph.redirect(output, input);
                removed += 1;
            }
        }
        Ok(removed)
    }
}

fn is_identity(graph: &Graph, node: &Node) -> bool {
    let (Some(input), [output]) = (node.input(0), &node.outputs[..]) else { return false };
    let (from, to) = (graph.fact(input), graph.fact(*output));
    if (from.dtype, &from.shape) != (to.dtype, &to.shape) {
        return false;
    }
    let integers = |position: usize| {
        node.input(position)
            .and_then(|id| graph.constant(id))
            .and_then(|value| value.to_i64s().ok())
    };
    let ones = |position: usize| {
        node.input(position)
            .and_then(|id| graph.constant(id))
            .and_then(|value| value.values::<f32>().ok())
            .is_some_and(|scales| scales.iter().all(|&scale| scale == 1.0))
    };
    match &node.op {
        Op::Identity(_) | Op::Cast(_) | Op::Expand(_) => true,
        Op::Reshape(_) | Op::Flatten(_) | Op::Squeeze(_) | Op::Unsqueeze(_) => true,
        Op::Concat(_) => node.inputs.len() == 1,
        Op::Split(_) => true,
        // Equal extents leave only the full range, forward or backward.
        Op::Slice(_) => {
            node.input(4).is_none() || integers(4).is_some_and(|steps| steps.iter().all(|&s| s > 0))
        }
        Op::Pad(_) => integers(1).is_some_and(|pads| pads.iter().all(|&pad| pad == 0)),
        Op::Transpose(op) => op.is_identity(from.shape.len()),
        Op::Resize(_) => ones(2),
        _ => false,
    }
}
