//! `recognize-activations`.

use seigo::frontend::graph::{Graph, ValueId};
use seigo::frontend::onnx::Attribute;
use seigo::frontend::ops::Op;
use seigo::frontend::ops::activation::Activation;

use super::net::{Net, assert_becomes, assert_untouched, kinds, rewrite};

const NAME: &[&str] = &["recognize-activations"];
const SHAPE: &[usize] = &[1, 4, 5, 5];

/// A network of one function.
fn function(build: impl FnOnce(&mut Net, ValueId) -> ValueId) -> Graph {
    let mut net = Net::new();
    let x = net.input(SHAPE);
    let y = build(&mut net, x);
    net.finish(&[y])
}

#[test]
fn silu_is_sigmoid_times_x_in_either_order() {
    for swapped in [false, true] {
        let graph = function(|net, x| {
            let gate = net.op("Sigmoid", &[x]);
            net.op("Mul", &if swapped { [gate, x] } else { [x, gate] })
        });
        assert_becomes(&graph, NAME, &["Silu"]);
    }
}

#[test]
fn hard_swish_in_three_spellings() {
    let with_operator = function(|net, x| {
        let alpha = Attribute::Float(1.0 / 6.0);
        let gate = net.with("HardSigmoid", &[x], &[("alpha", alpha)]);
        net.op("Mul", &[x, gate])
    });
    let with_relu6 = function(|net, x| {
        let (three, zero, six) = (net.scalar(3.0), net.scalar(0.0), net.scalar(6.0));
        let shifted = net.op("Add", &[x, three]);
        let clipped = net.op("Clip", &[shifted, zero, six]);
        let product = net.op("Mul", &[x, clipped]);
        net.op("Div", &[product, six])
    });
    let gate_first = function(|net, x| {
        let (three, zero, six) = (net.scalar(3.0), net.scalar(0.0), net.scalar(6.0));
        let shifted = net.op("Add", &[x, three]);
        let clipped = net.op("Clip", &[shifted, zero, six]);
        let gate = net.op("Div", &[clipped, six]);
        net.op("Mul", &[gate, x])
    });
    for graph in [with_operator, with_relu6, gate_first] {
        assert_becomes(&graph, NAME, &["HardSwish"]);
    }
}

#[test]
fn hard_sigmoid_of_relu6() {
    let graph = function(|net, x| {
        let (three, zero, six) = (net.scalar(3.0), net.scalar(0.0), net.scalar(6.0));
        let shifted = net.op("Add", &[x, three]);
        let clipped = net.op("Clip", &[shifted, zero, six]);
        net.op("Div", &[clipped, six])
    });
    assert_becomes(&graph, NAME, &["HardSigmoid"]);
}

#[test]
fn mish_is_x_times_tanh_of_softplus() {
    let graph = function(|net, x| {
        let softplus = net.op("Softplus", &[x]);
        let tanh = net.op("Tanh", &[softplus]);
        net.op("Mul", &[x, tanh])
    });
    assert_becomes(&graph, NAME, &["Mish"]);
}

#[test]
fn gelu_with_erf() {
    let graph = function(|net, x| {
        let (root, one, half) =
            (net.scalar(std::f32::consts::SQRT_2), net.scalar(1.0), net.scalar(0.5));
        let scaled = net.op("Div", &[x, root]);
        let erf = net.op("Erf", &[scaled]);
        let sum = net.op("Add", &[erf, one]);
        let product = net.op("Mul", &[x, sum]);
        net.op("Mul", &[product, half])
    });
    assert_becomes(&graph, NAME, &["Gelu"]);
}

#[test]
fn gelu_with_tanh() {
    let graph = function(|net, x| {
        let (three, a, b) = (net.scalar(3.0), net.scalar(0.044715), net.scalar(0.797_884_6));
        let (one, half) = (net.scalar(1.0), net.scalar(0.5));
        let cube = net.op("Pow", &[x, three]);
        let scaled = net.op("Mul", &[cube, a]);
        let sum = net.op("Add", &[x, scaled]);
        let inner = net.op("Mul", &[sum, b]);
        let tanh = net.op("Tanh", &[inner]);
        let sum = net.op("Add", &[tanh, one]);
        let half_x = net.op("Mul", &[x, half]);
        net.op("Mul", &[half_x, sum])
    });
    assert_becomes(&graph, NAME, &["Gelu"]);
}

#[test]
fn relu6_as_clip_and_as_max_and_min() {
    let clip = function(|net, x| {
        let (zero, six) = (net.scalar(0.0), net.scalar(6.0));
        net.op("Clip", &[x, zero, six])
    });
    let min_of_relu = function(|net, x| {
        let six = net.scalar(6.0);
        let relu = net.op("Relu", &[x]);
        net.op("Min", &[relu, six])
    });
    for graph in [clip, min_of_relu] {
        assert_becomes(&graph, NAME, &["Clamp"]);
    }
}

