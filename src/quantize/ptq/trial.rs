//! The float network's answer on one frame when some of its values are replaced.

use std::collections::HashMap;

use super::Frames;
use crate::base::error::{Error, Result, codes};
use crate::base::tensor::Tensor;
use crate::frontend::graph::{Graph, ValueId};
use crate::frontend::ops::Inputs;
use crate::software::executor::Executor;

/// The numbers by which a network is judged: the task's scores, else each output by itself.
pub struct Answer(Vec<Vec<f32>>);

impl Answer {
    /// The answer in a network's outputs.
    pub fn of(graph: &Graph, source: &dyn Frames, outputs: &[Tensor]) -> Result<Self> {
        let names = graph.outputs.iter().map(|output| &*output.name);
        let named: Vec<(&str, &Tensor)> = names.zip(outputs).collect();
        if let Some(scores) = source.scores(&named)? {
            return Ok(Self(vec![scores]));
        }
        let floats = outputs.iter().filter_map(|output| output.values::<f32>().ok());
        Ok(Self(floats.map(<[f32]>::to_vec).collect()))
    }

    /// Sum of squares, per list.
    pub fn signal(&self) -> Vec<f64> {
        let square = |value: &f32| f64::from(*value).powi(2);
        self.0.iter().map(|list| list.iter().map(square).sum()).collect()
    }

    /// Sum of squared differences, per list.
    pub fn noise(&self, other: &Self) -> Vec<f64> {
        let square = |(a, b): (&f32, &f32)| (f64::from(*a) - f64::from(*b)).powi(2);
        let lists = self.0.iter().zip(&other.0);
        lists.map(|(own, other)| own.iter().zip(other).map(square).sum()).collect()
    }
}

/// Signal to noise ratio in dB, at most 300.
pub fn decibels(signal: f64, noise: f64) -> f64 {
    10.0 * (signal.max(1e-30) / noise.max(1e-30 * signal.max(1e-30))).log10()
}

/// The worst ratio of all lists, in dB, signals and noises added up over frames.
pub fn worst<'a>(frames: impl Iterator<Item = (&'a [f64], &'a [f64])>) -> f64 {
    let mut sums: Vec<(f64, f64)> = Vec::new();
    for (signal, noise) in frames {
        sums.resize(signal.len(), (0.0, 0.0));
        for (sum, (signal, noise)) in sums.iter_mut().zip(signal.iter().zip(noise)) {
            *sum = (sum.0 + signal, sum.1 + noise);
        }
    }
    sums.into_iter().map(|(signal, noise)| decibels(signal, noise)).fold(300.0, f64::min)
}

/// One frame of the float network with all its values.
pub struct Trial<'a> {
    graph: &'a Graph,
    source: &'a dyn Frames,
    values: Vec<Option<Tensor>>,
    /// What the network answers.
    pub answer: Answer,
}

impl<'a> Trial<'a> {
    /// Runs the network.
    pub fn new(graph: &'a Graph, source: &'a dyn Frames, frame: usize) -> Result<Self> {
        let constants = graph.values.iter().map(|value| value.fact.value.clone());
        let mut values: Vec<Option<Tensor>> = constants.collect();
        let outputs = Executor::new(graph).run_observed(&source.frame(frame)?, |id, tensor| {
            values[id.0] = Some(tensor.clone());
        })?;
        let answer = Answer::of(graph, source, &outputs)?;
        Ok(Self { graph, source, values, answer })
    }

    /// A value of the network.
    pub fn value(&self, id: ValueId) -> Result<&Tensor> {
        self.values[id.0]
            .as_ref()
            .ok_or_else(|| Error::new(&codes::INTERNAL, format!("value {} is missing", id.0)))
    }

    /// What the answer differs by when values are replaced by others.
    pub fn noise(&self, mut changed: HashMap<ValueId, Tensor>) -> Result<Vec<f64>> {
        for node in &self.graph.nodes {
            let mut read = node.inputs.iter().flatten();
            let given = node.outputs.iter().any(|id| changed.contains_key(id));
            if given || !read.any(|id| changed.contains_key(id)) {
                continue;
            }
            let inputs: Vec<Option<&Tensor>> = node
                .inputs
                .iter()
                .map(|id| id.and_then(|id| changed.get(&id).or(self.values[id.0].as_ref())))
                .collect();
            let outputs = node.op.eval(Inputs::new(&inputs)).map_err(|e| e.at(node.place()))?;
            changed.extend(node.outputs.iter().copied().zip(outputs));
        }
        let outputs = self.graph.outputs.iter().map(|output| match changed.get(&output.value) {
            Some(tensor) => Ok(tensor.clone()),
            None => self.value(output.value).cloned(),
        });
        let outputs = outputs.collect::<Result<Vec<_>>>()?;
        Ok(self.answer.noise(&Answer::of(self.graph, self.source, &outputs)?))
    }
}
