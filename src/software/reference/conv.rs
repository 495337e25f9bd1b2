//! Convolution: accumulation (A4) and the output stages (A5, A6 with A7, A13).

use rayon::prelude::*;

use super::frame::{Frame, Quantized, Target};
use crate::base::arithmetic::{Function, Rounding, X_BITS, saturate};
use crate::base::error::Result;
use crate::base::tensor::Tensor;
use crate::frontend::ops::epilogue::Residual;
use crate::model::qgraph::{ConvOutput, DpuActivation, QConv};

struct Convolution<'a> {
    conv: &'a QConv,
    rounding: Rounding,
    functions: &'a [Function],
    data: Quantized<'a>,
    residual: Option<Quantized<'a>>,
    output: Target<'a>,
}

/// # Errors
/// None for a valid graph.
pub fn run(conv: &QConv, frame: &Frame<'_>) -> Result<Vec<Tensor>> {
    let convolution = Convolution {
        conv,
        rounding: frame.graph.rounding,
        functions: &frame.graph.functions,
        data: frame.input(0)?,
        residual: conv.residual().map(|_| frame.input(1)).transpose()?,
        output: frame.output()?,
    };
    convolution.output.store(convolution.run())
}

impl Convolution<'_> {
    /// The stored integers of the output, plane by plane; planes are independent.
    fn run(&self) -> Vec<i64> {
        let batches = self.output.value.shape[0];
        let planes = batches * self.conv.outputs();
        (0..planes)
            .into_par_iter()
            .flat_map_iter(|plane| {
                let (batch, channel) = (plane / self.conv.outputs(), plane % self.conv.outputs());
                let [rows, columns] = self.conv.axes;
                let pixels =
                    (0..rows.output).flat_map(move |y| (0..columns.output).map(move |x| (y, x)));
                pixels.enumerate().map(move |(pixel, (y, x))| {
                    let sum = self.accumulate(batch, channel, y, x);
                    self.finish(sum, channel, plane * rows.output * columns.output + pixel)
                })
            })
            .collect()
    }

    /// Rule A4: the sum of products with raw `q`; a position outside of the input reads `z[c]`.
    fn accumulate(&self, batch: usize, output: usize, y: usize, x: usize) -> i64 {
        let conv = self.conv;
        let [rows, columns] = conv.axes;
        let inputs = conv.group_inputs();
        let first = output / (conv.outputs() / conv.group) * inputs;
        let mut weights = conv.weights[output * conv.taps()..].iter();
        let mut sum = 0;
        for c in first..first + inputs {
            let plane = (batch * self.data.value.channels() + c) * rows.input * columns.input;
            for i in 0..rows.kernel {
                let row = (y * rows.stride + i * rows.dilation).wrapping_sub(rows.begin);
                for j in 0..columns.kernel {
                    let column =
                        (x * columns.stride + j * columns.dilation).wrapping_sub(columns.begin);
                    let q = if row < rows.input && column < columns.input {
                        self.data.q[plane + row * columns.input + column]
                    } else {
                        self.data.scales[c].zero.into()
                    };
                    sum += weights.next().map_or(0, |&weight| i64::from(weight)) * q;
                }
            }
        }
        sum
    }

    /// From the accumulator of output element `index` to its stored integer.
    fn finish(&self, sum: i64, channel: usize, index: usize) -> i64 {
        let bias = i64::from(self.conv.bias[channel]);
        let shift = |x, shift| self.rounding.shift(x, shift);
        match &self.conv.output {
            ConvOutput::Direct { shifts, relu } => {
                let y = shift(sum + bias, shifts[channel].into());
                self.output.finish(if *relu { y.max(0) } else { y }, channel)
            }
            ConvOutput::Function { function, arguments, shifts, residual, fractions } => {
                // A6: argument, residual before, function, residual after, output.
                let function = &self.functions[*function];
                let fraction = i32::from(fractions[channel]);
                let mut x = saturate(shift(sum + bias, arguments[channel].into()), X_BITS);
                if *residual == Some(Residual::BeforeActivation) {
                    x = saturate(x + self.aligned_residual(channel, index, fraction), X_BITS);
                }
                let mut y = function.at(x);
                if *residual == Some(Residual::AfterActivation) {
                    let fraction = fraction + i32::from(function.unit.gain);
                    y += self.aligned_residual(channel, index, fraction);
                }
                self.output.finish(shift(y, shifts[channel].into()), channel)
            }
            ConvOutput::Dpu { accumulator_shift, bias_shift, shift: s, activation } => {
                let n = (sum << accumulator_shift) + (bias << bias_shift);
                let s = i32::from(*s);
                let y = match activation {
                    DpuActivation::None => shift(n, s),
                    DpuActivation::Relu => shift(n.max(0), s),
                    DpuActivation::LeakyRelu if n < 0 => shift(26 * n, s + 8),
                    DpuActivation::LeakyRelu => shift(n, s),
                };
                self.output.finish(y, channel)
            }
        }
    }

    /// `align(r)` of rule A6, with so many fraction bits.
    fn aligned_residual(&self, channel: usize, index: usize, fraction: i32) -> i64 {
        self.residual.as_ref().map_or(0, |residual| {
            let scale = residual.scales[channel];
            let r = residual.q[index] - i64::from(scale.zero);
            self.rounding.shift(r, -(fraction + i32::from(scale.exponent)))
        })
    }
}
