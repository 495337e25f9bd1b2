//! Code of the C++ library, whole and without parts of it.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use super::{FOLDER, write};
use crate::page::Failure;
use crate::yolox::output;

/// What the library is made of, and flags where they are not the Makefile's own.
const LIBRARIES: [(&str, &str, &[&str]); 5] = [
    ("everything", "", &[]),
    ("without images and boxes", "images", &[]),
    ("integers: without layers in float, images and boxes", "float images", &[]),
    ("integers, portable kernels", "float images vectors", &[]),
    ("the same, all of it at `-Os`", "float images vectors", &["CXXFLAGS=-Os", "KERNEL_FLAGS=-Os"]),
];

/// What a program in C calls that opens a file in memory and runs it.
const CALLED: [&str; 7] = [
    "ceras_open",
    "ceras_close",
    "ceras_context_new",
    "ceras_context_free",
    "ceras_set_input",
    "ceras_run",
    "ceras_read_output",
];

/// Writes a row for each library.
pub fn measure() -> Result<(), Failure> {
    let mut text = "| library | code, bytes | of which a program takes that opens and runs files |\n|---|---:|---:|\n".to_owned();
    for (at, (what, without, flags)) in LIBRARIES.iter().enumerate() {
        let folder = std::env::current_dir()?.join(FOLDER).join(format!("size{at}"));
        let mut make = Command::new("make");
        make.args(["-s", "-j2", "-C", "runtime", "library"]);
        make.args([format!("BUILD={}", folder.display()), format!("WITHOUT={without}")]);
        output(make.args(*flags))?;
        let whole = code(&folder, &["--whole-archive"])?;
        let calls: Vec<&str> = CALLED.iter().flat_map(|name| ["-u", name]).collect();
        let called = code(&folder, &[&["--gc-sections"], &calls[..]].concat())?;
        writeln!(text, "| {what} | {whole} | {called} |")?;
    }
    write("size", &text)
}

/// Bytes in the sections of code, where what several objects have in common is there once.
fn code(folder: &Path, flags: &[&str]) -> Result<u64, Failure> {
    let joined = folder.join("joined.o");
    let mut linker = Command::new("ld");
    output(linker.arg("-r").args(flags).arg(folder.join("libceras.a")).arg("-o").arg(&joined))?;
    let sections = output(Command::new("size").arg("-A").arg(&joined))?;
    let bytes = |line: &str| -> Option<u64> {
        let mut words = line.split_whitespace();
        words.next()?.starts_with(".text").then_some(())?;
        words.next()?.parse().ok()
    };
    Ok(sections.lines().filter_map(bytes).sum())
}
