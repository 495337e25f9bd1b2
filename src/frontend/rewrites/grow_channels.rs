//! Channels of zeros are made where the others are.
//!
//! What adds channels of zeros is a 1 x 1 convolution that copies the others (`channel-maps`), a pass of its own. Where a tensor
//! takes as many planes of 16 channels with them as without, the layer that makes it makes them too, by weights of zero;
//! so do layers whose tensors have the same channels (residual connections, depthwise convolutions, pools, activations).
//! Dense convolutions that read such a tensor get weights of zero. The accelerator computes nothing that it would not
//! compute anyway.

use std::collections::BTreeSet;

use super::{CHANNELS_TOGETHER, Rewrite};
use crate::base::error::Result;
use crate::base::tensor::{DType, Tensor};
use crate::frontend::graph::{Graph, Links, Node, ValueId};
use crate::frontend::ops::Op;
use crate::frontend::ops::activation::Activation;
use crate::frontend::ops::binary::Binary;
use crate::frontend::ops::conv::Conv;
use crate::frontend::ops::epilogue::Epilogue;

/// See the module.
pub struct GrowChannels;

impl Rewrite for GrowChannels {
    fn name(&self) -> &'static str {
        "grow-channels"
    }

    fn description(&self) -> &'static str {
        "make channels of zeros where the others are made"
    }

    fn run(&self, graph: &mut Graph) -> Result<usize> {
        let mut grown = 0;
        while let Some(copy) = next(graph)? {
            copy.leave_out(graph)?;
            grown += 1;
        }
        Ok(grown)
    }
}

/// A convolution that copies its input and adds channels of zeros behind.
struct Copy {
    node: usize,
    from: ValueId,
    to: ValueId,
    /// The values that get as many channels as `to`, `from` among them.
    region: BTreeSet<ValueId>,
}

/// The first copy that can be left out.
fn next(graph: &Graph) -> Result<Option<Copy>> {
    let links = graph.links();
    for (index, node) in graph.nodes.iter().enumerate() {
        if let Some((from, to)) = copied(graph, node)?
            && let Some(region) = region(graph, &links, from)
        {
            return Ok(Some(Copy { node: index, from, to, region }));
        }
    }
    Ok(None)
}

/// What a node copies and the result, which has as many planes, if it does nothing else.
fn copied(graph: &Graph, node: &Node) -> Result<Option<(ValueId, ValueId)>> {
    let (Op::Conv(conv), [Some(from), Some(weights)], &[to]) =
        (&node.op, &node.inputs[..], &node.outputs[..])
    else {
        return Ok(None);
    };
    let plain = conv.epilogue == Epilogue::default()
        && conv.group == 1
        && graph.fact(*from).shape[2..] == graph.fact(to).shape[2..];
    let Some(weights) = graph.constant(*weights).filter(|_| plain) else { return Ok(None) };
    let &[outputs, inputs, 1, 1] = weights.shape() else { return Ok(None) };
    let as_many = outputs.div_ceil(CHANNELS_TOGETHER) == inputs.div_ceil(CHANNELS_TOGETHER);
    if outputs <= inputs || !as_many || weights.dtype() != DType::F32 {
        return Ok(None);
    }
    let mut taps = weights.values::<f32>()?.iter().enumerate();
    let copies = taps.all(|(at, &tap)| tap == f32::from(at / inputs == at % inputs));
    Ok(copies.then_some((*from, to)))
}

/// The values that have the channels of one of them, if all layers that make or read them may have more.
fn region(graph: &Graph, links: &Links, value: ValueId) -> Option<BTreeSet<ValueId>> {
    let mut found = BTreeSet::new();
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        if !found.insert(value) {
            continue;
        }
        if links.is_output(value) || graph.fact(value).shape.len() != 4 {
            return None;
        }
        let (_, maker) = graph.producer(links, value)?;
        open.extend(alike(graph, maker)?);
        for &reader in links.consumers(value) {
            let reader = &graph.nodes[reader];
            match alike(graph, reader) {
                Some(inputs) if inputs.contains(&value) => open.extend(&reader.outputs),
                _ => reads_any(graph, reader, value)?,
            }
        }
    }
    Some(found)
}

