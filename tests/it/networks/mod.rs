//! Quantized networks of known architectures with arbitrary weights, for tests of plans.

use seigo::base::arithmetic::{Base, Function, Layout, Rounding};
use seigo::base::tensor::Tensor;
use seigo::frontend::ops::activation::Activation;
use seigo::frontend::ops::channel_shuffle::ChannelShuffle;
use seigo::frontend::ops::concat::Concat;
use seigo::frontend::ops::epilogue::Residual;
use seigo::frontend::ops::max_pool::MaxPool;
use seigo::frontend::ops::resize::{self, Aspect, Coordinates, Mode, Resize};
use seigo::frontend::ops::space_to_depth::SpaceToDepth;
use seigo::frontend::ops::split::Split;
use seigo::frontend::ops::window::{Axis, Window};
use seigo::model::qgraph::{
    ConvOutput, Format, Layer, Operand, QConv, QGraph, QOp, QOutput, QValue, QValueId, Scale, Width,
};

/// A graph under construction; all scales are alike.
pub struct Net(pub QGraph);

/// Kernel, stride and groups of a convolution that keeps the extent (at stride 1).
#[derive(Clone, Copy)]
pub struct Shape {
    pub kernel: usize,
    pub stride: usize,
    pub group: usize,
}

impl Shape {
    pub const POINT: Self = Self { kernel: 1, stride: 1, group: 1 };

    pub fn square(kernel: usize, stride: usize) -> Self {
        Self { kernel, stride, group: 1 }
    }
}

impl Net {
    /// A network on an image of `channels` bytes a pixel.
    pub fn new(name: &str, channels: usize, side: usize) -> (Self, QValueId) {
        let mut net = Self(QGraph {
            name: name.into(),
            values: vec![],
            layers: vec![],
            inputs: vec![],
            outputs: vec![],
            functions: vec![Function::tabulate(
                "silu",
                Base::Relu,
                Layout::TwoSegments,
                false,
                |t| t / (1.0 + (-t).exp()),
            )],
            rounding: Rounding::HalfUp,
        });
        let image = net.value("images", &[1, channels, side, side], Width::I8);
        net.0.inputs.push(image);
        (net, image)
    }

    pub fn value(&mut self, name: &str, shape: &[usize], width: Width) -> QValueId {
        let channels = shape.get(1).copied().unwrap_or(1);
        let scales = vec![Scale { exponent: -4, zero: -3 }; channels];
        let id = QValueId(self.0.values.len());
        self.0.values.push(QValue {
            name: name.into(),
            shape: shape.to_vec(),
            format: Format::Integer { width, scales },
        });
        id
    }

    pub fn shape(&self, id: QValueId) -> [usize; 4] {
        self.0.value(id).shape.clone().try_into().unwrap_or([1; 4])
    }

    pub fn layer(&mut self, name: &str, op: QOp, inputs: &[QValueId], outputs: Vec<QValueId>) {
        self.0.layers.push(Layer {
            name: name.into(),
            op,
            inputs: inputs.iter().map(|&id| Some(Operand::Value(id))).collect(),
            outputs,
            sources: vec![name.into()],
        });
    }

    /// A convolution with SiLU; `added` is a residual behind it.
    pub fn conv(
        &mut self,
        name: &str,
        input: QValueId,
        outputs: usize,
        shape: Shape,
        added: Option<QValueId>,
    ) -> QValueId {
        let residual = added.map(|_| Residual::AfterActivation);
        let output = ConvOutput::Function {
            function: 0,
            arguments: vec![3; outputs],
            shifts: vec![8; outputs],
            residual,
            fractions: vec![10; outputs],
        };
        self.conv_to(name, input, outputs, shape, (output, Width::I8), added)
    }

    /// A convolution without activation to int16.
    pub fn linear(&mut self, name: &str, input: QValueId, outputs: usize) -> QValueId {
        let output = ConvOutput::Direct { shifts: vec![2; outputs], relu: false };
        self.conv_to(name, input, outputs, Shape::POINT, (output, Width::I16), None)
    }

