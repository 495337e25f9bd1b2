//! Weights with the input exponents folded in, and their plain rounding.

use std::collections::HashMap;

use rayon::prelude::*;

use super::Options;
use super::assign::{Assignment, Kind};
use super::filters::{LARGEST, folded_filters, plain_exponent};
use super::fixed_point::FixedPoints;
use super::scales::Scales;
use crate::base::error::{Error, Place as _, Remedy, Result, codes};
use crate::frontend::graph::{Graph, Node};
use crate::frontend::ops::Op;

/// Exponents below the plain one that are tried.
const FINER: i32 = 3;
/// Biases in accumulator steps stay below this magnitude.
const LARGEST_BIAS: f64 = (1u32 << 26) as f64;

/// A convolution of the graph, ready to be rounded.
#[derive(Debug)]
pub struct Folded {
    /// Index of the node in the graph.
    pub node: usize,
    /// Weights of one output channel.
    pub taps: usize,
    /// Input channels of one group.
    pub group_inputs: usize,
    /// Number of groups.
    pub group: usize,
    /// Least stored weight, -127 or -128.
    pub least: f64,
    /// `w * 2^e(input channel)`, output by output.
    pub weights: Vec<f64>,
    /// Bias per output channel.
    pub bias: Vec<f64>,
    /// Exponents of the accumulator step per output channel: least, plain, greatest allowed.
    pub exponents: Vec<(i32, i32, i32)>,
}

impl Folded {
    /// Whether each output is the sum of a window of one channel, times a number.
    pub fn is_mean(&self) -> bool {
        let uniform = |filter: &[f64]| filter.iter().all(|weight| *weight == filter[0]);
        self.group_inputs == 1 && self.taps > 1 && self.weights.chunks(self.taps).all(uniform)
    }

    /// The integer for a weight.
    pub fn code(&self, weight: f64, exponent: i32) -> f64 {
        (weight * 2f64.powi(-exponent) + 0.5).floor().clamp(self.least, LARGEST)
    }
}

/// Integer weights of one convolution.
#[derive(Debug, Clone)]
pub struct Rounded {
    /// Output by output.
    pub weights: Vec<i8>,
    /// Exponent of the accumulator step per output channel.
    pub exponents: Vec<i32>,
    /// Bias per output channel, corrected.
    pub bias: Vec<f64>,
}

/// Folds input exponents into the weights of all integer convolutions.
pub fn fold(
    graph: &Graph,
    assignment: &Assignment,
    scales: &Scales,
    points: &FixedPoints,
    options: &Options,
) -> Result<Vec<Folded>> {
    let least = if options.symmetric_weights { -LARGEST } else { -LARGEST - 1.0 };
    let convs = graph.nodes.iter().enumerate().zip(&assignment.kinds);
    convs
        .filter(|(_, kind)| **kind == Kind::Conv)
        .map(|((index, node), _)| {
            let sources = (assignment, scales, points);
            fold_node(graph, sources, least, (index, node)).at(|| node.place())
        })
        .collect()
}

fn fold_node(
    graph: &Graph,
    (assignment, scales, points): (&Assignment, &Scales, &FixedPoints),
    least: f64,
    (index, node): (usize, &Node),
) -> Result<Folded> {
    let broken = || Error::new(&codes::INTERNAL, "not a quantizable convolution");
    let Op::Conv(conv) = &node.op else { return Err(broken()) };
    let input = node.input(0).ok_or_else(broken)?;
    let weight = node.input(1).and_then(|id| graph.constant(id)).ok_or_else(broken)?;
    let outputs = weight.shape()[0];
    let group_inputs = weight.shape()[1];
    let taps: usize = weight.shape()[1..].iter().product();
    let bias = match node.input(2).and_then(|id| graph.constant(id)) {
        Some(bias) => bias.values::<f32>()?.iter().map(|&value| value.into()).collect(),
        None => vec![0.0; outputs],
    };
    let inputs: Vec<i32> =
        scales.of(assignment, input).iter().map(|scale| scale.exponent.into()).collect();
    let own = scales.of(assignment, node.outputs[0]);
    let weights = folded_filters(weight, conv.group, &inputs)?.concat();
    let exponents = weights
        .chunks(taps.max(1))
        .zip(own.iter().zip(&bias))
        .enumerate()
        .map(|(channel, (filter, (scale, bias)))| {
            let limits = match points.get(&node.outputs[0]) {
                Some(point) => (-point.fractions[channel] - 31, -point.fractions[channel] + 8),
                None => (i32::from(scale.exponent) - 31, i32::from(scale.exponent) + 2),
            };
            exponents(filter, least, *bias, limits)
        })
        .collect::<Result<_>>()?;
    let group = conv.group;
    Ok(Folded { node: index, taps, group_inputs, group, least, weights, bias, exponents })
}

/// Exponents of the accumulator step within `limits`, which the shift of rule A5 or A6 can handle.
fn exponents(filter: &[f64], least: f64, bias: f64, limits: (i32, i32)) -> Result<(i32, i32, i32)> {
    let largest = filter.iter().fold(0f64, |most, weight| most.max(weight.abs()));
    let plain = plain_exponent(filter, least);
    let for_bias = (bias.abs() / LARGEST_BIAS).log2().ceil().max(-100.0) as i32;
    let least = limits.0.max(for_bias);
    if plain > limits.1 || least > limits.1 {
        return Err(Error::new(
            &codes::ACCUMULATOR,
            format!("weights up to {largest:e} are too large for the output's scale"),
        )
        .help("keep the layer in float")
        .remedied_by(Remedy::FloatLayers));
    }
    Ok((least, plain.max(least), limits.1))
}

/// Rounds every weight to the nearest, with the exponent of least squared error.
pub fn nearest(folded: &[Folded]) -> HashMap<usize, Rounded> {
    let round = |conv: &Folded| {
        let filters = conv.weights.chunks(conv.taps.max(1)).zip(&conv.exponents);
        let best = filters.map(|(filter, &(least, plain, _))| {
            let error = |exponent: i32| -> f64 {
                filter
                    .iter()
                    .map(|&w| (w - conv.code(w, exponent) * 2f64.powi(exponent)).powi(2))
                    .sum()
            };
            let tried = (plain - FINER..=plain).rev().filter(|&exponent| exponent >= least);
            tried.min_by(|&a, &b| error(a).total_cmp(&error(b))).unwrap_or(plain)
        });
        let exponents: Vec<i32> = best.collect();
        let weights = conv
            .weights
            .chunks(conv.taps.max(1))
            .zip(&exponents)
            .flat_map(|(filter, &exponent)| {
                filter.iter().map(move |&w| conv.code(w, exponent) as i8)
            })
            .collect();
        (conv.node, Rounded { weights, exponents, bias: conv.bias.clone() })
    };
    folded.par_iter().map(round).collect()
}
