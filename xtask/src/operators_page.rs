//! docs/operators.md, generated from the operators themselves.

use std::process::ExitCode;

use seigo::error::Result;

/// Writes the page.
pub fn write() -> Result<ExitCode> {
    Ok(ExitCode::SUCCESS)
}
