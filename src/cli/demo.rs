//! `seigo demo`: the whole chain on the detector that ships with Seigo, each step as the command that a
//! person would type.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use super::outputs::Paths;
use super::terminal::Terminal;
use crate::base::error::{Error, Result, codes};
use crate::base::files;
use crate::present::html::{self, Measured};
use crate::vision::eval::Score;
use crate::vision::scenes;

const MODEL: &[u8] = include_bytes!("../../models/shapes/shapes.onnx");
const TASK: &str = include_str!("../../models/shapes/shapes.task.json");
/// Seeds and numbers of the scenes that calibrate and that judge; training had another seed.
const CALIBRATION: (u64, u64) = (301, 64);
const JUDGES: (u64, u64) = (302, 200);

/// Run the whole chain on a small detector that ships with Seigo, down to the simulated accelerator
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder for everything that is made; made if it is not there
    #[arg(long, short, value_name = "DIR", default_value = "seigo-demo")]
    output: PathBuf,
    /// Target: a built-in one or a JSON file, see docs/targets.md
    #[arg(long, value_name = "NAME|FILE", default_value = "kv260")]
    target: String,
}

/// A command, and the file that its output goes to where it is none for people.
struct Step {
    title: &'static str,
    arguments: String,
    to: Option<&'static str>,
}

fn steps(target: &str) -> Vec<Step> {
    let image = "judges/images/00000.png";
    let eval = "--images judges/images --coco judges/instances.json --format json";
    let all: [(&str, String, Option<&str>); 11] = [
        (
            "what the network consists of, and where each layer goes",
            "inspect shapes.onnx".into(),
            None,
        ),
        (
            "to int8 with power-of-two scales, on 64 scenes",
            "quantize shapes.onnx --calib calibration/images -o shapes.ceras".into(),
            None,
        ),
        (
            "passes, blocks of shared memory, traffic",
            format!("plan shapes.ceras --target {target}"),
            None,
        ),
        (
            "Verilog, program, manifest",
            format!("build shapes.ceras --target {target} -o accelerator"),
            None,
        ),
        (
            "a frame in Verilator, every stored tensor against the reference",
            format!("cosim accelerator --image {image}"),
            None,
        ),
        (
            "the same for programs",
            format!("cosim accelerator --image {image} --format json"),
            Some("cosim.json"),
        ),
        (
            "what the simulated accelerator sees",
            format!(
                "detect shapes.ceras --engine rtl --target {target} --image {image} -o detections.png"
            ),
            None,
        ),
        ("accuracy in float", format!("eval shapes.onnx {eval}"), Some("float.json")),
        ("accuracy in int8", format!("eval shapes.ceras {eval}"), Some("int8.json")),
        (
            "lifespans and addresses as a picture",
            format!("plan shapes.ceras --target {target} --format svg"),
            Some("plan.svg"),
        ),
        (
            "everything on one page",
            format!(
                "report shapes.ceras --build accelerator --cosim cosim.json --eval int8.json \
                 --float-eval float.json --float shapes.onnx --image {image} \
                 --image judges/images/00001.png -o report.html"
            ),
            None,
        ),
    ];
    all.into_iter().map(|(title, arguments, to)| Step { title, arguments, to }).collect()
}

impl Args {
    /// What is read and written.
    pub fn paths(&self) -> Paths {
        Paths::default().reads("the target file", &self.target).replaces("--output", &self.output)
    }
}

pub fn run(args: &Args, terminal: &Terminal) -> Result<u8> {
    let started = Instant::now();
    let folder = &args.output;
    let target = absolute(&args.target);
    for (name, (seed, count)) in [("calibration", CALIBRATION), ("judges", JUDGES)] {
        scenes::export(&folder.join(name), seed, count)?;
    }
    files::write(&folder.join("shapes.onnx"), MODEL)?;
    files::write(&folder.join("shapes.task.json"), TASK.as_bytes())?;
    let steps = steps(&target);
    for (index, step) in steps.iter().enumerate() {
        terminal.remark(&format!("\n== {}/{} {}", index + 1, steps.len(), step.title));
        let to = step.to.map_or_else(String::new, |file| format!(" > {file}"));
        terminal.remark(&format!("   $ seigo {}{to}", step.arguments));
        let status = perform(step, folder)?;
        if status != 0 {
            return Ok(status);
        }
    }
    terminal.result(&closing(folder, started.elapsed().as_secs())?)?;
    Ok(0)
}

/// A target file stays the same file in the demo's folder.
fn absolute(target: &str) -> String {
    let path = Path::new(target);
    match path.is_file().then(|| path.canonicalize()) {
        Some(Ok(path)) => path.display().to_string(),
        _ => target.to_owned(),
    }
}

/// Runs a step in the demo's folder; its exit status.
fn perform(step: &Step, folder: &Path) -> Result<u8> {
    let failed = |error: std::io::Error| {
        Error::new(&codes::INTERNAL, format!("cannot run `seigo {}`: {error}", step.arguments))
    };
    let mut command = Command::new(std::env::current_exe().map_err(failed)?);
    command.args(step.arguments.split_whitespace()).current_dir(folder);
    if let Some(file) = step.to {
        let path = folder.join(file);
        let file = File::create(&path).map_err(|error| {
            let message = format!("cannot write {}: {error}", path.display());
            Error::new(&codes::FILE_WRITE, message)
        })?;
        command.stdout(Stdio::from(file));
    }
    let status = command.status().map_err(failed)?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(super::TROUBLE))
}

/// What was measured, where the products lie, and what to try next.
fn closing(folder: &Path, seconds: u64) -> Result<String> {
    let read = |name: &str| files::read_text(&folder.join(name));
    let percent = |score: &Score| 100.0 * score.measures()[0].1.unwrap_or(0.0);
    let (float, int8) = (html::score(&read("float.json")?)?, html::score(&read("int8.json")?)?);
    let cosim = Measured::from_json(&read("cosim.json")?)?;
    let at = |name: &str| folder.join(name).display().to_string();
    Ok(format!(
        "\nDone in {seconds} s.\n\
         \n  mAP@.5 on {judges} scenes   float {:.1}, int8 {:.1}\
         \n  one frame                {} cycles, {} tensors equal to the reference, bit for bit\n\
         \n  {:<28} the page to look at first\
         \n  {:<28} what the simulated accelerator found\
         \n  {:<28} the int8 model with its scales and shifts\
         \n  {:<28} Verilog and program\
         \n  {:<28} lifespans and addresses\n\
         \nNext, your own network: `seigo inspect your.onnx`, `seigo quantize your.onnx --calib IMAGES \
         -o your.ceras`,\nand so on as above. docs/task.md says how to describe its images and outputs.\n",
        percent(&float),
        percent(&int8),
        cosim.first().cycles,
        cosim.first().compared,
        at("report.html"),
        at("detections.png"),
        at("shapes.ceras"),
        at("accelerator"),
        at("plan.svg"),
        judges = JUDGES.1,
    ))
}
