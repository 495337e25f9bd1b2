//! `merge-siblings`.

use seigo::frontend::onnx::Attribute;

use super::net::{Net, assert_untouched, kinds, rewrite};

const SHAPE: &[usize] = &[1, 4, 6, 6];
const NAME: &[&str] = &["merge-siblings"];

#[test]
fn pointwise_convolutions_of_one_tensor_become_one() {
    let mut net = Net::new();
    let x = net.input(SHAPE);
    let (a, b) = (net.conv(x, [4, 3], 1), net.conv(x, [4, 5], 1));
    let weight = net.random(&[2, 4, 1, 1]);
    let c = net.op("Conv", &[x, weight]);
    let (rewritten, rewrites) = rewrite(&net.finish(&[a, b, c]), NAME);
    assert_eq!((rewrites, kinds(&rewritten)), (2, vec!["Conv".to_owned(), "Split".to_owned()]));
    assert_eq!(rewritten.layers().count(), 1);
    assert_eq!(rewritten.nodes[0].sources.len(), 3);
}

#[test]
fn siblings_with_the_same_activation_become_one() {
    let mut net = Net::new();
    let x = net.input(SHAPE);
    let (a, b) = (net.conv(x, [4, 3], 1), net.conv(x, [4, 5], 1));
    let (a, b) = (net.op("Relu", &[a]), net.op("Relu", &[b]));
    let (rewritten, _) = rewrite(&net.finish(&[a, b]), &["fuse-epilogues", "merge-siblings"]);
    assert_eq!(kinds(&rewritten), ["Conv + Relu", "Split"]);
}

#[test]
fn siblings_with_different_activations_stay() {
    let mut net = Net::new();
    let x = net.input(SHAPE);
    let (a, b) = (net.conv(x, [4, 3], 1), net.conv(x, [4, 5], 1));
    let (a, b) = (net.op("Relu", &[a]), net.op("Sigmoid", &[b]));
    let (rewritten, _) = rewrite(&net.finish(&[a, b]), &["fuse-epilogues", "merge-siblings"]);
    assert_eq!(kinds(&rewritten), ["Conv + Relu", "Conv + Sigmoid"]);
}

#[test]
fn larger_strided_padded_grouped_and_batched_ones_stay() {
    let mut net = Net::new();
    let x = net.input(SHAPE);
    let outputs = [net.conv(x, [4, 4], 3), net.conv(x, [4, 4], 3)];
    assert_untouched(&net.finish(&outputs), "merge-siblings");
    let attributes = [
        ("strides", Attribute::Ints(vec![2, 2])),
        ("pads", Attribute::Ints(vec![1; 4])),
        ("group", Attribute::Int(2)),
    ];
    for attribute in attributes {
        let mut net = Net::new();
        let x = net.input(SHAPE);
        let channels = if attribute.0 == "group" { 2 } else { 4 };
        let outputs = [0, 1].map(|_| {
            let weight = net.random(&[4, channels, 1, 1]);
            net.with("Conv", &[x, weight], std::slice::from_ref(&attribute))
        });
        assert_untouched(&net.finish(&outputs), "merge-siblings");
    }
    let mut net = Net::new();
    let x = net.input(&[2, 4, 6, 6]);
    let outputs = [net.conv(x, [4, 4], 1), net.conv(x, [4, 4], 1)];
    assert_untouched(&net.finish(&outputs), "merge-siblings");
}

#[test]
fn convolutions_of_different_tensors_stay() {
    let mut net = Net::new();
    let (x, other) = (net.input(SHAPE), net.input(SHAPE));
    let outputs = [net.conv(x, [4, 4], 1), net.conv(other, [4, 4], 1)];
    assert_untouched(&net.finish(&outputs), "merge-siblings");
}

/// What comes between the siblings and reads the first must still come after it.
#[test]
fn siblings_with_others_between_them_keep_the_order() {
    let mut net = Net::new();
    let x = net.input(SHAPE);
    let a = net.conv(x, [4, 3], 1);
    let between = net.op("Relu", &[a]);
    let b = net.conv(x, [4, 3], 1);
    let sum = net.op("Add", &[between, b]);
    let (rewritten, rewrites) = rewrite(&net.finish(&[sum]), NAME);
    assert_eq!((rewrites, rewritten.nodes.len()), (1, 4));
}
