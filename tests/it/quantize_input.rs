//! What the quantizer does with input that makes no sense, and with input that is merely odd.

use seigo::Result;
use seigo::base::tensor::{DType, Tensor};
use seigo::frontend::graph::{Builder, Graph};
use seigo::frontend::ops::activation::Activation;
use seigo::frontend::ops::compare::Compare;
use seigo::frontend::ops::conv::Conv;
use seigo::frontend::ops::epilogue::Epilogue;
use seigo::frontend::ops::select::Select;
use seigo::frontend::ops::window::Window;
use seigo::frontend::rewrites;
use seigo::quantize::ptq::{Frames, Options, Quantized, quantize};
use seigo::software::engine::Engine;
use seigo::software::executor::Executor;

const SHAPE: [usize; 4] = [1, 2, 8, 8];

/// Frames that are given element by element.
struct Given<F>(usize, F);

impl<F: Fn(usize, usize) -> f32 + Sync> Frames for Given<F> {
    fn len(&self) -> usize {
        self.0
    }

    fn frame(&self, index: usize) -> Result<Vec<Tensor>> {
        let count = SHAPE.iter().product();
        let values = (0..count).map(|at| (self.1)(index, at)).collect();
        Ok(vec![Tensor::new(&SHAPE, values)?])
    }
}

/// Numbers in 0..1 that look random.
fn waves(frame: usize, at: usize) -> f32 {
    ((frame * 131 + at * 17) as f32 * 0.618).fract()
}

/// Two 1x1 convolutions of two channels with an activation between them.
fn network(first: [f32; 4], second: [f32; 4], bias: f32) -> Graph {
    let mut builder = Builder::new("small");
    let mut value = builder.input("image", DType::F32, &SHAPE);
    for (name, weights) in [("first", first), ("second", second)] {
        let weight = Tensor::new(&[2, 2, 1, 1], weights.to_vec()).unwrap();
        let weight = builder.constant(&format!("{name}.weight"), weight);
        let bias = Tensor::vector(vec![bias; 2]);
        let bias = builder.constant(&format!("{name}.bias"), bias);
        let op = Conv { window: Window::default(), group: 1, epilogue: Epilogue::default() };
        value = builder.node(name, op, &[value, weight, bias]).unwrap();
        if name == "first" {
            value = builder.node("silu", Activation::Silu, &[value]).unwrap();
        }
    }
    builder.output("result", value);
    let mut graph = builder.finish().unwrap();
    rewrites::run(&mut graph, rewrites::STANDARD).unwrap();
    graph
}

const PLAIN: [f32; 4] = [0.7, -0.4, 0.3, 0.9];

fn run(graph: &Graph, frames: &dyn Frames) -> Result<Quantized> {
    quantize(graph, frames, &Options::default(), &|_| ())
}

/// The code of the refusal, and that its text names a place.
fn refusal(graph: &Graph, frames: &dyn Frames, place: &str) -> &'static str {
    let error = run(graph, frames).unwrap_err();
    let text = error.to_string();
    assert!(text.contains(place) && !error.advice().is_empty(), "{text}");
    error.code().id
}

#[test]
fn without_frames_there_is_nothing_to_measure() {
    let graph = network(PLAIN, PLAIN, 0.1);
    assert_eq!(refusal(&graph, &Given(0, waves), "no calibration frame"), "SG0501");
}

#[test]
fn frames_of_another_shape_are_refused() {
    struct Narrow;
    impl Frames for Narrow {
        fn len(&self) -> usize {
            1
        }
        fn frame(&self, _: usize) -> Result<Vec<Tensor>> {
            Ok(vec![Tensor::new(&[1, 2, 8, 7], vec![0.5; 112])?])
        }
    }
    assert_eq!(refusal(&network(PLAIN, PLAIN, 0.1), &Narrow, "[1, 2, 8, 7]"), "SG0301");
}

#[test]
fn numbers_that_are_none_are_refused_with_their_frame_and_channel() {
    let graph = network(PLAIN, PLAIN, 0.1);
    for odd in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        // The second frame, second channel.
        let frames = Given(3, |frame, at| if (frame, at) == (1, 70) { odd } else { 0.5 });
        let place = "channel 1 of \"image\" is not finite";
        assert_eq!(refusal(&graph, &frames, place), "SG0503");
        assert_eq!(refusal(&graph, &frames, "calibration frame 1"), "SG0503");
    }
    // Finite numbers whose product is none.
    let large = network([1e38, 1e38, 0.0, 1.0], PLAIN, 0.0);
    let frames = Given(2, |frame, at| 1e3 * waves(frame, at) + 1e3);
    assert_eq!(refusal(&large, &frames, "is not finite"), "SG0503");
}

#[test]
fn a_network_without_convolution_is_refused() {
    let mut builder = Builder::new("bare");
    let image = builder.input("image", DType::F32, &SHAPE);
    let value = builder.node("relu", Activation::Relu, &[image]).unwrap();
    builder.output("result", value);
    let graph = builder.finish().unwrap();
    assert_eq!(refusal(&graph, &Given(1, waves), "no layer of the network"), "SG0502");
}

