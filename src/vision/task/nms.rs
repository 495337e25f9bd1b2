//! Non-maximum suppression (Felzenszwalb et al., PAMI 2010), greedy, class by class.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An axis-aligned box, edges in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BBox {
    /// Left edge.
    pub x1: f32,
    /// Top edge.
    pub y1: f32,
    /// Right edge.
    pub x2: f32,
    /// Bottom edge.
    pub y2: f32,
}

impl BBox {
    /// Area in square pixels; 0 for an inverted box.
    pub fn area(&self) -> f32 {
        (self.x2 - self.x1).max(0.0) * (self.y2 - self.y1).max(0.0)
    }

    /// Intersection over union, 0 to 1; 0 when both areas are 0.
    pub fn iou(&self, other: &Self) -> f32 {
        let width = (self.x2.min(other.x2) - self.x1.max(other.x1)).max(0.0);
        let height = (self.y2.min(other.y2) - self.y1.max(other.y1)).max(0.0);
        let both = width * height;
        let either = self.area() + other.area() - both;
        if either > 0.0 { both / either } else { 0.0 }
    }

    /// Whether no edge is NaN or infinite.
    pub fn is_finite(&self) -> bool {
        [self.x1, self.y1, self.x2, self.y2].iter().all(|edge| edge.is_finite())
    }
}

/// One detected object.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Detection {
    /// Index into the task's classes.
    pub class: usize,
    /// Confidence, 0 to 1.
    pub score: f32,
    /// Where it is.
    pub bbox: BBox,
}

/// Keeps a detection unless one of its class with a higher score that was kept itself overlaps it
/// by more than `threshold`; best first, equal scores in the given order.
pub fn suppress(mut candidates: Vec<Detection>, threshold: f32) -> Vec<Detection> {
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Detection> = Vec::new();
    let mut kept_of_class: Vec<Vec<BBox>> = Vec::new();
    for candidate in candidates {
        if kept_of_class.len() <= candidate.class {
            kept_of_class.resize(candidate.class + 1, Vec::new());
        }
        let better = &mut kept_of_class[candidate.class];
        if better.iter().all(|bbox| bbox.iou(&candidate.bbox) <= threshold) {
            better.push(candidate.bbox);
            kept.push(candidate);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn detections() -> impl Strategy<Value = Vec<Detection>> {
        // Coarse coordinates and scores, so that ties and exact thresholds come up.
        let one = (0usize..3, 0u8..6, 0u8..8, 0u8..8, 0u8..6, 0u8..6);
        prop::collection::vec(one, 0..40).prop_map(|items| {
            let detection = |(class, score, x, y, w, h): (usize, u8, u8, u8, u8, u8)| Detection {
                class,
                score: f32::from(score) / 5.0,
                bbox: BBox { x1: x.into(), y1: y.into(), x2: (x + w).into(), y2: (y + h).into() },
            };
            items.into_iter().map(detection).collect()
        })
    }

    /// The definition by rank: walk the pairwise table from the best detection down and strike out
    /// everything that a standing detection suppresses.
    fn by_table(items: &[Detection], threshold: f32) -> Vec<Detection> {
        let mut rank: Vec<usize> = (0..items.len()).collect();
        rank.sort_by_key(|&index| ((-items[index].score * 1000.0) as i64, index));
        let mut standing = vec![true; items.len()];
        for (place, &better) in rank.iter().enumerate() {
            for &worse in &rank[place + 1..] {
                let (a, b) = (items[better], items[worse]);
                if standing[better]
                    && a.class == b.class
                    && iou_of_counts(a.bbox, b.bbox) > threshold
                {
                    standing[worse] = false;
                }
            }
        }
        rank.into_iter().filter(|&index| standing[index]).map(|index| items[index]).collect()
    }

    /// Intersection over union of boxes with integer edges by counting unit cells.
    fn iou_of_counts(a: BBox, b: BBox) -> f32 {
        let inside = |bbox: BBox, x: i32, y: i32| {
            (bbox.x1 as i32..bbox.x2 as i32).contains(&x)
                && (bbox.y1 as i32..bbox.y2 as i32).contains(&y)
        };
        let (mut both, mut either) = (0, 0);
        for (x, y) in (0..20).flat_map(|x| (0..20).map(move |y| (x, y))) {
            both += i32::from(inside(a, x, y) && inside(b, x, y));
            either += i32::from(inside(a, x, y) || inside(b, x, y));
        }
        if either == 0 { 0.0 } else { both as f32 / either as f32 }
    }

    proptest! {
        #[test]
        fn agrees_with_the_pairwise_table(items in detections(), threshold in 0u8..10) {
            let threshold = f32::from(threshold) / 10.0;
            prop_assert_eq!(suppress(items.clone(), threshold), by_table(&items, threshold));
        }

        #[test]
        fn is_a_fixpoint(items in detections(), threshold in 0f32..1.0) {
            let once = suppress(items, threshold);
            prop_assert_eq!(&suppress(once.clone(), threshold), &once);
        }
    }
}
