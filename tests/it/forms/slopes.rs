//! PRelu with a slope per channel, bounds per channel, LeakyRelu of any slope: alone and behind sums.

use seigo::base::random::Samples;
use seigo::base::tensor::Tensor;
use seigo::frontend::graph::{Graph, ValueId};
use seigo::frontend::onnx::Attribute;
use seigo::quantize::ptq::Options;

use super::{Form, conv, imported};
use crate::passes::net::Net;

const CHANNELS: usize = 24;

/// A function that bends differently in each channel, or that no function of the accelerator is.
fn bend(net: &mut Net, samples: &mut Samples, kind: &str, x: ValueId) -> ValueId {
    let mut constant = |low: f32, high: f32, shape: &[usize]| {
        let numbers = (0..CHANNELS).map(|_| low + (high - low) * samples.below_one() as f32);
        Tensor::new(shape, numbers.collect::<Vec<_>>()).unwrap()
    };
    let column = [CHANNELS, 1, 1];
    let leaky =
        |net: &mut Net, alpha| net.with("LeakyRelu", &[x], &[("alpha", Attribute::Float(alpha))]);
    let (op, numbers) = match kind {
        "small" => ("PRelu", constant(0.0, 0.3, &column)),
        "any" => ("PRelu", constant(-0.5, 1.6, &[1, CHANNELS, 1, 1])),
        "max" => ("Max", constant(-0.6, -0.1, &column)),
        "min" => ("Min", constant(0.2, 0.8, &column)),
        "steep" => return leaky(net, 1.3),
        "folded" => return leaky(net, -0.4),
        _ => return leaky(net, 0.2),
    };
    let numbers = net.tensor(numbers);
    if op == "Max" { net.op(op, &[numbers, x]) } else { net.op(op, &[x, numbers]) }
}

/// A function alone, the same behind a sum, then in front of one.
fn network(seed: u64, kind: &str, scale: f32) -> Graph {
    let mut samples = Samples::new(seed);
    let mut net = Net::new();
    let image = net.input(&[1, 3, 10, 9]);
    let x = conv(&mut net, &mut samples, image, [3, CHANNELS, 3], scale);
    let x = bend(&mut net, &mut samples, kind, x);
    let y = conv(&mut net, &mut samples, x, [CHANNELS, CHANNELS, 1], 1.0);
    let y = net.op("Add", &[y, x]);
    let x = bend(&mut net, &mut samples, kind, y);
    let y = conv(&mut net, &mut samples, x, [CHANNELS, CHANNELS, 1], 1.0);
    let y = bend(&mut net, &mut samples, kind, y);
    let y = net.op("Add", &[y, x]);
    let y = conv(&mut net, &mut samples, y, [CHANNELS, 8, 1], 1.0 / scale);
    imported(net, &[y])
}

#[test]
fn each_channel_has_its_own_function() {
    for (seed, kind) in
        ["small", "any", "max", "min", "steep", "folded", "leaky"].into_iter().enumerate()
    {
        let form = Form::new(&network(seed as u64, kind, 1.0), &Options::default()).unwrap();
        assert!(form.decibels > 28.0, "{kind}: {} dB", form.decibels);
        form.compile();
    }
}

#[test]
fn slopes_hold_at_every_magnitude() {
    for power in [-10, -5, 5, 11] {
        let graph = network(5, "any", 2f32.powi(power));
        let form = Form::new(&graph, &Options::default()).unwrap();
        assert!(form.decibels > 28.0, "2^{power}: {} dB", form.decibels);
        form.compile();
    }
}

#[test]
fn the_hardware_has_the_slopes() {
    Form::new(&network(9, "any", 1.0), &Options::default()).unwrap().verify();
}
