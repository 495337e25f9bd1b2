//! A random quantized network from a stream of decisions.

use seigo::base::arithmetic::{Base, Function, Layout, Rounding, Unit};
use seigo::base::tensor::{DType, Tensor};
use seigo::frontend::ops::activation::Activation;
use seigo::frontend::ops::binary::Binary;
use seigo::frontend::ops::channel_shuffle::ChannelShuffle;
use seigo::frontend::ops::concat::Concat;
use seigo::frontend::ops::epilogue::Residual;
use seigo::frontend::ops::max_pool::MaxPool;
use seigo::frontend::ops::reshape::Reshape;
use seigo::frontend::ops::resize::{self, Aspect, Coordinates, Mode, Resize};
use seigo::frontend::ops::space_to_depth::SpaceToDepth;
use seigo::frontend::ops::split::Split;
use seigo::frontend::ops::window::{Axis, Window};
use seigo::frontend::ops::{Fact, Inputs, Op};
use seigo::model::qgraph::{
    ConvOutput, DpuActivation, Format, Layer, Moved, Operand, QConv, QGraph, QOp, QOutput, QValue,
    QValueId, Scale, Width, moved,
};

/// A stream of decisions; when it runs dry every decision is the first one, so that a shorter
/// stream is a simpler graph.
pub struct Choices(std::vec::IntoIter<u32>);

impl Choices {
    pub fn new(numbers: Vec<u32>) -> Self {
        Self(numbers.into_iter())
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.0.next().unwrap_or(0) as usize % limit
    }

    /// Near the first bound for small numbers.
    pub fn within(&mut self, low: i64, high: i64) -> i64 {
        low + (i64::from(self.0.next().unwrap_or(0)) % (high - low + 1))
    }

    fn flag(&mut self) -> bool {
        self.below(2) == 1
    }
}

/// Inputs for a network, which also reach beyond its range.
pub fn inputs(graph: &QGraph, seed: u64) -> Vec<Tensor> {
    let mut state = seed | 1;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / f64::from(1 << 24) * 2.0 - 1.0
    };
    let mut tensor = |id: &QValueId| {
        let value = graph.value(*id);
        let (_, scales) = value.integer().unwrap();
        let plane: usize = value.shape[2..].iter().product();
        let number = |index: usize| {
            let exponent = scales[index / plane % scales.len()].exponent;
            let steps = next() * 300.0;
            // Every second number is a whole one of half steps, so that ties are met.
            let steps = if index.is_multiple_of(2) { steps } else { (2.0 * steps).round() / 2.0 };
            (steps * 2f64.powi(exponent.into())) as f32
        };
        Tensor::new(&value.shape, (0..value.len()).map(number).collect::<Vec<f32>>()).unwrap()
    };
    graph.inputs.iter().map(&mut tensor).collect()
}

/// The network of a stream.
pub fn network(choices: Choices) -> QGraph {
    Builder::new(choices).build()
}

struct Builder {
    choices: Choices,
    graph: QGraph,
    /// Quantized int8 values of rank 4 that layers may read.
    live: Vec<QValueId>,
}

impl Builder {
    fn new(choices: Choices) -> Self {
        let graph = QGraph {
            name: "random".into(),
            values: Vec::new(),
            layers: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            functions: Vec::new(),
            rounding: Rounding::HalfUp,
        };
        Self { choices, graph, live: Vec::new() }
    }

