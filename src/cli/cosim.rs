//! `seigo cosim`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::json;

use super::terminal::Terminal;
use super::vision;
use super::{DIFFERS, network::Network};
use crate::bundle::Bundle;
use crate::cosim::{self, CAUSES, Device, End, Frame, Geometry, Simulation, Timing, Verifier};
use crate::error::{Error, Place as _, Result, codes};
use crate::npy;
use crate::program::cost;
use crate::task::image;
use crate::tensor::Tensor;

/// Run frames on the simulated accelerator, cycle by cycle, and compare every stored tensor
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Bundle that `seigo build` wrote
    #[arg(value_name = "DIR")]
    bundle: PathBuf,
    /// JPEG or PNG image, pre-processed as the task says
    #[arg(long, value_name = "FILE")]
    image: Option<PathBuf>,
    /// Folder of images, in the order of their names
    #[arg(long, value_name = "DIR", conflicts_with = "image")]
    images: Option<PathBuf>,
    /// Input tensor in .npy form
    #[arg(long, value_name = "FILE.npy", conflicts_with_all = ["image", "images"])]
    input: Option<PathBuf>,
    /// At most so many frames
    #[arg(long, value_name = "N", default_value_t = usize::MAX, hide_default_value = true)]
    frames: usize,
    /// Random stalls on every channel of the memory, by this seed
    #[arg(long, value_name = "S")]
    stall_seed: Option<u64>,
    /// Cycles from a read request to its first beat
    #[arg(long, value_name = "N", default_value_t = 60)]
    latency: u64,
    /// Task file or preset [default: the task in the model, else a preset that fits]
    #[arg(long, value_name = "FILE|PRESET")]
    task: Option<String>,
    /// Write a wave file (FST); slow and large
    #[arg(long, value_name = "FILE.fst")]
    trace: Option<PathBuf>,
    /// Form of the result
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For programs
    Json,
}

pub fn run(args: &Args, terminal: &Terminal) -> Result<u8> {
    let bundle = Bundle::open(&args.bundle)?;
    let started = Instant::now();
    let library = cosim::compile(&bundle.verilog(), &bundle.design, args.trace.is_some())?;
    terminal.remark(&format!("simulation ready after {:.1} s", started.elapsed().as_secs_f64()));
    let geometry = Geometry {
        banks: bundle.design.pixels,
        domains: bundle.design.domains,
        rows: bundle.design.domain_rows,
    };
    let verifier = Verifier {
        graph: &bundle.model.graph,
        schedule: &bundle.schedule,
        bases: &bundle.placed.bases,
        design: &bundle.design,
        program: &bundle.program,
    };
    let timing = Timing { latency: args.latency, stalls: args.stall_seed };
    let mut device: Option<Device> = None;
    let mut differs = false;
    for (name, inputs) in inputs(args, terminal)? {
        let values = verifier.values(&inputs).at(|| name.clone())?;
        let device = match &mut device {
            Some(device) => {
                device.set_image(&verifier.image(&values)?);
                device
            }
            none => {
                let mut simulation = Simulation::load(&library, geometry)?;
                if let Some(path) = &args.trace
                    && !simulation.trace(path)
                {
                    let message = format!("cannot record waves in {}", path.display());
                    return Err(Error::new(&codes::FILE_WRITE, message));
                }
                none.insert(Device::new(simulation, verifier.buffers(&values)?, timing))
            }
        };
        let started = Instant::now();
        let frame = verifier.run(device, &values).at(|| name.clone())?;
        let seconds = started.elapsed().as_secs_f64();
        differs |= frame.mismatch.is_some() || frame.end != End::Done;
        show(args, &bundle, &name, &frame, seconds)?;
    }
    Ok(if differs { DIFFERS } else { 0 })
}

