//! The evaluation of a COCO result file, which tests/ort/coco_ap.py compares with pycocotools.

use std::path::Path;

use seigo::base::error::Result;
use seigo::base::{files, json};
use seigo::vision::eval::coco::{Annotations, ResultRecord, evaluate};
use seigo::vision::eval::{AccuracyReport, Score};

/// The accuracy as JSON.
///
/// # Errors
/// Those of reading either file, and of results for unknown images.
pub fn run(annotations: &Path, results: &Path) -> Result<String> {
    let annotations = Annotations::load(annotations)?;
    let results = ResultRecord::from_json(&files::read(results)?)?;
    json::pretty(&AccuracyReport::from(Score::Detection(evaluate(&annotations, &results)?)))
}
