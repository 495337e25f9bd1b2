//! Activations that stand behind a convolution in the network but cannot be done with it in integers become
//! layers of their own.

use super::Options;
use super::assign::{Kind, kinds, reaches_compute};
use super::function::function;
use crate::base::arithmetic::Unit;
use crate::base::error::Result;
use crate::base::tensor::DType;
use crate::frontend::graph::{Graph, Node, ValueId};
use crate::frontend::ops::activation::Activation;
use crate::frontend::ops::binary::Binary;
use crate::frontend::ops::epilogue::{Epilogue, Residual};
use crate::frontend::ops::{Fact, Op};
use crate::frontend::rewrites::bend_by_slopes;

/// Gives activations without a function of the accelerator layers of their own.
pub fn unfuse_activations(graph: &mut Graph, options: &Options) -> Result<()> {
    let kinds = kinds(graph, options)?;
    let reaches = reaches_compute(graph, &kinds);
    for (index, kind) in kinds.iter().enumerate() {
        if *kind == Kind::Conv {
            let output = graph.nodes[index].outputs[0];
            unfuse(graph, index, reaches[output.0])?;
        }
    }
    graph.tidy()?;
    graph.validate()
}

/// Takes an activation out of a convolution when the accelerator has no function for it, or when
/// its result goes to the processor only, which then applies it in float to a wide output.
fn unfuse(graph: &mut Graph, index: usize, feeds_accelerator: bool) -> Result<()> {
    let Op::Conv(conv) = &graph.nodes[index].op else { return Ok(()) };
    let epilogue = conv.epilogue;
    let Some(activation) = epilogue.activation else { return Ok(()) };
    let fixed = function(Some(activation), Unit::default()).is_some();
    let after = epilogue.residual == Some(Residual::AfterActivation);
    if activation == Activation::Relu || (fixed && (feeds_accelerator || after)) {
        return Ok(());
    }
    if after {
        take_addition(graph, index);
    }
    let node = &mut graph.nodes[index];
    if let Op::Conv(conv) = &mut node.op {
        conv.epilogue.activation = None;
        conv.epilogue.residual = conv.epilogue.residual.map(|_| Residual::AfterActivation);
    }
    put_behind(graph, index, "linear", ("activation", activation.into()), &[]);
    match activation {
        Activation::LeakyRelu { alpha } if !fixed => {
            let channels = graph.fact(graph.nodes[index].outputs[0]).shape[1];
            bend_by_slopes(graph, graph.nodes.len() - 1, &vec![alpha; channels])
        }
        _ => Ok(()),
    }
}

/// Takes the residual of the convolution at `index` out and pushes its addition, as the last node.
fn take_addition(graph: &mut Graph, index: usize) {
    let node = &mut graph.nodes[index];
    let residual = node.input(Epilogue::RESIDUAL_INPUT);
    if let (Op::Conv(conv), Some(residual)) = (&mut node.op, residual) {
        conv.epilogue.residual = None;
        node.inputs.truncate(Epilogue::RESIDUAL_INPUT);
        put_behind(graph, index, "term", ("sum", Binary::Add.into()), &[residual]);
    }
}

/// Pushes an operator that reads what the node at `index` gives, then `others`, and gives what that gave.
fn put_behind(
    graph: &mut Graph,
    index: usize,
    between: &str,
    (name, op): (&str, Op),
    others: &[ValueId],
) {
    let (node, output) = (graph.nodes[index].name.clone(), graph.nodes[index].outputs[0]);
    let fact = Fact::new(DType::F32, graph.fact(output).shape.clone());
    let inner = graph.add_value(&format!("{node}:{between}"), fact);
    graph.nodes[index].outputs = vec![inner];
    let inputs = [inner].iter().chain(others).map(|&id| Some(id)).collect();
    let (name, sources, outputs) = (format!("{node}:{name}"), Vec::new(), vec![output]);
    graph.nodes.push(Node { name, op, inputs, outputs, sources });
}
