//! Per-channel scale and shift into the convolution before it.
//!
//! BatchNorm, and Mul, Div, Add, Sub with a constant per channel, are y = a x + b per channel
//! (Ioffe and Szegedy 2015, section 3.1, for the former). A BatchNorm without such a convolution
//! becomes a 1x1 depthwise one.

use super::Rewrite;
use crate::base::error::Result;
use crate::base::tensor::{DType, Tensor};
use crate::frontend::graph::{Graph, Node, ValueId};
use crate::frontend::ops::Op;
use crate::frontend::ops::activation::Activation;
use crate::frontend::ops::binary::Binary;
use crate::frontend::ops::conv::Conv;
use crate::frontend::ops::epilogue::Epilogue;
use crate::frontend::ops::window::Window;

/// See the module.
pub struct FoldAffine;

/// y = scale x + shift, one pair per channel (dimension 1).
pub(super) struct Affine {
    input: ValueId,
    pub scale: Vec<f32>,
    pub shift: Vec<f32>,
}

impl Affine {
    /// A scale and a shift per channel of `input`.
    pub fn new(input: ValueId, scale: Vec<f32>, shift: Vec<f32>) -> Self {
        Self { input, scale, shift }
    }

    /// What is scaled and shifted.
    pub fn input(&self) -> ValueId {
        self.input
    }

    /// Division by zero, or a sum that overflows, stays in the graph as it is.
    pub fn is_finite(&self) -> bool {
        self.scale.iter().chain(&self.shift).all(|value| value.is_finite())
    }
}

impl Rewrite for FoldAffine {
    fn name(&self) -> &'static str {
        "fold-affine"
    }

    fn description(&self) -> &'static str {
        "fold batch normalization and other per-channel scales and shifts into convolutions"
    }

    fn run(&self, graph: &mut Graph) -> Result<usize> {
        let mut folded = 0;
        for index in 0..graph.nodes.len() {
            let Some(affine) = affine(graph, &graph.nodes[index]).filter(Affine::is_finite) else {
                continue;
            };
            if absorb(graph, index, &affine)? {
                folded += 1;
            } else if is_image_batch_norm(graph, index) {
                lower(graph, index, &affine)?;
                folded += 1;
            }
        }
        Ok(folded)
    }
}

/// Whether the convolution in front does what the node at `index` did.
fn absorb(graph: &mut Graph, index: usize, affine: &Affine) -> Result<bool> {
    let links = graph.links();
    let conv = links.producer(affine.input).filter(|&producer| {
        links.only_consumer(affine.input) == Some(index) && can_absorb(graph, producer)
    });
    if let Some(conv) = conv {
        scale_conv(graph, conv, affine)?;
        graph.absorb(conv, index);
    }
    Ok(conv.is_some())
}

/// Lets the convolution in front do what the node at `index` does, or else one in its place.
///
/// # Errors
/// Those of making tensors.
pub(super) fn absorb_or_lower(graph: &mut Graph, index: usize, affine: &Affine) -> Result<()> {
    if absorb(graph, index, affine)? { Ok(()) } else { lower(graph, index, affine) }
}

/// The scale and shift that a node is, if it is.
pub(super) fn affine(graph: &Graph, node: &Node) -> Option<Affine> {
    match &node.op {
        Op::BatchNorm(op) => {
            let input = node.input(0)?;
            let parameter = |position: usize| -> Option<&[f32]> {
                graph.constant(node.input(position)?)?.values().ok()
            };
            let (gamma, beta) = (parameter(1)?, parameter(2)?);
            let (mean, variance) = (parameter(3)?, parameter(4)?);
            let scale: Vec<f32> = gamma
                .iter()
                .zip(variance)
                .map(|(&gamma, &variance)| {
                    (f64::from(gamma) / (f64::from(variance) + f64::from(op.epsilon)).sqrt()) as f32
                })
                .collect();
            let shift = beta
                .iter()
                .zip(mean.iter().zip(&scale))
                .map(|(&beta, (&mean, &scale))| beta - mean * scale)
                .collect();
            Some(Affine { input, scale, shift })
        }
        Op::Binary(op) => binary_affine(graph, node, *op),
        Op::Activation(Activation::Neg) => {
            let input = node.input(0)?;
            let channels = *graph.fact(input).shape.get(1)?;
            let floats = graph.fact(input).dtype == DType::F32;
            let [scale, shift] = [-1.0, 0.0].map(|value| vec![value; channels]);
            floats.then_some(Affine { input, scale, shift })
        }
        _ => None,
    }
}

