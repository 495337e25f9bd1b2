//! `split-maximum`.

use seigo::base::tensor::Tensor;
use seigo::compile::boards::Target;
use seigo::compile::{CompileOptions, Compiled};
use seigo::frontend::onnx::Attribute;
use seigo::model::ceras::Model;
use seigo::quantize::ptq::{Frames, Options, quantize};
use seigo::session::Simulation;

use super::net::{Net, assert_untouched, kinds, rewrite};

const NAME: &str = "split-maximum";

fn window(kernel: [i64; 2], stride: i64, pad: i64) -> Vec<(&'static str, Attribute)> {
    vec![
        ("kernel_shape", Attribute::Ints(kernel.to_vec())),
        ("strides", Attribute::Ints(vec![stride; 2])),
        ("pads", Attribute::Ints(vec![pad; 4])),
    ]
}

/// `rewrite` compares the outputs; this counts what came of the nodes.
#[track_caller]
fn assert_split(net: Net, output: seigo::frontend::graph::ValueId, expected: &[(&str, usize)]) {
    let (rewritten, places) = rewrite(&net.finish(&[output]), &[NAME]);
    assert_eq!(places, 1);
    let found = kinds(&rewritten);
    let expected: Vec<String> =
        expected.iter().flat_map(|(kind, count)| vec![(*kind).to_owned(); *count]).collect();
    assert_eq!(found, expected);
}

#[test]
fn the_maximum_of_a_plane_halves_it_step_by_step() {
    for (plane, steps) in [([20, 20], 4), ([7, 6], 2), ([13, 1], 3), ([1, 1], 1), ([3, 2], 1)] {
        let mut net = Net::new();
        let x = net.input(&[1, 4, plane[0], plane[1]]);
        let y = net.op("GlobalMaxPool", &[x]);
        assert_split(net, y, &[("MaxPool", steps)]);
    }
}

#[test]
fn a_maximum_that_drops_its_axes_is_flattened_behind() {
    let mut net = Net::new();
    let x = net.input(&[1, 4, 9, 5]);
    let axes = net.ints(&[-1, 2]);
    let y = net.with("ReduceMax", &[x, axes], &[("keepdims", Attribute::Int(0))]);
    assert_split(net, y, &[("MaxPool", 3), ("Flatten", 1)]);
}

#[test]
fn large_windows_side_by_side_are_split() {
    for (kernel, steps) in [([4, 4], 2), ([8, 8], 3)] {
        let mut net = Net::new();
        let x = net.input(&[1, 4, 19, 16]);
        let y = net.with("MaxPool", &[x], &window(kernel, kernel[0], 0));
        assert_split(net, y, &[("MaxPool", steps)]);
    }
    let mut net = Net::new();
    let x = net.input(&[1, 4, 19, 16]);
    let y = net.with("MaxPool", &[x], &window([19, 16], 1, 0));
    assert_split(net, y, &[("MaxPool", 4)]);
}

#[test]
fn windows_of_any_size_and_padding_are_exact() {
    let mut samples = seigo::base::random::Samples::new(1);
    for _ in 0..150 {
        let mut net = Net::new();
        let x = net.input(&[1, 2, 9 + samples.below(9), 9 + samples.below(9)]);
        let kernel = [1 + samples.below(8), 1 + samples.below(8)];
        let mut pad = |kernel: usize| samples.below(kernel) as i64;
        let pads = [pad(kernel[0]), pad(kernel[1]), pad(kernel[0]), pad(kernel[1])];
        let attributes = [
            ("kernel_shape", Attribute::Ints(kernel.map(|taps| taps as i64).to_vec())),
            ("strides", Attribute::Ints(vec![1 + samples.below(5) as i64; 2])),
            ("pads", Attribute::Ints(pads.to_vec())),
            ("ceil_mode", Attribute::Int(samples.below(2) as i64)),
        ];
        let of = if samples.below(2) == 0 { x } else { net.op("Relu", &[x]) };
        let y = net.with("MaxPool", &[of], &attributes);
        // Where weights are behind, windows may reach out of the plane as far as they like.
        let y = if samples.below(2) == 0 { y } else { net.conv(y, [2, 1], 1) };
        rewrite(&net.finish(&[y]), &[NAME]);
    }
}

/// More results than pixels: the plane gets a border, by a convolution where nothing is below zero.
#[test]
fn windows_that_reach_out_on_both_sides_get_a_border() {
    for (kernel, stride, pad, ceil, relu, convolutions) in [
        ([2, 2], 1, 1, 0, true, 1),
        ([2, 2], 2, 1, 0, true, 1),
        ([3, 3], 2, 1, 1, true, 1),
        // Behind each side that is repeated: two without and two with a sum.
        ([2, 2], 1, 1, 0, false, 8),
        ([3, 3], 1, 2, 0, false, 16),
    ] {
        let mut net = Net::new();
        let x = net.input(&[1, 4, 18, 16]);
        let of = if relu { net.op("Relu", &[x]) } else { x };
        let mut window = window(kernel, stride, pad);
        window.push(("ceil_mode", Attribute::Int(ceil)));
        let y = net.with("MaxPool", &[of], &window);
        let y = net.conv(y, [4, 2], 1);
        let kinds = kinds(&rewrite(&net.finish(&[y]), &[NAME]).0);
        let count = |kind: &str| kinds.iter().filter(|own| *own == kind).count();
        let found = (count("MaxPool"), count("Conv (grouped)"));
        assert_eq!(found, (1, convolutions), "{kernel:?}");
    }
}

