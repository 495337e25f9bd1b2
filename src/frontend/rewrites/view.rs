//! Values in other shapes, for rewrites that need them.

use crate::base::tensor::{DType, Tensor};
use crate::frontend::graph::{Graph, Node, ValueId};
use crate::frontend::ops::reshape::Reshape;
use crate::frontend::ops::{Fact, Op};

/// A node that gives `input` the shape of `output`.
pub fn reshape(graph: &mut Graph, name: &str, input: ValueId, output: ValueId) -> Node {
    let shape = graph.fact(output).shape.iter().map(|&extent| extent as i64).collect();
    let shape = graph.add_constant(&format!("{name}:shape"), Tensor::vector(shape));
    Node {
        name: name.to_owned(),
        op: Reshape { allow_zero: false }.into(),
        inputs: vec![Some(input), Some(shape)],
        outputs: vec![output],
        sources: Vec::new(),
    }
}

/// Gives what the node at `index` reduced over its channels to `[N, H, W]` the shape `[N, 1, H, W]`; readers that bring
/// that shape back read it as it is, others by a node between.
pub fn keep_channels(graph: &mut Graph, index: usize) {
    let (name, output) = (graph.nodes[index].name.clone(), graph.nodes[index].outputs[0]);
    let &[images, height, width] = &graph.fact(output).shape[..] else { return };
    let shape = [images, 1, height, width];
    let planes = graph.add_value(&format!("{name}:planes"), Fact::new(DType::F32, shape));
    graph.nodes[index].outputs = vec![planes];
    let links = graph.links();
    let brings_back = |node: &Node| {
        let reshapes = matches!(node.op, Op::Reshape(_) | Op::Unsqueeze(_) | Op::Squeeze(_));
        reshapes && node.input(0) == Some(output) && graph.fact(node.outputs[0]).shape == shape
    };
    let readers = links.consumers(output);
    let (same, others): (Vec<usize>, Vec<usize>) =
        readers.iter().partition(|&&reader| brings_back(&graph.nodes[reader]));
    let needed = !others.is_empty() || links.is_output(output);
    for reader in same {
        graph.redirect(graph.nodes[reader].outputs[0], planes);
    }
    if needed {
        let node = reshape(graph, &format!("{name}:drop"), planes, output);
        graph.nodes.push(node);
    }
}
