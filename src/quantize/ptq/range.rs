//! The range of a channel and the exponent that a rule gives it.

use std::collections::HashMap;

use super::Options;
use super::assign::{Assignment, Kind, Origin};
use super::channel::Channel;
use super::fixed_point::FixedPoints;
use super::statistics::Statistics;
use crate::frontend::graph::{Graph, Node, ValueId};
use crate::frontend::ops::Op;
use crate::frontend::ops::activation::Activation;
use crate::frontend::ops::epilogue::Epilogue;
use crate::model::qgraph::Width;

/// Exponents a tensor may have when nothing limits it further.
const EXPONENTS: (i32, i32) = (-24, 20);
/// The lower bound of an activation is covered, seen or not, where it is no more than this times the range seen.
const SPARE: f64 = 2.0;
/// Exponents below the widest that are tried.
const FINER: i32 = 3;

/// Ranges of all int8 values that own scales, per channel.
pub type Ranges = HashMap<ValueId, Vec<Range>>;

/// How the exponent of a channel is chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// The least that clips nothing seen or foreseen.
    Widest,
    /// The one with the least sum of errors on the samples, each raised to a power: the higher the
    /// power, the more clipping counts against rounding.
    Power(i32),
}

/// What is known of one channel while its scale is chosen.
#[derive(Debug, Clone, Copy)]
pub struct Range {
    /// Least value to represent, at most 0.
    low: f64,
    /// Greatest value to represent.
    high: f64,
    /// Whether nothing can be less than `low`: what an exponent covers then begins there, else it is larger or smaller
    /// than the range by the same factor at both ends.
    bounded: bool,
    /// Exponents the hardware can give it.
    pub limits: (i32, i32),
    /// Whether a zero point may be used.
    pub zero_point: bool,
}

impl Range {
    /// Zero point for an exponent: the code of the least value that it covers is -128.
    pub fn zero(&self, exponent: i32) -> i32 {
        if !self.zero_point {
            return 0;
        }
        -128 - self.lowest(exponent)
    }

    /// What a number becomes with an exponent.
    pub fn rounding(&self, exponent: i32) -> impl Fn(f64) -> f64 {
        let step = 2f64.powi(exponent);
        let zero = f64::from(self.zero(exponent));
        move |value| {
            let code = ((value / step + 0.5).floor() + zero).clamp(-128.0, 127.0);
            (code - zero) * step
        }
    }

    /// The least value that an exponent covers, in steps.
    fn lowest(&self, exponent: i32) -> i32 {
        if !self.zero_point {
            return -128;
        }
        let width = if self.bounded { 255.0 * 2f64.powi(exponent) } else { self.high - self.low };
        let first = if width > 0.0 { 255.0 * self.low / width } else { 0.0 };
        (first + 0.5).floor().clamp(-255.0, 0.0) as i32
    }

    /// Whether the range is represented without clipping.
    fn covers(&self, exponent: i32) -> bool {
        let step = 2f64.powi(exponent);
        let lowest = f64::from(self.lowest(exponent));
        self.high / step < lowest + 255.5 && self.low / step >= lowest - 0.5
    }

    /// The smallest exponent that clips nothing.
    pub fn widest(&self) -> i32 {
        let (least, most) = self.limits;
        (least..most).find(|&exponent| self.covers(exponent)).unwrap_or(most)
    }

    /// The exponent for a channel.
    fn choose(&self, channel: &Channel, rule: Rule) -> i32 {
        let widest = self.widest();
        let Rule::Power(power) = rule else { return widest };
        let (low, high) = (f64::from(channel.min).max(self.low), f64::from(channel.max));
        let seen = Self { low: low.min(0.0), high: high.max(0.0), ..*self }.widest();
        let mut best = (f64::INFINITY, widest);
        for exponent in (seen - FINER..=widest).rev().filter(|&e| e >= self.limits.0) {
            let rounded = self.rounding(exponent);
            let error = |value: f32| {
                let value = f64::from(value).clamp(self.low, self.high);
                (rounded(value) - value).abs().powi(power)
            };
            // The largest value counts as one more sample: rare peaks are what is detected.
            let seen = channel.samples.iter().chain([&channel.max]);
            let unseen = channel.unseen.iter();
            let error = seen.map(|&value| error(value)).sum::<f64>()
                + unseen.map(|&(value, often)| error(value) * f64::from(often)).sum::<f64>();
            if error < best.0 {
                best = (error, exponent);
            }
        }
        best.1
    }
}

