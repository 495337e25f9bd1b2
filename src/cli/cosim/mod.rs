//! `seigo cosim`.

mod junit;
mod show;

use std::path::PathBuf;
use std::time::Instant;

use super::DIFFERS;
use super::format::Format;
use super::outputs::Paths;
use super::tensors;
use super::terminal::Terminal;
use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::tensor::Tensor;
use crate::compile::Compiled;
use crate::compile::program::predict::{self, READ_LATENCY};
use crate::emit::bundle;
use crate::session::network::Interface;
use crate::session::vision;
use crate::verify::cosim::{
    self, Device, End, Frame, Geometry, Simulation, Timing, Values, Verifier, Waves,
};
use crate::vision::task::folder::Files;
use crate::vision::task::{image, path_beside};

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
    /// Input tensor; NAME may be left out where the network has one input; may be repeated
    #[arg(long, value_name = "[NAME=]FILE.npy", conflicts_with_all = ["image", "images"])]
    input: Vec<String>,
    /// Run at most N frames
    #[arg(long, value_name = "N", default_value_t = usize::MAX, hide_default_value = true)]
    frames: usize,
    /// Random stalls on every channel of the memory, by this seed
    #[arg(long, value_name = "S")]
    stall_seed: Option<u64>,
    /// Cycles from a read request to its first beat
    #[arg(long, value_name = "N", default_value_t = READ_LATENCY)]
    latency: u64,
    /// Task file or preset [default: the task in the model, else a preset that fits]
    #[arg(long, value_name = "FILE|PRESET")]
    task: Option<String>,
    /// Write a wave file (FST) of the first frame; slow and large
    #[arg(long, value_name = "FILE.fst")]
    trace: Option<PathBuf>,
    /// Begin the wave file with the pass that computes this layer
    #[arg(long, value_name = "LAYER", requires = "trace")]
    from_layer: Option<String>,
    /// Write a JUnit report: a suite per frame, a case per pass
    #[arg(long, value_name = "FILE.xml")]
    junit: Option<PathBuf>,
    /// Form of the result
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// A frame that has run.
struct Ran {
    name: String,
    frame: Frame,
    seconds: f64,
}

impl Ran {
    fn equal(&self) -> bool {
        self.frame.is_exact()
    }
}

impl Args {
    /// What is read and written.
    pub fn paths(&self) -> Paths {
        Paths::default()
            .reads("the bundle", &self.bundle)
            .reads_all("the image", &self.image)
            .reads_all("the folder of images", &self.images)
            .reads_all("the input", self.input.iter().map(|given| tensors::file(given)))
            .reads_all("the task file", &self.task)
            .writes("--trace", &self.trace)
            .writes("--junit", &self.junit)
    }
}

pub fn run(args: &Args, terminal: &Terminal) -> Result<u8> {
    let compiled = bundle::open(&args.bundle)?;
    if !compiled.uses_accelerator() {
        let message = "the bundle has no pass: the processor computes all layers of the network";
        return Err(
            Error::new(&codes::NOTHING_COMPARED, message).at(args.bundle.display().to_string())
        );
    }
    let first = first_pass(args, &compiled)?;
    let inputs = inputs(args, &compiled, terminal)?;
    if inputs.is_empty() {
        return Err(Error::new(&codes::NOTHING_COMPARED, "there is no frame to run"));
    }
    let bench = Bench::new(args, &compiled, args.trace.is_some(), terminal)?;
    let predicted = predict::predict(&compiled.program.stream, &compiled.design, args.latency)?;
    let passes = compiled.program.entries.len();
    let bar = terminal.progress(inputs.len(), "frames");
    let mut device: Option<Device> = None;
    let mut all: Vec<Ran> = Vec::new();
    for (number, (name, inputs)) in inputs.into_iter().enumerate() {
        let values = bench.verifier.values(&inputs).at(|| name.clone())?;
        let device = match &mut device {
            Some(device) => device,
            none => none.insert(bench.device(&values)?),
        };
        device.set_image(&bench.verifier.image(&values)?, number as u64);
        let path = args.trace.as_deref().filter(|_| number == 0);
        let waves = path.map(|path| Waves { path, passes: first..passes + 1 });
        let started = Instant::now();
        let frame = bench.verifier.run_with(device, &values, waves.as_ref());
        let ran = Ran {
            frame: frame.at(|| name.clone())?,
            seconds: started.elapsed().as_secs_f64(),
            name,
        };
        bar.inc(1);
        let text = show::frame(args.format, &compiled, &predicted, &ran)?;
        bar.suspend(|| terminal.result(&text))?;
        if !ran.equal() && all.iter().all(Ran::equal) && args.trace.is_none() {
            waves_of_difference(args, &compiled, (&ran.frame, number as u64), &values, terminal)?;
        }
        all.push(ran);
    }
    bar.finish_and_clear();
    if let Some(path) = &args.junit {
        junit::write(path, &args.bundle, &compiled.program, &all)?;
        terminal.remark(&format!("wrote {}", path.display()));
    }
    Ok(if all.iter().all(Ran::equal) { 0 } else { DIFFERS })
}