    fn build(mut self) -> QGraph {
        if self.choices.below(4) == 3 {
            self.graph.rounding = Rounding::HalfEven;
        }
        let extent = |choices: &mut Choices, low, high| choices.within(low, high) as usize;
        let shape = [
            extent(&mut self.choices, 1, 2),
            extent(&mut self.choices, 1, 4),
            extent(&mut self.choices, 2, 7),
            extent(&mut self.choices, 2, 7),
        ];
        let scales = self.scales(shape[1]);
        let input = self.value(&shape, Width::I8, scales);
        self.live.push(input);
        self.graph.inputs.push(input);
        for _ in 0..self.choices.within(1, 7) {
            match self.choices.below(11) {
                0..=4 => self.conv(),
                5 => self.add(),
                6 => self.rescale(),
                7 => self.pool(),
                8 => self.movement(),
                9 => self.channel_mul(),
                _ => self.float(),
            }
        }
        let read: Vec<_> = self.graph.layers.iter().flat_map(|layer| &layer.inputs).collect();
        let unread = |id: &QValueId| !read.contains(&&Some(Operand::Value(*id)));
        let outputs: Vec<_> = (0..self.graph.values.len()).map(QValueId).filter(unread).collect();
        self.graph.outputs = outputs
            .into_iter()
            .map(|value| QOutput { name: format!("out{}", value.0), value })
            .collect();
        self.graph
    }

    fn scales(&mut self, channels: usize) -> Vec<Scale> {
        let plain = self.choices.flag();
        let center = self.choices.within(-9, 3);
        let scale = |choices: &mut Choices| Scale {
            exponent: (center + choices.within(0, 4)) as i8,
            zero: if plain { 0 } else { choices.within(-128, 127) as i8 },
        };
        if self.choices.below(3) == 0 {
            return vec![scale(&mut self.choices); channels];
        }
        (0..channels).map(|_| scale(&mut self.choices)).collect()
    }

    fn value(&mut self, shape: &[usize], width: Width, scales: Vec<Scale>) -> QValueId {
        let id = QValueId(self.graph.values.len());
        let format = Format::Integer { width, scales };
        self.graph.values.push(QValue {
            name: format!("v{}", id.0),
            shape: shape.to_vec(),
            format,
        });
        id
    }

    fn layer(&mut self, op: QOp, inputs: Vec<Option<Operand>>, outputs: Vec<QValueId>) {
        let name = format!("layer{}", self.graph.layers.len());
        let sources = vec![format!("{name}_conv"), format!("{name}_act")];
        self.graph.layers.push(Layer { name, op, inputs, outputs, sources });
    }

    fn pick(&mut self) -> (QValueId, Vec<usize>, Vec<Scale>) {
        let id = self.live[self.live.len() - 1 - self.choices.below(self.live.len())];
        let value = self.graph.value(id);
        (id, value.shape.clone(), value.integer().unwrap().1.to_vec())
    }

    /// Whether a value has no zero points.
    fn is_plain(scales: &[Scale]) -> bool {
        scales.iter().all(|scale| scale.zero == 0)
    }

    fn axis(&mut self, input: usize) -> Axis {
        let choices = &mut self.choices;
        let (kernel, stride) = (choices.within(1, 3) as usize, choices.within(1, 3) as usize);
        let (begin, end) = (choices.below(3), choices.below(3));
        let reach = |dilation| (kernel - 1) * dilation + 1;
        let dilation = if choices.flag() && reach(2) <= input + begin + end { 2 } else { 1 };
        let missing = reach(dilation).saturating_sub(input + begin + end);
        let end = end + missing;
        let output = (input + begin + end - reach(dilation)) / stride + 1;
        Axis { input, output, kernel, stride, dilation, begin, end }
    }

