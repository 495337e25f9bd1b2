//! `remove-identities`.

use seigo::base::tensor::Tensor;
use seigo::frontend::onnx::Attribute;

use super::net::{Net, assert_untouched, kinds, rewrite};

#[test]
fn operators_that_change_nothing_go() {
    let mut net = Net::new();
    let x = net.input(&[1, 4, 3, 3]);
    let mut y = net.op("Relu", &[x]);
    y = net.op("Identity", &[y]);
    y = net.op("Dropout", &[y]);
    y = net.with("Cast", &[y], &[("to", Attribute::Int(1))]);
    let shape = net.ints(&[1, 4, 3, 3]);
    y = net.op("Reshape", &[y, shape]);
    y = net.with("Concat", &[y], &[("axis", Attribute::Int(1))]);
    y = net.with("Transpose", &[y], &[("perm", Attribute::Ints(vec![0, 1, 2, 3]))]);
    let pads = net.ints(&[0; 8]);
    y = net.op("Pad", &[y, pads]);
    let (start, end, axis) = (net.ints(&[0]), net.ints(&[4]), net.ints(&[1]));
    y = net.op("Slice", &[y, start, end, axis]);
    let roi = net.tensor(Tensor::vector(Vec::<f32>::new()));
    let scales = net.tensor(Tensor::vector(vec![1f32; 4]));
    y = net.op("Resize", &[y, roi, scales]);
    let (rewritten, rewrites) = rewrite(&net.finish(&[y]), &["remove-identities"]);
    assert_eq!((rewrites, kinds(&rewritten)), (9, vec!["Relu".to_owned()]));
}

#[test]
fn an_identity_from_input_to_output_may_leave_no_node() {
    let mut net = Net::new();
    let x = net.input(&[2, 3]);
    let y = net.op("Identity", &[x]);
    let (rewritten, _) = rewrite(&net.finish(&[y]), &["remove-identities"]);
    assert!(rewritten.nodes.is_empty());
}

#[test]
fn operators_of_equal_extents_that_do_change_something_stay() {
    let mut net = Net::new();
    let x = net.input(&[1, 3, 3, 3]);
    let transposed = net.with("Transpose", &[x], &[("perm", Attribute::Ints(vec![0, 2, 1, 3]))]);
    let (start, end, axis, step) =
        (net.ints(&[-1]), net.ints(&[i64::MIN]), net.ints(&[3]), net.ints(&[-1]));
    let reversed = net.op("Slice", &[x, start, end, axis, step]);
    let pads = net.ints(&[0, 0, 1, 0, 0, 0, -1, 0]);
    let moved = net.op("Pad", &[x, pads]);
    let index = net.ints(&[2, 1, 0]);
    let gathered = net.with("Gather", &[x, index], &[("axis", Attribute::Int(2))]);
    let shape = net.ints(&[1, 3, 9]);
    let flat = net.op("Reshape", &[x, shape]);
    let graph = net.finish(&[transposed, reversed, moved, gathered, flat]);
    assert_untouched(&graph, "remove-identities");
}
