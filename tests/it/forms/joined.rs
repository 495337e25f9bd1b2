//! Layers that take each channel for itself behind concatenations.

use seigo::base::random::Samples;
use seigo::compile::schedule::Work;
use seigo::frontend::graph::Graph;
use seigo::frontend::onnx::Attribute;
use seigo::quantize::ptq::Options;

use super::{Form, conv, imported, random};
use crate::passes::net::Net;

/// Branches side by side, as an Inception block has them, read by a convolution, a maximum, a depthwise
/// convolution with an activation, and a batch normalization with one; the dense convolutions of the network.
fn network(seed: u64, branches: &[usize]) -> (Graph, usize) {
    let mut samples = Samples::new(seed);
    let mut net = Net::new();
    let image = net.input(&[1, 3, 7 + samples.below(6), 7 + samples.below(6)]);
    let mut branch = |net: &mut Net, &channels: &usize| {
        let x = conv(net, &mut samples, image, [3, channels, 3], 1.0);
        net.op("Relu", &[x])
    };
    let parts: Vec<_> = branches.iter().map(|channels| branch(&mut net, channels)).collect();
    let along = [("axis", Attribute::Int([1, -3][seed as usize % 2]))];
    let x = net.with("Concat", &parts, &along);
    let channels: usize = branches.iter().sum();
    let window =
        [("kernel_shape", Attribute::Ints(vec![3, 3])), ("pads", Attribute::Ints(vec![1; 4]))];
    let maximum = net.with("MaxPool", &[x], &window);
    let weight = net.tensor(random(&mut samples, &[channels, 1, 3, 3], 0.5));
    let depthwise =
        [("group", Attribute::Int(channels as i64)), ("pads", Attribute::Ints(vec![1; 4]))];
    let filtered = net.with("Conv", &[maximum, weight], &depthwise);
    let filtered = net.op("HardSwish", &[filtered]);
    let [scale, variance] = [(); 2].map(|()| net.positive(&[channels]));
    let [bias, mean] = [(); 2].map(|()| net.tensor(random(&mut samples, &[channels], 0.3)));
    let normal = net.op("BatchNormalization", &[x, scale, bias, mean, variance]);
    let normal = net.op("Relu", &[normal]);
    let ends =
        [x, filtered, normal].map(|end| conv(&mut net, &mut samples, end, [channels, 8, 1], 1.0));
    (imported(net, &ends), branches.len() + ends.len())
}

#[test]
fn layers_by_channel_behind_concatenations_copy_nothing() {
    let branches: [&[usize]; 5] = [&[16, 32], &[32, 16, 20], &[16; 8], &[48, 5], &[16, 16, 16, 3]];
    for (seed, branches) in branches.into_iter().enumerate() {
        let (graph, convolutions) = network(seed as u64, branches);
        let form = Form::new(&graph, &Options::default()).unwrap();
        assert!(form.decibels > 28.0, "{branches:?}: {} dB", form.decibels);
        let compiled = form.compile();
        let passes = compiled.schedule().passes.iter();
        let dense = passes.filter(|pass| matches!(pass.work, Work::Dense(_)));
        // Branches that read the same image may share a pass.
        assert!(dense.count() <= convolutions, "{branches:?}: something is copied");
    }
}

#[test]
fn parts_that_do_not_fill_planes_stay_together() {
    for (seed, branches) in [&[20usize, 32][..], &[16; 9]].into_iter().enumerate() {
        let (graph, _) = network(seed as u64, branches);
        let form = Form::new(&graph, &Options::default()).unwrap();
        assert!(form.decibels > 28.0, "{branches:?}: {} dB", form.decibels);
        form.compile();
    }
}
