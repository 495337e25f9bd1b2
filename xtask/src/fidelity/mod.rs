//! How faithful quantized detectors are to their float network, on images without annotations.
//!
//! The float network's own detections stand in for the truth: each counts as an object with the
//! probability of its score, its box moved a little, drawn several times. Average precisions of
//! the float network and of the quantized ones against the same draws say what quantization
//! costs; the noise of the images cancels. Every image is seen whole, mirrored and cropped.

mod truth;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use image::RgbImage;
use image::imageops::{crop_imm, flip_horizontal};
use seigo::base::error::{Error, Result, codes};
use seigo::base::parallel;
use seigo::base::tensor::Tensor;
use seigo::frontend::graph::{Graph, ImportOptions};
use seigo::frontend::onnx;
use seigo::frontend::rewrites;
use seigo::model::ceras;
use seigo::software::engine::Engine;
use seigo::software::executor::Executor;
use seigo::vision::Image;
use seigo::vision::task::folder::Files;
use seigo::vision::task::{Detection, Prediction, Purpose, Task, TaskSpec, image as images};

/// Views of one image: whole or cropped, mirrored or not.
const VIEWS: usize = 4;
/// Part of width and height that a crop keeps, in percent.
const KEPT: u32 = 65;

/// What is compared, and on what.
#[derive(clap::Args)]
pub struct Args {
    /// The float network
    model: PathBuf,
    /// Its quantized forms
    #[arg(required = true)]
    quantized: Vec<PathBuf>,
    /// Task file or preset of the detector
    #[arg(long, default_value = "yolox-coco")]
    task: String,
    /// Folder of images
    #[arg(long)]
    images: PathBuf,
    /// Leave out the first images by name: those that calibrated
    #[arg(long, default_value_t = 100)]
    skip: usize,
}

/// One view: detections of the float network, then per quantized one its detections, signal and
/// noise of the scores.
struct Seen {
    float: Vec<Detection>,
    signal: f64,
    quantized: Vec<(Vec<Detection>, f64)>,
}

/// Prints one line per quantized network.
pub fn run(args: &Args) -> Result<ExitCode> {
    let mut graph = Graph::from_model(&onnx::Model::load(&args.model)?, &ImportOptions::default())?;
    rewrites::run(&mut graph, rewrites::STANDARD)?;
    let input = graph.inputs.first().map(|&id| graph.fact(id).shape.clone()).unwrap_or_default();
    let task = Task::new(TaskSpec::load(&args.task)?, &input)?;
    let models: Vec<ceras::Model> =
        args.quantized.iter().map(|path| ceras::Model::load(path)).collect::<Result<_>>()?;
    let engines: Vec<Engine<'_>> =
        models.iter().map(|model| Engine::new(&model.graph)).collect::<Result<_>>()?;
    let files = Files::images(&args.images)?.keep_images()?.taken;
    let files = files.get(args.skip..).filter(|files| !files.is_empty()).ok_or_else(|| {
        Error::new(&codes::BAD_ARGUMENT, format!("--skip {} leaves no image", args.skip))
    })?;
    let executor = Executor::new(&graph);
    let seen = parallel::map(files.len() * VIEWS, |number| {
        look(&graph, &executor, &engines, &task, &files[number / VIEWS], number % VIEWS)
    })?;
    let float: Vec<&[Detection]> = seen.iter().map(|view| &view.float[..]).collect();
    let classes = task.spec().classes.len();
    let draws = truth::draws(&float, classes);
    let best = truth::precision(&draws, &float, classes)?;
    println!("{} views of {} images", seen.len(), files.len());
    println!("{:<34} {:>6} {:>7} {:>7} {:>7} {:>7}", "", "dB", "AP50", "AP", "pool50", "poolAP");
    let line = |name: &str, db: f64, [ap50, ap, pool50, pool]: [f64; 4]| {
        println!("{name:<34} {db:6.2} {ap50:7.2} {ap:7.2} {pool50:7.2} {pool:7.2}");
    };
    line("float", f64::INFINITY, best.map(|share| 100.0 * share));
    for (index, path) in args.quantized.iter().enumerate() {
        let found: Vec<&[Detection]> =
            seen.iter().map(|view| &view.quantized[index].0[..]).collect();
        let own = truth::precision(&draws, &found, classes)?;
        let signal: f64 = seen.iter().map(|view| view.signal).sum();
        let noise: f64 = seen.iter().map(|view| view.quantized[index].1).sum();
        let kept = [0, 1, 2, 3].map(|at| 100.0 * own[at] / best[at]);
        line(&name(path), 10.0 * (signal / noise).log10(), kept);
    }
    Ok(ExitCode::SUCCESS)
}

fn name(path: &Path) -> String {
    path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
}

fn look(
    graph: &Graph,
    executor: &Executor<'_>,
    engines: &[Engine<'_>],
    task: &Task,
    path: &Path,
    view: usize,
) -> Result<Seen> {
    let picture = turned(images::read(path)?, view)?;
    let (input, geometry) = task.preprocess(&picture)?;
    let input = [input];
    let names: Vec<&str> = graph.outputs.iter().map(|output| &*output.name).collect();
    let read = |outputs: &[Tensor]| -> Result<(Vec<Detection>, Vec<f32>)> {
        let named: Vec<(&str, &Tensor)> = names.iter().copied().zip(outputs).collect();
        let found = match task.postprocess(&named, &geometry, Purpose::Evaluation)? {
            Prediction::Detections(found) => found,
            Prediction::Classes(_) => Vec::new(),
        };
        Ok((found, task.scores(&named)?))
    };
    let (float, exact) = read(&executor.run(&input)?)?;
    let quantized = engines.iter().map(|engine| {
        let (found, scores) = read(&engine.run(&input)?)?;
        let square = |(a, b): (&f32, &f32)| (f64::from(*a) - f64::from(*b)).powi(2);
        Ok((found, exact.iter().zip(&scores).map(square).sum()))
    });
    let quantized = quantized.collect::<Result<_>>()?;
    let signal = exact.iter().map(|score| f64::from(*score).powi(2)).sum();
    Ok(Seen { float, signal, quantized })
}

/// View 0 is the image, 1 is mirrored, 2 and 3 are cut from opposite corners, 3 mirrored too.
fn turned(picture: Image, view: usize) -> Result<Image> {
    let (width, height) = (picture.width(), picture.height());
    let picture = &RgbImage::from_raw(width, height, picture.into_pixels())
        .ok_or_else(|| Error::new(&codes::INTERNAL, "an image without its pixels"))?;
    let side = |length: u32| (length * KEPT / 100).max(1);
    let part = match view {
        2 => crop_imm(picture, 0, 0, side(width), side(height)).to_image(),
        3 => {
            let (x, y) = (width - side(width), height - side(height));
            crop_imm(picture, x, y, side(width), side(height)).to_image()
        }
        _ => picture.clone(),
    };
    let part = if view % 2 == 1 { flip_horizontal(&part) } else { part };
    Image::new(part.width(), part.height(), part.into_raw())
}
