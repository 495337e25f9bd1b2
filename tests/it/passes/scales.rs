//! `affine-to-conv`.

use seigo::frontend::graph::ValueId;
use seigo::frontend::onnx::Attribute;

use super::net::{Net, assert_untouched, kinds, rewrite};

const NAME: &str = "affine-to-conv";

/// A maximum, scaled and shifted by channel.
fn scaled(net: &mut Net, x: ValueId) -> ValueId {
    let kernel = ("kernel_shape", Attribute::Ints(vec![2, 2]));
    let x = net.with("MaxPool", &[x], &[kernel]);
    let scale = net.random(&[1, 4, 1, 1]);
    let x = net.op("Mul", &[scale, x]);
    let shift = net.random(&[4, 1, 1]);
    net.op("Sub", &[x, shift])
}

#[test]
fn what_convolutions_read_without_padding_goes_into_them() {
    let mut net = Net::new();
    let x = net.input(&[1, 4, 6, 6]);
    let x = scaled(&mut net, x);
    let (a, b) = (net.conv(x, [4, 3], 1), net.conv(x, [4, 5], 1));
    let (rewritten, places) = rewrite(&net.finish(&[a, b]), &[NAME]);
    assert_eq!(
        (kinds(&rewritten), places),
        (vec!["MaxPool".into(), "Conv".into(), "Conv".into()], 2)
    );
}

#[test]
fn in_front_of_padding_or_other_readers_they_are_one_convolution() {
    let mut net = Net::new();
    let x = net.input(&[1, 4, 6, 6]);
    let x = scaled(&mut net, x);
    let y = net.conv(x, [4, 4], 3);
    let z = net.op("Relu", &[x]);
    let z = net.conv(z, [4, 4], 3);
    let y = net.op("Add", &[y, z]);
    let (rewritten, places) = rewrite(&net.finish(&[y]), &[NAME]);
    assert_eq!(places, 2);
    assert_eq!(kinds(&rewritten), ["MaxPool", "Conv (grouped)", "Conv", "Relu", "Conv", "Add"]);
}

#[test]
fn a_convolution_that_others_read_too_keeps_its_numbers() {
    let mut net = Net::new();
    let x = net.input(&[1, 3, 6, 6]);
    let x = net.conv(x, [3, 4], 3);
    let two = net.scalar(2.0);
    let y = net.op("Div", &[x, two]);
    let y = net.conv(y, [4, 4], 3);
    let y = net.op("Add", &[x, y]);
    let (rewritten, _) = rewrite(&net.finish(&[y]), &[NAME]);
    assert_eq!(kinds(&rewritten), ["Conv", "Conv", "Add"]);
}

#[test]
fn what_no_layer_with_weights_reads_stays_in_float() {
    let mut net = Net::new();
    let x = net.input(&[1, 4, 6, 6]);
    let y = net.conv(x, [4, 4], 1);
    let y = net.op("Sigmoid", &[y]);
    let y = scaled(&mut net, y);
    assert_untouched(&net.finish(&[y]), NAME);
}

#[test]
fn the_input_and_other_ranks_stay() {
    let mut net = Net::new();
    let x = net.input(&[1, 3, 6, 6]);
    let shift = net.random(&[3, 1, 1]);
    let y = net.op("Add", &[x, shift]);
    let y = net.conv(y, [3, 4], 3);
    assert_untouched(&net.finish(&[y]), NAME);
    let mut net = Net::new();
    let (x, scale, weight) = (net.input(&[1, 6]), net.random(&[6]), net.random(&[6, 3]));
    let y = net.op("Mul", &[x, scale]);
    let y = net.op("MatMul", &[y, weight]);
    assert_untouched(&net.finish(&[y]), NAME);
}
