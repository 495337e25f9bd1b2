//! The twelve numbers of the COCO detection challenge, and average precision by category.

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::curve::{Quality, quality};
use super::matching::{MOST_DETECTIONS, Outcome, Scene};
use super::{Annotation, Annotations, AreaRange, Category, ResultRecord, THRESHOLDS};
use crate::base::error::{Error, Result, codes};

/// Average precision (AP) and average recall (AR), 0 to 1; none where there is no object to find.
///
/// Unless the name says otherwise: mean over the IoU thresholds 0.5 to 0.95 and over the
/// categories, all sizes, at most 100 detections per image and category.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// AP.
    pub ap: Option<f64>,
    /// AP at IoU 0.5.
    pub ap50: Option<f64>,
    /// AP at IoU 0.75.
    pub ap75: Option<f64>,
    /// AP of objects up to 32 x 32 pixels.
    pub ap_small: Option<f64>,
    /// AP of objects between.
    pub ap_medium: Option<f64>,
    /// AP of objects from 96 x 96 pixels.
    pub ap_large: Option<f64>,
    /// AR with one detection per image and category.
    pub ar_1: Option<f64>,
    /// AR with ten detections per image and category.
    pub ar_10: Option<f64>,
    /// AR with a hundred detections per image and category.
    pub ar_100: Option<f64>,
    /// AR of objects up to 32 x 32 pixels.
    pub ar_small: Option<f64>,
    /// AR of objects between.
    pub ar_medium: Option<f64>,
    /// AR of objects from 96 x 96 pixels.
    pub ar_large: Option<f64>,
    /// Number of images.
    pub images: usize,
    /// Annotated images that could not be read and do not count; [`evaluate`] knows of none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: usize,
    /// Each category that has objects, by id.
    pub categories: Vec<CategoryReport>,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// The summary that COCO users know, in percent.
impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut line = |name: &str, value: Option<f64>| match value {
            Some(value) => writeln!(f, "{name:<12} {:6.2}", 100.0 * value),
            None => writeln!(f, "{name:<12}      -"),
        };
        line("mAP@.5:.95", self.ap)?;
        line("mAP@.5", self.ap50)?;
        line("mAP@.75", self.ap75)?;
        line("mAP small", self.ap_small)?;
        line("mAP medium", self.ap_medium)?;
        line("mAP large", self.ap_large)?;
        line("AR 1", self.ar_1)?;
        line("AR 10", self.ar_10)?;
        line("AR 100", self.ar_100)?;
        writeln!(f, "{:<12} {:6}", "images", self.images)?;
        match self.left_out {
            0 => Ok(()),
            count => writeln!(f, "{:<12} {count:6}", "left out"),
        }
    }
}

/// Average precision of one category, 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CategoryReport {
    /// Id in the annotations.
    pub id: i64,
    /// Name in the annotations.
    pub name: String,
    /// Number of objects, crowds left out.
    pub objects: usize,
    /// Mean over the IoU thresholds 0.5 to 0.95.
    pub ap: f64,
    /// At IoU 0.5.
    pub ap50: f64,
}

/// Measures `results` on all images of `annotations`; an image without a result counts as one in
/// which nothing was found. Results of unknown categories do not count.
///
/// # Errors
/// [`codes::ANNOTATION`] for a result of an unknown image or with a number that is not finite.
pub fn evaluate(annotations: &Annotations, results: &[ResultRecord]) -> Result<Report> {
    let groups = group(annotations, results)?;
    let mut categories: Vec<&Category> = annotations.categories.iter().collect();
    categories.sort_by_key(|category| category.id);
    let measured: Vec<(&Category, Measured)> = categories
        .into_par_iter()
        .map(|category| {
            let scenes = groups.get(&category.id).map(scenes).unwrap_or_default();
            (category, Measured::new(&scenes))
        })
        .collect();
    Ok(report(annotations.images.len(), &measured))
}

/// Objects and detections of one image.
type Content<'a> = (Vec<&'a Annotation>, Vec<&'a ResultRecord>);
/// By category, then by image id.
type Groups<'a> = HashMap<i64, BTreeMap<i64, Content<'a>>>;

