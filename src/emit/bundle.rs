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
use sha2::{Digest, Sha256};

use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::files;
use crate::compile::boards::Target;
use crate::compile::program::{self, Design, Program, check};
use crate::compile::schedule::{Placed, Plan, Schedule};
use crate::emit::verilog;
use crate::model::ceras;
use crate::model::qgraph::QGraph;

const MANIFEST: &str = "manifest.json";
const MODEL: &str = "model.ceras";
const TARGET: &str = "target.json";
const PROGRAM: &str = "program.bin";

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Manifest {
    tool: String,
    files: BTreeMap<String, String>,
}

/// A model compiled for a target.
#[derive(Debug)]
pub struct Bundle {
    /// The model file.
    pub model: ceras::Model,
    /// The target.
    pub target: Target,
    /// Passes.
    pub schedule: Schedule,
    /// Addresses and owners.
    pub placed: Placed,
    /// Hardware parameters.
    pub design: Design,
    /// The stream.
    pub program: Program,
    files: BTreeMap<String, Vec<u8>>,
}

fn hex(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

impl Bundle {
    /// Compiles the model file `bytes` for `target`.
    ///
    /// # Errors
    /// Those of the model file, the schedule, the memory plan and the program.
    pub fn new(bytes: &[u8], target: Target) -> Result<Self> {
        let model = ceras::Model::from_bytes(bytes)?;
        let (schedule, placed, design, program) = compile(&model.graph, &target)?;
        let mut files = BTreeMap::new();
        for (name, text) in verilog::SOURCES {
            files.insert(format!("rtl/{name}"), text.as_bytes().to_vec());
        }
        let top = verilog::top(&design, &hex(bytes));
        files.insert(format!("rtl/{}.v", verilog::TOP), top.into_bytes());
        files.insert(PROGRAM.to_owned(), program.stream.clone());
        files.insert(MODEL.to_owned(), bytes.to_vec());
        let json = serde_json::to_vec_pretty(&target)
            .map_err(|error| Error::new(&codes::INTERNAL, error.to_string()))?;
        files.insert(TARGET.to_owned(), json);
        Ok(Self { model, target, schedule, placed, design, program, files })
    }

    /// Writes the folder beside its destination and renames it into place; an older bundle there is
    /// replaced.
    ///
    /// # Errors
    /// [`codes::FILE_WRITE`]; [`codes::BUNDLE`] when something else than a bundle is in the way.
    pub fn write(&self, folder: &Path) -> Result<()> {
        if folder.exists() && !folder.join(MANIFEST).is_file() {
            let message = format!("{} exists and is no bundle", folder.display());
            return Err(Error::new(&codes::BUNDLE, message).help("give another folder"));
        }
        let failed = |error: std::io::Error| {
            let message = format!("cannot write {}: {error}", folder.display());
            Error::new(&codes::FILE_WRITE, message)
        };
        let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        std::fs::create_dir_all(parent).map_err(failed)?;
        let beside =
            tempfile::Builder::new().prefix(".seigo-").tempdir_in(parent).map_err(failed)?;
        std::fs::create_dir(beside.path().join("rtl")).map_err(failed)?;
        for (name, bytes) in &self.files {
            files::write(&beside.path().join(name), bytes)?;
        }
        let manifest = serde_json::to_vec_pretty(&self.manifest())
            .map_err(|error| Error::new(&codes::INTERNAL, error.to_string()))?;
        files::write(&beside.path().join(MANIFEST), &manifest)?;
        if folder.exists() {
            std::fs::remove_dir_all(folder).map_err(failed)?;
        }
        std::fs::rename(beside.keep(), folder).map_err(failed)
    }

    fn manifest(&self) -> Manifest {
        let tool = format!("seigo {}", env!("CARGO_PKG_VERSION"));
        let files = self.files.iter().map(|(name, bytes)| (name.clone(), hex(bytes))).collect();
        Manifest { tool, files }
    }

    /// Opens a bundle.
    ///
    /// # Errors
    /// [`codes::BUNDLE`] when a file is missing, was edited or is not what this version makes of the
    /// model; [`codes::FILE_READ`].
    pub fn open(folder: &Path) -> Result<Self> {
        let stale =
            |message: String| Error::new(&codes::BUNDLE, message).at(folder.display().to_string());
        if !folder.join(MANIFEST).is_file() {
            return Err(stale(format!("there is no {MANIFEST}")));
        }
        let manifest: Manifest = serde_json::from_slice(&files::read(&folder.join(MANIFEST))?)
            .map_err(|error| stale(format!("{MANIFEST}: {error}")))?;
        for (name, hash) in &manifest.files {
            if !folder.join(name).is_file() {
                return Err(stale(format!("{name} is missing")));
            }
            if hex(&files::read(&folder.join(name))?) != *hash {
                return Err(stale(format!("{name} was edited after the build")));
            }
        }
        let target = Target::load(&folder.join(TARGET).display().to_string())?;
        let bytes = files::read(&folder.join(MODEL))?;
        let bundle = Self::new(&bytes, target).at(|| folder.display().to_string())?;
        if bundle.manifest() != manifest {
            return Err(stale(format!(
                "the bundle was made by {}, and this version makes another one of the model",
                manifest.tool
            )));
        }
        Ok(bundle)
    }

    /// The Verilog files by name.
    pub fn verilog(&self) -> Vec<(String, String)> {
        let rtl = self.files.iter().filter_map(|(name, bytes)| {
            let name = name.strip_prefix("rtl/")?;
            Some((name.to_owned(), String::from_utf8_lossy(bytes).into_owned()))
        });
        rtl.collect()
    }
}

/// Schedule, plan, hardware and checked program of a graph on a target.
///
/// # Errors
/// Those of its steps.
pub fn compile(graph: &QGraph, target: &Target) -> Result<(Schedule, Placed, Design, Program)> {
    let Plan { schedule, placed, .. } = Plan::new(graph, target)?;
    let design = Design::new(graph, &schedule, target)?;
    let program = program::encode(graph, &schedule, &placed, &design)?;
    let buffers = check::Buffers {
        image: program.image_bytes,
        output: program.output_bytes,
        scratch: program.scratch_bytes,
    };
    check::check(&program.stream, &design, buffers)?;
    Ok((schedule, placed, design, program))
}
