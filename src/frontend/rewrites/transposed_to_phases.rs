//! Transposed convolutions of stride s, and depth-to-space by s, become s x s convolutions, the phases, whose results
//! lie between each other: a concatenation and a depth-to-space, which the accelerator does as it stores them.
//!
//! Output p of a transposed convolution adds the input elements i with `p = i s + t d - pad` for some tap t. Those of
//! the outputs `p = q s + a`, for one a, are `i = q + (a + pad - t d) / s`: a convolution of stride 1 with every s-th
//! tap. All phases have as many outputs, and a convolution with one weight of 1 cuts off what is too much. A stride of 1
//! is one phase, a convolution as it is.

use super::chain::Chain;
use super::{MAX_KERNEL, Rewrite};
use crate::base::error::Result;
use crate::base::tensor::{DType, Tensor};
use crate::frontend::graph::{Graph, Links, Node, ValueId};
use crate::frontend::ops::activation::Activation;
use crate::frontend::ops::concat::Concat;
use crate::frontend::ops::conv::Conv;
use crate::frontend::ops::conv_transpose::ConvTranspose;
use crate::frontend::ops::depth_to_space::DepthToSpace;
use crate::frontend::ops::epilogue::Epilogue;
use crate::frontend::ops::window::{Axis, Window};
use crate::frontend::ops::{Inputs, Op};

/// Largest stride of which phases are made: what the accelerator stores pixel by pixel.
const MAX_STRIDE: usize = 15;

/// See the module.
pub struct TransposedToPhases;

impl Rewrite for TransposedToPhases {
    fn name(&self) -> &'static str {
        "transposed-to-phases"
    }

    fn description(&self) -> &'static str {
        "turn transposed convolutions into convolutions whose results are interleaved"
    }

    fn run(&self, graph: &mut Graph) -> Result<usize> {
        let links = graph.links();
        let mut turned = 0;
        for index in 0..graph.nodes.len() {
            let made = match &graph.nodes[index].op {
                Op::ConvTranspose(op) => {
                    let op = op.clone();
                    let behind = behind(graph, &links, index);
                    let made = transposed(graph, index, &op, behind.as_ref())?;
                    if let Some(behind) = behind.filter(|_| made) {
                        graph.absorb(index, behind.node);
                    }
                    made
                }
                Op::DepthToSpace(op) if feeds_products(graph, &links, index) => {
                    let op = *op;
                    rearranged(graph, &links, index, op)?
                }
                _ => false,
            };
            turned += usize::from(made);
        }
        Ok(turned)
    }
}

/// Whether a result reaches a convolution or matrix product. Else it ends the network, as in super resolution: the processor
/// rearranges it behind the frame, where phases of few channels would cost the accelerator a pass each.
fn feeds_products(graph: &Graph, links: &Links, index: usize) -> bool {
    let mut reached = vec![false; graph.nodes.len()];
    let mut open = vec![index];
    while let Some(index) = open.pop() {
        let outputs = graph.nodes[index].outputs.iter();
        for &reader in outputs.flat_map(|&output| links.consumers(output)) {
            if matches!(
                graph.nodes[reader].op,
                Op::Conv(_) | Op::ConvTranspose(_) | Op::Gemm(_) | Op::MatMul(_)
            ) {
                return true;
            }
            if !std::mem::replace(&mut reached[reader], true) {
                open.push(reader);
            }
        }
    }
    false
}

/// All that reads a transposed convolution: a scale and shift per channel, an activation, or both.
struct Behind {
    node: usize,
    scale: Vec<f32>,
    shift: Vec<f32>,
    activation: Option<Activation>,
}

