//! A bundle: one folder with everything that is made of a model for a target.
//!
//! | file | what |
//! |---|---|
//! | `rtl/*.v`, `rtl/*.vh` | the accelerator; `seigo_top.v` is generated, the rest hand-written |
//! | `program.bin` | the stream: descriptors, parameters, weights |
//! | `model.ceras` | the model |
//! | `target.json` | the target |
//! | `vivado/`, `seigo.core`, `sim/` | sources for Vivado and FuseSoC ([`vivado`]) |
//! | `board/` | what loads and describes the design on its board |
//! | `device.json` | what a driver has to know ([`Description`]) |
//! | `check.bin` | frames with their outputs, for a test on the board ([`vectors`]) |
//! | `manifest.json` | tool version and SHA-256 of every other file |
//!
//! Everything follows from model, target and tool version; opening makes it again and compares. Only the
//! frames of `check.bin`, which take their time, are not computed again.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{board, verilog, vivado};
use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::files::{self, sha256};
use crate::base::json::{self, Form, FormatOf, VersionOf};
use crate::compile::boards::Target;
use crate::compile::{CompileOptions, Compiled};
use crate::device::description::{self, Description};
use crate::device::vectors;
use crate::model::ceras::Model;

const MANIFEST: &str = "manifest.json";
/// The model file of a bundle.
pub const MODEL: &str = "model.ceras";
const TARGET: &str = "target.json";
const PROGRAM: &str = "program.bin";

/// The list of a bundle's files.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Manifest {
    /// `seigo-bundle`.
    pub format: FormatOf<Self>,
    /// Version of this form.
    pub version: VersionOf<Self>,
    /// What built the bundle.
    pub tool: String,
    /// Every other file, with its SHA-256.
    pub files: BTreeMap<String, String>,
}

impl Form for Manifest {
    const FORMAT: &'static str = "seigo-bundle";
    const VERSION: u32 = 1;
}

/// Writes the folder beside its destination and swaps it in; an older bundle there is replaced.
///
/// A run that ends at any moment leaves the old bundle or the new one: an interrupt waits until the
/// swap is done, and what a crash leaves in the middle of it is put right by the next [`open`] or
/// [`write()`].
///
/// # Errors
/// [`codes::FILE_WRITE`]; [`codes::BUNDLE`] when something else than a bundle is in the way.
pub fn write(compiled: &Compiled, folder: &Path) -> Result<()> {
    let swap = Swap::of(folder)?;
    let contents = with_vectors(compiled)?;
    let manifest = json::pretty(&manifest(&contents))?.into_bytes();
    let _writing = files::hold_writes();
    swap.recover();
    if folder.exists() && !folder.join(MANIFEST).is_file() {
        let message = format!("{} exists and is not a bundle", folder.display());
        return Err(Error::new(&codes::BUNDLE, message).help("give another folder"));
    }
    swap.run(&contents, &manifest).map_err(|error| {
        let message = format!("cannot write {}: {error}", folder.display());
        Error::new(&codes::FILE_WRITE, message)
    })
}

/// The places of a bundle while another one takes its place.
struct Swap {
    /// The folder that holds them.
    parent: PathBuf,
    /// Where the bundle is.
    folder: PathBuf,
    /// Where the old bundle waits while the new one is put in place.
    aside: PathBuf,
}

impl Swap {
    fn of(folder: &Path) -> Result<Self> {
        let Some(name) = folder.file_name() else {
            let message = format!("{} is not the name of a folder", folder.display());
            return Err(Error::new(&codes::BUNDLE, message).help("give the folder's name"));
        };
        let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new(".")).to_owned();
        let aside = parent.join(format!(".{}.seigo-old", name.display()));
        Ok(Self { parent, folder: folder.to_owned(), aside })
    }

    fn run(&self, contents: &BTreeMap<String, Vec<u8>>, manifest: &[u8]) -> io::Result<()> {
        let new = self.stage(contents, manifest)?;
        self.set_aside()?;
        if let Err(error) = fs::rename(new.path(), &self.folder) {
            self.recover();
            return Err(error);
        }
        let _ = new.keep(); // renamed: nothing is left to delete there
        self.delete_old()
    }

    /// Writes the new bundle, complete, into a folder of its own.
    fn stage(
        &self,
        contents: &BTreeMap<String, Vec<u8>>,
        manifest: &[u8],
    ) -> io::Result<tempfile::TempDir> {
        fs::create_dir_all(&self.parent)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".seigo-");
        // Temporary folders are private by default; a product is as readable as any other.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
        let new = builder.tempdir_in(&self.parent)?;
        let files = contents.iter().map(|(name, bytes)| (name.as_str(), &bytes[..]));
        for (name, bytes) in files.chain([(MANIFEST, manifest)]) {
            let path = new.path().join(name);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            let mut file = fs::File::create_new(path)?;
            file.write_all(bytes)?;
            file.sync_data()?;
        }
        Ok(new)
    }

    fn set_aside(&self) -> io::Result<()> {
        match self.folder.exists() {
            true => fs::rename(&self.folder, &self.aside),
            false => Ok(()),
        }
    }

    fn delete_old(&self) -> io::Result<()> {
        match self.aside.exists() {
            true => fs::remove_dir_all(&self.aside),
            false => Ok(()),
        }
    }

    /// Puts right what a crash between the steps left: the old bundle goes back where there is no new
    /// one, else it is deleted. Where that fails, the bundle counts as missing.
    fn recover(&self) {
        let _ = match self.folder.exists() {
            true => self.delete_old(),
            false => fs::rename(&self.aside, &self.folder),
        };
    }
}

