//! `fuse-epilogues`.

use seigo::frontend::ops::Op;
use seigo::frontend::ops::epilogue::Residual;

use super::net::{Net, assert_becomes, assert_untouched, kinds, rewrite};

const NAME: &[&str] = &["fuse-epilogues"];
const SHAPE: &[usize] = &[1, 4, 6, 6];

#[test]
fn an_activation_is_fused() {
    let mut net = Net::new();
    let x = net.input(SHAPE);
    let conv = net.conv(x, [4, 4], 3);
    let y = net.op("LeakyRelu", &[conv]);
    assert_becomes(&net.finish(&[y]), NAME, &["Conv + LeakyRelu"]);
}

/// YOLO and MobileNetV2 add after the activation, ResNet before it.
#[test]
fn a_residual_is_fused_after_or_before_the_activation() {
    for before in [false, true] {
        for swapped in [false, true] {
            let mut net = Net::new();
            let x = net.input(SHAPE);
            let mut y = net.conv(x, [4, 4], 3);
            let add = |net: &mut Net, y| net.op("Add", &if swapped { [x, y] } else { [y, x] });
            if before {
                y = add(&mut net, y);
                y = net.op("Relu", &[y]);
            } else {
                y = net.op("Relu", &[y]);
                y = add(&mut net, y);
            }
            let (rewritten, rewrites) = rewrite(&net.finish(&[y]), NAME);
            assert_eq!((rewrites, rewritten.nodes.len()), (2, 1));
            let Op::Conv(conv) = &rewritten.nodes[0].op else { panic!("no convolution") };
            let expected =
                if before { Residual::BeforeActivation } else { Residual::AfterActivation };
            assert_eq!(conv.epilogue.residual, Some(expected));
            assert_eq!(rewritten.nodes[0].sources.len(), 3);
        }
    }
}

#[test]
fn of_two_convolutions_the_later_takes_the_addition() {
    let mut net = Net::new();
    let x = net.input(SHAPE);
    let (a, b) = (net.conv(x, [4, 4], 1), net.conv(x, [4, 4], 3));
    let sum = net.op("Add", &[a, b]);
    let y = net.op("Relu", &[sum]);
    let (rewritten, _) = rewrite(&net.finish(&[y]), NAME);
    assert_eq!(rewritten.nodes.len(), 2);
    let residual = |index: usize| match &rewritten.nodes[index].op {
        Op::Conv(conv) => conv.epilogue.residual,
        other => panic!("{other:?}"),
    };
    assert_eq!((residual(0), residual(1)), (None, Some(Residual::BeforeActivation)));
}

#[test]
fn a_second_activation_and_a_second_addition_stay() {
    let mut net = Net::new();
    let x = net.input(SHAPE);
    let other = net.input(SHAPE);
    let conv = net.conv(x, [4, 4], 3);
    let relu = net.op("Relu", &[conv]);
    let sum = net.op("Add", &[relu, x]);
    let second = net.op("Add", &[sum, other]);
    let y = net.op("Sigmoid", &[second]);
    let (rewritten, _) = rewrite(&net.finish(&[y]), NAME);
    let kinds = kinds(&rewritten);
    assert_eq!(kinds[1..], ["Add", "Sigmoid"], "{kinds:?}");
}

#[test]
fn an_activation_after_a_residual_after_an_activation_stays() {
    let mut net = Net::new();
    let x = net.input(SHAPE);
    let conv = net.conv(x, [4, 4], 3);
    let silu = net.op("Sigmoid", &[conv]);
    let sum = net.op("Add", &[silu, x]);
    let y = net.op("Relu", &[sum]);
    let (rewritten, _) = rewrite(&net.finish(&[y]), NAME);
    assert_eq!(rewritten.nodes.len(), 2);
}

#[test]
fn a_convolution_that_others_read_is_not_fused() {
    let mut net = Net::new();
    let x = net.input(SHAPE);
    let conv = net.conv(x, [4, 4], 3);
    let (a, b) = (net.op("Relu", &[conv]), net.op("Sigmoid", &[conv]));
    assert_untouched(&net.finish(&[a, b]), "fuse-epilogues");
    let mut net = Net::new();
    let x = net.input(SHAPE);
    let conv = net.conv(x, [4, 4], 3);
    let y = net.op("Relu", &[conv]);
    assert_untouched(&net.finish(&[y, conv]), "fuse-epilogues");
}

#[test]
fn sums_of_another_kind_stay() {
    // Broadcast.
    let mut net = Net::new();
    let x = net.input(SHAPE);
    let small = net.input(&[1, 4, 1, 1]);
    let conv = net.conv(x, [4, 4], 3);
    let y = net.op("Add", &[conv, small]);
    assert_untouched(&net.finish(&[y]), "fuse-epilogues");
    // Twice the same.
    let mut net = Net::new();
    let x = net.input(SHAPE);
    let conv = net.conv(x, [4, 4], 3);
    let y = net.op("Add", &[conv, conv]);
    assert_untouched(&net.finish(&[y]), "fuse-epilogues");
    // A constant map.
    let mut net = Net::new();
    let x = net.input(SHAPE);
    let conv = net.conv(x, [4, 4], 3);
    let map = net.random(SHAPE);
    let y = net.op("Add", &[conv, map]);
    assert_untouched(&net.finish(&[y]), "fuse-epilogues");
    // A difference and a product.
    for op in ["Sub", "Mul"] {
        let mut net = Net::new();
        let x = net.input(SHAPE);
        let conv = net.conv(x, [4, 4], 3);
        let y = net.op(op, &[conv, x]);
        assert_untouched(&net.finish(&[y]), "fuse-epilogues");
    }
}

/// The other operand depends on the convolution itself, or follows it.
#[test]
fn residuals_that_are_computed_later_make_no_cycle() {
    let mut net = Net::new();
    let x = net.input(SHAPE);
    let first = net.conv(x, [4, 4], 3);
    let pooled = net.op("Relu", &[x]);
    let late = net.conv(pooled, [4, 4], 1);
    let late = net.op("Softmax", &[late]);
    let y = net.op("Add", &[first, late]);
    let (rewritten, _) = rewrite(&net.finish(&[y]), NAME);
    assert!(rewritten.nodes.len() <= 5);
}