    pub fn conv_to(
        &mut self,
        name: &str,
        input: QValueId,
        outputs: usize,
        Shape { kernel, stride, group }: Shape,
        (output, width): (ConvOutput, Width),
        added: Option<QValueId>,
    ) -> QValueId {
        let [_, channels, rows, columns] = self.shape(input);
        let pad = kernel / 2;
        let axis = |extent: usize| Axis {
            input: extent,
            output: (extent + 2 * pad - kernel) / stride + 1,
            kernel,
            stride,
            dilation: 1,
            begin: pad,
            end: pad,
        };
        let axes = [axis(rows), axis(columns)];
        let taps = channels / group * kernel * kernel;
        let weights = (0..outputs * taps).map(|i| (i * 7919 % 31) as i8 - 15).collect();
        let conv = QConv {
            axes,
            group,
            weights,
            exponents: vec![-8; outputs],
            bias: (0..outputs).map(|o| o as i32 * 17 - 60).collect(),
            output,
        };
        let result = self.value(name, &[1, outputs, axes[0].output, axes[1].output], width);
        let inputs: Vec<_> = [Some(input), added].into_iter().flatten().collect();
        self.layer(name, QOp::Conv(Box::new(conv)), &inputs, vec![result]);
        result
    }

    /// A depthwise convolution.
    pub fn depthwise(
        &mut self,
        name: &str,
        input: QValueId,
        kernel: usize,
        stride: usize,
    ) -> QValueId {
        let channels = self.shape(input)[1];
        self.conv(name, input, channels, Shape { kernel, stride, group: channels }, None)
    }

    pub fn concat(&mut self, name: &str, inputs: &[QValueId]) -> QValueId {
        let [_, _, rows, columns] = self.shape(inputs[0]);
        let channels = inputs.iter().map(|&id| self.shape(id)[1]).sum();
        let result = self.value(name, &[1, channels, rows, columns], Width::I8);
        self.layer(name, QOp::Move(Concat { axis: 1 }.into()), inputs, vec![result]);
        result
    }

    /// Parts of a value by channels.
    pub fn split(&mut self, name: &str, input: QValueId, counts: &[usize]) -> Vec<QValueId> {
        let [_, _, rows, columns] = self.shape(input);
        let part = |(index, &count): (usize, &usize)| {
            self.value(&format!("{name}.{index}"), &[1, count, rows, columns], Width::I8)
        };
        let results: Vec<QValueId> = counts.iter().enumerate().map(part).collect();
        let op = Split { axis: 1, parts: counts.len(), equal: false };
        self.layer(name, QOp::Move(op.into()), &[input], results.clone());
        let lengths = Tensor::vector(counts.iter().map(|&count| count as i64).collect::<Vec<_>>());
        let inputs = &mut self.0.layers.last_mut().expect("just added").inputs;
        inputs.push(Some(Operand::Constant(lengths)));
        results
    }

    fn same(&mut self, name: &str, op: QOp, inputs: &[QValueId]) -> QValueId {
        let shape = self.shape(inputs[0]);
        let result = self.value(name, &shape, Width::I8);
        self.layer(name, op, inputs, vec![result]);
        result
    }

    pub fn shuffle(&mut self, name: &str, input: QValueId) -> QValueId {
        self.same(name, QOp::Move(ChannelShuffle { groups: 2 }.into()), &[input])
    }

    pub fn add(&mut self, name: &str, first: QValueId, second: QValueId) -> QValueId {
        self.same(name, QOp::Add, &[first, second])
    }

    pub fn rescale(&mut self, name: &str, input: QValueId) -> QValueId {
        self.same(name, QOp::Rescale, &[input])
    }

    /// A layer of the processor.
    pub fn float(&mut self, name: &str, input: QValueId) -> QValueId {
        self.same(name, QOp::Float(Activation::Relu.into()), &[input])
    }