    fn conv(&mut self) {
        let (input, shape, scales) = self.pick();
        let keep = self.choices.below(3) == 0;
        let unit = |input| Axis { input, output: input, ..Axis::UNIT };
        let axes = if keep {
            [unit(shape[2]), unit(shape[3])]
        } else {
            [self.axis(shape[2]), self.axis(shape[3])]
        };
        let channels = shape[1];
        let groups: Vec<_> = (1..=channels).filter(|group| channels % group == 0).collect();
        let group = groups[self.choices.below(groups.len())];
        let outputs = if keep { channels } else { group * self.choices.within(1, 3) as usize };
        let taps = channels / group * axes[0].kernel * axes[1].kernel;
        let weights = (0..outputs * taps).map(|_| self.choices.within(-128, 127) as i8).collect();
        let reach = 1i64 << self.choices.within(4, 29);
        let bias = (0..outputs).map(|_| self.choices.within(-reach, reach) as i32).collect();
        let shape = [shape[0], outputs, axes[0].output, axes[1].output];
        let target = self.scales(outputs);
        let residual = self.residual(&shape);
        let plain = Self::is_plain(&scales) && Self::is_plain(&target);
        let output = self.output_stage(outputs, plain, residual.is_some());
        let exponents = (0..outputs).map(|_| self.choices.within(-20, 3) as i8).collect();
        let width = match self.choices.below(8) {
            6 => Width::I16,
            7 => Width::I32,
            _ => Width::I8,
        };
        let result = self.value(&shape, width, target);
        let conv = QConv { axes, group, weights, exponents, bias, output };
        let other = conv.residual().and(residual);
        let operands = [Some(input), other].into_iter().flatten();
        let operands = operands.map(|id| Some(Operand::Value(id))).collect();
        self.layer(QOp::Conv(Box::new(conv)), operands, vec![result]);
        if width == Width::I8 {
            self.live.push(result);
        }
    }

    fn residual(&mut self, shape: &[usize]) -> Option<QValueId> {
        let fits = |id: &&QValueId| self.graph.value(**id).shape == shape;
        let found = self.live.iter().rev().find(fits).copied();
        found.filter(|_| self.choices.flag())
    }

    fn output_stage(&mut self, outputs: usize, plain: bool, residual: bool) -> ConvOutput {
        let kind = self.choices.below(3);
        let mut shifts = |low, high| -> Vec<i8> {
            (0..outputs).map(|_| self.choices.within(low, high) as i8).collect()
        };
        match kind {
            2 if plain && !residual => ConvOutput::Dpu {
                accumulator_shift: self.choices.below(25) as u8,
                bias_shift: self.choices.below(17) as u8,
                shift: self.choices.below(41) as u8,
                activation: [DpuActivation::None, DpuActivation::Relu, DpuActivation::LeakyRelu]
                    [self.choices.below(3)],
            },
            0 if !residual => {
                ConvOutput::Direct { shifts: shifts(-2, 31), relu: self.choices.flag() }
            }
            _ => {
                let (arguments, shifts) = (shifts(-8, 31), shifts(0, 15));
                let place = [Residual::BeforeActivation, Residual::AfterActivation];
                let place = place[self.choices.below(2)];
                let residual = residual.then_some(place);
                let function = self.function();
                let own = &self.graph.functions[function];
                let fractions = match own.has_unit() {
                    true => vec![own.unit.fraction; outputs],
                    false => (0..outputs).map(|_| self.choices.within(4, 16) as i8).collect(),
                };
                ConvOutput::Function { function, arguments, shifts, residual, fractions }
            }
        }
    }

    fn function(&mut self) -> usize {
        let sigmoid = |t: f64| 1.0 / (1.0 + (-t).exp());
        let kind = self.choices.below(6);
        let usual = self.choices.flag();
        let unit = match kind {
            _ if usual => Unit::default(),
            5 => Unit { fraction: 8, gain: 3 },
            _ => Unit { fraction: 12, gain: 0 },
        };
        let function = match kind {
            0 => Function::straight("relu", Base::Relu),
            1 => Function::straight("leaky", Base::Leaky { slope: 26 }),
            2 => {
                let base = Base::Clamp { min: 0, max: 6 << unit.fraction };
                Function { unit, ..Function::straight("relu6", base) }
            }
            3 => Function::tabulate_in(unit, "silu", Base::Relu, Layout::TwoSegments, false, |t| {
                t * sigmoid(t)
            }),
            4 => Function::tabulate_in(
                unit,
                "mish",
                Base::Identity,
                Layout::TwoSegments,
                true,
                |t| t * t.exp().ln_1p().tanh(),
            ),
            _ => Function::tabulate_in(unit, "sigmoid", Base::Zero, Layout::Uniform, true, sigmoid),
        };
        let found = self.graph.functions.iter().position(|other| *other == function);
        found.unwrap_or_else(|| {
            self.graph.functions.push(function);
            self.graph.functions.len() - 1
        })
    }

