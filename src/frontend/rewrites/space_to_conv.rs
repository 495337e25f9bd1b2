//! Pixels that become channels in the middle of a network are gathered by a convolution whose stride is its kernel.
//!
//! A convolution behind takes the pixels itself, with a kernel larger by the block; else one with a weight of 1 for each
//! channel does. At the network's input the stem unit does it.

use super::{MAX_KERNEL, Rewrite};
use crate::base::error::Result;
use crate::base::tensor::{DType, Tensor};
use crate::frontend::graph::{Graph, ValueId};
use crate::frontend::ops::Op;
use crate::frontend::ops::conv::Conv;
use crate::frontend::ops::epilogue::Epilogue;
use crate::frontend::ops::space_to_depth::SpaceToDepth;
use crate::frontend::ops::window::Window;

/// See the module.
pub struct SpaceToConv;

impl Rewrite for SpaceToConv {
    fn name(&self) -> &'static str {
        "space-to-conv"
    }

    fn description(&self) -> &'static str {
        "turn pixels that become channels into convolutions with a stride"
    }

    fn run(&self, graph: &mut Graph) -> Result<usize> {
        let mut turned = 0;
        for index in 0..graph.nodes.len() {
            let node = &graph.nodes[index];
            let (Op::SpaceToDepth(op), Some(input)) = (&node.op, node.input(0)) else { continue };
            let fact = graph.fact(input);
            if graph.inputs.contains(&input) || fact.dtype != DType::F32 || op.block > MAX_KERNEL {
                continue;
            }
            let (op, channels) = (op.clone(), fact.shape[1]);
            if !join(graph, index, input, &op)? {
                gather(graph, index, input, &op, channels)?;
            }
            turned += 1;
        }
        Ok(turned)
    }
}

/// A window that moves by blocks.
fn blocks(kernel: [usize; 2], strides: [usize; 2], pads: [(usize, usize); 2]) -> Window {
    Window {
        kernel: kernel.to_vec(),
        strides: strides.to_vec(),
        pads: pads.to_vec(),
        ..Window::default()
    }
}

/// A convolution with one weight of 1 for each of its outputs takes the place of the node.
fn gather(
    graph: &mut Graph,
    index: usize,
    input: ValueId,
    op: &SpaceToDepth,
    channels: usize,
) -> Result<()> {
    let outputs = op.offsets.len() * channels;
    let mut weights = vec![0f32; outputs * channels * op.block * op.block];
    for output in 0..outputs {
        let (row, column) = op.offsets[output / channels];
        let tap = (output * channels + output % channels) * op.block + row;
        weights[tap * op.block + column] = 1.0;
    }
    let weights = Tensor::new(&[outputs, channels, op.block, op.block], weights)?;
    let name = format!("{}:weight", graph.nodes[index].name);
    let weights = graph.add_constant(&name, weights);
    let window = blocks([op.block; 2], [op.block; 2], [(0, 0); 2]);
    let node = &mut graph.nodes[index];
    node.op = Conv { window, group: 1, epilogue: Epilogue::default() }.into();
    node.inputs = vec![Some(input), Some(weights)];
    Ok(())
}

/// Whether the one convolution behind has taken the node's place.
fn join(graph: &mut Graph, index: usize, input: ValueId, op: &SpaceToDepth) -> Result<bool> {
    let output = graph.nodes[index].outputs[0];
    let Some(reader) = graph.links().only_consumer(output) else { return Ok(false) };
    let node = &graph.nodes[reader];
    let (Op::Conv(conv), Some(weights)) =
        (&node.op, node.input(1).and_then(|id| graph.constant(id)))
    else {
        return Ok(false);
    };
    let (&[filters, _, rows, columns], &[_, channels, ..]) =
        (weights.shape(), &graph.fact(input).shape[..])
    else {
        return Ok(false);
    };
    let shape = &graph.fact(output).shape;
    let Ok(axes) = conv.window.axes(&[rows, columns], &shape[2..], false) else { return Ok(false) };
    let kernel = [rows * op.block, columns * op.block];
    let strides = [0, 1].map(|axis| axes[axis].stride * op.block);
    let near = axes.iter().all(|axis| axis.dilation == 1);
    let small = kernel.iter().chain(&strides).all(|&side| side <= MAX_KERNEL);
    if !near || !small || conv.group != 1 || node.input(0) != Some(output) {
        return Ok(false);
    }
    let epilogue = conv.epilogue;
    let pads = [0, 1].map(|axis| (axes[axis].begin * op.block, axes[axis].end * op.block));
    let taps = on_pixels(op, weights.values::<f32>()?, [filters, channels, rows, columns]);
    let name = format!("{}:blocks", node.name);
    let weights = Tensor::new(&[filters, channels, kernel[0], kernel[1]], taps)?;
    let weights = graph.add_constant(&name, weights);
    let window = blocks(kernel, strides, pads);
    let sources = std::mem::take(&mut graph.nodes[index].sources);
    graph.nodes[index].outputs.clear();
    let node = &mut graph.nodes[reader];
    node.op = Conv { window, group: 1, epilogue }.into();
    node.inputs[..2].copy_from_slice(&[Some(input), Some(weights)]);
    node.sources.extend(sources);
    Ok(true)
}

/// The weights of a kernel on the pixels of which its input's channels were made.
fn on_pixels(
    op: &SpaceToDepth,
    weights: &[f32],
    [filters, channels, rows, columns]: [usize; 4],
) -> Vec<f32> {
    let (width, height) = (columns * op.block, rows * op.block);
    let depth = op.offsets.len() * channels;
    let mut taps = vec![0f32; filters * channels * height * width];
    for (at, &weight) in weights.iter().enumerate() {
        let (tap, place) = (at % (rows * columns), at / (rows * columns));
        let (filter, channel) = (place / depth, place % depth);
        let (row, column) = op.offsets[channel / channels];
        let row = tap / columns * op.block + row;
        let column = tap % columns * op.block + column;
        let plane = filter * channels + channel % channels;
        // The same pixel may stand in several channels.
        taps[(plane * height + row) * width + column] += weight;
    }
    taps
}
