//! Product sums by float convolutions, exact because every partial sum stays below 2^24.

use super::stage::Stage;
use super::writer::{Real, Writer};
use crate::base::arithmetic::{X_BITS, power};
use crate::base::error::{Error, Result, codes};
use crate::base::tensor::Tensor;
use crate::frontend::onnx::Attributes;
use crate::frontend::ops::epilogue::Residual;
use crate::frontend::ops::window::Axis;
use crate::model::qgraph::{ConvOutput, DpuActivation, QConv, QGraph, QValue, Scale};

use super::function::function;

/// Below this, integers, and their halves after a shift, are exact in single precision.
const EXACT: i64 = 1 << 23;

/// Attributes of a Conv node.
pub fn attributes(axes: [Axis; 2], group: usize) -> Attributes {
    let pair = |f: fn(&Axis) -> usize| axes.each_ref().map(f);
    let pads = [pair(|axis| axis.begin), pair(|axis| axis.end)].concat();
    Attributes::default()
        .with_list("kernel_shape", &pair(|axis| axis.kernel))
        .with_list("strides", &pair(|axis| axis.stride))
        .with_list("dilations", &pair(|axis| axis.dilation))
        .with_list("pads", &pads)
        .with("group", group as i64)
}

/// Largest magnitude of `q - z` of an int8 channel.
pub fn reach(scale: Scale) -> i64 {
    let zero = i64::from(scale.zero);
    (128 + zero).max(127 - zero)
}

/// A convolution seen from its inputs `q - z`.
pub struct Filters<'a> {
    conv: &'a QConv,
    /// `reach` of each input channel.
    reaches: Vec<i64>,
    /// Bias without the folded zero points.
    pub bias: Vec<i64>,
}

impl<'a> Filters<'a> {
    pub fn new(conv: &'a QConv, input: &QValue) -> Self {
        let scales = input.integer().map_or(&[][..], |(_, scales)| scales);
        let mut filters = Self {
            conv,
            reaches: scales.iter().map(|&scale| reach(scale)).collect(),
            bias: vec![],
        };
        let dpu = matches!(conv.output, ConvOutput::Dpu { .. });
        filters.bias = (0..conv.outputs())
            .map(|output| {
                let folded: i64 = filters
                    .weights(output)
                    .map(|(channel, weight)| weight * i64::from(scales[channel].zero))
                    .sum();
                i64::from(conv.bias[output]) + if dpu { 0 } else { folded }
            })
            .collect();
        filters
    }

    /// Input channel and weight of every tap of an output channel.
    fn weights(&self, output: usize) -> impl Iterator<Item = (usize, i64)> + '_ {
        let (taps, inputs) = (self.conv.taps(), self.conv.group_inputs());
        let first = output / (self.conv.outputs() / self.conv.group) * inputs;
        let plane = taps / inputs.max(1);
        let own = &self.conv.weights[output * taps..(output + 1) * taps];
        own.iter().enumerate().map(move |(tap, &weight)| (first + tap / plane, weight.into()))
    }

    /// Largest magnitude of a sum over digits of the weights.
    fn bound(&self, digit: impl Fn(i64) -> i64) -> i64 {
        let sum = |output| -> i64 {
            self.weights(output)
                .map(|(channel, weight)| digit(weight).abs() * self.reaches[channel])
                .sum()
        };
        (0..self.conv.outputs()).map(sum).max().unwrap_or(0)
    }

    /// Largest magnitude of a product sum.
    pub fn sum_bound(&self) -> i64 {
        self.bound(|weight| weight)
    }

    /// Writes the sums without bias, in the precision of the stage. Where they could reach 2^24,
    /// the weights are cut into digits, each with a convolution of its own.
    pub fn sums(&self, stage: &mut Stage<'_>, x: &str) -> Result<String> {
        for bits in [8u32, 4, 2, 1] {
            let planes: Vec<u32> = (0..8 / bits).collect();
            let digit = move |plane: u32| {
                move |weight: i64| {
                    let shifted = weight >> (plane * bits);
                    if (plane + 1) * bits == 8 { shifted } else { shifted & ((1 << bits) - 1) }
                }
            };
            if planes.iter().any(|&plane| self.bound(digit(plane)) >= 2 * EXACT) {
                continue;
            }
            let mut sum: Option<String> = None;
            for plane in planes {
                let own = self.plane(stage.writer, x, digit(plane))?;
                let own = stage.enter(&own);
                let own = stage.scale(&own, &[(plane * bits) as i32]);
                sum = Some(match sum {
                    None => own,
                    Some(sum) => stage.writer.plain("Add", &[&sum, &own]),
                });
            }
            return sum.ok_or_else(|| Error::new(&codes::INTERNAL, "no plane of weights"));
        }
        let taps = self.conv.taps();
        Err(Error::new(&codes::ACCUMULATOR, format!("{taps} products per sum, too many for ONNX")))
    }

    fn plane(&self, writer: &mut Writer, x: &str, digit: impl Fn(i64) -> i64) -> Result<String> {
        let conv = self.conv;
        let [rows, columns] = conv.axes;
        let shape = [conv.outputs(), conv.group_inputs(), rows.kernel, columns.kernel];
        let weights = conv.weights.iter().map(|&weight| digit(weight.into()) as f32).collect();
        let weights = writer.constant(&Tensor::new(&shape, weights)?);
        Ok(writer.node("Conv", &[x, &weights], &attributes(conv.axes, conv.group)))
    }
}

