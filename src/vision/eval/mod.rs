//! How good predictions are: COCO average precision for detectors, top-1 and top-5 accuracy for
//! classifiers.

pub mod classification;
pub mod coco;
