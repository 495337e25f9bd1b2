//! Channel shuffle (ShuffleNet, Zhang et al. 2018): Reshape, Transpose, Reshape.

use super::Rewrite;
use crate::base::error::Result;
use crate::frontend::graph::Graph;
use crate::frontend::ops::Op;
use crate::frontend::ops::channel_shuffle::ChannelShuffle;

/// See the module.
pub struct RecognizeShuffle;

impl Rewrite for RecognizeShuffle {
    fn name(&self) -> &'static str {
        "recognize-shuffle"
    }

    fn description(&self) -> &'static str {
        "turn reshape, transpose, reshape into a channel shuffle"
    }

    fn run(&self, graph: &mut Graph) -> Result<usize> {
        let mut recognized = 0;
        for index in 0..graph.nodes.len() {
            let links = graph.links();
            let last = &graph.nodes[index];
            if !matches!(last.op, Op::Reshape(_)) {
                continue;
            }
            let Some((middle, transpose)) = last.input(0).and_then(|id| graph.producer(&links, id))
            else {
                continue;
            };
            let Some((first, reshape)) =
                transpose.input(0).and_then(|id| graph.producer(&links, id))
            else {
                continue;
            };
            let (Op::Transpose(op), Op::Reshape(_), Some(input)) =
                (&transpose.op, &reshape.op, reshape.input(0))
            else {
                continue;
            };
            let outer = &graph.fact(input).shape;
            let split = &graph.fact(reshape.outputs[0]).shape;
            let alone = [transpose, reshape]
                .iter()
                .all(|node| links.only_consumer(node.outputs[0]).is_some());
            let swaps = op.order.as_deref() == Some(&[0, 2, 1, 3, 4]);
            let splits_channels = outer.len() == 4
                && split.len() == 5
                && split[0] == outer[0]
                && split[3..] == outer[2..]
                && graph.fact(last.outputs[0]).shape == *outer;
            if !(alone && swaps && splits_channels) {
                continue;
            }
            let groups = split[1];
            let sources = [first, middle, index]
                .iter()
                .flat_map(|&member| graph.nodes[member].sources.clone())
                .collect();
            let node = &mut graph.nodes[index];
            node.op = ChannelShuffle { groups }.into();
            node.inputs = vec![Some(input)];
            node.sources = sources;
            recognized += 1;
        }
        Ok(recognized)
    }
}