fn group<'a>(annotations: &'a Annotations, results: &'a [ResultRecord]) -> Result<Groups<'a>> {
    let mut groups = Groups::new();
    for truth in &annotations.annotations {
        let images = groups.entry(truth.category_id).or_default();
        images.entry(truth.image_id).or_default().0.push(truth);
    }
    let mut known: Vec<i64> = annotations.images.iter().map(|image| image.id).collect();
    known.sort_unstable();
    for (index, result) in results.iter().enumerate() {
        if known.binary_search(&result.image_id).is_err() {
            let message = format!("result {index} is in the unknown image {}", result.image_id);
            return Err(Error::new(&codes::ANNOTATION, message)
                .help("give the annotations of the images that the results were made from"));
        }
        if !result.bbox.iter().chain([&result.score]).copied().all(f64::is_finite) {
            let message = format!("result {index} has a number that is not finite");
            return Err(Error::new(&codes::ANNOTATION, message));
        }
        let images = groups.entry(result.category_id).or_default();
        images.entry(result.image_id).or_default().1.push(result);
    }
    Ok(groups)
}

fn scenes<'a>(images: &BTreeMap<i64, Content<'a>>) -> Vec<Scene<'a>> {
    let scene = |(truths, found): &Content<'a>| Scene::new(truths.clone(), found.clone());
    images.values().map(scene).collect()
}

/// Quality at every IoU threshold; none where there is no object to find.
type Qualities = Option<[Quality; THRESHOLDS]>;

/// One category in all area ranges and with all numbers of detections.
struct Measured {
    objects: usize,
    all: Qualities,
    small: Qualities,
    medium: Qualities,
    large: Qualities,
    one_detection: Qualities,
    ten_detections: Qualities,
}

impl Measured {
    fn new(scenes: &[Scene]) -> Self {
        let objects = |range| scenes.iter().map(|scene| scene.objects(range)).sum::<usize>();
        let outcomes = |range| {
            let mut outcomes: Vec<Outcome> =
                scenes.iter().flat_map(|scene| scene.outcomes(range)).collect();
            outcomes.sort_by(|a, b| b.score.total_cmp(&a.score));
            outcomes
        };
        let in_range = |range| qualities(&outcomes(range), objects(range), MOST_DETECTIONS);
        let all = outcomes(AreaRange::ALL);
        let objects = objects(AreaRange::ALL);
        Self {
            objects,
            all: qualities(&all, objects, MOST_DETECTIONS),
            small: in_range(AreaRange::SMALL),
            medium: in_range(AreaRange::MEDIUM),
            large: in_range(AreaRange::LARGE),
            one_detection: qualities(&all, objects, 1),
            ten_detections: qualities(&all, objects, 10),
        }
    }
}

fn qualities(outcomes: &[Outcome], objects: usize, most: usize) -> Qualities {
    (objects > 0).then(|| {
        std::array::from_fn(|index| {
            quality(outcomes.iter().filter(|outcome| outcome.rank < most), index, objects)
        })
    })
}

fn report(images: usize, measured: &[(&Category, Measured)]) -> Report {
    let over = |qualities: fn(&Measured) -> &Qualities,
                value: fn(&[Quality; THRESHOLDS]) -> f64| {
        mean(measured.iter().filter_map(|(_, category)| qualities(category).as_ref().map(value)))
    };
    Report {
        ap: over(|m| &m.all, ap),
        ap50: over(|m| &m.all, |q| q[0].precision),
        ap75: over(|m| &m.all, |q| q[5].precision),
        ap_small: over(|m| &m.small, ap),
        ap_medium: over(|m| &m.medium, ap),
        ap_large: over(|m| &m.large, ap),
        ar_1: over(|m| &m.one_detection, ar),
        ar_10: over(|m| &m.ten_detections, ar),
        ar_100: over(|m| &m.all, ar),
        ar_small: over(|m| &m.small, ar),
        ar_medium: over(|m| &m.medium, ar),
        ar_large: over(|m| &m.large, ar),
        images,
        left_out: 0,
        categories: measured
            .iter()
            .filter_map(|(category, measured)| {
                let qualities = measured.all.as_ref()?;
                Some(CategoryReport {
                    id: category.id,
                    name: category.name.clone(),
                    objects: measured.objects,
                    ap: ap(qualities),
                    ap50: qualities[0].precision,
                })
            })
            .collect(),
    }
}

fn ap(qualities: &[Quality; THRESHOLDS]) -> f64 {
    qualities.iter().map(|quality| quality.precision).sum::<f64>() / THRESHOLDS as f64
}

fn ar(qualities: &[Quality; THRESHOLDS]) -> f64 {
    qualities.iter().map(|quality| quality.recall).sum::<f64>() / THRESHOLDS as f64
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0usize), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / count as f64)
}
