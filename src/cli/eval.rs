//! `seigo eval`.

use std::path::{Path, PathBuf};

use super::format::Format;
use super::network::{NetworkArgs, PolicyArgs, bind};
use super::outputs::Paths;
use super::terminal::Terminal;
use crate::base::error::{Error, Result, codes};
use crate::base::files;
use crate::base::parallel;
use crate::session::Vision;
use crate::vision::eval::classification::{Accuracy, LabeledImage, labeled_folders, labeled_list};
use crate::vision::eval::coco::{ResultRecord, Truth};
use crate::vision::eval::{AccuracyReport, Score};
use crate::vision::task::folder::{Files, LeftOut, Reason};
use crate::vision::task::{Prediction, Purpose};

/// Measure accuracy on labeled images: COCO average precision, or top-1 and top-5
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    network: NetworkArgs,
    /// Folder of JPEG or PNG images; for a classifier, one folder per class in it
    #[arg(long, value_name = "DIR")]
    images: PathBuf,
    /// Annotations of the images in COCO instances format (detectors)
    #[arg(long, value_name = "FILE", conflicts_with = "labels")]
    coco: Option<PathBuf>,
    /// List of `file,label` lines (classifiers) [default: the folders' names are the labels]
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// Where to write the detections as a COCO result file
    #[arg(long, value_name = "FILE", requires = "coco")]
    results: Option<PathBuf>,
    /// Task file or preset [default: MODEL's .task.json, else a preset that fits the outputs]
    #[arg(long, value_name = "FILE|PRESET")]
    task: Option<String>,
    #[command(flatten)]
    policy: PolicyArgs,
    /// Use the first N images only
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl Args {
    /// What is read and written.
    pub fn paths(&self) -> Paths {
        self.network
            .paths()
            .reads("the folder of images", &self.images)
            .reads_all("the annotations", &self.coco)
            .reads_all("the labels", &self.labels)
            .reads_all("the task file", &self.task)
            .writes("--results", &self.results)
    }
}

pub fn run(args: &Args, terminal: &Terminal) -> Result<u8> {
    let network = args.network.open_by(args.policy.policy()?, terminal)?;
    let vision = bind(&network, args.task.as_deref(), terminal)?;
    let detector = vision.task().spec().detection.is_some();
    match (&args.coco, detector) {
        (Some(annotations), true) => detector_run(args, annotations, &vision, terminal),
        (None, true) => Err(Error::new(&codes::BAD_ARGUMENT, "a detector needs annotations")
            .help("give a COCO instances file with --coco")),
        (Some(_), false) => Err(Error::new(&codes::BAD_ARGUMENT, "--coco is for detectors")
            .help("a classifier takes its labels from --labels or from the folders' names")),
        (None, false) => classifier_run(args, &vision, terminal),
    }?;
    Ok(0)
}

fn detector_run(args: &Args, path: &Path, vision: &Vision<'_>, terminal: &Terminal) -> Result<()> {
    let mut truth = Truth::load(path, vision.task().spec())?;
    for chosen in &truth.categories.chosen {
        terminal.remark(&format!("note: {}: {chosen}", path.display()));
    }
    truth.annotations.keep_first(args.limit.unwrap_or(usize::MAX));
    let files = Files::images(&args.images)?;
    terminal.left_out(&files.left_out);
    let pairing = truth.annotations.pair(&files.taken)?;
    if !pairing.unlisted.is_empty() && args.limit.is_none() {
        terminal.remark(&format!(
            "note: {} images of {} are not in {} and are left out",
            pairing.unlisted.len(),
            args.images.display(),
            path.display()
        ));
    }
    let paths: Vec<&Path> = pairing.images.iter().map(|(_, path)| &**path).collect();
    let predictions = predict(&paths, vision, terminal)?;
    let ids = pairing.images.iter().map(|(id, _)| *id);
    let (report, records) = truth.measure(&ids.zip(predictions).collect::<Vec<_>>())?;
    if let Some(path) = &args.results {
        files::write(path, ResultRecord::to_json(&records)?.as_bytes())?;
        terminal.remark(&format!("wrote {}", path.display()));
    }
    let text = report.to_string();
    show(args, terminal, Score::Detection(report), text)
}

fn classifier_run(args: &Args, vision: &Vision<'_>, terminal: &Terminal) -> Result<()> {
    let classes = &vision.task().spec().classes;
    let mut images: Vec<LabeledImage> = match &args.labels {
        Some(list) => labeled_list(&args.images, list, classes)?,
        None => {
            let (images, left_out) = labeled_folders(&args.images, classes)?;
            terminal.left_out(&left_out);
            images
        }
    };
    images.truncate(args.limit.unwrap_or(usize::MAX));
    let paths: Vec<&Path> = images.iter().map(|image| &*image.path).collect();
    let accuracy: Accuracy = predict(&paths, vision, terminal)?
        .iter()
        .zip(&images)
        .map(|(prediction, image)| match prediction {
            Some(Prediction::Classes(ranking)) => Accuracy::of(ranking, image.class),
            Some(Prediction::Detections(_)) => Accuracy::default(),
            None => Accuracy { left_out: 1, ..Accuracy::default() },
        })
        .sum();
    let mut text = format!(
        "images {}\ntop-1  {:.2} %\ntop-5  {:.2} %\n",
        accuracy.images,
        100.0 * accuracy.top1_share().unwrap_or(0.0),
        100.0 * accuracy.top5_share().unwrap_or(0.0)
    );
    if accuracy.left_out > 0 {
        text += &format!("left out {}\n", accuracy.left_out);
    }
    show(args, terminal, Score::Classification(accuracy), text)
}

/// What the network says about each image; none, with a warning, for one that cannot be read.
///
/// # Errors
/// That of the first image when none can be read; any other failure of an image.
fn predict(
    paths: &[&Path],
    vision: &Vision<'_>,
    terminal: &Terminal,
) -> Result<Vec<Option<Prediction>>> {
    let bar = terminal.progress(paths.len(), "images");
    let all = parallel::map(paths.len(), |index| {
        let prediction = vision.predict_for(paths[index], Purpose::Evaluation);
        bar.inc(1);
        match prediction {
            Err(error) if *error.code() != codes::IMAGE_DECODE => Err(error),
            read => Ok(read),
        }
    })?;
    bar.finish_and_clear();
    if vision.repeated() > 0 {
        let (repeated, all) = (vision.repeated(), paths.len());
        terminal
            .remark(&format!("{repeated} of {all} images ran a second time, with layers in float"));
    }
    if !all.is_empty() && all.iter().all(Result::is_err) {
        return all.into_iter().take(1).map(|read| read.map(Some)).collect();
    }
    let read = |(path, read): (&&Path, Result<Prediction>)| match read {
        Ok(prediction) => Some(prediction),
        Err(error) => {
            terminal
                .left_out(&[LeftOut { path: path.to_path_buf(), reason: Reason::Damaged(error) }]);
            None
        }
    };
    Ok(paths.iter().zip(all).map(read).collect())
}

fn show(args: &Args, terminal: &Terminal, score: Score, text: String) -> Result<()> {
    terminal.result(&args.format.of(&AccuracyReport::from(score), || text)?)
}
