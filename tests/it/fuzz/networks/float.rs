//! A random float network in the spelling of ONNX, beside which a separate oracle computes every value.

use seigo::Result;
use seigo::base::random::Random;
use seigo::base::tensor::{DType, Tensor};
use seigo::frontend::graph::{Builder, Graph, ValueId};
use seigo::frontend::onnx::Attribute;
use seigo::frontend::rewrites;
use seigo::quantize::ptq::Frames;
use seigo::software::executor::Executor;

use super::oracle::{Values, Window};
use crate::operator;

/// A network, an input for it, and what the oracle computes.
pub struct Net {
    /// As imported.
    pub graph: Graph,
    input: Values,
    outputs: Vec<Values>,
}

struct Drawn<'a> {
    /// A byte decides; where there is none left, the first choice is taken.
    bytes: std::slice::Iter<'a, u8>,
    random: Random,
    builder: Builder,
    count: usize,
    live: Vec<(ValueId, Values, bool)>,
}

/// Frames of random pixels for calibration.
pub struct Noise([usize; 4]);

impl Frames for Noise {
    fn len(&self) -> usize {
        2
    }

    fn frame(&self, index: usize) -> Result<Vec<Tensor>> {
        Ok(vec![tensor(&drawn(&mut Random::new(99, index as u64), self.0, 4.0))])
    }
}

fn drawn(random: &mut Random, shape: [usize; 4], reach: f64) -> Values {
    // Whole steps of a float, so that oracle and executor begin with the same numbers.
    Values::new(shape, |_| random.between(-1024, 1024) as f64 / 1024.0 * reach)
}

fn tensor(values: &Values) -> Tensor {
    let numbers: Vec<f32> = values.numbers.iter().map(|&number| number as f32).collect();
    Tensor::new(&values.shape, numbers).expect("as many numbers as the shape says")
}

impl Net {
    /// The network of an input.
    pub fn draw(bytes: &[u8]) -> Self {
        let mut net = Drawn {
            bytes: bytes.iter(),
            random: Random::new(bytes.len() as u64, 0),
            builder: Builder::new("random"),
            count: 0,
            live: Vec::new(),
        };
        let shape = [1, [3, 1, 4, 8][net.below(4)], 4 + net.below(9), 4 + net.below(9)];
        let input = drawn(&mut net.random, shape, 4.0);
        let id = net.builder.input("image", DType::F32, &shape);
        net.live.push((id, input.clone(), false));
        for _ in 0..1 + net.below(8) {
            net.layer();
        }
        let mut outputs = Vec::new();
        for (position, (id, values, read)) in net.live.into_iter().enumerate().skip(1) {
            if !read {
                net.builder.output(&format!("output{position}"), id);
                outputs.push(values);
            }
        }
        let graph = net.builder.finish().expect("the generator makes valid graphs");
        Self { graph, input, outputs }
    }

    /// Frames that calibrate it.
    pub fn frames(&self) -> Noise {
        Noise(self.input.shape)
    }

    /// One tensor per input.
    pub fn inputs(&self) -> Vec<Tensor> {
        vec![tensor(&self.input)]
    }

    /// The executor computes what the oracle does, before and after the rewrites.
    pub fn check(&self) {
        let mut fused = self.graph.clone();
        rewrites::run(&mut fused, rewrites::STANDARD).expect("rewrites of a valid graph");
        let mut suited = self.graph.clone();
        rewrites::run(&mut suited, &rewrites::for_accelerator())
            .expect("rewrites of a valid graph");
        for (name, graph) in
            [("imported", &self.graph), ("fused", &fused), ("for the accelerator", &suited)]
        {
            let found = Executor::new(graph).run(&self.inputs()).expect("a valid graph runs");
            assert_eq!(found.len(), self.outputs.len());
            for (found, expected) in found.iter().zip(&self.outputs) {
                assert_eq!(found.shape(), expected.shape, "{name}");
                let largest = expected.numbers.iter().fold(1.0f64, |most, own| most.max(own.abs()));
                let numbers = found.values::<f32>().expect("floats");
                for (&found, &expected) in numbers.iter().zip(&expected.numbers) {
                    let near = (f64::from(found) - expected).abs() <= 1e-4 * largest;
                    assert!(near, "{name}: {found} where the oracle has {expected}");
                }
            }
        }
    }
}

