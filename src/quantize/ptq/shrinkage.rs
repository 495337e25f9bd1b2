//! What few patches leave uncertain, drawn toward 0: correlations of taps, and means.

use ndarray::Array2;

/// Draws correlations toward 0 as far as `count` patches leave them uncertain: the oracle approximating shrinkage of
/// Chen, Wiesel, Eldar and Hero (2010, equation 23), with each tap's own variance kept. A filter of 1,280 weights behind
/// a mean sees as many patches as there are frames; rounded on their moments as they are, it would fit those frames
/// alone.
pub fn shrink(hessian: &mut Array2<f64>, count: f64) {
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
pub fn shrunk(mean: f64, variance: f64) -> f64 {
    mean * (1.0 - variance / (mean * mean).max(f64::MIN_POSITIVE)).max(0.0)
}

#[cfg(test)]
mod tests {
    use ndarray::Array1;

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
