//! 1x1 convolutions that read the same tensor become one with more output channels.
//!
//! The merged output is split again; a split along the channels of one image is a view. The array
//! then reads the input once.

use super::Rewrite;
use crate::base::error::Result;
use crate::base::tensor::{DType, Tensor};
use crate::frontend::graph::{Graph, Node, ValueId};
use crate::frontend::ops::activation::Activation;
use crate::frontend::ops::conv::Conv;
use crate::frontend::ops::split::Split;
use crate::frontend::ops::{Fact, Op};

/// See the module.
pub struct MergeSiblings;

impl Rewrite for MergeSiblings {
    fn name(&self) -> &'static str {
        "merge-siblings"
    }

    fn description(&self) -> &'static str {
        "merge 1x1 convolutions that read the same tensor"
    }

    fn run(&self, graph: &mut Graph) -> Result<usize> {
        let mut merged = 0;
        for index in 0..graph.nodes.len() {
            let Some((input, activation)) = mergeable(graph, &graph.nodes[index]) else { continue };
            let links = graph.links();
            let siblings: Vec<usize> = links
                .consumers(input)
                .iter()
                .copied()
                .filter(|&other| {
                    let node = &graph.nodes[other];
                    mergeable(graph, node) == Some((input, activation))
                })
                .collect();
            if siblings.len() > 1 && siblings[0] == index {
                merge(graph, &siblings)?;
                merged += siblings.len() - 1;
            }
        }
        Ok(merged)
    }
}

/// Input and activation of a plain 1x1 convolution with constant weights on one image. Two that
/// agree in both differ in nothing but their weights, however their attributes are written.
fn mergeable(graph: &Graph, node: &Node) -> Option<(ValueId, Option<Activation>)> {
    let Op::Conv(Conv { window, group: 1, epilogue }) = &node.op else { return None };
    let constant = |position| node.input(position).is_none_or(|id| graph.constant(id).is_some());
    let weight = graph.fact(node.input(1)?);
    let plain = weight.shape.iter().skip(2).all(|&extent| extent == 1)
        && epilogue.residual.is_none()
        && node.inputs.len() <= 3
        && window.is_unpadded_unit_stride();
    let output = node.outputs.first()?;
    let one_image = graph.fact(*output).shape[0] == 1;
    let input = node.input(0)?;
    (plain && one_image && constant(1) && constant(2)).then_some((input, epilogue.activation))
}

fn merge(graph: &mut Graph, siblings: &[usize]) -> Result<()> {
    let mut weights = Vec::new();
    let mut biases = Vec::new();
    let mut sizes = Vec::new();
    let mut outputs = Vec::new();
    let mut sources = Vec::new();
    for &index in siblings {
        let node = &graph.nodes[index];
        let values = |position: usize| node.input(position).and_then(|id| graph.constant(id));
        let channels = graph.fact(node.outputs[0]).shape[1];
        if let Some(weight) = values(1) {
            weights.extend_from_slice(weight.values::<f32>()?);
        }
        match values(2) {
            Some(bias) => biases.extend_from_slice(bias.values::<f32>()?),
            None => biases.resize(biases.len() + channels, 0.0),
        }
        sizes.push(channels as i64);
        outputs.extend(&node.outputs);
        sources.extend(node.sources.clone());
    }
    let first = siblings[0];
    let node = &graph.nodes[first];
    let (name, input) = (node.name.clone(), node.inputs[0]);
    let mut shape = graph.fact(node.outputs[0]).shape.clone();
    let weight_shape = [&[biases.len()], &weight_tail(graph, node)[..]].concat();
    shape[1] = biases.len();
    let weight =
        graph.add_constant(&format!("{name}:merged"), Tensor::new(&weight_shape, weights)?);
    let bias = graph.add_constant(&format!("{name}:merged_bias"), Tensor::vector(biases));
    let output = graph.add_value(&format!("{name}:merged_output"), Fact::new(DType::F32, shape));
    let sizes = graph.add_constant(&format!("{name}:sizes"), Tensor::vector(sizes));
    let split = Node {
        name: format!("{name}:split"),
        op: Split { axis: 1, parts: outputs.len(), equal: false }.into(),
        inputs: vec![Some(output), Some(sizes)],
        outputs,
        sources: Vec::new(),
    };
    for &index in siblings {
        graph.nodes[index].outputs.clear();
    }
    let node = &mut graph.nodes[first];
    node.inputs = vec![input, Some(weight), Some(bias)];
    node.outputs = vec![output];
    node.sources = sources;
    graph.nodes.push(split);
    Ok(())
}

fn weight_tail(graph: &Graph, node: &Node) -> Vec<usize> {
    node.input(1).map(|id| graph.fact(id).shape[1..].to_vec()).unwrap_or_default()
}
