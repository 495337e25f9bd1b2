//! Zero padding in front of a convolution becomes the convolution's own.

use super::Rewrite;
use crate::base::error::Result;
use crate::frontend::graph::{Graph, Node, ValueId};
use crate::frontend::ops::pad::PadMode;
use crate::frontend::ops::{Inputs, Op};

/// See the module.
pub struct FoldPads;

impl Rewrite for FoldPads {
    fn name(&self) -> &'static str {
        "fold-pads"
    }

    fn description(&self) -> &'static str {
        "let convolutions pad by themselves"
    }

    fn run(&self, graph: &mut Graph) -> Result<usize> {
        let mut folded = 0;
        for index in 0..graph.nodes.len() {
            let links = graph.links();
            let Some((pad_index, pad)) =
                graph.nodes[index].input(0).and_then(|id| graph.producer(&links, id))
            else {
                continue;
            };
            let Some((input, begin, end)) = spatial_zero_pad(graph, pad) else { continue };
            let sources = pad.sources.clone();
            let only = links.only_consumer(pad.outputs[0]) == Some(index);
            let node = &mut graph.nodes[index];
            let Op::Conv(conv) = &mut node.op else { continue };
            if !conv.window.add_padding(&begin, &end) {
                continue;
            }
            node.inputs[0] = Some(input);
            if only {
                node.sources.extend(sources);
                graph.nodes[pad_index].sources.clear();
            }
            folded += 1;
        }
        Ok(folded)
    }
}

/// Input, begin and end of a pad with zeros along the spatial dimensions alone.
fn spatial_zero_pad(graph: &Graph, node: &Node) -> Option<(ValueId, Vec<usize>, Vec<usize>)> {
    let Op::Pad(pad) = &node.op else { return None };
    let input = node.input(0)?;
    let shape = &graph.fact(input).shape;
    let pads = pad.pads(Inputs::new(&graph.input_facts(node))).ok()?;
    let zeros = match node.input(2).map(|id| graph.constant(id)) {
        None => true,
        Some(value) => value?.values::<f32>().is_ok_and(|value| value == [0.0]),
    };
    let size = |pad: i64| usize::try_from(pad).ok();
    let begin = pads.iter().map(|pad| size(pad.0)).collect::<Option<Vec<_>>>()?;
    let end = pads.iter().map(|pad| size(pad.1)).collect::<Option<Vec<_>>>()?;
    let outer = pads.iter().take(2).all(|&pad| pad == (0, 0));
    let fits = pad.mode == PadMode::Constant && zeros && shape.len() > 2 && outer;
    fits.then(|| (input, begin[2..].to_vec(), end[2..].to_vec()))
}