#[test]
fn a_bound_far_from_zero_is_kept() {
    for bound in [20.0, 240.0, 32_767.0, 524_287.0] {
        let graph = function(|net, x| {
            let (zero, bound) = (net.scalar(0.0), net.scalar(bound));
            net.op("Clip", &[x, zero, bound])
        });
        let (rewritten, _) = rewrite(&graph, NAME);
        assert_eq!(kinds(&rewritten), ["Clamp"], "0 to {bound}");
        let expected = Activation::Clamp { min: 0.0, max: bound };
        assert!(rewritten.nodes[0].op == Op::from(expected), "0 to {bound}");
    }
}

/// `floor(x / 512) + 3` is 2 or 3 near 0, and no bound.
#[test]
fn a_coarse_step_is_no_clamp() {
    let graph = function(|net, x| {
        let (scale, offset) = (net.scalar(1.0 / 512.0), net.scalar(3.0));
        let scaled = net.op("Mul", &[x, scale]);
        let step = net.op("Floor", &[scaled]);
        net.op("Add", &[step, offset])
    });
    assert_untouched(&graph, "recognize-activations");
}

#[test]
fn leaky_relu_as_max_and_as_prelu() {
    let max = function(|net, x| {
        let slope = net.scalar(0.1);
        let scaled = net.op("Mul", &[x, slope]);
        net.op("Max", &[x, scaled])
    });
    let prelu = function(|net, x| {
        let slope =
            net.tensor(seigo::base::tensor::Tensor::new(&[4, 1, 1], vec![0.25f32; 4]).unwrap());
        net.op("PRelu", &[x, slope])
    });
    for graph in [max, prelu] {
        assert_becomes(&graph, NAME, &["LeakyRelu"]);
    }
}

#[test]
fn a_prelu_with_slopes_per_channel_stays() {
    let graph = function(|net, x| {
        let slope = net.random(&[4, 1, 1]);
        net.op("PRelu", &[x, slope])
    });
    assert_untouched(&graph, "recognize-activations");
}

#[test]
fn a_gate_from_another_tensor_is_no_silu() {
    let mut net = Net::new();
    let (x, other) = (net.input(SHAPE), net.input(SHAPE));
    let gate = net.op("Sigmoid", &[other]);
    let y = net.op("Mul", &[x, gate]);
    let graph = net.finish(&[y]);
    assert_untouched(&graph, "recognize-activations");
}

#[test]
fn a_broadcast_gate_is_no_silu() {
    let graph = function(|net, x| {
        let mean = net.op("GlobalAveragePool", &[x]);
        let gate = net.op("Sigmoid", &[mean]);
        net.op("Mul", &[x, gate])
    });
    assert_untouched(&graph, "recognize-activations");
}

#[test]
fn nearly_hard_swish_is_left_alone() {
    let graph = function(|net, x| {
        let (three, zero, six) = (net.scalar(3.0), net.scalar(0.0), net.scalar(6.01));
        let shifted = net.op("Add", &[x, three]);
        let clipped = net.op("Clip", &[shifted, zero, six]);
        let product = net.op("Mul", &[x, clipped]);
        net.op("Div", &[product, six])
    });
    let (rewritten, _) = rewrite(&graph, NAME);
    assert!(!kinds(&rewritten).contains(&"HardSwish".to_owned()), "{:?}", kinds(&rewritten));
    assert_eq!(rewritten.nodes.len(), 4);
}

#[test]
fn a_gate_that_leaves_the_network_is_still_computed() {
    let mut net = Net::new();
    let x = net.input(SHAPE);
    let gate = net.op("Sigmoid", &[x]);
    let y = net.op("Mul", &[x, gate]);
    let graph = net.finish(&[y, gate]);
    let (rewritten, rewrites) = rewrite(&graph, NAME);
    assert_eq!((rewrites, kinds(&rewritten)), (1, vec!["Sigmoid".to_owned(), "Silu".to_owned()]));
    let sources: Vec<_> = rewritten.nodes.iter().map(|node| node.sources.len()).collect();
    assert_eq!(sources, [1, 1], "the gate is its own source");
}

#[test]
fn an_addition_of_two_feature_maps_is_no_activation() {
    let mut net = Net::new();
    let (x, other) = (net.input(SHAPE), net.input(SHAPE));
    let sum = net.op("Add", &[x, other]);
    let graph = net.finish(&[sum]);
    assert_untouched(&graph, "recognize-activations");
}
