//! What the error of each layer alone does to the network's answer.
//!
//! Every other layer stays in float, so the errors of layers are told apart.

use std::collections::HashMap;

use super::trial::{Trial, worst};
use super::{Frames, Observer, Options, Progress};
use crate::base::error::{Error, Result, codes};
use crate::base::parallel;
use crate::frontend::graph::{Graph, ValueId};
use crate::model::qgraph::{Operand, QGraph, QValueId, ScaleRule};
use crate::software::engine::Engine;

/// Frames on which every layer is tried.
const FRAMES: usize = 2;

/// Per layer, the dB of the answer with this layer alone in integers; `None` where none computes.
pub fn measure(
    graph: &Graph,
    quantized: &QGraph,
    source: &dyn Frames,
    options: &Options,
    progress: Observer<'_>,
) -> Result<Vec<Option<f64>>> {
    let measured = options.measuring(source, FRAMES.min(options.report_frames));
    progress(Progress::Stage { name: "sensitivity", len: measured.len() });
    let engine = Engine::new(quantized)?;
    let values = graph.values.iter().enumerate();
    let ids: HashMap<&str, ValueId> = values.map(|(id, v)| (&*v.name, ValueId(id))).collect();
    let computing: Vec<usize> = (0..quantized.layers.len())
        .filter(|&layer| quantized.layers[layer].op.operator().scales() == ScaleRule::Chosen)
        .collect();
    let find = |id: QValueId| {
        let name = &quantized.value(id).name;
        ids.get(&**name).copied().ok_or_else(|| {
            Error::new(&codes::INTERNAL, format!("\"{name}\" is not in the float network"))
        })
    };
    let per_frame = parallel::map(measured.len(), |number| {
        let trial = Trial::new(graph, source, measured[number])?;
        let noise = |&index: &usize| {
            let layer = &quantized.layers[index];
            let read = layer.inputs.iter().flatten().filter_map(Operand::value);
            let inputs = read.map(|id| trial.value(find(id)?).cloned());
            let outputs = engine.run_layer(index, &inputs.collect::<Result<Vec<_>>>()?)?;
            let outputs = layer.outputs.iter().zip(outputs);
            let changed = outputs.map(|(&id, output)| Ok((find(id)?, output)));
            trial.noise(changed.collect::<Result<_>>()?)
        };
        let noises = computing.iter().map(noise).collect::<Result<Vec<_>>>()?;
        progress(Progress::Step);
        Ok((trial.answer.signal(), noises))
    })?;
    let mut found = vec![None; quantized.layers.len()];
    for (place, &layer) in computing.iter().enumerate() {
        let frames = per_frame.iter().map(|(signal, noises)| (&signal[..], &noises[place][..]));
        found[layer] = Some(worst(frames));
    }
    Ok(found)
}
