//! Activations and residual additions into the convolution that produces their input.

use super::Rewrite;
use crate::base::error::Result;
use crate::frontend::graph::{Graph, Links, ValueId};
use crate::frontend::ops::Op;
use crate::frontend::ops::binary::Binary;
use crate::frontend::ops::epilogue::{Epilogue, Residual};

/// See the module.
pub struct FuseEpilogues;

impl Rewrite for FuseEpilogues {
    fn name(&self) -> &'static str {
        "fuse-epilogues"
    }

    fn description(&self) -> &'static str {
        "fuse activations and residual additions into the convolution before them"
    }

    fn run(&self, graph: &mut Graph) -> Result<usize> {
        let mut fused = 0;
        for index in 0..graph.nodes.len() {
            // An activation, then an addition, then an activation: each may follow.
            while fuse_next(graph, index) {
                fused += 1;
            }
        }
        Ok(fused)
    }
}

/// Fuses the one consumer of the node at `index`, if it can be.
fn fuse_next(graph: &mut Graph, index: usize) -> bool {
    let links = graph.links();
    let node = &graph.nodes[index];
    let Some(epilogue) = epilogue(&node.op) else { return false };
    let [output] = node.outputs[..] else { return false };
    let Some(next) = links.only_consumer(output) else { return false };
    match graph.nodes[next].op {
        Op::Activation(activation) if epilogue.activation.is_none() => {
            let fused = Epilogue {
                activation: Some(activation),
                residual: epilogue.residual.map(|_| Residual::BeforeActivation),
            };
            set_epilogue(&mut graph.nodes[index].op, fused);
        }
        Op::Binary(Binary::Add) if epilogue.residual.is_none() => {
            let Some(other) = residual_operand(graph, &links, index, next) else { return false };
            let fused = Epilogue { residual: Some(Residual::AfterActivation), ..epilogue };
            let node = &mut graph.nodes[index];
            set_epilogue(&mut node.op, fused);
            node.inputs.resize(Epilogue::RESIDUAL_INPUT, None);
            node.inputs.push(Some(other));
        }
        _ => return false,
    }
    graph.absorb(index, next);
    true
}

/// The other operand of the addition, if this convolution is the one to take it: of two
/// convolutions the later one, so that the earlier need not wait.
fn residual_operand(graph: &Graph, links: &Links, index: usize, add: usize) -> Option<ValueId> {
    let output = graph.nodes[index].outputs[0];
    let inputs = &graph.nodes[add].inputs;
    let other = inputs.iter().flatten().copied().find(|&id| id != output)?;
    let same_shape = graph.fact(other).shape == graph.fact(output).shape;
    let ready = links
        .producer(other)
        .is_none_or(|producer| producer < index || epilogue(&graph.nodes[producer].op).is_none());
    (same_shape && ready && graph.constant(other).is_none()).then_some(other)
}

fn epilogue(op: &Op) -> Option<Epilogue> {
    match op {
        Op::Conv(conv) => Some(conv.epilogue),
        _ => None,
    }
}

fn set_epilogue(op: &mut Op, epilogue: Epilogue) {
    if let Op::Conv(conv) = op {
        conv.epilogue = epilogue;
    }
}
