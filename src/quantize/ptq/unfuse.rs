//! What the quantizer rewrites before it starts: operators as convolutions, activations of the
//! head as layers of their own.

use super::Options;
use super::assign::{Kind, kinds, reaches_compute};
use super::function::function;
use crate::base::error::Result;
use crate::base::tensor::{DType, Tensor};
use crate::frontend::graph::{Graph, Node};
use crate::frontend::ops::Op;
use crate::frontend::ops::activation::Activation;
use crate::frontend::ops::conv::Conv;
use crate::frontend::ops::epilogue::{Epilogue, Residual};
use crate::frontend::ops::global_pool::GlobalPool;
use crate::frontend::ops::window::Window;

/// Rewrites the graph in place.
pub fn lower(graph: &mut Graph, options: &Options) -> Result<()> {
    for index in 0..graph.nodes.len() {
        average_to_conv(graph, index)?;
    }
    graph.tidy()?;
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

/// An average over full windows is a depthwise convolution with equal weights.
fn average_to_conv(graph: &mut Graph, index: usize) -> Result<()> {
    let node = &graph.nodes[index];
    let Some(input) = node.input(0) else { return Ok(()) };
    let &[_, channels, rows, columns] = &graph.fact(input).shape[..] else { return Ok(()) };
    let window = match &node.op {
        Op::AveragePool(pool) if !pool.ceil => {
            let unpadded = pool.window.pads.iter().all(|&pads| pads == (0, 0));
            if !(pool.count_include_pad || unpadded) || pool.window.kernel.len() != 2 {
                return Ok(());
            }
            pool.window.clone()
        }
        Op::GlobalPool(pool) if *pool == GlobalPool::Average => {
            Window { kernel: vec![rows, columns], ..Window::default() }
        }
        _ => return Ok(()),
    };
    let taps = window.kernel[0] * window.kernel[1];
    let shape = [channels, 1, window.kernel[0], window.kernel[1]];
    let weights = Tensor::new(&shape, vec![1.0 / taps as f32; channels * taps])?;
    let weight = graph.add_constant(&format!("{}:mean", graph.nodes[index].name.clone()), weights);
    let node = &mut graph.nodes[index];
    node.op = Op::Conv(Conv { window, group: channels, epilogue: Epilogue::default() });
    node.inputs = vec![Some(input), Some(weight)];
    Ok(())
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
    let fact = crate::frontend::ops::Fact::new(DType::F32, graph.fact(output).shape.clone());
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
