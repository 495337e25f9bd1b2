//! Rounding that knows what the other weights can make up for (GPTQ: Frantar, Ashkboos, Hoefler,
//! Alistarh 2023), with a power-of-two step per output channel, and bias correction.
//!
//! What is rounded is not quite the filter of the float network: it is moved toward the filter
//! that best makes up for the errors of the layers before it, by least squares.

use ndarray::{Array1, Array2, ArrayView1, ArrayViewMut1, s};
use rayon::prelude::*;

use super::Options;
use super::cholesky::inverse_factor;
use super::moments::Moments;
use super::weights::{Folded, Rounded};

/// Share of the mean diagonal that is added to the Hessian.
const DAMPING: f64 = 0.01;
/// Exponents below the plain one that are tried.
const FINER: i32 = 2;
/// How far a filter goes toward the one of least squared error; less than all the way, since that
/// one fits the frames that calibrate.
const STRIDE: f64 = 0.5;
/// Patches per weight below which a filter keeps its place.
const PATCHES_PER_TAP: f64 = 16.0;

/// A convolution that is about to be rounded.
pub struct Rounder<'a> {
    conv: &'a Folded,
    plain: &'a Rounded,
    moments: &'a Moments,
    groups: Vec<Group>,
    /// Output channels of a group.
    per_group: usize,
    bias_correction: bool,
}

impl<'a> Rounder<'a> {
    /// Prepares what all outputs share; `plain` has the weights rounded to the nearest.
    pub fn new(
        conv: &'a Folded,
        plain: &'a Rounded,
        moments: &'a Moments,
        options: &Options,
    ) -> Self {
        let seen = if moments.count > 0.0 { conv.group } else { 0 };
        let groups =
            (0..seen).into_par_iter().map(|group| Group::new(moments, group, options)).collect();
        let per_group = (plain.exponents.len() / conv.group.max(1)).max(1);
        let bias_correction = options.bias_correction;
        Self { conv, plain, moments, groups, per_group, bias_correction }
    }

    /// Rounds the weights; whether they shall make up for the errors of the layers before, too.
    pub fn round(&self, compensate: bool) -> Rounded {
        let outputs = 0..self.plain.exponents.len();
        let filters: Vec<(Vec<f64>, i32, f64)> =
            outputs.into_par_iter().map(|output| self.filter(output, compensate)).collect();
        let codes = filters.iter().flat_map(|filter| &filter.0);
        Rounded {
            weights: codes.map(|&code| code as i8).collect(),
            exponents: filters.iter().map(|filter| filter.1).collect(),
            bias: filters.iter().map(|filter| filter.2).collect(),
        }
    }

    /// Codes, exponent and bias of an output.
    fn filter(&self, output: usize, compensate: bool) -> (Vec<f64>, i32, f64) {
        let Self { conv, plain, .. } = self;
        let range = output * conv.taps..(output + 1) * conv.taps;
        let nearest = || {
            let codes = plain.weights[range.clone()].iter().map(|&w| f64::from(w)).collect();
            (codes, plain.exponents[output])
        };
        let Some(group) = self.groups.get(output / self.per_group) else {
            let (codes, exponent) = nearest();
            return (codes, exponent, plain.bias[output]);
        };
        let filter = &conv.weights[range.clone()];
        let missing = Missing::new(self.moments, output, self.per_group, compensate);
        let (codes, exponent) = match &group.factor {
            Some(factor) => {
                group.search(conv, output, &group.aim(filter, factor, &missing), factor)
            }
            None => nearest(),
        };
        let shift = missing.mean + group.mean_error(filter, &codes, exponent);
        let shift = if self.bias_correction { shift } else { 0.0 };
        (codes, exponent, conv.bias[output] + shift)
    }
}

/// What the sums of one output miss because of the layers before.
struct Missing<'a> {
    count: f64,
    mean: f64,
    /// Sum of what is missing times v; none where it is not to be made up for.
    cross: Option<ArrayView1<'a, f64>>,
}

impl<'a> Missing<'a> {
    fn new(moments: &'a Moments, output: usize, per_group: usize, compensate: bool) -> Self {
        let count = moments.count;
        if !compensate {
            return Self { count, mean: 0.0, cross: None };
        }
        let cross = moments.cross[output / per_group].row(output % per_group);
        let enough = count >= PATCHES_PER_TAP * cross.len() as f64;
        Self { count, mean: moments.missing[output] / count, cross: enough.then_some(cross) }
    }
}