    pub fn halves(&mut self, name: &str, input: QValueId) -> [QValueId; 2] {
        let half = self.shape(input)[1] / 2;
        let parts = self.split(name, input, &[half, half]);
        [parts[0], parts[1]]
    }

    pub fn upsample(&mut self, name: &str, input: QValueId) -> QValueId {
        let [_, channels, rows, columns] = self.shape(input);
        let result = self.value(name, &[1, channels, 2 * rows, 2 * columns], Width::I8);
        let op = Resize {
            mode: Mode::Nearest(resize::Rounding::Floor),
            coordinates: Coordinates::Asymmetric,
            scales_input: 2,
            axes: None,
            aspect: Aspect::Stretch,
            extrapolation: 0.0,
        };
        self.layer(name, QOp::Move(op.into()), &[input], vec![result]);
        let scales = Tensor::vector(vec![1.0f32, 1.0, 2.0, 2.0]);
        let inputs = &mut self.0.layers.last_mut().expect("just added").inputs;
        inputs.extend([None, Some(Operand::Constant(scales))]);
        result
    }

    pub fn max_pool(
        &mut self,
        name: &str,
        input: QValueId,
        kernel: usize,
        stride: usize,
    ) -> QValueId {
        let [_, channels, rows, columns] = self.shape(input);
        let pad = kernel / 2;
        let window = Window {
            kernel: vec![kernel; 2],
            strides: vec![stride; 2],
            pads: vec![(pad, pad); 2],
            ..Window::default()
        };
        let side = |extent: usize| (extent + 2 * pad - kernel) / stride + 1;
        let result = self.value(name, &[1, channels, side(rows), side(columns)], Width::I8);
        let op = MaxPool { window, ceil: false };
        self.layer(name, QOp::MaxPool(op.into()), &[input], vec![result]);
        result
    }

    pub fn focus(&mut self, input: QValueId) -> QValueId {
        let [_, channels, rows, columns] = self.shape(input);
        let result = self.value("focus", &[1, 4 * channels, rows / 2, columns / 2], Width::I8);
        let op = SpaceToDepth { block: 2, offsets: vec![(0, 0), (1, 0), (0, 1), (1, 1)] };
        self.layer("focus", QOp::Move(op.into()), &[input], vec![result]);
        result
    }

    pub fn output(&mut self, value: QValueId) {
        let name = self.0.value(value).name.clone();
        self.0.outputs.push(QOutput { name, value });
    }

    pub fn finish(self) -> QGraph {
        self.0
    }
}

/// YOLOX (Ge et al. 2021): Focus, CSPDarknet, SPP, PAFPN, decoupled heads of 80 classes.
#[derive(Clone, Copy)]
pub struct Yolox {
    /// Channels of the stem.
    pub base: usize,
    /// Bottlenecks of the first CSP stage.
    pub depth: usize,
    /// Depthwise separable 3x3 convolutions.
    pub depthwise: bool,
    /// Rows and columns of the image.
    pub side: usize,
}

/// YOLOX-Nano at 416.
pub const NANO: Yolox = Yolox { base: 16, depth: 1, depthwise: true, side: 416 };
/// YOLOX-S at 640.
pub const SMALL: Yolox = Yolox { base: 32, depth: 1, depthwise: false, side: 640 };

struct Body {
    net: Net,
    depthwise: bool,
}

impl Body {
    /// A 3x3 convolution, or its depthwise separable form.
    fn three(
        &mut self,
        name: &str,
        x: QValueId,
        outputs: usize,
        stride: usize,
        added: Option<QValueId>,
    ) -> QValueId {
        if !self.depthwise {
            return self.net.conv(name, x, outputs, Shape::square(3, stride), added);
        }
        let x = self.net.depthwise(&format!("{name}.dconv"), x, 3, stride);
        self.net.conv(&format!("{name}.pconv"), x, outputs, Shape::POINT, added)
    }