fn behind(graph: &Graph, links: &Links, index: usize) -> Option<Behind> {
    let output = graph.nodes[index].outputs[0];
    let channels = graph.fact(output).shape[1];
    let node = links.only_consumer(output)?;
    let own = &graph.nodes[node];
    let numbers = |id: ValueId| Some(graph.constant(id)?.values::<f32>().ok()?.to_vec());
    let (zeros, ones) = (vec![0.0; channels], vec![1.0; channels]);
    match &own.op {
        Op::Activation(activation) => {
            Some(Behind { node, scale: ones, shift: zeros, activation: Some(*activation) })
        }
        Op::Conv(conv) => {
            let weight = own.input(1)?;
            let plain = graph.fact(weight).shape[..] == [channels, 1, 1, 1]
                && conv.group == channels
                && conv.window.is_unpadded_unit_stride()
                && conv.epilogue.residual.is_none()
                && own.input(0) == Some(output);
            let shift = own.input(2).map_or(Some(zeros), numbers)?;
            let scale = numbers(weight)?;
            let activation = conv.epilogue.activation;
            plain.then_some(Behind { node, scale, shift, activation })
        }
        _ => None,
    }
}

impl Behind {
    /// Weights `[C, M / group, ...]` and bias `[M]` that give the scaled and shifted sums.
    fn scaled(
        &self,
        weight: &Tensor,
        bias: Option<&Tensor>,
        group: usize,
    ) -> Result<(Tensor, Tensor)> {
        let shape = weight.shape();
        let (outputs, depth) = (shape[1], shape[0] / group);
        let taps: usize = shape.iter().skip(2).product();
        let filters = weight.values::<f32>()?.chunks(taps.max(1)).enumerate();
        let weights = filters.flat_map(|(place, filter)| {
            let (input, output) = (place / outputs, place % outputs);
            let scale = self.scale[input / depth * outputs + output];
            filter.iter().map(move |weight| weight * scale)
        });
        let weights = Tensor::new(shape, weights.collect::<Vec<f32>>())?;
        let own = match bias {
            Some(bias) => bias.values::<f32>()?.to_vec(),
            None => vec![0.0; self.scale.len()],
        };
        let pairs = self.scale.iter().zip(&self.shift);
        let bias = own.iter().zip(pairs).map(|(own, (scale, shift))| own * scale + shift);
        Ok((weights, Tensor::vector(bias.collect::<Vec<f32>>())))
    }
}

/// Every how manyth tap of an axis, and where they look, for the outputs of one phase.
struct Taps {
    /// By position of the phase's kernel the tap of the transposed one; `None` is a weight of 0.
    taps: Vec<Option<usize>>,
    /// Padding at the beginning and end.
    pads: (usize, usize),
}

impl Taps {
    /// Those of the outputs `q * stride + phase`, for q up to `count`; `axis` is that of the convolution whose
    /// gradient the transposed one is, so that its output is our input.
    fn new(axis: &Axis, phase: usize, count: usize) -> Self {
        let stride = axis.stride as i64;
        let ahead = |tap: usize| (phase + axis.begin) as i64 - (tap * axis.dilation) as i64;
        let own = (0..axis.kernel).filter(|&tap| ahead(tap) % stride == 0);
        let own: Vec<(i64, usize)> = own.map(|tap| (ahead(tap) / stride, tap)).collect();
        // A kernel begins at the first input element or before it, and no output is one too many.
        let least = own.iter().map(|own| own.0).min().unwrap_or(0).min(0);
        let spare = axis.output as i64 - count as i64;
        let most = own.iter().map(|own| own.0).max().unwrap_or(0).max(spare);
        let mut taps = vec![None; (most - least + 1) as usize];
        for (place, tap) in own {
            taps[(place - least) as usize] = Some(tap);
        }
        Self { taps, pads: (-least as usize, (most - spare) as usize) }
    }
}

