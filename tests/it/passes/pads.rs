//! `fold-pads`.

use seigo::frontend::graph::Graph;
use seigo::frontend::onnx::Attribute;

use super::net::{Net, assert_becomes, assert_untouched, kinds, rewrite};

/// Pad with `value`, then a 3x3 convolution.
fn padded(pads: &[i64], value: f32, mode: &str) -> Graph {
    let mut net = Net::new();
    let x = net.input(&[1, 3, 6, 7]);
    let (pads, value) = (net.ints(pads), net.scalar(value));
    let mode = Attribute::String(mode.to_owned());
    let padded = net.with("Pad", &[x, pads, value], &[("mode", mode)]);
    let weight = net.random(&[4, 3, 3, 3]);
    let strides = Attribute::Ints(vec![2, 2]);
    let pads = Attribute::Ints(vec![1, 0, 0, 1]);
    let y = net.with("Conv", &[padded, weight], &[("strides", strides), ("pads", pads)]);
    net.finish(&[y])
}

#[test]
fn zeros_around_the_image_become_the_convolutions_own() {
    assert_becomes(&padded(&[0, 0, 0, 1, 0, 0, 2, 1], 0.0, "constant"), &["fold-pads"], &["Conv"]);
}

#[test]
fn other_pads_stay() {
    assert_untouched(&padded(&[0, 0, 1, 1, 0, 0, 1, 1], 1.0, "constant"), "fold-pads");
    assert_untouched(&padded(&[0, 0, 1, 1, 0, 0, 1, 1], 0.0, "reflect"), "fold-pads");
    assert_untouched(&padded(&[0, 0, 1, 1, 0, 0, 1, 1], 0.0, "edge"), "fold-pads");
    assert_untouched(&padded(&[0, 0, -1, 0, 0, 0, 0, 0], 0.0, "constant"), "fold-pads");
    assert_untouched(&padded(&[1, 0, 1, 1, 0, 0, 1, 1], 0.0, "constant"), "fold-pads");
}

#[test]
fn a_pad_that_sets_the_size_of_same_padding_stays_right() {
    let mut net = Net::new();
    let x = net.input(&[1, 3, 6, 7]);
    let (pads, zero) = (net.ints(&[0, 0, 1, 1, 0, 0, 1, 1]), net.scalar(0.0));
    let padded = net.op("Pad", &[x, pads, zero]);
    let weight = net.random(&[4, 3, 3, 3]);
    let same = Attribute::String("SAME_UPPER".to_owned());
    let strides = Attribute::Ints(vec![2, 2]);
    let y = net.with("Conv", &[padded, weight], &[("auto_pad", same), ("strides", strides)]);
    assert_untouched(&net.finish(&[y]), "fold-pads");
}

#[test]
fn a_pad_with_two_readers_serves_the_other() {
    let mut net = Net::new();
    let x = net.input(&[1, 3, 6, 7]);
    let (pads, zero) = (net.ints(&[0, 0, 1, 1, 0, 0, 1, 1]), net.scalar(0.0));
    let padded = net.op("Pad", &[x, pads, zero]);
    let conv = net.conv(padded, [3, 4], 3);
    let relu = net.op("Relu", &[padded]);
    let (rewritten, rewrites) = rewrite(&net.finish(&[conv, relu]), &["fold-pads"]);
    assert_eq!(rewrites, 1);
    assert_eq!(kinds(&rewritten), ["Pad", "Conv", "Relu"]);
    assert_eq!(rewritten.nodes[1].sources.len(), 1);
}

#[test]
fn a_pad_before_a_pool_stays() {
    let mut net = Net::new();
    let x = net.input(&[1, 3, 6, 7]);
    let (pads, zero) = (net.ints(&[0, 0, 1, 1, 0, 0, 1, 1]), net.scalar(0.0));
    let padded = net.op("Pad", &[x, pads, zero]);
    let kernel = Attribute::Ints(vec![3, 3]);
    let y = net.with("MaxPool", &[padded], &[("kernel_shape", kernel)]);
    assert_untouched(&net.finish(&[y]), "fold-pads");
}
