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
        let mean = missing.mean + group.mean_error(filter, &codes, exponent);
        let variance = missing.variance + group.variance(filter, &codes, exponent);
        let shift = if self.bias_correction { shrunk(mean, variance / missing.count) } else { 0.0 };
        (codes, exponent, conv.bias[output] + shift)
    }
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

    /// By how much what a filter's sum loses varies; 0 without moments.
    fn variance(&self, filter: &[f64], codes: &[f64], exponent: i32) -> f64 {
        if self.hessian.is_empty() { 0.0 } else { self.error(filter, codes, exponent).max(0.0) }
    }

    /// d' H d for the weight error d.
    fn error(&self, filter: &[f64], codes: &[f64], exponent: i32) -> f64 {
        let step = 2f64.powi(exponent);
        let errors = filter.iter().zip(codes).map(|(w, code)| w - code * step).collect();
        let errors = Array1::from_vec(errors);
        self.hessian.dot(&errors).dot(&errors)
    }
}

/// Draws correlations toward 0 as far as `count` patches leave them uncertain: the oracle approximating shrinkage of
/// Chen, Wiesel, Eldar and Hero (2010, equation 23), with each tap's own variance kept. A filter of 1,280 weights behind
/// a mean sees as many patches as there are frames; rounded on their moments as they are, it would fit those frames
/// alone.
fn shrink(hessian: &mut Array2<f64>, count: f64) {
    let taps = hessian.nrows();
    let deviations: Vec<f64> = hessian.diag().iter().map(|variance| variance.sqrt()).collect();
    let alive = deviations.iter().filter(|&&deviation| deviation > 0.0).count() as f64;
    let correlation = |((i, j), h): ((usize, usize), &f64)| {
        let scale = deviations[i] * deviations[j];
        if scale > 0.0 { (h / scale).powi(2) } else { 0.0 }
    };
    let squares: f64 = hessian.indexed_iter().map(correlation).sum();
    let excess = squares - alive;
    if taps < 2 || alive < 2.0 || excess <= 0.0 {
        return;
    }
    let part = 1.0 - 2.0 / alive;
    let share = ((part * squares + alive * alive) / ((count + part) * excess)).min(1.0);
    for ((i, j), h) in hessian.indexed_iter_mut() {
        if i != j {
            *h *= 1.0 - share;
        }
    }
}

/// An estimate of a mean whose square is `variance` too large on average, drawn toward 0 (James and Stein 1961, the
/// positive part).
fn shrunk(mean: f64, variance: f64) -> f64 {
    mean * (1.0 - variance / (mean * mean).max(f64::MIN_POSITIVE)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Samples;

    /// Second moments of patches whose taps share a part.
    fn moments(patches: usize, taps: usize) -> Array2<f64> {
        let mut random = Samples::new(3);
        let mut next = || random.below(2001) as f64 / 1000.0 - 1.0;
        let mut hessian = Array2::zeros((taps, taps));
        for _ in 0..patches {
            let common = 0.5 * next();
            let patch = Array1::from_iter((0..taps).map(|_| common + next()));
            for ((i, j), h) in hessian.indexed_iter_mut() {
                *h += patch[i] * patch[j] / patches as f64;
            }
        }
        hessian
    }

    #[test]
    fn shrinking_brings_few_patches_nearer_to_many() {
        let truth = moments(50_000, 24);
        let distance = |hessian: &Array2<f64>| (hessian - &truth).mapv(|d| d * d).sum();
        for patches in [4, 16] {
            let plain = moments(patches, 24);
            let mut drawn = plain.clone();
            shrink(&mut drawn, patches as f64);
            assert_eq!(plain.diag(), drawn.diag());
            assert!(distance(&drawn) < distance(&plain), "{patches} patches");
        }
        let mut many = truth.clone();
        shrink(&mut many, 50_000.0);
        assert!(distance(&many) < 1e-6 * truth.mapv(|h| h * h).sum());
    }

    #[test]
    fn a_mean_that_may_be_chance_is_no_correction() {
        assert_eq!(shrunk(0.5, 1.0), 0.0);
        assert_eq!(shrunk(-2.0, 1.0), -1.5);
        assert_eq!(shrunk(0.0, 0.0), 0.0);
    }
}