    fn csp(
        &mut self,
        name: &str,
        x: QValueId,
        outputs: usize,
        depth: usize,
        short: bool,
    ) -> QValueId {
        let merged = self.net.conv(&format!("{name}.conv1|2"), x, outputs, Shape::POINT, None);
        let [mut a, b] = self.net.halves(&format!("{name}.split"), merged);
        for index in 0..depth {
            let half = outputs / 2;
            let y = self.net.conv(&format!("{name}.m{index}.conv1"), a, half, Shape::POINT, None);
            a = self.three(&format!("{name}.m{index}.conv2"), y, half, 1, short.then_some(a));
        }
        let joined = self.net.concat(&format!("{name}.cat"), &[a, b]);
        self.net.conv(&format!("{name}.conv3"), joined, outputs, Shape::POINT, None)
    }

    fn head(&mut self, index: usize, x: QValueId, width: usize) {
        let name = |part: &str| format!("head{index}.{part}");
        let stem = self.net.conv(&name("stem"), x, width, Shape::POINT, None);
        let classes = self.three(&name("cls0"), stem, width, 1, None);
        let classes = self.three(&name("cls1"), classes, width, 1, None);
        let classes = self.net.linear(&name("cls"), classes, 80);
        let boxes = self.three(&name("reg0"), stem, width, 1, None);
        let boxes = self.three(&name("reg1"), boxes, width, 1, None);
        let objects = self.net.linear(&name("obj"), boxes, 1);
        let boxes = self.net.linear(&name("reg"), boxes, 4);
        for output in [classes, boxes, objects] {
            self.net.output(output);
        }
    }
}

impl Yolox {
    pub fn graph(self) -> QGraph {
        let Self { base, depth, depthwise, side } = self;
        let (net, image) = Net::new("yolox", 3, side);
        let mut body = Body { net, depthwise };
        let focus = body.net.focus(image);
        let x = body.net.conv("stem", focus, base, Shape::square(3, 1), None);
        let x = body.three("dark2.0", x, 2 * base, 2, None);
        let x = body.csp("dark2.1", x, 2 * base, depth, true);
        let x = body.three("dark3.0", x, 4 * base, 2, None);
        let d3 = body.csp("dark3.1", x, 4 * base, 3 * depth, true);
        let x = body.three("dark4.0", d3, 8 * base, 2, None);
        let d4 = body.csp("dark4.1", x, 8 * base, 3 * depth, true);
        let x = body.three("dark5.0", d4, 16 * base, 2, None);
        let a = body.net.conv("spp.conv1", x, 8 * base, Shape::POINT, None);
        let pools = [5, 9, 13].map(|k| body.net.max_pool(&format!("spp.mp{k}"), a, k, 1));
        let joined = body.net.concat("spp.cat", &[a, pools[0], pools[1], pools[2]]);
        let x = body.net.conv("spp.conv2", joined, 16 * base, Shape::POINT, None);
        let d5 = body.csp("dark5.2", x, 16 * base, depth, false);
        let f0 = body.net.conv("lateral0", d5, 8 * base, Shape::POINT, None);
        let up = body.net.upsample("up0", f0);
        let joined = body.net.concat("cat_p4", &[up, d4]);
        let p4 = body.csp("c3_p4", joined, 8 * base, depth, false);
        let f1 = body.net.conv("reduce1", p4, 4 * base, Shape::POINT, None);
        let up = body.net.upsample("up1", f1);
        let joined = body.net.concat("cat_p3", &[up, d3]);
        let o2 = body.csp("c3_p3", joined, 4 * base, depth, false);
        let down = body.three("bu2", o2, 4 * base, 2, None);
        let joined = body.net.concat("cat_n3", &[down, f1]);
        let o1 = body.csp("c3_n3", joined, 8 * base, depth, false);
        let down = body.three("bu1", o1, 8 * base, 2, None);
        let joined = body.net.concat("cat_n4", &[down, f0]);
        let o0 = body.csp("c3_n4", joined, 16 * base, depth, false);
        for (index, x) in [o2, o1, o0].into_iter().enumerate() {
            body.head(index, x, 4 * base);
        }
        body.net.finish()
    }
}

