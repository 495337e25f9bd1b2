//! The measured tables of docs/benchmarks.md, made by the commands that users run.

mod accelerator;
mod layers;
mod networks;
mod size;
mod synthesis;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use serde_json::Value;

use crate::page::{self, Failure};
use crate::yolox::{self, output};

/// The page.
const PAGE: &str = "docs/benchmarks.md";
/// Products of the run.
const FOLDER: &str = "build/bench";

/// What is measured, and with what.
#[derive(clap::Args)]
pub struct Args {
    /// The command
    #[arg(long, default_value = "target/release/seigo")]
    seigo: PathBuf,
    /// Folder with models/yolox_nano.onnx and coco
    #[arg(long)]
    shared: PathBuf,
    /// Python with numpy and onnxruntime
    #[arg(long)]
    python: PathBuf,
    /// Parts to measure
    #[arg(value_enum, default_values_t = [Part::Quantize, Part::Executor, Part::Layers, Part::Size, Part::Accelerator, Part::Networks, Part::Synthesis])]
    parts: Vec<Part>,
}

/// A part of the page.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Time and memory of `seigo quantize`
    Quantize,
    /// The float executor, the integer engine and the C++ library beside ONNX Runtime
    Executor,
    /// Layers in the C++ library beside the peak of the processor
    Layers,
    /// Code of the C++ library
    Size,
    /// Frames in co-simulation
    Accelerator,
    /// Other architectures
    Networks,
    /// Resources and logic levels by yosys
    Synthesis,
}

/// Measures the parts and writes them into the page.
pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    std::fs::create_dir_all(FOLDER)?;
    let model = Path::new(FOLDER).join("yolox_nano.ceras");
    for part in [
        Part::Quantize,
        Part::Executor,
        Part::Layers,
        Part::Size,
        Part::Accelerator,
        Part::Networks,
        Part::Synthesis,
    ] {
        if part != Part::Quantize && !args.parts.contains(&part) {
            continue;
        }
        match part {
            Part::Quantize if model.exists() && !args.parts.contains(&part) => {}
            Part::Quantize => write("quantize", &quantize(args, &model)?)?,
            Part::Executor => write("executor", &executor(args, &model)?)?,
            Part::Layers => layers::measure(&model)?,
            Part::Size => size::measure()?,
            Part::Accelerator => accelerator::measure(args, &model)?,
            Part::Networks => networks::measure(args)?,
            Part::Synthesis => synthesis::measure(args, &model)?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints a table and puts it into the page.
fn write(name: &str, text: &str) -> Result<(), Failure> {
    println!("== {name}\n{text}");
    page::replace(Path::new(PAGE), name, text)
}

fn quantize(args: &Args, model: &Path) -> Result<String, Failure> {
    let mut command = yolox::quantize(&args.seigo, &args.shared, model)?;
    let start = Instant::now();
    output(&mut command)?;
    let seconds = start.elapsed().as_secs_f64();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let processor = usage.user_time().tv_sec() + usage.system_time().tv_sec();
    let threads = std::thread::available_parallelism()?;
    let mut text = "| what | value |\n|---|---:|\n".to_owned();
    writeln!(text, "| time on {threads} threads | {seconds:.1} s |")?;
    writeln!(text, "| processor time | {processor} s |")?;
    writeln!(text, "| largest resident set | {} MB |", usage.max_rss() / 1000)?;
    writeln!(text, "| model file | {} bytes |", std::fs::metadata(model)?.len())?;
    Ok(text)
}

/// The C++ library with its programs.
fn library() -> Result<PathBuf, Failure> {
    let folder = std::env::current_dir()?.join(FOLDER).join("runtime");
    let build = format!("BUILD={}", folder.display());
    output(Command::new("make").args(["-s", "-C", "runtime", &build]))?;
    Ok(folder)
}

fn executor(args: &Args, model: &Path) -> Result<String, Failure> {
    let mut command = Command::new(&args.python);
    command.args(["tests/ort/bench.py", "--json", "--shared"]).arg(&args.shared);
    command.arg("--ceras").arg(model).arg("--library").arg(library()?.join("frames"));
    let mut text =
        "| one frame of YOLOX-Nano 416 in | threads | Seigo | ONNX Runtime | in | ratio |\n|---|---|---:|---:|---|---:|\n"
            .to_owned();
    for line in output(&mut command)?.lines() {
        let row: Value = serde_json::from_str(line)?;
        let number = |key: &str| row[key].as_f64().ok_or_else(|| format!("no {key} in {line}"));
        let [threads, ours, theirs] = [number("threads")?, number("seigo")?, number("peer")?];
        let ratio = number("ratio")?;
        let word = |key: &str| row[key].as_str().ok_or_else(|| format!("no {key} in {line}"));
        let (what, best) = (word("what")?, word("best")?);
        writeln!(
            text,
            "| {what} | {threads} | {ours:.1} ms | {theirs:.1} ms | {best} | {ratio:.2} |"
        )?;
    }
    Ok(text)
}
