//! Focus: strided slices of one image, concatenated along the channels, are space-to-depth.
//!
//! YOLOv5 and YOLOX export it as four (or, with one slice per axis, eight) Slice nodes and a
//! Concat; the order of the slices is kept.

use super::Rewrite;
use crate::base::error::Result;
use crate::frontend::graph::{Graph, Links, ValueId};
use crate::frontend::ops::slice::Range;
use crate::frontend::ops::space_to_depth::SpaceToDepth;
use crate::frontend::ops::{Inputs, Op};

/// See the module.
pub struct RecognizeFocus;

/// `image[:, :, y::block, x::block]`.
#[derive(Clone, Copy, PartialEq)]
struct Phase {
    start: [usize; 2],
    step: [usize; 2],
}

impl Rewrite for RecognizeFocus {
    fn name(&self) -> &'static str {
        "recognize-focus"
    }

    fn description(&self) -> &'static str {
        "turn strided slices and their concatenation (Focus) into space-to-depth"
    }

    fn run(&self, graph: &mut Graph) -> Result<usize> {
        let mut recognized = 0;
        for index in 0..graph.nodes.len() {
            let links = graph.links();
            let Some((image, op, slices)) = focus(graph, &links, index) else { continue };
            let mut sources: Vec<String> = slices
                .iter()
                .filter(|&&slice| disappears(graph, &links, slice, &slices, index))
                .flat_map(|&slice| graph.nodes[slice].sources.clone())
                .collect();
            let node = &mut graph.nodes[index];
            sources.append(&mut node.sources);
            node.sources = sources;
            node.op = op.into();
            node.inputs = vec![Some(image)];
            recognized += 1;
        }
        Ok(recognized)
    }
}

/// Whether only the concatenation at `index` and other slices read a slice.
fn disappears(graph: &Graph, links: &Links, slice: usize, slices: &[usize], index: usize) -> bool {
    graph.nodes[slice].outputs.iter().all(|&id| {
        let readers = links.consumers(id);
        !links.is_output(id)
            && readers.iter().all(|reader| *reader == index || slices.contains(reader))
    })
}

fn focus(
    graph: &Graph,
    links: &Links,
    index: usize,
) -> Option<(ValueId, SpaceToDepth, Vec<usize>)> {
    let node = &graph.nodes[index];
    let Op::Concat(concat) = &node.op else { return None };
    let output = &graph.fact(node.outputs[0]).shape;
    if output.len() != 4 || concat.axis != 1 || node.inputs.len() < 4 {
        return None;
    }
    let mut slices = Vec::new();
    let mut image = None;
    let mut offsets = Vec::new();
    let mut block = None;
    for input in node.inputs.iter().flatten() {
        let (root, phase) = phase(graph, links, *input, &mut slices)?;
        let [step, other] = phase.step;
        if step != other || step < 2 || *image.get_or_insert(root) != root {
            return None;
        }
        if *block.get_or_insert(step) != step || phase.start.iter().any(|&start| start >= step) {
            return None;
        }
        offsets.push((phase.start[0], phase.start[1]));
    }
    let (image, block) = (image?, block?);
    let shape = &graph.fact(image).shape;
    let divisible = shape[2].is_multiple_of(block) && shape[3].is_multiple_of(block);
    slices.sort_unstable();
    slices.dedup();
    divisible.then_some((image, SpaceToDepth { block, offsets }, slices))
}

/// Follows slices back to the image they are taken from.
fn phase(
    graph: &Graph,
    links: &Links,
    id: ValueId,
    slices: &mut Vec<usize>,
) -> Option<(ValueId, Phase)> {
    let mut id = id;
    let mut phase = Phase { start: [0, 0], step: [1, 1] };
    while let Some((index, node)) = graph.producer(links, id) {
        let Op::Slice(slice) = &node.op else { break };
        let ranges = slice.ranges(Inputs::new(&graph.input_facts(node))).ok()?;
        let input = node.input(0)?;
        let shape = &graph.fact(input).shape;
        let whole = |axis: usize| ranges[axis] == Range { start: 0, step: 1, count: shape[axis] };
        if ranges.len() != 4 || !whole(0) || !whole(1) {
            return None;
        }
        for axis in 0..2 {
            let range = &ranges[axis + 2];
            let step = usize::try_from(range.step).ok().filter(|&step| step > 0)?;
            // The slice must run to the end of its axis.
            if shape[axis + 2].checked_sub(range.start)?.div_ceil(step) != range.count {
                return None;
            }
            phase.start[axis] = range.start + step * phase.start[axis];
            phase.step[axis] *= step;
        }
        slices.push(index);
        id = input;
    }
    Some((id, phase))
}
