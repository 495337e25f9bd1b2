//! Layers that take each channel for itself are done before channels are put side by side, not after: a maximum or a
//! depthwise convolution reads one tensor, so that the accelerator would copy a concatenation in front of it, while a
//! convolution behind it reads the parts from where they lie.

use super::Options;
use super::assign::is_chosen;
use crate::base::error::Result;
use crate::base::tensor::{DType, Tensor};
use crate::frontend::graph::{Graph, Links, Node, ValueId};
use crate::frontend::ops::Op;
use crate::frontend::ops::concat::Concat;
use crate::frontend::ops::conv::Conv;
use crate::frontend::rewrites::{CHANNELS_TOGETHER, MAX_PARTS};

/// Moves layers in front of concatenations.
///
/// # Errors
/// Those of making tensors.
pub fn pass_by_parts(graph: &mut Graph, options: &Options) -> Result<()> {
    // A layer behind one that moved has a concatenation in front of it now.
    while step(graph, options)? {
        graph.tidy()?;
    }
    graph.validate()
}

fn step(graph: &mut Graph, options: &Options) -> Result<bool> {
    let links = graph.links();
    let mut moved = false;
    for index in 0..graph.nodes.len() {
        let node = &graph.nodes[index];
        if is_chosen(node, options) || !by_channel(graph, node) {
            continue;
        }
        if let Some(parts) = parts(graph, &links, node) {
            distribute(graph, index, &parts)?;
            moved = true;
        }
    }
    Ok(moved)
}

/// Whether each channel of a node's result is made of the same channel of its input alone.
fn by_channel(graph: &Graph, node: &Node) -> bool {
    match &node.op {
        Op::MaxPool(_) => true,
        Op::Conv(conv) => {
            let weights = node.input(1).and_then(|id| graph.constant(id));
            let depthwise = weights.is_some_and(|weights| {
                weights.shape().len() == 4 && weights.shape()[..2] == [conv.group, 1]
            });
            let bias = node.input(2).is_none_or(|id| graph.constant(id).is_some());
            depthwise && bias && conv.epilogue.residual.is_none()
        }
        _ => false,
    }
}

/// What is put side by side to be a node's input, if a reader can take it from where it lies.
fn parts(graph: &Graph, links: &Links, node: &Node) -> Option<Vec<ValueId>> {
    let (_, concat) = graph.producer(links, node.input(0)?)?;
    let parts: Vec<ValueId> = concat.inputs.iter().copied().collect::<Option<_>>()?;
    let channels = |id: &ValueId| {
        let fact = graph.fact(*id);
        let map = fact.shape.len() == 4 && fact.shape[0] == 1 && fact.dtype == DType::F32;
        (map && fact.value.is_none()).then(|| fact.shape[1])
    };
    let channels: Vec<usize> = parts.iter().map(channels).collect::<Option<_>>()?;
    let (_, whole) = channels.split_last()?;
    let together = whole.iter().all(|channels| channels.is_multiple_of(CHANNELS_TOGETHER));
    let along = matches!(&concat.op, Op::Concat(concat) if concat.axis == 1);
    (along && together && (2..=MAX_PARTS).contains(&parts.len())).then_some(parts)
}

/// Does the node at `index` part by part; it becomes the one of the first part.
fn distribute(graph: &mut Graph, index: usize, parts: &[ValueId]) -> Result<()> {
    let whole = graph.nodes[index].clone();
    let mut results = Vec::with_capacity(parts.len());
    let mut first = 0;
    for (number, &part) in parts.iter().enumerate() {
        let channels = graph.fact(part).shape[1];
        let name = format!("{}:part{}", whole.name, number + 1);
        let mut node = Node { inputs: vec![Some(part)], outputs: Vec::new(), ..whole.clone() };
        if let Op::Conv(conv) = &whole.op {
            node.op = Conv { group: channels, ..conv.clone() }.into();
            for &constant in &whole.inputs[1..] {
                let of_part = |id| slice(graph.constant(id)?, first, channels);
                let own = constant.and_then(of_part).transpose()?;
                node.inputs.push(own.map(|own| graph.add_constant(&format!("{name}:weight"), own)));
            }
        }
        let fact = graph.infer(&node)?.swap_remove(0);
        let result = graph.add_value(&name, fact);
        node.outputs = vec![result];
        results.push(Some(result));
        first += channels;
        if number == 0 {
            graph.nodes[index] = node;
        } else {
            graph.nodes.push(Node { name, sources: Vec::new(), ..node });
        }
    }
    graph.nodes.push(Node {
        name: format!("{}:concat", whole.name),
        op: Concat { axis: 1 }.into(),
        inputs: results,
        outputs: whole.outputs,
        sources: Vec::new(),
    });
    Ok(())
}

/// Rows `first` to `first + count` of a tensor of floats.
fn slice(tensor: &Tensor, first: usize, count: usize) -> Option<Result<Tensor>> {
    let row = tensor.shape().iter().skip(1).product::<usize>();
    let values = tensor.values::<f32>().ok()?.get(first * row..(first + count) * row)?;
    let shape = [&[count], &tensor.shape()[1..]].concat();
    Some(Tensor::new(&shape, values.to_vec()))
}
