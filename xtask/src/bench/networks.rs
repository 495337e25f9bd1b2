//! The architectures of tests/architectures on the kv260: cycles beside the least that tiles of 16 channels allow.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use seigo::compile::boards::Target;
use seigo::compile::program::predict::{READ_LATENCY, predict};
use seigo::compile::schedule::{Work, sizes};
use seigo::compile::{CompileOptions, Compiled};
use seigo::model::ceras::Model;
use seigo::model::qgraph::{QGraph, QOp};

use super::accelerator::integer;
use super::{Args, FOLDER, write};
use crate::page::Failure;
use crate::yolox::output;

/// Channels of a tile, in and out.
const TILE: usize = 16;
/// The part.
const TARGET: &str = "kv260";

/// Quantizes every architecture on noise, plans it, and writes a row.
pub fn measure(args: &Args) -> Result<(), Failure> {
    let folder = Path::new(FOLDER).join("architectures");
    let script = "tests/architectures/architectures.py";
    output(Command::new(&args.python).arg(script).arg(&folder))?;
    let mut files: Vec<_> = std::fs::read_dir(&folder)?.collect::<Result<Vec<_>, _>>()?;
    files.sort_by_key(std::fs::DirEntry::file_name);
    let mut text = "| network | input | M MAC | cycles | of fully connected layers | least by tiles of the rest | of it | \
                    processor passes, layers behind the frame | DDR bytes |\n|---|---|---:|---:|---:|---:|---:|---|---:|\n"
        .to_owned();
    for file in files.iter().map(std::fs::DirEntry::path) {
        if file.extension().is_some_and(|extension| extension == "onnx") {
            let model = file.with_extension("ceras");
            // A run that was interrupted goes on where it ended.
            if !model.exists() {
                quantize(args, &file, &model)?;
            }
            text += &row(&model)?;
        }
    }
    write("networks", &text)
}

fn quantize(args: &Args, network: &Path, model: &Path) -> Result<(), Failure> {
    let mut command = Command::new(&args.seigo);
    command.arg("--quiet").arg("quantize").arg(network).arg("--calib");
    command.arg(network.with_extension("")).arg("-o").arg(model);
    output(&mut command).map(drop)
}

fn row(file: &Path) -> Result<String, Failure> {
    let target = Target::load(TARGET).map_err(|wrong| wrong.to_string())?;
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let compiled = Model::load(file)
        .and_then(|model| Compiled::new(model, &target, CompileOptions::default()));
    let compiled = match compiled {
        Ok(compiled) => compiled,
        Err(wrong) => return Ok(format!("| {name} | | | {wrong} | | | | | |\n")),
    };
    let costs = predict(&compiled.program.stream, &compiled.design, READ_LATENCY)
        .map_err(|wrong| wrong.to_string())?;
    let cycles: u64 = costs.iter().map(|cost| cost.cycles).sum();
    let graph = compiled.graph();
    let least = Least::of(graph, target.pixels as usize);
    let bound = least.array.max(least.plane);
    let schedule = compiled.schedule();
    let processor =
        schedule.passes.iter().filter(|pass| matches!(pass.work, Work::Processor { .. }));
    let mut text = String::new();
    let shape = graph.value(graph.inputs[0]).shape.iter().map(ToString::to_string);
    writeln!(
        text,
        "| {name} | {} | {:.0} | {} | {} | {} | {:.1} % | {}, {} | {} |",
        shape.collect::<Vec<_>>().join(" x "),
        least.macs as f64 / 1e6,
        integer(cycles as f64),
        integer(least.connected as f64),
        integer(bound as f64),
        100.0 * bound as f64 / (cycles - least.connected) as f64,
        processor.count(),
        schedule.tail.len(),
        integer(sizes::traffic(graph, schedule, target.pixels).total() as f64),
    )?;
    Ok(text)
}

/// Taps that the plane engine multiplies in a cycle, of 16 channels and up to two pixels.
const TAPS: usize = 9;
/// Bytes that a port of the memory brings in a cycle.
const PORT: usize = 16;

/// The least cycles of the dense array and of the plane engine, were nothing else in the way.
#[derive(Default)]
struct Least {
    macs: u64,
    array: u64,
    plane: u64,
    /// What the weights of layers on one pixel take from the memory, whatever multiplies.
    connected: u64,
}

impl Least {
    fn of(graph: &QGraph, pixels: usize) -> Self {
        let mut least = Self::default();
        for layer in &graph.layers {
            let shape = &graph.value(layer.outputs[0]).shape;
            let plane: usize = shape.iter().skip(2).product();
            let slots = plane.div_ceil((pixels / 2).clamp(1, 2));
            if layer.op == QOp::ChannelMul {
                least.plane += (shape[1].div_ceil(TILE) * slots) as u64;
            }
            let Some(conv) = layer.op.conv() else { continue };
            let outputs = shape[1];
            let Some(input) = layer.input(0) else { continue };
            let inputs = graph.value(input).shape[1];
            let taps = conv.axes[0].kernel * conv.axes[1].kernel;
            least.macs += (conv.weights.len() * plane) as u64;
            if conv.group == inputs && conv.group > 1 {
                least.plane += (outputs.div_ceil(TILE) * slots * taps.div_ceil(TAPS)) as u64;
            } else {
                // The first layer's bytes are folded: pixels and taps share words of 16.
                let steps = if inputs < TILE / 2 {
                    (inputs * taps).div_ceil(TILE)
                } else {
                    inputs.div_ceil(TILE) * taps
                };
                let steps = outputs.div_ceil(TILE) * steps;
                match plane {
                    1 => least.connected += (steps * TILE * TILE / PORT) as u64,
                    _ => least.array += (steps * plane.div_ceil(pixels)) as u64,
                }
            }
        }
        least
    }
}
