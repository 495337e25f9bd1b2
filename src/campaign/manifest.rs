//! What a campaign consists of: a model on a target, images, and tasks that do not know of each other.
//!
//! | file in the folder | what |
//! |---|---|
//! | `manifest.json` | [`Manifest`] |
//! | `model.ceras` | the model |
//! | `results/N.json` | the result of task N ([`super::record::Record`]) |

use std::fs;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::files::{self, sha256};
use crate::base::json::{self, Form, FormatOf, VersionOf};
use crate::compile::boards::Target;
use crate::compile::{CompileOptions, Compiled};
use crate::emit::verilog;
use crate::model::ceras::Model;
use crate::vision::image::Image;
use crate::vision::task::{TaskSpec, image};

/// The list of tasks in a campaign's folder.
pub const FILE: &str = "manifest.json";
/// The model in a campaign's folder.
pub const MODEL: &str = "model.ceras";
/// The folder of results.
pub const RESULTS: &str = "results";
/// The program that plans and performs.
pub const TOOL: &str = concat!("seigo ", env!("CARGO_PKG_VERSION"));

/// Everything that a campaign consists of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// `seigo-campaign`.
    pub format: FormatOf<Self>,
    /// Version of this form.
    pub version: VersionOf<Self>,
    /// What planned it.
    pub tool: String,
    /// SHA-256 of the model file beside the manifest.
    pub model: String,
    /// SHA-256 of what the model is compiled to: the parameters of the hardware and its program.
    pub program: String,
    /// What the model is compiled for.
    pub target: Target,
    /// From images to the network and from its outputs to predictions.
    pub task: TaskSpec,
    /// COCO instances file that the predictions are held against.
    pub annotations: Option<Input>,
    /// Images, which tasks name by their position.
    pub images: Vec<Input>,
    /// Seconds after which an attempt counts as hanging.
    pub limit_seconds: f64,
    /// Attempts at a task that crashes or hangs.
    pub attempts: u32,
    /// The tasks; their position is their index.
    pub tasks: Vec<Work>,
}

impl Form for Manifest {
    const FORMAT: &'static str = "seigo-campaign";
    const VERSION: u32 = 1;
}

/// A file outside of the campaign's folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Absolute path.
    pub file: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

/// A task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Work {
    /// A frame in RTL: every stored tensor against the reference, and what the network sees.
    Frame {
        /// Position of the image.
        image: usize,
        /// Id of the image in the annotations.
        id: Option<i64>,
        /// Seed of random stalls of the memory.
        stalls: Option<u64>,
    },
    /// A fault in a frame, and the frame after it.
    Fault {
        /// Chooses kind and place of the fault.
        seed: u64,
        /// Position of the image.
        image: usize,
    },
    /// The model on another target: predicted cycles beside those of a frame in RTL.
    Point {
        /// The target.
        target: Box<Target>,
        /// Position of the image.
        image: usize,
    },
}

impl Work {
    /// Position of its image.
    pub fn image(&self) -> usize {
        match *self {
            Self::Frame { image, .. } | Self::Fault { image, .. } | Self::Point { image, .. } => {
                image
            }
        }
    }
}

impl Input {
    /// A file as it is now.
    ///
    /// # Errors
    /// [`codes::FILE_READ`]; [`codes::BAD_ARGUMENT`] for a path that is not UTF-8.
    pub fn of(path: &Path) -> Result<Self> {
        let sha256 = sha256(&files::read(path)?);
        let whole = path.canonicalize().map_err(|error| {
            Error::new(&codes::FILE_READ, format!("cannot read {}", path.display()))
                .caused_by(error)
        })?;
        let file = whole.to_str().map(str::to_owned).ok_or_else(|| {
            Error::new(&codes::BAD_ARGUMENT, format!("{} is not UTF-8", path.display()))
                .help("rename the file: manifests are JSON")
        })?;
        Ok(Self { file, sha256 })
    }

    /// The name without folders.
    pub fn name(&self) -> &str {
        self.file.rsplit(['/', '\\']).next().unwrap_or(&self.file)
    }

    /// The bytes, if they are still those of the plan.
    ///
    /// # Errors
    /// [`codes::FILE_READ`]; [`codes::CAMPAIGN_STALE`] for a file that was changed.
    pub fn read(&self) -> Result<Vec<u8>> {
        let bytes = files::read(Path::new(&self.file))?;
        match sha256(&bytes) == self.sha256 {
            true => Ok(bytes),
            false => {
                Err(stale(format!("{} was changed after the campaign was planned", self.file)))
            }
        }
    }
}

