//! The imported model of AMD Quark (XINT8): every integer layer against a second formula.
//!
//! The oracle reads the published rules, not our code: it works on exponents and integers of the
//! ONNX file itself, in i128, with a plain division that rounds half up. The reference's own values
//! are its inputs, so that every layer is judged by itself.

use std::collections::{BTreeMap, HashMap};

use seigo::base::tensor::Tensor;
use seigo::frontend::graph::Graph;
use seigo::frontend::onnx::proto::ModelProto;
use seigo::frontend::onnx::{Model, Node};
use seigo::model::qgraph::{QFloat, QGraph, QOp};
use seigo::quantize::qonnx::{ImportOptions, export, import};
use seigo::software::engine::Engine;
use seigo::software::executor::Executor;
use seigo::software::reference;

use crate::support::shared;

/// `floor(numerator / 2^shift + 1/2)` limited to int8; a negative shift multiplies.
fn round(numerator: i128, shift: i32) -> i128 {
    let value = if shift <= 0 {
        numerator << -shift
    } else {
        let divisor = 1i128 << shift;
        (2 * numerator + divisor).div_euclid(2 * divisor)
    };
    value.clamp(-128, 127)
}

/// The file as it is: nodes by what they write, constants by name.
struct File {
    producers: HashMap<String, Node>,
    constants: HashMap<String, Tensor>,
    quantizers: Vec<Node>,
}

impl File {
    fn new(model: &Model) -> Self {
        let mut producers = HashMap::new();
        for node in &model.nodes {
            for output in &node.outputs {
                producers.insert(output.clone(), node.clone());
            }
        }
        let is = |node: &&Node| node.op_type == "QuantizeLinear";
        Self {
            producers,
            constants: model.initializers.iter().cloned().collect(),
            quantizers: model.nodes.iter().filter(is).cloned().collect(),
        }
    }

    /// `p` of a scale 2^-p.
    fn position(&self, scale: &str) -> i32 {
        let step = self.constants[scale].values::<f32>().unwrap()[0];
        let position = -step.log2();
        assert_eq!(position, position.round());
        position as i32
    }

    /// The DequantizeLinear that writes `name`.
    fn dequantizer(&self, name: &str) -> &Node {
        let node = &self.producers[name];
        assert_eq!(node.op_type, "DequantizeLinear");
        node
    }

    /// Constant integers and their position.
    fn stored(&self, name: &str) -> (Vec<i64>, Vec<usize>, i32) {
        let node = self.dequantizer(name);
        let tensor = &self.constants[&node.inputs[0]];
        (tensor.to_i64s().unwrap(), tensor.shape().to_vec(), self.position(&node.inputs[1]))
    }

    /// Name of the number that was quantized to what `name` dequantizes, and its position.
    fn activation(&self, name: &str) -> (&str, i32) {
        let node = self.dequantizer(name);
        let quantizer = &self.producers[&node.inputs[0]];
        (&quantizer.inputs[0], self.position(&quantizer.inputs[1]))
    }
}

/// Integers of a layer, with their shape.
struct Integers {
    values: Vec<i64>,
    shape: Vec<usize>,
}

struct Oracle {
    file: File,
    values: HashMap<String, Integers>,
    checked: BTreeMap<String, (usize, usize)>,
}

impl Oracle {
    fn layer(&mut self, quantizer: &Node) {
        let number = &quantizer.inputs[0];
        let Some(node) = self.file.producers.get(number) else { return };
        let position = self.file.position(&quantizer.inputs[1]);
        let compared = match &*node.op_type {
            "Conv" => self.conv(node, number, position),
            "Add" => self.add(node, number, position),
            "Concat" => self.concat(node, number, position),
            "MaxPool" => self.max_pool(node, number, position),
            _ => return,
        };
        let count = self.checked.entry(node.op_type.clone()).or_default();
        count.0 += 1;
        count.1 += compared;
    }

