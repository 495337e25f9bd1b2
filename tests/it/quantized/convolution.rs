//! One random convolution: many channels, windows of any form, every output stage, constants at which 16 bits are just enough or
//! too few.

use seigo::base::arithmetic::{Base, Function, Layout, Rounding, Unit};
use seigo::base::random::Random;
use seigo::base::tensor::Tensor;
use seigo::frontend::ops::epilogue::Residual;
use seigo::frontend::ops::window::Axis;
use seigo::model::qgraph::{
    ConvOutput, Format, Layer, Operand, QConv, QGraph, QOp, QOutput, QValue, QValueId, Scale, Width,
};

/// A network of one convolution, with inputs for it.
pub fn convolution(seed: u64) -> (QGraph, Vec<Tensor>) {
    let mut draw = Draw(Random::new(seed, 0));
    let graph = draw.graph();
    let inputs = draw.inputs(&graph);
    (graph, inputs)
}

struct Draw(Random);

impl Draw {
    fn below(&mut self, count: usize) -> usize {
        self.0.below(count as u64) as usize
    }

    fn between(&mut self, low: i32, high: i32) -> i32 {
        low + self.below((high - low + 1) as usize) as i32
    }

    fn chance(&mut self, one_of: usize) -> bool {
        self.below(one_of) == 0
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    fn axis(&mut self) -> Axis {
        let kernel = self.pick(&[1, 1, 2, 3, 3, 5]);
        let dilation = if self.chance(5) { 2 } else { 1 };
        let extent = (kernel - 1) * dilation + 1;
        let (begin, end) = (self.below(kernel.min(4)), self.below(kernel.min(4)));
        let stride = self.pick(&[1, 1, 1, 2, 3]);
        let input = extent.saturating_sub(begin + end).max(1) + self.below(24);
        let output = (input + begin + end - extent) / stride + 1;
        Axis { input, output, kernel, stride, dilation, begin, end }
    }

    fn padded_axis(&mut self) -> Axis {
        let input = 1 + self.below(9);
        let (begin, end) = (1 + self.below(2), 1 + self.below(2));
        Axis { input, output: input + begin + end - 2, kernel: 3, begin, end, ..Axis::UNIT }
    }

    fn scales(&mut self, channels: usize) -> Vec<Scale> {
        let (even, most) = (self.chance(2), if self.chance(3) { 128 } else { 0 });
        let mut draw = || {
            let exponent = self.between(-9, -1) as i8;
            Scale { exponent, zero: self.between(-most, (most - 1).max(0)) as i8 }
        };
        let first = draw();
        (0..channels).map(|_| if even { first } else { draw() }).collect()
    }

    fn function(&mut self) -> Function {
        let silu = |t: f64| t / (1.0 + (-t).exp());
        let fraction = self.pick(&[10, 10, 7, 13]);
        let unit = Unit { fraction, gain: 0 };
        match self.below(7) {
            0 => Function::straight("relu", Base::Relu),
            1 => Function::straight("leaky", Base::Leaky { slope: self.between(0, 255) }),
            2 => Function::straight("identity", Base::Identity),
            3 => {
                let (min, max) = (self.between(-9_000, 100), self.between(101, 40_000));
                let clamp = Function::straight("clamp", Base::Clamp { min, max });
                Function { unit, ..clamp }
            }
            4 => {
                let unit = Unit { fraction, gain: self.pick(&[0, 3]) };
                let sigmoid = |t: f64| 1.0 / (1.0 + (-t).exp());
                Function::tabulate_in(unit, "sigmoid", Base::Zero, Layout::Uniform, true, sigmoid)
            }
            5 => Function::tabulate_in(unit, "wide", Base::Relu, Layout::Uniform, false, |t| {
                40.0 * silu(t)
            }),
            _ => Function::tabulate_in(unit, "silu", Base::Relu, Layout::TwoSegments, false, silu),
        }
    }

    fn output(&mut self, channels: usize, functions: &[Function]) -> ConvOutput {
        let (even, first) = (self.chance(2), self.between(2, 14));
        let mut shifts = |low: i32, high: i32| -> Vec<i8> {
            let own = |draw: &mut Self| draw.between(low.max(first - 3), high.min(first + 3)) as i8;
            (0..channels)
                .map(|_| if even { first.clamp(low, high) as i8 } else { own(self) })
                .collect()
        };
        let (arguments, direct) = (shifts(-8, 31), shifts(-2, 31));
        let (few, last) = (self.between(0, 9), self.chance(2));
        let shifts = (0..channels).map(|_| if last { few } else { self.between(0, 11) } as i8);
        let shifts = shifts.collect();
        if self.chance(4) {
            return ConvOutput::Direct { shifts: direct, relu: self.chance(2) };
        }
        let residual =
            self.pick(&[None, Some(Residual::BeforeActivation), Some(Residual::AfterActivation)]);
        let fractions = vec![functions[0].unit.fraction; channels];
        ConvOutput::Function { function: 0, arguments, shifts, residual, fractions }
    }

    fn graph(&mut self) -> QGraph {
        let mut axes = [self.axis(), self.axis()];
        let large = self.chance(20);
        if large {
            let axis = Axis { input: 20, output: 4, kernel: 17, ..Axis::UNIT };
            axes = [axis, Axis { begin: 2, output: 6, ..axis }];
        }
        // Depthwise windows whose columns neighbors share, where a pixel has whole vectors.
        let shared = self.chance(6);
        if shared {
            axes = [self.padded_axis(), self.padded_axis()];
        }
        let (group, own, inputs) = match if large || shared { 0 } else { self.below(3) } {
            0 if shared => (self.pick(&[64, 128]), 1, 1),
            0 => (self.pick(&[1, 4, 16, 20, 24, 64, 80, 130]), 1, 1),
            1 => (self.pick(&[2, 3]), self.between(1, 20) as usize, self.between(1, 20) as usize),
            _ => (1, self.pick(&[1, 8, 16, 17, 32, 48, 64, 70]), self.between(1, 70) as usize),
        };
        let outputs = group * own;
        let functions = vec![self.function()];
        let output = self.output(outputs, &functions);
        let batch = self.pick(&[1, 1, 2]);
        let most = self.pick(&[3, 20, 128]);
        let taps = inputs * axes[0].kernel * axes[1].kernel;
        let weights =
            (0..outputs * taps).map(|_| self.between(-most, most.min(127)) as i8).collect();
        let bias = (0..outputs).map(|_| self.between(-20_000, 20_000)).collect();
        let width = self.pick(&[Width::I8, Width::I8, Width::I8, Width::I16]);
        let mut value = |name: &str, channels, [rows, columns]: [usize; 2], width| QValue {
            name: name.into(),
            shape: vec![batch, channels, rows, columns],
            format: Format::Integer { width, scales: self.scales(channels) },
        };
        let result = axes.map(|axis| axis.output);
        let values = vec![
            value("input", group * inputs, axes.map(|axis| axis.input), Width::I8),
            value("other", outputs, result, Width::I8),
            value("output", outputs, result, width),
        ];
        let residual = matches!(output, ConvOutput::Function { residual: Some(_), .. });
        let conv = QConv { axes, group, weights, exponents: vec![0; outputs], bias, output };
        let operand = |id| Some(Operand::Value(QValueId(id)));
        QGraph {
            name: "conv".into(),
            values,
            layers: vec![Layer {
                name: "conv".into(),
                op: QOp::Conv(Box::new(conv)),
                inputs: if residual { vec![operand(0), operand(1)] } else { vec![operand(0)] },
                outputs: vec![QValueId(2)],
                sources: vec![],
            }],
            inputs: vec![QValueId(0), QValueId(1)],
            outputs: vec![QOutput { name: "output".into(), value: QValueId(2) }],
            functions,
            rounding: if self.chance(8) { Rounding::HalfEven } else { Rounding::HalfUp },
        }
    }

    fn inputs(&mut self, graph: &QGraph) -> Vec<Tensor> {
        let tensor = |value: &QValue| {
            let values = (0..value.len()).map(|_| self.between(-1_000, 1_000) as f32 / 100.0);
            Tensor::new(&value.shape, values.collect()).unwrap()
        };
        graph.values[..2].iter().map(tensor).collect()
    }
}
