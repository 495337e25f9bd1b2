//! Rounding that knows what the other weights can make up for (GPTQ: Frantar, Ashkboos, Hoefler,
//! Alistarh 2023), with a power-of-two step per output channel, and bias correction.

use std::collections::HashMap;

use ndarray::Array2;
use rayon::prelude::*;

use super::Options;
use super::cholesky::inverse_factor;
use super::hessian::Moments;
use super::weights::{Folded, Rounded};
use crate::error::Result;

/// Share of the mean diagonal that is added to the Hessian.
const DAMPING: f64 = 0.01;
/// Exponents below the plain one that are tried.
const FINER: i32 = 2;

/// Everything that one group's filters share.
struct Group {
    /// Mean of v v'.
    hessian: Array2<f64>,
    /// Mean of v.
    mean: Vec<f64>,
    /// Columns, largest diagonal first.
    order: Vec<usize>,
    /// Factor of the damped inverse, in that order; absent when it does not exist.
    factor: Option<Array2<f64>>,
}

/// Rounds the weights of all convolutions.
pub fn round(
    folded: &[Folded],
    nearest: &HashMap<usize, Rounded>,
    moments: &HashMap<usize, Moments>,
    options: &Options,
) -> Result<HashMap<usize, Rounded>> {
    let rounded = folded.iter().map(|conv| {
        let plain = &nearest[&conv.node];
        let rounded = match moments.get(&conv.node) {
            Some(moments) if moments.count > 0.0 => round_conv(conv, plain, moments, options),
            _ => plain.clone(),
        };
        Ok((conv.node, rounded))
    });
    rounded.collect()
}

fn round_conv(conv: &Folded, plain: &Rounded, moments: &Moments, options: &Options) -> Rounded {
    let groups: Vec<Group> = (0..conv.group)
        .into_par_iter()
        .map(|group| Group::new(moments, group, options.gptq))
        .collect();
    let outputs = plain.exponents.len();
    let per_group = outputs / conv.group.max(1);
    let filters: Vec<(Vec<i8>, i32, f64)> = (0..outputs)
        .into_par_iter()
        .map(|output| {
            let group = &groups[output / per_group.max(1)];
            let range = output * conv.taps..(output + 1) * conv.taps;
            let filter = &conv.weights[range.clone()];
            let (codes, exponent) = match &group.factor {
                Some(factor) => group.search(conv, output, factor),
                None => {
                    let codes = plain.weights[range].iter().map(|&w| f64::from(w)).collect();
                    (codes, plain.exponents[output])
                }
            };
            let error = |(weight, code): (&f64, &f64)| weight - code * 2f64.powi(exponent);
            let shift: f64 =
                filter.iter().zip(&codes).map(error).zip(&group.mean).map(|(e, m)| e * m).sum();
            let shift = if options.bias_correction { shift } else { 0.0 };
            let codes = codes.iter().map(|&code| code as i8).collect();
            (codes, exponent, conv.bias[output] + shift)
        })
        .collect();
    Rounded {
        weights: filters.iter().flat_map(|filter| filter.0.iter().copied()).collect(),
        exponents: filters.iter().map(|filter| filter.1).collect(),
        bias: filters.iter().map(|filter| filter.2).collect(),
    }
}

impl Group {
    fn new(moments: &Moments, group: usize, factorize: bool) -> Self {
        let hessian = &moments.second[group] / moments.count;
        let taps = hessian.nrows();
        let mean = moments.first[group].iter().map(|sum| sum / moments.count).collect();
        let mut order: Vec<usize> = (0..taps).collect();
        order.sort_by(|&a, &b| hessian[(b, b)].total_cmp(&hessian[(a, a)]).then(a.cmp(&b)));
        let damping = DAMPING * hessian.diag().sum() / taps.max(1) as f64 + 1e-9;
        let factor = factorize
            .then(|| {
                let damped = Array2::from_shape_fn((taps, taps), |(i, j)| {
                    hessian[(order[i], order[j])] + if i == j { damping } else { 0.0 }
                });
                inverse_factor(&damped)
            })
            .flatten();
        Self { hessian, mean, order, factor }
    }

    /// The codes and the exponent of least error among the few that make sense.
    fn search(&self, conv: &Folded, output: usize, factor: &Array2<f64>) -> (Vec<f64>, i32) {
        let (least, plain, _) = conv.exponents[output];
        let filter = &conv.weights[output * conv.taps..(output + 1) * conv.taps];
        let mut best = (f64::INFINITY, Vec::new(), plain);
        for exponent in (plain - FINER..=plain).rev().filter(|&exponent| exponent >= least) {
            let codes = self.codes(conv, filter, factor, exponent);
            let error = self.error(filter, &codes, exponent);
            if error < best.0 || best.1.is_empty() {
                best = (error, codes, exponent);
            }
        }
        (best.1, best.2)
    }

    /// GPTQ for one filter and exponent.
    fn codes(
        &self,
        conv: &Folded,
        filter: &[f64],
        factor: &Array2<f64>,
        exponent: i32,
    ) -> Vec<f64> {
        let step = 2f64.powi(exponent);
        let mut open: Vec<f64> = self.order.iter().map(|&column| filter[column]).collect();
        let mut codes = vec![0.0; filter.len()];
        for (place, &column) in self.order.iter().enumerate() {
            let rounded = conv.code(open[place], exponent);
            codes[column] = rounded;
            let error = (open[place] - rounded * step) / factor[(place, place)];
            let row = factor.row(place);
            for (weight, &share) in open[place + 1..].iter_mut().zip(row.iter().skip(place + 1)) {
                *weight -= error * share;
            }
        }
        codes
    }

    /// d' H d for the weight error d.
    fn error(&self, filter: &[f64], codes: &[f64], exponent: i32) -> f64 {
        let step = 2f64.powi(exponent);
        let errors: Vec<f64> = filter.iter().zip(codes).map(|(w, code)| w - code * step).collect();
        errors
            .iter()
            .zip(self.hessian.rows())
            .map(|(own, row)| own * row.iter().zip(&errors).map(|(h, e)| h * e).sum::<f64>())
            .sum()
    }
}
