//! One task, performed in this process.

use std::time::Instant;

use super::faults;
use super::manifest::{Campaign, Work};
use super::record::{Failure, FrameOutcome, Outcome, PointOutcome, Record};
use crate::base::error::{Error, Result, codes};
use crate::compile::program::predict::{self, READ_LATENCY};
use crate::compile::{CompileOptions, Compiled};
use crate::session::network::Interface;
use crate::verify::cosim::{
    self, Device, End, Frame, Geometry, Simulation, Timing, Values, Verifier,
};
use crate::vision::task::{Purpose, Task};

/// Performs a task and writes its result; an error of the task is its result too.
///
/// # Errors
/// [`codes::FILE_WRITE`] when the result cannot be written; [`codes::CAMPAIGN`] for an index without a task.
pub fn perform(campaign: &Campaign, index: usize, attempt: u32) -> Result<Record> {
    let work = campaign.manifest.tasks.get(index).ok_or_else(|| no_task(campaign, index))?;
    let started = Instant::now();
    let outcome = match outcome(campaign, work) {
        Ok(outcome) => outcome,
        Err(error) => Outcome::Failed(failure(&error)),
    };
    let seconds = started.elapsed().as_secs_f64();
    let record = Record::new(campaign, index, (attempt, seconds), outcome);
    record.write(campaign)?;
    Ok(record)
}

/// The error for an index beyond the tasks.
pub fn no_task(campaign: &Campaign, index: usize) -> Error {
    let last = campaign.manifest.tasks.len().saturating_sub(1);
    let message = format!("there is no task {index}; the campaign has 0 to {last}");
    Error::new(&codes::CAMPAIGN, message).help("give an index of its manifest")
}

fn failure(error: &Error) -> Failure {
    let places = error.places().iter().map(|place| format!(", {place}")).collect::<String>();
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    let message = format!("{}{}{places}", error.message(), cause.unwrap_or_default());
    Failure { code: error.code().id.to_owned(), message }
}

fn outcome(campaign: &Campaign, work: &Work) -> Result<Outcome> {
    match work {
        Work::Frame { image, stalls, .. } => {
            let bench = Bench::new(campaign, campaign.compiled()?, *image)?;
            bench.frame(*stalls).map(Outcome::Frame)
        }
        Work::Fault { seed, image } => {
            let bench = Bench::new(campaign, campaign.compiled()?, *image)?;
            // Every other one beside a memory that stalls.
            let mut device = bench.device((seed % 2 == 1).then_some(*seed))?;
            let outcome = faults::inject(&bench.compiled, &mut device, &bench.values, *seed);
            outcome.map(Outcome::Fault)
        }
        Work::Point { target, image } => {
            let options = CompileOptions::default();
            let compiled = Compiled::new(campaign.model()?, target, options)?;
            let bench = Bench::new(campaign, compiled, *image)?;
            bench.point().map(Outcome::Point)
        }
    }
}

/// A design, and a frame with what is right.
struct Bench {
    compiled: Compiled,
    task: Task,
    geometry: crate::vision::task::Geometry,
    values: Values,
}

impl Bench {
    fn new(campaign: &Campaign, compiled: Compiled, image: usize) -> Result<Self> {
        let task = task(campaign, &compiled)?;
        let (input, geometry) = task.preprocess(&campaign.image(image)?)?;
        let values = Verifier::new(&compiled).values(&[input])?;
        Ok(Self { compiled, task, geometry, values })
    }

    fn device(&self, stalls: Option<u64>) -> Result<Device> {
        let library = cosim::compile(&self.compiled, false)?;
        let simulation = Simulation::load(&library, Geometry::of(&self.compiled.design))?;
        let verifier = Verifier::new(&self.compiled);
        let timing = Timing { latency: READ_LATENCY, stalls };
        let mut device = Device::new(simulation, verifier.buffers(&self.values)?, timing);
        device.set_image(&verifier.image(&self.values)?, 0);
        Ok(device)
    }

    fn frame(&self, stalls: Option<u64>) -> Result<FrameOutcome> {
        let mut device = self.device(stalls)?;
        let verifier = Verifier::new(&self.compiled);
        let (frame, outputs) = verifier.run_to_outputs(&mut device, &self.values)?;
        let ports = Interface::of_model(&self.compiled.model).outputs;
        let named: Vec<_> =
            ports.iter().zip(&outputs).map(|((name, _), tensor)| (*name, tensor)).collect();
        let prediction = match frame.end {
            End::Done => {
                Some(self.task.postprocess(&named, &self.geometry, Purpose::Evaluation)?)
            }
            End::Fault(_) => None,
        };
        Ok(FrameOutcome {
            cycles: frame.cycles,
            compared: frame.compared,
            difference: difference(&self.compiled, &frame),
            prediction,
        })
    }

    fn point(&self) -> Result<PointOutcome> {
        let Compiled { program, design, .. } = &self.compiled;
        let costs = predict::predict(&program.stream, design, READ_LATENCY)?;
        let frame = Verifier::new(&self.compiled).run(&mut self.device(None)?, &self.values)?;
        Ok(PointOutcome {
            cycles: frame.cycles,
            predicted: costs.iter().map(|cost| cost.cycles).sum(),
            compared: frame.compared,
            difference: difference(&self.compiled, &frame),
        })
    }
}

/// The campaign's task on a network.
fn task(campaign: &Campaign, compiled: &Compiled) -> Result<Task> {
    let interface = Interface::of_model(&compiled.model);
    let shape = interface.inputs.first().map_or(&[][..], |(_, shape)| *shape);
    Task::new(campaign.manifest.task.clone(), shape)
}

/// What is wrong with a frame.
fn difference(compiled: &Compiled, frame: &Frame) -> Option<String> {
    match (&frame.mismatch, frame.end) {
        (_, End::Fault(fault)) => Some(fault.describe(&compiled.program)),
        (Some(mismatch), End::Done) => {
            let own = mismatch.difference;
            Some(format!(
                "pass {}, {}: channel {}, row {}, column {}: {} instead of {}; {} numbers differ",
                mismatch.pass,
                mismatch.value,
                own.channel,
                own.row,
                own.column,
                own.found,
                own.expected,
                own.count
            ))
        }
        (None, End::Done) if frame.compared == 0 => Some("nothing was compared".to_owned()),
        (None, End::Done) => None,
    }
}
