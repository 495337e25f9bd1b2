//! Balancing: a coarser activation step can buy finer weights.
//!
//! Raising the exponent of a channel by k makes its rounding noise larger and its folded weights
//! larger too, which are then rounded relatively finer. The sum of both noises decides.

use std::collections::HashMap;

use super::assign::{Assignment, Kind, Origin};
use super::range::Ranges;
use super::statistics::Statistics;
use crate::base::error::Result;
use crate::frontend::graph::{Graph, ValueId};
use crate::frontend::ops::Op;

/// Share of the noise of plainly rounded weights that GPTQ leaves.
const WEIGHT_NOISE: f64 = 0.03;
/// Largest raise.
const MOST: i32 = 4;

/// What one consumer adds to the cost of a channel.
#[derive(Debug, Clone, Default)]
struct Cost {
    /// Sum over outputs of the squared weight step.
    steps: f64,
    /// Sum of squared weights of the channel.
    weights: f64,
    /// Largest raise that keeps every weight below the largest of its filter.
    room: i32,
}

/// Raises exponents of channels that only dense convolutions read.
pub fn balance(
    graph: &Graph,
    assignment: &Assignment,
    statistics: &Statistics,
    ranges: &Ranges,
    exponents: &mut HashMap<ValueId, Vec<i32>>,
) -> Result<()> {
    let mut costs: HashMap<Origin, Option<Cost>> = HashMap::new();
    for (node, kind) in graph.nodes.iter().zip(&assignment.kinds) {
        if *kind == Kind::Move || *kind == Kind::Kept {
            continue;
        }
        let dense = matches!((&node.op, kind), (Op::Conv(conv), Kind::Conv) if conv.group == 1);
        for (position, input) in node.inputs.iter().enumerate() {
            let Some(input) = input else { continue };
            let origins = &assignment.origins[input.0];
            if dense && position == 0 {
                let weights = node.input(1).and_then(|id| graph.constant(id));
                let Some(weights) = weights else { continue };
                let taps = weights.shape().iter().skip(2).product();
                add(&mut costs, origins, weights.values()?, taps, exponents);
            } else {
                for origin in origins {
                    costs.insert(*origin, None);
                }
            }
        }
    }
    for (origin, cost) in costs {
        let (Some(cost), Some(own)) = (cost, exponents.get_mut(&origin.owner)) else { continue };
        let channel = &statistics.values[&origin.owner][origin.channel];
        let power = channel.samples.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>()
            / channel.samples.len().max(1) as f64;
        let exponent = own[origin.channel];
        let most = ranges[&origin.owner][origin.channel].limits.1;
        let noise = |raise: i32| {
            let step = 4f64.powi(exponent + raise);
            (WEIGHT_NOISE * cost.steps * power / step + cost.weights * step) / 12.0
        };
        let raises = 0..=MOST.min(cost.room).min(most - exponent).max(0);
        let best = raises.min_by(|&a, &b| noise(a).total_cmp(&noise(b)));
        own[origin.channel] = exponent + best.unwrap_or(0);
    }
    Ok(())
}

fn add(
    costs: &mut HashMap<Origin, Option<Cost>>,
    origins: &[Origin],
    weights: &[f32],
    taps: usize,
    exponents: &HashMap<ValueId, Vec<i32>>,
) {
    let exponent =
        |origin: &Origin| exponents.get(&origin.owner).map_or(0, |own| own[origin.channel]);
    let scale: Vec<f64> = origins.iter().map(|origin| 2f64.powi(exponent(origin))).collect();
    let filters = || weights.chunks((taps * origins.len()).max(1));
    let steps: Vec<f64> = filters()
        .map(|filter| {
            let largest = filter
                .chunks(taps.max(1))
                .zip(&scale)
                .flat_map(|(taps, scale)| taps.iter().map(move |&w| f64::from(w.abs()) * scale))
                .fold(0.0, f64::max);
            2f64.powf((largest / 127.5).log2().ceil().max(-60.0))
        })
        .collect();
    for (channel, origin) in origins.iter().enumerate() {
        let Some(cost) =
            costs.entry(*origin).or_insert_with(|| Some(Cost { room: MOST, ..Cost::default() }))
        else {
            continue;
        };
        for (filter, step) in filters().zip(&steps) {
            cost.steps += step * step;
            for &weight in &filter[channel * taps..(channel + 1) * taps] {
                cost.weights += f64::from(weight).powi(2);
                let folded = f64::from(weight.abs()) * scale[channel] / step;
                while cost.room > 0 && folded * 2f64.powi(cost.room) > 127.5 {
                    cost.room -= 1;
                }
            }
        }
    }
}
