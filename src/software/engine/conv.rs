//! Convolutions: exact sums from float kernels, then the output stage in integers.

use super::limits;
use crate::base::arithmetic::{Function, Rounding, X_BITS, saturate};
use crate::base::error::Result;
use crate::base::tensor::Tensor;
use crate::frontend::ops::conv::Conv;
use crate::frontend::ops::epilogue::{Epilogue, Residual};
use crate::frontend::ops::window::{AutoPad, Window};
use crate::frontend::ops::{Inputs, Operator as _};
use crate::model::qgraph::{ConvOutput, DpuActivation, Layer, QConv, QGraph, QValue};

use rayon::prelude::*;

/// Sums of integers below this are exact in single precision.
const EXACT: u64 = 1 << 24;

/// A convolution with its weights as floats.
#[derive(Debug)]
pub struct PreparedConv {
    op: Conv,
    /// The weights, or their upper and lower halves: `w = 16 * upper + lower`.
    weights: Vec<Tensor>,
    /// Bias proper per output channel, zero points not folded in.
    bias: Vec<i64>,
}

impl PreparedConv {
    pub fn new(graph: &QGraph, layer: &Layer, conv: &QConv) -> Result<Self> {
        let [rows, columns] = conv.axes;
        let shape = [conv.outputs(), conv.group_inputs(), rows.kernel, columns.kernel];
        let zeros = layer.input(0).and_then(|id| graph.value(id).integer()).map(|(_, s)| s);
        let zeros: Vec<i64> =
            zeros.unwrap_or_default().iter().map(|scale| scale.zero.into()).collect();
        let filters = || conv.weights.chunks(conv.taps().max(1));
        let largest = filters().map(|filter| {
            filter.iter().map(|weight| u64::from(weight.unsigned_abs())).sum::<u64>() * 255
        });
        let weights = if largest.max().unwrap_or(0) < EXACT {
            vec![tensor(&shape, &conv.weights, |weight| weight)?]
        } else {
            vec![
                tensor(&shape, &conv.weights, |weight| weight >> 4)?,
                tensor(&shape, &conv.weights, |weight| weight & 15)?,
            ]
        };
        let taps = rows.kernel * columns.kernel;
        let per_group = conv.outputs() / conv.group.max(1);
        let bias = filters()
            .zip(&conv.bias)
            .enumerate()
            .map(|(output, (filter, &bias))| {
                let first = output / per_group.max(1) * conv.group_inputs();
                let folded: i64 = filter
                    .chunks(taps.max(1))
                    .zip(&zeros[first..])
                    .map(|(taps, zero)| taps.iter().map(|&w| i64::from(w)).sum::<i64>() * zero)
                    .sum();
                i64::from(bias) + folded
            })
            .collect();
        let window = Window {
            kernel: vec![rows.kernel, columns.kernel],
            strides: vec![rows.stride, columns.stride],
            pads: vec![(rows.begin, rows.end), (columns.begin, columns.end)],
            dilations: vec![rows.dilation, columns.dilation],
            auto_pad: AutoPad::Explicit,
        };
        let op = Conv { window, group: conv.group, epilogue: Epilogue::default() };
        Ok(Self { op, weights, bias })
    }

    /// Runs the layer on carried tensors.
    pub fn run(
        &self,
        graph: &QGraph,
        conv: &QConv,
        input: &Tensor,
        residual: Option<(&QValue, &Tensor)>,
        output: &QValue,
    ) -> Result<Vec<Tensor>> {
        let mut sums = Vec::with_capacity(2);
        for weights in &self.weights {
            let inputs = [Some(input), Some(weights)];
            sums.extend(self.op.eval(Inputs::new(&inputs))?);
        }
        let halves = sums.iter().map(|sum| sum.values::<f32>()).collect::<Result<Vec<_>>>()?;
        let Some((width, scales)) = output.integer() else { return Ok(sums) };
        let plane: usize = output.shape.iter().skip(2).product();
        let residual = match residual {
            Some((value, tensor)) => value.integer().map(|(_, s)| s).zip(Some(tensor.values()?)),
            None => None,
        };
        let mut data = vec![0f32; output.len()];
        data.par_chunks_mut(plane.max(1)).enumerate().for_each(|(index, data)| {
            let range = index * plane..(index + 1) * plane;
            let channel = index % scales.len();
            let stage = Stage::new(graph, conv, channel, limits(width, scales[channel]));
            let residual = residual.map(|(scales, values)| {
                let exponent = scales[channel].exponent;
                let align = conv.residual_shift(&graph.functions, channel, exponent);
                (align, &values[range.clone()])
            });
            match &halves[..] {
                [sums] => stage
                    .run(self.bias[channel], residual, data, |at| sums[range.start + at] as i64),
                [upper, lower] => stage.run(self.bias[channel], residual, data, |at| {
                    16 * upper[range.start + at] as i64 + lower[range.start + at] as i64
                }),
                _ => {}
            }
        });
        Ok(vec![Tensor::new(&output.shape, data)?])
    }
}