/// The inputs that have the channels of a node's result; `None` where zeros do not become zeros.
fn alike(graph: &Graph, node: &Node) -> Option<Vec<ValueId>> {
    if node.outputs.len() != 1 {
        return None;
    }
    let data = node.input(0)?;
    match &node.op {
        Op::Conv(conv) => {
            let weights = constant_weights(graph, node)?;
            let [outputs, inputs, ..] = *weights.shape() else { return None };
            let depthwise = inputs == 1 && conv.group == outputs;
            let zeros = conv.epilogue.activation.as_ref().is_none_or(keeps_zero);
            if !zeros || !(depthwise || conv.group == 1) {
                return None;
            }
            let residual = conv.epilogue.residual.and(node.input(Epilogue::RESIDUAL_INPUT));
            Some(
                (depthwise && conv.group > 1).then_some(data).into_iter().chain(residual).collect(),
            )
        }
        Op::MaxPool(_) | Op::AveragePool(_) => Some(vec![data]),
        Op::Activation(activation) => keeps_zero(activation).then(|| vec![data]),
        Op::Binary(Binary::Add) => {
            let other = node.input(1)?;
            let shape = |id| &graph.fact(id).shape;
            let alike = shape(data) == shape(other) && graph.constant(other).is_none();
            alike.then(|| vec![data, other])
        }
        _ => None,
    }
}

/// The node is a dense convolution of a value, whose weights say what it takes of it.
fn reads_any(graph: &Graph, node: &Node, value: ValueId) -> Option<()> {
    let Op::Conv(Conv { group: 1, .. }) = node.op else { return None };
    constant_weights(graph, node)?;
    let others = node.inputs.iter().skip(1).flatten();
    (node.input(0) == Some(value) && others.copied().all(|other| other != value)).then_some(())
}

/// The weights of a convolution over two axes, if they and its bias are constants in float.
fn constant_weights<'a>(graph: &'a Graph, node: &Node) -> Option<&'a Tensor> {
    let constant = |position| node.input(position).map(|id| graph.constant(id));
    let weights = constant(1)??;
    let bias = constant(2).is_none_or(|bias| bias.is_some());
    (bias && weights.shape().len() == 4 && weights.dtype() == DType::F32).then_some(weights)
}

fn keeps_zero(activation: &Activation) -> bool {
    activation.exact(0.0) == 0.0
}

impl Copy {
    /// Lets all values of the region have the channels, and readers of the copy read what it copied.
    fn leave_out(self, graph: &mut Graph) -> Result<()> {
        let channels = graph.fact(self.to).shape[1];
        for index in 0..graph.nodes.len() {
            if index != self.node && matches!(graph.nodes[index].op, Op::Conv(_)) {
                self.widen(graph, index, channels)?;
            }
        }
        for value in &self.region {
            graph.values[value.0].fact.shape[1] = channels;
        }
        let sources = std::mem::take(&mut graph.nodes[self.node].sources);
        graph.nodes[self.node].outputs.clear();
        if let Some(maker) = graph.links().producer(self.from) {
            graph.nodes[maker].sources.extend(sources);
        }
        graph.redirect(self.to, self.from);
        graph.nodes.remove(self.node);
        Ok(())
    }

    /// Gives a convolution weights of zero for channels that its result or its input gets.
    fn widen(&self, graph: &mut Graph, index: usize, channels: usize) -> Result<()> {
        let node = &graph.nodes[index];
        let among = |id: Option<ValueId>| id.is_some_and(|id| self.region.contains(&id));
        let (makes, reads) = (among(node.outputs.first().copied()), among(node.input(0)));
        let (Op::Conv(conv), true) = (&node.op, makes || reads) else { return Ok(()) };
        let depthwise = conv.group > 1;
        let Some(weights) = constant_weights(graph, node) else { return Ok(()) };
        let [outputs, inputs, rows, columns] = weights.shape()[..] else { return Ok(()) };
        let filters = if makes { channels } else { outputs };
        let depth = if reads && !depthwise { channels } else { inputs };
        let mut wider = vec![0f32; filters * depth * rows * columns];
        let filter = depth * rows * columns;
        let own = weights.values::<f32>()?.chunks_exact((inputs * rows * columns).max(1));
        for (wider, own) in wider.chunks_exact_mut(filter.max(1)).zip(own) {
            wider[..own.len()].copy_from_slice(own);
        }
        let bias = node.input(2).filter(|_| makes).and_then(|id| graph.constant(id));
        let bias = bias.map(|bias| bias.values::<f32>().map(<[f32]>::to_vec)).transpose()?;
        let name = node.name.clone();
        let wider = Tensor::new(&[filters, depth, rows, columns], wider)?;
        let wider = graph.add_constant(&format!("{name}:grown"), wider);
        graph.nodes[index].inputs[1] = Some(wider);
        if let Some(mut bias) = bias {
            bias.resize(filters, 0.0);
            let bias = graph.add_constant(&format!("{name}:grown-bias"), Tensor::vector(bias));
            graph.nodes[index].inputs[2] = Some(bias);
        }
        if let Op::Conv(conv) = &mut graph.nodes[index].op
            && makes
            && depthwise
        {
            conv.group = channels;
        }
        Ok(())
    }
}
