//! The folder of public models, images and puzzles that are too large for this repository:
//! `SEIGO_SHARED`, else `../shared` where it is there.

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The folder; a file that it lacks is then a failure of the test that opens it.
///
/// `None` where there is no such folder: the test returns, and says so on standard error past the
/// capture of the test harness. Where `SEIGO_REQUIRE_SHARED=1` or `SEIGO_SHARED` is set, a missing
/// folder is a failure.
pub fn folder() -> Option<PathBuf> {
    let named = std::env::var_os("SEIGO_SHARED").map(PathBuf::from);
    let required =
        named.is_some() || std::env::var_os("SEIGO_REQUIRE_SHARED").is_some_and(|v| v == "1");
    let folder = named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"));
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(!required, "this test needs the folder {}", folder.display());
    let thread = std::thread::current();
    // A write of its own: libtest swallows what eprintln! prints in a test that passes.
    let written = writeln!(
        std::io::stderr().lock(),
        "NOT TESTED: {} needs the folder {} (or the one that SEIGO_SHARED names)",
        thread.name().unwrap_or("a test"),
        folder.display()
    );
    written.expect("stderr takes a line");
    None
}
