//! From Verilog to a shared library: Verilator, then one C++ compiler call per file, kept by the hash of
//! everything that goes in.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::files;
use crate::compile::Compiled;
use crate::compile::program::Design;
use crate::emit::verilog;

const SHIM: &str = include_str!("../../../sim/shim.cpp");
const COMPILER_FLAGS: &[&str] = &["-std=c++17", "-O3", "-march=native", "-fPIC", "-w"];
const VERILATOR_FLAGS: &[&str] = &[
    "--cc",
    "-O3",
    "--x-assign",
    "fast",
    "--x-initial",
    "fast",
    "--noassert",
    "--unroll-count",
    "1024",
    "--output-split",
    "100000",
    "--output-split-cfuncs",
    "2000",
    "-Wno-fatal",
    "-Wno-lint",
];

/// Where libraries are kept: `SEIGO_CACHE`, else the user's cache folder, else the temporary one.
pub fn cache() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(folder) = set("SEIGO_CACHE") {
        return folder.into();
    }
    match (set("XDG_CACHE_HOME"), set("HOME")) {
        (Some(folder), _) => Path::new(&folder).join("seigo"),
        (None, Some(home)) => Path::new(&home).join(".cache").join("seigo"),
        (None, None) => std::env::temp_dir().join("seigo"),
    }
}

/// The library that simulates the design of a network; made when it is not kept yet.
/// With `waves` it can write wave files, and is slower.
///
/// # Errors
/// [`codes::SIMULATION_TOOL`] when Verilator or the compiler is missing,
/// [`codes::SIMULATION_BUILD`] with their message when they fail, [`codes::FILE_WRITE`].
pub fn library(compiled: &Compiled, waves: bool) -> Result<PathBuf> {
    let (sources, design) = (verilog::files(compiled)?, &compiled.design);
    let version = tool(Command::new("verilator").arg("--version"), "verilator")?;
    let compiler = tool(Command::new("c++").arg("--version"), "c++")?;
    let mut hash = Sha256::new();
    let flags = [VERILATOR_FLAGS, COMPILER_FLAGS].concat().join(" ");
    for text in [&version, &compiler, &flags, SHIM, &format!("waves {waves}")] {
        hash.update(text);
        hash.update([0]);
    }
    for (name, text) in &sources {
        hash.update(name);
        hash.update([0]);
        hash.update(text);
        hash.update([0]);
    }
    let folder = cache();
    let kept = folder.join(format!("{:x}.so", hash.finalize()));
    if kept.is_file() {
        return Ok(kept);
    }
    std::fs::create_dir_all(&folder).map_err(|error| cannot_write(&folder, error))?;
    // Whoever wants the same library meanwhile waits for this one.
    let lock = kept.with_extension("lock");
    let building = std::fs::File::create(&lock).map_err(|error| cannot_write(&lock, error))?;
    building.lock().map_err(|error| cannot_write(&lock, error))?;
    if kept.is_file() {
        return Ok(kept);
    }
    let work = tempfile::Builder::new().prefix("build").tempdir_in(&folder);
    let work = work.map_err(|error| cannot_write(&folder, error))?;
    let built = build(work.path(), &sources, design, waves, &folder, &version)?;
    std::fs::rename(&built, &kept).map_err(|error| cannot_write(&kept, error))?;
    Ok(kept)
}

