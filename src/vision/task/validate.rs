//! Values of a task file that make no sense, alone or together.

use schemars::JsonSchema;
use serde::Serialize;

use super::classes::MAX_CLASSES;
use super::spec::{BoxEncoding, DetectionSpec, InputSpec, Limits, Resize, TaskSpec, Unit};
use crate::base::error::{Error, Result, codes};
use crate::base::json::fields;

/// Largest width and height of a network's input.
pub const MAX_INPUT: u32 = 1 << 14;

impl TaskSpec {
    /// Refuses values that make no sense together.
    ///
    /// # Errors
    /// [`codes::TASK_SPEC`] with the field.
    pub fn validate(&self) -> Result<()> {
        check(self, "")?;
        self.input.validate()?;
        if self.classes.is_empty() || self.classes.len() > MAX_CLASSES {
            return Err(wrong("classes", &format!("must be 1 to {MAX_CLASSES} classes")));
        }
        let classes = self.classes.len();
        if let Some(ids) = &self.category_ids
            && ids.len() != classes
        {
            let message = format!("{} ids for {classes} classes", ids.len());
            return Err(wrong("category_ids", &message));
        }
        match (&self.detection, &self.classification) {
            (Some(detection), None) => detection.validate(classes),
            (None, Some(_)) => Ok(()),
            (None, None) => Err(wrong("detection", "it or `classification` must be given")),
            (Some(_), Some(_)) => {
                Err(wrong("classification", "stands beside `detection`; only one can be"))
            }
        }
    }
}

impl InputSpec {
    fn validate(&self) -> Result<()> {
        match (self.resize, self.short_side) {
            (Resize::CenterCrop, None) => {
                return Err(wrong("input.short_side", "must be given for \"center-crop\""));
            }
            (Resize::CenterCrop, Some(_)) | (_, None) => {}
            (_, Some(_)) => {
                return Err(wrong("input.short_side", "only goes with \"center-crop\""));
            }
        }
        if !self.scale.is_finite() || self.scale == 0.0 {
            return Err(wrong("input.scale", "must be finite and not zero"));
        }
        let channels = self.color.channels();
        for (field, values) in [("mean", &self.mean), ("std", &self.std)] {
            if !values.is_empty() && values.len() != channels {
                let message = format!("has {} numbers for {channels} channels", values.len());
                return Err(wrong(&format!("input.{field}"), &message));
            }
        }
        if self.mean.iter().any(|mean| !mean.is_finite()) {
            return Err(wrong("input.mean", "must be finite"));
        }
        if self.std.iter().any(|std| !std.is_finite() || *std == 0.0) {
            return Err(wrong("input.std", "must be finite and not zero"));
        }
        Ok(())
    }
}

impl DetectionSpec {
    fn validate(&self, classes: usize) -> Result<()> {
        let on_grid = self.boxes == BoxEncoding::GridCenterExp;
        if on_grid && self.strides.is_empty() {
            return Err(wrong("detection.strides", "must be given for \"grid-center-exp\""));
        }
        if !on_grid && !self.strides.is_empty() {
            return Err(wrong("detection.strides", "only goes with \"grid-center-exp\""));
        }
        if on_grid && self.unit == Unit::Normalized {
            return Err(wrong("detection.unit", "\"grid-center-exp\" decodes to pixels"));
        }
        if self.scores_output.is_some() && self.output.is_none() {
            return Err(wrong("detection.output", "must be given beside `scores_output`"));
        }
        if self.scores_output.is_some() && self.scores_output == self.output {
            return Err(wrong("detection.scores_output", "is the output of the boxes"));
        }
        if self.background.is_some_and(|column| column > classes) {
            let message = format!("is beyond the {classes} classes and the background");
            return Err(wrong("detection.background", &message));
        }
        Ok(())
    }
}

impl Limits {
    /// Refuses thresholds outside 0 to 1 and a count of zero.
    ///
    /// # Errors
    /// [`codes::TASK_SPEC`] with the field below `place`.
    pub fn validate(&self, place: &str) -> Result<()> {
        check(self, &format!("{place}."))
    }
}

/// Checks every field by itself, as the type says.
fn check<T: Serialize + JsonSchema>(own: &T, place: &str) -> Result<()> {
    fields::check(own).map_err(|error| {
        Error::new(&codes::TASK_SPEC, format!("`{place}{}`{}", error.field, error.problem))
    })
}

fn wrong(field: &str, message: &str) -> Error {
    Error::new(&codes::TASK_SPEC, format!("`{field}` {message}"))
}
