//! Random layers of the sizes that the accelerator is made for: several planes, all kernels.

use seigo::base::arithmetic::{Base, Function, Layout, Rounding};
use seigo::base::tensor::Tensor;
use seigo::compile::program::Stem;
use seigo::frontend::ops::Op;
use seigo::frontend::ops::concat::Concat;
use seigo::frontend::ops::epilogue::Residual;
use seigo::frontend::ops::max_pool::MaxPool;
use seigo::frontend::ops::resize::{self, Aspect, Coordinates, Mode, Resize};
use seigo::frontend::ops::space_to_depth::SpaceToDepth;
use seigo::frontend::ops::window::{Axis, Window};
use seigo::model::qgraph::{
    ConvOutput, Format, Layer, Operand, QConv, QGraph, QOp, QOutput, QValue, QValueId, Scale, Width,
};

use crate::quantized::Choices;

/// What the middle layer of a network is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Middle {
    Dense,
    Grouped,
    Depthwise,
    Pair,
    Pool,
    Residual,
    Add,
    Concatenated,
    Rescale,
    ChannelMul,
}

const MIDDLES: [Middle; 10] = [
    Middle::Dense,
    Middle::Grouped,
    Middle::Depthwise,
    Middle::Pair,
    Middle::Pool,
    Middle::Residual,
    Middle::Add,
    Middle::Concatenated,
    Middle::Rescale,
    Middle::ChannelMul,
];

/// A first convolution on an image or tensor, a layer of any kind behind it, a last convolution.
pub fn network(numbers: Vec<u32>) -> QGraph {
    let mut net = Net { choices: Choices::new(numbers), graph: empty() };
    let channels = [1, 3, 4, 16, 20][net.choices.below(5)];
    let shape = [1, channels, net.extent(), net.extent()];
    let input = net.input(shape);
    let first = net.conv(input, 1, None);
    net.behind(first)
}

/// The same with a first convolution that a stem unit of one shape computes, every other time.
pub fn network_for(stem: Stem, numbers: Vec<u32>) -> QGraph {
    let mut net = Net { choices: Choices::new(numbers), graph: empty() };
    let first = match net.choices.below(4) {
        0 | 1 => net.on_pixels(stem),
        choice => {
            let shape = [1, [16, 20][choice - 2], net.extent(), net.extent()];
            let input = net.input(shape);
            net.conv(input, 1, None)
        }
    };
    net.behind(first)
}

fn empty() -> QGraph {
    let sigmoid = |t: f64| 1.0 / (1.0 + (-t).exp());
    QGraph {
        name: "layers".into(),
        values: Vec::new(),
        layers: Vec::new(),
        inputs: Vec::new(),
        outputs: Vec::new(),
        functions: vec![
            Function::tabulate("silu", Base::Relu, Layout::TwoSegments, false, |t| t * sigmoid(t)),
            Function::straight("relu6", Base::Clamp { min: 0, max: 6 << 10 }),
            Function::straight("leaky", Base::Leaky { slope: 26 }),
            Function::tabulate("sigmoid", Base::Zero, Layout::Uniform, true, sigmoid),
            Function::straight("identity", Base::Identity),
        ],
        rounding: Rounding::HalfUp,
    }
}

struct Net {
    choices: Choices,
    graph: QGraph,
}

impl Net {
    /// The layers behind the first convolution.
    fn behind(mut self, first: QValueId) -> QGraph {
        let middle = MIDDLES[self.choices.below(MIDDLES.len())];
        let found = self.middle(middle, first);
        let mut outputs = Vec::new();
        for id in found {
            outputs.push(if self.choices.below(3) == 0 { id } else { self.conv(id, 1, None) });
        }
        let named = |value| QOutput { name: self.graph.value(value).name.clone(), value };
        let outputs = outputs.into_iter().map(named).collect();
        QGraph { outputs, ..self.graph }
    }

    fn extent(&mut self) -> usize {
        self.choices.within(1, 19) as usize
    }

    fn input(&mut self, shape: [usize; 4]) -> QValueId {
        let id = self.value(shape, Width::I8);
        self.graph.inputs.push(id);
        id
    }

