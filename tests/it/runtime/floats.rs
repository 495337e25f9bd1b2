//! Networks of layers in float: every operator that the C++ library has of them, on values of any rank, quantized between
//! layers or not.

mod layers;

use proptest::prelude::*;
use seigo::base::arithmetic::Rounding;
use seigo::base::random::Random;
use seigo::base::tensor::{DType, Tensor};
use seigo::frontend::ops::activation::Activation;
use seigo::frontend::ops::binary::Binary;
use seigo::frontend::ops::concat::Concat;
use seigo::frontend::ops::conv::Conv;
use seigo::frontend::ops::epilogue::{Epilogue, Residual};
use seigo::frontend::ops::reshape::Reshape;
use seigo::frontend::ops::slice::Slice;
use seigo::frontend::ops::softmax::Softmax;
use seigo::frontend::ops::transpose::Transpose;
use seigo::frontend::ops::window::{AutoPad, Window};
use seigo::frontend::ops::{Fact, Inputs, Op};
use seigo::model::qgraph::{
    Format, Layer, Operand, QGraph, QOp, QOutput, QValue, QValueId, Scale, Width,
};
use seigo::software::reference;

use super::{cases, compare, kernels};
use crate::quantized::{Choices, inputs};

/// Builds a network layer by layer.
pub struct Builder {
    choices: Choices,
    graph: QGraph,
}

fn all_of<T: Clone>(choices: &mut Choices, items: &[T]) -> T {
    items[choices.below(items.len())].clone()
}

impl Builder {
    /// An int8 input, limited in float so that no function of it overflows.
    pub fn new(mut choices: Choices) -> Self {
        let mut extent = |low, high| choices.within(low, high) as usize;
        let shape = vec![extent(1, 2), extent(1, 20), extent(1, 6), extent(1, 6)];
        let scales = vec![Scale { exponent: -5, zero: 3 }; shape[1]];
        let format = Format::Integer { width: Width::I8, scales };
        let graph = QGraph {
            name: "floats".into(),
            values: vec![QValue { name: "v0".into(), shape, format }],
            layers: Vec::new(),
            inputs: vec![QValueId(0)],
            outputs: Vec::new(),
            functions: Vec::new(),
            rounding: Rounding::HalfUp,
        };
        Self { choices, graph }
    }

    /// The network, in which what nobody reads is an output.
    pub fn finish(mut self) -> QGraph {
        let read: Vec<_> = self.graph.layers.iter().flat_map(|layer| &layer.inputs).collect();
        let unread = |id: &QValueId| !read.contains(&&Some(Operand::Value(*id)));
        let outputs: Vec<_> = (0..self.graph.values.len()).map(QValueId).filter(unread).collect();
        let named = |value: QValueId| QOutput { name: format!("out{}", value.0), value };
        self.graph.outputs = outputs.into_iter().map(named).collect();
        self.graph
    }

    fn shape(&self, id: QValueId) -> Vec<usize> {
        self.graph.value(id).shape.clone()
    }

    fn pick(&mut self) -> QValueId {
        let count = self.graph.values.len();
        QValueId(count - 1 - self.choices.below(count.min(3)))
    }

    /// Numbers around zero, some of them whole.
    fn numbers(&mut self, shape: &[usize], reach: f32) -> Operand {
        let count: usize = shape.iter().product();
        let mut random = Random::new(5, self.choices.below(1 << 20) as u64);
        let one = |_| random.between(-1000, 1000) as f32 * reach / 1000.0;
        let values: Vec<f32> = (0..count).map(one).collect();
        Operand::Constant(Tensor::new(shape, values).unwrap())
    }

