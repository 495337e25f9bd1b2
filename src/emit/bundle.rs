//! A bundle: one folder with everything that is made of a model for a target.
//!
//! | file | what |
//! |---|---|
//! | `rtl/*.v`, `rtl/*.vh` | the accelerator; `seigo_top.v` is generated, the rest hand-written |
//! | `program.bin` | the stream: descriptors, parameters, weights |
//! | `model.ceras` | the model |
//! | `target.json` | the target |
//! | `manifest.json` | tool version and SHA-256 of every other file |
//!
//! Everything follows from model, target and tool version; opening makes it again and compares.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::verilog;
use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::files::{self, sha256};
use crate::compile::boards::Target;
use crate::compile::{CompileOptions, Compiled};
use crate::model::ceras::Model;

const MANIFEST: &str = "manifest.json";
/// The model file of a bundle.
pub const MODEL: &str = "model.ceras";
const TARGET: &str = "target.json";
const PROGRAM: &str = "program.bin";

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Manifest {
    tool: String,
    files: BTreeMap<String, String>,
}

/// Writes the folder beside its destination and renames it into place; an older bundle there is
/// replaced.
///
/// # Errors
/// [`codes::FILE_WRITE`]; [`codes::BUNDLE`] when something else than a bundle is in the way.
pub fn write(compiled: &Compiled, folder: &Path) -> Result<()> {
    if folder.exists() && !folder.join(MANIFEST).is_file() {
        let message = format!("{} exists and is not a bundle", folder.display());
        return Err(Error::new(&codes::BUNDLE, message).help("give another folder"));
    }
    let contents = contents(compiled)?;
    let failed = |error: std::io::Error| {
        let message = format!("cannot write {}: {error}", folder.display());
        Error::new(&codes::FILE_WRITE, message)
    };
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).map_err(failed)?;
    let beside = tempfile::Builder::new().prefix(".seigo-").tempdir_in(parent).map_err(failed)?;
    std::fs::create_dir(beside.path().join("rtl")).map_err(failed)?;
    for (name, bytes) in &contents {
        files::write(&beside.path().join(name), bytes)?;
    }
    files::write(&beside.path().join(MANIFEST), &json(&manifest(&contents))?)?;
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(failed)?;
    }
    std::fs::rename(beside.keep(), folder).map_err(failed)
}

/// Opens a bundle: compiles its model for its target and compares every file.
///
/// # Errors
/// [`codes::BUNDLE`] for a file that is missing or was edited, or another version's bundle of the
/// model; [`codes::FILE_READ`].
pub fn open(folder: &Path) -> Result<Compiled> {
    let place = || folder.display().to_string();
    let stale = |message: String| Error::new(&codes::BUNDLE, message).at(place());
    if !folder.join(MANIFEST).is_file() {
        return Err(stale(format!("there is no {MANIFEST}")));
    }
    let found: Manifest = serde_json::from_slice(&files::read(&folder.join(MANIFEST))?)
        .map_err(|error| stale(format!("{MANIFEST}: {error}")))?;
    for (name, hash) in &found.files {
        if !folder.join(name).is_file() {
            return Err(stale(format!("{name} is missing")));
        }
        if sha256(&files::read(&folder.join(name))?) != *hash {
            return Err(stale(format!("{name} was edited after the build")));
        }
    }
    let target = Target::load(&folder.join(TARGET).display().to_string())?;
    let model = Model::load(&folder.join(MODEL))?;
    let compiled = Compiled::new(model, &target, CompileOptions::default()).at(place)?;
    if manifest(&contents(&compiled)?) != found {
        let message = format!(
            "the bundle was built by {}; this version compiles the model differently",
            found.tool
        );
        return Err(stale(message).help("build it again"));
    }
    Ok(compiled)
}

/// Every file but the manifest, by name.
fn contents(compiled: &Compiled) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut contents = BTreeMap::new();
    for (name, text) in verilog::files(compiled)? {
        contents.insert(format!("rtl/{name}"), text.into_bytes());
    }
    contents.insert(PROGRAM.to_owned(), compiled.program.stream.clone());
    contents.insert(MODEL.to_owned(), compiled.model.to_bytes()?);
    contents.insert(TARGET.to_owned(), json(compiled.target())?);
    Ok(contents)
}

fn manifest(contents: &BTreeMap<String, Vec<u8>>) -> Manifest {
    let tool = format!("seigo {}", env!("CARGO_PKG_VERSION"));
    let files = contents.iter().map(|(name, bytes)| (name.clone(), sha256(bytes))).collect();
    Manifest { tool, files }
}

fn json(form: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec_pretty(form).map_err(|error| Error::new(&codes::INTERNAL, error.to_string()))
}
