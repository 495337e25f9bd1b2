//! `fold-affine`.

use seigo::frontend::graph::ValueId;
use seigo::frontend::onnx::Attribute;

use super::net::{Net, assert_becomes, assert_untouched, kinds, rewrite};

const NAME: &[&str] = &["fold-affine"];

fn batch_norm(net: &mut Net, x: ValueId, channels: usize) -> ValueId {
    let (scale, bias) = (net.random(&[channels]), net.random(&[channels]));
    let (mean, variance) = (net.random(&[channels]), net.positive(&[channels]));
    let epsilon = Attribute::Float(1e-3);
    net.with("BatchNormalization", &[x, scale, bias, mean, variance], &[("epsilon", epsilon)])
}

#[test]
fn batch_norm_goes_into_the_convolution() {
    for with_bias in [true, false] {
        let mut net = Net::new();
        let x = net.input(&[1, 3, 6, 6]);
        let (weight, bias) = (net.random(&[4, 3, 3, 3]), net.random(&[4]));
        let inputs = if with_bias { vec![x, weight, bias] } else { vec![x, weight] };
        let conv = net.op("Conv", &inputs);
        let y = batch_norm(&mut net, conv, 4);
        assert_becomes(&net.finish(&[y]), NAME, &["Conv"]);
    }
}

#[test]
fn scales_and_shifts_per_channel_go_into_grouped_convolutions() {
    let mut net = Net::new();
    let x = net.input(&[2, 4, 5, 5]);
    let weight = net.random(&[8, 2, 3, 3]);
    let conv = net.with("Conv", &[x, weight], &[("group", Attribute::Int(2))]);
    let scale = net.random(&[1, 8, 1, 1]);
    let scaled = net.op("Mul", &[conv, scale]);
    let shift = net.random(&[8, 1, 1]);
    let shifted = net.op("Add", &[shift, scaled]);
    let divisor = net.positive(&[8, 1, 1]);
    let divided = net.op("Div", &[shifted, divisor]);
    let one = net.scalar(1.0);
    let flipped = net.op("Sub", &[one, divided]);
    let offset = net.scalar(0.25);
    let y = net.op("Sub", &[flipped, offset]);
    assert_becomes(&net.finish(&[y]), NAME, &["Conv (grouped)"]);
}

#[test]
fn batch_norm_alone_becomes_a_depthwise_convolution() {
    let mut net = Net::new();
    let x = net.input(&[1, 4, 5, 5]);
    let y = batch_norm(&mut net, x, 4);
    assert_becomes(&net.finish(&[y]), NAME, &["Conv (grouped)"]);
}

#[test]
fn batch_norm_of_vectors_stays() {
    let mut net = Net::new();
    let x = net.input(&[3, 4]);
    let y = batch_norm(&mut net, x, 4);
    assert_untouched(&net.finish(&[y]), "fold-affine");
}

#[test]
fn a_convolution_that_others_read_keeps_its_weights() {
    let mut net = Net::new();
    let x = net.input(&[1, 3, 6, 6]);
    let conv = net.conv(x, [3, 4], 3);
    let y = batch_norm(&mut net, conv, 4);
    let (rewritten, _) = rewrite(&net.finish(&[y, conv]), NAME);
    assert_eq!(kinds(&rewritten), ["Conv", "Conv (grouped)"]);
    let mut net = Net::new();
    let x = net.input(&[1, 3, 6, 6]);
    let conv = net.conv(x, [3, 4], 3);
    let scale = net.random(&[4, 1, 1]);
    let y = net.op("Mul", &[conv, scale]);
    let relu = net.op("Relu", &[conv]);
    assert_untouched(&net.finish(&[y, relu]), "fold-affine");
}

#[test]
fn a_constant_that_varies_over_pixels_stays() {
    for shape in [&[1, 1, 6, 6][..], &[6, 6], &[4, 6, 6], &[6]] {
        let mut net = Net::new();
        let x = net.input(&[1, 3, 6, 6]);
        let conv = net.conv(x, [3, 4], 3);
        let map = net.random(shape);
        let y = net.op("Add", &[conv, map]);
        assert_untouched(&net.finish(&[y]), "fold-affine");
    }
}

/// As many columns as channels: the constant belongs to the columns.
#[test]
fn a_row_as_long_as_the_channels_is_not_per_channel() {
    let mut net = Net::new();
    let x = net.input(&[1, 3, 4, 4]);
    let conv = net.conv(x, [3, 4], 1);
    let row = net.random(&[4]);
    let y = net.op("Mul", &[conv, row]);
    assert_untouched(&net.finish(&[y]), "fold-affine");
}

#[test]
fn a_constant_that_makes_the_tensor_larger_stays() {
    let mut net = Net::new();
    let x = net.input(&[1, 3, 1, 1]);
    let conv = net.conv(x, [3, 1], 1);
    let scale = net.random(&[1, 4, 1, 1]);
    let y = net.op("Mul", &[conv, scale]);
    assert_untouched(&net.finish(&[y]), "fold-affine");
}

#[test]
fn one_divided_by_the_convolution_stays() {
    let mut net = Net::new();
    let x = net.input(&[1, 3, 4, 4]);
    let conv = net.conv(x, [3, 4], 1);
    let one = net.scalar(1.0);
    let y = net.op("Div", &[one, conv]);
    let graph = net.finish(&[y]);
    let mut rewritten = graph.clone();
    let applied = seigo::frontend::rewrites::run(
        &mut rewritten,
        &seigo::frontend::rewrites::by_names(NAME).unwrap(),
    )
    .unwrap();
    assert_eq!(applied[0].places, 0);
    assert_eq!(rewritten, graph);
}

#[test]
fn a_division_by_zero_stays_what_it_is() {
    let mut net = Net::new();
    let x = net.input(&[1, 3, 4, 4]);
    let conv = net.conv(x, [3, 4], 1);
    let zero = net.scalar(0.0);
    let y = net.op("Div", &[conv, zero]);
    let graph = net.finish(&[y]);
    let mut rewritten = graph.clone();
    let applied = seigo::frontend::rewrites::run(
        &mut rewritten,
        &seigo::frontend::rewrites::by_names(NAME).unwrap(),
    )
    .unwrap();
    assert_eq!(applied[0].places, 0);
}
