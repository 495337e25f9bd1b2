//! Files generated from the field table of the instruction stream.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use seigo::base::error::Result;
use seigo::compile::program::generate;

/// Path from the root of the repository, and contents.
fn files() -> [(&'static str, String); 3] {
    [
        ("rtl/descriptor.vh", generate::verilog()),
        ("runtime/seigo_program.h", generate::c_header()),
        ("docs/isa.md", generate::page()),
    ]
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

/// Writes them.
pub fn write() -> Result<ExitCode> {
    for (name, contents) in files() {
        seigo::base::files::write(&path(name), contents.as_bytes())?;
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_are_current() {
        for (name, contents) in files() {
            let written = std::fs::read_to_string(path(name)).unwrap();
            assert!(written == contents, "{name}: run `make generate`");
        }
    }
}
