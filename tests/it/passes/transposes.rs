//! `sink-transposes`.

use seigo::frontend::graph::ValueId;
use seigo::frontend::onnx::Attribute;

use super::net::{Net, assert_untouched, kinds, rewrite};

const NAME: &str = "sink-transposes";

fn transposed(net: &mut Net, x: ValueId, order: &[i64]) -> ValueId {
    net.with("Transpose", &[x], &[("perm", Attribute::Ints(order.to_vec()))])
}

/// Channels last, then what is given, then channels first.
fn around(shape: &[usize], inside: impl Fn(&mut Net, ValueId) -> ValueId) -> Vec<String> {
    let mut net = Net::new();
    let x = net.input(shape);
    let y = transposed(&mut net, x, &[0, 2, 3, 1]);
    let y = inside(&mut net, y);
    let y = transposed(&mut net, y, &[0, 3, 1, 2]);
    let (rewritten, _) = rewrite(&net.finish(&[y]), &[NAME]);
    kinds(&rewritten)
}

#[test]
fn what_works_element_by_element_keeps_channels_first() {
    let shape = [1, 5, 3, 4];
    assert!(around(&shape, |_, x| x).is_empty());
    assert_eq!(around(&shape, |net, x| net.op("Relu", &[x])), ["Relu"]);
    for constant in [&[5][..], &[4, 5], &[1, 3, 1, 5], &[1, 1, 1], &[]] {
        for op in ["Add", "Mul", "PRelu"] {
            let kinds = around(&shape, |net, x| {
                let constant = net.random(constant);
                net.op(op, &[x, constant])
            });
            assert_eq!(kinds, [op]);
        }
    }
    let kinds = around(&shape, |net, x| {
        let (low, high) = (net.scalar(-1.0), net.scalar(1.0));
        let y = net.op("Clip", &[x, low, high]);
        let y = net.op("Sub", &[high, y]);
        net.op("Sum", &[x, y])
    });
    assert_eq!(kinds, ["Clip", "Sub", "Sum"]);
}

#[test]
fn branches_meet_in_one_order() {
    let mut net = Net::new();
    let (a, b) = (net.input(&[1, 5, 3, 4]), net.input(&[1, 5, 1, 1]));
    let a = transposed(&mut net, a, &[0, 2, 3, 1]);
    let b = transposed(&mut net, b, &[0, 2, 3, 1]);
    let y = net.op("Mul", &[a, b]);
    let y = net.op("Sigmoid", &[y]);
    let (rewritten, _) = rewrite(&net.finish(&[y]), &[NAME]);
    assert_eq!(kinds(&rewritten), ["Mul", "Sigmoid", "Transpose"]);
}

#[test]
fn two_transpositions_are_one() {
    let mut net = Net::new();
    let x = net.input(&[2, 3, 4, 5]);
    let y = transposed(&mut net, x, &[1, 0, 2, 3]);
    let y = transposed(&mut net, y, &[3, 1, 0, 2]);
    let z = net.op("Transpose", &[y]);
    let (rewritten, _) = rewrite(&net.finish(&[y, z]), &[NAME]);
    assert_eq!(kinds(&rewritten), ["Transpose", "Transpose"]);
}

#[test]
fn different_orders_and_other_operators_stay() {
    let mut net = Net::new();
    let x = net.input(&[1, 4, 4, 4]);
    let a = transposed(&mut net, x, &[0, 2, 3, 1]);
    let b = transposed(&mut net, x, &[0, 3, 2, 1]);
    let y = net.op("Add", &[a, b]);
    let z = net.op("Add", &[a, x]);
    let s = net.with("Softmax", &[a], &[("axis", Attribute::Int(-1))]);
    assert_untouched(&net.finish(&[y, z, s]), NAME);
}