    /// Adds a layer; its result is quantized at times.
    pub fn add(&mut self, op: impl Into<Op>, operands: Vec<Option<Operand>>) -> QValueId {
        let op = op.into();
        let facts: Vec<_> = operands
            .iter()
            .map(|operand| match operand.as_ref()? {
                Operand::Constant(tensor) => Some(Fact::from(tensor.clone())),
                Operand::Value(id) => Some(Fact::new(DType::F32, self.shape(*id))),
            })
            .collect();
        let references: Vec<_> = facts.iter().map(Option::as_ref).collect();
        let shape = op.infer(Inputs::new(&references)).unwrap().remove(0).shape;
        let id = QValueId(self.graph.values.len());
        let channels = shape.get(1).copied().unwrap_or(1);
        let format = match self.choices.below(4) {
            3 => {
                let scale = |choices: &mut Choices| Scale {
                    exponent: choices.within(-6, -3) as i8,
                    zero: choices.within(-20, 20) as i8,
                };
                // Channels that are in no order of memory innermost share a scale.
                let plain = vec![scale(&mut self.choices); channels];
                Format::Integer { width: Width::I8, scales: plain }
            }
            _ => Format::Float,
        };
        self.graph.values.push(QValue { name: format!("v{}", id.0), shape, format });
        let name = format!("layer{}", self.graph.layers.len());
        let (sources, op) = (vec![name.clone()], QOp::Float(op.into()));
        self.graph.layers.push(Layer { name, op, inputs: operands, outputs: vec![id], sources });
        id
    }

    /// A layer of one operand.
    fn map(&mut self, op: impl Into<Op>, input: QValueId) -> QValueId {
        self.add(op, vec![Some(Operand::Value(input))])
    }

    fn limited(&mut self, input: QValueId) -> QValueId {
        self.map(Activation::Clamp { min: -6.0, max: 6.0 }, input)
    }

    /// With four dimensions, whatever it had.
    fn plane(&mut self, input: QValueId) -> QValueId {
        let shape = self.shape(input);
        if shape.len() == 4 {
            return input;
        }
        let len: usize = shape.iter().product();
        let batch = if shape.len() > 1 { shape[0] } else { 1 };
        let rest = len / batch;
        let channels = all_of(&mut self.choices, &divisors(rest));
        let rows = all_of(&mut self.choices, &divisors(rest / channels));
        let wanted = [batch, channels, rows, rest / channels / rows].map(|extent| extent as i64);
        let shape = Operand::Constant(Tensor::vector(wanted.to_vec()));
        let operands = vec![Some(Operand::Value(input)), Some(shape)];
        self.add(Reshape { allow_zero: false }, operands)
    }

    fn window(&mut self, shape: &[usize]) -> (Window, [usize; 2]) {
        let choices = &mut self.choices;
        let kernel = [0, 1].map(|_| choices.within(1, 3) as usize);
        let strides = [0, 1].map(|_| choices.within(1, 2) as usize);
        let dilations = [0, 1].map(|_| choices.within(1, 2) as usize);
        let pads = [0, 1].map(|at| {
            let begin = choices.below(kernel[at]);
            let reach = (kernel[at] - 1) * dilations[at] + 1;
            (begin, choices.below(2).max(reach.saturating_sub(shape[2 + at] + begin)))
        });
        let auto_pad = match choices.below(6) {
            4 => AutoPad::SameUpper,
            5 => AutoPad::SameLower,
            _ => AutoPad::Explicit,
        };
        let window = Window {
            kernel: kernel.to_vec(),
            strides: strides.to_vec(),
            pads: pads.to_vec(),
            dilations: dilations.to_vec(),
            auto_pad,
        };
        (window, kernel)
    }

    fn epilogue(&mut self) -> Epilogue {
        let activation = match self.choices.below(5) {
            0 => None,
            1 => Some(Activation::Relu),
            2 => Some(Activation::Silu),
            3 => Some(Activation::HardSigmoid { alpha: 0.2, beta: 0.5 }),
            _ => Some(Activation::Tanh),
        };
        Epilogue { activation, residual: None }
    }

    /// A product, again with its own first result as the residual at times.
    fn product(&mut self, op: impl Fn(Epilogue) -> Op, operands: Vec<Option<Operand>>) {
        let epilogue = self.epilogue();
        let first = self.add(op(epilogue), operands.clone());
        if self.choices.below(2) == 0 {
            return;
        }
        let place = [Residual::BeforeActivation, Residual::AfterActivation];
        let residual = Some(all_of(&mut self.choices, &place));
        let mut operands = operands;
        operands.resize(3, None);
        operands.push(Some(Operand::Value(first)));
        self.add(op(Epilogue { residual, ..epilogue }), operands);
    }
}

