//! Whole frames of YOLOX-Nano in co-simulation.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{Args, FOLDER, write};
use crate::page::Failure;
use crate::yolox::output;

/// Multiply-accumulates of a frame, depthwise ones (which the plane engine performs) included.
const MACS: f64 = 522_553_408.0;
/// Seed of the stalls.
const SEED: &str = "7";

/// Frames of one run.
struct Frames(Vec<Value>);

/// Both geometries; the table of passes is that of P = 4.
pub fn measure(args: &Args, model: &Path) -> Result<(), Failure> {
    let steady = simulate(args, model, "kv260", 10, &[])?;
    let stalled = simulate(args, model, "kv260", 10, &["--stall-seed", SEED])?;
    let narrow = simulate(args, model, "sim/synth/zynq7020-64.json", 1, &[])?;
    let mut text =
        "| | frames | cycles of a frame | MAC a cycle, of the array's | of all | predicted | tensors that \
                    differ | s a frame |\n|---|---:|---:|---:|---:|---:|---:|---:|\n"
            .to_owned();
    // The plane engine multiplies 9 taps of 16 channels for 2 pixels (P = 1: one pixel) a cycle.
    for (name, array, plane, frames) in [
        ("P = 4, `kv260`", 1024.0, 288.0, &steady),
        ("the same with random stalls on every channel of the memory", 1024.0, 288.0, &stalled),
        ("P = 1, memory enough for the plan", 256.0, 144.0, &narrow),
    ] {
        text += &frames.row(name, array, plane)?;
    }
    write("accelerator", &text)?;
    write("passes", &steady.passes()?)
}

fn simulate(
    args: &Args,
    model: &Path,
    target: &str,
    count: usize,
    options: &[&str],
) -> Result<Frames, Failure> {
    let bundle = Path::new(FOLDER).join(if target == "kv260" { "p4" } else { "p1" });
    let mut build = Command::new(&args.seigo);
    build.arg("build").arg(model).args(["--target", target, "-o"]).arg(&bundle);
    output(&mut build)?;
    let mut cosim = Command::new(&args.seigo);
    cosim.arg("cosim").arg(&bundle).arg("--images").arg(args.shared.join("coco/eval"));
    cosim.args(["--task", "yolox-coco", "--format", "json", "--frames"]).arg(count.to_string());
    let printed = output(cosim.args(options))?;
    let frames: Vec<Value> = printed.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    match frames.len() == count {
        true => Ok(Frames(frames)),
        false => Err(format!("{} of {count} frames", frames.len()).into()),
    }
}

impl Frames {
    fn numbers(&self, key: &str) -> Result<Vec<f64>, Failure> {
        let number = |frame: &Value| frame[key].as_f64().ok_or_else(|| format!("no {key}").into());
        self.0.iter().map(number).collect()
    }

    fn row(&self, name: &str, array: f64, plane: f64) -> Result<String, Failure> {
        let cycles = self.numbers("cycles")?;
        let (least, most) = range(&cycles);
        let compared: f64 = self.numbers("compared")?.iter().sum();
        let differ = self.0.iter().filter(|frame| frame["equal"] != Value::Bool(true)).count();
        let predicted: f64 = passes(&self.0[0])?.iter().map(|pass| pass.predicted).sum();
        let seconds = self.numbers("seconds")?;
        let span = if least == most { integer(least) } else { between(least, most) };
        Ok(format!(
            "| {name} | {} | {span} | {:.1} % | {:.1} % | {} ({:+.2} %) | {differ} of {} frames, {} tensors | {:.1} |\n",
            self.0.len(),
            100.0 * MACS / array / most,
            100.0 * MACS / (array + plane) / most,
            integer(predicted),
            100.0 * (predicted / most - 1.0),
            self.0.len(),
            integer(compared),
            seconds.iter().sum::<f64>() / seconds.len() as f64,
        ))
    }

    /// One line per pass of the first frame.
    fn passes(&self) -> Result<String, Failure> {
        let mut text = "      pass     cycles  predicted  busy   idle by       layers\n".to_owned();
        for (index, pass) in passes(&self.0[0])?.iter().enumerate() {
            let busy = 100.0 * pass.busy / pass.cycles.max(1.0);
            writeln!(
                text,
                "      {index:>4}  {:>9}  {:>9}  {busy:>3.0} %  {:<12}  {}",
                pass.cycles, pass.predicted, pass.cause, pass.name
            )?;
        }
        Ok(text)
    }
}

struct Pass<'a> {
    name: &'a str,
    cause: &'a str,
    cycles: f64,
    predicted: f64,
    busy: f64,
}

impl<'a> Pass<'a> {
    fn new(pass: &'a Value) -> Result<Self, Failure> {
        let text = |key: &str| pass[key].as_str().ok_or_else(|| format!("a pass without {key}"));
        let number = |key: &str| pass[key].as_f64().ok_or_else(|| format!("a pass without {key}"));
        Ok(Self {
            name: text("name")?,
            cause: text("cause")?,
            cycles: number("cycles")?,
            predicted: number("predicted")?,
            busy: number("busy")?,
        })
    }
}

fn passes(frame: &Value) -> Result<Vec<Pass<'_>>, Failure> {
    let list = frame["passes"].as_array().ok_or("no passes")?;
    list.iter().map(Pass::new).collect()
}

fn range(numbers: &[f64]) -> (f64, f64) {
    let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    (least, numbers.iter().copied().fold(0.0, f64::max))
}

fn between(least: f64, most: f64) -> String {
    format!("{} to {}", integer(least), integer(most))
}

/// With commas between thousands.
fn integer(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