/// Opens a bundle: compiles its model for its target and compares every file.
///
/// # Errors
/// [`codes::BUNDLE`] for a file that is missing or was edited, or another version's bundle of the
/// model; [`codes::FILE_READ`].
pub fn open(folder: &Path) -> Result<Compiled> {
    let place = || folder.display().to_string();
    let stale = |message: String| Error::new(&codes::BUNDLE, message).at(place());
    if !folder.exists() {
        Swap::of(folder)?.recover();
    }
    if !folder.join(MANIFEST).is_file() {
        return Err(stale(format!("there is no {MANIFEST}")));
    }
    let found: Manifest = json::parse(&files::read_text(&folder.join(MANIFEST))?)
        .map_err(|error| stale(format!("{MANIFEST}: {error}")).help("build it again"))?;
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
    let mut made = manifest(&contents(&compiled)?);
    let vectors = found.files.get(vectors::FILE).cloned().unwrap_or_default();
    made.files.insert(vectors::FILE.to_owned(), vectors);
    if made != found {
        let message = format!(
            "the bundle was built by {}; this version compiles the model differently",
            found.tool
        );
        return Err(stale(message).help("build it again"));
    }
    Ok(compiled)
}

/// What a driver has to know of a compiled network.
///
/// # Errors
/// Those of [`Description::of`].
pub fn describe(compiled: &Compiled) -> Result<Description> {
    Description::of(compiled, &verilog::hash(&compiled.design))
}

/// Every file but the manifest and the check vectors, by name.
fn contents(compiled: &Compiled) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut contents = BTreeMap::new();
    for (name, text) in verilog::files(compiled)? {
        contents.insert(format!("rtl/{name}"), text.into_bytes());
    }
    let texts = vivado::files(compiled)?.into_iter().chain(board::files(compiled));
    contents.extend(texts.map(|(name, text)| (name, text.into_bytes())));
    contents.insert(PROGRAM.to_owned(), compiled.program.stream.clone());
    contents.insert(MODEL.to_owned(), compiled.model.to_bytes()?);
    contents.insert(TARGET.to_owned(), compiled.target().to_json()?.into_bytes());
    let description = json::line(&describe(compiled)?)?.into_bytes();
    contents.insert(description::FILE.to_owned(), description);
    Ok(contents)
}

/// Every file but the manifest, by name.
fn with_vectors(compiled: &Compiled) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut contents = contents(compiled)?;
    let vectors = vectors::make(compiled, &describe(compiled)?)?;
    contents.insert(vectors::FILE.to_owned(), vectors);
    Ok(contents)
}

fn manifest(contents: &BTreeMap<String, Vec<u8>>) -> Manifest {
    let tool = format!("seigo {}", env!("CARGO_PKG_VERSION"));
    let files = contents.iter().map(|(name, bytes)| (name.clone(), sha256(bytes))).collect();
    Manifest { format: FormatOf::default(), version: VersionOf::default(), tool, files }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compile(target: &str) -> Compiled {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/colors.ceras");
        let (model, target) = (Model::load(&path).unwrap(), Target::load(target).unwrap());
        Compiled::new(model, &target, CompileOptions::default()).unwrap()
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// A run that ends after any of the steps leaves a complete bundle, the old one or the new one.
    #[test]
    fn a_swap_that_ends_early_leaves_one_complete_bundle() {
        let (old, new) = (compile("kv260"), compile("zynq7020"));
        let files = with_vectors(&new).unwrap();
        let manifest = json::pretty(&manifest(&files)).unwrap().into_bytes();
        for steps in 0..=3 {
            let place = tempfile::tempdir().unwrap();
            let folder = place.path().join("out");
            write(&old, &folder).unwrap();
            let swap = Swap::of(&folder).unwrap();
            let staged = swap.stage(&files, &manifest).unwrap().keep();
            let all: [&dyn Fn() -> io::Result<()>; 3] = [
                &|| swap.set_aside(),
                &|| fs::rename(&staged, &folder),
                // A deletion, too, may end half-way.
                &|| fs::remove_file(swap.aside.join(MANIFEST)),
            ];
            all.iter().take(steps).for_each(|step| step().unwrap());
            let expected = if steps < 2 { &old } else { &new };
            assert_eq!(&open(&folder).unwrap(), expected, "after {steps} steps");
            write(&new, &folder).unwrap();
            assert_eq!(open(&folder).unwrap(), new);
            assert!(!swap.aside.exists());
        }
    }

    #[test]
    fn a_bundle_replaces_another_and_nothing_else_is_left() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("out");
        for target in ["kv260", "zynq7020"] {
            write(&compile(target), &folder).unwrap();
            assert_eq!(names(place.path()), ["out"]);
            assert_eq!(open(&folder).unwrap().target().name, target);
        }
    }

    /// What cannot be swapped in goes away again, and the old bundle stays.
    #[test]
    fn a_failed_write_keeps_the_old_bundle() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("out");
        let old = compile("kv260");
        write(&old, &folder).unwrap();
        let swap = Swap::of(&folder).unwrap();
        fs::write(&swap.aside, "in the way").unwrap();
        // A file where a folder has to be.
        let bad = BTreeMap::from(["a", "a/b"].map(|name| (name.to_owned(), Vec::new())));
        assert!(swap.run(&bad, b"").is_err());
        assert!(swap.run(&BTreeMap::new(), b"").is_err());
        assert_eq!(open(&folder).unwrap(), old);
        fs::remove_file(&swap.aside).unwrap();
        assert_eq!(names(place.path()), ["out"]);
    }
}
