//! How well the quantized network follows the float one, layer by layer.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::trial::{Answer, decibels, worst};
use super::{Frames, Observer, Options, Progress};
use crate::base::arithmetic::power;
use crate::base::error::Result;
use crate::base::json::{Form, FormatOf, VersionOf};
use crate::base::parallel;
use crate::base::tensor::Tensor;
use crate::frontend::graph::Graph;
use crate::model::qgraph::{QGraph, QValue};
use crate::software::engine::Engine;
use crate::software::executor::Executor;

/// Quality of a quantized network on frames of the calibration set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// Frames it was measured on.
    pub frames: usize,
    /// Whether none of these frames calibrated.
    pub held_out: bool,
    /// Signal to noise ratio in dB of the network's answer against the float network as it was imported: of the scores where the task is known
    /// (detection: objectness times class score of every box), else of the worst output.
    pub answer_sqnr: f64,
    /// Every value that a layer computes, in order of execution.
    pub layers: Vec<LayerQuality>,
}

/// How well a quantized network follows the float one, layer by layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReportFile {
    /// `seigo-quantization`.
    pub format: FormatOf<Self>,
    /// Version of this form.
    pub version: VersionOf<Self>,
    /// What was measured.
    #[serde(flatten)]
    pub report: Report,
}

impl Form for ReportFile {
    const FORMAT: &'static str = "seigo-quantization";
    const VERSION: u32 = 1;
}

impl From<Report> for ReportFile {
    fn from(report: Report) -> Self {
        Self { format: FormatOf::default(), version: VersionOf::default(), report }
    }
}

/// Quality of one layer's first output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LayerQuality {
    /// Name of the layer.
    pub layer: String,
    /// Operator.
    pub operator: String,
    /// Signal to noise ratio in dB against the float network, errors of all layers before it
    /// included. Where the value leaves the network, that is the network as it was imported.
    pub sqnr: f64,
    /// Share of the elements that lie at an end of the integer range, 0 to 1.
    pub clipped: f64,
    /// Least and greatest value of the float network.
    pub range: [f64; 2],
    /// Signal to noise ratio in dB of the network's answer when this layer alone computes in
    /// integers; the less, the more it would help to keep the layer in float. Absent for layers
    /// that are float or only move integers.
    pub sensitivity: Option<f64>,
    /// Bits that the accumulator can need (convolutions).
    pub accumulator_bits: Option<u32>,
}

/// Sums over frames.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    signal: f64,
    noise: f64,
    clipped: usize,
    count: usize,
    min: f64,
    max: f64,
}

/// Runs the networks on frames: what leaves is compared with the network as it was imported, what
/// lies inside with `graph`, the network that was rounded, in which every value has its counterpart.
pub fn measure(
    imported: &Graph,
    graph: &Graph,
    quantized: &QGraph,
    source: &dyn Frames,
    options: &Options,
    progress: Observer<'_>,
) -> Result<Report> {
    let measured = options.measuring(source, options.report_frames);
    progress(Progress::Stage { name: "error per layer", len: measured.len() });
    let engine = Engine::new(quantized)?;
    let (original, executor) = (Executor::new(imported), Executor::new(graph));
    let names: HashMap<&str, usize> =
        quantized.values.iter().enumerate().map(|(index, v)| (&*v.name, index)).collect();
    let per_frame = parallel::map(measured.len(), |number| {
        let inputs = source.frame(measured[number])?;
        let mut floats: Vec<Option<Tensor>> = vec![None; quantized.values.len()];
        executor.run_observed(&inputs, |id, tensor| {
            if let Some(&index) = names.get(&*graph.value(id).name) {
                floats[index] = Some(tensor.clone());
            }
        })?;
        let exact = original.run(&inputs)?;
        for (output, tensor) in imported.outputs.iter().zip(&exact) {
            let same = quantized.outputs.iter().find(|left| left.name == output.name);
            if let Some(same) = same {
                floats[same.value.0] = Some(tensor.clone());
            }
        }
        let mut sums = vec![Sums::default(); quantized.values.len()];
        let outputs = engine.run_observed(&inputs, |id, tensor| {
            if let Some(float) = floats[id.0].take() {
                sums[id.0] = compare(quantized.value(id), &float, tensor)?;
            }
            Ok(())
        })?;
        let answer = Answer::of(imported, source, &exact)?;
        let noise = answer.noise(&Answer::of(imported, source, &outputs)?);
        progress(Progress::Step);
        Ok((sums, answer.signal(), noise))
    })?;
    let answers = per_frame.iter().map(|(_, signal, noise)| (&signal[..], &noise[..]));
    let answer_sqnr = worst(answers);
    let mut totals = vec![Sums::default(); quantized.values.len()];
    for (frame, _, _) in &per_frame {
        totals.iter_mut().zip(frame).for_each(|(total, sums)| total.add(*sums));
    }
    let layers = quantized.layers.iter().filter_map(|layer| {
        let sums = totals[layer.outputs.first()?.0];
        Some(LayerQuality {
            layer: layer.name.clone(),
            operator: layer.op.kind().to_owned(),
            sqnr: decibels(sums.signal, sums.noise),
            sensitivity: None,
            clipped: sums.clipped as f64 / sums.count.max(1) as f64,
            range: [sums.min, sums.max],
            accumulator_bits: layer.op.operator().accumulator_bits(),
        })
    });
    Ok(Report {
        frames: measured.len(),
        held_out: source.len() > options.calibration_frames,
        answer_sqnr,
        layers: layers.collect(),
    })
}

impl Sums {
    fn add(&mut self, other: Self) {
        self.signal += other.signal;
        self.noise += other.noise;
        self.clipped += other.clipped;
        self.count += other.count;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }
}

fn compare(value: &QValue, float: &Tensor, carried: &Tensor) -> Result<Sums> {
    let (float, carried) = (float.values::<f32>()?, carried.values::<f32>()?);
    let plane: usize = value.shape.iter().skip(2).product();
    let channels = value.channels().max(1);
    let mut sums = Sums::default();
    let planes = float.chunks(plane.max(1)).zip(carried.chunks(plane.max(1)));
    for (index, (float, carried)) in planes.enumerate() {
        let (step, ends) = match value.integer() {
            None => (1.0, None),
            Some((width, scales)) => {
                let scale = scales[index % channels];
                let half = power(width.bits() as i32 - 1);
                let zero = f64::from(scale.zero);
                (power(scale.exponent.into()), Some((-half - zero, half - 1.0 - zero)))
            }
        };
        for (&exact, &code) in float.iter().zip(carried) {
            let (exact, code) = (f64::from(exact), f64::from(code));
            sums.signal += exact * exact;
            sums.noise += (exact - code * step).powi(2);
            sums.clipped += usize::from(ends.is_some_and(|ends| code == ends.0 || code == ends.1));
            sums.min = sums.min.min(exact);
            sums.max = sums.max.max(exact);
        }
        sums.count += float.len();
    }
    Ok(sums)
}
