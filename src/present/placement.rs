//! Which part of the chip does a layer: the rules of the accelerator family, without a target.

use serde::Serialize;

use crate::frontend::graph::{Graph, Node};
use crate::frontend::ops::Op;
use crate::frontend::ops::binary::Binary;
use crate::frontend::ops::conv::Conv;
use crate::frontend::ops::resize::Mode;

/// Where a node is done, and why there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "place", content = "why")]
pub enum Placement {
    /// On the accelerator, by the named unit.
    Accelerator(&'static str),
    /// On the processor, for the named reason.
    Cpu(&'static str),
    /// Nowhere: it only changes how a tensor is addressed.
    View(&'static str),
}

impl Placement {
    /// `accelerator`, `cpu` or `view`.
    pub fn place(&self) -> &'static str {
        match self {
            Self::Accelerator(_) => "accelerator",
            Self::Cpu(_) => "cpu",
            Self::View(_) => "view",
        }
    }

    /// The unit or the reason.
    pub fn why(&self) -> &'static str {
        match self {
            Self::Accelerator(why) | Self::Cpu(why) | Self::View(why) => why,
        }
    }
}

/// Places one node of a graph.
pub fn place(graph: &Graph, node: &Node) -> Placement {
    use Placement::{Accelerator, Cpu, View};
    if graph.is_view(node) {
        return View("only addresses change");
    }
    let constant = |position: usize| node.input(position).and_then(|id| graph.constant(id));
    match &node.op {
        Op::Conv(conv) => place_conv(graph, node, conv),
        Op::Gemm(_) | Op::MatMul(_) if constant(1).is_some() => {
            Accelerator("MAC array, as a 1x1 convolution")
        }
        Op::Gemm(_) | Op::MatMul(_) => Cpu("a product of two computed tensors"),
        Op::MaxPool(_) | Op::AveragePool(_) if rank(graph, node) == 4 => Accelerator("pool engine"),
        Op::GlobalPool(_) if rank(graph, node) == 4 => Accelerator("pool engine"),
        Op::Binary(Binary::Add) if same_shapes(graph, node) => Accelerator("residual adder"),
        Op::Concat(concat) if concat.axis == 1 && rank(graph, node) == 4 => {
            Accelerator("producers write in place")
        }
        Op::Resize(resize) if matches!(resize.mode, Mode::Nearest(_)) && rank(graph, node) == 4 => {
            Accelerator("address pattern of the fetch unit")
        }
        Op::SpaceToDepth(_) if reads_network_input(graph, node) => Accelerator("stem unit"),
        Op::Activation(_) if rank(graph, node) == 4 => Accelerator("output lanes"),
        Op::Transpose(_) => Cpu("reorders the tensor in memory"),
        Op::Softmax(_) => Cpu("normalizes over an axis"),
        Op::ArgMax(_) => Cpu("finds an index"),
        Op::ConvTranspose(_) => Cpu("transposed convolution has no unit"),
        Op::Resize(_) => Cpu("only nearest-neighbor resizing has a unit"),
        Op::Binary(_) => Cpu("elementwise arithmetic other than adding two feature maps"),
        _ => Cpu("no unit does this operator"),
    }
}

fn place_conv(graph: &Graph, node: &Node, conv: &Conv) -> Placement {
    let weights = node.input(1).and_then(|id| graph.constant(id));
    let Some(weights) = weights else { return Placement::Cpu("the weights are computed") };
    if weights.shape().len() != 4 {
        return Placement::Cpu("not a two-dimensional convolution");
    }
    match (conv.group, weights.shape()) {
        (1, _) => Placement::Accelerator("MAC array"),
        (group, [outputs, 1, ..]) if *outputs == group => {
            Placement::Accelerator("depthwise engine")
        }
        _ => Placement::Accelerator("MAC array, group by group"),
    }
}

fn rank(graph: &Graph, node: &Node) -> usize {
    node.outputs.first().map_or(0, |&id| graph.fact(id).shape.len())
}

fn same_shapes(graph: &Graph, node: &Node) -> bool {
    let facts = graph.input_facts(node);
    let variable = facts.iter().flatten().all(|fact| fact.value.is_none() && fact.shape.len() == 4);
    variable
        && facts
            .windows(2)
            .all(|pair| pair[0].map(|fact| &fact.shape) == pair[1].map(|fact| &fact.shape))
}

fn reads_network_input(graph: &Graph, node: &Node) -> bool {
    node.input(0).is_some_and(|id| graph.inputs.contains(&id))
}
