//! The quantizer on small networks made here: it keeps their results, refuses what it cannot do,
//! and does not depend on threads.

#![allow(clippy::unwrap_used, reason = "a test")]

use seigo::Result;
use seigo::engine::Engine;
use seigo::executor::Executor;
use seigo::graph::{Builder, Graph, ValueId};
use seigo::ops::activation::Activation;
use seigo::ops::binary::Binary;
use seigo::ops::concat::Concat;
use seigo::ops::conv::Conv;
use seigo::ops::epilogue::Epilogue;
use seigo::ops::global_pool::GlobalPool;
use seigo::ops::max_pool::MaxPool;
use seigo::ops::window::Window;
use seigo::passes;
use seigo::qgraph::QOp;
use seigo::quant::{Frames, Options, Quantized, quantize};
use seigo::tensor::{DType, Tensor};

/// Numbers in -1..1, the same every time.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        ((self.0 >> 40) as f32) / (1u64 << 23) as f32 - 1.0
    }

    fn tensor(&mut self, shape: &[usize], scale: f32) -> Tensor {
        let count = shape.iter().product();
        Tensor::new(shape, (0..count).map(|_| scale * self.next()).collect()).unwrap()
    }
}

struct Synthetic {
    count: usize,
    shape: Vec<usize>,
}

impl Frames for Synthetic {
    fn len(&self) -> usize {
        self.count
    }

    fn frame(&self, index: usize) -> Result<Vec<Tensor>> {
        let mut noise = Noise(index as u64 + 77);
        let count: usize = self.shape.iter().product();
        // Smooth in one direction, as images are.
        let mut level = 0.0;
        let pixel = |_| {
            level = 0.9 * level + 0.4 * noise.next();
            (128.0 + 100.0 * level).clamp(0.0, 255.0).round()
        };
        Ok(vec![Tensor::new(&self.shape, (0..count).map(pixel).collect::<Vec<f32>>())?])
    }
}

struct Network {
    builder: Builder,
    noise: Noise,
    count: usize,
}

impl Network {
    fn new(shape: &[usize]) -> (Self, ValueId) {
        let mut builder = Builder::new("synthetic");
        let input = builder.input("image", DType::F32, shape);
        (Self { builder, noise: Noise(5), count: 0 }, input)
    }

    fn conv(
        &mut self,
        input: ValueId,
        io: (usize, usize),
        kernel: usize,
        stride: usize,
        group: usize,
    ) -> ValueId {
        self.count += 1;
        let name = format!("conv{}", self.count);
        let fan = (io.0 / group * kernel * kernel) as f32;
        // The first layer sees pixels, the others numbers around one.
        let scale = if self.count == 1 { 0.02 } else { 1.7 } / fan.sqrt();
        let weight = self.noise.tensor(&[io.1, io.0 / group, kernel, kernel], scale);
        let bias = self.noise.tensor(&[io.1], 0.3);
        let weight = self.builder.constant(&format!("{name}.weight"), weight);
        let bias = self.builder.constant(&format!("{name}.bias"), bias);
        let pad = kernel / 2;
        let window =
            Window { strides: vec![stride; 2], pads: vec![(pad, pad); 2], ..Window::default() };
        let op = Conv { window, group, epilogue: Epilogue::default() };
        self.builder.node(&name, op, &[input, weight, bias]).unwrap()
    }

    fn activate(&mut self, input: ValueId, activation: Activation) -> ValueId {
        self.count += 1;
        self.builder.node(&format!("act{}", self.count), activation, &[input]).unwrap()
    }

    fn finish(mut self, output: ValueId) -> Graph {
        self.builder.output("result", output);
        let mut graph = self.builder.finish().unwrap();
        passes::run(&mut graph, passes::STANDARD).unwrap();
        graph
    }
}

/// A residual network with a stem, depthwise layers, both kinds of residual, pooling, a
/// concatenation and a classifier.
fn residual_network() -> Graph {
    let (mut net, image) = Network::new(&[1, 3, 32, 32]);
    let x = net.conv(image, (3, 16), 3, 2, 1);
    let x = net.activate(x, Activation::Silu);
    let y = net.conv(x, (16, 16), 3, 1, 16);
    let y = net.activate(y, Activation::Silu);
    let y = net.conv(y, (16, 16), 1, 1, 1);
    let y = net.activate(y, Activation::Silu);
    let x = net.builder.node("add.after", Binary::Add, &[y, x]).unwrap();
    let y = net.conv(x, (16, 16), 3, 1, 1);
    let y = net.builder.node("add.before", Binary::Add, &[y, x]).unwrap();
    let x = net.activate(y, Activation::Relu);
    let window = Window { kernel: vec![2, 2], strides: vec![2, 2], ..Window::default() };
    let pool = MaxPool { window, ceil: false };
    let pooled = net.builder.node("pool", pool, &[x]).unwrap();
    let a = net.conv(pooled, (16, 8), 1, 1, 1);
    let a = net.activate(a, Activation::HardSwish);
    let b = net.conv(pooled, (16, 24), 3, 1, 2);
    let b = net.activate(b, Activation::LeakyRelu { alpha: 0.1 });
    let x = net.builder.node("concat", Concat { axis: 1 }, &[a, b]).unwrap();
    let x = net.builder.node("mean", GlobalPool::Average, &[x]).unwrap();
    let logits = net.conv(x, (32, 10), 1, 1, 1);
    net.finish(logits)
}

