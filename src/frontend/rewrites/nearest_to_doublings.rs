//! Repetition of pixels becomes what the accelerator does: nearest neighbors by a power of two, the same along rows
//! and columns, become doublings, and a resize of one pixel, whatever its mode, is spread over the plane.

use super::Rewrite;
use super::chain::Chain;
use super::spread::spread;
use crate::base::error::Result;
use crate::frontend::graph::{Graph, Node, ValueId};
use crate::frontend::ops::resize::Samples;
use crate::frontend::ops::{Inputs, Op};

/// See the module.
pub struct NearestToDoublings;

impl Rewrite for NearestToDoublings {
    fn name(&self) -> &'static str {
        "nearest-to-doublings"
    }

    fn description(&self) -> &'static str {
        "turn nearest neighbors by powers of two into doublings, spread resizes of one pixel"
    }

    fn run(&self, graph: &mut Graph) -> Result<usize> {
        let mut turned = 0;
        for index in 0..graph.nodes.len() {
            let Some((input, repetition)) = repetition(graph, &graph.nodes[index])? else {
                continue;
            };
            let name = graph.nodes[index].name.clone();
            let chain = match repetition {
                Repetition::Doubled(times) => {
                    let mut chain = Chain::new(graph, format!("{name}:step"));
                    (0..times).try_fold(input, |value, _| chain.double(value))?;
                    chain
                }
                Repetition::Spread(whole) => {
                    spread(graph, &name, input, &whole, &vec![1.0; whole[1]])?;
                    Chain::new(graph, name)
                }
            };
            chain.replace(index);
            turned += 1;
        }
        Ok(turned)
    }
}

/// How each output pixel is one of the input's.
enum Repetition {
    /// By nearest neighbors of 2 x 2, so many times.
    Doubled(u32),
    /// From the only pixel; the shape of the result.
    Spread(Vec<usize>),
}

/// The input of a node that repeats pixels and has no one step for it.
fn repetition(graph: &Graph, node: &Node) -> Result<Option<(ValueId, Repetition)>> {
    let (Op::Resize(op), Some(input)) = (&node.op, node.input(0)) else { return Ok(None) };
    let samples = op.samples(Inputs::new(&graph.input_facts(node)))?;
    let (shape, whole) = (&graph.fact(input).shape, &graph.fact(node.outputs[0]).shape);
    let (Some([images, channels, rows, columns]), &[1, _, height, width]) =
        (samples.as_deref(), &shape[..])
    else {
        return Ok(None);
    };
    let by = |samples: &[Samples], shift: u32| {
        samples.iter().enumerate().all(|(x, own)| own[..] == [(x >> shift, 1.0)])
    };
    if !by(images, 0) || !by(channels, 0) {
        return Ok(None);
    }
    let doubled = |times: &u32| {
        by(rows, *times)
            && by(columns, *times)
            && [rows.len(), columns.len()] == [height << times, width << times]
    };
    if doubled(&1) {
        return Ok(None);
    }
    if let Some(times) = (2..8).find(doubled) {
        return Ok(Some((input, Repetition::Doubled(times))));
    }
    let first = |samples: &[Samples]| {
        samples.iter().flatten().all(|sample| sample.0 == 0)
            && samples.iter().all(|own| own.iter().map(|own| own.1).sum::<f32>() == 1.0)
    };
    let spreads =
        [height, width] == [1, 1] && whole[2..] != [1, 1] && first(rows) && first(columns);
    Ok(spreads.then(|| (input, Repetition::Spread(whole.clone()))))
}