/// Everything that one group's filters share.
struct Group {
    /// Mean of v v', around the mean of v when biases are corrected for that; empty without a factor's moments.
    hessian: Array2<f64>,
    /// Mean of v.
    mean: Vec<f64>,
    /// Whether moments are taken around the mean.
    centered: bool,
    /// Columns, largest diagonal first.
    order: Vec<usize>,
    /// Factor of the damped inverse, in that order; absent when it does not exist.
    factor: Option<Array2<f64>>,
}

impl Group {
    fn new(moments: &Moments, group: usize, options: &Options) -> Self {
        let mean: Vec<f64> = moments.first[group].iter().map(|sum| sum / moments.count).collect();
        let centered = options.bias_correction;
        let Some(second) = moments.second.get(group) else {
            let (hessian, order) = (Array2::zeros((0, 0)), Vec::new());
            return Self { hessian, mean, centered, order, factor: None };
        };
        let mut hessian = second / moments.count;
        let taps = hessian.nrows();
        if centered {
            hessian.indexed_iter_mut().for_each(|((i, j), h)| *h -= mean[i] * mean[j]);
        }
        let mut order: Vec<usize> = (0..taps).collect();
        order.sort_by(|&a, &b| hessian[(b, b)].total_cmp(&hessian[(a, a)]).then(a.cmp(&b)));
        let damping = DAMPING * hessian.diag().sum() / taps.max(1) as f64 + 1e-9;
        let factor = options
            .gptq
            .then(|| {
                let damped = Array2::from_shape_fn((taps, taps), |(i, j)| {
                    hessian[(order[i], order[j])] + if i == j { damping } else { 0.0 }
                });
                inverse_factor(&damped)
            })
            .flatten();
        Self { hessian, mean, centered, order, factor }
    }

    /// The filter to round.
    fn aim(&self, filter: &[f64], factor: &Array2<f64>, missing: &Missing<'_>) -> Vec<f64> {
        let Some(cross) = missing.cross else { return filter.to_vec() };
        let center = if self.centered { missing.mean } else { 0.0 };
        let around = |(sum, mean): (&f64, &f64)| sum / missing.count - center * mean;
        let cross: Vec<f64> = cross.iter().zip(&self.mean).map(around).collect();
        let change = self.solve(&cross, factor);
        filter.iter().zip(change).map(|(weight, change)| weight + STRIDE * change).collect()
    }

    /// The damped Hessian's inverse times a vector: U' U, in the order of the columns.
    fn solve(&self, vector: &[f64], factor: &Array2<f64>) -> Vec<f64> {
        let ordered: Vec<f64> = self.order.iter().map(|&column| vector[column]).collect();
        let mut solution = Array1::zeros(ordered.len());
        for (place, row) in factor.rows().into_iter().enumerate() {
            let row = row.slice(s![place..]);
            let part = row.dot(&ArrayView1::from(&ordered[place..]));
            solution.slice_mut(s![place..]).scaled_add(part, &row);
        }
        let mut back = vec![0.0; ordered.len()];
        self.order.iter().zip(solution).for_each(|(&column, value)| back[column] = value);
        back
    }

    /// What a filter's sum loses on average.
    fn mean_error(&self, filter: &[f64], codes: &[f64], exponent: i32) -> f64 {
        let step = 2f64.powi(exponent);
        let errors = filter.iter().zip(codes).map(|(weight, code)| weight - code * step);
        errors.zip(&self.mean).map(|(error, mean)| error * mean).sum()
    }

    /// The codes and the exponent of least error among the few that make sense.
    fn search(
        &self,
        conv: &Folded,
        output: usize,
        filter: &[f64],
        factor: &Array2<f64>,
    ) -> (Vec<f64>, i32) {
        let (least, plain, _) = conv.exponents[output];
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
            let rest = factor.slice(s![place, place + 1..]);
            ArrayViewMut1::from(&mut open[place + 1..]).scaled_add(-error, &rest);
        }
        codes
    }

    /// d' H d for the weight error d.
    fn error(&self, filter: &[f64], codes: &[f64], exponent: i32) -> f64 {
        let step = 2f64.powi(exponent);
        let errors = filter.iter().zip(codes).map(|(w, code)| w - code * step).collect();
        let errors = Array1::from_vec(errors);
        self.hessian.dot(&errors).dot(&errors)
    }
}
