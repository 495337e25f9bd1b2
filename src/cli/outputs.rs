//! What a command reads and what it writes, compared before work starts: no output replaces an input.
//!
//! Two paths are the same file when the system says so (symbolic and hard links, `./`), not when they are
//! spelled alike.

use std::path::{Path, PathBuf};

use crate::base::error::{Error, Result, codes};
use crate::frontend::onnx;
use crate::vision::task::path_beside;

/// The files and folders of one run of a command.
#[derive(Debug, Default)]
pub struct Paths {
    reads: Vec<Read>,
    writes: Vec<Write>,
}

#[derive(Debug)]
struct Read {
    /// As in "the model".
    what: &'static str,
    path: PathBuf,
}

#[derive(Debug)]
struct Write {
    /// The option that gave it.
    option: &'static str,
    path: PathBuf,
    /// Whether it is a folder whose content is replaced.
    folder: bool,
}

impl Paths {
    /// Adds a file, or a folder whose files are read. What does not exist does no harm, so that the name
    /// of a preset or of a built-in target may be given too.
    #[must_use]
    pub fn reads(mut self, what: &'static str, path: impl AsRef<Path>) -> Self {
        self.reads.push(Read { what, path: path.as_ref().to_owned() });
        self
    }

    /// As [`Paths::reads`] for an option that may be absent.
    #[must_use]
    pub fn reads_all<P: AsRef<Path>>(
        self,
        what: &'static str,
        paths: impl IntoIterator<Item = P>,
    ) -> Self {
        paths.into_iter().fold(self, |all, path| all.reads(what, path))
    }

    /// Adds a model and the task file beside it.
    #[must_use]
    pub fn model(self, path: &Path) -> Self {
        self.reads("the model", path).reads("the task file", path_beside(path))
    }

    /// Adds a file that is written, or, where it is a folder, that files are written into.
    #[must_use]
    pub fn writes<P: AsRef<Path>>(
        mut self,
        option: &'static str,
        paths: impl IntoIterator<Item = P>,
    ) -> Self {
        self.writes.extend(paths.into_iter().map(|path| Write {
            option,
            path: path.as_ref().to_owned(),
            folder: false,
        }));
        self
    }

    /// Adds a folder whose content is replaced.
    #[must_use]
    pub fn replaces(mut self, option: &'static str, folder: &Path) -> Self {
        self.writes.push(Write { option, path: folder.to_owned(), folder: true });
        self
    }

    /// Refuses an output that is an input, that lies in a folder of inputs or that holds an input, and two
    /// outputs that are one file.
    ///
    /// # Errors
    /// [`codes::BAD_ARGUMENT`] with both paths.
    pub fn check(&self) -> Result<()> {
        for (index, write) in self.writes.iter().enumerate() {
            let place = Place::of(&write.path);
            for read in self.reads.iter().chain(&self.external_data(&place)) {
                if read.path.exists() {
                    write.against(&place, read)?;
                }
            }
            for other in &self.writes[..index] {
                if Place::of(&other.path).is(&place) {
                    let (path, own, first) = (write.path.display(), write.option, other.option);
                    let message = format!("{first} and {own} are both {path}");
                    return Err(Error::new(&codes::BAD_ARGUMENT, message).help(ADVICE));
                }
            }
        }
        Ok(())
    }

    /// The files beside the models that hold their tensors. Models are only searched for them when the
    /// output is a file that exists, since nothing else can be lost.
    fn external_data(&self, output: &Place) -> Vec<Read> {
        if output.file.is_none() {
            return Vec::new();
        }
        let models = self.reads.iter().filter(|read| MODELS.contains(&read.what));
        let data = models.flat_map(|model| onnx::external_files(&model.path));
        data.map(|path| Read { what: "the model's external data", path }).collect()
    }
}

/// What may be an ONNX model.
const MODELS: [&str; 2] = ["the model", "the float model"];

const ADVICE: &str = "give another path; nothing was written";

impl Write {
    fn against(&self, place: &Place, read: &Read) -> Result<()> {
        let input = Place::of(&read.path);
        let how = if place.is(&input) {
            "is"
        } else if read.path.is_dir() && place.path.starts_with(&input.path) {
            "lies in"
        } else if self.folder && input.path.starts_with(&place.path) {
            "would be replaced with"
        } else {
            return Ok(());
        };
        let (path, option) = (self.path.display(), self.option);
        let message = format!("{option} {path} {how} {} {}", read.what, read.path.display());
        Err(Error::new(&codes::BAD_ARGUMENT, message).help(ADVICE))
    }
}

/// Where a path leads.
struct Place {
    /// Without links and `..`; of what does not exist yet, its folder's and its name.
    path: PathBuf,
    /// Device and number of the file, if it exists: equal for hard links.
    file: Option<(u64, u64)>,
}

impl Place {
    fn of(path: &Path) -> Self {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let beside = || {
            let folder = folder.unwrap_or(Path::new(".")).canonicalize().ok()?;
            Some(folder.join(path.file_name()?))
        };
        let whole = path.canonicalize().ok().or_else(beside);
        Self { path: whole.unwrap_or_else(|| path.to_owned()), file: identity(path) }
    }

    fn is(&self, other: &Self) -> bool {
        self.path == other.path || (self.file.is_some() && self.file == other.file)
    }
}

#[cfg(unix)]
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

/// Elsewhere links are told by their paths alone; a number that is equal for all would refuse everything.
#[cfg(not(unix))]
fn identity(_: &Path) -> Option<(u64, u64)> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn an_output_is_compared_by_file_and_not_by_spelling() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("m.onnx"), "").unwrap();
        fs::create_dir(at("calib")).unwrap();
        fs::hard_link(at("m.onnx"), at("hard")).unwrap();
        std::os::unix::fs::symlink(at("m.onnx"), at("soft")).unwrap();
        std::os::unix::fs::symlink(at("calib"), at("images")).unwrap();
        let paths = |output: &Path| {
            Paths::default()
                .model(&at("m.onnx"))
                .reads("the calibration folder", at("calib"))
                .writes("--output", [output])
        };
        for name in ["m.onnx", "./m.onnx", "calib/../m.onnx", "hard", "soft", "images/new.ceras"] {
            let error = paths(&at(name)).check().unwrap_err();
            assert_eq!(error.code().id, "SG0103", "{name}");
        }
        for name in ["new.ceras", "calib.ceras", "nowhere/m.onnx", "m.task.json"] {
            assert!(paths(&at(name)).check().is_ok(), "{name}");
        }
        fs::write(at("m.task.json"), "").unwrap();
        assert!(paths(&at("m.task.json")).check().is_err());
    }

    #[test]
    fn a_replaced_folder_holds_no_input_and_outputs_differ() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("out")).unwrap();
        fs::write(at("out/model.ceras"), "").unwrap();
        let inside = Paths::default().model(&at("out/model.ceras"));
        assert!(inside.replaces("--output", &at("out")).check().is_err());
        let two = Paths::default().writes("--output", [at("a")]).writes("--report", [at("./a")]);
        let error = two.check().unwrap_err();
        assert!(error.message().starts_with("--output and --report are both"), "{error}");
    }
}