    /// A convolution on the pixels of an image; one of an even shape may come behind a rearrangement of
    /// blocks of 2 x 2 pixels into channels.
    fn on_pixels(&mut self, stem: Stem) -> QValueId {
        let even = stem.kernel.is_multiple_of(2) && stem.stride.is_multiple_of(2);
        let block = if even { 1 + self.choices.below(2) } else { 1 };
        let [height, width] = [0, 1].map(|_| self.extent());
        let image = self.input([1, stem.channels, height * block, width * block]);
        let data = if block == 1 { image } else { self.blocks(image, [height, width]) };
        let size = [stem.kernel / block, stem.stride / block, 1];
        let axes = [height, width].map(|extent| self.axis(extent, size));
        let outputs = self.choices.within(1, 40) as usize;
        self.with_axes(data, (1, outputs), axes, None)
    }

    fn blocks(&mut self, image: QValueId, [height, width]: [usize; 2]) -> QValueId {
        let channels = self.shape(image)[1];
        let scales = self.graph.value(image).integer().unwrap().1;
        let format = Format::Integer { width: Width::I8, scales: scales.repeat(4) };
        let result = self.with_format([1, 4 * channels, height, width], format);
        let offsets = vec![(0, 0), (1, 0), (0, 1), (1, 1)];
        let layer = Op::SpaceToDepth(SpaceToDepth { block: 2, offsets });
        self.layer(QOp::Move(layer.into()), &[image], Vec::new(), result);
        result
    }

    fn value(&mut self, shape: [usize; 4], width: Width) -> QValueId {
        let center = self.choices.within(-6, 0);
        let scales = (0..shape[1]).map(|_| Scale {
            exponent: (center + self.choices.within(-1, 1)) as i8,
            zero: self.choices.within(-128, 127) as i8,
        });
        let format = Format::Integer { width, scales: scales.collect() };
        self.with_format(shape, format)
    }

    fn with_format(&mut self, shape: [usize; 4], format: Format) -> QValueId {
        let id = QValueId(self.graph.values.len());
        let name = format!("v{}", id.0);
        self.graph.values.push(QValue { name, shape: shape.to_vec(), format });
        id
    }

    fn shape(&self, id: QValueId) -> [usize; 4] {
        self.graph.value(id).shape[..].try_into().unwrap()
    }

    fn layer(
        &mut self,
        op: QOp,
        inputs: &[QValueId],
        constants: Vec<Option<Operand>>,
        out: QValueId,
    ) {
        let name = format!("layer{}", self.graph.layers.len());
        let operands = inputs.iter().map(|&id| Some(Operand::Value(id))).chain(constants);
        self.graph.layers.push(Layer {
            sources: vec![name.clone()],
            name,
            op,
            inputs: operands.collect(),
            outputs: vec![out],
        });
    }

    fn axis(&mut self, input: usize, [kernel, stride, dilation]: [usize; 3]) -> Axis {
        let reach = (kernel - 1) * dilation + 1;
        let begin = self.choices.below(kernel.min(4));
        let end = self.choices.below(kernel.min(4));
        let end = end + reach.saturating_sub(input + begin + end);
        let output = (input + begin + end - reach) / stride + 1;
        Axis { input, output, kernel, stride, dilation, begin, end }
    }

    fn conv(&mut self, input: QValueId, group: usize, residual: Option<QValueId>) -> QValueId {
        let shape = self.shape(input);
        let keep = residual.is_some();
        let kernels = if keep { vec![1] } else { vec![1, 3, 3, 2, 5, 7] };
        let kernel = kernels[self.choices.below(kernels.len())];
        let stride = if keep { 1 } else { self.choices.within(1, 3) as usize };
        let dilation = self.choices.within(1, 2) as usize;
        let axes = [2, 3].map(|axis| match keep {
            true => Axis { input: shape[axis], output: shape[axis], ..Axis::UNIT },
            false => self.axis(shape[axis], [kernel, stride, dilation]),
        });
        let outputs = match residual {
            Some(_) => shape[1],
            None if group == shape[1] => group,
            None => group * self.choices.within(1, 40 / group as i64) as usize,
        };
        self.with_axes(input, (group, outputs), axes, residual)
    }