fn divisors(number: usize) -> Vec<usize> {
    (1..=number).filter(|own| number.is_multiple_of(*own)).collect()
}

fn networks() -> impl Strategy<Value = QGraph> {
    proptest::collection::vec(any::<u32>(), 0..600).prop_map(|numbers| {
        let mut builder = Builder::new(Choices::new(numbers));
        builder.limited(QValueId(0));
        for _ in 0..builder.choices.within(1, 6) {
            builder.layer();
        }
        builder.finish()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn random_layers_in_float_have_the_numbers_of_the_reference(graph in networks(), seed in any::<u64>()) {
        let inputs = inputs(&graph, seed);
        // What overflows in float cannot be quantized between layers; the reference says so.
        let finite = reference::run(&graph, &inputs);
        prop_assume!(!finite.is_err_and(|error| error.code().id == "SG0503"));
        for kernels in kernels() {
            compare(&graph, &inputs, kernels, if kernels == "best" { "3" } else { "1" });
        }
    }
}

/// The end of a YOLOv8 head in float: distances as the expectation of a distribution over 16, boxes around the cells,
/// probabilities of classes.
#[test]
fn a_head_with_distributions_over_distances_has_the_numbers_of_the_reference() {
    for seed in 0..4u64 {
        let mut random = Random::new(9, seed);
        let numbers = (0..200).map(|_| random.below(1 << 30) as u32).collect();
        let mut builder = Builder::new(Choices::new(numbers));
        let value = |id: QValueId| Some(Operand::Value(id));
        let ints = |numbers: &[i64]| Some(Operand::Constant(Tensor::vector(numbers.to_vec())));
        let shape = builder.shape(QValueId(0));
        let cells = shape[2] * shape[3];
        let (n, a) = (shape[0] as i64, cells as i64);
        let weight = Some(builder.numbers(&[64 + 3, shape[1], 3, 3], 0.5));
        let window = Window { pads: vec![(1, 1), (1, 1)], ..Window::default() };
        let conv = Conv { window, group: 1, epilogue: Epilogue::default() };
        let all = builder.add(conv, vec![value(QValueId(0)), weight]);
        let reshape = Reshape { allow_zero: false };
        let all = builder.add(reshape, vec![value(all), ints(&[n, 67, a])]);
        let part = |builder: &mut Builder, of, range: [i64; 2]| {
            let operands = vec![value(of), ints(&range[..1]), ints(&range[1..]), ints(&[1])];
            builder.add(Slice, operands)
        };
        let distances = part(&mut builder, all, [0, 64]);
        let distances = builder.add(reshape, vec![value(distances), ints(&[n, 4, 16, a])]);
        let order = Some(vec![0, 2, 1, 3]);
        let distances = builder.map(Transpose { order }, distances);
        let soft = builder.map(Softmax { axis: 1, flatten: false, log: false }, distances);
        let steps = (0..16).map(|step| step as f32).collect::<Vec<f32>>();
        let steps = Some(Operand::Constant(Tensor::new(&[1, 16, 1, 1], steps).unwrap()));
        let one = Conv { window: Window::default(), group: 1, epilogue: Epilogue::default() };
        let expected = builder.add(one, vec![value(soft), steps]);
        let expected = builder.add(reshape, vec![value(expected), ints(&[n, 4, a])]);
        let (left, right) =
            (part(&mut builder, expected, [0, 2]), part(&mut builder, expected, [2, 4]));
        let anchors = Some(builder.numbers(&[1, 2, cells], 8.0));
        let begin = builder.add(Binary::Sub, vec![anchors.clone(), value(left)]);
        let end = builder.add(Binary::Add, vec![anchors, value(right)]);
        let boxes = builder.add(Concat { axis: 1 }, vec![value(begin), value(end)]);
        let scores = part(&mut builder, all, [64, 67]);
        let scores = builder.map(Activation::Sigmoid, scores);
        builder.add(Concat { axis: 1 }, vec![value(boxes), value(scores)]);
        let graph = builder.finish();
        for kernels in kernels() {
            compare(&graph, &inputs(&graph, seed), kernels, "2");
        }
    }
}
