//! Which detection finds which object, within one image and one category.

use super::{Annotation, AreaRange, ResultRecord, THRESHOLDS, iou, iou_thresholds};

/// Most detections per image and category that are looked at.
pub(super) const MOST_DETECTIONS: usize = 100;

/// What became of one detection in one area range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Outcome {
    pub score: f64,
    /// Place among the image's detections of the category, best first.
    pub rank: usize,
    /// At each IoU threshold: true or false positive, or none when it does not count.
    pub correct: [Option<bool>; THRESHOLDS],
}

/// Objects and detections of one image and one category, with all their overlaps.
pub(super) struct Scene<'a> {
    truths: Vec<&'a Annotation>,
    detections: Vec<&'a ResultRecord>,
    /// One row per detection.
    ious: Vec<f64>,
}

impl<'a> Scene<'a> {
    pub fn new(truths: Vec<&'a Annotation>, mut detections: Vec<&'a ResultRecord>) -> Self {
        detections.sort_by(|a, b| b.score.total_cmp(&a.score));
        detections.truncate(MOST_DETECTIONS);
        let ious = detections
            .iter()
            .flat_map(|detection| {
                truths.iter().map(|truth| iou(&detection.bbox, &truth.bbox, truth.is_crowd()))
            })
            .collect();
        Self { truths, detections, ious }
    }

    /// Which objects do not count in `range`: crowds and those of another size.
    fn ignored(&self, range: AreaRange) -> Vec<bool> {
        let counts = |truth: &&Annotation| !truth.is_crowd() && range.contains(truth.area());
        self.truths.iter().map(|truth| !counts(truth)).collect()
    }

    /// Number of objects that count in `range`.
    pub fn objects(&self, range: AreaRange) -> usize {
        self.ignored(range).iter().filter(|ignored| !**ignored).count()
    }

    /// Matches in `range` at all thresholds; one outcome per detection, best first.
    pub fn outcomes(&self, range: AreaRange) -> Vec<Outcome> {
        let ignored = self.ignored(range);
        let mut outcomes: Vec<Outcome> = self
            .detections
            .iter()
            .enumerate()
            .map(|(rank, found)| Outcome { score: found.score, rank, correct: [None; THRESHOLDS] })
            .collect();
        for (index, threshold) in iou_thresholds().into_iter().enumerate() {
            let mut taken = vec![false; self.truths.len()];
            for (rank, outcome) in outcomes.iter_mut().enumerate() {
                let bbox = self.detections[rank].bbox;
                outcome.correct[index] = match self.partner(rank, threshold, &ignored, &taken) {
                    Some(truth) => {
                        taken[truth] = true;
                        (!ignored[truth]).then_some(true)
                    }
                    None => range.contains(bbox[2] * bbox[3]).then_some(false),
                };
            }
        }
        outcomes
    }

    /// The free object that overlaps detection `rank` most, at least by `threshold`; one that
    /// counts goes before all that do not, a later one before an equal earlier one. Crowds are
    /// never used up.
    fn partner(
        &self,
        rank: usize,
        threshold: f64,
        ignored: &[bool],
        taken: &[bool],
    ) -> Option<usize> {
        let ious = &self.ious[rank * self.truths.len()..][..self.truths.len()];
        let mut best: Option<usize> = None;
        for (index, truth) in self.truths.iter().enumerate() {
            if ious[index] < threshold || (taken[index] && !truth.is_crowd()) {
                continue;
            }
            let better = best.is_none_or(|best| {
                (ignored[best] && !ignored[index])
                    || (ignored[best] == ignored[index] && ious[index] >= ious[best])
            });
            if better {
                best = Some(index);
            }
        }
        best
    }
}
