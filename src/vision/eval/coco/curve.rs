//! From outcomes to recall and interpolated average precision.

use super::matching::Outcome;

/// Number of recalls at which precision is read: 0, 0.01, .. 1.
const RECALLS: usize = 101;

/// Recall and average precision at one IoU threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Quality {
    pub recall: f64,
    pub precision: f64,
}

/// Walks `outcomes`, best score first, at the IoU threshold `index`; `objects` is how many there
/// are to be found, at least 1.
pub(super) fn quality<'a>(
    outcomes: impl Iterator<Item = &'a Outcome>,
    index: usize,
    objects: usize,
) -> Quality {
    let (mut found, mut wrong) = (0u64, 0u64);
    let mut points: Vec<(f64, f64)> = Vec::new();
    for correct in outcomes.filter_map(|outcome| outcome.correct[index]) {
        if correct {
            found += 1;
        } else {
            wrong += 1;
        }
        points.push((found as f64 / objects as f64, found as f64 / (found + wrong) as f64));
    }
    // The precision at a recall is the best at that recall or a higher one.
    let mut best = 0.0f64;
    for (_, precision) in points.iter_mut().rev() {
        best = best.max(*precision);
        *precision = best;
    }
    let mut at = 0;
    let mut sum = 0.0;
    for step in 0..RECALLS {
        // As `numpy.linspace`: a recall on a step falls on the same side as there.
        let wanted = if step == RECALLS - 1 { 1.0 } else { step as f64 * 0.01 };
        while points.get(at).is_some_and(|(recall, _)| *recall < wanted) {
            at += 1;
        }
        sum += points.get(at).map_or(0.0, |(_, precision)| *precision);
    }
    Quality { recall: found as f64 / objects as f64, precision: sum / RECALLS as f64 }
}