#[test]
fn large_numbers_keep_their_precision() {
    let graph = network([1e6, 1e6, 1e5, -3e5], PLAIN, 0.0);
    let quantized = run(&graph, &Given(8, waves)).unwrap();
    let got = ratio(&graph, &quantized, &Given(8, waves));
    assert!(got > 30.0, "{got} dB");
}

#[test]
fn sums_that_32_bits_could_not_hold_are_refused_with_the_layer() {
    // The function's argument has -12 fraction bits at least, so weights of 2^40 leave no shift for it.
    let graph = network([1e12, 1e12, 1.0, 1.0], PLAIN, 0.0);
    assert_eq!(refusal(&graph, &Given(2, waves), "first"), "SG0504");
}

/// Signal to noise ratio in dB on frames that did not calibrate.
fn ratio(graph: &Graph, quantized: &Quantized, frames: &dyn Frames) -> f64 {
    let engine = Engine::new(&quantized.graph).unwrap();
    let (mut signal, mut noise) = (0.0, 0.0);
    for index in 0..4 {
        let input = frames.frame(index).unwrap();
        let exact = Executor::new(graph).run(&input).unwrap().remove(0);
        let got = engine.run(&input).unwrap().remove(0);
        let pairs = exact.values::<f32>().unwrap().iter().zip(got.values::<f32>().unwrap());
        for (&exact, &got) in pairs {
            assert!(got.is_finite());
            signal += f64::from(exact).powi(2);
            noise += f64::from(exact - got).powi(2);
        }
    }
    10.0 * (signal / noise.max(1e-30 * signal)).log10()
}

#[test]
fn channels_that_are_always_zero_are_no_trouble() {
    // The second channel of the image is zero, and so are all weights of an output.
    let graph = network([0.7, 0.4, 0.0, 0.0], PLAIN, 0.0);
    let frames = Given(6, |frame, at| if at < 64 { 2.0 * waves(frame, at) } else { 0.0 });
    let quantized = run(&graph, &frames).unwrap();
    let db = ratio(&graph, &quantized, &frames);
    assert!(db > 35.0, "{db} dB");
    // Nothing at all.
    let dark = Given(6, |_, _| 0.0);
    let quantized = run(&graph, &dark).unwrap();
    let outputs = Engine::new(&quantized.graph).unwrap().run(&dark.frame(0).unwrap()).unwrap();
    assert!(outputs[0].values::<f32>().unwrap().iter().all(|&value| value == 0.0));
}

#[test]
fn one_channel_with_a_huge_outlier_does_not_take_the_other_along() {
    let graph = network([1.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, 1.0], 0.0);
    // One pixel of the second channel is that many times as large as everything else.
    let with = |peak: f32| {
        Given(8, move |frame, at| if at == 100 { peak } else { waves(frame, at) + 0.01 })
    };
    // The table's fixed point is that of both channels: beyond 512 it gets coarser.
    for (peak, small) in [(1e3, 0.02), (1e4, 0.1)] {
        let quantized = run(&graph, &with(peak)).unwrap();
        let engine = Engine::new(&quantized.graph).unwrap();
        let input = with(peak).frame(20).unwrap();
        let exact = Executor::new(&graph).run(&input).unwrap().remove(0);
        let got = engine.run(&input).unwrap().remove(0);
        let pairs = exact.values::<f32>().unwrap().iter().zip(got.values::<f32>().unwrap());
        for (at, (&exact, &got)) in pairs.enumerate() {
            // A range that clips the peak in favour of the others is right, too.
            let allowed = if at < 64 { small } else { 0.005 * peak + 0.3 * exact };
            assert!((exact - got).abs() < allowed, "{peak}, {at}: {exact} became {got}");
        }
    }
}

#[test]
fn booleans_between_layers_are_refused_by_name() {
    let mut builder = Builder::new("mask");
    let image = builder.input("image", DType::F32, &SHAPE);
    let weight = Tensor::new(&[2, 2, 1, 1], PLAIN.to_vec()).unwrap();
    let weight = builder.constant("weight", weight);
    let op = Conv { window: Window::default(), group: 1, epilogue: Epilogue::default() };
    let value = builder.node("first", op.clone(), &[image, weight]).unwrap();
    let zero = builder.constant("zero", Tensor::scalar(0f32));
    let mask = builder.node("mask", Compare::Greater, &[value, zero]).unwrap();
    let masked = builder.node("choice", Select, &[mask, value, zero]).unwrap();
    let value = builder.node("second", op, &[masked, weight]).unwrap();
    builder.output("result", value);
    let error = run(&builder.finish().unwrap(), &Given(2, waves)).unwrap_err();
    assert_eq!(error.code().id, "SG0509");
    let text = error.to_string();
    assert!(text.contains("mask") && text.contains("choice") && text.contains("bool"), "{text}");
}
