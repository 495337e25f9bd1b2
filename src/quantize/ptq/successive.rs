//! Layer after layer, from the input on: each convolution is rounded knowing what the integer
//! layers before it really give, and what the float network would have given it.
//!
//! Float and quantized network go through a set of frames side by side, so that every layer is run
//! once for each and no more than the living values are held.

use std::collections::HashMap;

use super::build::Source;
use super::gptq::Rounder;
use super::moments::{Moments, Reader};
use super::state::State;
use super::weights::{Folded, Rounded};
use super::{Frames, Observer, Options, Progress};
use crate::base::error::{Error, Result, codes};
use crate::base::parallel;
use crate::base::tensor::Tensor;
use crate::frontend::graph::Graph;
use crate::frontend::ops::Inputs;
use crate::model::qgraph::{QGraph, QValueId};
use crate::software::engine::{Step, carry};

/// Bytes of living values that all frames together may hold.
const MEMORY: usize = 1 << 30;
/// Frames, whatever they take.
const FEWEST: usize = 4;

/// What the walk is made from.
pub struct Walk<'a> {
    pub source: Source<'a>,
    pub folded: &'a [Folded],
    /// Weights rounded to the nearest, by node.
    pub nearest: &'a HashMap<usize, Rounded>,
}

impl Walk<'_> {
    /// Rounds the weights of all convolutions of a graph whose weights are rounded to the nearest.
    ///
    /// Returns the graph in which every layer is rounded for itself: what it does to a float network
    /// is its own error alone, nothing that makes up for others.
    pub fn round(
        &self,
        quantized: &mut QGraph,
        source: &dyn Frames,
        options: &Options,
        progress: Observer<'_>,
    ) -> Result<QGraph> {
        let mut alone = quantized.clone();
        let graph = self.source.graph;
        let available = options.calibrating(source);
        let count = frames_within(quantized, available.min(options.rounding_frames));
        progress(Progress::Stage { name: "rounding of weights", len: graph.nodes.len() });
        // Frames at equal distances, so that few of them still see all of the calibration set.
        let mut states = parallel::map(count, |number| {
            start(quantized, &source.frame(number * available / count)?)
        })?;
        let ids = identities(graph, quantized);
        let dead_after = quantized.dead_after();
        let folded: HashMap<usize, &Folded> =
            self.folded.iter().map(|conv| (conv.node, conv)).collect();
        for (index, node) in graph.nodes.iter().enumerate() {
            if let Some(conv) = folded.get(&index) {
                let moments = moments(quantized, index, conv, &states, options)?;
                let rounder = Rounder::new(conv, &self.nearest[&index], &moments, options);
                for (built, compensate) in [(&mut alone, false), (&mut *quantized, true)] {
                    let rounded = rounder.round(compensate && options.compensation);
                    let made = self.source.conv(&mut built.functions, node, conv, &rounded)?;
                    built.layers[index].op = made;
                }
            }
            advance(graph, quantized, index, &ids, &dead_after[index], &mut states)?;
            progress(Progress::Step);
        }
        quantized.validate()?;
        Ok(alone)
    }
}

/// Moments of what a convolution reads.
fn moments(
    quantized: &QGraph,
    index: usize,
    folded: &Folded,
    states: &[State],
    options: &Options,
) -> Result<Moments> {
    let layer = &quantized.layers[index];
    let scales = |id| Some((id, quantized.value(id).integer()?.1));
    let (Some(conv), Some((input, scales))) = (layer.op.conv(), layer.input(0).and_then(scales))
    else {
        return Err(Error::new(&codes::INTERNAL, "not a convolution of integers"));
    };
    Reader { layer: index, conv, folded, input, scales }.collect(states, options)
}

/// How many frames the memory takes, at most `wanted`.
fn frames_within(quantized: &QGraph, wanted: usize) -> usize {
    let size = |id: &QValueId| quantized.value(*id).len();
    let mut living: usize = quantized.inputs.iter().map(size).sum();
    let mut most = living;
    for (layer, dead) in quantized.layers.iter().zip(quantized.dead_after()) {
        living += layer.outputs.iter().map(size).sum::<usize>();
        most = most.max(living);
        living -= dead.iter().map(size).sum::<usize>();
    }
    // Single precision, float and quantized.
    (MEMORY / (8 * most).max(1)).max(FEWEST).min(wanted)
}

fn start(quantized: &QGraph, inputs: &[Tensor]) -> Result<State> {
    let count = quantized.values.len();
    let mut state = State { float: vec![None; count], carried: vec![None; count] };
    for (&id, input) in quantized.inputs.iter().zip(inputs) {
        state.carried[id.0] = Some(carry(quantized.rounding, quantized.value(id), input.clone())?);
        state.float[id.0] = Some(input.clone());
    }
    Ok(state)
}

/// The value of the quantized graph for each value of the float graph.
fn identities(graph: &Graph, quantized: &QGraph) -> Vec<Option<QValueId>> {
    let mut ids = vec![None; graph.values.len()];
    for (float, &id) in graph.inputs.iter().zip(&quantized.inputs) {
        ids[float.0] = Some(id);
    }
    for (node, layer) in graph.nodes.iter().zip(&quantized.layers) {
        for (float, &id) in node.outputs.iter().zip(&layer.outputs) {
            ids[float.0] = Some(id);
        }
    }
    ids
}

/// Runs one layer of both networks on all frames.
fn advance(
    graph: &Graph,
    quantized: &QGraph,
    index: usize,
    ids: &[Option<QValueId>],
    dead: &[QValueId],
    states: &mut [State],
) -> Result<()> {
    let step = Step::new(quantized, index)?;
    let node = &graph.nodes[index];
    let outputs = parallel::map(states.len(), |number| {
        let state = &states[number];
        let inputs: Vec<Option<&Tensor>> = node
            .inputs
            .iter()
            .map(|id| {
                let id = (*id)?;
                graph.constant(id).or_else(|| state.float[ids[id.0]?.0].as_ref())
            })
            .collect();
        let float = node.op.eval(Inputs::new(&inputs)).map_err(|e| e.at(node.place()))?;
        Ok((float, step.run(&state.carried)?))
    })?;
    for (state, (float, carried)) in states.iter_mut().zip(outputs) {
        let results = quantized.layers[index].outputs.iter().zip(float.into_iter().zip(carried));
        for (id, (float, carried)) in results {
            state.float[id.0] = Some(float);
            state.carried[id.0] = Some(carried);
        }
        for id in dead {
            state.float[id.0] = None;
            state.carried[id.0] = None;
        }
    }
    Ok(())
}
