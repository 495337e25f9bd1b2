//! `seigo quantize`.

use std::path::PathBuf;

use clap::ValueEnum;

use super::model::ModelArgs;
use super::outputs::Paths;
use super::terminal::Terminal;
use crate::base::error::{Error, Result, codes};
use crate::base::files;
use crate::base::json;
use crate::model::ceras::Model;
use crate::model::qgraph::Width;
use crate::quantize::ptq::{Options, Progress, Report, ReportFile};
use crate::session::{self, Calibration};
use crate::vision::task::path_beside;

/// Quantize a model to int8 with power-of-two scales and write it as a .ceras file
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    model: ModelArgs,
    /// Folder of calibration images, or of .npy tensors of the input's shape; for several inputs, of a
    /// folder of tensors for each by its name
    #[arg(long, value_name = "DIR")]
    calib: PathBuf,
    /// Where to write the model
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// Task file or preset [default: MODEL's .task.json, else a preset that fits the outputs]
    #[arg(long, value_name = "FILE|PRESET")]
    task: Option<String>,
    /// Calibrate on the first N frames, by name; the others measure the error
    #[arg(long, value_name = "N", default_value_t = 100)]
    frames: usize,
    /// Seed of the positions that are sampled
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Width of tensors that leave the accelerator for good
    #[arg(long, value_enum, default_value_t = Head::Int16)]
    head: Head,
    /// Layers that stay in float, by name or pattern such as 'head.*'; comma-separated
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    float_layers: Vec<String>,
    /// Layers that are kept in float besides their integer form, by name or pattern; comma-separated. A
    /// program chooses per frame which form runs (docs/runtime.md, `seigo eval --policy`)
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    both: Vec<String>,
    /// Keep the N most sensitive layers in float
    #[arg(long, value_name = "auto:N", value_parser = worst_layers)]
    float: Option<usize>,
    /// Keep the most sensitive layers in float until the output SQNR reaches DB
    #[arg(long, value_name = "DB")]
    min_sqnr: Option<f64>,
    /// Techniques to leave out; comma-separated
    #[arg(long, value_enum, value_name = "NAMES", value_delimiter = ',')]
    without: Vec<Technique>,
    /// Where to write the error per layer as JSON
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Head {
    Int8,
    Int16,
    Int32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Technique {
    /// Zero points: ranges become symmetric
    ZeroPoints,
    /// An exponent per channel: one per tensor instead
    ChannelExponents,
    /// Ranges by the error on samples: the largest value seen instead
    RangeSearch,
    /// Choosing the rule for ranges by the error of the network's answer
    RangeTrials,
    /// Trading activation error against weight error
    Balancing,
    /// GPTQ: each weight to the nearest instead
    Gptq,
    /// Correcting biases for the error of rounded weights
    BiasCorrection,
    /// Making up for the errors of the layers before, in weights (by GPTQ) and biases
    Compensation,
    /// Weights within +-127: -128 occurs too
    SymmetricWeights,
}

/// The N of `auto:N`.
fn worst_layers(text: &str) -> std::result::Result<usize, String> {
    let number = text.strip_prefix("auto:").and_then(|number| number.parse().ok());
    number.ok_or_else(|| "give auto:N, or names with --float-layers".to_owned())
}

impl Args {
    /// What is read and written.
    pub fn paths(&self) -> Paths {
        Paths::default()
            .model(&self.model.model)
            .reads("the calibration folder", &self.calib)
            .reads_all("the task file", &self.task)
            .writes("--output", [&self.output])
            .writes("--report", &self.report)
    }
}

pub fn run(args: &Args, terminal: &Terminal) -> Result<u8> {
    let source = args.model.source();
    if args.frames == 0 {
        return Err(Error::new(&codes::CALIBRATION, "--frames 0 leaves no calibration frame"));
    }
    if source.is_ceras()? {
        return Err(Error::new(&codes::BAD_ARGUMENT, "the model is quantized already")
            .help("give the ONNX model that it was made from"));
    }
    let calibration = Calibration::folder(&args.calib, source.clone(), args.task.as_deref())?;
    terminal.assumed(calibration.assumed(), &path_beside(&source.path));
    terminal.left_out(calibration.left_out());
    let without = |technique| !args.without.contains(&technique);
    let options = Options {
        seed: args.seed,
        zero_points: without(Technique::ZeroPoints),
        channel_exponents: without(Technique::ChannelExponents),
        range_search: without(Technique::RangeSearch),
        range_trials: without(Technique::RangeTrials),
        balancing: without(Technique::Balancing),
        gptq: without(Technique::Gptq),
        bias_correction: without(Technique::BiasCorrection),
        compensation: without(Technique::Compensation),
        symmetric_weights: without(Technique::SymmetricWeights),
        float_worst: args.float.unwrap_or(0),
        min_sqnr: args.min_sqnr,
        head: match args.head {
            Head::Int8 => Width::I8,
            Head::Int16 => Width::I16,
            Head::Int32 => Width::I32,
        },
        float_layers: args.float_layers.clone(),
        both: args.both.clone(),
        calibration_frames: args.frames,
        ..Options::default()
    };
    let bar = terminal.progress(0, "");
    let progress = |progress: Progress| match progress {
        Progress::Step => bar.inc(1),
        Progress::Stage { name, len } => {
            bar.set_length(len as u64);
            bar.set_position(0);
            bar.set_message(name);
        }
    };
    let (model, report) = session::quantize(source, &calibration, &options, &progress)?;
    bar.finish_and_clear();
    let bytes = model.to_bytes()?;
    files::write(&args.output, &bytes)?;
    if let Some(path) = &args.report {
        files::write(path, json::pretty(&ReportFile::from(report.clone()))?.as_bytes())?;
    }
    terminal.remark(&format!("wrote {}", args.output.display()));
    terminal.result(&summary(&model, &report, bytes.len()))?;
    Ok(0)
}

fn summary(model: &Model, report: &Report, bytes: usize) -> String {
    let graph = &model.graph;
    let working = || graph.layers.iter().filter(|layer| !graph.is_view(layer));
    let float = working().filter(|layer| layer.op.is_float()).count();
    let moves = working().filter(|layer| layer.op.movement().is_some()).count();
    let all = working().count();
    let outputs = graph.outputs.iter().filter_map(|output| {
        let layer = graph.layers.iter().position(|layer| layer.outputs.contains(&output.value))?;
        Some(format!("output {}: {:.1} dB\n", output.name, report.layers[layer].sqnr))
    });
    let both = match model.floats.len() {
        0 => String::new(),
        count => format!("{count} layers in float besides their integer form\n"),
    };
    format!(
        "{all} layers: {} int8, {moves} data movement, {float} float (+{} views)\n\
         {bytes} bytes\n{both}{}score SQNR {:.1} dB on {} {}images\n",
        all - float - moves,
        graph.layers.len() - all,
        outputs.collect::<String>(),
        report.answer_sqnr,
        report.frames,
        if report.held_out { "held-out " } else { "calibration " }
    )
}
