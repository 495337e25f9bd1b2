//! The quantizer: float graph and calibration frames to a quantized graph.
//!
//! Scales are powers of two per channel with a zero point per channel; the exponents of a tensor's
//! channels are folded into the weights that read it before these are rounded, so a product sum
//! needs one shift per output channel. Weights are rounded layer after layer by GPTQ (Frantar et al.
//! 2023), each on what the integer layers before it give. Nothing is trained.

mod activations;
mod arguments;
mod assign;
mod balance;
mod both;
mod build;
mod channel;
mod cholesky;
mod concats;
mod filters;
mod fixed_point;
mod function;
mod gptq;
mod in_float;
mod moments;
mod output_stages;
mod precision;
mod preview;
mod products;
mod range;
mod report;
mod rules;
mod scales;
mod sensitivity;
mod shrinkage;
mod state;
mod statistics;
mod successive;
mod tables;
mod trial;
mod unfuse;
mod unseen;
mod weights;

use crate::base::error::{Error, Result, codes};
use crate::base::tensor::{DType, Tensor};
use crate::frontend::graph::{Graph, ValueId};
use crate::frontend::rewrites::{self, Rewrite};
use crate::model::forms::FloatForm;
use crate::model::qgraph::{QGraph, Width};

use assign::Assignment;
pub use in_float::InFloat;
pub use preview::{Decision, Preview};
pub use report::{LayerQuality, Report, ReportFile};

/// Choices of the quantizer; the default is the best known recipe.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Seed of every random draw.
    pub seed: u64,
    /// A zero point per channel; else symmetric.
    pub zero_points: bool,
    /// An exponent per channel of a tensor; else one per tensor.
    pub channel_exponents: bool,
    /// Choose ranges by the error on samples; else cover the largest value seen.
    pub range_search: bool,
    /// Choose the rule of the range search by the error of the network's answer, value by value.
    pub range_trials: bool,
    /// Trade activation error against weight error between channels.
    pub balancing: bool,
    /// Round weights by GPTQ; else each to the nearest.
    pub gptq: bool,
    /// Correct biases for the mean error of rounded weights.
    pub bias_correction: bool,
    /// Let GPTQ and bias correction make up for the errors of the layers before, too.
    pub compensation: bool,
    /// Keep weights within +-127; else down to -128.
    pub symmetric_weights: bool,
    /// Width of tensors that leave the accelerator for good.
    pub head: Width,
    /// Names or patterns (`*`) of layers that stay in float.
    pub float_layers: Vec<String>,
    /// Names or patterns (`*`) of layers that are kept in float besides their integer form.
    pub both: Vec<String>,
    /// How many more layers stay in float: those with the worst sensitivity.
    pub float_worst: usize,
    /// Keep as many of the worst layers in float as this signal to noise ratio of the answer takes,
    /// in dB.
    pub min_sqnr: Option<f64>,
    /// Frames that calibrate, at most: the first ones.
    pub calibration_frames: usize,
    /// Frames on which weights are rounded, at most; fewer where they take too much memory.
    pub rounding_frames: usize,
    /// Frames on which the report is measured, at most; frames that do not calibrate if there are.
    pub report_frames: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 0,
            zero_points: true,
            channel_exponents: true,
            range_search: true,
            range_trials: true,
            balancing: true,
            gptq: true,
            bias_correction: true,
            compensation: true,
            symmetric_weights: true,
            head: Width::I16,
            float_layers: Vec::new(),
            both: Vec::new(),
            float_worst: 0,
            min_sqnr: None,
            calibration_frames: 100,
            rounding_frames: 64,
            report_frames: 32,
        }
    }
}

impl Options {
    /// How many frames calibrate.
    fn calibrating(&self, frames: &dyn Frames) -> usize {
        frames.len().min(self.calibration_frames)
    }

    /// At most `count` frames to measure on, at equal distances: of those that do not calibrate,
    /// else of all.
    fn measuring(&self, frames: &dyn Frames, count: usize) -> Vec<usize> {
        let all = frames.len();
        let first = if all > self.calibration_frames { self.calibration_frames } else { 0 };
        let count = count.min(all - first);
        (0..count).map(|number| first + number * (all - first) / count).collect()
    }
}