    fn add(&mut self) {
        let (a, shape, first) = self.pick();
        let fits = |id: &&QValueId| self.graph.value(**id).shape == shape;
        let b = self.live.iter().find(fits).copied().unwrap_or(a);
        let second = self.graph.value(b).integer().unwrap().1.to_vec();
        let target = self.scales(shape[1]);
        let plain = [&first, &second, &target].into_iter().all(|scales| Self::is_plain(scales));
        let result = self.value(&shape, Width::I8, target);
        let op = if plain && self.choices.flag() { QOp::DpuAdd } else { QOp::Add };
        let operands = [a, b].map(|id| Some(Operand::Value(id)));
        self.layer(op, operands.to_vec(), vec![result]);
        self.live.push(result);
    }

    /// The largest of each channel of one value times another value.
    fn channel_mul(&mut self) {
        let (input, shape, _) = self.pick();
        let fits = |id: &&QValueId| self.graph.value(**id).shape[..2] == shape[..2];
        let other = self.live.iter().find(fits).copied().unwrap_or(input);
        let value = self.graph.value(other);
        let (plane, scales) = (value.shape[2..].to_vec(), value.integer().unwrap().1.to_vec());
        let largest = self.value(&[shape[0], shape[1], 1, 1], Width::I8, scales);
        let window = Window {
            kernel: plane,
            strides: vec![1; 2],
            pads: vec![(0, 0); 2],
            dilations: vec![1; 2],
            ..Window::default()
        };
        let pool = MaxPool { window, ceil: false };
        let operand = |id| Some(Operand::Value(id));
        self.layer(QOp::MaxPool(pool.into()), vec![operand(other)], vec![largest]);
        let target = self.scales(shape[1]);
        let result = self.value(&shape, Width::I8, target);
        self.layer(QOp::ChannelMul, vec![operand(input), operand(largest)], vec![result]);
        self.live.push(result);
    }

    fn rescale(&mut self) {
        let (input, shape, _) = self.pick();
        let target = self.scales(shape[1]);
        let result = self.value(&shape, Width::I8, target);
        self.layer(QOp::Rescale, vec![Some(Operand::Value(input))], vec![result]);
        self.live.push(result);
    }

    fn pool(&mut self) {
        let (input, shape, scales) = self.pick();
        let axes = [self.axis(shape[2]), self.axis(shape[3])];
        let window = Window {
            kernel: axes.map(|axis| axis.kernel).to_vec(),
            strides: axes.map(|axis| axis.stride).to_vec(),
            pads: axes.map(|axis| (axis.begin, axis.end)).to_vec(),
            dilations: axes.map(|axis| axis.dilation).to_vec(),
            ..Window::default()
        };
        let pool = MaxPool { window, ceil: self.choices.flag() };
        let op: Op = pool.clone().into();
        let zeros = Tensor::new(&shape, vec![0i8; shape.iter().product()]).unwrap();
        let pooled = op.eval(Inputs::new(&[Some(&zeros)])).unwrap().remove(0);
        if pooled.values::<i8>().unwrap().contains(&i8::MIN) {
            return; // a window reads nothing but padding
        }
        let shape = pooled.shape().to_vec();
        let result = self.value(&shape, Width::I8, scales);
        self.layer(QOp::MaxPool(pool.into()), vec![Some(Operand::Value(input))], vec![result]);
        self.live.push(result);
    }

