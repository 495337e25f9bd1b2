//! The quantizer on small networks made here: it keeps their results, refuses what it cannot do,
//! and does not depend on threads.

use seigo::Result;
use seigo::base::tensor::{DType, Tensor};
use seigo::frontend::graph::{Builder, Graph, ValueId};
use seigo::frontend::ops::activation::Activation;
use seigo::frontend::ops::average_pool::AveragePool;
use seigo::frontend::ops::binary::Binary;
use seigo::frontend::ops::concat::Concat;
use seigo::frontend::ops::conv::Conv;
use seigo::frontend::ops::epilogue::Epilogue;
use seigo::frontend::ops::global_pool::GlobalPool;
use seigo::frontend::ops::max_pool::MaxPool;
use seigo::frontend::ops::reshape::Reshape;
use seigo::frontend::ops::window::Window;
use seigo::frontend::rewrites;
use seigo::model::qgraph::{ConvOutput, Layer, Operand, QOp};
use seigo::quantize::ptq::{Decision, Frames, InFloat, Options, Preview, Quantized, quantize};
use seigo::software::engine::Engine;
use seigo::software::executor::Executor;

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
        rewrites::run(&mut graph, rewrites::STANDARD).unwrap();
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
    quantize(graph, frames, options, &|_| ())
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
    println!("a residual network with pooling and a classifier: {db:.1} dB");
    assert!(db > 25.0, "{db} dB");
}

/// A detector's face: stages of depthwise-separable layers, a class and a box head on two scales,
/// all ReLU, as UltraFace has them.
fn face_network() -> Graph {
    let (mut net, image) = Network::new(&[1, 3, 32, 32]);
    let x = net.conv(image, (3, 16), 3, 2, 1);
    let mut x = net.activate(x, Activation::Relu);
    let mut heads = Vec::new();
    for (inputs, outputs) in [(16, 32), (32, 64)] {
        let y = net.conv(x, (inputs, inputs), 3, 2, inputs);
        let y = net.activate(y, Activation::Relu);
        let y = net.conv(y, (inputs, outputs), 1, 1, 1);
        x = net.activate(y, Activation::Relu);
        let head = net.conv(x, (outputs, 18), 3, 1, 1);
        let side = if inputs == 16 { 8 } else { 4 };
        let shape = Tensor::vector(vec![1i64, 18, side * side]);
        let shape = net.builder.constant(&format!("shape{side}"), shape);
        let reshape = Reshape { allow_zero: false };
        heads.push(net.builder.node(&format!("flat{side}"), reshape, &[head, shape]).unwrap());
    }
    let joined = net.builder.node("heads", Concat { axis: 2 }, &heads).unwrap();
    net.finish(joined)
}

#[test]
fn a_face_detector_goes_through_unchanged() {
    let graph = face_network();
    let quantized = run(&graph, &frames(24), &Options::default()).unwrap();
    let convs = quantized.graph.layers.iter().filter(|layer| matches!(layer.op, QOp::Conv(_)));
    assert_eq!(convs.count(), 7, "every convolution is in integers");
    let db = sqnr(&graph, &quantized);
    println!("a depthwise-separable detector with two heads: {db:.1} dB");
    assert!(db > 25.0, "{db} dB");
}

/// With one layer, the whole error is that layer's.
#[test]
fn sensitivity_of_a_lone_layer_is_the_error_of_the_network() {
    let (mut net, image) = Network::new(&[1, 3, 32, 32]);
    let x = net.conv(image, (3, 8), 3, 1, 1);
    let graph = net.finish(x);
    let options = Options { report_frames: 2, ..Options::default() };
    let report = run(&graph, &frames(8), &options).unwrap().report;
    assert_eq!(report.layers.len(), 1);
    let sensitivity = report.layers[0].sensitivity.unwrap();
    assert!((sensitivity - report.answer_sqnr).abs() < 1e-6, "{report:?}");
    assert!((report.layers[0].sqnr - report.answer_sqnr).abs() < 1e-3, "{report:?}");
}

#[test]
fn error_is_measured_on_frames_that_do_not_calibrate() {
    let graph = residual_network();
    let options = Options { calibration_frames: 8, ..Options::default() };
    let with = |count: usize| run(&graph, &frames(count), &options).unwrap();
    let (few, more) = (with(8), with(12));
    assert!(few.graph == more.graph, "frames beyond the eighth do not calibrate");
    assert_eq!((few.report.held_out, few.report.frames), (false, 8));
    assert_eq!((more.report.held_out, more.report.frames), (true, 4));
}

fn float_layers(quantized: &Quantized) -> Vec<&str> {
    let layers = quantized.graph.layers.iter().filter(|layer| layer.op.is_float());
    layers.map(|layer| &*layer.name).collect()
}