/// Calibration data: frames by index, ready for the network.
pub trait Frames: Sync {
    /// Number of frames.
    fn len(&self) -> usize;

    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One tensor per network input.
    ///
    /// # Errors
    /// Those of reading the frame.
    fn frame(&self, index: usize) -> Result<Vec<Tensor>>;

    /// The numbers behind the network's answer, such as detection scores, by which the error of the
    /// whole network is judged; `None` where nothing is known of the outputs' meaning.
    ///
    /// # Errors
    /// Those of reading the outputs.
    fn scores(&self, outputs: &[(&str, &Tensor)]) -> Result<Option<Vec<f32>>> {
        let _ = outputs;
        Ok(None)
    }
}

/// How far the work is, for progress displays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// A stage begins.
    Stage {
        /// What it does.
        name: &'static str,
        /// How many steps it has.
        len: usize,
    },
    /// A step of the stage is done.
    Step,
}

/// Who is told how far the work is; called from several threads.
pub type Observer<'a> = &'a (dyn Fn(Progress) + Sync);

/// A quantized network with what is known of its quality.
#[derive(Debug)]
pub struct Quantized {
    /// The network.
    pub graph: QGraph,
    /// Layers of it that are wanted in float too ([`Options::both`]).
    pub floats: Vec<FloatForm>,
    /// Error per layer on calibration frames.
    pub report: Report,
}

/// Quantizes a network as it was imported: runs every rewrite that the accelerator wants
/// ([`rewrites::for_accelerator`]), then chooses scales and rounds weights.
///
/// The decibels of the report compare with `graph` itself, so that a rewrite that is wrong shows in them.
///
/// # Errors
/// [`codes::CALIBRATION`] without frames, [`codes::BATCH`] for a network of several frames at once,
/// [`codes::NOTHING_TO_QUANTIZE`] when no layer would compute in integers,
/// [`codes::ACTIVATION_NON_FINITE`], [`codes::ACCUMULATOR`], [`codes::LAYER_NAME`] for a pattern
/// that names no layer, [`codes::BAD_ARGUMENT`] for more float layers than there are or an absurd ratio.
pub fn quantize(
    graph: &Graph,
    frames: &dyn Frames,
    options: &Options,
    progress: Observer<'_>,
) -> Result<Quantized> {
    quantize_rewritten(graph, &rewrites::for_accelerator(), frames, options, progress)
}

/// As [`quantize`], with a choice of rewrites.
///
/// # Errors
/// Those of [`quantize`], and of the rewrites.
pub fn quantize_rewritten(
    graph: &Graph,
    rewrites: &[&dyn Rewrite],
    frames: &dyn Frames,
    options: &Options,
    progress: Observer<'_>,
) -> Result<Quantized> {
    if frames.is_empty() {
        return Err(Error::new(&codes::CALIBRATION, "there is no calibration frame"));
    }
    one_frame_at_a_time(graph)?;
    precision::check(options)?;
    let mut rewritten = graph.clone();
    rewrites::run(&mut rewritten, rewrites)?;
    only_floats_between(&rewritten)?;
    products::replace(&mut rewritten, frames, options)?;
    activations::to_convolutions(&mut rewritten, options)?;
    concats::pass_by_parts(&mut rewritten, options)?;
    let attempt = |options: &Options| Attempt::new(graph, &rewritten, frames, options, progress);
    let rate = |attempt: Attempt| attempt.rate(frames, options, progress);
    let plain = rate(attempt(options)?)?;
    match precision::choose(plain.report.clone(), options, attempt)? {
        None => Ok(plain),
        Some(mixed) => rate(mixed),
    }
}

/// Integers are computed frame by frame, on the accelerator and off it.
fn one_frame_at_a_time(graph: &Graph) -> Result<()> {
    let Some((id, frames)) = batch(graph) else { return Ok(()) };
    let (name, shape) = (&graph.value(id).name, &graph.fact(id).shape);
    let message = format!("input \"{name}\" takes {frames} frames at once: {shape:?}");
    Err(Error::new(&codes::BATCH, message))
}