    fn conv(&self, node: &Node, number: &str, p_out: i32) -> usize {
        let (x, p_in) = self.file.activation(&node.inputs[0]);
        let (weights, shape, p_w) = self.file.stored(&node.inputs[1]);
        let (bias, _, p_b) = self.file.stored(&node.inputs[2]);
        let (input, output) = (&self.values[x], &self.values[number]);
        let ints = |name: &str| node.attributes.ints(name).unwrap().unwrap();
        let (stride, pads) = (ints("strides")[0], ints("pads"));
        let group = node.attributes.int("group").unwrap().unwrap() as usize;
        assert_eq!(ints("dilations"), [1, 1]);
        let (height, width) = (input.shape[2] as i64, input.shape[3] as i64);
        let plane = output.shape[2] * output.shape[3];
        let per_group = shape[0] / group;
        // Every channel at some positions, border included; the step is odd so that it meets all
        // columns in the end.
        let step = (plane / 24).max(1) | 1;
        let shift_cut = p_in + p_w - p_out;
        let shift_bias = p_in + p_w - p_b;
        assert!((0..=16).contains(&shift_cut), "{number}: shift_cut {shift_cut}");
        let mut compared = 0;
        for (o, &bias) in bias.iter().enumerate() {
            for at in (o % step..plane).step_by(step).chain([0, plane - 1]) {
                let (oy, ox) = ((at / output.shape[3]) as i64, (at % output.shape[3]) as i64);
                let mut acc = 0i128;
                for c in 0..shape[1] {
                    let channel = o / per_group * shape[1] + c;
                    for ky in 0..shape[2] {
                        for kx in 0..shape[3] {
                            let y = oy * stride + ky as i64 - pads[0];
                            let x = ox * stride + kx as i64 - pads[1];
                            if (0..height).contains(&y) && (0..width).contains(&x) {
                                let index = (channel as i64 * height + y) * width + x;
                                let tap = ((o * shape[1] + c) * shape[2] + ky) * shape[3] + kx;
                                acc += i128::from(weights[tap] * input.values[index as usize]);
                            }
                        }
                    }
                }
                // In units of 2^-(p_in + p_w + k): the finer of sum and bias.
                let k = (-shift_bias).max(0);
                let n = (acc << k) + (i128::from(bias) << shift_bias.max(0));
                let wanted = round(n, shift_cut + k);
                let got = output.values[o * plane + at];
                assert_eq!(wanted, i128::from(got), "{number}, channel {o}, position {at}");
                compared += 1;
            }
        }
        compared
    }

    fn add(&self, node: &Node, number: &str, p_out: i32) -> usize {
        let inputs: Vec<_> = node.inputs.iter().map(|name| self.file.activation(name)).collect();
        let m = inputs.iter().map(|&(_, p)| p).min().unwrap();
        let output = &self.values[number];
        for (index, &got) in output.values.iter().enumerate() {
            let term = |&(name, p): &(&str, i32)| {
                let x = i128::from(self.values[name].values[index]);
                let shift = 7 - (p - m);
                if shift >= 0 { x << shift } else { x.div_euclid(1 << -shift) }
            };
            let t: i128 = inputs.iter().map(term).sum();
            assert_eq!(round(t, m - p_out + 7), i128::from(got), "{number}, element {index}");
        }
        output.values.len()
    }

    fn concat(&self, node: &Node, number: &str, p_out: i32) -> usize {
        assert_eq!(node.attributes.int("axis").unwrap(), Some(1));
        let wanted: Vec<i128> = node
            .inputs
            .iter()
            .map(|name| self.file.activation(name))
            .flat_map(|(name, p)| {
                self.values[name].values.iter().map(move |&x| round(x.into(), p - p_out))
            })
            .collect();
        let got: Vec<i128> = self.values[number].values.iter().map(|&q| q.into()).collect();
        assert!(wanted == got, "{number} differs");
        got.len()
    }

