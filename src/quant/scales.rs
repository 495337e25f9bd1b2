//! Exponent and zero point per channel, from the statistics.

use std::collections::HashMap;

use super::Options;
use super::assign::{Assignment, Kind, Origin};
use super::balance;
use super::function::lower_bound;
use super::statistics::{Channel, Statistics};
use super::weights::{folded_filters, is_direct, plain_exponent};
use crate::error::{Error, Result, codes};
use crate::graph::{Graph, Node, ValueId};
use crate::num::FRACTION;
use crate::ops::Op;
use crate::ops::epilogue::Epilogue;
use crate::qgraph::{Scale, Width};

/// Exponents a tensor may have when nothing limits it further.
const EXPONENTS: (i32, i32) = (-24, 20);
/// Exponents within reach of rule A6's last shift (0 to 15).
const FUNCTION_EXPONENTS: (i32, i32) = (-FRACTION, 15 - FRACTION);
/// Largest distance of the exponents that one dense sum reads.
const SPREAD: i32 = 8;

/// Scales of all integer values.
#[derive(Debug)]
pub struct Scales(HashMap<ValueId, Vec<Scale>>);

/// What is known of one channel while its scale is chosen.
#[derive(Debug, Clone, Copy)]
pub struct Range {
    /// Least value to represent, at most 0.
    pub low: f64,
    /// Greatest value to represent.
    pub high: f64,
    /// Exponents the hardware can give it.
    pub limits: (i32, i32),
    /// Whether a zero point may be used.
    pub zero_point: bool,
}

impl Scales {
    /// Scales of a value, per channel.
    pub fn of(&self, assignment: &Assignment, id: ValueId) -> Vec<Scale> {
        assignment.origins[id.0].iter().map(|origin| self.at(*origin)).collect()
    }

    /// The scale chosen at an origin.
    pub fn at(&self, origin: Origin) -> Scale {
        self.0.get(&origin.owner).map_or_else(Scale::default, |scales| scales[origin.channel])
    }
}

impl Range {
    /// Zero point for an exponent: the code of `low` is -128, or as near as a zero point can be.
    pub fn zero(&self, exponent: i32) -> i32 {
        if !self.zero_point {
            return 0;
        }
        (-128 - self.lowest(exponent)).min(127)
    }

    fn lowest(&self, exponent: i32) -> i32 {
        if !self.zero_point {
            return -128;
        }
        let steps = (self.low / 2f64.powi(exponent) + 0.5).floor();
        steps.max(-255.0) as i32
    }

    /// Whether the range is represented without clipping.
    fn covers(&self, exponent: i32) -> bool {
        let step = 2f64.powi(exponent);
        let lowest = f64::from(self.lowest(exponent));
        self.high / step < lowest + 255.5 && self.low / step >= lowest - 0.5
    }

    /// The smallest exponent that clips nothing.
    fn widest(&self) -> i32 {
        let (least, most) = self.limits;
        (least..most).find(|&exponent| self.covers(exponent)).unwrap_or(most)
    }

    /// Sum of cubed errors on the samples.
    fn error(&self, exponent: i32, channel: &Channel) -> f64 {
        let step = 2f64.powi(exponent);
        let zero = f64::from(self.zero(exponent));
        let error = |&sample: &f32| {
            let value = f64::from(sample);
            let code = ((value / step + 0.5).floor() + zero).clamp(-128.0, 127.0);
            ((code - zero) * step - value).abs().powi(3)
        };
        channel.samples.iter().chain([&channel.max]).map(error).sum()
    }

    /// The exponent for a channel.
    fn choose(&self, channel: &Channel, search: bool) -> i32 {
        let widest = self.widest();
        if !search {
            return widest;
        }
        let mut best = (f64::INFINITY, widest);
        for exponent in (widest - 3..=widest).rev().filter(|&e| e >= self.limits.0) {
            let error = self.error(exponent, channel);
            if error < best.0 {
                best = (error, exponent);
            }
        }
        best.1
    }
}

/// Chooses the scales of all owners.
pub fn choose(
    graph: &Graph,
    assignment: &Assignment,
    statistics: &Statistics,
    options: &Options,
) -> Result<Scales> {
    let producers: HashMap<ValueId, &Node> = graph
        .nodes
        .iter()
        .flat_map(|node| node.outputs.iter().map(move |&output| (output, node)))
        .collect();
    let mut chosen = HashMap::new();
    let mut ranges: HashMap<ValueId, Vec<Range>> = HashMap::new();
    for (&id, channels) in &statistics.values {
        let node = producers.get(&id).copied();
        if assignment.widths[id.0] != Some(Width::I8) {
            chosen.insert(id, wide_exponents(assignment.widths[id.0], channels));
            continue;
        }
        let own: Vec<Range> =
            channels.iter().map(|channel| range(node, channel, options)).collect();
        let mut exponents: Vec<i32> = own
            .iter()
            .zip(channels)
            .map(|(range, channel)| range.choose(channel, options.range_search))
            .collect();
        if !options.channel_exponents {
            let most = exponents.iter().copied().max().unwrap_or(0);
            exponents.fill(most);
        }
        chosen.insert(id, exponents);
        ranges.insert(id, own);
    }
    limit_spread(graph, assignment, &mut chosen);
    if options.balancing && options.channel_exponents {
        balance::balance(graph, assignment, statistics, &ranges, &mut chosen)?;
        limit_spread(graph, assignment, &mut chosen);
    }
    reach_direct_outputs(graph, assignment, &mut chosen)?;
    let mut scales = HashMap::new();
    for (id, exponents) in chosen {
        let zero = |channel: usize, exponent: i32| {
            ranges.get(&id).map_or(0, |ranges| ranges[channel].zero(exponent))
        };
        let own = exponents
            .iter()
            .enumerate()
            .map(|(channel, &exponent)| scale(exponent, zero(channel, exponent)))
            .collect::<Result<_>>()?;
        scales.insert(id, own);
    }
    Ok(Scales(scales))
}

