//! Depthwise convolutions beyond 3 x 3, and with several outputs for each input channel.

use seigo::base::random::Samples;
use seigo::base::tensor::Tensor;
use seigo::frontend::graph::Graph;
use seigo::frontend::onnx::Attribute;
use seigo::quantize::ptq::Options;

use super::{Form, conv, imported, random};
use crate::passes::net::Net;

fn network(seed: u64, kernel: usize, stride: usize, times: usize) -> Graph {
    let mut samples = Samples::new(seed);
    let mut net = Net::new();
    let image = net.input(&[1, 3, 8 + samples.below(8), 8 + samples.below(8)]);
    let channels = 4 + samples.below(30);
    let x = conv(&mut net, &mut samples, image, [3, channels, 1], 1.0);
    let x = net.op("Relu", &[x]);
    let shape = [channels * times, 1, kernel, kernel];
    let weight = net.tensor(random(&mut samples, &shape, 2.5 / kernel as f32));
    let bias = net.tensor(random(&mut samples, &[channels * times], 0.2));
    let attributes = [
        ("group", Attribute::Int(channels as i64)),
        ("strides", Attribute::Ints(vec![stride as i64; 2])),
        ("pads", Attribute::Ints(vec![(kernel / 2) as i64; 4])),
    ];
    let x = net.with("Conv", &[x, weight, bias], &attributes);
    let x = net.op("Relu", &[x]);
    let x = conv(&mut net, &mut samples, x, [channels * times, 8, 1], 1.0);
    imported(net, &[x])
}

#[test]
fn depthwise_convolutions_of_any_size_run_on_the_accelerator() {
    for seed in 0..12 {
        let kernel = [5, 7, 3][seed % 3];
        let (stride, times) = (1 + seed / 3 % 2, 1 + seed / 6);
        let graph = network(seed as u64, kernel, stride, times);
        let form = Form::new(&graph, &Options::default()).unwrap();
        assert!(form.decibels > 28.0, "{kernel}, stride {stride}, {times}: {} dB", form.decibels);
        let design = form.compile().design;
        assert_eq!(design.plane_reach, if times == 1 { kernel / 2 } else { 1 });
    }
}

#[test]
fn the_hardware_has_large_windows() {
    for (seed, kernel, stride) in [(20, 5, 1), (21, 7, 2)] {
        let graph = network(seed, kernel, stride, 1);
        Form::new(&graph, &Options::default()).unwrap().verify();
    }
}

/// Sums of 49 taps take 21 bits on their way, whatever the result of the few that are not zero.
#[test]
fn the_hardware_has_large_windows_of_few_weights() {
    let mut samples = Samples::new(22);
    let mut net = Net::new();
    let image = net.input(&[1, 3, 9, 9]);
    let x = conv(&mut net, &mut samples, image, [3, 16, 1], 1.0);
    let x = net.op("Relu", &[x]);
    let corners = (0..16 * 49).map(|tap| if [0, 48].contains(&(tap % 49)) { 0.5 } else { 0.0 });
    let weight = Tensor::new(&[16, 1, 7, 7], corners.collect::<Vec<f32>>()).unwrap();
    let weight = net.tensor(weight);
    let attributes = [("group", Attribute::Int(16)), ("pads", Attribute::Ints(vec![3; 4]))];
    let x = net.with("Conv", &[x, weight], &attributes);
    let form = Form::new(&imported(net, &[x]), &Options::default()).unwrap();
    let design = form.compile().design;
    assert_eq!((design.plane_reach, design.plane_sum_bits), (3, 20));
    form.verify();
}
