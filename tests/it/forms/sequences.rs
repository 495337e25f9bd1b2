//! Networks over sequences on the accelerator.

use seigo::base::random::Samples;
use seigo::frontend::graph::Graph;
use seigo::frontend::onnx::Attribute;
use seigo::quantize::ptq::Options;

use super::{Form, imported, random};
use crate::passes::net::Net;

/// Convolutions, a pool and a mean over `[1, channels, length]`, then a fully connected layer.
fn network(seed: u64, channels: usize, length: usize, [kernel, stride]: [usize; 2]) -> Graph {
    let mut samples = Samples::new(seed);
    let mut net = Net::new();
    let x = net.input(&[1, channels, length]);
    let weight = net.tensor(random(&mut samples, &[24, channels, kernel], 0.5));
    let attributes = [
        ("pads", Attribute::Ints(vec![(kernel / 2) as i64; 2])),
        ("strides", Attribute::Ints(vec![stride as i64])),
    ];
    let x = net.with("Conv", &[x, weight], &attributes);
    let x = net.op("Relu", &[x]);
    let window =
        [("kernel_shape", Attribute::Ints(vec![2])), ("strides", Attribute::Ints(vec![2]))];
    let x = net.with("MaxPool", &[x], &window);
    let weight = net.tensor(random(&mut samples, &[24, 24, 3], 0.3));
    let y = net.with("Conv", &[x, weight], &[("pads", Attribute::Ints(vec![1, 1]))]);
    let y = net.op("Add", &[y, x]);
    let y = net.op("Relu", &[y]);
    let y = net.op("GlobalAveragePool", &[y]);
    let y = net.op("Flatten", &[y]);
    let matrix = net.tensor(random(&mut samples, &[24, 5], 0.5));
    let y = net.op("Gemm", &[y, matrix]);
    imported(net, &[y])
}

#[test]
fn sequences_run_on_the_accelerator() {
    for (seed, (channels, length, window)) in
        [(9, 128, [5, 1]), (1, 300, [7, 4]), (3, 64, [3, 2]), (40, 49, [9, 1])]
            .into_iter()
            .enumerate()
    {
        let graph = network(seed as u64, channels, length, window);
        let form = Form::new(&graph, &Options::default()).unwrap();
        assert!(form.decibels > 30.0, "{channels} x {length}: {} dB", form.decibels);
        form.compile();
    }
}

#[test]
fn the_hardware_has_sequences() {
    Form::new(&network(7, 9, 64, [5, 1]), &Options::default()).unwrap().verify();
}
