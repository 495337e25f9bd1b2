//! Activations that stand behind something else than a convolution of their own.

use seigo::base::random::Samples;
use seigo::frontend::graph::Graph;
use seigo::frontend::onnx::Attribute;
use seigo::quantize::ptq::Options;

use super::{Form, conv, imported, random};
use crate::passes::net::Net;

/// What an activation stands behind.
#[derive(Debug, Clone, Copy)]
enum Behind {
    /// A sum whose terms are read elsewhere too.
    Sum,
    /// A sum that is read elsewhere too.
    SharedSum,
    Maximum,
    Concat,
    /// Another activation.
    Activation,
    /// A convolution that is read elsewhere too.
    Convolution,
}

const ALL: [Behind; 6] = [
    Behind::Sum,
    Behind::SharedSum,
    Behind::Maximum,
    Behind::Concat,
    Behind::Activation,
    Behind::Convolution,
];

fn network(seed: u64, behind: Behind, activation: &str) -> Graph {
    let mut samples = Samples::new(seed);
    let mut net = Net::new();
    let image = net.input(&[1, 3, 6 + samples.below(6), 6 + samples.below(6)]);
    let channels = 3 + samples.below(20);
    let x = conv(&mut net, &mut samples, image, [3, channels, 3], 1.0);
    let y = conv(&mut net, &mut samples, image, [3, channels, 1], 1.0);
    let (stood, shared) = match behind {
        Behind::Sum => (net.op("Add", &[x, y]), vec![x, y]),
        Behind::SharedSum => {
            let sum = net.op("Add", &[x, y]);
            (sum, vec![sum])
        }
        Behind::Maximum => {
            let attributes = [
                ("kernel_shape", Attribute::Ints(vec![3, 3])),
                ("pads", Attribute::Ints(vec![1; 4])),
            ];
            (net.with("MaxPool", &[x], &attributes), vec![y])
        }
        Behind::Concat => (net.with("Concat", &[x, y], &[("axis", Attribute::Int(1))]), vec![x]),
        Behind::Activation => {
            let sum = net.op("Add", &[x, y]);
            (net.op("HardSwish", &[sum]), vec![x, y])
        }
        Behind::Convolution => (x, vec![x, y]),
    };
    let result = net.op(activation, &[stood]);
    let all: Vec<_> = [result].into_iter().chain(shared).collect();
    let joined = net.with("Concat", &all, &[("axis", Attribute::Int(1))]);
    let width = channels * (all.len() + usize::from(matches!(behind, Behind::Concat)));
    let weight = net.tensor(random(&mut samples, &[8, width, 1, 1], 0.5));
    let end = net.op("Conv", &[joined, weight]);
    imported(net, &[end])
}

#[test]
fn activations_run_on_the_accelerator_wherever_they_stand() {
    for (seed, behind) in ALL.into_iter().enumerate() {
        for activation in ["Relu", "HardSwish", "Sigmoid", "Mish"] {
            let graph = network(seed as u64, behind, activation);
            let form = Form::new(&graph, &Options::default()).unwrap();
            assert!(form.decibels > 28.0, "{behind:?}, {activation}: {} dB", form.decibels);
            form.compile();
        }
    }
}

#[test]
fn a_sum_that_is_to_stay_in_float_is_not_taken_along() {
    let graph = network(1, Behind::Sum, "Relu");
    let sum = graph.nodes.iter().find(|node| node.op.kind() == "Add").unwrap().name.clone();
    let options = Options { float_layers: vec![sum], ..Options::default() };
    let form = Form::new(&graph, &options).unwrap();
    assert!(
        form.graph
            .layers
            .iter()
            .any(|layer| layer.name.contains("Add") || layer.op.conv().is_none())
    );
}
