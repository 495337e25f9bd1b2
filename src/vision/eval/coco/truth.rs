//! Annotations and what a task's classes are in them: what predictions are measured against.

use std::path::Path;

use super::{Annotations, CategoryIds, Report, ResultRecord, evaluate, records};
use crate::base::error::{Place as _, Result};
use crate::base::files;
use crate::vision::task::{Prediction, TaskSpec};

/// Annotations with the category of every class.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    /// The annotations.
    pub annotations: Annotations,
    /// The categories.
    pub categories: CategoryIds,
}

impl Truth {
    /// Of the JSON of an instances file.
    ///
    /// # Errors
    /// Those of [`Annotations::from_json`] and [`Annotations::category_ids`].
    pub fn new(json: &[u8], spec: &TaskSpec) -> Result<Self> {
        // Before annotations are taken away: which category is in use does not depend on it.
        let annotations = Annotations::from_json(json)?;
        let categories = annotations.category_ids(spec)?;
        Ok(Self { annotations, categories })
    }

    /// Of an instances file.
    ///
    /// # Errors
    /// [`codes::FILE_READ`](crate::base::error::codes::FILE_READ), those of [`Self::new`], with the path.
    pub fn load(path: &Path, spec: &TaskSpec) -> Result<Self> {
        Self::new(files::read_text(path)?.as_bytes(), spec).at(|| path.display().to_string())
    }

    /// Measures predictions by the ids of their images; images that are not named, or have no prediction, take no part,
    /// and the latter are counted as left out. Gives the detections as COCO records too.
    ///
    /// # Errors
    /// Those of [`evaluate`].
    pub fn measure(
        mut self,
        predictions: &[(i64, Option<Prediction>)],
    ) -> Result<(Report, Vec<ResultRecord>)> {
        let seen =
            |(id, prediction): &(i64, Option<Prediction>)| prediction.is_some().then_some(*id);
        let read = predictions.iter().filter_map(seen).collect();
        self.annotations.keep(&read);
        let all = predictions.iter().flat_map(|(id, prediction)| match prediction {
            Some(Prediction::Detections(found)) => records(*id, found, &self.categories.ids),
            _ => Vec::new(),
        });
        let records: Vec<ResultRecord> = all.collect();
        let report = evaluate(&self.annotations, &records)?;
        let left_out = predictions.len() - read.len();
        Ok((Report { left_out, ..report }, records))
    }
}
