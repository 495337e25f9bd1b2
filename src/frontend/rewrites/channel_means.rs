//! Means and sums over channels become 1 x 1 convolutions with equal weights, as spatial attention has them.

use super::Rewrite;
use super::view::keep_channels;
use crate::base::error::Result;
use crate::base::tensor::Tensor;
use crate::frontend::graph::{Graph, Node, ValueId};
use crate::frontend::ops::Op;
use crate::frontend::ops::conv::Conv;
use crate::frontend::ops::epilogue::Epilogue;
use crate::frontend::ops::reduce::Reduction;
use crate::frontend::ops::window::Window;

/// See the module.
pub struct ChannelMeans;

impl Rewrite for ChannelMeans {
    fn name(&self) -> &'static str {
        "channel-means"
    }

    fn description(&self) -> &'static str {
        "turn means and sums over channels into convolutions with equal weights"
    }

    fn run(&self, graph: &mut Graph) -> Result<usize> {
        let mut turned = 0;
        for index in 0..graph.nodes.len() {
            let Some((input, channels, weight)) = reduced(graph, &graph.nodes[index]) else {
                continue;
            };
            keep_channels(graph, index);
            let weights = Tensor::new(&[1, channels, 1, 1], vec![weight; channels])?;
            let name = format!("{}:weight", graph.nodes[index].name);
            let weights = graph.add_constant(&name, weights);
            let node = &mut graph.nodes[index];
            let (window, epilogue) = (Window::default(), Epilogue::default());
            node.op = Conv { window, group: 1, epilogue }.into();
            node.inputs = vec![Some(input), Some(weights)];
            turned += 1;
        }
        Ok(turned)
    }
}

/// What is reduced, its channels and the weight of each.
fn reduced(graph: &Graph, node: &Node) -> Option<(ValueId, usize, f32)> {
    let (Op::Reduce(reduce), input) = (&node.op, node.input(0)?) else { return None };
    let &[_, channels, _, _] = &graph.fact(input).shape[..] else { return None };
    let axes = graph.constant(node.input(1)?)?.values::<i64>().ok()?;
    let along_channels = matches!(axes, [1 | -3]) && channels > 0;
    match reduce.reduction {
        Reduction::Mean if along_channels => Some((input, channels, 1.0 / channels as f32)),
        Reduction::Sum if along_channels => Some((input, channels, 1.0)),
        _ => None,
    }
}