#[test]
fn other_windows_slide_in_steps() {
    let cases = [
        // Window, stride, pad, ceil, maxima, convolution behind them.
        ([3, 3], 3, 0, 0, 1, true),
        ([3, 3], 3, 1, 0, 1, true),
        ([4, 4], 4, 1, 0, 2, true),
        ([6, 6], 6, 0, 1, 3, true),
        ([5, 5], 4, 2, 1, 2, true),
        ([7, 2], 3, 0, 1, 3, true),
        ([5, 5], 2, 2, 0, 2, false),
        ([5, 5], 1, 0, 0, 2, false),
        ([4, 4], 1, 1, 0, 2, false),
        ([5, 3], 2, 1, 1, 2, false),
        ([1, 7], 1, 0, 0, 3, false),
        ([2, 2], 5, 0, 0, 1, true),
        ([4, 4], 4, 0, 1, 3, true),
    ];
    for (kernel, stride, pad, ceil, maxima, every) in cases {
        let mut net = Net::new();
        let x = net.input(&[1, 4, 18, 17]);
        let mut window = window(kernel, stride, pad);
        window.push(("ceil_mode", Attribute::Int(ceil)));
        let y = net.with("MaxPool", &[x], &window);
        let steps = [("MaxPool", maxima), ("Conv (grouped)", usize::from(every))];
        assert_split(net, y, &steps);
    }
}

#[test]
fn other_maxima_stay() {
    for (kernel, stride, pad) in [([2, 2], 2, 0), ([3, 3], 2, 1), ([5, 5], 1, 2), ([13, 13], 1, 6)]
    {
        let mut net = Net::new();
        let x = net.input(&[1, 4, 19, 16]);
        let y = net.with("MaxPool", &[x], &window(kernel, stride, pad));
        assert_untouched(&net.finish(&[y]), NAME);
    }
    // Strides that differ, and gaps.
    for (name, values) in [("strides", [3, 1]), ("dilations", [2, 2])] {
        let mut net = Net::new();
        let x = net.input(&[1, 4, 19, 16]);
        let attributes = [
            ("kernel_shape", Attribute::Ints(vec![3, 3])),
            (name, Attribute::Ints(values.to_vec())),
        ];
        let y = net.with("MaxPool", &[x], &attributes);
        assert_untouched(&net.finish(&[y]), NAME);
    }
    // Over the channels, too.
    let mut net = Net::new();
    let x = net.input(&[1, 4, 9, 5]);
    let axes = net.ints(&[1, 2, 3]);
    let y = net.op("ReduceMax", &[x, axes]);
    assert_untouched(&net.finish(&[y]), NAME);
}

/// Waves, a frame each, which are highest in the last row.
struct Waves;

impl Frames for Waves {
    fn len(&self) -> usize {
        4
    }

    fn frame(&self, index: usize) -> seigo::Result<Vec<Tensor>> {
        let wave = |at: usize| {
            let height = if at % 130 < 120 { 1.0 } else { 4.0 };
            height * ((at * (index + 3)) as f32 * 0.37).sin()
        };
        Ok(vec![Tensor::new(&[1, 16, 13, 10], (0..16 * 13 * 10).map(wave).collect::<Vec<_>>())?])
    }
}

#[test]
fn the_accelerator_does_them_bit_for_bit() {
    let mut net = Net::new();
    let x = net.input(&[1, 16, 13, 10]);
    let first = net.random(&[16, 16, 1, 1]);
    let plane = net.op("Conv", &[x, first]);
    let largest = net.op("GlobalMaxPool", &[plane]);
    let last = net.random(&[16, 16, 1, 1]);
    let y = net.op("Conv", &[largest, last]);
    let graph = net.finish(&[y]);
    let quantized = quantize(&graph, &Waves, &Options::default(), &|_| ()).unwrap();
    let decibels = quantized.report.answer_sqnr;
    assert!(decibels > 30.0, "{decibels} dB against the network as it came in");
    let only = CompileOptions { accelerator_only: true };
    let target = Target::load("zynq7020").unwrap();
    let compiled = Compiled::new(Model::new(quantized.graph), &target, only).unwrap();
    let frame = Simulation::new(&compiled).unwrap().run(&Waves.frame(1).unwrap()).unwrap();
    assert!(frame.is_exact(), "{:?} {:?}", frame.end, frame.mismatch);
    assert!(frame.compared >= 5, "{} tensors compared", frame.compared);
}
