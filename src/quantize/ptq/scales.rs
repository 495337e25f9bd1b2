//! Exponent and zero point per channel, from the statistics.

use std::collections::HashMap;

use super::Options;
use super::assign::{Assignment, Kind, Origin};
use super::balance;
use super::channel::Channel;
use super::filters::{folded_filters, is_direct, plain_exponent};
use super::fixed_point::FixedPoints;
use super::range::{self, Ranges, Rule};
use super::statistics::Statistics;
use crate::base::error::{Error, Result, codes};
use crate::frontend::graph::{Graph, Node, ValueId};
use crate::frontend::ops::Op;
use crate::model::qgraph::{Scale, Width};

/// Largest distance of the exponents that one dense sum reads.
const SPREAD: i32 = 8;
/// Largest distance of the exponents of two terms: the accelerator's weight for the coarser one is 2^6.
const TERMS: i32 = 6;

/// Scales of all integer values.
#[derive(Debug)]
pub struct Scales(HashMap<ValueId, Vec<Scale>>);

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

/// Chooses the scales of all owners; `rules` by which ranges of int8 values are chosen.
pub fn choose(
    graph: &Graph,
    assignment: &Assignment,
    statistics: &Statistics,
    points: &FixedPoints,
    (ranges, rules): (&Ranges, &HashMap<ValueId, Rule>),
    options: &Options,
) -> Result<Scales> {
    let mut chosen = HashMap::new();
    for (&id, channels) in &statistics.values {
        let exponents = match (ranges.get(&id), rules.get(&id)) {
            (Some(own), Some(&rule)) => range::exponents(own, channels, rule, options),
            _ => {
                let limits = |channel| {
                    let all = assignment.sharing(id);
                    let all = all.map(|id| range::reachable(points, id, channel));
                    all.reduce(range::common).unwrap_or_default()
                };
                wide_exponents(assignment.widths[id.0], channels, limits)
            }
        };
        chosen.insert(id, exponents);
    }
    limit_spread(graph, assignment, ranges, &mut chosen)?;
    if options.balancing && options.channel_exponents {
        balance::balance(graph, assignment, statistics, ranges, &mut chosen)?;
        limit_spread(graph, assignment, ranges, &mut chosen)?;
    }
    align_terms(graph, assignment, ranges, &mut chosen);
    reach_direct_outputs(graph, assignment, &mut chosen)?;
    reach_products(graph, assignment, &mut chosen);
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

/// Exponents of a wide output, symmetric, the finest within limits that hold what is foreseen and twice what was seen.
fn wide_exponents(
    width: Option<Width>,
    channels: &[Channel],
    limits: impl Fn(usize) -> (i32, i32),
) -> Vec<i32> {
    let bits = width.map_or(16, Width::bits);
    let most = 2f64.powi(bits as i32 - 1) - 1.0;
    channels
        .iter()
        .enumerate()
        .map(|(index, channel)| {
            let (low, high) = channel.foreseen();
            let seen = 2.0 * channel.max.max(-channel.min);
            let largest = f64::from(seen.max(high).max(-low)).max(1e-6);
            let (least, coarsest) = limits(index);
            (largest / most).log2().ceil().clamp(least.into(), coarsest.into()) as i32
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
        if let Some(own) = exponents.get_mut(&assignment.owner(node.outputs[0])) {
            for (exponent, filter) in own.iter_mut().zip(filters) {
                *exponent = (*exponent).max(plain_exponent(&filter, -127.0) - 2);
            }
        }
    }
    Ok(())
}

/// Raises the exponents of products with a number per channel (rule A15) that are finer than the product of the
/// factors' steps by more than the left shift of 2 can bridge.
fn reach_products(
    graph: &Graph,
    assignment: &Assignment,
    exponents: &mut HashMap<ValueId, Vec<i32>>,
) {
    for (node, kind) in graph.nodes.iter().zip(&assignment.kinds) {
        let (Kind::ChannelMul, Some(data), Some(factors)) = (kind, node.input(0), node.input(1))
        else {
            continue;
        };
        let at =
            |origin: &Origin| exponents.get(&origin.owner).map_or(0, |own| own[origin.channel]);
        let steps = assignment.origins[data.0].iter().zip(&assignment.origins[factors.0]);
        let finest: Vec<i32> = steps.map(|(a, b)| at(a) + at(b) - 2).collect();
        if let Some(own) = exponents.get_mut(&assignment.owner(node.outputs[0])) {
            own.iter_mut().zip(finest).for_each(|(own, finest)| *own = (*own).max(finest));
        }
    }
}

/// Raises exponents that lie more than [`SPREAD`] below the largest one that the same dense sum reads, where the
/// weights do not make up for it: their channels would get no weight bits.
fn limit_spread(
    graph: &Graph,
    assignment: &Assignment,
    ranges: &Ranges,
    exponents: &mut HashMap<ValueId, Vec<i32>>,
) -> Result<()> {
    for (node, kind) in graph.nodes.iter().zip(&assignment.kinds) {
        let (Op::Conv(conv), Kind::Conv, Some(input)) = (&node.op, kind, node.input(0)) else {
            continue;
        };
        let weight = node.input(1).and_then(|id| graph.constant(id));
        let Some(weight) = weight.filter(|_| conv.group == 1) else { continue };
        let origins = &assignment.origins[input.0];
        let own: Vec<i32> = origins
            .iter()
            .map(|origin| exponents.get(&origin.owner).map_or(0, |own| own[origin.channel]))
            .collect();
        let Some(most) = own.iter().max() else { continue };
        let missing = missing_bits(&folded_filters(weight, conv.group, &own)?, own.len());
        for ((origin, &exponent), missing) in origins.iter().zip(&own).zip(missing) {
            let raised = (most - SPREAD).min(exponent + (missing - SPREAD).max(0));
            let range = ranges.get(&origin.owner).map(|ranges| ranges[origin.channel]);
            let raised = range.map_or(raised, |range| raised.min(range.limits.1));
            if let Some(own) = exponents.get_mut(&origin.owner) {
                own[origin.channel] = own[origin.channel].max(raised);
            }
        }
    }
    Ok(())
}

/// Per input channel, how many bits its largest weight lies below the largest of its filter, in the filter where
/// it is nearest.
fn missing_bits(filters: &[Vec<f64>], channels: usize) -> Vec<i32> {
    let largest =
        |weights: &[f64]| weights.iter().fold(0f64, |most, weight| most.max(weight.abs()));
    let mut nearest = vec![0f64; channels];
    for filter in filters {
        let most = largest(filter).max(f64::MIN_POSITIVE);
        for (nearest, window) in nearest.iter_mut().zip(filter.chunks(filter.len() / channels)) {
            *nearest = nearest.max(largest(window) / most);
        }
    }
    nearest.iter().map(|share| -share.max(2f64.powi(-60)).log2().floor() as i32).collect()
}

/// Raises exponents around additions (rule A8) to what the accelerator aligns: that of a term which lies
/// more than [`TERMS`] below the other one's, and that of a wide sum which is finer than both terms.
/// The sum has the coarser term's rounding error anyhow.
fn align_terms(
    graph: &Graph,
    assignment: &Assignment,
    ranges: &Ranges,
    exponents: &mut HashMap<ValueId, Vec<i32>>,
) {
    let additions =
        graph.nodes.iter().zip(&assignment.kinds).filter(|(_, kind)| **kind == Kind::Add);
    let additions: Vec<&Node> = additions.map(|(node, _)| node).collect();
    let at = |exponents: &HashMap<ValueId, Vec<i32>>, origin: Origin| {
        exponents.get(&origin.owner).map_or(0, |own| own[origin.channel])
    };
    // What is raised for one addition may be the coarser term of another.
    let mut raised = true;
    while std::mem::take(&mut raised) {
        for node in &additions {
            let (Some(a), Some(b)) = (node.input(0), node.input(1)) else { continue };
            let terms = assignment.origins[a.0].iter().zip(&assignment.origins[b.0]);
            for (&a, &b) in terms {
                let least = at(exponents, a).max(at(exponents, b)) - TERMS;
                for origin in [a, b] {
                    let range = ranges.get(&origin.owner).map(|ranges| ranges[origin.channel]);
                    let least = least.min(range.map_or(least, |range| range.limits.1));
                    let Some(own) = exponents.get_mut(&origin.owner) else { continue };
                    raised |= own[origin.channel] < least;
                    own[origin.channel] = own[origin.channel].max(least);
                }
            }
        }
    }
    for node in additions {
        let (Some(a), Some(b)) = (node.input(0), node.input(1)) else { continue };
        let output = node.outputs[0];
        if assignment.widths[output.0] == Some(Width::I8) {
            continue;
        }
        let terms = assignment.origins[a.0].iter().zip(&assignment.origins[b.0]);
        let finer: Vec<i32> =
            terms.map(|(&a, &b)| at(exponents, a).min(at(exponents, b))).collect();
        if let Some(own) = exponents.get_mut(&output) {
            own.iter_mut().zip(finer).for_each(|(own, finer)| *own = (*own).max(finer));
        }
    }
}