    fn max_pool(&self, node: &Node, number: &str, p_out: i32) -> usize {
        let (x, p_in) = self.file.activation(&node.inputs[0]);
        let (input, output) = (&self.values[x], &self.values[number]);
        let ints = |name: &str| node.attributes.ints(name).unwrap().unwrap();
        let (kernel, pad) = (ints("kernel_shape")[0], ints("pads")[0]);
        assert_eq!(ints("strides"), [1, 1]);
        let (height, width) = (input.shape[2] as i64, input.shape[3] as i64);
        for (index, &got) in output.values.iter().enumerate() {
            let channel = index as i64 / (height * width);
            let (oy, ox) = (index as i64 / width % height, index as i64 % width);
            let rows = (oy - pad).max(0)..(oy - pad + kernel).min(height);
            let best = rows
                .flat_map(|y| {
                    let columns = (ox - pad).max(0)..(ox - pad + kernel).min(width);
                    columns.map(move |x| ((channel * height + y) * width + x) as usize)
                })
                .map(|at| input.values[at])
                .max()
                .unwrap();
            assert_eq!(round(best.into(), p_in - p_out), i128::from(got), "{number}, {index}");
        }
        output.values.len()
    }
}

/// The image in the top left corner, blue, green, red, the rest 114.
fn picture(path: &std::path::Path) -> Tensor {
    let picture = image::open(path).unwrap();
    let picture = picture.resize(416, 416, image::imageops::FilterType::Triangle).to_rgb8();
    let mut values = vec![114f32; 3 * 416 * 416];
    for (x, y, pixel) in picture.enumerate_pixels() {
        for channel in 0..3 {
            let at = (channel * 416 + y as usize) * 416 + x as usize;
            values[at] = pixel.0[2 - channel].into();
        }
    }
    Tensor::new(&[1, 3, 416, 416], values).unwrap()
}

fn observed(graph: &QGraph, input: Tensor) -> HashMap<String, Integers> {
    let mut values = HashMap::new();
    reference::run_observed(graph, &[input], |id, tensor| {
        let value = graph.value(id);
        if value.integer().is_some() {
            let integers = Integers { values: tensor.to_i64s()?, shape: value.shape.clone() };
            values.insert(value.name.clone(), integers);
        }
        Ok(())
    })
    .unwrap();
    values
}

#[test]
fn every_integer_layer_follows_the_published_rules() {
    let Some(root) = shared::folder() else { return };
    let model = Model::load(&root.join("models/yolox_nano.quark_xint8.onnx")).unwrap();
    let graph = import(&model, &ImportOptions::default()).unwrap();
    let on_processor = |op: &QOp| matches!(op, QOp::Float(QFloat(op)) if op.kind() == "Conv");
    assert!(graph.layers.iter().all(|layer| !on_processor(&layer.op)));
    let values = observed(&graph, picture(&root.join("coco/eval/000000000632.jpg")));
    let file = File::new(&model);
    let quantizers = file.quantizers.clone();
    let mut oracle = Oracle { file, values, checked: BTreeMap::new() };
    for quantizer in &quantizers {
        oracle.layer(quantizer);
    }
    println!("layers and elements compared: {:?}", oracle.checked);
    let layers: Vec<_> = oracle.checked.iter().map(|(op, count)| (&**op, count.0)).collect();
    assert_eq!(layers, [("Add", 7), ("Concat", 13), ("Conv", 113), ("MaxPool", 3)]);
}

#[test]
fn the_exact_export_keeps_every_name_and_integer() {
    let Some(root) = shared::folder() else { return };
    let model = Model::load(&root.join("models/yolox_nano.quark_xint8.onnx")).unwrap();
    let graph = import(&model, &ImportOptions::default()).unwrap();
    let bytes = export::exact(&graph).unwrap().to_bytes();
    let exported: ModelProto = prost::Message::decode(&bytes[..]).unwrap();
    let names: Vec<_> =
        exported.graph.iter().flat_map(|graph| &graph.node).flat_map(|node| &node.output).collect();
    for value in &graph.values {
        let quantized = format!("{}:q", value.name);
        assert!(names.iter().any(|name| **name == value.name || **name == quantized));
    }
    let model = Model::decode(&bytes, None).unwrap();
    let lowered = Graph::from_model(&model, &Default::default()).unwrap();
    let input = [picture(&root.join("coco/eval/000000000632.jpg"))];
    let ours = Engine::new(&graph).unwrap().run(&input).unwrap();
    assert!(Executor::new(&lowered).run(&input).unwrap() == ours);
}
