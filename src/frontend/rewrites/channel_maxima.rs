//! The largest or smallest channel of every pixel, as spatial attention has it, becomes a chain that halves the channels.
//!
//! Halves that are whole planes of the accelerator are compared with each other, which `maxima-to-sums` takes apart. The
//! last channels, and others that are no whole planes, are compared by convolutions: `relu(a - b) + b` is the larger of
//! both, with the difference in the convolution's sums. Where halves are not equally long they overlap, since a maximum
//! may take a channel twice. The smallest is the negative of the largest negative.
//!
//! Behind the last layer with weights nothing changes: numbers are in float there.
//! Channels that a Reshape puts into groups (maxout) are compared group by group, as slices of the channels.

use super::affine_to_conv::leads_to_weights;
use super::view::keep_channels;
use super::{CHANNELS_TOGETHER, Chain, Rewrite};
use crate::base::error::Result;
use crate::base::tensor::{DType, Tensor};
use crate::frontend::graph::{Graph, Node, ValueId};
use crate::frontend::ops::Op;
use crate::frontend::ops::activation::Activation;
use crate::frontend::ops::conv::Conv;
use crate::frontend::ops::epilogue::{Epilogue, Residual};
use crate::frontend::ops::min_max::MinMax;
use crate::frontend::ops::reduce::{Reduce, Reduction};
use crate::frontend::ops::slice::Slice;
use crate::frontend::ops::window::Window;

/// See the module.
pub struct ChannelMaxima;

impl Rewrite for ChannelMaxima {
    fn name(&self) -> &'static str {
        "channel-maxima"
    }

    fn description(&self) -> &'static str {
        "turn maxima and minima over channels into chains that halve the channels"
    }

    fn run(&self, graph: &mut Graph) -> Result<usize> {
        let (mut turned, leads) = (0, leads_to_weights(graph));
        for index in 0..graph.nodes.len() {
            if !graph.nodes[index].outputs.iter().all(|output| leads[output.0]) {
                continue;
            }
            if let Some((input, kind)) = reduced(graph, &graph.nodes[index]) {
                keep_channels(graph, index);
                replace(graph, index, input, kind)?;
            } else if let Some((groups, kind)) = grouped(graph, &graph.nodes[index]) {
                compare(graph, index, groups, kind)?;
            } else {
                continue;
            }
            turned += 1;
        }
        Ok(turned)
    }
}

/// What a node takes the largest or smallest of, how, and along which axis, if it is one axis of floats.
fn reduction<'a>(graph: &'a Graph, node: &'a Node) -> Option<(ValueId, &'a Reduce, MinMax, usize)> {
    let (Op::Reduce(reduce), input) = (&node.op, node.input(0)?) else { return None };
    let kind = match reduce.reduction {
        Reduction::Max => MinMax::Max,
        Reduction::Min => MinMax::Min,
        _ => return None,
    };
    let fact = graph.fact(input);
    let &[axis] = graph.constant(node.input(1)?)?.values::<i64>().ok()? else { return None };
    let axis = if axis < 0 { axis + fact.shape.len() as i64 } else { axis };
    let floats = fact.dtype == DType::F32 && !fact.shape.contains(&0);
    floats.then_some((input, reduce, kind, axis as usize))
}

/// What is reduced over its channels, and how.
fn reduced(graph: &Graph, node: &Node) -> Option<(ValueId, MinMax)> {
    let (input, _, kind, axis) = reduction(graph, node)?;
    (graph.fact(input).shape.len() == 4 && axis == 1).then_some((input, kind))
}

/// Slices of the channels that are compared with each other.
struct Groups {
    input: ValueId,
    /// How many there are.
    count: usize,
    /// Whether their channels are one behind the other, not by turns.
    together: bool,
}

/// Groups into which a Reshape put the channels, and how they are reduced.
fn grouped(graph: &Graph, node: &Node) -> Option<(Groups, MinMax)> {
    let (parts, reduce, kind, axis) = reduction(graph, node)?;
    let (_, reshape) = graph.producer(&graph.links(), parts)?;
    let (Op::Reshape(_), input) = (&reshape.op, reshape.input(0)?) else { return None };
    let &[images, channels, height, width] = &graph.fact(input).shape[..] else { return None };
    let shape = &graph.fact(parts).shape;
    let planes = shape.len() == 5
        && [shape[0], shape[1] * shape[2], shape[3], shape[4]] == [images, channels, height, width];
    let fits = planes && !reduce.keep_dims && matches!(axis, 1 | 2) && shape[axis] > 1;
    fits.then(|| (Groups { input, count: shape[axis], together: axis == 1 }, kind))
}

