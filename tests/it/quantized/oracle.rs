//! A second interpreter of quantized graphs, written from the text of `docs/arithmetic.md` alone,
//! in 128-bit integers and exact fractions. It shares no arithmetic with the library.

use std::collections::HashMap;

use seigo::base::arithmetic::{Base, Function, Layout, Rounding};
use seigo::base::tensor::Tensor;
use seigo::frontend::ops::Op;
use seigo::frontend::ops::activation::Activation;
use seigo::frontend::ops::epilogue::Residual;
use seigo::frontend::ops::max_pool::MaxPool;
use seigo::model::qgraph::{
    ConvOutput, DpuActivation, Layer, Operand, QConv, QFloat, QGraph, QMove, QOp, QValueId, Scale,
    Width,
};

/// A stored tensor: integers, or the bits of floats.
#[derive(Debug, Clone, PartialEq)]
pub enum Stored {
    Integers(Vec<i128>),
    Floats(Vec<f32>),
}

/// numerator / 2^halvings (or times 2^-halvings), rounded as A2 says, by division.
fn rounded(rounding: Rounding, numerator: i128, halvings: i32) -> i128 {
    if halvings <= 0 {
        return numerator * 2i128.pow(halvings.unsigned_abs());
    }
    let divisor = 2i128.pow(halvings as u32);
    let (below, rest) = (numerator.div_euclid(divisor), numerator.rem_euclid(divisor));
    let up = match (2 * rest).cmp(&divisor) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => rounding == Rounding::HalfUp || below.rem_euclid(2) == 1,
    };
    below + i128::from(up)
}

fn limited(number: i128, bits: u32) -> i128 {
    let (least, most) = (-(2i128.pow(bits - 1)), 2i128.pow(bits - 1) - 1);
    if number < least {
        least
    } else if number > most {
        most
    } else {
        number
    }
}

/// A7.
fn function(function: &Function, x: i128) -> i128 {
    let base = match function.base {
        Base::Zero => 0,
        Base::Relu if x < 0 => 0,
        Base::Relu | Base::Identity => x,
        Base::Clamp { min, .. } if x < min.into() => min.into(),
        Base::Clamp { max, .. } if x > max.into() => max.into(),
        Base::Clamp { .. } => x,
        Base::Leaky { slope } if x < 0 => rounded(Rounding::HalfUp, x * i128::from(slope), 8),
        Base::Leaky { .. } => x,
    };
    // Bins of 8 steps; in two segments, of 64 steps from 1024 on.
    let a = x.unsigned_abs();
    let entry = match function.layout {
        Layout::None => return base,
        Layout::Uniform if a < 8192 => a / 8,
        Layout::Uniform => 1023,
        Layout::TwoSegments if a < 1024 => a / 8,
        Layout::TwoSegments if a < 8192 => 128 + (a - 1024) / 64,
        Layout::TwoSegments => 239,
    };
    let block = if function.signed && x < 0 { function.rom.len() / 2 } else { 0 };
    base + i128::from(function.rom[block + entry as usize])
}

struct Run<'a> {
    graph: &'a QGraph,
    stored: HashMap<usize, Stored>,
}

/// Everything that the graph computes, by value.
pub fn run(graph: &QGraph, inputs: &[Tensor]) -> HashMap<usize, Stored> {
    let mut run = Run { graph, stored: HashMap::new() };
    for (id, tensor) in graph.inputs.iter().zip(inputs) {
        let floats = tensor.values::<f32>().unwrap().to_vec();
        run.put(*id, Stored::Floats(floats));
    }
    for layer in &graph.layers {
        for (id, result) in layer.outputs.iter().zip(run.layer(layer)) {
            run.put(*id, result);
        }
    }
    run.stored
}

