//! Whole frames of YOLOX-Nano in co-simulation.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use seigo::base::json;
use seigo::verify::cosim::FrameReport;

use super::{Args, FOLDER, write};
use crate::page::Failure;
use crate::yolox::output;

/// Multiply-accumulates of a frame, depthwise ones (which the plane engine performs) included.
const MACS: f64 = 522_553_408.0;
/// Seed of the stalls.
const SEED: &str = "7";

/// Frames of one run.
struct Frames(Vec<FrameReport>);

/// Both geometries; the table of passes is that of P = 4.
pub fn measure(args: &Args, model: &Path) -> Result<(), Failure> {
    let steady = simulate(args, model, "kv260", 10, &[])?;
    let stalled = simulate(args, model, "kv260", 10, &["--stall-seed", SEED])?;
    let narrow = simulate(args, model, "sim/synth/zynq7020-64.json", 1, &[])?;
    let mut text =
        "| | frames | cycles of a frame | MAC a cycle, of the array's | of all | predicted | tensors that \
                    differ | s a frame |\n|---|---:|---:|---:|---:|---:|---:|---:|\n"
            .to_owned();
    // The plane engine multiplies 9 taps of 16 channels for 2 pixels (P = 1: of 8 for one pixel) a cycle.
    for (name, array, plane, frames) in [
        ("P = 4, `kv260`", 1024.0, 288.0, &steady),
        ("the same with random stalls on every channel of the memory", 1024.0, 288.0, &stalled),
        ("P = 1, memory enough for the plan", 256.0, 72.0, &narrow),
    ] {
        text += &frames.row(name, array, plane);
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
    build.arg("build").arg(model).args(["--force", "--target", target, "-o"]).arg(&bundle);
    output(&mut build)?;
    let mut cosim = Command::new(&args.seigo);
    cosim.arg("cosim").arg(&bundle).arg("--images").arg(args.shared.join("coco/eval"));
    cosim.args(["--task", "yolox-coco", "--format", "json", "--frames"]).arg(count.to_string());
    let printed = output(cosim.args(options))?;
    let frames: Vec<FrameReport> = json::parse_all(&printed).map_err(|wrong| wrong.to_string())?;
    match frames.len() == count {
        true => Ok(Frames(frames)),
        false => Err(format!("{} of {count} frames", frames.len()).into()),
    }
}

impl Frames {
    fn row(&self, name: &str, array: f64, plane: f64) -> String {
        let cycles: Vec<f64> = self.0.iter().map(|frame| frame.cycles as f64).collect();
        let (least, most) = range(&cycles);
        let compared: usize = self.0.iter().map(|frame| frame.compared).sum();
        let differ = self.0.iter().filter(|frame| !frame.equal).count();
        let predicted: u64 = self.0[0].passes.iter().map(|pass| pass.predicted).sum();
        let predicted = predicted as f64;
        let seconds: f64 = self.0.iter().map(|frame| frame.seconds).sum();
        let span = if least == most { integer(least) } else { between(least, most) };
        format!(
            "| {name} | {} | {span} | {:.1} % | {:.1} % | {} ({:+.2} %) | {differ} of {} frames, {} tensors | {:.1} |\n",
            self.0.len(),
            100.0 * MACS / array / most,
            100.0 * MACS / (array + plane) / most,
            integer(predicted),
            100.0 * (predicted / most - 1.0),
            self.0.len(),
            integer(compared as f64),
            seconds / self.0.len() as f64,
        )
    }

    /// One line per pass of the first frame.
    fn passes(&self) -> Result<String, Failure> {
        let mut text = "      pass     cycles  predicted  busy   idle by       layers\n".to_owned();
        for (index, pass) in self.0[0].passes.iter().enumerate() {
            let busy = 100.0 * pass.busy as f64 / pass.cycles.max(1) as f64;
            writeln!(
                text,
                "      {index:>4}  {:>9}  {:>9}  {busy:>3.0} %  {:<12}  {}",
                pass.cycles, pass.predicted, pass.cause, pass.name
            )?;
        }
        Ok(text)
    }
}

fn range(numbers: &[f64]) -> (f64, f64) {
    let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    (least, numbers.iter().copied().fold(0.0, f64::max))
}

fn between(least: f64, most: f64) -> String {
    format!("{} to {}", integer(least), integer(most))
}

/// With commas between thousands.
pub(super) fn integer(number: f64) -> String {
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
