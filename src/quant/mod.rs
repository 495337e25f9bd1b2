//! The quantizer: float graph and calibration frames to a quantized graph.
//!
//! Scales are powers of two per channel with a zero point per channel; the exponents of a tensor's
//! channels are folded into the weights that read it before these are rounded, so a product sum
//! needs one shift per output channel. Weights are rounded by GPTQ (Frantar et al. 2023) on the
//! Hessians of a first, plainly rounded model. Nothing is trained.

mod assign;
mod balance;
mod build;
mod cholesky;
mod function;
mod gptq;
mod hessian;
mod lower;
mod report;
mod scales;
mod statistics;
mod weights;

use crate::error::{Error, Result, codes};
use crate::graph::Graph;
use crate::ops::Op;
use crate::qgraph::{QGraph, Width};
use crate::tensor::Tensor;

use assign::Assignment;
pub use report::{LayerQuality, Report};

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
    /// Trade activation error against weight error between channels.
    pub balancing: bool,
    /// Round weights by GPTQ; else each to the nearest.
    pub gptq: bool,
    /// Correct biases for the mean error of rounded weights.
    pub bias_correction: bool,
    /// Width of tensors that leave the accelerator for good.
    pub head: Width,
    /// Names or patterns (`*`) of layers that stay in float.
    pub float_layers: Vec<String>,
    /// Frames of which Hessians are taken, at most.
    pub hessian_frames: usize,
    /// Frames on which the report is measured.
    pub report_frames: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 0,
            zero_points: true,
            channel_exponents: true,
            range_search: true,
            balancing: true,
            gptq: true,
            bias_correction: true,
            head: Width::I16,
            float_layers: Vec::new(),
            hessian_frames: 64,
            report_frames: 8,
        }
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
}

/// A stage of the work, for progress displays: its name and how many frames it goes through.
pub type Progress<'a> = &'a (dyn Fn(&'static str, usize) + Sync);

/// A quantized network with what is known of its quality.
#[derive(Debug)]
pub struct Quantized {
    /// The network.
    pub graph: QGraph,
    /// Error per layer on calibration frames.
    pub report: Report,
}

/// Quantizes a graph after the standard passes.
///
/// # Errors
/// [`codes::CALIBRATION`] without frames, [`codes::NOTHING_TO_QUANTIZE`],
/// [`codes::ACTIVATION_NON_FINITE`], [`codes::ACCUMULATOR`], [`codes::LAYER_NAME`].
pub fn quantize(
    graph: &Graph,
    frames: &dyn Frames,
    options: &Options,
    progress: Progress<'_>,
) -> Result<Quantized> {
    if frames.is_empty() {
        return Err(Error::new(&codes::CALIBRATION, "there is no calibration frame"));
    }
    let mut graph = graph.clone();
    lower::lower(&mut graph, options)?;
    let assignment = Assignment::new(&graph, options)?;
    if !graph.nodes.iter().any(|node| matches!(node.op, Op::Conv(_))) {
        return Err(Error::new(&codes::NOTHING_TO_QUANTIZE, "the network has no convolution"));
    }
    progress("statistics", frames.len());
    let statistics = statistics::collect(&graph, &assignment, frames, options, progress)?;
    let scales = scales::choose(&graph, &assignment, &statistics, options)?;
    let folded = weights::fold(&graph, &assignment, &scales)?;
    let nearest = weights::nearest(&folded);
    let mut quantized = build::build(&graph, &assignment, &scales, &folded, &nearest)?;
    if options.gptq || options.bias_correction {
        progress("Hessians", frames.len().min(options.hessian_frames));
        let moments = hessian::collect(&quantized, frames, options, progress)?;
        let rounded = gptq::round(&folded, &nearest, &moments, options)?;
        quantized = build::build(&graph, &assignment, &scales, &folded, &rounded)?;
    }
    let measured = frames.len().min(options.report_frames);
    progress("error per layer", measured);
    let report = report::measure(&graph, &quantized, frames, measured, progress)?;
    Ok(Quantized { graph: quantized, report })
}
