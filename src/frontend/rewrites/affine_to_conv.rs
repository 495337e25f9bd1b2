//! Scales and shifts per channel that stand on their own are done by convolutions.
//!
//! `fold-affine` takes those with a convolution in front that nothing else reads. Of the others, behind a maximum, a sum or
//! an activation, those go into the convolutions behind that only such read, as the normalization of images does; the
//! rest become 1 x 1 depthwise convolutions. Those behind the last layer with weights stay as they are: there numbers
//! are in float.

use super::Rewrite;
use super::fold_affine::{Affine, absorb_or_lower, affine};
use super::fold_normalization::{fold_into_readers, is_of_input};
use crate::base::error::Result;
use crate::frontend::graph::{Graph, Node};
use crate::frontend::ops::Op;

/// See the module.
pub struct AffineToConv;

impl Rewrite for AffineToConv {
    fn name(&self) -> &'static str {
        "affine-to-conv"
    }

    fn description(&self) -> &'static str {
        "let convolutions do scales and shifts per channel that stand on their own"
    }

    fn run(&self, graph: &mut Graph) -> Result<usize> {
        let mut turned = 0;
        for index in (0..graph.nodes.len()).rev() {
            if let Some(affine) = standing(graph, index)
                && fold_into_readers(graph, index, &affine)?
            {
                turned += 1;
            }
        }
        let leads = leads_to_weights(graph);
        for index in 0..graph.nodes.len() {
            let output = graph.nodes[index].outputs.first();
            if output.is_some_and(|output| leads[output.0])
                && let Some(affine) = standing(graph, index)
                && !is_of_input(graph, &graph.links(), affine.input())
            {
                absorb_or_lower(graph, index, &affine)?;
                turned += 1;
            }
        }
        Ok(turned)
    }
}

/// The scale and the shift of a node that is one on planes.
fn standing(graph: &Graph, index: usize) -> Option<Affine> {
    let node = &graph.nodes[index];
    let planes = |affine: &Affine| graph.fact(affine.input()).shape.len() == 4;
    affine(graph, node).filter(|affine| affine.is_finite() && planes(affine))
}

/// By value, whether a layer with weights depends on it; what does not is computed in float behind the frame.
pub(super) fn leads_to_weights(graph: &Graph) -> Vec<bool> {
    let mut leads = vec![false; graph.values.len()];
    for node in graph.nodes.iter().rev() {
        if has_weights(graph, node) || node.outputs.iter().any(|output| leads[output.0]) {
            node.inputs.iter().flatten().for_each(|input| leads[input.0] = true);
        }
    }
    leads
}

fn has_weights(graph: &Graph, node: &Node) -> bool {
    let layer = matches!(node.op, Op::Conv(_) | Op::ConvTranspose(_) | Op::Gemm(_) | Op::MatMul(_));
    layer && node.input(1).is_some_and(|id| graph.constant(id).is_some())
}
