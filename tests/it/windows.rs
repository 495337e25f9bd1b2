//! Quantization keeps what a network computes, whatever the windows of its pools and convolutions look
//! like, and a rewrite that is wrong shows in the report.

use proptest::prelude::*;
use seigo::Result;
use seigo::base::tensor::{DType, Tensor};
use seigo::frontend::graph::{Builder, Graph, ValueId};
use seigo::frontend::ops::Op;
use seigo::frontend::ops::average_pool::AveragePool;
use seigo::frontend::ops::conv::Conv;
use seigo::frontend::ops::epilogue::Epilogue;
use seigo::frontend::ops::global_pool::GlobalPool;
use seigo::frontend::ops::max_pool::MaxPool;
use seigo::frontend::ops::reduce::{Reduce, Reduction};
use seigo::frontend::ops::window::{AutoPad, Window};
use seigo::frontend::rewrites::{self, Rewrite};
use seigo::quantize::ptq::{Frames, Options, Quantized, quantize, quantize_rewritten};
use seigo::software::engine::Engine;
use seigo::software::executor::Executor;

const CHANNELS: usize = 4;

/// Numbers in -1..1, the same every time.
fn noise(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        ((state >> 40) as f32) / (1u64 << 23) as f32 - 1.0
    };
    (0..count).map(next).collect()
}

/// Frames of random numbers, or of ones.
struct Planes {
    rows: usize,
    columns: usize,
    ones: bool,
}

impl Frames for Planes {
    fn len(&self) -> usize {
        6
    }

    fn frame(&self, index: usize) -> Result<Vec<Tensor>> {
        let count = CHANNELS * self.rows * self.columns;
        let values = if self.ones { vec![1.0; count] } else { noise(index as u64 + 9, count) };
        Ok(vec![Tensor::new(&[1, CHANNELS, self.rows, self.columns], values)?])
    }
}

/// A convolution of one tap per channel, the operation, another such convolution.
fn between(rows: usize, columns: usize, op: impl Fn(&mut Builder, ValueId) -> ValueId) -> Graph {
    let mut builder = Builder::new("window");
    let image = builder.input("image", DType::F32, &[1, CHANNELS, rows, columns]);
    let copied = copy(&mut builder, "before", image);
    let value = op(&mut builder, copied);
    let result = copy(&mut builder, "after", value);
    builder.output("result", result);
    builder.finish().unwrap()
}

/// A 1x1 convolution that gives what it reads.
fn copy(builder: &mut Builder, name: &str, input: ValueId) -> ValueId {
    let identity = (0..CHANNELS * CHANNELS).map(|at| f32::from(at % (CHANNELS + 1) == 0));
    let weight = Tensor::new(&[CHANNELS, CHANNELS, 1, 1], identity.map(|v: f32| v).collect());
    let weight = builder.constant(&format!("{name}.weight"), weight.unwrap());
    let conv = Conv { window: Window::default(), group: 1, epilogue: Epilogue::default() };
    builder.node(name, conv, &[input, weight]).unwrap()
}

/// Signal to noise ratio in dB of the integer network against the float graph, and how many layers
/// are float.
fn compare(graph: &Graph, frames: &Planes) -> (f64, usize) {
    let Quantized { graph: quantized, report, .. } =
        quantize(graph, frames, &Options::default(), &|_| ()).unwrap();
    let (mut signal, mut error) = (1e-9, 1e-12);
    for index in 0..frames.len() {
        let input = frames.frame(index).unwrap();
        let exact = Executor::new(graph).run(&input).unwrap().remove(0);
        let got = Engine::new(&quantized).unwrap().run(&input).unwrap().remove(0);
        assert_eq!(exact.shape(), got.shape());
        for (a, b) in exact.values::<f32>().unwrap().iter().zip(got.values::<f32>().unwrap()) {
            signal += f64::from(*a).powi(2);
            error += f64::from(a - b).powi(2);
        }
    }
    let db = 10.0 * f64::log10(signal / error);
    let said = report.answer_sqnr;
    assert!(said < db + 1.0 && said > db - 1.0, "{db} dB, and the report says {said}");
    (db, quantized.layers.iter().filter(|layer| layer.op.is_float()).count())
}

fn mean(window: Window, ceil: bool, count_include_pad: bool) -> Op {
    AveragePool { window, ceil, count_include_pad }.into()
}

#[test]
fn a_mean_with_same_padding_of_ones_is_one_everywhere() {
    for auto_pad in [AutoPad::SameUpper, AutoPad::SameLower] {
        let window = Window { kernel: vec![3, 3], auto_pad, ..Window::default() };
        let graph = between(8, 8, |builder, value| {
            builder.node("pool", mean(window.clone(), false, false), &[value]).unwrap()
        });
        let frames = Planes { rows: 8, columns: 8, ones: true };
        let quantized = quantize(&graph, &frames, &Options::default(), &|_| ()).unwrap().graph;
        let output = Engine::new(&quantized).unwrap().run(&frames.frame(0).unwrap()).unwrap();
        for &value in output[0].values::<f32>().unwrap() {
            assert!((value - 1.0).abs() < 0.01, "{value}");
        }
    }
}

