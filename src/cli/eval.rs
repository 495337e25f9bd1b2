//! `seigo eval`.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::Serialize;

use super::network::{NetworkArgs, bind};
use super::terminal::Terminal;
use crate::base::error::{Error, Result, codes};
use crate::base::files;
use crate::base::parallel;
use crate::session::Vision;
use crate::vision::eval::classification::{Accuracy, LabeledImage, labeled_folders, labeled_list};
use crate::vision::eval::coco::{self, Annotations, ResultRecord};
use crate::vision::task::{Prediction, Purpose, image};

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
    /// Use the first N images only
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table for a terminal
    Table,
    /// One JSON document
    Json,
}

pub fn run(args: &Args, terminal: &Terminal) -> Result<u8> {
    let network = args.network.open(terminal)?;
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
    let mut annotations = Annotations::load(path)?;
    annotations.keep_first(args.limit.unwrap_or(usize::MAX));
    let pairing = annotations.pair(&image::images_in(&args.images)?)?;
    if !pairing.unlisted.is_empty() && args.limit.is_none() {
        terminal.remark(&format!(
            "note: {} images of {} are not in {} and are left out",
            pairing.unlisted.len(),
            args.images.display(),
            path.display()
        ));
    }
    let category_ids = annotations.category_ids(vision.task().spec())?;
    let bar = terminal.progress(pairing.images.len(), "images");
    let records = parallel::map(pairing.images.len(), |index| {
        let (id, path) = &pairing.images[index];
        let prediction = vision.predict_for(path, Purpose::Evaluation)?;
        bar.inc(1);
        Ok(match prediction {
            Prediction::Detections(found) => coco::records(*id, &found, &category_ids),
            Prediction::Classes(_) => Vec::new(),
        })
    })?
    .concat();
    bar.finish_and_clear();
    if let Some(path) = &args.results {
        files::write(path, ResultRecord::to_json(&records)?.as_bytes())?;
        terminal.remark(&format!("wrote {}", path.display()));
    }
    let report = coco::evaluate(&annotations, &records)?;
    let text = report.to_string();
    show(args.format, terminal, &report, &text)
}

fn classifier_run(args: &Args, vision: &Vision<'_>, terminal: &Terminal) -> Result<()> {
    let classes = &vision.task().spec().classes;
    let mut images: Vec<LabeledImage> = match &args.labels {
        Some(list) => labeled_list(&args.images, list, classes)?,
        None => labeled_folders(&args.images, classes)?,
    };
    images.truncate(args.limit.unwrap_or(usize::MAX));
    let bar = terminal.progress(images.len(), "images");
    let accuracy: Accuracy = parallel::map(images.len(), |index| {
        let prediction = vision.predict_for(&images[index].path, Purpose::Evaluation)?;
        bar.inc(1);
        Ok(match prediction {
            Prediction::Classes(ranking) => Accuracy::of(&ranking, images[index].class),
            Prediction::Detections(_) => Accuracy::default(),
        })
    })?
    .into_iter()
    .sum();
    bar.finish_and_clear();
    let text = format!(
        "images {}\ntop-1  {:.2} %\ntop-5  {:.2} %\n",
        accuracy.images,
        100.0 * accuracy.top1_share().unwrap_or(0.0),
        100.0 * accuracy.top5_share().unwrap_or(0.0)
    );
    show(args.format, terminal, &accuracy, &text)
}

fn show(format: Format, terminal: &Terminal, report: &impl Serialize, text: &str) -> Result<()> {
    terminal.result(&match format {
        Format::Table => text.to_owned(),
        Format::Json => {
            let json = serde_json::to_string_pretty(report)
                .map_err(|error| Error::new(&codes::INTERNAL, error.to_string()))?;
            format!("{json}\n")
        }
    })
}