/// Compares groups in the place of the node at `index`.
fn compare(graph: &mut Graph, index: usize, groups: Groups, kind: MinMax) -> Result<()> {
    let mut chain = Chain::new(graph, format!("{}:part", graph.nodes[index].name));
    let channels = chain.shape(groups.input)[1];
    let each = channels / groups.count;
    let mut slices = Vec::new();
    for group in 0..groups.count {
        let (range, step) = match groups.together {
            true => ([group * each, (group + 1) * each], 1),
            false => ([group, channels], groups.count),
        };
        slices.push(Some(slice(&mut chain, groups.input, range, step)?));
    }
    chain.push(kind.into(), slices)?;
    chain.replace(index);
    Ok(())
}

/// Puts the chain in the place of the node at `index`.
fn replace(graph: &mut Graph, index: usize, input: ValueId, kind: MinMax) -> Result<()> {
    let name = format!("{}:part", graph.nodes[index].name);
    let mut chain = Chain::new(graph, name);
    let mut value = input;
    loop {
        let channels = chain.shape(value)[1];
        let whole = channels.is_multiple_of(CHANNELS_TOGETHER);
        if !whole || channels <= 2 * CHANNELS_TOGETHER {
            break;
        }
        let kept = channels.div_ceil(2).next_multiple_of(CHANNELS_TOGETHER);
        let first = slice(&mut chain, value, [0, kept], 1)?;
        let second = slice(&mut chain, value, [channels - kept, channels], 1)?;
        value = chain.push(kind.into(), vec![Some(first), Some(second)])?;
    }
    let mut sign = if kind == MinMax::Min { -1.0 } else { 1.0 };
    while chain.shape(value)[1] > 1 {
        value = halve(&mut chain, value, sign)?;
        sign = 1.0;
    }
    if kind == MinMax::Min || value == input {
        // What was compared are negatives, where there was something to compare.
        let sign = if kind == MinMax::Min && value != input { -1.0 } else { 1.0 };
        pick(&mut chain, value, (0, 1), sign)?;
    }
    chain.replace(index);
    Ok(())
}

/// Every `step`-th channel of a range.
fn slice(
    chain: &mut Chain<'_>,
    value: ValueId,
    [begin, end]: [usize; 2],
    step: usize,
) -> Result<ValueId> {
    let mut inputs = vec![Some(value)];
    for number in [begin, end, 1, step] {
        inputs.push(Some(chain.constant(Tensor::vector(vec![number as i64]))));
    }
    chain.push(Slice.into(), inputs)
}

/// The larger ones of `sign` times the first and the last half of the channels.
fn halve(chain: &mut Chain<'_>, value: ValueId, sign: f32) -> Result<ValueId> {
    let channels = chain.shape(value)[1];
    let kept = channels.div_ceil(2);
    let second = channels - kept;
    let lies = sign > 0.0 && second.is_multiple_of(CHANNELS_TOGETHER);
    let other = if lies {
        slice(chain, value, [second, channels], 1)?
    } else {
        pick(chain, value, (second, kept), sign)?
    };
    let mut weights = vec![0f32; kept * channels];
    for channel in 0..kept {
        weights[channel * channels + channel] += sign;
        weights[channel * channels + channel + second] -= sign;
    }
    let weights = chain.constant(Tensor::new(&[kept, channels, 1, 1], weights)?);
    let epilogue =
        Epilogue { activation: Some(Activation::Relu), residual: Some(Residual::AfterActivation) };
    let op = Conv { window: Window::default(), group: 1, epilogue };
    chain.push(op.into(), vec![Some(value), Some(weights), None, Some(other)])
}

/// `sign` times `count` channels from `first` on.
fn pick(
    chain: &mut Chain<'_>,
    value: ValueId,
    (first, count): (usize, usize),
    sign: f32,
) -> Result<ValueId> {
    let channels = chain.shape(value)[1];
    let mut weights = vec![0f32; count * channels];
    for channel in 0..count {
        weights[channel * channels + first + channel] = sign;
    }
    let weights = chain.constant(Tensor::new(&[count, channels, 1, 1], weights)?);
    let op = Conv { window: Window::default(), group: 1, epilogue: Epilogue::default() };
    chain.push(op.into(), vec![Some(value), Some(weights)])
}
