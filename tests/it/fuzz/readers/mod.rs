//! Every reader of a file: whatever the bytes are, it ends, takes no more memory than the file can need, and gives a value or
//! an error with a code. What was read and written again is read as the same.

mod accelerator;
mod data;
mod models;
mod reports;

use seigo::Result;
use seigo::base::error::codes;

/// What reads a file.
pub type Reader = fn(&[u8]);

/// Every reader, by the name of its target and its folder of seeds.
pub const ALL: [(&str, Reader); 15] = [
    ("annotations", data::annotations),
    ("campaign", reports::campaign),
    ("ceras", models::ceras),
    ("check_vectors", accelerator::check_vectors),
    ("csv", data::csv),
    ("device", accelerator::device),
    ("image", data::image),
    ("npy", data::npy),
    ("onnx", models::onnx),
    ("plan", models::plan),
    ("program", accelerator::program),
    ("qonnx", models::qonnx),
    ("report", reports::report),
    ("target", data::target),
    ("task", data::task),
];

/// Runs a reader by its name.
///
/// # Panics
/// Where the reader has a defect, and for a name that is none.
pub fn run(name: &str, bytes: &[u8]) {
    let reader = ALL.iter().find(|(own, _)| *own == name).expect("a name of the table above");
    reader.1(bytes);
}

/// A value, or none for an error that says what to do and is no defect of Seigo.
fn sound<T>(result: Result<T>) -> Option<T> {
    let error = match result {
        Ok(value) => return Some(value),
        Err(error) => error,
    };
    assert!(error.code() != &codes::INTERNAL, "a defect of ours: {error}");
    assert!(!error.message().is_empty() && !error.advice().is_empty(), "{error}");
    None
}

/// The text of a file that is UTF-8; files of other encodings are refused before their reader sees them.
fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}
