//! `gemm-to-conv`.

use seigo::frontend::graph::{Graph, ValueId};
use seigo::frontend::onnx::Attribute;
use seigo::frontend::ops::Op;

use super::net::{Net, assert_untouched, kinds, rewrite};

const NAME: &str = "gemm-to-conv";

fn flatten(net: &mut Net, x: ValueId) -> ValueId {
    net.with("Flatten", &[x], &[("axis", Attribute::Int(1))])
}

/// The extents of the windows of all convolutions.
fn windows(graph: &Graph) -> Vec<Vec<usize>> {
    let kernel = |op: &Op| match op {
        Op::Conv(conv) => Some(conv.window.kernel.clone()),
        _ => None,
    };
    graph.nodes.iter().filter_map(|node| kernel(&node.op)).collect()
}

#[test]
fn a_product_behind_planes_becomes_a_convolution_of_their_size() {
    for (transposed, rows, columns) in [(false, 1, 1), (true, 1, 1), (false, 3, 2), (true, 1, 4)] {
        let mut net = Net::new();
        let x = net.input(&[1, 5, rows, columns]);
        let flat = flatten(&mut net, x);
        let inputs = 5 * rows * columns;
        let shape = if transposed { [3, inputs] } else { [inputs, 3] };
        let (weight, bias) = (net.random(&shape), net.random(&[3]));
        let attributes = [
            ("transB", Attribute::Int(transposed.into())),
            ("alpha", Attribute::Float(0.5)),
            ("beta", Attribute::Float(2.0)),
        ];
        let product = net.with("Gemm", &[flat, weight, bias], &attributes);
        let (rewritten, rewrites) = rewrite(&net.finish(&[product]), &[NAME]);
        assert_eq!((rewrites, kinds(&rewritten)), (1, vec!["Conv".into(), "Flatten".into()]));
        assert_eq!(windows(&rewritten), [[rows, columns]]);
    }
}

#[test]
fn a_column_or_a_matrix_on_the_left_is_the_same_layer() {
    let mut net = Net::new();
    let (column, row) = (net.input(&[6, 1]), net.input(&[1, 6]));
    let (right, left) = (net.random(&[6, 3]), net.random(&[3, 6]));
    let (one, bias) = (net.scalar(0.5), net.random(&[3, 1]));
    let first = [("transA", Attribute::Int(1))];
    let first = net.with("Gemm", &[column, right, one], &first);
    let second = net.with("Gemm", &[left, row, bias], &[("transB", Attribute::Int(1))]);
    let third = net.op("MatMul", &[left, column]);
    let (rewritten, rewrites) = rewrite(&net.finish(&[first, second, third]), &[NAME]);
    assert_eq!((rewrites, windows(&rewritten)), (3, vec![vec![1, 1]; 3]));
}

#[test]
fn layers_follow_on_each_other_with_what_is_between_them() {
    let mut net = Net::new();
    let x = net.input(&[1, 4, 5, 5]);
    let mut value = flatten(&mut net, x);
    for (inputs, outputs) in [(100, 16), (16, 8), (8, 3)] {
        let weight = net.random(&[inputs, outputs]);
        value = net.op("MatMul", &[value, weight]);
        let bias = net.random(&[outputs]);
        value = net.op("Add", &[bias, value]);
        let [gamma, beta, mean] = [(); 3].map(|()| net.random(&[outputs]));
        let variance = net.positive(&[outputs]);
        value = net.op("BatchNormalization", &[value, gamma, beta, mean, variance]);
        value = net.op("Relu", &[value]);
    }
    let (rewritten, _) = rewrite(&net.finish(&[value]), &["recognize-activations", NAME]);
    assert_eq!(windows(&rewritten), [[5, 5], [1, 1], [1, 1]]);
    let convs = kinds(&rewritten).into_iter().filter(|kind| kind != "Flatten");
    assert_eq!(convs.collect::<Vec<_>>(), ["Conv + Relu"; 3]);
}

#[test]
fn weights_follow_a_transposition_before_the_flattening() {
    let mut net = Net::new();
    let x = net.input(&[1, 3, 4, 2]);
    let last = net.with("Transpose", &[x], &[("perm", Attribute::Ints(vec![0, 2, 3, 1]))]);
    let shape = net.ints(&[1, -1]);
    let flat = net.op("Reshape", &[last, shape]);
    let weight = net.random(&[24, 5]);
    let product = net.op("MatMul", &[flat, weight]);
    let (rewritten, _) = rewrite(&net.finish(&[product]), &[NAME]);
    assert_eq!(windows(&rewritten), [[4, 2]]);
    assert_eq!(kinds(&rewritten), ["Conv", "Flatten"]);
}

#[test]
fn planes_larger_than_the_windows_are_read_as_channels() {
    let mut net = Net::new();
    let x = net.input(&[1, 1, 28, 28]);
    let flat = flatten(&mut net, x);
    let (weight, vector) = (net.random(&[784, 3]), net.input(&[1, 1, 7]));
    let product = net.op("Gemm", &[flat, weight]);
    // One vector with axes of extent 1 before it, as sequences of one element have them.
    let other = net.random(&[7, 3]);
    let (other, bias) = (net.op("MatMul", &[vector, other]), net.random(&[3]));
    let other = net.op("Add", &[other, bias]);
    let (rewritten, rewrites) = rewrite(&net.finish(&[product, other]), &[NAME]);
    assert_eq!((rewrites, windows(&rewritten)), (2, vec![vec![1, 1]; 2]));
}

#[test]
fn products_of_several_vectors_or_of_two_tensors_stay() {
    let mut net = Net::new();
    let x = net.input(&[2, 5]);
    let weight = net.random(&[5, 3]);
    let several = net.op("Gemm", &[x, weight]);
    let (row, column) = (net.input(&[1, 5]), net.input(&[5, 1]));
    let tensors = net.op("MatMul", &[row, column]);
    let matrices = net.random(&[2, 5, 3]);
    let matrices = net.op("MatMul", &[row, matrices]);
    let addend = net.input(&[1, 3]);
    let added = net.op("Gemm", &[row, weight, addend]);
    assert_untouched(&net.finish(&[several, tensors, matrices, added]), NAME);
}
