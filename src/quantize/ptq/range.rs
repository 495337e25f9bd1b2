//! The range of a channel and the exponent that a rule gives it.

use std::collections::{HashMap, HashSet};

use super::Options;
use super::assign::{Assignment, Kind, Origin};
use super::filters::is_direct;
use super::statistics::{Channel, Statistics};
use crate::base::arithmetic::FRACTION;
use crate::frontend::graph::{Graph, Node, ValueId};
use crate::frontend::ops::Op;
use crate::frontend::ops::epilogue::Epilogue;
use crate::model::qgraph::Width;

/// Exponents a tensor may have when nothing limits it further.
const EXPONENTS: (i32, i32) = (-24, 20);
/// Exponents within reach of rule A6's last shift (0 to 15).
const FUNCTION_EXPONENTS: (i32, i32) = (-FRACTION, 15 - FRACTION);
/// Largest exponent of a residual, so that its alignment shifts left by at most 11; such a step
/// already spans the 20 bits of the argument (rule A6).
const RESIDUAL_MOST: i32 = 11 - FRACTION;
/// Exponents below the widest that are tried.
const FINER: i32 = 3;

/// Ranges of all int8 values that own scales, per channel.
pub type Ranges = HashMap<ValueId, Vec<Range>>;

/// How the exponent of a channel is chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// The least that clips nothing seen.
    Widest,
    /// The one with the least sum of errors on the samples, each raised to a power: the higher the
    /// power, the more clipping counts against rounding.
    Power(i32),
}

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

impl Range {
    /// Zero point for an exponent: the code of `low` is -128, or as near as a zero point can be.
    pub fn zero(&self, exponent: i32) -> i32 {
        if !self.zero_point {
            return 0;
        }
        (-128 - self.lowest(exponent)).min(127)
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

    /// The exponent for a channel.
    fn choose(&self, channel: &Channel, rule: Rule) -> i32 {
        let widest = self.widest();
        let Rule::Power(power) = rule else { return widest };
        let mut best = (f64::INFINITY, widest);
        for exponent in (widest - FINER..=widest).rev().filter(|&e| e >= self.limits.0) {
            let rounded = self.rounding(exponent);
            let error = |&sample: &f32| {
                let value = f64::from(sample);
                (rounded(value) - value).abs().powi(power)
            };
            // The largest value counts as one more sample: rare peaks are what is detected.
            let error = channel.samples.iter().chain([&channel.max]).map(error).sum();
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
    options: &Options,
) -> Ranges {
    let producers = producers(graph);
    let residuals: HashSet<Origin> = graph
        .nodes
        .iter()
        .zip(&assignment.kinds)
        .filter(|(_, kind)| **kind == Kind::Conv)
        .filter_map(|(node, _)| node.input(Epilogue::RESIDUAL_INPUT))
        .flat_map(|id| assignment.origins[id.0].iter().copied())
        .collect();
    let narrow =
        statistics.values.iter().filter(|(id, _)| assignment.widths[id.0] == Some(Width::I8));
    let own = |(&owner, channels): (&ValueId, &Vec<Channel>)| {
        let node = producers.get(&owner).copied();
        let ranges = channels.iter().enumerate().map(|(index, channel)| {
            let mut range = of_channel(node, channel, options);
            if residuals.contains(&Origin { owner, channel: index }) {
                range.limits.1 = range.limits.1.min(RESIDUAL_MOST);
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

/// The exponents that an output behind an epilogue may have.
pub fn reachable(epilogue: Epilogue) -> (i32, i32) {
    if is_direct(epilogue) { EXPONENTS } else { FUNCTION_EXPONENTS }
}

fn of_channel(node: Option<&Node>, channel: &Channel, options: &Options) -> Range {
    let epilogue = epilogue(node);
    let known = match epilogue {
        Epilogue { activation: Some(activation), residual: None } => activation.lower_bound(),
        _ => None,
    };
    Range {
        low: known.unwrap_or(f64::from(channel.min)).min(0.0),
        high: f64::from(channel.max).max(0.0),
        limits: reachable(epilogue),
        zero_point: options.zero_points,
    }
}