/// SHA-256 of what a network is compiled to.
pub fn program_hash(compiled: &Compiled) -> String {
    let stream = sha256(&compiled.program.stream);
    sha256(format!("{} {stream}", verilog::hash(&compiled.design)).as_bytes())
}

fn stale(message: String) -> Error {
    Error::new(&codes::CAMPAIGN_STALE, message)
}

/// A campaign's folder.
#[derive(Debug, Clone, PartialEq)]
pub struct Campaign {
    /// The folder.
    pub folder: PathBuf,
    /// What is in its manifest.
    pub manifest: Manifest,
    /// SHA-256 of the manifest's file.
    pub hash: String,
}

impl Campaign {
    /// Writes the folder. Results that lie there stay: those of the same manifest are used, others are
    /// left out when results are collected.
    ///
    /// # Errors
    /// [`codes::CAMPAIGN`] for a folder that holds something else; [`codes::FILE_WRITE`].
    pub fn create(folder: &Path, manifest: &Manifest, model: &[u8]) -> Result<Self> {
        let occupied = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
        if occupied && !folder.join(FILE).is_file() {
            let message = format!("{} exists and holds no campaign", folder.display());
            return Err(Error::new(&codes::CAMPAIGN, message).help("give another folder"));
        }
        let results = folder.join(RESULTS);
        fs::create_dir_all(&results).map_err(|error| {
            Error::new(&codes::FILE_WRITE, format!("cannot make {}", results.display()))
                .caused_by(error)
        })?;
        files::write(&folder.join(MODEL), model)?;
        files::write(&folder.join(FILE), json::pretty(manifest)?.as_bytes())?;
        Self::open(folder)
    }

    /// Reads a campaign.
    ///
    /// # Errors
    /// [`codes::CAMPAIGN`] for a folder without a manifest, or one that is malformed or of another version of the
    /// form; [`codes::CAMPAIGN_STALE`] for one that another version of Seigo planned.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        let place = || path.display().to_string();
        if !path.is_file() {
            let message = format!("there is no {FILE} in {}", folder.display());
            return Err(Error::new(&codes::CAMPAIGN, message));
        }
        let text = files::read_text(&path)?;
        let manifest: Manifest = json::parse(&text)
            .map_err(|wrong| Error::new(&codes::CAMPAIGN, wrong.to_string()).at(place()))?;
        if manifest.tool != TOOL {
            let message = format!("the campaign was planned by {}; this is {TOOL}", manifest.tool);
            return Err(stale(message).at(place()));
        }
        let wrong = |problem: String| Err(Error::new(&codes::CAMPAIGN, problem).at(place()));
        if manifest.tasks.is_empty() {
            return wrong("`tasks` is empty".to_owned());
        }
        let images = manifest.images.len();
        if let Some(index) = manifest.tasks.iter().position(|task| task.image() >= images) {
            return wrong(format!("`tasks[{index}].image` is none of the {images} images"));
        }
        if !(manifest.limit_seconds > 0.0 && manifest.limit_seconds <= LONGEST) {
            return wrong(format!("`limit_seconds` is not in 0..={LONGEST}"));
        }
        let hash = sha256(text.as_bytes());
        Ok(Self { folder: folder.to_owned(), manifest, hash })
    }

    /// What a task is called.
    pub fn name(&self, index: usize) -> String {
        let Some(task) = self.manifest.tasks.get(index) else { return String::new() };
        let image = self.manifest.images.get(task.image()).map_or("", Input::name);
        match task {
            Work::Frame { .. } => format!("frame {image}"),
            Work::Fault { seed, .. } => format!("fault {seed}"),
            Work::Point { target, .. } => format!("point {}", target.name),
        }
    }

    /// Where the result of a task lies.
    pub fn result(&self, index: usize) -> PathBuf {
        self.folder.join(RESULTS).join(format!("{index}.json"))
    }

    /// The model, if it is still that of the plan.
    ///
    /// # Errors
    /// [`codes::CAMPAIGN_STALE`] for another one; those of the model file.
    pub fn model(&self) -> Result<Model> {
        let path = self.folder.join(MODEL);
        let bytes = files::read(&path)?;
        if sha256(&bytes) != self.manifest.model {
            let message = format!("{} is not the model of the plan", path.display());
            return Err(stale(message));
        }
        Model::from_bytes(&bytes).at(|| path.display().to_string())
    }

    /// The model on the campaign's target.
    ///
    /// # Errors
    /// [`codes::CAMPAIGN_STALE`] where this program compiles it to something else than the one that planned.
    pub fn compiled(&self) -> Result<Compiled> {
        let target = &self.manifest.target;
        let compiled = Compiled::new(self.model()?, target, CompileOptions::default())?;
        if program_hash(&compiled) != self.manifest.program {
            let message = "this program compiles the model differently from the one that planned";
            return Err(stale(message.to_owned()).at(self.folder.display().to_string()));
        }
        Ok(compiled)
    }

    /// An image.
    ///
    /// # Errors
    /// Those of [`Input::read`]; [`codes::IMAGE_DECODE`].
    pub fn image(&self, position: usize) -> Result<Image> {
        let input =
            self.manifest.images.get(position).ok_or_else(|| {
                Error::new(&codes::CAMPAIGN, format!("there is no image {position}"))
            })?;
        image::decode(&input.read()?).at(|| input.file.clone())
    }
}