/// The pass that `--from-layer` names; the first one without.
fn first_pass(args: &Args, compiled: &Compiled) -> Result<usize> {
    let Some(layer) = &args.from_layer else { return Ok(0) };
    let entries = &compiled.program.entries;
    let of = |name: &str| name.split(" + ").any(|own| own == layer);
    entries.iter().position(|entry| of(&entry.name)).ok_or_else(|| {
        Error::new(&codes::BAD_ARGUMENT, format!("no pass computes \"{layer}\""))
            .help("`seigo plan` lists the passes with their layers")
    })
}

/// A simulation of a bundle with what its frames are compared with.
struct Bench<'a> {
    verifier: Verifier<'a>,
    library: PathBuf,
    timing: Timing,
}

impl<'a> Bench<'a> {
    fn new(args: &Args, compiled: &'a Compiled, traces: bool, terminal: &Terminal) -> Result<Self> {
        terminal.remark("building the simulation, unless it is in the cache");
        let started = Instant::now();
        let library = cosim::compile(compiled, traces)?;
        let seconds = started.elapsed().as_secs_f64();
        terminal.remark(&format!("simulation ready after {seconds:.1} s"));
        let verifier = Verifier::new(compiled);
        let timing = Timing { latency: args.latency, stalls: args.stall_seed };
        Ok(Self { verifier, library, timing })
    }

    fn device(&self, values: &Values) -> Result<Device> {
        let simulation = Simulation::load(&self.library, Geometry::of(self.verifier.design()))?;
        Ok(Device::new(simulation, self.verifier.buffers(values)?, self.timing))
    }
}

/// Runs the first frame that differs once more, alone, and records the pass with the first difference
/// (for an error of the hardware: its pass) beside the bundle's files.
fn waves_of_difference(
    args: &Args,
    compiled: &Compiled,
    (frame, number): (&Frame, u64),
    values: &Values,
    terminal: &Terminal,
) -> Result<()> {
    let pass = match (&frame.mismatch, frame.end) {
        (Some(mismatch), _) => mismatch.pass,
        (None, End::Fault(fault)) => usize::from(fault.pass),
        (None, End::Done) => return Ok(()),
    };
    let pass = pass.min(compiled.program.entries.len().saturating_sub(1));
    let path = args.bundle.join("difference.fst");
    terminal.remark("running the frame again, for waves of the pass that differs");
    let bench = Bench::new(args, compiled, true, terminal)?;
    let mut device = bench.device(values)?;
    device.set_image(&bench.verifier.image(values)?, number);
    let waves = Waves { path: &path, passes: pass..pass + 1 };
    let again = bench.verifier.run_with(&mut device, values, Some(&waves))?;
    let same = (&again.mismatch, again.end) == (&frame.mismatch, frame.end);
    terminal.remark(&format!(
        "wrote {}: pass {pass}; alone the frame {}",
        path.display(),
        if same { "differs in the same place" } else { "does not differ there" }
    ));
    Ok(())
}

/// Frames with their names: images, or the given tensors.
fn inputs(
    args: &Args,
    compiled: &Compiled,
    terminal: &Terminal,
) -> Result<Vec<(String, Vec<Tensor>)>> {
    let interface = Interface::of_model(&compiled.model);
    if let Some(first) = args.input.first() {
        let names: Vec<_> = interface.inputs.iter().map(|(name, _)| *name).collect();
        return Ok(vec![(tensors::file(first).to_owned(), tensors::read(&names, &args.input)?)]);
    }
    let paths = match (&args.image, &args.images) {
        (Some(path), _) => vec![path.clone()],
        (None, Some(folder)) => {
            let mut files = Files::images(folder)?;
            files.taken.truncate(args.frames);
            let files = files.keep_images()?;
            terminal.left_out(&files.left_out);
            files.taken
        }
        (None, None) => {
            return Err(Error::new(&codes::BAD_ARGUMENT, "there is nothing to run")
                .help("give --image, --images or --input"));
        }
    };
    let model = args.bundle.join(bundle::MODEL);
    let bound = vision::bind(&interface, &model, args.task.as_deref())?;
    terminal.assumed(bound.assumed, &path_beside(&model));
    paths
        .iter()
        .take(args.frames)
        .map(|path| {
            let name = path.display().to_string();
            let (tensor, _) = bound.task.preprocess(&image::read(path)?).at(|| name.clone())?;
            Ok((name, vec![tensor]))
        })
        .collect()
}