/// Replaces a transposed convolution of two axes with the same stride.
fn transposed(
    graph: &mut Graph,
    index: usize,
    op: &ConvTranspose,
    behind: Option<&Behind>,
) -> Result<bool> {
    let node = graph.nodes[index].clone();
    let facts = graph.input_facts(&node);
    let Ok((shape, axes)) = op.geometry(Inputs::new(&facts)) else { return Ok(false) };
    let (&[rows, columns], Some(input), Some(weight)) = (&axes[..], node.input(0), node.input(1))
    else {
        return Ok(false);
    };
    let stride = rows.stride;
    let Some(weight) = graph.constant(weight).cloned() else { return Ok(false) };
    let plain = op.epilogue == Epilogue::default() && graph.constant(input).is_none();
    if columns.stride != stride || stride > MAX_STRIDE || !plain {
        return Ok(false);
    }
    let counts = [rows, columns].map(|axis| axis.input.div_ceil(stride));
    let along = [(&rows, counts[0]), (&columns, counts[1])]
        .map(|(axis, count)| (0..stride).map(move |phase| Taps::new(axis, phase, count)));
    let [by_row, by_column] = along.map(Iterator::collect::<Vec<Taps>>);
    let longest = by_row.iter().chain(&by_column).map(|taps| taps.taps.len()).max();
    if longest.is_none_or(|taps| taps > MAX_KERNEL) {
        return Ok(false);
    }
    let bias = node.input(2).map(|id| graph.constant(id).cloned());
    let (mut weight, mut bias) = match bias {
        None => (weight, None),
        Some(Some(bias)) => (weight, Some(bias)),
        Some(None) => return Ok(false),
    };
    let mut epilogue = Epilogue::default();
    if let Some(behind) = behind {
        let (scaled, shifted) = behind.scaled(&weight, bias.as_ref(), op.group)?;
        (weight, bias) = (scaled, Some(shifted));
        epilogue.activation = behind.activation;
    }
    let mut chain = Chain::new(graph, format!("{}:phase", node.name));
    let bias = bias.map(|bias| chain.constant(bias));
    let mut phases = Vec::with_capacity(stride * stride);
    for row in &by_row {
        for column in &by_column {
            let weights = phase_weights(&weight, op.group, [row, column])?;
            let window = Window { pads: vec![row.pads, column.pads], ..Window::default() };
            let weights = chain.constant(weights);
            let conv = Conv { window, group: op.group, epilogue };
            let inputs = [input, weights].into_iter().chain(bias).map(Some).collect();
            phases.push(chain.push(conv.into(), inputs)?);
        }
    }
    let value = interleave(&mut chain, phases, stride)?;
    let over = [0, 1].map(|axis| counts[axis] * stride - shape[2 + axis]);
    if over != [0, 0] {
        let kernel = over.map(|over| over + 1);
        let mut corner = vec![0.0; kernel[0] * kernel[1]];
        corner[0] = 1.0;
        let window = Window { kernel: kernel.to_vec(), ..Window::default() };
        chain.depthwise(value, window, &corner, None)?;
    }
    chain.replace(index);
    Ok(true)
}

/// The weights `[M, C / group, rows, columns]` of a phase, from those of the transposed convolution,
/// `[C, M / group, rows, columns]`.
fn phase_weights(weight: &Tensor, group: usize, [row, column]: [&Taps; 2]) -> Result<Tensor> {
    let (&[inputs, outputs, height, width], own) = (weight.shape(), weight.values::<f32>()?) else {
        return Ok(weight.clone());
    };
    let depth = inputs / group;
    let mut values = Vec::new();
    for output in 0..outputs * group {
        for input in 0..depth {
            let first = (output / outputs * depth + input) * outputs + output % outputs;
            let filter = &own[first * height * width..][..height * width];
            for y in &row.taps {
                let tap = |x: &Option<usize>| y.zip(*x).map_or(0.0, |(y, x)| filter[y * width + x]);
                values.extend(column.taps.iter().map(tap));
            }
        }
    }
    let shape = [outputs * group, depth, row.taps.len(), column.taps.len()];
    Tensor::new(&shape, values)
}

