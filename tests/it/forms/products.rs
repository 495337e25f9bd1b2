//! Products of computed tensors: per channel (squeeze and excitation), per pixel (attention), element by element.

use seigo::base::random::Samples;
use seigo::frontend::graph::{Graph, ValueId};
use seigo::model::qgraph::QOp;
use seigo::quantize::ptq::Options;

use super::{Form, conv, imported};
use crate::passes::net::Net;

/// The second factor of a product.
#[derive(Debug, Clone, Copy)]
enum Factor {
    /// One number per channel, from a mean over the plane, with its last function.
    Excitation(&'static str),
    /// One number for all.
    Level,
    /// One number per pixel.
    Attention,
    /// As many as the first.
    Tensor,
}

/// A feature map of magnitude `scale` times a factor; read by a convolution, by an addition where `added`, and an output of
/// every sixth network.
fn network(seed: u64, factor: Factor, plane: [usize; 2], scale: f32, added: bool) -> Graph {
    let leaves = seed.is_multiple_of(6);
    let mut samples = Samples::new(seed);
    let mut net = Net::new();
    let image = net.input(&[1, 3, plane[0], plane[1]]);
    let x = conv(&mut net, &mut samples, image, [3, 20, 3], scale);
    let x = net.op("Relu", &[x]);
    let gate = gate(&mut net, &mut samples, x, factor, scale);
    let inputs = if seed.is_multiple_of(2) { [x, gate] } else { [gate, x] };
    let multiplied = net.op("Mul", &inputs);
    let product = if added { net.op("Add", &[multiplied, x]) } else { multiplied };
    let y = conv(&mut net, &mut samples, product, [20, 8, 1], 1.0 / scale);
    if leaves {
        return imported(net, &[y, multiplied]);
    }
    imported(net, &[y])
}

fn gate(net: &mut Net, samples: &mut Samples, x: ValueId, factor: Factor, scale: f32) -> ValueId {
    match factor {
        Factor::Excitation(function) => {
            let mean = net.op("GlobalAveragePool", &[x]);
            let y = conv(net, samples, mean, [20, 6, 1], 2.0 / scale);
            let y = net.op("Relu", &[y]);
            let y = conv(net, samples, y, [6, 20, 1], 2.0);
            net.op(function, &[y])
        }
        Factor::Level => {
            let mean = net.op("GlobalAveragePool", &[x]);
            let y = conv(net, samples, mean, [20, 1, 1], 2.0 / scale);
            net.op("Sigmoid", &[y])
        }
        Factor::Attention => {
            let y = conv(net, samples, x, [20, 1, 3], 2.0 / scale);
            net.op("Sigmoid", &[y])
        }
        Factor::Tensor => conv(net, samples, x, [20, 20, 1], 1.0),
    }
}

#[test]
fn products_run_on_the_accelerator() {
    let factors = [
        Factor::Excitation("HardSigmoid"),
        Factor::Excitation("Sigmoid"),
        Factor::Attention,
        Factor::Tensor,
        Factor::Level,
    ];
    let planes = [[12, 12], [7, 9], [13, 20], [6, 10], [1, 1]];
    for seed in 0..10u64 {
        let (factor, plane) = (factors[seed as usize % 5], planes[seed as usize / 2]);
        let scale = [1.0, 0.02, 50.0][seed as usize % 3];
        let added = seed == 5;
        let form = Form::new(&network(seed, factor, plane, scale, added), &Options::default());
        let form = form.unwrap();
        let what = format!("{factor:?} of {plane:?}, {scale}");
        assert!(form.decibels > 26.0, "{what}: {} dB", form.decibels);
        let products = form.graph.layers.iter().filter(|layer| layer.op == QOp::ChannelMul);
        let by_channel = matches!(factor, Factor::Excitation(_) | Factor::Level);
        assert_eq!(products.count(), usize::from(by_channel || plane == [1, 1]), "{what}");
        form.compile();
    }
}

#[test]
#[ignore = "make test-forms: each network is compiled by Verilator"]
fn the_hardware_has_products() {
    for (seed, factor) in
        [Factor::Excitation("HardSigmoid"), Factor::Tensor, Factor::Level].into_iter().enumerate()
    {
        let graph = network(seed as u64, factor, [12, 14], 3.0, false);
        Form::new(&graph, &Options::default()).unwrap().verify();
    }
}