/// What `seigo inspect` says of a network before it is quantized comes true.
#[test]
fn a_preview_says_what_quantization_does() {
    let (mut net, image) = Network::new(&[1, 3, 32, 32]);
    let x = net.conv(image, (3, 8), 3, 2, 1);
    let x = net.activate(x, Activation::Silu);
    let window = Window { kernel: vec![10; 2], pads: vec![(9, 9); 2], ..Window::default() };
    let uneven = AveragePool { window, ceil: false, count_include_pad: false };
    let x = net.builder.node("uneven", uneven, &[x]).unwrap();
    let x = net.conv(x, (8, 8), 1, 1, 1);
    let x = net.activate(x, Activation::Relu);
    let x = net.conv(x, (8, 4), 1, 1, 1);
    let x = net.activate(x, Activation::Sigmoid);
    let mixed = net.finish(x);
    let mut seen = std::collections::BTreeSet::new();
    for graph in [mixed, residual_network(), face_network()] {
        let preview = Preview::new(&graph, &Options::default()).unwrap();
        let quantized = run(&graph, &frames(8), &Options::default()).unwrap().graph;
        let layer = |name: &str| quantized.layers.iter().find(|layer| layer.name == name);
        for node in &graph.nodes {
            let (decision, besides) = preview.of(node).unwrap();
            let made = layer(&node.name).unwrap();
            let float = matches!(decision, Decision::Float(_));
            assert_eq!(made.op.is_float(), float, "{}: {decision:?}", node.name);
            assert_eq!(matches!(made.op, QOp::Move(_)), decision == Decision::Moved);
            let part = layer(&format!("{}:activation", node.name));
            assert_eq!(part.is_some(), besides.is_some(), "{}: {besides:?}", node.name);
            seen.insert(format!("{decision:?} {besides:?}"));
        }
    }
    let kinds = ["Integer None", "Integer Some(NoRule)", "Moved None", "Float(UnevenMean) None"];
    assert!(kinds.into_iter().all(|kind| seen.contains(kind)), "{seen:?}");
}

#[test]
fn a_network_that_cannot_be_quantized_is_previewed_in_float() {
    let (mut net, image) = Network::new(&[4, 3, 32, 32]);
    let x = net.conv(image, (3, 8), 3, 2, 1);
    let graph = net.finish(x);
    let preview = Preview::new(&graph, &Options::default()).unwrap();
    let float = Decision::Float(InFloat::Batch(4));
    assert_eq!(preview.of(&graph.nodes[0]), Some((float, None)));
}

#[test]
fn the_most_sensitive_layers_stay_in_float() {
    let graph = residual_network();
    let plain = run(&graph, &frames(8), &Options::default()).unwrap();
    assert_eq!(float_layers(&plain), [""; 0]);
    let rated = plain.report.layers.iter().filter(|layer| layer.sensitivity.is_some());
    let worst = rated.min_by(|a, b| a.sensitivity.partial_cmp(&b.sensitivity).unwrap()).unwrap();
    let options = Options { float_worst: 1, ..Options::default() };
    let mixed = run(&graph, &frames(8), &options).unwrap();
    let (layers, kept) = (&mixed.graph.layers, float_layers(&mixed));
    assert!(kept.contains(&&*worst.layer), "{kept:?}");
    // Besides it only what it alone reads, directly or behind others of them, and what is not rounded for that.
    for layer in layers.iter().filter(|layer| kept.contains(&&*layer.name)) {
        let reads = |other: &&Layer| {
            let inputs = other.inputs.iter().flatten().filter_map(Operand::value);
            inputs.into_iter().any(|id| layer.outputs.contains(&id))
        };
        let readers: Vec<&Layer> = layers.iter().filter(reads).collect();
        let for_float = readers.iter().all(|reader| kept.contains(&&*reader.name));
        assert!(*layer.name == *worst.layer || (for_float && !readers.is_empty()), "{kept:?}");
    }
    let options = Options { float_worst: 99, ..Options::default() };
    assert_eq!(run(&graph, &frames(8), &options).unwrap_err().code().id, "SG0103");
}

#[test]
fn a_demanded_quality_is_reached_or_refused() {
    let graph = residual_network();
    let with = |ratio: f64| {
        let options = Options { min_sqnr: Some(ratio), ..Options::default() };
        run(&graph, &frames(8), &options)
    };
    let plain = with(5.0).unwrap();
    assert_eq!(float_layers(&plain), [""; 0], "nothing has to stay in float");
    let wanted = plain.report.answer_sqnr + 3.0;
    let mixed = with(wanted).unwrap();
    assert!(mixed.report.answer_sqnr >= wanted, "{}", mixed.report.answer_sqnr);
    let count = float_layers(&mixed).len();
    assert!((1..7).contains(&count), "{count} layers in float");
    for absurd in [-1.0, 500.0, f64::NAN] {
        assert_eq!(with(absurd).unwrap_err().code().id, "SG0103");
    }
}

