//! `sums-to-pairs`.

use super::net::{Net, assert_untouched, kinds, rewrite};

const NAME: &str = "sums-to-pairs";
const SHAPE: &[usize] = &[1, 4, 5, 6];

#[test]
fn several_values_are_added_one_after_the_other() {
    let mut net = Net::new();
    let values = [0; 4].map(|_| net.input(SHAPE));
    let y = net.op("Sum", &values);
    let z = net.op("Sum", &values[..2]);
    let (rewritten, _) = rewrite(&net.finish(&[y, z]), &[NAME]);
    assert_eq!(kinds(&rewritten), ["Add"; 4]);
}

#[test]
fn a_difference_is_a_sum_whose_convolution_is_negative() {
    let mut net = Net::new();
    let x = net.input(SHAPE);
    let (a, b) = (net.conv(x, [4, 4], 1), net.conv(x, [4, 4], 3));
    let y = net.op("Sub", &[a, b]);
    let y = net.op("Relu", &[y]);
    let graph = net.finish(&[y]);
    assert_eq!(kinds(&rewrite(&graph, &[NAME]).0), ["Conv", "Conv", "Mul", "Add", "Relu"]);
    let names = [NAME, "fold-affine", "fuse-epilogues"];
    assert_eq!(kinds(&rewrite(&graph, &names).0), ["Conv", "Conv + Add + Relu"]);
}

#[test]
fn constants_other_shapes_and_means_stay() {
    let mut net = Net::new();
    let (x, y, factor) = (net.input(SHAPE), net.input(&[1, 4, 1, 1]), net.random(&[4, 1, 1]));
    let a = net.op("Sub", &[x, factor]);
    let b = net.op("Sub", &[x, y]);
    let c = net.op("Mean", &[x, b]);
    let d = net.op("Sum", &[x, y, x]);
    assert_untouched(&net.finish(&[a, b, c, d]), NAME);
    let mut net = Net::new();
    let (x, y) = (net.input(&[1, 4]), net.input(&[1, 4]));
    let z = net.op("Sub", &[x, y]);
    assert_untouched(&net.finish(&[z]), NAME);
}
