//! `seigo detect`.

use std::path::PathBuf;

use super::format::Format;
use super::network::{NetworkArgs, PolicyArgs, bind};
use super::outputs::Paths;
use super::terminal::Terminal;
use crate::base::error::Result;
use crate::vision::overlay;
use crate::vision::task::{BBox, Classes, Limits, Prediction, PredictionReport, Purpose, image};

/// Detect objects or classify an image; optionally draw the result
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    network: NetworkArgs,
    /// JPEG or PNG image
    #[arg(long, value_name = "FILE")]
    image: PathBuf,
    /// Where to write the image with boxes and names drawn (.png or .jpg)
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Task file or preset [default: MODEL's .task.json, else a preset that fits the outputs]
    #[arg(long, value_name = "FILE|PRESET")]
    task: Option<String>,
    #[command(flatten)]
    policy: PolicyArgs,
    /// Smallest score to report
    #[arg(long, value_name = "SCORE")]
    score: Option<f32>,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl Args {
    /// What is read and written.
    pub fn paths(&self) -> Paths {
        self.network
            .paths()
            .reads("the image", &self.image)
            .reads_all("the task file", &self.task)
            .writes("--output", &self.output)
    }
}

pub fn run(args: &Args, terminal: &Terminal) -> Result<u8> {
    let network = args.network.open_by(args.policy.policy()?, terminal)?;
    let mut vision = bind(&network, args.task.as_deref(), terminal)?;
    if let (Some(score_threshold), Some(detection)) =
        (args.score, vision.task().spec().detection.clone())
    {
        let limits = Limits { score_threshold, ..detection.show };
        vision.task_mut().set_limits(Purpose::Show, limits)?;
    }
    let prediction = vision.predict(&args.image)?;
    let classes = &vision.task().spec().classes;
    if let Some(path) = &args.output {
        let mut picture = image::read(&args.image)?;
        overlay::prediction(&mut picture, &prediction, classes);
        overlay::save(&picture, path)?;
        terminal.remark(&format!("wrote {}", path.display()));
    }
    let text = table(&prediction, classes);
    terminal.result(&args.format.of(&PredictionReport::from(prediction), || text)?)?;
    Ok(0)
}

fn table(prediction: &Prediction, classes: &Classes) -> String {
    match prediction {
        Prediction::Detections(detections) if detections.is_empty() => {
            "nothing found above the score threshold\n".to_owned()
        }
        Prediction::Detections(detections) => detections
            .iter()
            .map(|detection| {
                let BBox { x1: left, y1: top, x2: right, y2: bottom } = detection.bbox;
                format!(
                    "{:<16} {:5.3}   x {left:6.1} to {right:6.1}   y {top:6.1} to {bottom:6.1}\n",
                    classes.name(detection.class),
                    detection.score,
                )
            })
            .collect(),
        Prediction::Classes(ranking) => ranking
            .iter()
            .map(|entry| format!("{:<24} {:6.4}\n", classes.name(entry.class), entry.score))
            .collect(),
    }
}
