//! Heads in the graph: what little follows the processor's softmax stays with it, what is more comes back.

use seigo::base::random::Samples;
use seigo::compile::boards::Target;
use seigo::compile::schedule::{Plan, Work};
use seigo::frontend::graph::Graph;
use seigo::frontend::onnx::Attribute;
use seigo::quantize::ptq::Options;

use super::{Form, conv, imported};
use crate::passes::net::Net;

/// Two convolutions, a distribution over 16 channels, and a convolution of `kernel` to `channels` behind it.
fn distribution(seed: u64, channels: usize, kernel: usize) -> Graph {
    let mut samples = Samples::new(seed);
    let mut net = Net::new();
    let image = net.input(&[1, 3, 16, 16]);
    let x = conv(&mut net, &mut samples, image, [3, 16, 3], 1.0);
    let x = conv(&mut net, &mut samples, x, [16, 16, 3], 2.0);
    let x = net.with("Softmax", &[x], &[("axis", Attribute::Int(1))]);
    let y = conv(&mut net, &mut samples, x, [16, channels, kernel], 1.0);
    imported(net, &[y])
}

#[test]
fn an_expectation_behind_a_softmax_is_done_behind_the_frame() {
    let form = Form::new(&distribution(1, 1, 1), &Options::default()).unwrap();
    assert!(form.decibels > 30.0, "{} dB", form.decibels);
    let compiled = form.compile();
    let schedule = compiled.schedule();
    let names: Vec<&str> =
        schedule.tail.iter().map(|&layer| &*form.graph.layers[layer].name).collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

#[test]
fn a_convolution_behind_a_softmax_comes_back_where_it_is_work() {
    let form = Form::new(&distribution(2, 16, 3), &Options::default()).unwrap();
    let plan = Plan::new(&form.graph, &Target::load("kv260").unwrap()).unwrap();
    let works = plan.schedule.passes.iter().map(|pass| &pass.work);
    let steps = works.clone().filter(|work| matches!(work, Work::Processor { .. })).count();
    let dense = works.filter(|work| matches!(work, Work::Dense(_))).count();
    assert_eq!((steps, dense), (1, 3));
    assert!(plan.schedule.tail.is_empty());
}
