//! Maxima and minima over channels, of groups of channels and of computed tensors.

use seigo::base::random::Samples;
use seigo::frontend::graph::Graph;
use seigo::frontend::onnx::Attribute;
use seigo::quantize::ptq::Options;

use super::{Form, conv, imported};
use crate::passes::net::Net;

/// Behind a convolution: over its channels beside their mean, of two branches, of halves, or of groups.
#[derive(Debug, Clone, Copy)]
enum Of {
    Channels,
    Branches,
    Halves,
    Groups,
}

fn network(seed: u64, of: Of, channels: usize, smallest: bool, scale: f32) -> Graph {
    let mut samples = Samples::new(seed);
    let mut net = Net::new();
    let image = net.input(&[1, 3, 12, 14]);
    let x = conv(&mut net, &mut samples, image, [3, channels, 3], scale);
    let (reduce, compare) = if smallest { ("ReduceMin", "Min") } else { ("ReduceMax", "Max") };
    let drops = [("keepdims", Attribute::Int(0))];
    let (y, made) = match of {
        Of::Channels => {
            let axes = net.ints(&[1]);
            let mean = net.op("ReduceMean", &[x, axes]);
            let most = net.with(reduce, &[x, axes], &drops);
            let most = net.op("Unsqueeze", &[most, axes]);
            (net.with("Concat", &[mean, most], &[("axis", Attribute::Int(1))]), 2)
        }
        Of::Branches => {
            let other = conv(&mut net, &mut samples, image, [3, channels, 1], scale);
            (net.op(compare, &[x, other]), channels)
        }
        Of::Halves => {
            let half = channels as i64 / 2;
            let parts = [0, half].map(|first| {
                let bounds = [first, first + half, 1].map(|bound| net.ints(&[bound]));
                net.op("Slice", &[x, bounds[0], bounds[1], bounds[2]])
            });
            (net.op(compare, &parts), channels / 2)
        }
        Of::Groups => {
            let shape = net.ints(&[1, channels as i64 / 2, 2, 12, 14]);
            let axes = net.ints(&[2]);
            let parts = net.op("Reshape", &[x, shape]);
            (net.with(reduce, &[parts, axes], &drops), channels / 2)
        }
    };
    let y = conv(&mut net, &mut samples, y, [made, 8, 3], 1.0);
    imported(net, &[y])
}

#[test]
fn maxima_run_on_the_accelerator() {
    for (seed, channels) in [1, 6, 16, 24, 32, 48, 72, 96].into_iter().enumerate() {
        for of in [Of::Channels, Of::Branches, Of::Halves, Of::Groups] {
            let alone = matches!(of, Of::Halves | Of::Groups) && channels == 1;
            let (seed, smallest) = (seed as u64, seed % 2 == 1);
            if alone {
                continue;
            }
            let scale = [0.02, 1.0, 300.0][seed as usize % 3];
            let graph = network(seed, of, channels, smallest, scale);
            let form = Form::new(&graph, &Options::default()).unwrap();
            assert!(form.decibels > 30.0, "{of:?} {channels}: {} dB", form.decibels);
            form.compile();
        }
    }
}

#[test]
#[ignore = "make test-forms: each network is compiled by Verilator"]
fn the_hardware_has_maxima() {
    for (seed, of, channels) in [(1, Of::Channels, 48), (2, Of::Halves, 40), (3, Of::Groups, 36)] {
        let graph = network(seed, of, channels, seed == 2, 1.0);
        Form::new(&graph, &Options::default()).unwrap().verify();
    }
}
