//! The layers that random networks in float are made of.

use seigo::base::tensor::Tensor;
use seigo::frontend::ops::activation::Activation;
use seigo::frontend::ops::average_pool::AveragePool;
use seigo::frontend::ops::batch_norm::BatchNorm;
use seigo::frontend::ops::binary::Binary;
use seigo::frontend::ops::clip::Clip;
use seigo::frontend::ops::conv::Conv;
use seigo::frontend::ops::conv_transpose::ConvTranspose;
use seigo::frontend::ops::epilogue::Epilogue;
use seigo::frontend::ops::expand::Expand;
use seigo::frontend::ops::flatten::Flatten;
use seigo::frontend::ops::gather::Gather;
use seigo::frontend::ops::gemm::Gemm;
use seigo::frontend::ops::global_pool::GlobalPool;
use seigo::frontend::ops::matmul::MatMul;
use seigo::frontend::ops::max_pool::MaxPool;
use seigo::frontend::ops::min_max::MinMax;
use seigo::frontend::ops::pad::{Pad, PadMode};
use seigo::frontend::ops::pow::Pow;
use seigo::frontend::ops::prelu::PRelu;
use seigo::frontend::ops::reduce::{Reduce, Reduction};
use seigo::frontend::ops::resize::{Aspect, Coordinates, Mode, Resize};
use seigo::frontend::ops::softmax::Softmax;
use seigo::frontend::ops::sum::Sum;
use seigo::frontend::ops::tile::Tile;
use seigo::frontend::ops::transpose::Transpose;
use seigo::model::qgraph::{Operand, QValueId};

use super::{Builder, all_of, divisors};

impl Builder {
    fn conv(&mut self, input: QValueId) {
        let input = self.plane(input);
        let shape = self.shape(input);
        let (window, kernel) = self.window(&shape);
        let group = all_of(&mut self.choices, &divisors(shape[1]));
        let outputs = group * self.choices.within(1, (24 / group).max(1) as i64) as usize;
        let weight = self.numbers(&[outputs, shape[1] / group, kernel[0], kernel[1]], 0.5);
        let bias = (self.choices.below(3) > 0).then(|| self.numbers(&[outputs], 1.0));
        let op = |epilogue| Conv { window: window.clone(), group, epilogue }.into();
        self.product(op, vec![Some(Operand::Value(input)), Some(weight), bias]);
    }

    fn conv_transpose(&mut self, input: QValueId) {
        let input = self.plane(input);
        let shape = self.shape(input);
        let (mut window, kernel) = self.window(&shape);
        let extra = window.strides.iter().map(|stride| self.choices.below(*stride)).collect();
        for (at, pads) in window.pads.iter_mut().enumerate() {
            let full =
                (shape[2 + at] - 1) * window.strides[at] + (kernel[at] - 1) * window.dilations[at];
            *pads = (pads.0.min(full), 0);
        }
        let group = all_of(&mut self.choices, &divisors(shape[1]));
        let outputs = self.choices.within(1, (24 / group).max(1) as i64) as usize;
        let weight = self.numbers(&[shape[1], outputs, kernel[0], kernel[1]], 0.5);
        let bias = (self.choices.below(3) > 0).then(|| self.numbers(&[outputs * group], 1.0));
        let op = ConvTranspose {
            window,
            group,
            output_padding: extra,
            output_shape: Vec::new(),
            epilogue: Epilogue::default(),
        };
        let op = |epilogue| ConvTranspose { epilogue, ..op.clone() }.into();
        self.product(op, vec![Some(Operand::Value(input)), Some(weight), bias]);
    }

    fn gemm(&mut self, input: QValueId) {
        let flat = self.map(Flatten { axis: 1 }, input);
        let shape = self.shape(flat);
        let [transpose_a, transpose_b] = [0, 1].map(|_| self.choices.below(2) == 1);
        let (m, k) = if transpose_a { (shape[1], shape[0]) } else { (shape[0], shape[1]) };
        let n = self.choices.within(1, 35) as usize;
        let b = self.numbers(&if transpose_b { [n, k] } else { [k, n] }, 0.5);
        let c = match self.choices.below(4) {
            0 => None,
            1 => Some(self.numbers(&[n], 1.0)),
            2 => Some(self.numbers(&[m, 1], 1.0)),
            _ => Some(self.numbers(&[m, n], 1.0)),
        };
        let [alpha, beta] = [0, 1].map(|_| all_of(&mut self.choices, &[1.0f32, 0.75]));
        let op = |epilogue| Gemm { transpose_a, transpose_b, alpha, beta, epilogue }.into();
        self.product(op, vec![Some(Operand::Value(flat)), Some(b), c]);
    }