/// Seconds that a limit has at most: a month.
pub const LONGEST: f64 = 2_678_400.0;

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A campaign of `tasks` frames of one image on the classifier of colors, two attempts each.
    pub fn small(folder: &Path, tasks: usize) -> Campaign {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let bytes = files::read(&root.join("tests/fixtures/colors.ceras")).unwrap();
        let model = Model::from_bytes(&bytes).unwrap();
        let task = serde_json::from_value(model.meta.task.clone().unwrap()).unwrap();
        let target = Target::load("zynq7020").unwrap();
        let compiled = Compiled::new(model, &target, CompileOptions::default()).unwrap();
        let image = Input::of(&root.join("tests/fixtures/colors/red/a.png")).unwrap();
        let work = |seed| Work::Frame { image: 0, id: None, stalls: Some(seed as u64) };
        let manifest = Manifest {
            format: FormatOf::default(),
            version: VersionOf::default(),
            tool: TOOL.to_owned(),
            model: sha256(&bytes),
            program: program_hash(&compiled),
            target,
            task,
            annotations: None,
            images: vec![image],
            limit_seconds: 60.0,
            attempts: 2,
            tasks: (0..tasks).map(work).collect(),
        };
        Campaign::create(folder, &manifest, &bytes).unwrap()
    }

    #[test]
    fn a_changed_model_image_or_version_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("a.png");
        fs::copy("tests/fixtures/colors/red/a.png", &image).unwrap();
        let place = folder.path().join("farm");
        let mut manifest = small(&place, 2).manifest;
        manifest.images = vec![Input::of(&image).unwrap()];
        let bytes = fs::read(place.join(MODEL)).unwrap();
        let campaign = Campaign::create(&place, &manifest, &bytes).unwrap();
        campaign.compiled().unwrap();
        campaign.image(0).unwrap();
        fs::copy("tests/fixtures/colors/blue/a.png", &image).unwrap();
        assert_eq!(campaign.image(0).unwrap_err().code().id, "SG1302");
        fs::write(place.join(MODEL), b"another").unwrap();
        assert_eq!(campaign.compiled().unwrap_err().code().id, "SG1302");
        fs::write(place.join(MODEL), bytes).unwrap();
        let text = fs::read_to_string(place.join(FILE)).unwrap();
        let refused = |from: &str, to: &str| {
            assert!(text.contains(from), "{from}");
            fs::write(place.join(FILE), text.replacen(from, to, 1)).unwrap();
            let found = Campaign::open(&place).and_then(|campaign| campaign.compiled());
            found.unwrap_err().code().id
        };
        assert_eq!(refused(TOOL, "seigo 0.0.0"), "SG1302");
        assert_eq!(refused(&manifest.program, "0"), "SG1302");
        assert_eq!(refused("\"version\": 1", "\"version\": 2"), "SG1301");
        assert_eq!(refused("\"image\": 0", "\"image\": 1"), "SG1301");
        assert_eq!(refused("\"limit_seconds\": 60.0", "\"limit_seconds\": 0.0"), "SG1301");
        assert_eq!(refused("\"kind\": \"frame\"", "\"kind\": \"dream\""), "SG1301");
        let other = folder.path().join("other");
        fs::create_dir(&other).unwrap();
        fs::write(other.join("thesis.tex"), "").unwrap();
        assert_eq!(Campaign::create(&other, &manifest, b"").unwrap_err().code().id, "SG1301");
        assert_eq!(Campaign::open(&other).unwrap_err().code().id, "SG1301");
    }
}
