//! Random truths from scored detections, and average precision against them.

use seigo::base::error::Result;
use seigo::base::random::Samples;
use seigo::vision::eval::coco::{Annotation, Annotations, Category, Image, evaluate, records};
use seigo::vision::task::Detection;

/// Random truths; their precisions are averaged.
const DRAWS: usize = 12;
/// Scores below this are never true.
const LEAST: f32 = 0.05;
/// Largest move of each edge, as a part of width or height.
const MOVE: f64 = 0.12;

/// Objects of all views, drawn several times: by category, and with all categories as one.
pub fn draws(views: &[&[Detection]], classes: usize) -> Vec<[Annotations; 2]> {
    let mut random = Samples::new(1);
    let draw = |_| {
        let mut truths: Vec<(usize, Detection)> = Vec::new();
        for (view, found) in views.iter().enumerate() {
            for &detection in *found {
                let score = f64::from(detection.score);
                if detection.score >= LEAST && random.below_one() < score {
                    truths.push((view, moved(detection, &mut random)));
                }
            }
        }
        [false, true].map(|pooled| annotations(&truths, views.len(), classes, pooled))
    };
    (0..DRAWS).map(draw).collect()
}

/// AP at IoU 0.5 and AP, mean over categories, then both with all categories pooled.
pub fn precision(
    draws: &[[Annotations; 2]],
    views: &[&[Detection]],
    classes: usize,
) -> Result<[f64; 4]> {
    let mut sums = [0.0; 4];
    for draw in draws {
        for (pooled, truth) in draw.iter().enumerate() {
            let found: Vec<_> = views
                .iter()
                .enumerate()
                .flat_map(|(view, found)| {
                    found.iter().flat_map(move |detection| {
                        let (image, category) = place(view, detection.class, classes, pooled == 1);
                        let one = Detection { class: 0, ..*detection };
                        records(image, &[one], &[Some(category)])
                    })
                })
                .collect();
            let report = evaluate(truth, &found)?;
            sums[2 * pooled] += report.ap50.unwrap_or(0.0) / draws.len() as f64;
            sums[2 * pooled + 1] += report.ap.unwrap_or(0.0) / draws.len() as f64;
        }
    }
    Ok(sums)
}

/// Image and category ids: pooled, every class of a view is an image of its own.
fn place(view: usize, class: usize, classes: usize, pooled: bool) -> (i64, i64) {
    if pooled { ((view * classes + class) as i64, 0) } else { (view as i64, class as i64) }
}

fn annotations(
    truths: &[(usize, Detection)],
    views: usize,
    classes: usize,
    pooled: bool,
) -> Annotations {
    let images = if pooled { views * classes } else { views };
    let categories = if pooled { 1 } else { classes };
    let object = |(view, detection): &(usize, Detection)| {
        let (image_id, category_id) = place(*view, detection.class, classes, pooled);
        let [x1, y1, x2, y2] =
            [detection.bbox.x1, detection.bbox.y1, detection.bbox.x2, detection.bbox.y2]
                .map(f64::from);
        let bbox = [x1, y1, (x2 - x1).max(0.0), (y2 - y1).max(0.0)];
        Annotation { image_id, category_id, bbox, area: None, iscrowd: 0 }
    };
    Annotations {
        images: (0..images as i64).map(|id| Image { id, file_name: id.to_string() }).collect(),
        annotations: truths.iter().map(object).collect(),
        categories: (0..categories as i64)
            .map(|id| Category { id, name: id.to_string() })
            .collect(),
    }
}

fn moved(mut detection: Detection, random: &mut Samples) -> Detection {
    let bbox = &mut detection.bbox;
    let (width, height) = (f64::from(bbox.x2 - bbox.x1), f64::from(bbox.y2 - bbox.y1));
    let mut by = |length: f64| (MOVE * length * (2.0 * random.below_one() - 1.0)) as f32;
    bbox.x1 += by(width);
    bbox.x2 += by(width);
    bbox.y1 += by(height);
    bbox.y2 += by(height);
    detection
}
