//! Wide outputs behind residual sums and activations, at every magnitude.

use seigo::base::random::Samples;
use seigo::frontend::onnx::Attribute;
use seigo::model::qgraph::{QOp, Width};
use seigo::quantize::ptq::Options;

use super::{Form, conv, imported};
use crate::passes::net::Net;

/// What stands around the sum of a convolution and a residual.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Order {
    Plain,
    Before,
    After,
}

/// Two convolutions, the first one's result added to the second one's, then, if `further`, a third.
fn residual(
    seed: u64,
    scale: f32,
    (op, alpha): (&str, Option<f32>),
    order: Order,
    further: bool,
) -> seigo::frontend::graph::Graph {
    let mut samples = Samples::new(seed);
    let mut net = Net::new();
    let image = net.input(&[1, 3, 9, 8]);
    let x = conv(&mut net, &mut samples, image, [3, 8, 3], scale);
    let y = conv(&mut net, &mut samples, x, [8, 8, 3], 1.0);
    let attributes: Vec<_> =
        alpha.map(|alpha| ("alpha", Attribute::Float(alpha))).into_iter().collect();
    let y = if order == Order::After { net.with(op, &[y], &attributes) } else { y };
    let y = net.op("Add", &[y, x]);
    let mut y = if order == Order::Before { net.with(op, &[y], &attributes) } else { y };
    if further {
        y = conv(&mut net, &mut samples, y, [8, 8, 1], 1.0 / scale);
    }
    imported(net, &[y])
}

#[test]
fn straight_sums_keep_their_numbers_at_every_magnitude() {
    for (seed, power) in [-12i32, -6, -3, 0, 3, 6, 9, 12].into_iter().enumerate() {
        for order in [Order::Plain, Order::Before, Order::After] {
            for head in [Width::I16, Width::I32, Width::I8] {
                let graph = residual(seed as u64, 2f32.powi(power), ("Relu", None), order, false);
                let options = Options { head, ..Options::default() };
                let form = Form::new(&graph, &options).unwrap();
                let what = format!("2^{power}, {order:?}, {head:?}: {} dB", form.decibels);
                assert!(form.decibels > 30.0, "{what}");
                if head != Width::I32 {
                    form.compile();
                }
            }
            let graph = residual(seed as u64, 2f32.powi(power), ("Relu", None), order, true);
            let form = Form::new(&graph, &Options::default()).unwrap();
            assert!(form.decibels > 28.0, "2^{power}, {order:?}, inside: {} dB", form.decibels);
            form.compile();
        }
    }
}

#[test]
fn any_activation_may_stand_around_a_sum() {
    let activations = [
        ("Sigmoid", None),
        ("HardSwish", None),
        ("Elu", Some(0.7)),
        ("LeakyRelu", Some(0.1)),
        ("LeakyRelu", Some(1.5)),
        ("LeakyRelu", Some(-0.3)),
        ("Selu", None),
        ("Exp", None),
        ("Mish", None),
    ];
    for (seed, activation) in activations.into_iter().enumerate() {
        for (order, further) in [
            (Order::Before, false),
            (Order::After, false),
            (Order::Before, true),
            (Order::After, true),
        ] {
            for head in [Width::I16, Width::I32] {
                let graph = residual(seed as u64, 1.0, activation, order, further);
                let options = Options { head, ..Options::default() };
                let form = Form::new(&graph, &options).unwrap();
                let least = if activation.0 == "Exp" { 20.0 } else { 28.0 };
                let what = format!("{activation:?}, {order:?}, {further}, {head:?}");
                assert!(form.decibels > least, "{what}: {} dB", form.decibels);
            }
            // Small and large numbers may lose bits, but they quantize.
            for scale in [1e-4, 1e3] {
                if activation.0 != "Exp" {
                    let graph = residual(seed as u64, scale, activation, order, further);
                    Form::new(&graph, &Options::default()).unwrap();
                }
            }
        }
    }
}

/// A channel that is always zero has the finest steps; its other term the coarsest.
#[test]
fn terms_of_far_scales_are_aligned() {
    let mut samples = Samples::new(7);
    let mut net = Net::new();
    let image = net.input(&[1, 3, 9, 8]);
    let faint = conv(&mut net, &mut samples, image, [3, 8, 1], 1e-7);
    let loud = conv(&mut net, &mut samples, image, [3, 8, 1], 5e3);
    let (faint, loud) = {
        let window = [("kernel_shape", Attribute::Ints(vec![2, 2]))];
        (net.with("MaxPool", &[faint], &window), net.with("MaxPool", &[loud], &window))
    };
    let sum = net.op("Add", &[faint, loud]);
    let form = Form::new(&imported(net, &[sum]), &Options::default()).unwrap();
    assert!(form.graph.layers.iter().any(|layer| layer.op == QOp::Add));
    assert!(form.decibels > 30.0, "{} dB", form.decibels);
    form.compile();
}

#[test]
fn the_hardware_gives_a_wide_sum() {
    for power in [0, 11] {
        let graph = residual(3, 2f32.powi(power), ("Relu", None), Order::Plain, false);
        Form::new(&graph, &Options::default()).unwrap().verify();
    }
}
