//! Activations that stand behind a convolution in the network but cannot be done with it in integers become
//! layers of their own.

use super::Options;
use super::assign::{Kind, kinds, reaches_compute};
use super::function::function;
use crate::base::error::Result;
use crate::base::tensor::DType;
use crate::frontend::graph::{Graph, Node};
use crate::frontend::ops::activation::Activation;
use crate::frontend::ops::epilogue::Residual;
use crate::frontend::ops::{Fact, Op};

/// Rewrites the graph in place.
pub fn unfuse_activations(graph: &mut Graph, options: &Options) -> Result<()> {
    let kinds = kinds(graph, options)?;
    let reaches = reaches_compute(graph, &kinds);
    for (index, kind) in kinds.iter().enumerate() {
        if *kind == Kind::Conv {
            let output = graph.nodes[index].outputs[0];
            unfuse(graph, index, reaches[output.0]);
        }
    }
    graph.tidy()?;
    graph.validate()
}

/// Takes an activation out of a convolution when the accelerator has no function for it, or when
/// its result goes to the processor only, which then applies it in float to a wide output.
fn unfuse(graph: &mut Graph, index: usize, feeds_accelerator: bool) {
    let node = &graph.nodes[index];
    let Op::Conv(conv) = &node.op else { return };
    let Some(activation) = conv.epilogue.activation else { return };
    let keeps = activation == Activation::Relu
        || (feeds_accelerator && function(Some(activation)).is_some())
        || conv.epilogue.residual == Some(Residual::AfterActivation);
    if keeps {
        return;
    }
    let (name, output) = (node.name.clone(), node.outputs[0]);
    let fact = Fact::new(DType::F32, graph.fact(output).shape.clone());
    let linear = graph.add_value(&format!("{name}:linear"), fact);
    let node = &mut graph.nodes[index];
    node.outputs = vec![linear];
    if let Op::Conv(conv) = &mut node.op {
        conv.epilogue.activation = None;
        if conv.epilogue.residual.is_some() {
            conv.epilogue.residual = Some(Residual::AfterActivation);
        }
    }
    graph.nodes.push(Node {
        name: format!("{name}:activation"),
        op: activation.into(),
        inputs: vec![Some(linear)],
        outputs: vec![output],
        sources: Vec::new(),
    });
}
