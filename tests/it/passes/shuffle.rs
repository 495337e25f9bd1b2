//! `recognize-shuffle`.

use seigo::frontend::graph::{Graph, ValueId};
use seigo::frontend::onnx::Attribute;

use super::net::{Net, assert_becomes, assert_untouched};

const NAME: &[&str] = &["recognize-shuffle"];

/// Reshape, Transpose, Reshape on 1 x 12 x 4 x 5; the values of the steps.
fn shuffle(split: &[i64], order: &[i64], joined: &[i64]) -> (Net, [ValueId; 3]) {
    let mut net = Net::new();
    let x = net.input(&[1, 12, 4, 5]);
    let split = net.ints(split);
    let first = net.op("Reshape", &[x, split]);
    let order = Attribute::Ints(order.to_vec());
    let second = net.with("Transpose", &[first], &[("perm", order)]);
    let joined = net.ints(joined);
    let third = net.op("Reshape", &[second, joined]);
    (net, [first, second, third])
}

fn graph(split: &[i64], order: &[i64], joined: &[i64]) -> Graph {
    let (net, [.., last]) = shuffle(split, order, joined);
    net.finish(&[last])
}

#[test]
fn a_shuffle_of_three_groups_is_one_node() {
    let graph = graph(&[1, 3, 4, 4, 5], &[0, 2, 1, 3, 4], &[1, -1, 4, 5]);
    assert_becomes(&graph, NAME, &["ChannelShuffle"]);
}

#[test]
fn what_only_looks_like_a_shuffle_stays() {
    let name = "recognize-shuffle";
    assert_untouched(&graph(&[1, 3, 4, 4, 5], &[0, 1, 2, 4, 3], &[1, 12, 4, 5]), name);
    assert_untouched(&graph(&[1, 3, 4, 4, 5], &[0, 2, 1, 3, 4], &[1, 4, 12, 5]), name);
    assert_untouched(&graph(&[1, 3, 4, 5, 4], &[0, 2, 1, 3, 4], &[1, 12, 4, 5]), name);
}

#[test]
fn an_intermediate_that_is_read_elsewhere_stays() {
    for position in 0..2 {
        let (mut net, steps) = shuffle(&[1, 3, 4, 4, 5], &[0, 2, 1, 3, 4], &[1, 12, 4, 5]);
        let other = net.op("Relu", &[steps[position]]);
        assert_untouched(&net.finish(&[steps[2], other]), "recognize-shuffle");
        let (net, steps) = shuffle(&[1, 3, 4, 4, 5], &[0, 2, 1, 3, 4], &[1, 12, 4, 5]);
        assert_untouched(&net.finish(&[steps[2], steps[position]]), "recognize-shuffle");
    }
}
