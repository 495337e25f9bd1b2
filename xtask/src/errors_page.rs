//! docs/errors.md, generated from the table of error codes.

use std::path::PathBuf;
use std::process::ExitCode;

use seigo::base::error::{Result, codes};

/// Groups by the first four characters of a code.
const GROUPS: &[(&str, &str)] = &[
    ("SG01", "Files and command line"),
    ("SG02", "ONNX files"),
    ("SG03", "Operators and graph"),
    ("SG04", "Images, tasks and annotations"),
    ("SG05", "Quantization"),
    ("SG06", "The model file"),
    ("SG07", "Memory plan"),
    ("SG08", "Targets"),
    ("SG09", "The accelerator's program"),
    ("SG10", "Bundles and co-simulation"),
    ("SG11", "The report"),
];

/// Writes the page.
pub fn write() -> Result<ExitCode> {
    seigo::base::files::write(&path(), page().as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/errors.md")
}

fn page() -> String {
    let mut page = "# Errors\n\n\
        Written by `cargo run -p xtask -- docs`; do not edit.\n\n\
        Every failure prints a stable code, what is wrong, where (ONNX node, file) and what to do, \
        on stderr; the exit status is then 2. A code keeps its meaning.\n"
        .to_owned();
    for (prefix, title) in GROUPS {
        page.push_str(&format!("\n## {title}\n\n| code | meaning | what to do |\n|---|---|---|\n"));
        for code in codes::ALL.iter().filter(|code| code.id.starts_with(prefix)) {
            let row = [code.id, code.meaning, code.advice].map(|cell| cell.replace('|', "\\|"));
            page.push_str(&format!("| {} |\n", row.join(" | ")));
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_current() {
        let written = std::fs::read_to_string(path()).unwrap();
        assert!(written == page(), "run `cargo run -p xtask -- docs`");
    }

    #[test]
    fn every_code_is_on_the_page() {
        let page = page();
        assert!(codes::ALL.iter().all(|code| page.contains(code.id)));
    }
}
