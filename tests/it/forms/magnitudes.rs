//! Output stages by rule A6 at every magnitude: a power of two before and its inverse behind change nothing.

use seigo::base::random::Samples;
use seigo::base::tensor::Tensor;
use seigo::frontend::onnx::Attribute;
use seigo::quantize::ptq::Options;

use super::{Form, conv, imported, random};
use crate::passes::net::Net;

/// An operator with its attributes.
type Activation<'a> = (&'a str, &'a [(&'static str, f32)]);

/// A convolution that gives numbers of about `scale`, the activation, then a convolution back to about 1.
fn network(
    seed: u64,
    scale: f32,
    (op, attributes): Activation<'_>,
    residual: bool,
) -> seigo::frontend::graph::Graph {
    let mut samples = Samples::new(seed);
    let mut net = Net::new();
    let image = net.input(&[1, 3, 10, 9]);
    let other = conv(&mut net, &mut samples, image, [3, 8, 1], scale);
    let x = conv(&mut net, &mut samples, image, [3, 8, 3], scale);
    let attributes: Vec<_> =
        attributes.iter().map(|&(name, value)| (name, Attribute::Float(value))).collect();
    let mut y = match op {
        "Silu" => {
            let gate = net.op("Sigmoid", &[x]);
            net.op("Mul", &[x, gate])
        }
        _ => net.with(op, &[x], &attributes),
    };
    if residual {
        y = net.op("Add", &[y, other]);
    }
    // The second convolution's inputs are as large as the activation makes them.
    let last = conv(&mut net, &mut samples, y, [8, 8, 1], 1.0);
    imported(net, &[last])
}

fn check(seed: u64, scale: f32, activation: Activation<'_>, residual: bool, least: f64) {
    let graph = network(seed, scale, activation, residual);
    let form = Form::new(&graph, &Options::default()).unwrap();
    let what = format!("{activation:?} at {scale}, residual {residual}: {} dB", form.decibels);
    assert!(form.decibels > least, "{what}");
    form.compile();
}

#[test]
fn functions_without_a_table_keep_their_numbers() {
    for (seed, power) in [-16, -9, -4, 0, 4, 9, 14].into_iter().enumerate() {
        for residual in [false, true] {
            check(seed as u64, 2f32.powi(power), ("LeakyRelu", &[("alpha", 0.1)]), residual, 30.0);
        }
    }
}

#[test]
fn tables_follow_the_numbers_they_see() {
    for (seed, power) in [-12, -8, -5, -2, 0, 2, 5, 9, 13].into_iter().enumerate() {
        for activation in ["Silu", "HardSwish", "Elu", "Mish", "Gelu"] {
            for residual in [false, true] {
                check(seed as u64, 2f32.powi(power), (activation, &[]), residual, 28.0);
            }
        }
    }
}

/// Functions that are not flat beyond 8.
#[test]
fn wide_functions_have_their_domain() {
    let cases: [(f32, Activation<'_>); 6] = [
        (20.0, ("HardSigmoid", &[("alpha", 0.02), ("beta", 0.5)])),
        (60.0, ("HardSigmoid", &[("alpha", 0.01), ("beta", 0.4)])),
        (3.0, ("HardSigmoid", &[("alpha", 0.2), ("beta", 0.5)])),
        (20.0, ("Softsign", &[])),
        (6.0, ("Elu", &[("alpha", 40.0)])),
        (30.0, ("Celu", &[("alpha", 12.0)])),
    ];
    for (seed, (scale, activation)) in cases.into_iter().enumerate() {
        for residual in [false, true] {
            check(seed as u64, scale, activation, residual, 28.0);
        }
    }
}

/// Channels of one tensor that lie up to a thousandfold apart, which the next layer undoes.
#[test]
fn channels_far_apart_cost_nothing() {
    for (seed, op) in ["Relu", "LeakyRelu"].into_iter().enumerate() {
        let mut samples = Samples::new(seed as u64);
        let mut net = Net::new();
        let image = net.input(&[1, 3, 10, 9]);
        let factor = |channel: usize| 1000f32.powf(channel as f32 / 7.0 - 0.5);
        let first = random(&mut samples, &[8, 3, 3, 3], 0.5);
        let up = scaled(&first, |index| factor(index / 27));
        let second = random(&mut samples, &[8, 8, 3, 3], 0.3);
        let down = scaled(&second, |index| 1.0 / factor(index / 9 % 8));
        let (up, down) = (net.tensor(up), net.tensor(down));
        let pads = || [("pads", Attribute::Ints(vec![1; 4]))];
        let x = net.with("Conv", &[image, up], &pads());
        let y = net.op(op, &[x]);
        let last = net.with("Conv", &[y, down], &pads());
        let form = Form::new(&imported(net, &[last]), &Options::default()).unwrap();
        assert!(form.decibels > 30.0, "{op}: {} dB", form.decibels);
        form.compile();
    }
}

fn scaled(weights: &Tensor, factor: impl Fn(usize) -> f32) -> Tensor {
    let values = weights.values::<f32>().unwrap().iter().enumerate();
    let values: Vec<f32> = values.map(|(index, &weight)| weight * factor(index)).collect();
    Tensor::new(weights.shape(), values).unwrap()
}

#[test]
fn the_hardware_computes_in_other_fixed_points() {
    let small = network(3, 2f32.powi(-8), ("Mish", &[]), true);
    Form::new(&small, &Options::default()).unwrap().verify();
    let wide = network(4, 20.0, ("HardSigmoid", &[("alpha", 0.02), ("beta", 0.5)]), true);
    Form::new(&wide, &Options::default()).unwrap().verify();
}
