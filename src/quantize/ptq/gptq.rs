//! Rounding that knows what the other weights can make up for (GPTQ: Frantar, Ashkboos, Hoefler,
//! Alistarh 2023), with a power-of-two step per output channel, and bias correction.
//!
//! What is rounded is not quite the filter of the float network: it is moved toward the filter
//! that best makes up for the errors of the layers before it, by least squares.

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayView1, ArrayViewMut1, s};
use rayon::prelude::*;

use super::Options;
use super::cholesky::inverse_factor;
use super::moments::Moments;
use super::shrinkage::{shrink, shrunk};
use super::weights::{Folded, Rounded};

/// Share of the mean diagonal that is added to the Hessian.
const DAMPING: f64 = 0.01;
/// Exponents below the plain one that are tried.
const FINER: i32 = 2;
/// How far a filter goes toward the one of least squared error; less than all the way, since that
/// one fits the frames that calibrate.
const STRIDE: f64 = 0.5;
/// Filters that are rounded together: Hessian and factor, which do not fit a cache where a filter has thousands of
/// weights, are read once for all of them.
const TOGETHER: usize = 8;
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
        let all = self.plain.exponents.len();
        let ends = |first: usize| (first + self.per_group).min(all);
        let parts = (0..all).step_by(self.per_group).flat_map(|first| {
            let starts = (first..ends(first)).step_by(TOGETHER);
            starts.map(move |start| start..(start + TOGETHER).min(ends(first)))
        });
        let parts: Vec<Range<usize>> = parts.collect();
        let filters: Vec<Filter> =
            parts.into_par_iter().flat_map_iter(|part| self.filters(part, compensate)).collect();
        let codes = filters.iter().flat_map(|filter| &filter.codes);
        Rounded {
            weights: codes.map(|&code| code as i8).collect(),
            exponents: filters.iter().map(|filter| filter.exponent).collect(),
            bias: filters.iter().map(|filter| filter.bias).collect(),
        }
    }

    /// Outputs of one group.
    fn filters(&self, outputs: Range<usize>, compensate: bool) -> Vec<Filter> {
        let conv = self.conv;
        let nearest = |output: usize| {
            let codes = &self.plain.weights[output * conv.taps..][..conv.taps];
            let codes = codes.iter().map(|&weight| f64::from(weight)).collect();
            (codes, self.plain.exponents[output])
        };
        let Some(group) = self.groups.get(outputs.start / self.per_group) else {
            let plain = |output: usize| {
                let (codes, exponent) = nearest(output);
                Filter { codes, exponent, bias: self.plain.bias[output] }
            };
            return outputs.map(plain).collect();
        };
        let weights = |output: usize| &conv.weights[output * conv.taps..][..conv.taps];
        let missing: Vec<_> = outputs
            .clone()
            .map(|output| Missing::new(self.moments, output, self.per_group, compensate))
            .collect();
        let rounded: Vec<(Vec<f64>, i32)> = match &group.factor {
            Some(factor) => {
                let filters: Vec<&[f64]> = outputs.clone().map(weights).collect();
                let aims = group.aims(&filters, factor, &missing);
                group.search(conv, outputs.start, &aims, factor)
            }
            None => outputs.clone().map(nearest).collect(),
        };
        let pairs = outputs.clone().zip(&rounded);
        let lost: Vec<Array1<f64>> = pairs
            .map(|(output, (codes, exponent))| weight_errors(weights(output), codes, *exponent))
            .collect();
        let biases = self.biases(group, outputs, &missing, &lost);
        let filter = |((codes, exponent), bias)| Filter { codes, exponent, bias };
        rounded.into_iter().zip(biases).map(filter).collect()
    }

    /// Biases of outputs of a group, whose weights lost something.
    fn biases(
        &self,
        group: &Group,
        outputs: Range<usize>,
        missing: &[Missing<'_>],
        lost: &[Array1<f64>],
    ) -> Vec<f64> {
        let variances = group.variances(lost);
        let seen = missing.iter().zip(lost.iter().zip(variances));
        let shift = seen.map(|(missing, (lost, variance))| {
            let mean = missing.mean + group.mean_error(lost);
            match self.bias_correction {
                true => shrunk(mean, (missing.variance + variance) / missing.count),
                false => 0.0,
            }
        });
        outputs.zip(shift).map(|(output, shift)| self.conv.bias[output] + shift).collect()
    }
}

