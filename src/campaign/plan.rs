//! From a model, a target and a folder of images to a campaign's manifest. The same request gives the same bytes, so that
//! planning again in the same folder changes nothing.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::manifest::{Campaign, Input, LONGEST, Manifest, TOOL, Work, program_hash};
use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::files::{self, sha256};
use crate::base::json::{FormatOf, VersionOf};
use crate::compile::boards::Target;
use crate::compile::{CompileOptions, Compiled};
use crate::model::ceras::Model;
use crate::session::network::Interface;
use crate::session::vision;
use crate::vision::eval::coco::{Chosen, Truth};
use crate::vision::task::TaskSpec;
use crate::vision::task::folder::{Files, LeftOut};

/// What a campaign is asked to do.
#[derive(Debug, Clone)]
pub struct Request {
    /// The model file (.ceras).
    pub model: PathBuf,
    /// What it is compiled for.
    pub target: Target,
    /// Task file or preset, where it is not the one of the model.
    pub task: Option<String>,
    /// Folder of images.
    pub images: PathBuf,
    /// COCO instances file, for the accuracy of a detector.
    pub annotations: Option<PathBuf>,
    /// Frames at most.
    pub frames: usize,
    /// Seed of random stalls in every frame.
    pub stalls: Option<u64>,
    /// Seeds of faults.
    pub faults: Range<u64>,
    /// Other targets for a frame each.
    pub points: Vec<Target>,
    /// Seconds after which an attempt counts as hanging.
    pub limit_seconds: f64,
    /// Attempts at a task that crashes or hangs.
    pub attempts: u32,
}

/// A campaign that was planned, and what there is to know about it.
#[derive(Debug)]
pub struct Planned {
    /// The campaign.
    pub campaign: Campaign,
    /// The preset that was taken for want of a task.
    pub assumed: Option<&'static str>,
    /// Files that take no part.
    pub left_out: Vec<LeftOut>,
    /// Categories that were taken among several of a name.
    pub chosen: Vec<Chosen>,
}

/// Plans a campaign in a folder.
///
/// # Errors
/// [`codes::BAD_ARGUMENT`] for a request that makes no sense; those of compiling, of the images and of the annotations;
/// those of [`Campaign::create`].
pub fn plan(request: &Request, folder: &Path) -> Result<Planned> {
    let bytes = files::read(&request.model)?;
    let place = || request.model.display().to_string();
    let model = Model::from_bytes(&bytes).at(place)?;
    let bound =
        vision::bind(&Interface::of_model(&model), &request.model, request.task.as_deref())?;
    let spec = TaskSpec { format: None, ..bound.task.spec().clone() };
    let compiled = Compiled::new(model, &request.target, CompileOptions::default()).at(place)?;
    if !compiled.uses_accelerator() {
        let message = "the accelerator computes no layer of the model";
        return Err(Error::new(&codes::NOTHING_COMPARED, message).at(place()));
    }
    check(request)?;
    let (images, left_out, chosen) = images(request, &spec)?;
    let tasks = tasks(request, &images);
    if tasks.is_empty() {
        let help = "ask for frames, faults or points";
        return Err(Error::new(&codes::BAD_ARGUMENT, "the campaign has no task").help(help));
    }
    let inputs = images.iter().map(|(_, path)| Input::of(path)).collect::<Result<Vec<_>>>()?;
    let manifest = Manifest {
        format: FormatOf::default(),
        version: VersionOf::default(),
        tool: TOOL.to_owned(),
        model: sha256(&bytes),
        program: program_hash(&compiled),
        target: request.target.clone(),
        task: spec,
        annotations: request.annotations.as_deref().map(Input::of).transpose()?,
        images: inputs,
        limit_seconds: request.limit_seconds,
        attempts: request.attempts,
        tasks,
    };
    let campaign = Campaign::create(folder, &manifest, &bytes)?;
    Ok(Planned { campaign, assumed: bound.assumed, left_out, chosen })
}

fn check(request: &Request) -> Result<()> {
    let refuse = |message: String, help: &str| {
        Err(Error::new(&codes::BAD_ARGUMENT, message).help(help.to_owned()))
    };
    if !(request.limit_seconds > 0.0 && request.limit_seconds <= LONGEST) {
        let help = format!("give seconds above 0 and up to {LONGEST}");
        return refuse(format!("a limit of {} s", request.limit_seconds), &help);
    }
    if !(1..=100).contains(&request.attempts) {
        return refuse(format!("{} attempts", request.attempts), "give a number from 1 to 100");
    }
    let faults = request.faults.end.saturating_sub(request.faults.start);
    if faults > MOST_FAULTS {
        return refuse(format!("{faults} faults"), &format!("give at most {MOST_FAULTS}"));
    }
    Ok(())
}

/// Faults of one campaign.
const MOST_FAULTS: u64 = 1_000_000;

/// Images with their ids in the annotations, files that are left out, categories that were chosen.
type Images = (Vec<(Option<i64>, PathBuf)>, Vec<LeftOut>, Vec<Chosen>);

/// The images of the frames, at least the first one, which faults and points take too.
fn images(request: &Request, spec: &TaskSpec) -> Result<Images> {
    let mut files = Files::images(&request.images)?;
    let most = request.frames.max(1);
    let Some(path) = &request.annotations else {
        files.taken.truncate(most);
        let files = files.keep_images()?;
        let images = files.taken.into_iter().map(|path| (None, path)).collect();
        return Ok((images, files.left_out, Vec::new()));
    };
    if spec.detection.is_none() {
        let message = "annotations are given, and the model is no detector";
        return Err(Error::new(&codes::BAD_ARGUMENT, message)
            .help("a classifier's frames are compared bit for bit, without its accuracy"));
    }
    let mut truth = Truth::load(path, spec)?;
    truth.annotations.keep_first(most);
    let pairing = truth.annotations.pair(&files.taken)?;
    // What cannot be read is left out before there is a task for it.
    let paths = pairing.images.iter().map(|(_, path)| path.clone()).collect();
    let readable = Files { taken: paths, left_out: files.left_out }.keep_images()?;
    let images = pairing.images.into_iter().filter(|(_, path)| readable.taken.contains(path));
    let images = images.map(|(id, path)| (Some(id), path)).collect();
    Ok((images, readable.left_out, truth.categories.chosen))
}

fn tasks(request: &Request, images: &[(Option<i64>, PathBuf)]) -> Vec<Work> {
    let frames = images.iter().take(request.frames).enumerate();
    let frames =
        frames.map(|(image, (id, _))| Work::Frame { image, id: *id, stalls: request.stalls });
    let count = images.len().max(1) as u64;
    let fault = |seed: u64| Work::Fault { seed, image: (seed % count) as usize };
    let points = request.points.iter();
    let points = points.map(|target| Work::Point { target: Box::new(target.clone()), image: 0 });
    frames.chain(request.faults.clone().map(fault)).chain(points).collect()
}