    fn with_axes(
        &mut self,
        input: QValueId,
        (group, outputs): (usize, usize),
        axes: [Axis; 2],
        residual: Option<QValueId>,
    ) -> QValueId {
        let taps = self.shape(input)[1] / group * axes[0].kernel * axes[1].kernel;
        let weights = (0..outputs * taps).map(|_| self.choices.within(-127, 127) as i8).collect();
        let bias = (0..outputs).map(|_| self.choices.within(-9000, 9000) as i32).collect();
        let spread = (usize::BITS - taps.leading_zeros()) as i64 / 2;
        let mut shifts = |low, high| -> Vec<i8> {
            (0..outputs).map(|_| self.choices.within(low, high) as i8).collect()
        };
        let (direct, arguments, last) =
            (shifts(5 + spread, 9 + spread), shifts(2 + spread, 6 + spread), shifts(3, 7));
        let output = match self.choices.below(6) {
            0 if residual.is_none() => {
                ConvOutput::Direct { shifts: direct, relu: self.choices.below(2) == 1 }
            }
            function => ConvOutput::Function {
                function: function % 5,
                arguments,
                shifts: last,
                residual: residual.map(|_| match self.choices.below(2) {
                    0 => Residual::AfterActivation,
                    _ => Residual::BeforeActivation,
                }),
                fractions: vec![10; outputs],
            },
        };
        let result = self.value([1, outputs, axes[0].output, axes[1].output], Width::I8);
        let exponents = vec![0; outputs];
        let conv = QConv { axes, group, weights, exponents, bias, output };
        let inputs: Vec<QValueId> = std::iter::once(input).chain(residual).collect();
        self.layer(QOp::Conv(Box::new(conv)), &inputs, Vec::new(), result);
        result
    }

    fn middle(&mut self, middle: Middle, input: QValueId) -> Vec<QValueId> {
        let shape = self.shape(input);
        match middle {
            Middle::Dense => vec![self.conv(input, 1, None)],
            Middle::Grouped => {
                let groups: Vec<_> =
                    (2..=shape[1].min(20)).filter(|&g| shape[1].is_multiple_of(g)).collect();
                let group = groups.get(self.choices.below(groups.len().max(1))).copied();
                vec![self.conv(input, group.unwrap_or(1), None)]
            }
            Middle::Depthwise => {
                let kernel = self.window();
                vec![self.depthwise(input, kernel)]
            }
            Middle::Pair => {
                let kernel = self.window();
                let first = self.depthwise(input, kernel);
                let axes = self.graph.layers.last().map(|layer| match &layer.op {
                    QOp::Conv(conv) => conv.axes,
                    _ => unreachable!(),
                });
                let second = self.with_axes(input, (shape[1], shape[1]), axes.unwrap(), None);
                vec![first, second]
            }
            Middle::Pool => vec![self.pool(input)],
            Middle::Residual => {
                let data = self.conv(input, 1, Some(input));
                vec![self.conv(data, 1, Some(input))]
            }
            Middle::Add => {
                let data = self.conv(input, 1, Some(input));
                let width = [Width::I8, Width::I16][self.choices.below(2)];
                let result = self.value(shape, width);
                self.layer(QOp::Add, &[input, data], Vec::new(), result);
                vec![if width == Width::I8 { result } else { data }]
            }
            Middle::Concatenated => vec![self.concatenated(input)],
            Middle::Rescale => {
                let result = self.value(shape, Width::I8);
                self.layer(QOp::Rescale, &[input], Vec::new(), result);
                vec![result]
            }
            Middle::ChannelMul => vec![self.channel_mul(input)],
        }
    }

    /// A value times a number per channel that is computed from it.
    fn channel_mul(&mut self, input: QValueId) -> QValueId {
        let shape = self.shape(input);
        let axes = [2, 3].map(|axis| Axis {
            input: shape[axis],
            output: 1,
            kernel: shape[axis].min(15),
            ..Axis::UNIT
        });
        let factors = self.with_axes(input, (1, shape[1]), axes, None);
        if let Format::Integer { scales, .. } = &mut self.graph.values[factors.0].format {
            scales.iter_mut().for_each(|scale| scale.zero = 0);
        }
        let scales = |id: QValueId| self.graph.value(id).integer().unwrap().1.to_vec();
        let pairs = scales(input).into_iter().zip(scales(factors));
        let scale = |(a, b): (Scale, Scale)| Scale {
            exponent: a.exponent + b.exponent + self.choices.within(-2, 8) as i8,
            zero: self.choices.within(-128, 127) as i8,
        };
        let scales = pairs.map(scale).collect();
        let result = self.with_format(shape, Format::Integer { width: Width::I8, scales });
        self.layer(QOp::ChannelMul, &[input, factors], Vec::new(), result);
        result
    }

