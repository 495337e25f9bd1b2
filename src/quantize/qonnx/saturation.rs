//! Where the saturation of a QuantizeLinear is part of what the network computes.
//!
//! ONNX Runtime's static quantizer drops a ReLU, or a Clip from 0 on such as ReLU6, whose output is quantized with the
//! least integer for 0: the integers cannot hold a negative number anyway. Another zero point says nothing: then
//! the ends of the range are those of the calibration.

use crate::base::tensor::{DType, Tensor};
use crate::frontend::graph::{Graph, Node};
use crate::frontend::ops::Op;
use crate::frontend::ops::activation::Activation as A;
use crate::frontend::ops::quantize_linear::{QuantizeLinear, limits};

/// The numbers that integers can stand for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// The least.
    pub least: f32,
    /// The greatest.
    pub most: f32,
}

/// Per node, the range to which a QuantizeLinear limits numbers that may lie outside of it.
pub fn clips(graph: &Graph) -> Vec<Option<Range>> {
    // Network inputs are taken as what the range was made for: images, mostly.
    let mut positive = vec![false; graph.values.len()];
    for &input in &graph.inputs {
        positive[input.0] = true;
    }
    let mut clips = Vec::with_capacity(graph.nodes.len());
    for node in &graph.nodes {
        let range = match &node.op {
            Op::QuantizeLinear(op) => range(graph, node, op),
            _ => None,
        };
        let clip = range.filter(|_| node.input(0).is_some_and(|id| !positive[id.0]));
        let known = range.is_some() || is_positive(graph, node, &positive);
        for output in &node.outputs {
            positive[output.0] = known;
        }
        clips.push(clip);
    }
    clips
}

/// The range of a QuantizeLinear of an activation whose least integer stands for 0.
fn range(graph: &Graph, node: &Node, op: &QuantizeLinear) -> Option<Range> {
    if graph.constant(node.input(0)?).is_some() {
        return None;
    }
    let scales = graph.constant(node.input(1)?)?.values::<f32>().ok()?;
    let zero = node.input(2).map(|id| graph.constant(id));
    let dtype = match zero {
        Some(zero) => zero?.dtype(),
        None => op.to.unwrap_or(DType::U8),
    };
    let (least, most) = limits(dtype).ok()?;
    let zeros = zero.flatten().map_or(Some(vec![0]), |zero| Tensor::to_i64s(zero).ok())?;
    // Of scales per channel the widest: narrower ranges cut off only what the calibration did not see.
    let scale = scales.iter().copied().fold(0.0, f32::max);
    let relu = zeros.iter().all(|&zero| zero == least);
    relu.then_some(Range { least: 0.0, most: scale * (most - least) as f32 })
}

/// Whether no number that a node gives is negative.
fn is_positive(graph: &Graph, node: &Node, positive: &[bool]) -> bool {
    match &node.op {
        Op::Activation(activation) => match activation {
            A::Relu | A::Sigmoid | A::HardSigmoid { .. } | A::Softplus | A::Exp | A::Abs => true,
            A::Clamp { min, .. } => *min >= 0.0,
            _ => false,
        },
        Op::Clip(_) => {
            let least = node.input(1).and_then(|id| graph.constant(id));
            least.is_some_and(|least| {
                least.values::<f32>().is_ok_and(|least| least.iter().all(|&least| least >= 0.0))
            })
        }
        Op::Softmax(_) => true,
        Op::DequantizeLinear(_)
        | Op::MaxPool(_)
        | Op::AveragePool(_)
        | Op::GlobalPool(_)
        | Op::Flatten(_)
        | Op::Reshape(_)
        | Op::Squeeze(_)
        | Op::Unsqueeze(_)
        | Op::Transpose(_)
        | Op::Identity(_)
        | Op::Slice(_)
        | Op::Split(_) => node.input(0).is_some_and(|id| positive[id.0]),
        Op::Concat(_) => node.inputs.iter().flatten().all(|id| positive[id.0]),
        _ => false,
    }
}