fn binary_affine(graph: &Graph, node: &Node, op: Binary) -> Option<Affine> {
    let (a, b) = (node.input(0)?, node.input(1)?);
    let (input, constant, constant_first) = match (graph.constant(a), graph.constant(b)) {
        (None, Some(constant)) => (a, constant, false),
        (Some(constant), None) => (b, constant, true),
        _ => return None,
    };
    let shape = &graph.fact(input).shape;
    if graph.fact(node.outputs[0]).shape != *shape {
        return None;
    }
    let values = per_channel(constant, shape)?;
    let all = |value: f32| vec![value; values.len()];
    let (scale, shift) = match (op, constant_first) {
        (Binary::Add, _) => (all(1.0), values),
        (Binary::Sub, false) => (all(1.0), values.iter().map(|value| -value).collect()),
        (Binary::Sub, true) => (all(-1.0), values),
        (Binary::Mul, _) => {
            let zeros = all(0.0);
            (values, zeros)
        }
        (Binary::Div, false) => {
            let zeros = all(0.0);
            (values.iter().map(|value| 1.0 / value).collect(), zeros)
        }
        (Binary::Div, true) => return None,
    };
    Some(Affine { input, scale, shift })
}

/// The constant as one value per channel of `shape`, if it varies along dimension 1 at most.
fn per_channel(constant: &Tensor, shape: &[usize]) -> Option<Vec<f32>> {
    let values = constant.values::<f32>().ok()?;
    let channels = *shape.get(1)?;
    if values.len() == 1 {
        return Some(vec![values[0]; channels]);
    }
    // Broadcasting aligns from the right: the channel stands before the spatial dimensions.
    let position = constant.shape().len().checked_sub(shape.len() - 1)?;
    let along_channels = constant.shape().get(position) == Some(&channels);
    (along_channels && values.len() == channels).then(|| values.to_vec())
}

fn can_absorb(graph: &Graph, index: usize) -> bool {
    let node = &graph.nodes[index];
    let constant = |position| node.input(position).is_none_or(|id| graph.constant(id).is_some());
    matches!(&node.op, Op::Conv(conv) if conv.epilogue == Epilogue::default())
        && constant(1)
        && constant(2)
}

/// Lets a convolution with constant weights give its sums scaled and shifted.
///
/// # Errors
/// Those of making tensors.
pub(super) fn scale_conv(graph: &mut Graph, index: usize, affine: &Affine) -> Result<()> {
    let node = &graph.nodes[index];
    let name = node.name.clone();
    let (Some(weight), bias) = (node.input(1), node.input(2)) else { return Ok(()) };
    let Some(weight) = graph.constant(weight) else { return Ok(()) };
    let bias = match bias.and_then(|id| graph.constant(id)) {
        Some(bias) => bias.values::<f32>()?.to_vec(),
        None => vec![0.0; affine.scale.len()],
    };
    let per_output = weight.len() / affine.scale.len().max(1);
    let weights: Vec<f32> = weight
        .values::<f32>()?
        .chunks(per_output.max(1))
        .zip(&affine.scale)
        .flat_map(|(filter, &scale)| filter.iter().map(move |&weight| weight * scale))
        .collect();
    let weights = Tensor::new(weight.shape(), weights)?;
    let biases = bias
        .iter()
        .zip(affine.scale.iter().zip(&affine.shift))
        .map(|(&bias, (&scale, &shift))| bias * scale + shift)
        .collect();
    let weight = graph.add_constant(&format!("{name}:weight"), weights);
    let bias = graph.add_constant(&format!("{name}:bias"), Tensor::vector(biases));
    let inputs = &mut graph.nodes[index].inputs;
    inputs.resize(inputs.len().max(3), None);
    inputs[1..3].copy_from_slice(&[Some(weight), Some(bias)]);
    Ok(())
}

fn is_image_batch_norm(graph: &Graph, index: usize) -> bool {
    let node = &graph.nodes[index];
    matches!(node.op, Op::BatchNorm(_))
        && node.input(0).is_some_and(|id| graph.fact(id).shape.len() == 4)
}

/// A scale and a shift on their own: a 1x1 depthwise convolution.
fn lower(graph: &mut Graph, index: usize, affine: &Affine) -> Result<()> {
    let channels = affine.scale.len();
    let name = graph.nodes[index].name.clone();
    let weights = Tensor::new(&[channels, 1, 1, 1], affine.scale.clone())?;
    let weight = graph.add_constant(&format!("{name}:weight"), weights);
    let bias = graph.add_constant(&format!("{name}:bias"), Tensor::vector(affine.shift.clone()));
    let node = &mut graph.nodes[index];
    node.op = Op::Conv(Conv {
        window: Window::default(),
        group: channels,
        epilogue: Epilogue::default(),
    });
    node.inputs = vec![Some(affine.input), Some(weight), Some(bias)];
    Ok(())
}
