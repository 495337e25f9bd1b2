//! Scales and shifts of the network's input into the convolutions that read it.
//!
//! Exporters write the normalization of images as the first nodes: x / 255, or (x - mean) / deviation per
//! channel. With y = a x + b, a convolution of y with the weights w is one of x with a w, and the sum of w b is
//! part of the bias. Where the convolution pads, its zeros are zeros of y: a scale keeps them, a shift does not,
//! and stays a node of its own.

use super::Rewrite;
use super::fold_affine::{Affine, affine};
use crate::base::error::Result;
use crate::base::tensor::Tensor;
use crate::frontend::graph::{Graph, Links, ValueId};
use crate::frontend::ops::Op;

/// See the module.
pub struct FoldNormalization;

impl Rewrite for FoldNormalization {
    fn name(&self) -> &'static str {
        "fold-normalization"
    }

    fn description(&self) -> &'static str {
        "fold scales and shifts of the network's input into the convolutions that read it"
    }

    fn run(&self, graph: &mut Graph) -> Result<usize> {
        let mut folded = 0;
        // The last one first: the one before it then stands in front of the convolution.
        for index in (0..graph.nodes.len()).rev() {
            let Some(affine) = affine(graph, &graph.nodes[index]).filter(Affine::is_finite) else {
                continue;
            };
            let of_input = is_of_input(graph, &graph.links(), affine.input());
            if of_input && fold_into_readers(graph, index, &affine)? {
                folded += 1;
            }
        }
        Ok(folded)
    }
}

/// Whether all that read the node at `index` are convolutions that now do what it did.
///
/// # Errors
/// Those of making tensors.
pub(super) fn fold_into_readers(graph: &mut Graph, index: usize, affine: &Affine) -> Result<bool> {
    let links = graph.links();
    let output = graph.nodes[index].outputs[0];
    let readers = links.consumers(output).to_vec();
    let fits = |&reader: &usize| absorbs(graph, reader, output, affine);
    if readers.is_empty() || !readers.iter().all(fits) || links.is_output(output) {
        return Ok(false);
    }
    for &reader in &readers {
        fold(graph, reader, affine)?;
    }
    let sources = std::mem::take(&mut graph.nodes[index].sources);
    graph.nodes[readers[0]].sources.extend(sources);
    // At once, so that the node before it has the convolutions for its readers.
    graph.nodes.remove(index);
    Ok(true)
}

/// Whether `id` is a network input, scaled, shifted or moved at most.
pub(super) fn is_of_input(graph: &Graph, links: &Links, mut id: ValueId) -> bool {
    while let Some((_, node)) = graph.producer(links, id) {
        let before = match affine(graph, node) {
            Some(affine) => Some(affine.input()),
            None if node.op.moves() || matches!(node.op, Op::Cast(_)) => node.input(0),
            None => None,
        };
        let Some(before) = before else { return false };
        id = before;
    }
    graph.inputs.contains(&id)
}

/// Whether the node is a convolution of `value` whose parameters can take the scale and the shift.
fn absorbs(graph: &Graph, index: usize, value: ValueId, affine: &Affine) -> bool {
    let node = &graph.nodes[index];
    let Op::Conv(conv) = &node.op else { return false };
    let reads = node.inputs.iter().flatten().filter(|&&id| id == value).count();
    let Some(weight) = node.input(1).and_then(|id| graph.constant(id)) else { return false };
    let bias = node.input(2).is_none_or(|id| graph.constant(id).is_some());
    let input = &graph.fact(value).shape;
    let (Some(kernel), Some(extents)) = (weight.shape().get(2..), input.get(2..)) else {
        return false;
    };
    let pads = conv
        .window
        .axes(kernel, extents, false)
        .map_or(true, |axes| axes.iter().any(|axis| (axis.begin, axis.end) != (0, 0)));
    let shifts = affine.shift.iter().any(|&shift| shift != 0.0);
    node.input(0) == Some(value) && reads == 1 && bias && !(pads && shifts)
}

/// Lets the convolution at `index` read the input of the scale and the shift, and compute them.
fn fold(graph: &mut Graph, index: usize, affine: &Affine) -> Result<()> {
    let node = &graph.nodes[index];
    let name = node.name.clone();
    let Op::Conv(conv) = &node.op else { return Ok(()) };
    let Some(weight) = node.input(1).and_then(|id| graph.constant(id)) else { return Ok(()) };
    let filters = weight.shape()[0];
    let per_group = weight.shape()[1];
    let taps = weight.shape()[2..].iter().product::<usize>();
    let bias = match node.input(2).and_then(|id| graph.constant(id)) {
        Some(bias) => bias.values::<f32>()?.to_vec(),
        None => vec![0.0; filters],
    };
    let mut bias: Vec<f64> = bias.into_iter().map(f64::from).collect();
    let mut weights = weight.values::<f32>()?.to_vec();
    let of_group = filters / conv.group.max(1);
    for (row, row_weights) in weights.chunks_mut(taps.max(1)).enumerate() {
        let filter = row / per_group;
        let channel = filter / of_group.max(1) * per_group + row % per_group;
        let (scale, shift) = (affine.scale[channel], f64::from(affine.shift[channel]));
        for weight in row_weights {
            bias[filter] += f64::from(*weight) * shift;
            *weight *= scale;
        }
    }
    let weights = Tensor::new(weight.shape(), weights)?;
    let bias = Tensor::vector(bias.into_iter().map(|bias| bias as f32).collect());
    let weight = graph.add_constant(&format!("{name}:weight"), weights);
    let bias = graph.add_constant(&format!("{name}:bias"), bias);
    let inputs = &mut graph.nodes[index].inputs;
    inputs.resize(inputs.len().max(3), None);
    inputs[..3].copy_from_slice(&[Some(affine.input()), Some(weight), Some(bias)]);
    Ok(())
}
