//! What stands between the layers with weights: scales and shifts, differences, sums of several tensors, means over channels, pixels
//! that become channels, channels last, and channels of zeros.

use seigo::base::random::Samples;
use seigo::frontend::graph::{Graph, ValueId};
use seigo::frontend::onnx::Attribute;
use seigo::quantize::ptq::Options;

use super::{Form, conv, imported, random};
use crate::passes::net::Net;

/// What stands there.
#[derive(Debug, Clone, Copy)]
enum Between {
    Scale,
    Difference,
    Sum,
    ChannelMean,
    Blocks,
    ChannelsLast,
    Zeros,
}

const ALL: [Between; 7] = [
    Between::Scale,
    Between::Difference,
    Between::Sum,
    Between::ChannelMean,
    Between::Blocks,
    Between::ChannelsLast,
    Between::Zeros,
];

/// A maximum, so that no convolution in front takes what follows.
fn maximum(net: &mut Net, x: ValueId) -> ValueId {
    let attributes =
        [("kernel_shape", Attribute::Ints(vec![3, 3])), ("pads", Attribute::Ints(vec![1; 4]))];
    net.with("MaxPool", &[x], &attributes)
}

fn network(seed: u64, between: Between, scale: f32) -> Graph {
    let mut samples = Samples::new(seed);
    let mut net = Net::new();
    let image = net.input(&[1, 3, 8 + 2 * samples.below(4), 8 + 2 * samples.below(4)]);
    let channels = 5 + samples.below(20);
    let x = conv(&mut net, &mut samples, image, [3, channels, 3], scale);
    let x = net.op("Relu", &[x]);
    let mut other =
        |net: &mut Net, kernel| conv(net, &mut samples, x, [channels, channels, kernel], 1.0);
    let (y, made) = match between {
        Between::Scale => {
            let x = maximum(&mut net, x);
            let factors = net.positive(&[1, channels, 1, 1]);
            let x = net.op("Mul", &[x, factors]);
            let shift = net.tensor(random(&mut samples, &[channels, 1, 1], scale));
            (net.op("Sub", &[x, shift]), channels)
        }
        Between::Difference => {
            let (a, b) = (other(&mut net, 1), other(&mut net, 3));
            (net.op("Sub", &[a, b]), channels)
        }
        Between::Sum => {
            let (a, b) = (other(&mut net, 1), other(&mut net, 3));
            (net.op("Sum", &[a, x, b]), channels)
        }
        Between::ChannelMean => {
            let axes = net.ints(&[1]);
            (net.op("ReduceMean", &[x, axes]), 1)
        }
        Between::Blocks => {
            let x = maximum(&mut net, x);
            let blocks = [("blocksize", Attribute::Int(2))];
            (net.with("SpaceToDepth", &[x], &blocks), 4 * channels)
        }
        Between::ChannelsLast => {
            let order = |own: &[i64]| [("perm", Attribute::Ints(own.to_vec()))];
            let y = net.with("Transpose", &[x], &order(&[0, 2, 3, 1]));
            let shift = net.tensor(random(&mut samples, &[channels], scale));
            let y = net.op("Add", &[y, shift]);
            let y = net.op("Relu", &[y]);
            (net.with("Transpose", &[y], &order(&[0, 3, 1, 2])), channels)
        }
        Between::Zeros => {
            let more = 1 + samples.below(12);
            let pads = net.ints(&[0, 0, 0, 0, 0, more as i64, 0, 0]);
            let y = conv(&mut net, &mut samples, x, [channels, channels + more, 3], 1.0);
            let x = net.op("Pad", &[x, pads]);
            (net.op("Add", &[y, x]), channels + more)
        }
    };
    let y = net.op("Relu", &[y]);
    let y = conv(&mut net, &mut samples, y, [made, 6, 3], 1.0);
    imported(net, &[y])
}

#[test]
fn they_run_on_the_accelerator_at_every_magnitude() {
    for seed in 0..21 {
        let between = ALL[seed as usize % ALL.len()];
        let scale = [1.0, 0.01, 300.0][seed as usize / ALL.len()];
        let form = Form::new(&network(seed, between, scale), &Options::default()).unwrap();
        assert!(form.decibels > 28.0, "{between:?} at {scale}: {} dB", form.decibels);
        form.compile();
    }
}

#[test]
#[ignore = "make test-forms: each network is compiled by Verilator"]
fn the_hardware_has_them() {
    for (seed, between) in (30..).zip(ALL) {
        Form::new(&network(seed, between, 1.0), &Options::default()).unwrap().verify();
    }
}
