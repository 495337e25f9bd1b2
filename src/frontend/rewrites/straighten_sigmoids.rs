//! HardSigmoid behind a convolution becomes a clamp, whose bounds are exact and take no table: slope and offset go
//! into the weights, `clamp(a x + b, 0, 1)`.

use super::Rewrite;
use super::fold_affine::{Affine, scale_conv};
use crate::base::error::Result;
use crate::frontend::graph::Graph;
use crate::frontend::ops::Op;
use crate::frontend::ops::activation::Activation;
use crate::frontend::ops::epilogue::Residual;

/// See the module.
pub struct StraightenSigmoids;

impl Rewrite for StraightenSigmoids {
    fn name(&self) -> &'static str {
        "straighten-sigmoids"
    }

    fn description(&self) -> &'static str {
        "turn HardSigmoid behind a convolution into a clamp"
    }

    fn run(&self, graph: &mut Graph) -> Result<usize> {
        let mut straightened = 0;
        for index in 0..graph.nodes.len() {
            let node = &graph.nodes[index];
            let Op::Conv(conv) = &node.op else { continue };
            let Some(Activation::HardSigmoid { alpha, beta }) = conv.epilogue.activation else {
                continue;
            };
            let constant = |at| node.input(at).is_none_or(|id| graph.constant(id).is_some());
            let before = conv.epilogue.residual == Some(Residual::BeforeActivation);
            let Some(input) = node.input(0) else { continue };
            if before || node.input(1).is_none() || !constant(1) || !constant(2) {
                continue;
            }
            let channels = graph.fact(node.outputs[0]).shape[1];
            let affine = Affine::new(input, vec![alpha; channels], vec![beta; channels]);
            scale_conv(graph, index, &affine)?;
            if let Op::Conv(conv) = &mut graph.nodes[index].op {
                conv.epilogue.activation = Some(Activation::Clamp { min: 0.0, max: 1.0 });
            }
            straightened += 1;
        }
        Ok(straightened)
    }
}