    fn mat_mul(&mut self, input: QValueId) {
        let shape = self.shape(input);
        let Some(&k) = shape.last() else { return };
        let n = self.choices.within(1, 18) as usize;
        let other = match self.choices.below(4) {
            0 => self.numbers(&[k, n], 0.5),
            1 => self.numbers(&[k], 0.5),
            2 if shape.len() > 2 => {
                self.numbers(&[&shape[1..shape.len() - 2], &[k, n]].concat(), 0.5)
            }
            // Itself, the last two axes exchanged.
            _ if shape.len() > 1 => {
                let mut order: Vec<_> = (0..shape.len() as i64).collect();
                order.swap(shape.len() - 2, shape.len() - 1);
                Operand::Value(self.map(Transpose { order: Some(order) }, input))
            }
            _ => self.numbers(&[2, k, n], 0.5),
        };
        let turned =
            shape.len() == 2 && matches!(&other, Operand::Constant(b) if b.shape().len() == 1);
        let product = match turned {
            // A vector on the left.
            true => {
                let order = Transpose { order: Some(vec![1, 0]) };
                let input = self.map(order, input);
                self.add(MatMul, vec![Some(other), Some(Operand::Value(input))])
            }
            false => self.add(MatMul, vec![Some(Operand::Value(input)), Some(other)]),
        };
        self.limited(product);
    }

    fn softmax(&mut self, input: QValueId) {
        let rank = self.shape(input).len() as i64;
        let axis = self.choices.within(-rank, rank.max(1) - 1);
        let [flatten, log] = [0, 1].map(|_| self.choices.below(3) == 2);
        if rank > 0 {
            self.map(Softmax { axis, flatten, log }, input);
        }
    }

    fn pool(&mut self, input: QValueId) {
        let input = self.plane(input);
        let (mut window, kernel) = self.window(&self.shape(input));
        // No window may lie in the padding alone.
        window.pads.iter_mut().zip(kernel).for_each(|(pads, taps)| pads.1 = pads.1.min(taps - 1));
        let [ceil, count_include_pad] = [0, 1].map(|_| self.choices.below(2) == 1);
        match self.choices.below(4) {
            0 => self.map(GlobalPool::Average, input),
            1 => self.map(GlobalPool::Max, input),
            // Windows that lie in the padding alone are not for the library.
            _ if window.dilations != [1, 1] || ceil => self.map(GlobalPool::Average, input),
            2 => self.map(MaxPool { window, ceil }, input),
            _ => self.map(AveragePool { window, ceil, count_include_pad }, input),
        };
    }

    fn reduce(&mut self, input: QValueId) {
        use Reduction::{L1, L2, LogSumExp, Max, Mean, Min, Product, Sum, SumSquare};
        let all = [Max, Min, Sum, Mean, L1, L2, SumSquare, Product, LogSumExp];
        let (reduction, rank) = (all_of(&mut self.choices, &all), self.shape(input).len());
        let axes: Vec<_> = (0..rank as i64).filter(|_| self.choices.below(2) == 1).collect();
        let keep_dims = self.choices.below(2) == 1;
        let op = Reduce { reduction, keep_dims, noop_with_empty_axes: false };
        let axes = Operand::Constant(Tensor::vector(axes));
        let result = self.add(op, vec![Some(Operand::Value(input)), Some(axes)]);
        self.limited(result);
    }

    fn function(&mut self, input: QValueId) {
        let input = self.limited(input);
        let all = [
            Activation::Relu,
            Activation::LeakyRelu { alpha: 0.1 },
            Activation::Sigmoid,
            Activation::Silu,
            Activation::HardSwish,
            Activation::Mish,
            Activation::Gelu { tanh: true },
            Activation::Elu { alpha: 0.7 },
            Activation::Selu { alpha: 1.673_263_2, gamma: 1.050_701 },
            Activation::Celu { alpha: 1.3 },
            Activation::Square { factor: 0.25 },
            Activation::Tanh,
            Activation::Softplus,
            Activation::Softsign,
            Activation::Exp,
            Activation::Abs,
            Activation::Neg,
            Activation::Floor,
            Activation::Ceil,
            Activation::Round,
        ];
        let function = all_of(&mut self.choices, &all);
        let result = self.map(function, input);
        let result = self.limited(result);
        // Functions of positive numbers.
        if self.choices.below(3) == 2 {
            let positive = self.map(Activation::Abs, result);
            let half = Some(Operand::Constant(Tensor::scalar(0.5f32)));
            let positive = self.add(Binary::Add, vec![Some(Operand::Value(positive)), half]);
            let all = [Activation::Log, Activation::Sqrt, Activation::Reciprocal];
            let positive = self.map(Activation::Clamp { min: 0.25, max: 9.0 }, positive);
            let function = all_of(&mut self.choices, &all);
            self.map(function, positive);
        }
    }

