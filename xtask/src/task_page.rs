//! The tables of docs/task.md, from the type that task files are read into.

use std::path::Path;

use seigo::base::error::{Error, Result, codes};
use seigo::base::files;
use seigo::base::json::fields::{fields, table};
use seigo::vision::task::TaskSpec;

use crate::page;

/// The page with its tables made anew.
///
/// # Errors
/// [`codes::FILE_READ`]; [`codes::INTERNAL`] where the page has no place for a table.
pub fn page(path: &Path) -> Result<String> {
    let fields = fields::<TaskSpec>();
    let mut text = files::read_text(path)?;
    for (name, prefix) in [
        ("the whole file", ""),
        ("input", "input."),
        ("detection", "detection."),
        ("classification", "classification."),
    ] {
        let table = table(&fields, prefix, !prefix.is_empty());
        text = page::replaced(&text, &format!("fields of {name}"), &table).ok_or_else(|| {
            Error::new(&codes::INTERNAL, format!("docs/task.md has no place for {name}"))
        })?;
    }
    Ok(text)
}