impl Drawn<'_> {
    fn below(&mut self, count: usize) -> usize {
        usize::from(self.bytes.next().copied().unwrap_or(0)) % count
    }

    /// A value that a layer reads: late ones more often.
    fn pick(&mut self) -> (ValueId, Values) {
        let back = self.below(self.live.len()).min(self.below(self.live.len()));
        let at = self.live.len() - 1 - back;
        self.live[at].2 = true;
        (self.live[at].0, self.live[at].1.clone())
    }

    fn constant(&mut self, value: Tensor) -> ValueId {
        self.count += 1;
        self.builder.constant(&format!("constant{}", self.count), value)
    }

    fn node(
        &mut self,
        kind: &str,
        inputs: &[ValueId],
        attributes: &[(&str, Attribute)],
    ) -> Vec<ValueId> {
        self.count += 1;
        let (name, op) = operator::parse(kind, self.count, attributes);
        self.builder.node_with_outputs(&name, op, inputs).expect("shapes fit")
    }

    fn made(
        &mut self,
        kind: &str,
        inputs: &[ValueId],
        attributes: &[(&str, Attribute)],
        values: Values,
    ) {
        let id = self.node(kind, inputs, attributes)[0];
        self.live.push((id, values, false));
    }

    fn layer(&mut self) {
        match self.below(12) {
            0..=3 => self.conv(),
            4 | 5 => self.activation(),
            6 => self.pool(),
            7 => self.pair(),
            8 => self.scaled(),
            9 => self.split(),
            10 => self.enlarge(),
            _ => self.mean(),
        }
    }

    /// A window that has an output; its attributes in ONNX.
    fn window(
        &mut self,
        shape: [usize; 4],
        pads: bool,
    ) -> (Window, Vec<(&'static str, Attribute)>) {
        let mut two = |most: usize| [1 + self.below(most), 1 + self.below(most)];
        let (kernel, strides, dilations) = (two(5), two(3), two(2));
        let pad = |net: &mut Self, axis: usize| if pads { net.below(kernel[axis]) } else { 0 };
        let pads = [pad(self, 0), pad(self, 1), pad(self, 0), pad(self, 1)];
        let mut window = Window { kernel, strides, dilations, pads };
        for axis in 0..2 {
            if window.outputs(axis, shape[axis + 2]).is_none() {
                (window.kernel[axis], window.dilations[axis]) = (1, 1);
                (window.pads[axis], window.pads[axis + 2]) = (0, 0);
            }
        }
        let list =
            |sizes: &[usize]| Attribute::Ints(sizes.iter().map(|&size| size as i64).collect());
        let attributes = vec![
            ("kernel_shape", list(&window.kernel)),
            ("strides", list(&window.strides)),
            ("dilations", list(&window.dilations)),
            ("pads", list(&window.pads)),
        ];
        (window, attributes)
    }

    fn conv(&mut self) {
        let (id, x) = self.pick();
        let channels = x.shape[1];
        let groups: Vec<usize> = (1..=channels).filter(|group| channels % group == 0).collect();
        let group = groups[self.below(groups.len())];
        let outputs = group * (1 + self.below(if group > 1 { 2 } else { 12 }));
        let (window, mut attributes) = self.window(x.shape, true);
        attributes.push(("group", Attribute::Int(group as i64)));
        let shape = [outputs, channels / group, window.kernel[0], window.kernel[1]];
        let reach = 1.5 / (shape[1..].iter().product::<usize>() as f64).sqrt();
        // The executor gets the same floats.
        let weight = drawn(&mut self.random, shape, reach).map(|number| f64::from(number as f32));
        let mut inputs = vec![id, self.constant(tensor(&weight))];
        let mut bias = Vec::new();
        if self.below(2) == 0 {
            bias = (0..outputs).map(|_| self.random.between(-64, 64) as f64 / 64.0).collect();
            inputs.push(
                self.constant(Tensor::vector(bias.iter().map(|&b| b as f32).collect::<Vec<f32>>())),
            );
        }
        let values = x.conv(&weight, &bias, &window, group);
        self.made("Conv", &inputs, &attributes, values);
    }

    fn activation(&mut self) {
        let (id, x) = self.pick();
        let sigmoid = |t: f64| 1.0 / (1.0 + (-t).exp());
        match self.below(7) {
            0 => self.made("Relu", &[id], &[], x.map(|t| t.max(0.0))),
            1 => self.made("Sigmoid", &[id], &[], x.map(sigmoid)),
            2 => {
                let gate = self.node("Sigmoid", &[id], &[])[0];
                self.made("Mul", &[id, gate], &[], x.map(|t| t * sigmoid(t)));
            }
            3 => {
                let values = x.map(|t| if t < 0.0 { 0.125 * t } else { t });
                self.made("LeakyRelu", &[id], &[("alpha", Attribute::Float(0.125))], values);
            }
            4 => self.made("Tanh", &[id], &[], x.map(f64::tanh)),
            5 => {
                let values = x.map(|t| t * (t / 6.0 + 0.5).clamp(0.0, 1.0));
                self.made("HardSwish", &[id], &[], values);
            }
            _ => {
                let limits = [-1.0f32, 2.5].map(|limit| self.constant(Tensor::scalar(limit)));
                self.made("Clip", &[id, limits[0], limits[1]], &[], x.map(|t| t.clamp(-1.0, 2.5)));
            }
        }
    }

    fn pool(&mut self) {
        let (id, x) = self.pick();
        let (window, attributes) = self.window(x.shape, true);
        let plain: Vec<_> =
            attributes.iter().filter(|(name, _)| *name != "dilations").cloned().collect();
        // A window of which every tap lies in a pad has no largest element and no mean.
        let full = |values: &Values| values.numbers.iter().all(|number| number.is_finite());
        let largest = x.max_pool(&window);
        let flat = Window { dilations: [1; 2], ..window };
        match self.below(3) {
            0 if full(&largest) => self.made("MaxPool", &[id], &attributes, largest),
            kind if full(&x.max_pool(&flat)) => {
                let with_pads = kind == 2;
                let mut attributes = plain;
                attributes.push(("count_include_pad", Attribute::Int(with_pads.into())));
                self.made("AveragePool", &[id], &attributes, x.average_pool(&flat, with_pads));
            }
            _ => {}
        }
    }

    /// A sum, a product or a concatenation of two values.
    fn pair(&mut self) {
        let (id, x) = self.pick();
        let fits = |own: &&mut (ValueId, Values, bool)| own.1.shape == x.shape;
        let Some(other) = self.live.iter_mut().find(fits) else { return };
        other.2 = true;
        let (second, y) = (other.0, other.1.clone());
        match self.below(3) {
            0 => self.made("Add", &[id, second], &[], x.zip(&y, |a, b| a + b)),
            1 => self.made("Mul", &[id, second], &[], x.zip(&y, |a, b| a * b)),
            _ => self.made("Concat", &[id, second], &[("axis", Attribute::Int(1))], x.concat(&y)),
        }
    }

    /// A factor or a term per channel.
    fn scaled(&mut self) {
        let (id, x) = self.pick();
        let factors: Vec<f64> =
            (0..x.shape[1]).map(|_| self.random.between(-96, 96) as f64 / 64.0).collect();
        let own = Values::new([1, x.shape[1], 1, 1], |[_, c, ..]| factors[c]);
        let constant = self.constant(tensor(&own));
        let spread = Values::new(x.shape, |[_, c, ..]| factors[c]);
        match self.below(2) {
            0 => self.made("Mul", &[id, constant], &[], x.zip(&spread, |a, b| a * b)),
            _ => self.made("Add", &[id, constant], &[], x.zip(&spread, |a, b| a + b)),
        }
    }

    fn split(&mut self) {
        let (id, x) = self.pick();
        let channels = x.shape[1];
        if channels < 2 {
            return;
        }
        let first = 1 + self.below(channels - 1);
        let counts = [first, channels - first];
        let counts = self.constant(Tensor::vector(counts.map(|count| count as i64).to_vec()));
        let parts = self.node("Split", &[id, counts], &[("axis", Attribute::Int(1))]);
        self.live.push((parts[0], x.channels(0, first), false));
        self.live.push((parts[1], x.channels(first, channels - first), false));
    }

    fn enlarge(&mut self) {
        let (id, x) = self.pick();
        if x.shape[2] * x.shape[3] > 256 {
            return;
        }
        let scales = self.constant(Tensor::vector(vec![1.0f32, 1.0, 2.0, 2.0]));
        let none = self.constant(Tensor::vector(Vec::<f32>::new()));
        let text = |text: &str| Attribute::String(text.to_owned());
        let attributes = [
            ("mode", text("nearest")),
            ("nearest_mode", text("floor")),
            ("coordinate_transformation_mode", text("asymmetric")),
        ];
        self.made("Resize", &[id, none, scales], &attributes, x.enlarged());
    }

    fn mean(&mut self) {
        let (id, x) = self.pick();
        let window = Window {
            kernel: [x.shape[2], x.shape[3]],
            strides: [1; 2],
            dilations: [1; 2],
            pads: [0; 4],
        };
        self.made("GlobalAveragePool", &[id], &[], x.average_pool(&window, true));
    }
}