/// Exponents of a value's channels by one rule.
pub fn exponents(
    ranges: &[Range],
    channels: &[Channel],
    rule: Rule,
    options: &Options,
) -> Vec<i32> {
    let pairs = ranges.iter().zip(channels);
    let mut exponents: Vec<i32> =
        pairs.map(|(range, channel)| range.choose(channel, rule)).collect();
    if !options.channel_exponents {
        let most = exponents.iter().copied().max().unwrap_or(0);
        exponents.fill(most);
    }
    exponents
}

/// What the statistics and the producers say about the ranges of all int8 values.
pub fn collect(
    graph: &Graph,
    assignment: &Assignment,
    statistics: &Statistics,
    points: &FixedPoints,
    options: &Options,
) -> Ranges {
    let producers = producers(graph);
    let mut residuals: HashMap<Origin, (i32, i32)> = HashMap::new();
    for (node, kind) in graph.nodes.iter().zip(&assignment.kinds) {
        let (Kind::Conv, Some(added)) = (kind, node.input(Epilogue::RESIDUAL_INPUT)) else {
            continue;
        };
        let Some(point) = points.get(&node.outputs[0]) else { continue };
        for (channel, origin) in assignment.origins[added.0].iter().enumerate() {
            let own = residuals.entry(*origin).or_insert(EXPONENTS);
            *own = common(*own, point.residuals(channel));
        }
    }
    let factors = assignment.factors(graph);
    let narrow =
        statistics.values.iter().filter(|(id, _)| assignment.widths[id.0] == Some(Width::I8));
    let own = |(&owner, channels): (&ValueId, &Vec<Channel>)| {
        let node = producers.get(&owner).copied();
        let ranges = channels.iter().enumerate().map(|(index, channel)| {
            let mut range = unlimited(epilogue(node), channel, options);
            range.zero_point &= !factors.contains(&Origin { owner, channel: index });
            let limits = assignment.sharing(owner).map(|id| reachable(points, id, index));
            range.limits = limits.reduce(common).unwrap_or(EXPONENTS);
            if let Some(limits) = residuals.get(&Origin { owner, channel: index }) {
                range.limits = common(range.limits, *limits);
            }
            range
        });
        (owner, ranges.collect())
    };
    narrow.map(own).collect()
}

/// The node that computes each value.
pub fn producers(graph: &Graph) -> HashMap<ValueId, &Node> {
    let all = graph.nodes.iter();
    all.flat_map(|node| node.outputs.iter().map(move |&output| (output, node))).collect()
}

/// What a node does to its sums.
pub fn epilogue(node: Option<&Node>) -> Epilogue {
    match node.map(|node| &node.op) {
        Some(Op::Conv(conv)) => conv.epilogue,
        _ => Epilogue::default(),
    }
}

/// The exponents that a channel of a value may have, by what computes it.
pub fn reachable(points: &FixedPoints, owner: ValueId, channel: usize) -> (i32, i32) {
    points.get(&owner).map_or(EXPONENTS, |point| common(EXPONENTS, point.outputs(channel)))
}

/// What both limits allow; where they exclude each other, the nearest of the first.
pub fn common(first: (i32, i32), second: (i32, i32)) -> (i32, i32) {
    let within = |limit: i32| limit.clamp(first.0, first.1);
    (within(second.0), within(second.1))
}

/// The range that a channel shows behind an epilogue, with all exponents.
pub fn unlimited(epilogue: Epilogue, channel: &Channel, options: &Options) -> Range {
    let activation = match epilogue {
        Epilogue { activation, residual: None } => activation,
        _ => None,
    };
    let (min, max) = channel.foreseen();
    let (min, max) = (f64::from(min).min(0.0), f64::from(max).max(0.0));
    let bound = activation.and_then(Activation::lower_bound);
    // Where nothing comes near the bound, it would cost more bits than other images may need.
    let bound = bound.filter(|bound| -bound <= SPARE * (max - min));
    let most = activation.and_then(Activation::upper_bound).unwrap_or(f64::INFINITY);
    Range {
        low: bound.unwrap_or(min).min(0.0),
        high: max.min(most.max(channel.max.into())).max(0.0),
        bounded: bound.is_some(),
        limits: EXPONENTS,
        zero_point: options.zero_points,
    }
}