/// The phases of a plane, row by row of a block, as one value.
fn interleave(chain: &mut Chain<'_>, phases: Vec<ValueId>, block: usize) -> Result<ValueId> {
    if let [only] = phases[..] {
        return Ok(only);
    }
    let joined = chain.push(Concat { axis: 1 }.into(), phases.into_iter().map(Some).collect())?;
    let op = DepthToSpace { block, channel_first: false };
    chain.push(op.into(), vec![Some(joined)])
}

/// Replaces a depth-to-space: the convolution in front of it, or one that copies, gives each phase by itself.
fn rearranged(graph: &mut Graph, links: &Links, index: usize, op: DepthToSpace) -> Result<bool> {
    let node = graph.nodes[index].clone();
    let Some(input) = node.input(0) else { return Ok(false) };
    let fact = graph.fact(input);
    let (&[1, channels, ..], DType::F32, 2..=MAX_STRIDE) = (&fact.shape[..], fact.dtype, op.block)
    else {
        return Ok(false);
    };
    let square = op.block * op.block;
    let of = |phase: usize| -> Vec<usize> {
        let place = |channel: usize| match op.channel_first {
            true => channel * square + phase,
            false => phase * (channels / square) + channel,
        };
        (0..channels / square).map(place).collect()
    };
    let front = graph.producer(links, input).map(|(_, node)| node.clone());
    let front = front.filter(|_| links.only_consumer(input).is_some());
    let front = front.and_then(|front| source(graph, &front));
    let mut chain = Chain::new(graph, format!("{}:phase", node.name));
    let mut phases = Vec::with_capacity(square);
    for phase in 0..square {
        let chosen = of(phase);
        phases.push(match &front {
            Some(front) => front.part(&mut chain, &chosen)?,
            None => {
                let mut weights = vec![0f32; chosen.len() * channels];
                for (output, &input) in chosen.iter().enumerate() {
                    weights[output * channels + input] = 1.0;
                }
                let weights = Tensor::new(&[chosen.len(), channels, 1, 1], weights)?;
                let weights = chain.constant(weights);
                let epilogue = Epilogue::default();
                let conv = Conv { window: Window::default(), group: 1, epilogue };
                chain.push(conv.into(), vec![Some(input), Some(weights)])?
            }
        });
    }
    interleave(&mut chain, phases, op.block)?;
    chain.replace(index);
    Ok(true)
}

/// A convolution of which some outputs can be computed alone.
struct Source {
    conv: Conv,
    input: ValueId,
    weight: Tensor,
    bias: Option<Tensor>,
}

/// The convolution that a node is, if it has constant weights, no groups and adds nothing.
fn source(graph: &Graph, node: &Node) -> Option<Source> {
    let Op::Conv(conv) = &node.op else { return None };
    let constant = |id: ValueId| graph.constant(id).cloned();
    let weight = constant(node.input(1)?)?;
    let bias = match node.input(2) {
        None => None,
        Some(id) => Some(constant(id)?),
    };
    let plain = conv.group == 1 && conv.epilogue.residual.is_none();
    plain.then_some(Source { conv: conv.clone(), input: node.input(0)?, weight, bias })
}

impl Source {
    /// Some of its outputs.
    fn part(&self, chain: &mut Chain<'_>, outputs: &[usize]) -> Result<ValueId> {
        let mut shape = self.weight.shape().to_vec();
        let filter: usize = shape.iter().skip(1).product();
        shape[0] = outputs.len();
        let own = self.weight.values::<f32>()?;
        let weights = outputs.iter().flat_map(|&output| &own[output * filter..][..filter]);
        let weights = chain.constant(Tensor::new(&shape, weights.copied().collect::<Vec<_>>())?);
        let mut inputs = vec![Some(self.input), Some(weights)];
        if let Some(bias) = &self.bias {
            let own = bias.values::<f32>()?;
            let bias = outputs.iter().map(|&output| own[output]).collect::<Vec<f32>>();
            inputs.push(Some(chain.constant(Tensor::vector(bias))));
        }
        chain.push(self.conv.clone().into(), inputs)
    }
}