    fn arithmetic(&mut self, input: QValueId) {
        let shape = self.shape(input);
        let narrow: Vec<_> = shape
            .iter()
            .map(|&extent| if self.choices.below(2) == 1 { 1 } else { extent })
            .collect();
        let cut = self.choices.below(shape.len() + 1);
        let other = self.numbers(&narrow[cut..], 2.0);
        let pair = |a: QValueId, b: Operand| vec![Some(Operand::Value(a)), Some(b)];
        let result = match self.choices.below(9) {
            0 => self.add(Binary::Add, pair(input, other)),
            1 => self.add(Binary::Sub, pair(input, other)),
            2 => self.add(Binary::Mul, vec![Some(other), Some(Operand::Value(input))]),
            3 => self.add(MinMax::Max, pair(input, other)),
            4 => {
                let more = self.numbers(&[1], 1.0);
                let mut operands = pair(input, other);
                operands.push(Some(more));
                self.add(MinMax::Min, operands)
            }
            5 => self.add(PRelu, pair(input, other)),
            6 => {
                let mean = self.choices.below(2) == 1;
                let mut operands = pair(input, other);
                operands.push(Some(Operand::Value(input)));
                self.add(Sum { mean }, operands)
            }
            7 => {
                let exponent = match self.choices.below(2) {
                    0 => Tensor::scalar(2i64),
                    _ => Tensor::scalar(3.0f32),
                };
                self.add(Pow, pair(input, Operand::Constant(exponent)))
            }
            _ => {
                let [low, high] =
                    [-1.5f32, 2.0].map(|x| Some(Operand::Constant(Tensor::scalar(x))));
                self.add(Clip, vec![Some(Operand::Value(input)), low, high])
            }
        };
        self.limited(result);
    }

    fn norm(&mut self, input: QValueId) {
        let input = self.plane(input);
        let channels = self.shape(input)[1];
        let mut operands = vec![Some(Operand::Value(input))];
        operands.extend([1.5, 1.0, 1.0].map(|reach| Some(self.numbers(&[channels], reach))));
        let variance = (0..channels).map(|at| 0.5 + at as f32 * 0.25).collect::<Vec<f32>>();
        operands.push(Some(Operand::Constant(Tensor::vector(variance))));
        let result = self.add(BatchNorm { epsilon: 1e-3 }, operands);
        self.limited(result);
    }

    fn movement(&mut self, input: QValueId) {
        let shape = self.shape(input);
        if shape.is_empty() {
            return;
        }
        let ints = |numbers: Vec<i64>| Some(Operand::Constant(Tensor::vector(numbers)));
        let value = Some(Operand::Value(input));
        match self.choices.below(5) {
            0 => {
                let modes = [PadMode::Constant, PadMode::Edge, PadMode::Reflect, PadMode::Wrap];
                let mode = all_of(&mut self.choices, &modes);
                let pads = (0..2 * shape.len()).map(|_| self.choices.within(0, 2)).collect();
                let filling = Some(Operand::Constant(Tensor::scalar(0.25f32)));
                self.add(Pad { mode }, vec![value, ints(pads), filling]);
            }
            1 => {
                let axis = self.choices.below(shape.len());
                let extent = shape[axis] as i64;
                let count = self.choices.within(1, 4);
                let indices = (0..count).map(|_| self.choices.within(-extent, extent - 1));
                let indices: Vec<_> = indices.collect();
                let one = self.choices.below(3) == 2;
                let indices =
                    if one { Tensor::scalar(indices[0]) } else { Tensor::vector(indices) };
                let indices = Some(Operand::Constant(indices));
                self.add(Gather { axis: axis as i64 }, vec![value, indices]);
            }
            2 => {
                let repeats = shape.iter().map(|_| self.choices.within(1, 2)).collect();
                self.add(Tile, vec![value, ints(repeats)]);
            }
            3 if shape.len() < 4 => {
                let wanted = [2].into_iter().chain(shape.iter().map(|&extent| extent as i64));
                self.add(Expand, vec![value, ints(wanted.collect())]);
            }
            _ => {
                let input = self.plane(input);
                let scales = Tensor::vector(vec![1.0f32, 1.0, 2.0, 1.5]);
                let [antialias, exclude_outside] = [0, 1].map(|_| self.choices.below(2) == 1);
                let mode = match self.choices.below(2) {
                    0 => Mode::Linear { antialias, exclude_outside },
                    _ => Mode::Cubic { coefficient: -0.75, antialias, exclude_outside },
                };
                let all =
                    [Coordinates::HalfPixel, Coordinates::AlignCorners, Coordinates::Asymmetric];
                let op = Resize {
                    mode,
                    coordinates: all_of(&mut self.choices, &all),
                    scales_input: 2,
                    axes: None,
                    aspect: Aspect::Stretch,
                    extrapolation: 0.0,
                };
                let scales = Some(Operand::Constant(scales));
                let result = self.add(op, vec![Some(Operand::Value(input)), None, scales]);
                self.limited(result);
            }
        }
    }

    pub fn layer(&mut self) {
        let input = self.pick();
        match self.choices.below(13) {
            _ if self.shape(input).is_empty() => self.function(input),
            0..=2 => self.conv(input),
            3 => self.conv_transpose(input),
            4 => self.gemm(input),
            5 => self.mat_mul(input),
            6 => self.softmax(input),
            7 => self.pool(input),
            8 => self.reduce(input),
            9 => self.function(input),
            10 => self.arithmetic(input),
            11 => self.norm(input),
            _ => self.movement(input),
        }
    }
}
