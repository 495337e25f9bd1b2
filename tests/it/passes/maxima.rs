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
fn other_maxima_stay() {
    for (kernel, stride, pad) in [([3, 3], 3, 0), ([4, 4], 4, 1), ([6, 6], 6, 0), ([2, 2], 2, 0)] {
        let mut net = Net::new();
        let x = net.input(&[1, 4, 19, 16]);
        let y = net.with("MaxPool", &[x], &window(kernel, stride, pad));
        assert_untouched(&net.finish(&[y]), NAME);
    }
    // The last window of 4 is cut off.
    let mut net = Net::new();
    let x = net.input(&[1, 4, 18, 16]);
    let mut cut = window([4, 4], 4, 0);
    cut.push(("ceil_mode", Attribute::Int(1)));
    let y = net.with("MaxPool", &[x], &cut);
    assert_untouched(&net.finish(&[y]), NAME);
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