fn tensor(shape: &[usize], weights: &[i8], half: impl Fn(i8) -> i8) -> Result<Tensor> {
    Tensor::new(shape, weights.iter().map(|&weight| f32::from(half(weight))).collect())
}

/// The output stage of one channel.
struct Stage<'a> {
    rounding: Rounding,
    kind: Kind<'a>,
    low: i64,
    high: i64,
}

enum Kind<'a> {
    Direct { shift: i32, relu: bool },
    Function { function: &'a Function, argument: i32, shift: i32, residual: Option<Residual> },
    Dpu { accumulator_shift: i32, bias_shift: i32, shift: i32, activation: DpuActivation },
}

impl<'a> Stage<'a> {
    fn new(graph: &'a QGraph, conv: &'a QConv, channel: usize, limits: (f32, f32)) -> Self {
        let kind = match &conv.output {
            ConvOutput::Direct { shifts, relu } => {
                Kind::Direct { shift: shifts[channel].into(), relu: *relu }
            }
            ConvOutput::Function { function, arguments, shifts, residual, .. } => Kind::Function {
                function: &graph.functions[*function],
                argument: arguments[channel].into(),
                shift: shifts[channel].into(),
                residual: *residual,
            },
            ConvOutput::Dpu { accumulator_shift, bias_shift, shift, activation } => Kind::Dpu {
                accumulator_shift: (*accumulator_shift).into(),
                bias_shift: (*bias_shift).into(),
                shift: (*shift).into(),
                activation: *activation,
            },
        };
        Self { rounding: graph.rounding, kind, low: limits.0 as i64, high: limits.1 as i64 }
    }

    /// Writes `q - z` for every sum.
    fn run(
        &self,
        bias: i64,
        residual: Option<(i32, &[f32])>,
        data: &mut [f32],
        sum: impl Fn(usize) -> i64,
    ) {
        let rounding = self.rounding;
        match self.kind {
            Kind::Direct { shift, relu } => {
                let low = if relu { self.low.max(0) } else { self.low };
                for (at, out) in data.iter_mut().enumerate() {
                    let y = rounding.shift(sum(at) + bias, shift);
                    *out = y.clamp(low, self.high) as f32;
                }
            }
            Kind::Function { function, argument, shift, residual: None } => {
                for (at, out) in data.iter_mut().enumerate() {
                    let x = saturate(rounding.shift(sum(at) + bias, argument), X_BITS);
                    let y = rounding.shift(function.at(x), shift);
                    *out = y.clamp(self.low, self.high) as f32;
                }
            }
            Kind::Function { function, argument, shift, residual: Some(place) } => {
                let (align, other) = residual.unwrap_or_default();
                for (at, out) in data.iter_mut().enumerate() {
                    let aligned = rounding.shift(other[at] as i64, align);
                    let mut x = saturate(rounding.shift(sum(at) + bias, argument), X_BITS);
                    if place == Residual::BeforeActivation {
                        x = saturate(x + aligned, X_BITS);
                    }
                    let mut y = function.at(x);
                    if place == Residual::AfterActivation {
                        y += aligned;
                    }
                    *out = rounding.shift(y, shift).clamp(self.low, self.high) as f32;
                }
            }
            Kind::Dpu { accumulator_shift, bias_shift, shift, activation } => {
                for (at, out) in data.iter_mut().enumerate() {
                    let n = (sum(at) << accumulator_shift) + (bias << bias_shift);
                    let y = match activation {
                        DpuActivation::Relu => rounding.shift(n.max(0), shift),
                        DpuActivation::LeakyRelu if n < 0 => rounding.shift(26 * n, shift + 8),
                        _ => rounding.shift(n, shift),
                    };
                    *out = y.clamp(self.low, self.high) as f32;
                }
            }
        }
    }
}