    fn movement(&mut self) {
        let (input, shape, _) = self.pick();
        let [n, c, h, w] = shape[..] else { unreachable!() };
        let mut operands = vec![Some(Operand::Value(input))];
        let op: Op = match self.choices.below(6) {
            1 if c > 1 => {
                let lengths = Tensor::vector(vec![1, c as i64 - 1]);
                operands.push(Some(Operand::Constant(lengths)));
                Split { axis: 1, parts: 2, equal: false }.into()
            }
            2 => {
                let scales = Tensor::vector(vec![1.0f32, 1.0, 2.0, 3.0]);
                operands.extend([None, Some(Operand::Constant(scales))]);
                Op::Resize(Resize {
                    mode: Mode::Nearest(resize::Rounding::Floor),
                    coordinates: Coordinates::Asymmetric,
                    scales_input: 2,
                    axes: None,
                    aspect: Aspect::Stretch,
                    extrapolation: 0.0,
                })
            }
            3 if h % 2 == 0 && w % 2 == 0 => {
                SpaceToDepth { block: 2, offsets: vec![(0, 0), (1, 0), (0, 1), (1, 1)] }.into()
            }
            4 if c % 2 == 0 => ChannelShuffle { groups: 2 }.into(),
            5 => {
                let shape = Tensor::vector([n, c, h * w].map(|extent| extent as i64).to_vec());
                operands.push(Some(Operand::Constant(shape)));
                Reshape { allow_zero: false }.into()
            }
            _ => {
                let fits = |id: &&QValueId| {
                    let other = &self.graph.value(**id).shape;
                    other[0] == n && other[2..] == shape[2..]
                };
                let other = self.live.iter().find(fits).copied().unwrap_or(input);
                operands.push(Some(Operand::Value(other)));
                Concat { axis: 1 }.into()
            }
        };
        self.moved(op, operands);
    }

    fn moved(&mut self, op: Op, operands: Vec<Option<Operand>>) {
        let (facts, scales) = {
            let marks: Vec<_> = operands
                .iter()
                .map(|operand| match operand.as_ref()? {
                    Operand::Constant(tensor) => Some(Moved::Constant(tensor)),
                    Operand::Value(id) => {
                        let value = self.graph.value(*id);
                        Some(Moved::Quantized(&value.shape, value.integer().unwrap().1))
                    }
                })
                .collect();
            let facts: Vec<_> = marks
                .iter()
                .map(|moved| match moved.as_ref()? {
                    Moved::Constant(tensor) => Some(Fact::from((*tensor).clone())),
                    Moved::Quantized(shape, _) => Some(Fact::new(DType::I8, *shape)),
                })
                .collect();
            let references: Vec<_> = facts.iter().map(Option::as_ref).collect();
            (op.infer(Inputs::new(&references)).unwrap(), moved(&op, &marks).unwrap())
        };
        let results: Vec<_> = facts
            .iter()
            .zip(scales)
            .map(|(fact, scales)| self.value(&fact.shape, Width::I8, scales))
            .collect();
        self.layer(QOp::Move(op.into()), operands, results.clone());
        let rank4 = |id: &QValueId| self.graph.value(*id).shape.len() == 4;
        let live: Vec<_> = results.into_iter().filter(rank4).collect();
        self.live.extend(live);
    }

    fn float(&mut self) {
        let (input, shape, _) = self.pick();
        let mut operands = vec![Some(Operand::Value(input))];
        let op = if self.choices.flag() {
            operands.push(Some(Operand::Constant(Tensor::scalar(0.375f32))));
            Op::Binary(Binary::Mul)
        } else {
            Op::Activation(Activation::Relu)
        };
        let scales = self.scales(shape[1]);
        let result = self.value(&shape, Width::I8, scales);
        if self.choices.flag() {
            self.graph.values[result.0].format = Format::Float;
        } else {
            self.live.push(result);
        }
        self.layer(QOp::Float(op.into()), operands, vec![result]);
    }
}
