//! The least value that a tensor can hold, as far as the operators in front of it say.

use crate::frontend::graph::{Graph, Links, ValueId};
use crate::frontend::ops::Op;
use crate::frontend::ops::activation::Activation;
use crate::frontend::ops::epilogue::Residual;

/// Operators that are looked through at most.
const DEPTH: usize = 16;

/// A bound that no element of `id` is below, whatever the network's inputs are; minus infinity where
/// nothing is known.
pub(super) fn least(graph: &Graph, links: &Links, id: ValueId) -> f64 {
    look(graph, links, id, DEPTH)
}

fn look(graph: &Graph, links: &Links, id: ValueId, depth: usize) -> f64 {
    let unknown = f64::NEG_INFINITY;
    let Some((_, node)) = graph.producer(links, id).filter(|_| depth > 0) else { return unknown };
    let of = |id: ValueId| look(graph, links, id, depth - 1);
    let constant = |position: usize| -> Option<f64> {
        let value = graph.constant(node.input(position)?)?.values::<f32>().ok()?;
        value.first().map(|&value| value.into())
    };
    match &node.op {
        Op::Activation(activation) => activation.lower_bound().unwrap_or(unknown),
        Op::Conv(conv) if conv.epilogue.residual != Some(Residual::AfterActivation) => {
            conv.epilogue.activation.and_then(Activation::lower_bound).unwrap_or(unknown)
        }
        Op::Softmax(_) => 0.0,
        // An upper bound below the lower one is what everything becomes.
        Op::Clip(_) => {
            let upper = node.input(2).map_or(Some(f64::INFINITY), |_| constant(2));
            constant(1).zip(upper).map_or(unknown, |(lower, upper)| lower.min(upper))
        }
        // The largest or the mean of some elements of the input, or some of them.
        Op::MaxPool(_)
        | Op::GlobalPool(_)
        | Op::Reshape(_)
        | Op::Transpose(_)
        | Op::Slice(_)
        | Op::Split(_)
        | Op::ChannelShuffle(_)
        | Op::Flatten(_) => node.input(0).map_or(unknown, of),
        Op::Concat(_) => {
            node.inputs.iter().flatten().map(|&id| of(id)).fold(f64::INFINITY, f64::min)
        }
        _ => unknown,
    }
}