#[test]
fn means_whose_windows_count_alike_are_in_integers() {
    let same = |count| {
        let auto_pad = AutoPad::SameUpper;
        mean(Window { kernel: vec![3, 3], auto_pad, ..Window::default() }, false, count)
    };
    let ceil = Window { kernel: vec![2, 2], strides: vec![2, 2], ..Window::default() };
    let whole =
        |keep_dims| Reduce { reduction: Reduction::Mean, keep_dims, noop_with_empty_axes: false };
    let frames = Planes { rows: 9, columns: 7, ones: false };
    let floats = |op: Op| {
        let graph = between(9, 7, |builder, value| {
            let mut inputs = vec![value];
            if matches!(op, Op::Reduce(_)) {
                inputs.push(builder.constant("axes", Tensor::vector(vec![2i64, -1])));
            }
            builder.node("mean", op.clone(), &inputs).unwrap()
        });
        let (db, floats) = compare(&graph, &frames);
        assert!(db > 30.0, "{op:?}: {db} dB");
        floats
    };
    assert_eq!(floats(same(true)), 0, "pads count");
    assert_eq!(floats(same(false)), 0, "the divisor changes at the border");
    assert_eq!(floats(mean(ceil, true, false)), 0, "the last window is cut off");
    assert_eq!(floats(GlobalPool::Average.into()), 0);
    assert_eq!(floats(whole(true).into()), 0);
}

/// The mean over a plane, as it would be with a divisor that is one too small on each axis.
struct WrongMean;

impl Rewrite for WrongMean {
    fn name(&self) -> &'static str {
        "wrong-mean"
    }

    fn description(&self) -> &'static str {
        "turn means into depthwise convolutions with weights that are too large"
    }

    fn run(&self, graph: &mut Graph) -> Result<usize> {
        let right = rewrites::by_names(&["average-to-conv"])?;
        let places = rewrites::run(graph, &right)?[0].places;
        for value in graph.values.iter_mut().filter(|value| value.name.ends_with(":part1:constant"))
        {
            let Some(weight) = value.fact.value.take() else { continue };
            let wrong = weight.values::<f32>()?.iter().map(|weight| 1.3 * weight).collect();
            value.fact = Tensor::new::<f32>(weight.shape(), wrong)?.into();
        }
        Ok(places)
    }
}

#[test]
fn the_report_notices_a_wrong_rewrite() {
    let graph = between(8, 8, |builder, value| {
        let window = Window { kernel: vec![2, 2], strides: vec![2, 2], ..Window::default() };
        builder.node("pool", mean(window, false, false), &[value]).unwrap()
    });
    let frames = Planes { rows: 8, columns: 8, ones: false };
    let report = |rewrites: &[&dyn Rewrite]| {
        let options = Options::default();
        quantize_rewritten(&graph, rewrites, &frames, &options, &|_| ()).unwrap().report
    };
    let right = report(&rewrites::for_accelerator());
    let wrong = report(&[&WrongMean]);
    assert!(right.answer_sqnr > 35.0, "{} dB", right.answer_sqnr);
    assert!(wrong.answer_sqnr < 12.0, "{} dB", wrong.answer_sqnr);
    let last = |report: &seigo::quantize::ptq::Report| report.layers.last().unwrap().sqnr;
    assert!(last(&right) > 35.0 && last(&wrong) < 12.0, "the layer behind which it leaves");
}

/// A window along one axis: kernel, stride, pads, dilation.
fn axis() -> impl Strategy<Value = (usize, usize, (usize, usize), usize)> {
    let pads = |kernel: usize| (0..kernel, 0..kernel);
    (1..5usize).prop_flat_map(move |kernel| (Just(kernel), 1..4usize, pads(kernel), 1..3usize))
}

fn window() -> impl Strategy<Value = Window> {
    let auto_pad = prop_oneof![
        3 => Just(AutoPad::Explicit),
        1 => Just(AutoPad::SameUpper),
        1 => Just(AutoPad::SameLower),
        1 => Just(AutoPad::Valid),
    ];
    (axis(), axis(), auto_pad).prop_map(|(rows, columns, auto_pad)| Window {
        kernel: vec![rows.0, columns.0],
        strides: vec![rows.1, columns.1],
        pads: if auto_pad == AutoPad::Explicit { vec![rows.2, columns.2] } else { Vec::new() },
        dilations: vec![rows.3, columns.3],
        auto_pad,
    })
}

/// What slides: a mean, a maximum, or a depthwise convolution with these weights.
fn sliding(
    builder: &mut Builder,
    value: ValueId,
    window: Window,
    kind: (u8, bool, bool),
) -> ValueId {
    let (kind, ceil, count_include_pad) = kind;
    match kind {
        0 | 1 => builder.node("mean", mean(window, ceil, count_include_pad), &[value]).unwrap(),
        2 => builder.node("largest", MaxPool { window, ceil }, &[value]).unwrap(),
        _ => {
            let shape = [CHANNELS, 1, window.kernel[0], window.kernel[1]];
            let weight = Tensor::new(&shape, noise(3, shape.iter().product())).unwrap();
            let weight = builder.constant("weight", weight);
            let conv = Conv { window, group: CHANNELS, epilogue: Epilogue::default() };
            builder.node("depthwise", conv, &[value, weight]).unwrap()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn int8_follows_float_for_every_window(
        window in window(),
        kind in (0..4u8, any::<bool>(), any::<bool>()),
        (rows, columns) in (9..13usize, 9..13usize),
    ) {
        let graph = between(rows, columns, |builder, value| {
            sliding(builder, value, window.clone(), kind)
        });
        let (db, _) = compare(&graph, &Planes { rows, columns, ones: false });
        prop_assert!(db > 28.0, "{db} dB");
    }
}