fn scale(exponent: i32, zero: i32) -> Result<Scale> {
    let fits = || Some(Scale { exponent: exponent.try_into().ok()?, zero: zero.try_into().ok()? });
    fits().ok_or_else(|| Error::new(&codes::INTERNAL, format!("scale 2^{exponent}, zero {zero}")))
}

fn range(node: Option<&Node>, channel: &Channel, options: &Options) -> Range {
    let epilogue = match node.map(|node| &node.op) {
        Some(Op::Conv(conv)) => conv.epilogue,
        _ => Epilogue::default(),
    };
    let function = epilogue.residual.is_some()
        || epilogue.activation.is_some_and(|a| a != crate::ops::activation::Activation::Relu);
    let known = match epilogue {
        Epilogue { activation: Some(activation), residual: None } => lower_bound(activation),
        _ => None,
    };
    Range {
        low: known.unwrap_or(f64::from(channel.min)).min(0.0),
        high: f64::from(channel.max).max(0.0),
        limits: if function { FUNCTION_EXPONENTS } else { EXPONENTS },
        zero_point: options.zero_points,
    }
}

/// Exponents of a wide output, symmetric, the finest that clip nothing seen.
fn wide_exponents(width: Option<Width>, channels: &[Channel]) -> Vec<i32> {
    let bits = width.map_or(16, Width::bits);
    let most = 2f64.powi(bits as i32 - 1) - 1.0;
    channels
        .iter()
        .map(|channel| {
            let largest = f64::from(channel.max.max(-channel.min)).max(1e-6);
            (largest / most).log2().ceil().clamp(-24.0, 20.0) as i32
        })
        .collect()
}

/// Raises the exponents of direct outputs (rule A5) that are finer than the accumulator by more
/// than the left shift of 2 can bridge: its step follows from the weights.
fn reach_direct_outputs(
    graph: &Graph,
    assignment: &Assignment,
    exponents: &mut HashMap<ValueId, Vec<i32>>,
) -> Result<()> {
    for (node, kind) in graph.nodes.iter().zip(&assignment.kinds) {
        let (Op::Conv(conv), Kind::Conv, Some(input)) = (&node.op, kind, node.input(0)) else {
            continue;
        };
        let Some(weight) = node.input(1).and_then(|id| graph.constant(id)) else { continue };
        if !is_direct(conv.epilogue) {
            continue;
        }
        let inputs: Vec<i32> = assignment.origins[input.0]
            .iter()
            .map(|origin| exponents.get(&origin.owner).map_or(0, |own| own[origin.channel]))
            .collect();
        let filters = folded_filters(weight, conv.group, &inputs)?;
        if let Some(own) = exponents.get_mut(&node.outputs[0]) {
            for (exponent, filter) in own.iter_mut().zip(filters) {
                *exponent = (*exponent).max(plain_exponent(&filter) - 2);
            }
        }
    }
    Ok(())
}

/// Raises exponents that lie more than [`SPREAD`] below the largest one that the same dense sum
/// reads: their channels would get no weight bits.
fn limit_spread(
    graph: &Graph,
    assignment: &Assignment,
    exponents: &mut HashMap<ValueId, Vec<i32>>,
) {
    for (node, kind) in graph.nodes.iter().zip(&assignment.kinds) {
        let (Op::Conv(conv), Kind::Conv, Some(input)) = (&node.op, kind, node.input(0)) else {
            continue;
        };
        if conv.group != 1 {
            continue;
        }
        let origins = &assignment.origins[input.0];
        let at = |exponents: &HashMap<ValueId, Vec<i32>>, origin: &Origin| {
            exponents.get(&origin.owner).map(|own| own[origin.channel])
        };
        let Some(most) = origins.iter().filter_map(|origin| at(exponents, origin)).max() else {
            continue;
        };
        for origin in origins {
            if let Some(own) = exponents.get_mut(&origin.owner) {
                own[origin.channel] = own[origin.channel].max(most - SPREAD);
            }
        }
    }
}