/// What the lanes of the accelerator take.
#[test]
fn shifts_stay_within_the_lanes() {
    let mut kinds = (0, 0, 0);
    for graph in [residual_network(), face_network()] {
        let quantized = run(&graph, &frames(8), &Options::default()).unwrap().graph;
        for layer in &quantized.layers {
            let QOp::Conv(conv) = &layer.op else { continue };
            assert!(conv.weights.iter().all(|&weight| weight > i8::MIN));
            match &conv.output {
                ConvOutput::Direct { shifts, .. } => {
                    kinds.0 += 1;
                    assert!(shifts.iter().all(|shift| (-2..=31).contains(shift)));
                }
                ConvOutput::Function { arguments, shifts, residual, fractions, .. } => {
                    kinds.1 += 1;
                    assert!(arguments.iter().all(|shift| (-8..=31).contains(shift)));
                    assert!(shifts.iter().all(|shift| (0..=15).contains(shift)));
                    if residual.is_some() {
                        kinds.2 += 1;
                        let read = quantized.value(layer.input(1).unwrap());
                        let scales = read.integer().unwrap().1;
                        assert!(scales.iter().zip(fractions).all(|(scale, &fraction)| {
                            (-15..=11).contains(&(i32::from(fraction) + i32::from(scale.exponent)))
                        }));
                    }
                }
                ConvOutput::Dpu { .. } => panic!("the quantizer makes no DPU layers"),
            }
        }
    }
    assert!(kinds.0 > 0 && kinds.1 > 0 && kinds.2 > 1, "{kinds:?}");
}

/// Frames of one channel: nearly everywhere small numbers, and a few peaks.
struct Peaks;

impl Frames for Peaks {
    fn len(&self) -> usize {
        24
    }

    fn frame(&self, index: usize) -> Result<Vec<Tensor>> {
        let mut noise = Noise(index as u64 + 5);
        let mut values: Vec<f32> = (0..1024).map(|_| 2.0 + 2.0 * noise.next()).collect();
        values[(index * 37) % 1024] = 140.0;
        Ok(vec![Tensor::new(&[1, 1, 32, 32], values)?])
    }
}

/// One channel through a 1x1 convolution and ReLU, then `weight * x + bias` and an activation.
fn threshold_network(weight: f32, bias: f32, activation: Activation) -> Graph {
    let (mut net, image) = Network::new(&[1, 1, 32, 32]);
    let mut value = image;
    for (name, weight, bias, activation) in
        [("copy", 1.0, 0.0, Activation::Relu), ("judge", weight, bias, activation)]
    {
        let weight = Tensor::new(&[1, 1, 1, 1], vec![weight]).unwrap();
        let weight = net.builder.constant(&format!("{name}.weight"), weight);
        let bias = net.builder.constant(&format!("{name}.bias"), Tensor::vector(vec![bias]));
        let op = Conv { window: Window::default(), group: 1, epilogue: Epilogue::default() };
        value = net.builder.node(name, op, &[value, weight, bias]).unwrap();
        value = net.activate(value, activation);
    }
    net.finish(value)
}

/// The exponent of what "copy" gives.
fn exponent_of_copy(graph: &Graph, range_trials: bool) -> i8 {
    let options = Options { range_trials, balancing: false, ..Options::default() };
    let quantized = quantize(graph, &Peaks, &options, &|_| ()).unwrap().graph;
    let copy = quantized.layers.iter().find(|layer| layer.name == "copy").unwrap();
    quantized.value(copy.outputs[0]).integer().unwrap().1[0].exponent
}

/// Steps of 1 reach the peaks, steps of 1/2 do not. Which is right, only the answer knows.
#[test]
fn ranges_by_trial_follow_what_the_answer_needs() {
    // Above 8 everything is the same: the peaks may be clipped, the small numbers count.
    let small = threshold_network(1.0, 0.0, Activation::Clamp { min: 0.0, max: 8.0 });
    // Only what is above 100 comes through.
    let large = threshold_network(1.0, -100.0, Activation::Relu);
    assert_eq!(exponent_of_copy(&small, true), -1);
    assert_eq!(exponent_of_copy(&large, true), 0);
    // Without trials both have the range of the peaks.
    assert_eq!((exponent_of_copy(&small, false), exponent_of_copy(&large, false)), (0, 0));
}

/// Frames of one channel: 0.3 everywhere but at one peak.
struct Faint;

impl Frames for Faint {
    fn len(&self) -> usize {
        24
    }

    fn frame(&self, index: usize) -> Result<Vec<Tensor>> {
        let mut values = vec![0.3; 1024];
        values[(index * 37) % 1024] = 140.0;
        Ok(vec![Tensor::new(&[1, 1, 32, 32], values)?])
    }
}

/// With steps of 1, as the peaks demand, the faint value is lost in the very input. The last layer,
/// whose output has fine steps, can give it back.
#[test]
fn later_layers_make_up_for_what_earlier_ones_lose() {
    let graph = threshold_network(1.0, 0.0, Activation::Relu);
    let faint = |compensation: bool| {
        let options = Options { compensation, range_search: false, ..Options::default() };
        let quantized = quantize(&graph, &Faint, &options, &|_| ()).unwrap().graph;
        let outputs = Engine::new(&quantized).unwrap().run(&Faint.frame(0).unwrap()).unwrap();
        let values = outputs[0].values::<f32>().unwrap();
        assert!((values[0] - 140.0).abs() < 0.5, "the peak is {}", values[0]);
        values[1]
    };
    assert_eq!(faint(false), 0.0);
    assert!((faint(true) - 0.3).abs() < 0.02, "{}", faint(true));
}
