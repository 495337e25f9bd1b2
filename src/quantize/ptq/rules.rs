//! Which rule chooses the ranges of each value, by what its rounding does to the network's answer.
//!
//! How much clipping may cost differs between values: a background channel of the first layers
//! takes clipped peaks well and coarse steps badly, a channel that carries scores the other way
//! round. So the values that matter most are rounded alone, by every rule, on calibration frames.

use std::collections::HashMap;

use super::range::{self, Ranges, Rule};
use super::statistics::Statistics;
use super::trial::{Trial, worst};
use super::{Frames, Observer, Options, Progress};
use crate::base::error::Result;
use crate::base::parallel;
use crate::base::tensor::Tensor;
use crate::frontend::graph::{Graph, ValueId};

/// The rule that holds unless another one is better, and the others.
const RULES: [Rule; 3] = [Rule::Power(3), Rule::Power(2), Rule::Power(1)];

/// Frames on which all values are rounded by the first rule, then the worst by every rule.
const FRAMES: (usize, usize) = (2, 8);
/// Values that are tried by every rule.
const TRIED: usize = 12;

/// Chooses a rule for every int8 value.
pub fn choose(
    graph: &Graph,
    statistics: &Statistics,
    ranges: &Ranges,
    source: &dyn Frames,
    options: &Options,
    progress: Observer<'_>,
) -> Result<HashMap<ValueId, Rule>> {
    let first = if options.range_search { RULES[0] } else { Rule::Widest };
    let mut rules: HashMap<ValueId, Rule> = ranges.keys().map(|&id| (id, first)).collect();
    if !(options.range_search && options.range_trials) {
        return Ok(rules);
    }
    let mut ids: Vec<ValueId> = ranges.keys().copied().collect();
    ids.sort();
    let exponents = |id: ValueId, rule: Rule| {
        range::exponents(&ranges[&id], &statistics.values[&id], rule, options)
    };
    let trials = |number: usize, candidates: &[(ValueId, Vec<i32>)], stage: &'static str| {
        let available = options.calibrating(source);
        let count = number.min(available);
        progress(Progress::Stage { name: stage, len: count });
        let per_frame = parallel::map(count, |number| {
            let trial = Trial::new(graph, source, number * available / count)?;
            let noise = |(id, exponents): &(ValueId, Vec<i32>)| {
                let rounded = represent(trial.value(*id)?, &ranges[id], exponents)?;
                trial.noise(HashMap::from([(*id, rounded)]))
            };
            let noises = candidates.iter().map(noise).collect::<Result<Vec<_>>>()?;
            progress(Progress::Step);
            Ok((trial.answer.signal(), noises))
        })?;
        let of = |place: usize| {
            let frames = per_frame.iter().map(|(signal, noises)| (&signal[..], &noises[place][..]));
            worst(frames)
        };
        Ok((0..candidates.len()).map(of).collect::<Vec<f64>>())
    };
    let plain: Vec<_> = ids.iter().map(|&id| (id, exponents(id, first))).collect();
    let quality = trials(FRAMES.0, &plain, "rounding of each value")?;
    let mut order: Vec<usize> = (0..ids.len()).collect();
    order.sort_by(|&a, &b| quality[a].total_cmp(&quality[b]));
    order.truncate(TRIED);
    let candidates: Vec<(ValueId, Rule, Vec<i32>)> = order
        .iter()
        .flat_map(|&place| RULES.map(|rule| (ids[place], rule, exponents(ids[place], rule))))
        .collect();
    let tried: Vec<_> = candidates.iter().map(|(id, _, own)| (*id, own.clone())).collect();
    let quality = trials(FRAMES.1, &tried, "ranges by trial")?;
    for (own, quality) in candidates.chunks(RULES.len()).zip(quality.chunks(RULES.len())) {
        let best = (0..RULES.len()).rev().max_by(|&a, &b| quality[a].total_cmp(&quality[b]));
        if let Some(best) = best {
            rules.insert(own[best].0, own[best].1);
        }
    }
    Ok(rules)
}

/// A float tensor rounded to what its integers stand for.
fn represent(tensor: &Tensor, ranges: &[range::Range], exponents: &[i32]) -> Result<Tensor> {
    let mut values = tensor.values::<f32>()?.to_vec();
    let plane: usize = tensor.shape().iter().skip(2).product();
    for (index, chunk) in values.chunks_mut(plane.max(1)).enumerate() {
        let channel = index % ranges.len();
        let rounded = ranges[channel].rounding(exponents[channel]);
        chunk.iter_mut().for_each(|value| *value = rounded((*value).into()) as f32);
    }
    Tensor::new(tensor.shape(), values)
}
