//! `--format`: for people or for programs.

use clap::ValueEnum;
use serde::Serialize;

use crate::base::error::Result;
use crate::base::json;

/// Form of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    #[value(alias = "table")]
    Text,
    /// For programs; `seigo schema` describes it
    Json,
}

impl Format {
    /// A result in this form: `text`, or the document as JSON.
    pub fn of(self, document: &impl Serialize, text: impl FnOnce() -> String) -> Result<String> {
        match self {
            Self::Text => Ok(text()),
            Self::Json => json::pretty(document),
        }
    }
}