/// Codes, exponent and bias of an output.
struct Filter {
    codes: Vec<f64>,
    exponent: i32,
    bias: f64,
}

/// What each weight of a filter loses.
fn weight_errors(filter: &[f64], codes: &[f64], exponent: i32) -> Array1<f64> {
    let step = 2f64.powi(exponent);
    filter.iter().zip(codes).map(|(weight, code)| weight - code * step).collect()
}

/// What the sums of one output miss because of the layers before.
struct Missing<'a> {
    count: f64,
    mean: f64,
    variance: f64,
    /// Sum of what is missing times v; none where it is not to be made up for.
    cross: Option<ArrayView1<'a, f64>>,
}

impl<'a> Missing<'a> {
    fn new(moments: &'a Moments, output: usize, per_group: usize, compensate: bool) -> Self {
        let count = moments.count;
        if !compensate {
            return Self { count, mean: 0.0, variance: 0.0, cross: None };
        }
        let cross = moments.cross[output / per_group].row(output % per_group);
        let enough = count >= PATCHES_PER_TAP * cross.len() as f64;
        let (sum, squares) = moments.missing[output];
        let mean = sum / count;
        let variance = (squares / count - mean * mean).max(0.0);
        Self { count, mean, variance, cross: enough.then_some(cross) }
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
        shrink(&mut hessian, moments.count);
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

    /// The filters to round.
    fn aims(
        &self,
        filters: &[&[f64]],
        factor: &Array2<f64>,
        missing: &[Missing<'_>],
    ) -> Vec<Vec<f64>> {
        let around = |missing: &Missing<'_>| {
            let center = if self.centered { missing.mean } else { 0.0 };
            let count = missing.count;
            let around = |(sum, mean): (&f64, &f64)| sum / count - center * mean;
            let cross = missing.cross.as_ref()?;
            Some(cross.iter().zip(&self.mean).map(around).collect::<Vec<f64>>())
        };
        let crosses: Vec<Option<Vec<f64>>> = missing.iter().map(around).collect();
        let known: Vec<&Vec<f64>> = crosses.iter().flatten().collect();
        let mut changes = self.solve(&known, factor).into_iter();
        let aim = |(filter, cross): (&&[f64], &Option<Vec<f64>>)| {
            let change = cross.as_ref().and_then(|_| changes.next());
            let Some(change) = change else { return filter.to_vec() };
            filter.iter().zip(change).map(|(weight, change)| weight + STRIDE * change).collect()
        };
        filters.iter().zip(&crosses).map(aim).collect()
    }

    /// The damped Hessian's inverse times vectors: U' U, in the order of the columns.
    fn solve(&self, vectors: &[&Vec<f64>], factor: &Array2<f64>) -> Vec<Vec<f64>> {
        let ordered = |vector: &&Vec<f64>| -> Vec<f64> {
            self.order.iter().map(|&column| vector[column]).collect()
        };
        let ordered: Vec<Vec<f64>> = vectors.iter().map(ordered).collect();
        let mut solutions = vec![Array1::zeros(self.order.len()); vectors.len()];
        for (place, row) in factor.rows().into_iter().enumerate() {
            let row = row.slice(s![place..]);
            for (solution, ordered) in solutions.iter_mut().zip(&ordered) {
                let part = row.dot(&ArrayView1::from(&ordered[place..]));
                solution.slice_mut(s![place..]).scaled_add(part, &row);
            }
        }
        let back = |solution: Array1<f64>| {
            let mut back = vec![0.0; solution.len()];
            self.order.iter().zip(solution).for_each(|(&column, value)| back[column] = value);
            back
        };
        solutions.into_iter().map(back).collect()
    }

    /// What a filter's sum loses on average.
    fn mean_error(&self, lost: &Array1<f64>) -> f64 {
        lost.iter().zip(&self.mean).map(|(error, mean)| error * mean).sum()
    }

    /// Per filter, from output `first` on, the codes and the exponent of least error among the few that make sense.
    fn search(
        &self,
        conv: &Folded,
        first: usize,
        filters: &[Vec<f64>],
        factor: &Array2<f64>,
    ) -> Vec<(Vec<f64>, i32)> {
        let mut tries = Vec::with_capacity((1 + FINER as usize) * filters.len());
        for which in 0..filters.len() {
            let (least, plain, _) = conv.exponents[first + which];
            let exponents = (plain - FINER..=plain).rev().filter(|&exponent| exponent >= least);
            tries.extend(exponents.map(|exponent| Try { which, exponent }));
        }
        let codes = self.codes(conv, filters, &tries, factor);
        let lost = tries.iter().zip(&codes);
        let lost = lost.map(|(own, codes)| weight_errors(&filters[own.which], codes, own.exponent));
        let errors = self.errors(&lost.collect::<Vec<_>>());
        let plain = |which: usize| (f64::INFINITY, Vec::new(), conv.exponents[first + which].1);
        let mut best: Vec<(f64, Vec<f64>, i32)> = (0..filters.len()).map(plain).collect();
        for ((own, codes), error) in tries.iter().zip(codes).zip(errors) {
            let best = &mut best[own.which];
            if error < best.0 || best.1.is_empty() {
                *best = (error, codes, own.exponent);
            }
        }
        best.into_iter().map(|(_, codes, exponent)| (codes, exponent)).collect()
    }

    /// GPTQ for filters with exponents.
    fn codes(
        &self,
        conv: &Folded,
        filters: &[Vec<f64>],
        tries: &[Try],
        factor: &Array2<f64>,
    ) -> Vec<Vec<f64>> {
        let ordered = |own: &Try| -> Vec<f64> {
            self.order.iter().map(|&column| filters[own.which][column]).collect()
        };
        let mut open: Vec<Vec<f64>> = tries.iter().map(ordered).collect();
        let mut codes = vec![vec![0.0; self.order.len()]; tries.len()];
        for (place, &column) in self.order.iter().enumerate() {
            let rest = factor.slice(s![place, place + 1..]);
            for ((own, open), codes) in tries.iter().zip(&mut open).zip(&mut codes) {
                let rounded = conv.code(open[place], own.exponent);
                codes[column] = rounded;
                let step = 2f64.powi(own.exponent);
                let error = (open[place] - rounded * step) / factor[(place, place)];
                ArrayViewMut1::from(&mut open[place + 1..]).scaled_add(-error, &rest);
            }
        }
        codes
    }

    /// By how much what the filters' sums lose varies; 0 without moments.
    fn variances(&self, lost: &[Array1<f64>]) -> Vec<f64> {
        if self.hessian.is_empty() {
            return vec![0.0; lost.len()];
        }
        self.errors(lost).into_iter().map(|error| error.max(0.0)).collect()
    }

    /// d' H d for weight errors d.
    fn errors(&self, lost: &[Array1<f64>]) -> Vec<f64> {
        let mut products = vec![Array1::zeros(self.hessian.nrows()); lost.len()];
        for (place, row) in self.hessian.rows().into_iter().enumerate() {
            products.iter_mut().zip(lost).for_each(|(own, lost)| own[place] = row.dot(lost));
        }
        products.iter().zip(lost).map(|(product, lost)| product.dot(lost)).collect()
    }
}

/// A filter that is rounded with an exponent.
struct Try {
    which: usize,
    exponent: i32,
}