    fn depthwise(&mut self, input: QValueId, kernel: [usize; 2]) -> QValueId {
        let shape = self.shape(input);
        let stride = self.choices.within(1, 2) as usize;
        let axes = [0, 1].map(|axis| {
            let input = shape[axis + 2];
            let pad = kernel[axis] / 2;
            let output = (input + 2 * pad - kernel[axis]) / stride + 1;
            let kernel = kernel[axis];
            Axis { input, output, kernel, stride, dilation: 1, begin: pad, end: pad }
        });
        self.with_axes(input, (shape[1], shape[1]), axes, None)
    }

    /// A kernel for the plane engine: most often 3 x 3, at times up to 7 x 7.
    fn window(&mut self) -> [usize; 2] {
        match self.choices.below(3) {
            0 => [0, 1].map(|_| 4 + self.choices.below(4)),
            _ => [3, 3],
        }
    }

    fn pool(&mut self, input: QValueId) -> QValueId {
        let shape = self.shape(input);
        let kernel = [2, 3, 5, 9][self.choices.below(4)];
        let (stride, pad) = match kernel {
            2 => (1 + self.choices.below(2), 0),
            3 => (1 + self.choices.below(2), 1),
            _ => (1, kernel / 2),
        };
        if shape[2..].iter().any(|&extent| extent < 2) {
            return input;
        }
        let window = Window {
            kernel: vec![kernel; 2],
            strides: vec![stride; 2],
            pads: vec![(pad, pad); 2],
            dilations: vec![1; 2],
            ..Window::default()
        };
        let extent = |extent: usize| (extent + 2 * pad - kernel) / stride + 1;
        let format = self.graph.value(input).format.clone();
        let result = self.with_format([1, shape[1], extent(shape[2]), extent(shape[3])], format);
        self.layer(
            QOp::MaxPool(MaxPool { window, ceil: false }.into()),
            &[input],
            Vec::new(),
            result,
        );
        result
    }

    /// The input at twice the size beside another tensor of that size.
    fn concatenated(&mut self, input: QValueId) -> QValueId {
        let shape = self.shape(input);
        let large = [1, shape[1], 2 * shape[2], 2 * shape[3]];
        let format = self.graph.value(input).format.clone();
        let resized = self.with_format(large, format);
        let resize = Op::Resize(Resize {
            mode: Mode::Nearest(resize::Rounding::Floor),
            coordinates: Coordinates::Asymmetric,
            scales_input: 2,
            axes: None,
            aspect: Aspect::Stretch,
            extrapolation: 0.0,
        });
        let scales = Tensor::vector(vec![1.0f32, 1.0, 2.0, 2.0]);
        self.layer(
            QOp::Move(resize.into()),
            &[input],
            vec![None, Some(Operand::Constant(scales))],
            resized,
        );
        let axes =
            [2, 3].map(|axis| Axis { input: large[axis], output: large[axis], ..Axis::UNIT });
        let outputs = 16 + 16 * self.choices.below(2);
        let other = self.with_axes(resized, (1, outputs), axes, None);
        let parts = [other, resized];
        let channels = parts.iter().map(|&id| self.shape(id)[1]).sum();
        let scales = parts.iter().flat_map(|&id| self.graph.value(id).integer().unwrap().1);
        let format = Format::Integer { width: Width::I8, scales: scales.copied().collect() };
        let joined = self.with_format([1, channels, large[2], large[3]], format);
        self.layer(QOp::Move(Concat { axis: 1 }.into()), &parts, Vec::new(), joined);
        let axes =
            [2, 3].map(|axis| Axis { input: large[axis], output: large[axis], ..Axis::UNIT });
        let outputs = self.choices.within(1, 40) as usize;
        self.with_axes(joined, (1, outputs), axes, None)
    }
}