fn frames(count: usize) -> Synthetic {
    Synthetic { count, shape: vec![1, 3, 32, 32] }
}

fn run(graph: &Graph, frames: &Synthetic, options: &Options) -> Result<Quantized> {
    quantize(graph, frames, options, &|_, _| ())
}

/// Signal to noise in dB on frames that calibration did not see.
fn sqnr(graph: &Graph, quantized: &Quantized) -> f64 {
    let unseen = frames(40);
    let (mut signal, mut noise) = (0.0, 0.0);
    for index in 24..40 {
        let input = unseen.frame(index).unwrap();
        let exact = Executor::new(graph).run(&input).unwrap().remove(0);
        let got = Engine::new(&quantized.graph).unwrap().run(&input).unwrap().remove(0);
        let pairs = exact.values::<f32>().unwrap().iter().zip(got.values::<f32>().unwrap());
        for (&exact, &got) in pairs {
            signal += f64::from(exact).powi(2);
            noise += f64::from(exact - got).powi(2);
        }
    }
    10.0 * (signal / noise).log10()
}

#[test]
fn a_residual_network_keeps_its_results() {
    let graph = residual_network();
    let quantized = run(&graph, &frames(24), &Options::default()).unwrap();
    let floats = quantized.graph.layers.iter().filter(|layer| layer.op.is_float()).count();
    assert_eq!(floats, 0, "every layer is done in integers");
    let db = sqnr(&graph, &quantized);
    assert!(db > 25.0, "{db} dB");
}

#[test]
fn each_technique_can_be_switched_off() {
    let graph = residual_network();
    let off = Options {
        zero_points: false,
        channel_exponents: false,
        range_search: false,
        balancing: false,
        gptq: false,
        bias_correction: false,
        ..Options::default()
    };
    let plain = sqnr(&graph, &run(&graph, &frames(24), &off).unwrap());
    let full = sqnr(&graph, &run(&graph, &frames(24), &Options::default()).unwrap());
    assert!(full > plain + 3.0, "{full} dB against {plain} dB");
}

#[test]
fn threads_do_not_matter() {
    let graph = residual_network();
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| run(&graph, &frames(12), &Options::default()).unwrap().graph)
    };
    assert!(with(1) == with(3));
}

#[test]
fn chosen_layers_stay_in_float() {
    let graph = residual_network();
    let options = Options { float_layers: vec!["conv1".to_owned()], ..Options::default() };
    let quantized = run(&graph, &frames(8), &options).unwrap();
    let float: Vec<_> = quantized.graph.layers.iter().filter(|layer| layer.op.is_float()).collect();
    assert_eq!(float.len(), 1);
    assert!(matches!(&float[0].op, QOp::Float(_)) && float[0].name == "conv1");
    let unknown = Options { float_layers: vec!["conv99".to_owned()], ..Options::default() };
    assert_eq!(run(&graph, &frames(8), &unknown).unwrap_err().code().id, "SG0507");
}

#[test]
fn no_frames_and_no_convolutions_are_refused() {
    let graph = residual_network();
    assert_eq!(run(&graph, &frames(0), &Options::default()).unwrap_err().code().id, "SG0501");
    let (mut net, image) = Network::new(&[1, 3, 32, 32]);
    let x = net.activate(image, Activation::Relu);
    let graph = net.finish(x);
    assert_eq!(run(&graph, &frames(2), &Options::default()).unwrap_err().code().id, "SG0502");
}

#[test]
fn constant_channels_and_outliers_are_no_trouble() {
    let (mut net, image) = Network::new(&[1, 3, 32, 32]);
    let mut weights = vec![0f32; 4 * 3];
    weights[0] = 0.01; // the other channels are constant, two of them zero
    weights[3] = 1e4; // one channel is huge
    let weight = net.builder.constant("w", Tensor::new(&[4, 3, 1, 1], weights).unwrap());
    let bias = net.builder.constant("b", Tensor::vector(vec![0.0f32, 0.0, 0.0, 1.0]));
    let op = Conv { window: Window::default(), group: 1, epilogue: Epilogue::default() };
    let x = net.builder.node("odd", op, &[image, weight, bias]).unwrap();
    let x = net.activate(x, Activation::Relu);
    net.count = 10;
    let x = net.conv(x, (4, 8), 1, 1, 1);
    let graph = net.finish(x);
    run(&graph, &frames(4), &Options::default()).unwrap();
}

#[test]
fn a_diverging_network_is_named() {
    let (mut net, image) = Network::new(&[1, 3, 32, 32]);
    let x = net.conv(image, (3, 4), 1, 1, 1);
    let x = net.activate(x, Activation::Log);
    let y = net.conv(x, (4, 4), 1, 1, 1);
    let graph = net.finish(y);
    let error = run(&graph, &frames(2), &Options::default()).unwrap_err();
    assert_eq!(error.code().id, "SG0503", "{error}");
    assert!(error.to_string().contains("act2"), "{error}");
}