/// A random network of what the accelerator does, with some layers that it does not do, on small
/// planes: `below(n)` decides, and 0 is the simplest choice everywhere.
pub fn random(below: &mut dyn FnMut(usize) -> usize) -> QGraph {
    random_of([8, 12, 7, 16], below)
}

/// The same on planes with one of these sides.
pub fn random_of(sides: [usize; 4], below: &mut dyn FnMut(usize) -> usize) -> QGraph {
    let side = sides[below(4)];
    let channels = [3, 1, 4, 20][below(4)];
    let (mut net, image) = Net::new("random", channels, side);
    let start = if side.is_multiple_of(2) && below(3) == 2 { net.focus(image) } else { image };
    let stem = Shape::square([3, 1, 5][below(3)], 1 + below(2));
    let mut live = vec![net.conv("stem", start, 8 * (1 + below(5)), stem, None)];
    for index in 0..2 + below(14) {
        let name = format!("n{index}");
        // Late values are read more often.
        let back = below(live.len()).min(below(live.len()));
        let x = live[live.len() - 1 - back];
        let [_, count, rows, columns] = net.shape(x);
        let alike = |net: &Net, below: &mut dyn FnMut(usize) -> usize| {
            let fits = |id: &&QValueId| net.shape(**id) == net.shape(x);
            let all: Vec<_> = live.iter().filter(fits).copied().collect();
            all[below(all.len())]
        };
        let new = match below(16) {
            0 | 1 => vec![net.conv(&name, x, 4 * (1 + below(12)), Shape::POINT, None)],
            2 => {
                let shape = Shape::square(3, 1 + below(2));
                vec![net.conv(&name, x, 8 * (1 + below(4)), shape, None)]
            }
            3 => {
                let added = alike(&net, below);
                vec![net.conv(&name, x, count, Shape::square(1 + 2 * below(2), 1), Some(added))]
            }
            4 | 5 => {
                let kernel = [3, 1, 5, 7][below(4)];
                vec![net.depthwise(&name, x, kernel, 1 + below(2))]
            }
            6 => {
                let y = net.conv(&name, x, count, Shape::POINT, None);
                let stride = 1 + below(2);
                let first = net.depthwise(&format!("{name}.a"), y, 3, stride);
                let second = net.depthwise(&format!("{name}.b"), y, 3, stride);
                vec![y, first, second]
            }
            7 => {
                let group = [2, 4, 8].into_iter().find(|group| count % group == 0).unwrap_or(1);
                let shape = Shape { kernel: 3, stride: 1, group };
                vec![net.conv(&name, x, count, shape, None)]
            }
            8 if count > 1 => {
                let first = 1 + below(count - 1);
                net.split(&name, x, &[first, count - first])
            }
            9 => {
                let others = 1 + below(10);
                let all: Vec<QValueId> = (0..others)
                    .map(|_| below(live.len()))
                    .map(|at| live[at])
                    .filter(|&id| net.shape(id)[2..] == [rows, columns])
                    .chain([x])
                    .collect();
                vec![net.concat(&name, &all)]
            }
            10 if rows <= 16 => vec![net.upsample(&name, x)],
            11 if count % 2 == 0 => vec![net.shuffle(&name, x)],
            12 => vec![net.max_pool(&name, x, 3, 1 + below(2))],
            13 => [5, 9, 13]
                .into_iter()
                .take(1 + below(3))
                .map(|kernel| net.max_pool(&format!("{name}.{kernel}"), x, kernel, 1))
                .collect(),
            14 => {
                let other = alike(&net, below);
                vec![if below(2) == 0 { net.add(&name, x, other) } else { net.rescale(&name, x) }]
            }
            _ => vec![net.float(&name, x)],
        };
        live.extend(new);
    }
    let read: Vec<QValueId> = net
        .0
        .layers
        .iter()
        .flat_map(|layer| layer.inputs.iter().flatten())
        .filter_map(Operand::value)
        .collect();
    for id in live {
        if !read.contains(&id) || below(8) == 7 {
            net.output(id);
        }
    }
    net.finish()
}
