//! Pools of any window, stride, padding and divisor.

use seigo::base::random::Samples;
use seigo::frontend::graph::Graph;
use seigo::frontend::onnx::Attribute;
use seigo::quantize::ptq::Options;

use super::{Form, conv, imported};
use crate::passes::net::Net;

/// A pool between two convolutions.
fn network(
    seed: u64,
    op: &str,
    plane: [usize; 2],
    attributes: &[(&'static str, Attribute)],
) -> Graph {
    let mut samples = Samples::new(seed);
    let mut net = Net::new();
    let image = net.input(&[1, 3, plane[0], plane[1]]);
    let x = conv(&mut net, &mut samples, image, [3, 20, 3], 1.0);
    let x = if seed.is_multiple_of(3) { x } else { net.op("Relu", &[x]) };
    let x = net.with(op, &[x], attributes);
    let x = conv(&mut net, &mut samples, x, [20, 8, 1], 1.0);
    imported(net, &[x])
}

/// A window of random numbers; the average counts its pads, or divides by what lies inside. A maximum may reach out on both
/// sides, by pads and by its last window, so that it gives more than it gets.
fn pool(samples: &mut Samples) -> (&'static str, [usize; 2], Vec<(&'static str, Attribute)>) {
    let op = ["MaxPool", "AveragePool"][samples.below(2)];
    let mut kernel = || 1 + samples.below(7) as i64;
    let kernel = [kernel(), kernel()];
    let stride = 1 + samples.below(5) as i64;
    let maximum = op == "MaxPool";
    let mut pad = |kernel: i64| {
        let most = if maximum { kernel as usize } else { kernel as usize / 2 + 1 };
        let [begin, end] = [samples.below(most) as i64, samples.below(most) as i64];
        [begin, if maximum { end } else { end.min(kernel - 1 - begin) }]
    };
    let (y, x) = (pad(kernel[0]), pad(kernel[1]));
    let ceil = maximum && samples.below(2) == 1;
    let plane = [11 + samples.below(9), 11 + samples.below(9)];
    let attributes = [
        ("kernel_shape", Attribute::Ints(kernel.to_vec())),
        ("strides", Attribute::Ints(vec![stride; 2])),
        ("pads", Attribute::Ints(vec![y[0], x[0], y[1], x[1]])),
        ("count_include_pad", Attribute::Int(samples.below(2) as i64)),
        ("ceil_mode", Attribute::Int(ceil.into())),
    ];
    let known = if maximum { [0, 1, 2, 4] } else { [0, 1, 2, 3] };
    (op, plane, known.map(|place| attributes[place].clone()).to_vec())
}

#[test]
fn pools_of_any_window_run_on_the_accelerator() {
    for seed in 0..60 {
        let (op, plane, attributes) = pool(&mut Samples::new(seed));
        let what = format!("{op} of {plane:?}, {attributes:?}");
        let form = Form::new(&network(seed, op, plane, &attributes), &Options::default()).unwrap();
        assert!(form.decibels > 28.0, "{what}: {} dB", form.decibels);
        form.compile();
    }
}

#[test]
fn planes_of_any_size_have_a_mean_and_a_maximum() {
    for (seed, plane) in [[40, 40], [17, 30], [16, 9], [31, 5], [56, 56]].into_iter().enumerate() {
        for op in ["GlobalAveragePool", "GlobalMaxPool"] {
            let graph = network(seed as u64, op, plane, &[]);
            let form = Form::new(&graph, &Options::default()).unwrap();
            assert!(form.decibels > 28.0, "{op} of {plane:?}: {} dB", form.decibels);
            form.compile();
        }
    }
}

#[test]
fn the_hardware_has_the_pools() {
    for (seed, op, kernel, stride) in
        [(3, "MaxPool", 5, 3), (1, "AveragePool", 5, 2), (3, "MaxPool", 2, 1), (1, "MaxPool", 2, 2)]
    {
        let attributes = [
            ("kernel_shape", Attribute::Ints(vec![kernel; 2])),
            ("strides", Attribute::Ints(vec![stride; 2])),
            ("pads", Attribute::Ints(vec![1; 4])),
            ("count_include_pad", Attribute::Int(0)),
        ];
        let known = if op == "MaxPool" { 3 } else { 4 };
        let graph = network(seed, op, [18, 14], &attributes[..known]);
        Form::new(&graph, &Options::default()).unwrap().verify();
    }
}