fn build(
    work: &Path,
    sources: &[(String, String)],
    design: &Design,
    waves: bool,
    cache: &Path,
    version: &str,
) -> Result<PathBuf> {
    for (name, text) in sources {
        files::write(&work.join(name), text.as_bytes())?;
    }
    files::write(&work.join("shim.cpp"), SHIM.as_bytes())?;
    files::write(&work.join("banks.inc"), banks(design).as_bytes())?;
    let mut verilate = Command::new("verilator");
    verilate.current_dir(work).args(VERILATOR_FLAGS);
    if waves {
        verilate.arg("--trace-fst");
    }
    verilate.args(["-I.", "-y", ".", "--top-module", verilog::TOP, "--Mdir", "cpp"]);
    verilate.arg(format!("{}.v", verilog::TOP));
    tool(&mut verilate, "verilator").at(|| "translating the design")?;

    let include = PathBuf::from(
        tool(Command::new("verilator").args(["--getenv", "VERILATOR_ROOT"]), "verilator")?.trim(),
    )
    .join("include");
    let mut units = vec![work.join("shim.cpp")];
    let generated = std::fs::read_dir(work.join("cpp")).map_err(|e| cannot_write(work, e))?;
    let generated = generated.flatten().map(|entry| entry.path());
    units.extend(generated.filter(|path| path.extension().is_some_and(|end| end == "cpp")));
    units.sort();
    let mut objects = units
        .par_iter()
        .map(|unit| {
            let object = work.join(unit.with_extension("o").file_name().unwrap_or_default());
            compile(unit, &object, &include, work, waves)?;
            Ok(object)
        })
        .collect::<Result<Vec<_>>>()?;
    objects.extend(runtime(&include, cache, version, waves)?);
    let library = work.join("design.so");
    let mut link = Command::new("c++");
    link.arg("-shared").args(&objects).arg("-o").arg(&library).arg("-pthread");
    if waves {
        link.arg("-lz");
    }
    tool(&mut link, "c++").at(|| "linking the simulation")?;
    Ok(library)
}

fn compile(unit: &Path, object: &Path, include: &Path, work: &Path, waves: bool) -> Result<()> {
    let mut command = Command::new("c++");
    command.args(COMPILER_FLAGS).arg("-c").arg(unit).arg("-o").arg(object);
    command.arg("-I").arg(include).arg("-I").arg(include.join("vltstd"));
    command.arg("-I").arg(work).arg("-I").arg(work.join("cpp"));
    if waves {
        command.args(["-DSEIGO_TRACE", "-DVM_TRACE=1", "-DVM_TRACE_FST=1"]);
    }
    tool(&mut command, "c++").map(drop)
}

/// Verilator's own runtime, compiled once per version.
fn runtime(include: &Path, cache: &Path, version: &str, waves: bool) -> Result<Vec<PathBuf>> {
    let hash = format!("{:x}", Sha256::digest(format!("{version} {waves} {COMPILER_FLAGS:?}")));
    let folder = cache.join(format!("runtime-{}", &hash[..16]));
    let mut names = vec!["verilated", "verilated_threads"];
    if waves {
        names.push("verilated_fst_c");
    }
    std::fs::create_dir_all(&folder).map_err(|error| cannot_write(&folder, error))?;
    names
        .into_iter()
        .map(|name| {
            let object = folder.join(name).with_extension("o");
            if !object.is_file() {
                let beside = tempfile::Builder::new().suffix(".o").tempfile_in(&folder);
                let beside = beside.map_err(|error| cannot_write(&folder, error))?;
                let unit = include.join(name).with_extension("cpp");
                compile(&unit, beside.path(), include, include, waves)?;
                beside.persist(&object).map_err(|error| cannot_write(&object, error.error))?;
            }
            Ok(object)
        })
        .collect()
}

/// One line per RAM of the shared memory for the shim.
fn banks(design: &Design) -> String {
    let mut text = String::new();
    for domain in 0..design.domains {
        for bank in 0..design.pixels {
            let name = verilog::bank(domain, bank);
            let _ = writeln!(text, "SEIGO_BANK({domain}, {bank}, {name})");
        }
    }
    text
}

/// Runs a tool; its output when it succeeds.
fn tool(command: &mut Command, name: &str) -> Result<String> {
    let output = command.output().map_err(|error| {
        Error::new(&codes::SIMULATION_TOOL, format!("cannot run {name}")).caused_by(error)
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<_> = text.lines().filter(|line| line.to_lowercase().contains("error")).collect();
    let shown = if lines.is_empty() { text.lines().take(8).collect() } else { lines };
    let message =
        format!("{name} failed: {}", shown.into_iter().take(8).collect::<Vec<_>>().join("; "));
    Err(Error::new(&codes::SIMULATION_BUILD, message))
}

fn cannot_write(path: &Path, error: std::io::Error) -> Error {
    Error::new(&codes::FILE_WRITE, format!("cannot write {}", path.display())).caused_by(error)
}
