//! Operators that are written by others.

use seigo::base::random::Samples;
use seigo::frontend::graph::{Graph, ValueId};
use seigo::frontend::onnx::Attribute;
use seigo::quantize::ptq::Options;

use super::{Form, conv, imported};
use crate::passes::net::Net;

const CHANNELS: usize = 20;

/// One of them behind a convolution.
fn spelled(net: &mut Net, samples: &mut Samples, op: &str, image: ValueId, scale: f32) -> ValueId {
    let x = conv(net, samples, image, [3, CHANNELS, 3], scale);
    let other = conv(net, samples, image, [3, CHANNELS, 1], scale);
    match op {
        "Mean" => net.op(op, &[x, other]),
        "Sum" => {
            let constant = super::random(samples, &[CHANNELS, 1, 1], scale);
            let constant = net.tensor(constant);
            net.op(op, &[x, constant, other])
        }
        "Pow" => {
            let two = net.scalar(2.0);
            net.op(op, &[x, two])
        }
        "ReduceMin" | "ReduceL1" | "ReduceSumSquare" => {
            let axes = net.ints(&[2, 3]);
            let drops = [("keepdims", Attribute::Int(1))];
            net.with(op, &[x, axes], &drops)
        }
        "Resize" => net.resize(x, [1, CHANNELS, 30, 36], ["nearest", "asymmetric", "floor"]),
        "CRelu" => {
            let negative = net.op("Neg", &[x]);
            let both = net.with("Concat", &[x, negative], &[("axis", Attribute::Int(1))]);
            let both = net.op("Relu", &[both]);
            conv(net, samples, both, [2 * CHANNELS, CHANNELS, 1], 1.0)
        }
        _ => net.op(op, &[x]),
    }
}

fn network(seed: u64, op: &str, scale: f32) -> Graph {
    let mut samples = Samples::new(seed);
    let mut net = Net::new();
    let image = net.input(&[1, 3, 10, 12]);
    let x = spelled(&mut net, &mut samples, op, image, scale);
    let y = conv(&mut net, &mut samples, x, [CHANNELS, 8, 1], 1.0);
    imported(net, &[y])
}

const OPERATORS: [&str; 11] = [
    "Abs",
    "Neg",
    "Selu",
    "Mean",
    "Sum",
    "Pow",
    "ReduceMin",
    "ReduceL1",
    "ReduceSumSquare",
    "Resize",
    "CRelu",
];

#[test]
fn they_run_on_the_accelerator() {
    for (seed, op) in OPERATORS.into_iter().enumerate() {
        for scale in [0.05f32, 1.0, 40.0] {
            // Beyond these a square leaves what its table covers.
            let squares = ["Pow", "ReduceSumSquare"].contains(&op);
            let scale = if squares { scale.clamp(0.5, 2.0) } else { scale };
            println!("{op} at {scale}");
            let form = Form::new(&network(seed as u64, op, scale), &Options::default()).unwrap();
            assert!(form.decibels > 28.0, "{op} at {scale}: {} dB", form.decibels);
            form.compile();
        }
    }
}
