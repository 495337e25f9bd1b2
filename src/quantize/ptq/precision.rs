//! Which layers stay in float: the most sensitive ones, as many as asked for or as a quality takes.

use super::{Attempt, Options, Report};
use crate::base::error::{Error, Remedy, Result, codes};

/// Signal to noise ratios in dB that may be asked for; single precision itself has about 140.
const RATIOS: std::ops::RangeInclusive<f64> = 0.0..=120.0;

/// Refuses a ratio that nothing can reach.
pub fn check(options: &Options) -> Result<()> {
    match options.min_sqnr {
        Some(ratio) if !RATIOS.contains(&ratio) => {
            let message = format!("a signal to noise ratio of at least {ratio} dB is asked for");
            Err(Error::new(&codes::BAD_ARGUMENT, message)
                .help("give 0 to 120 dB")
                .remedied_by(Remedy::MinSqnr))
        }
        _ => Ok(()),
    }
}

/// Quantizes again with the worst layers in float; `None` where the plain result does.
///
/// The number of layers that a ratio takes is found by doubling, then by halving the interval; more
/// float layers may in principle be worse, so it is a small number, not the smallest.
pub fn choose(
    plain: Report,
    options: &Options,
    attempt: impl Fn(&Options) -> Result<Attempt>,
) -> Result<Option<Attempt>> {
    let ranking = ranking(&plain);
    if options.float_worst > ranking.len() {
        return Err(Error::new(
            &codes::BAD_ARGUMENT,
            format!(
                "{} layers are to stay in float, and only {} compute",
                options.float_worst,
                ranking.len()
            ),
        )
        .help("ask for fewer")
        .remedied_by(Remedy::FloatWorst));
    }
    let with = |count: usize| {
        let mut own = options.clone();
        own.float_layers.extend_from_slice(&ranking[..count]);
        attempt(&own)
    };
    let Some(ratio) = options.min_sqnr else {
        return (options.float_worst > 0).then(|| with(options.float_worst)).transpose();
    };
    let meets = |report: &Report| report.answer_sqnr >= ratio;
    let mut fails = options.float_worst;
    if fails == 0 && meets(&plain) {
        return Ok(None);
    }
    let mut best = with(fails)?;
    if meets(&best.quantized.report) {
        return Ok(Some(best));
    }
    let mut most = fails;
    while !meets(&best.quantized.report) {
        if most + 1 >= ranking.len() {
            return Err(Error::new(
                &codes::BAD_ARGUMENT,
                format!("{ratio} dB are not reached with a single layer in integers"),
            )
            .help("ask for less")
            .remedied_by(Remedy::MinSqnr));
        }
        fails = most;
        most = (2 * most).max(1).min(ranking.len() - 1);
        best = with(most)?;
    }
    while most - fails > 1 {
        let middle = fails + (most - fails) / 2;
        let tried = with(middle)?;
        if meets(&tried.quantized.report) {
            (most, best) = (middle, tried);
        } else {
            fails = middle;
        }
    }
    Ok(Some(best))
}

/// Names of the layers that compute in integers, the most sensitive first.
fn ranking(report: &Report) -> Vec<String> {
    let mut rated: Vec<(f64, &str)> = report
        .layers
        .iter()
        .filter_map(|layer| Some((layer.sensitivity?, &*layer.layer)))
        .collect();
    rated.sort_by(|a, b| a.0.total_cmp(&b.0));
    rated.into_iter().map(|(_, name)| name.to_owned()).collect()
}
