//! Every file that is made from tables in the code: pages of docs/, headers of the hardware's border.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use seigo::base::error::Result;
use seigo::compile::boards::{self, board};
use seigo::emit::vivado;

use crate::{border, errors_page, operators_page, runtime_header, task_page};

/// Constraints of the boards, in the order of [`board::Name::ALL`].
const CONSTRAINTS: [&str; board::Name::ALL.len()] =
    ["constraints/kv260.xdc", "constraints/ultra96.xdc", "constraints/pynq-z2.xdc"];

/// Path from the root of the repository, and contents.
fn files() -> Result<Vec<(&'static str, String)>> {
    let mut files = vec![
        ("docs/errors.md", errors_page::page()),
        ("docs/operators.md", operators_page::page()?),
        ("docs/targets.md", boards::page::page()?),
        ("docs/task.md", task_page::page(&path("docs/task.md"))?),
        ("runtime/src/format.h", runtime_header::header()),
        ("runtime/src/vision/defaults.h", runtime_header::task_defaults()?),
    ];
    files.extend(border::files());
    for (name, board) in CONSTRAINTS.iter().zip(board::Name::ALL) {
        files.extend(board.board().map(|board| (*name, vivado::constraints::board(board))));
    }
    Ok(files)
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

/// Writes them.
///
/// # Errors
/// Those of writing a file, and of the samples behind docs/operators.md.
pub fn write() -> Result<ExitCode> {
    for (name, contents) in files()? {
        seigo::base::files::write(&path(name), contents.as_bytes())?;
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_are_current() {
        for (name, contents) in files().unwrap() {
            let written = std::fs::read_to_string(path(name)).unwrap();
            assert!(written == contents, "{name}: run `make generate`");
        }
    }
}