impl Run<'_> {
    fn shape(&self, id: QValueId) -> [usize; 4] {
        let shape = &self.graph.value(id).shape;
        [shape[0], shape[1], shape[2], shape.get(3).copied().unwrap_or(1)]
    }

    fn scales(&self, id: QValueId) -> (u32, &[Scale]) {
        let (width, scales) = self.graph.value(id).integer().unwrap();
        let bits = match width {
            Width::I8 => 8,
            Width::I16 => 16,
            Width::I32 => 32,
        };
        (bits, scales)
    }

    /// Stores a result; floats become integers where the value is quantized (A11).
    fn put(&mut self, id: QValueId, result: Stored) {
        let quantized = self.graph.value(id).integer().is_some();
        let result = match result {
            Stored::Floats(floats) if quantized => {
                let (bits, scales) = self.scales(id);
                let [_, c, h, w] = self.shape(id);
                let q = floats.iter().enumerate().map(|(index, &v)| {
                    let Scale { exponent, zero } = scales[index / (h * w) % c];
                    let steps = f64::from(v) / 2f64.powi(exponent.into());
                    // Twice the steps are odd and whole just for a tie.
                    let up = (steps + 0.5).floor();
                    let tie = self.graph.rounding == Rounding::HalfEven && up - steps == 0.5;
                    let even = if tie { 2.0 * (up / 2.0).floor() } else { up };
                    limited(even as i128 + i128::from(zero), bits)
                });
                Stored::Integers(q.collect())
            }
            other => other,
        };
        assert!(self.stored.insert(id.0, result).is_none());
    }

    fn q(&self, id: QValueId) -> &[i128] {
        match &self.stored[&id.0] {
            Stored::Integers(q) => q,
            Stored::Floats(_) => panic!("value {} is not quantized", id.0),
        }
    }

    /// `q - z` and `e` of an element.
    fn steps(&self, id: QValueId, index: usize) -> (i128, i32) {
        let [_, c, h, w] = self.shape(id);
        let Scale { exponent, zero } = self.scales(id).1[index / (h * w) % c];
        (self.q(id)[index] - i128::from(zero), exponent.into())
    }

    fn layer(&self, layer: &Layer) -> Vec<Stored> {
        let output = layer.outputs[0];
        let inputs: Vec<QValueId> =
            layer.inputs.iter().flatten().filter_map(Operand::value).collect();
        let per_element = |y: &dyn Fn(usize, i32) -> i128| {
            let (bits, scales) = self.scales(output);
            let [n, c, h, w] = self.shape(output);
            let q = (0..n * c * h * w).map(|index| {
                let Scale { exponent, zero } = scales[index / (h * w) % c];
                limited(y(index, exponent.into()) + i128::from(zero), bits)
            });
            vec![Stored::Integers(q.collect())]
        };
        let rounding = self.graph.rounding;
        match &layer.op {
            QOp::Conv(conv) => vec![self.conv(conv, &inputs, output)],
            // A8: the exact sum in units of 2^-64, divided by the unit of the output.
            QOp::Add => per_element(&|index, exponent| {
                let sum: i128 = inputs
                    .iter()
                    .map(|&id| self.steps(id, index))
                    .map(|(steps, e)| steps * 2i128.pow((64 + e) as u32))
                    .sum();
                rounded(rounding, sum, 64 + exponent)
            }),
            // A15: the product of the steps, divided by the unit of the output.
            QOp::ChannelMul => per_element(&|index, exponent| {
                let [_, _, h, w] = self.shape(output);
                let (data, e) = self.steps(inputs[0], index);
                let (factor, f) = self.steps(inputs[1], index / (h * w));
                rounded(rounding, data * factor, exponent - e - f)
            }),
            QOp::DpuAdd => per_element(&|index, exponent| {
                let steps: Vec<_> = inputs.iter().map(|&id| self.steps(id, index)).collect();
                let m = steps.iter().map(|(_, e)| -e).min().unwrap();
                let t: i128 = steps
                    .iter()
                    .map(|(x, e)| (x * 2i128.pow(7)).div_euclid(2i128.pow((-e - m) as u32)))
                    .sum();
                rounded(rounding, t, m + exponent + 7)
            }),
            QOp::Rescale => per_element(&|index, exponent| {
                let (steps, e) = self.steps(inputs[0], index);
                rounded(rounding, steps, exponent - e)
            }),
            QOp::MaxPool(op) => vec![self.pool(&op.max_pool, inputs[0], output)],
            QOp::Move(QMove(op)) => self.movement(op, &inputs, &layer.outputs),
            QOp::Float(QFloat(op)) => {
                let floats = (0..self.q(inputs[0]).len()).map(|index| {
                    let (steps, e) = self.steps(inputs[0], index);
                    let number = (steps as f64 * 2f64.powi(e)) as f32;
                    match op {
                        Op::Activation(Activation::Relu) if number > 0.0 => number,
                        Op::Activation(Activation::Relu) => 0.0,
                        Op::Binary(_) => number * 0.375,
                        other => panic!("{other:?}"),
                    }
                });
                vec![Stored::Floats(floats.collect())]
            }
        }
    }

    fn conv(&self, conv: &QConv, inputs: &[QValueId], output: QValueId) -> Stored {
        let rounding = self.graph.rounding;
        let (data, [_, channels, _, _]) = (inputs[0], self.shape(inputs[0]));
        let [n, outputs, h, w] = self.shape(output);
        let (bits, scales) = self.scales(output);
        let own = channels / conv.group;
        let [rows, columns] = conv.axes;
        let taps = own * rows.kernel * columns.kernel;
        let mut q = Vec::new();
        for (b, o, y, x) in positions([n, outputs, h, w]) {
            // A4 in terms of q - z: padding contributes zero, and the bias proper is what is left
            // when the zero points are taken out of the stored one.
            let mut sum = i128::from(conv.bias[o]);
            for (c, i, j) in (0..own).flat_map(|c| {
                (0..rows.kernel).flat_map(move |i| (0..columns.kernel).map(move |j| (c, i, j)))
            }) {
                let weight = conv.weights[o * taps + (c * rows.kernel + i) * columns.kernel + j];
                let channel = o / (outputs / conv.group) * own + c;
                let zero = self.scales(data).1[channel].zero;
                sum += i128::from(weight) * i128::from(zero);
                let row = (y * rows.stride + i * rows.dilation) as i64 - rows.begin as i64;
                let column =
                    (x * columns.stride + j * columns.dilation) as i64 - columns.begin as i64;
                if row < 0
                    || column < 0
                    || row >= rows.input as i64
                    || column >= columns.input as i64
                {
                    continue;
                }
                let index = ((b * channels + channel) * rows.input + row as usize) * columns.input
                    + column as usize;
                sum += i128::from(weight) * self.steps(data, index).0;
            }
            let y = match &conv.output {
                ConvOutput::Direct { shifts, relu } => {
                    let y = rounded(rounding, sum, shifts[o].into());
                    if *relu && y < 0 { 0 } else { y }
                }
                ConvOutput::Function {
                    function: index,
                    arguments,
                    shifts,
                    residual,
                    fractions,
                } => {
                    let own = &self.graph.functions[*index];
                    let align = || {
                        let (steps, e) = self.steps(inputs[1], q.len());
                        let after = *residual == Some(Residual::AfterActivation);
                        let gain = if after { own.unit.gain } else { 0 };
                        rounded(rounding, steps, -(i32::from(fractions[o]) + i32::from(gain) + e))
                    };
                    let mut argument = limited(rounded(rounding, sum, arguments[o].into()), 20);
                    if *residual == Some(Residual::BeforeActivation) {
                        argument = limited(argument + align(), 20);
                    }
                    let mut y = function(own, argument);
                    if *residual == Some(Residual::AfterActivation) {
                        y += align();
                    }
                    rounded(rounding, y, shifts[o].into())
                }
                ConvOutput::Dpu { accumulator_shift, bias_shift, shift, activation } => {
                    let bias = i128::from(conv.bias[o]);
                    let n = (sum - bias) * 2i128.pow((*accumulator_shift).into())
                        + bias * 2i128.pow((*bias_shift).into());
                    let s = i32::from(*shift);
                    match activation {
                        DpuActivation::Relu if n < 0 => 0,
                        DpuActivation::LeakyRelu if n < 0 => rounded(rounding, 26 * n, s + 8),
                        _ => rounded(rounding, n, s),
                    }
                }
            };
            q.push(limited(y + i128::from(scales[o].zero), bits));
        }
        Stored::Integers(q)
    }

    fn pool(&self, pool: &MaxPool, input: QValueId, output: QValueId) -> Stored {
        let [_, channels, height, width] = self.shape(input);
        let q = positions(self.shape(output)).map(|(b, c, y, x)| {
            let window = &pool.window;
            let inside = |at: usize, axis: usize, tap: usize, extent: usize| {
                let position = at * window.strides[axis] + tap * window.dilations[axis];
                (window.pads[axis].0..extent + window.pads[axis].0)
                    .contains(&position)
                    .then(|| position - window.pads[axis].0)
            };
            let mut largest = -128;
            for i in 0..window.kernel[0] {
                for j in 0..window.kernel[1] {
                    if let (Some(row), Some(column)) =
                        (inside(y, 0, i, height), inside(x, 1, j, width))
                    {
                        let index = ((b * channels + c) * height + row) * width + column;
                        largest = largest.max(self.q(input)[index]);
                    }
                }
            }
            largest
        });
        Stored::Integers(q.collect())
    }

    /// A10; every integer must arrive in a channel with the scale that it left.
    fn movement(&self, op: &Op, inputs: &[QValueId], outputs: &[QValueId]) -> Vec<Stored> {
        let mut offset = 0;
        let moved = outputs.iter().map(|&output| {
            let [n, c, h, w] = self.shape(output);
            let mut q = Vec::new();
            for (b, channel, y, x) in positions([n, c, h, w]) {
                let (mut input, mut from, mut row, mut column) = (inputs[0], channel, y, x);
                let [_, channels, height, width] = self.shape(input);
                match op {
                    Op::Concat(_) if channel >= channels => {
                        (input, from) = (inputs[1], channel - channels);
                    }
                    Op::Concat(_) => {}
                    Op::Split(_) => from = channel + offset,
                    Op::Resize(_) => (row, column) = (y / 2, x / 3),
                    Op::SpaceToDepth(_) => {
                        let (dy, dx) = [(0, 0), (1, 0), (0, 1), (1, 1)][channel / channels];
                        (from, row, column) = (channel % channels, 2 * y + dy, 2 * x + dx);
                    }
                    Op::ChannelShuffle(_) => from = channel % 2 * (c / 2) + channel / 2,
                    Op::Reshape(_) => (row, column) = (y / width, y % width),
                    other => panic!("{other:?}"),
                }
                let [_, channels, ..] = self.shape(input);
                q.push(self.q(input)[((b * channels + from) * height + row) * width + column]);
                assert_eq!(self.scales(input).1[from], self.scales(output).1[channel]);
            }
            offset += c;
            Stored::Integers(q)
        });
        moved.collect()
    }
}

fn positions([n, c, h, w]: [usize; 4]) -> impl Iterator<Item = (usize, usize, usize, usize)> {
    (0..n * c * h * w)
        .map(move |index| (index / (c * h * w), index / (h * w) % c, index / w % h, index % w))
}
