//! A matrix product behind planes of one pixel becomes a 1x1 convolution, which the accelerator does.
//!
//! So classifiers end: global pooling, flattening, Gemm. The flattening moves behind the convolution.

use super::Rewrite;
use crate::base::error::Result;
use crate::base::tensor::{DType, Tensor};
use crate::frontend::graph::{Graph, Links, Node, ValueId};
use crate::frontend::ops::conv::Conv;
use crate::frontend::ops::flatten::Flatten;
use crate::frontend::ops::gemm::Gemm;
use crate::frontend::ops::window::Window;
use crate::frontend::ops::{Fact, Op};

/// See the module.
pub struct GemmToConv;

impl Rewrite for GemmToConv {
    fn name(&self) -> &'static str {
        "gemm-to-conv"
    }

    fn description(&self) -> &'static str {
        "turn matrix products behind planes of one pixel into 1x1 convolutions"
    }

    fn run(&self, graph: &mut Graph) -> Result<usize> {
        let mut turned = 0;
        for index in 0..graph.nodes.len() {
            let links = graph.links();
            let Some((input, gemm)) = product(graph, &links, &graph.nodes[index]) else { continue };
            let Some((weight, bias)) = parameters(graph, &graph.nodes[index], &gemm)? else {
                continue;
            };
            let (name, outputs) = {
                let node = &graph.nodes[index];
                (node.name.clone(), node.outputs.clone())
            };
            let shape = graph.fact(outputs[0]).shape.clone();
            let planes = Fact::new(DType::F32, vec![shape[0], shape[1], 1, 1]);
            let result = graph.add_value(&format!("{name}:planes"), planes);
            let weight = graph.add_constant(&format!("{name}:weight"), weight);
            let bias = bias.map(|bias| graph.add_constant(&format!("{name}:bias"), bias));
            let window = Window { kernel: vec![1, 1], ..Window::default() };
            let node = &mut graph.nodes[index];
            node.op = Conv { window, group: 1, epilogue: gemm.epilogue }.into();
            node.inputs = vec![Some(input), Some(weight)];
            node.inputs.extend(bias.map(Some));
            node.outputs = vec![result];
            graph.nodes.push(Node {
                name: format!("{name}:flatten"),
                op: Flatten { axis: 1 }.into(),
                inputs: vec![Some(result)],
                outputs,
                sources: Vec::new(),
            });
            turned += 1;
        }
        Ok(turned)
    }
}

/// The planes of one pixel that a product reads as a matrix, and the product.
fn product(graph: &Graph, links: &Links, node: &Node) -> Option<(ValueId, Gemm)> {
    let Op::Gemm(gemm) = &node.op else { return None };
    let matrix = node.input(0)?;
    let (_, view) = graph.producer(links, matrix)?;
    let input = view.input(0).filter(|_| matches!(view.op, Op::Flatten(_) | Op::Reshape(_)))?;
    let &[images, channels, 1, 1] = &graph.fact(input).shape[..] else { return None };
    let same = graph.fact(matrix).shape == [images, channels];
    (same && !gemm.transpose_a && gemm.epilogue.residual.is_none()).then_some((input, *gemm))
}

/// Weights as outputs x inputs x 1 x 1 and a bias per output, where both are constant.
fn parameters(graph: &Graph, node: &Node, gemm: &Gemm) -> Result<Option<(Tensor, Option<Tensor>)>> {
    let Some(matrix) = node.input(1).and_then(|id| graph.constant(id)) else { return Ok(None) };
    let outputs = graph.fact(node.outputs[0]).shape[1];
    let values = matrix.values::<f32>()?;
    let inputs = values.len() / outputs.max(1);
    let at = |output: usize, input: usize| match gemm.transpose_b {
        true => values[output * inputs + input],
        false => values[input * outputs + output],
    };
    let weight = (0..outputs)
        .flat_map(|output| (0..inputs).map(move |input| (output, input)))
        .map(|(output, input)| gemm.alpha * at(output, input))
        .collect::<Vec<f32>>();
    let weight = Tensor::new(&[outputs, inputs, 1, 1], weight)?;
    let Some(id) = node.input(2) else { return Ok(Some((weight, None))) };
    let Some(addend) = graph.constant(id) else { return Ok(None) };
    let addend = addend.values::<f32>()?;
    let bias = match addend.len() {
        1 => vec![gemm.beta * addend[0]; outputs],
        count if count == outputs => addend.iter().map(|value| gemm.beta * value).collect(),
        _ => return Ok(None),
    };
    Ok(Some((weight, Some(Tensor::vector(bias)))))
}