/// Frames with their names: images, or a tensor.
fn inputs(args: &Args, terminal: &Terminal) -> Result<Vec<(String, Vec<Tensor>)>> {
    if let Some(path) = &args.input {
        return Ok(vec![(path.display().to_string(), vec![npy::read(path)?])]);
    }
    let paths = match (&args.image, &args.images) {
        (Some(path), _) => vec![path.clone()],
        (None, Some(folder)) => image::images_in(folder)?,
        (None, None) => {
            return Err(Error::new(&codes::BAD_ARGUMENT, "there is nothing to run")
                .help("give --image, --images or --input"));
        }
    };
    let network = Network::Quantized(
        Box::new(crate::ceras::Model::load(&args.bundle.join("model.ceras"))?),
        super::network::EngineKind::Reference,
    );
    let model: &Path = &args.bundle.join("model.ceras");
    let task = vision::bind(&network, model, args.task.as_deref(), terminal)?;
    paths
        .iter()
        .take(args.frames)
        .map(|path| {
            let name = path.display().to_string();
            let (tensor, _) = task.preprocess(&image::read(path)?).at(|| name.clone())?;
            Ok((name, vec![tensor]))
        })
        .collect()
}

fn show(args: &Args, bundle: &Bundle, name: &str, frame: &Frame, seconds: f64) -> Result<()> {
    let memory = cost::Timing { read_latency: args.latency, ..cost::Timing::default() };
    let predicted = cost::predict(&bundle.program.stream, &bundle.design, memory)?;
    let cause = |cost: &cost::PassCost| cost.cause().map_or("", cost::Cause::name);
    if args.format == Format::Json {
        let passes: Vec<_> = frame
            .passes
            .iter()
            .zip(&predicted)
            .map(|(pass, cost)| {
                json!({
                    "name": pass.name,
                    "cycles": pass.cycles,
                    "predicted": cost.cycles,
                    "busy": cost.busy,
                    "cause": cause(cost),
                })
            })
            .collect();
        let stalls: serde_json::Map<_, _> = CAUSES
            .iter()
            .zip(frame.stalls)
            .map(|(cause, cycles)| ((*cause).to_owned(), cycles.into()))
            .collect();
        let text = json!({
            "frame": name,
            "equal": frame.mismatch.is_none() && frame.end == End::Done,
            "cycles": frame.cycles,
            "compared": frame.compared,
            "stalls": stalls,
            "passes": passes,
        });
        println!("{text}");
        return Ok(());
    }
    println!("{name}");
    println!("  pass     cycles  predicted  busy   idle by  layers");
    for (index, (pass, cost)) in frame.passes.iter().zip(&predicted).enumerate() {
        let busy = 100.0 * cost.busy as f64 / pass.cycles.max(1) as f64;
        println!(
            "  {index:>4}  {:>9}  {:>9}  {busy:>3.0} %  {:<12}  {}",
            pass.cycles,
            cost.cycles,
            cause(cost),
            pass.name
        );
    }
    let total: u64 = predicted.iter().map(|cost| cost.cycles).sum();
    println!("  predicted {total} cycles");
    let stalls: Vec<_> = CAUSES
        .iter()
        .zip(frame.stalls)
        .map(|(cause, cycles)| format!("{cause} {cycles}"))
        .collect();
    println!("  stall cycles: {}", stalls.join(", "));
    println!("  {} cycles, {} tensors compared, {seconds:.2} s", frame.cycles, frame.compared);
    match (&frame.end, &frame.mismatch) {
        (End::Fault { code, client, block, pass }, _) => {
            println!("  FAULT code {code}, client {client}, block {block}, pass {pass}");
        }
        (End::Done, None) => println!("  equal to the reference, bit for bit"),
        (End::Done, Some(_)) => {}
    }
    if let Some(m) = &frame.mismatch {
        let d = m.difference;
        println!(
            "  DIFFERS first in pass {} ({}), {}: channel {}, row {}, column {}: {} instead of {}; \
             {} numbers differ; cycle {}",
            m.pass,
            bundle.program.entries.get(m.pass).map_or("end", |entry| &entry.name),
            m.value,
            d.channel,
            d.row,
            d.column,
            d.found,
            d.expected,
            d.count,
            m.cycle
        );
    }
    Ok(())
}