/// Writes a convolution layer; `inputs` are the integers as floats. Returns the integers.
pub fn convolution(
    writer: &mut Writer,
    graph: &QGraph,
    conv: &QConv,
    inputs: &[(&QValue, &str)],
    output: &QValue,
) -> Result<String> {
    let (Some(&(input, x)), Some((width, scales))) = (inputs.first(), output.integer()) else {
        return Err(Error::new(&codes::INTERNAL, "a convolution without quantized values"));
    };
    let filters = Filters::new(conv, input);
    let residual = inputs.get(1).copied();
    let shifts = residual.map_or_else(Vec::new, |(value, _)| alignment(graph, conv, value));
    let real = precision(graph, conv, &filters, residual.map(|(value, _)| (value, &shifts[..])));
    let mut stage = Stage { writer, real: Real::F32, rank: 4, rounding: graph.rounding };
    let zeros = |value: &QValue| -> Vec<f64> {
        let scales = value.integer().map_or(&[][..], |(_, scales)| scales);
        scales.iter().map(|scale| scale.zero.into()).collect()
    };
    let centered = stage.sub(x, &zeros(input));
    let aligned = residual.map(|(value, name)| stage.sub(name, &zeros(value)));
    stage.real = real;
    let sums = filters.sums(&mut stage, &centered)?;
    let residual = aligned.map(|name| {
        let entered = stage.enter(&name);
        stage.shift(&entered, &shifts)
    });
    let bias: Vec<f64> = filters.bias.iter().map(|&bias| bias as f64).collect();
    let own_zeros: Vec<f64> = scales.iter().map(|scale| scale.zero.into()).collect();
    let wide = |shifts: &[i8]| shifts.iter().map(|&shift| shift.into()).collect::<Vec<i32>>();
    let numbers = match &conv.output {
        ConvOutput::Direct { shifts, relu } => {
            let sums = stage.add(&sums, &bias);
            let shifted = stage.shift(&sums, &wide(shifts));
            if *relu { stage.writer.plain("Relu", &[&shifted]) } else { shifted }
        }
        ConvOutput::Function { function: index, arguments, shifts, residual: place, .. } => {
            let sums = stage.add(&sums, &bias);
            let x = stage.shift(&sums, &wide(arguments));
            let mut x = stage.saturate(&x, X_BITS);
            if let (Some(Residual::BeforeActivation), Some(residual)) = (place, &residual) {
                x = stage.writer.plain("Add", &[&x, residual]);
                x = stage.saturate(&x, X_BITS);
            }
            let mut y = function(&mut stage, &graph.functions[*index], &x);
            if let (Some(Residual::AfterActivation), Some(residual)) = (place, &residual) {
                y = stage.writer.plain("Add", &[&y, residual]);
            }
            stage.shift(&y, &wide(shifts))
        }
        &ConvOutput::Dpu { accumulator_shift, bias_shift, shift, activation } => {
            let sums = stage.scale(&sums, &[accumulator_shift.into()]);
            let bias: Vec<f64> = bias.iter().map(|bias| bias * power(bias_shift.into())).collect();
            let n = stage.add(&sums, &bias);
            dpu(&mut stage, &n, shift.into(), activation)
        }
    };
    let stored = stage.add(&numbers, &own_zeros);
    let stored = stage.narrow(&stored, width);
    Ok(stage.leave(stored))
}

fn dpu(stage: &mut Stage<'_>, n: &str, shift: i32, activation: DpuActivation) -> String {
    match activation {
        DpuActivation::None => stage.shift(n, &[shift]),
        DpuActivation::Relu => {
            let limited = stage.writer.plain("Relu", &[n]);
            stage.shift(&limited, &[shift])
        }
        DpuActivation::LeakyRelu => {
            let other = stage.shift(n, &[shift]);
            let steep = stage.mul(n, &[26.0]);
            let negative = stage.shift(&steep, &[shift + 8]);
            stage.by_sign(n, &negative, &other)
        }
    }
}

/// The shifts of `align(r)` of rule A6, per channel.
fn alignment(graph: &QGraph, conv: &QConv, residual: &QValue) -> Vec<i32> {
    let scales = residual.integer().map_or(&[][..], |(_, scales)| scales);
    let shift = |(channel, scale): (usize, &Scale)| {
        conv.residual_shift(&graph.functions, channel, scale.exponent)
    };
    scales.iter().enumerate().map(shift).collect()
}

/// Single precision where every integer on the way is exact in it.
fn precision(
    graph: &QGraph,
    conv: &QConv,
    filters: &Filters<'_>,
    residual: Option<(&QValue, &[i32])>,
) -> Real {
    let bias = filters.bias.iter().map(|bias| bias.abs()).max().unwrap_or(0);
    let sums = filters.sum_bound();
    let aligned = residual
        .and_then(|(value, shifts)| Some((value.integer()?.1, shifts)))
        .into_iter()
        .flat_map(|(scales, shifts)| scales.iter().zip(shifts))
        .map(|(&scale, &shift)| reach(scale) as f64 * power(-shift))
        .fold(0.0, f64::max);
    let fits = match &conv.output {
        ConvOutput::Direct { .. } => sums + bias < EXACT,
        ConvOutput::Function { function, .. } => {
            let leaky = matches!(
                graph.functions[*function].base,
                crate::base::arithmetic::Base::Leaky { .. }
            );
            sums + bias < EXACT && !leaky && aligned < (EXACT / 2) as f64
        }
        &ConvOutput::Dpu { accumulator_shift, bias_shift, activation, .. } => {
            let n = sums as f64 * power(accumulator_shift.into())
                + bias as f64 * power(bias_shift.into());
            activation != DpuActivation::LeakyRelu && n < EXACT as f64
        }
    };
    if fits { Real::F32 } else { Real::F64 }
}