/// What one layer computes and another reads has to be in single precision.
fn only_floats_between(graph: &Graph) -> Result<()> {
    let links = graph.links();
    for node in &graph.nodes {
        for &id in &node.outputs {
            let fact = graph.fact(id);
            let Some(&reader) = links.consumers(id).first() else { continue };
            if fact.value.is_none() && fact.dtype != DType::F32 {
                let (kind, reader) = (node.op.kind(), &graph.nodes[reader].name);
                let message = format!("{kind} gives {}, which \"{reader}\" reads", fact.dtype);
                return Err(Error::new(&codes::NOT_FLOAT, message).at(node.place()));
            }
        }
    }
    Ok(())
}

/// The first input of several frames, with their number.
fn batch(graph: &Graph) -> Option<(ValueId, usize)> {
    let batch = |id: ValueId| {
        let shape = &graph.fact(id).shape;
        (shape.len() > 2 && shape[0] != 1).then(|| (id, shape[0]))
    };
    graph.inputs.iter().copied().find_map(batch)
}

/// A quantized network before the sensitivity of its layers is measured.
struct Attempt {
    /// The float network, node for layer.
    float: Graph,
    /// The quantized network with every layer rounded for itself.
    alone: QGraph,
    quantized: Quantized,
}

impl Attempt {
    /// `imported` is the network that `rewritten` was made from.
    fn new(
        imported: &Graph,
        rewritten: &Graph,
        frames: &dyn Frames,
        options: &Options,
        progress: Observer<'_>,
    ) -> Result<Self> {
        let mut graph = rewritten.clone();
        unfuse::unfuse_activations(&mut graph, options)?;
        let assignment = Assignment::new(&graph, options)?;
        if !assignment.computes() {
            let message = "no layer of the network would compute in integers";
            return Err(Error::new(&codes::NOTHING_TO_QUANTIZE, message));
        }
        progress(Progress::Stage { name: "statistics", len: options.calibrating(frames) });
        let statistics = statistics::collect(&graph, &assignment, frames, options, progress)?;
        let arguments = arguments::collect(&graph, &assignment, frames, options)?;
        let points = output_stages::choose(&graph, &assignment, &statistics, &arguments, options)?;
        let ranges = range::collect(&graph, &assignment, &statistics, &points, options);
        let rules = rules::choose(&graph, &statistics, &ranges, frames, options, progress)?;
        let chosen = (&ranges, &rules);
        let scales = scales::choose(&graph, &assignment, &statistics, &points, chosen, options)?;
        let folded = weights::fold(&graph, &assignment, &scales, &points, options)?;
        let nearest = weights::nearest(&folded);
        let source = build::Source {
            graph: &graph,
            assignment: &assignment,
            scales: &scales,
            points: &points,
        };
        let mut quantized = build::build(source, &folded, &nearest)?;
        let alone = if options.gptq || options.bias_correction {
            let walk = successive::Walk { source, folded: &folded, nearest: &nearest };
            walk.round(&mut quantized, frames, options, progress)?
        } else {
            quantized.clone()
        };
        let report = report::measure(imported, &graph, &quantized, frames, options, progress)?;
        let floats = both::float_forms(&graph, &assignment, &quantized, options)?;
        let quantized = Quantized { graph: quantized, floats, report };
        Ok(Self { float: graph, alone, quantized })
    }

    /// Measures the sensitivity of every layer.
    fn rate(
        mut self,
        frames: &dyn Frames,
        options: &Options,
        progress: Observer<'_>,
    ) -> Result<Quantized> {
        let found = sensitivity::measure(&self.float, &self.alone, frames, options, progress)?;
        let layers = &mut self.quantized.report.layers;
        for (layer, sensitivity) in layers.iter_mut().zip(found) {
            layer.sensitivity = sensitivity;
        }
        Ok(self.quantized)
    }
}
