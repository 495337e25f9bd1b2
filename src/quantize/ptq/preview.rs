//! What quantization would make of a network, without calibrating: the decisions of [`super::quantize`]
//! alone.

use super::assign::{Assignment, Kind};
use super::in_float::InFloat;
use super::{Options, activations, batch, concats, products, unfuse};
use crate::base::error::Result;
use crate::frontend::graph::{Graph, Node};
use crate::frontend::rewrites;

/// How a node would be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// In int8 (or int16, where the result leaves): convolutions, additions, maxima.
    Integer,
    /// Integers are moved as they are.
    Moved,
    /// In float.
    Float(InFloat),
}

/// What quantization with some options would make of a network.
#[derive(Debug)]
pub struct Preview {
    graph: Graph,
    decisions: Vec<Decision>,
}

impl Preview {
    /// Decides for a network as it was imported.
    ///
    /// # Errors
    /// Those of the rewrites; [`crate::base::error::codes::LAYER_NAME`] for options that name no layer.
    pub fn new(imported: &Graph, options: &Options) -> Result<Self> {
        let mut graph = imported.clone();
        rewrites::run(&mut graph, &rewrites::for_accelerator())?;
        products::replace_unseen(&mut graph, options)?;
        activations::to_convolutions(&mut graph, options)?;
        concats::pass_by_parts(&mut graph, options)?;
        unfuse::unfuse_activations(&mut graph, options)?;
        let assignment = Assignment::new(&graph, options)?;
        let refused = match batch(imported) {
            Some((_, frames)) => Some(InFloat::Batch(frames)),
            None if !assignment.computes() => Some(InFloat::NothingToQuantize),
            None => None,
        };
        let decision = |index: usize| match (refused, assignment.kinds[index]) {
            (_, Kind::Float) => Decision::Float(assignment.reason(index)),
            (Some(refused), _) => Decision::Float(refused),
            (None, Kind::Move) => Decision::Moved,
            (None, Kind::Conv | Kind::Add | Kind::ChannelMul | Kind::Kept) => Decision::Integer,
        };
        let decisions = (0..graph.nodes.len()).map(decision).collect();
        Ok(Self { graph, decisions })
    }

    /// The decision about a node of the imported network or of a rewritten form of it: the one about the
    /// node that does its main work, with the part that goes into float where there is one besides.
    pub fn of(&self, node: &Node) -> Option<(Decision, Option<InFloat>)> {
        let all = || self.graph.nodes.iter().zip(&self.decisions);
        let shares = |other: &Node| other.sources.iter().any(|name| node.sources.contains(name));
        let (main, &decision) = all()
            .find(|(other, _)| other.name == node.name)
            .or_else(|| all().find(|(other, _)| shares(other)))?;
        // A part that was taken out of a node has the node's name and no ONNX nodes of its own.
        let part = |other: &Node| {
            let behind = other.name.strip_prefix(&main.name);
            other.sources.is_empty() && behind.is_some_and(|rest| rest == ":activation")
        };
        let besides = all().find_map(|(other, &decision)| match decision {
            Decision::Float(reason) if part(other) => Some(reason),
            _ => None,
        });
        Some((decision, besides))
    }
}
