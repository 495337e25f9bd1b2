//! The COCO result file: one record per detection.

use serde::{Deserialize, Serialize};

use super::Xywh;
use crate::base::error::{Error, Result, codes};
use crate::vision::task::Detection;

/// One detection in the form of COCO's result files.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ResultRecord {
    /// Id of the image in the annotations.
    pub image_id: i64,
    /// Id of the category in the annotations.
    pub category_id: i64,
    /// Where it is.
    pub bbox: Xywh,
    /// Confidence; only the order matters.
    pub score: f64,
}

impl ResultRecord {
    /// The JSON of a result file, one record per line.
    ///
    /// # Errors
    /// [`codes::ANNOTATION`] when a number is not finite.
    pub fn to_json(records: &[Self]) -> Result<String> {
        let mut text = String::from("[");
        for (index, record) in records.iter().enumerate() {
            let numbers = record.bbox.iter().chain([&record.score]);
            if !numbers.copied().all(f64::is_finite) {
                return Err(wrong(format!("result {index} has a number that is not finite")));
            }
            let line = serde_json::to_string(record).map_err(|error| wrong(error.to_string()))?;
            text += if index == 0 { "\n" } else { ",\n" };
            text += &line;
        }
        text += "\n]\n";
        Ok(text)
    }

    /// Reads a result file.
    ///
    /// # Errors
    /// [`codes::ANNOTATION`] with the field.
    pub fn from_json(json: &[u8]) -> Result<Vec<Self>> {
        let mut reader = serde_json::Deserializer::from_slice(json);
        serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            wrong(format!("not a COCO result file: `{}`: {}", error.path(), error.inner()))
        })
    }
}

/// The records of one image; `category_ids` gives the category of each class, and classes without
/// one leave no record.
pub fn records(
    image_id: i64,
    detections: &[Detection],
    category_ids: &[Option<i64>],
) -> Vec<ResultRecord> {
    detections
        .iter()
        .filter_map(|detection| {
            let category_id = category_ids.get(detection.class).copied().flatten()?;
            let [x1, y1, x2, y2] =
                [detection.bbox.x1, detection.bbox.y1, detection.bbox.x2, detection.bbox.y2]
                    .map(f64::from);
            let bbox = [x1, y1, x2 - x1, y2 - y1];
            Some(ResultRecord { image_id, category_id, bbox, score: detection.score.into() })
        })
        .collect()
}

fn wrong(message: impl Into<String>) -> Error {
    Error::new(&codes::ANNOTATION, message)
        .help("give a list of {image_id, category_id, bbox: [x, y, width, height], score}")
}
