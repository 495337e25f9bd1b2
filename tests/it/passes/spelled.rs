//! `spell-out`.

use seigo::base::tensor::Tensor;
use seigo::frontend::graph::ValueId;
use seigo::frontend::onnx::Attribute;

use super::net::{Net, assert_untouched, kinds, rewrite};

const NAME: &str = "spell-out";
const SHAPE: [usize; 4] = [1, 5, 4, 6];

/// Of a value whose last axis is `last` long, in front of a layer with weights. `rewrite` compares the outputs.
#[track_caller]
fn assert_spelled(mut net: Net, (output, last): (ValueId, usize), expected: &[&str]) {
    let output = net.weigh(output, last);
    let (rewritten, _) = rewrite(&net.finish(&[output]), &[NAME]);
    let expected = [expected, &["MatMul"]].concat();
    assert_eq!(kinds(&rewritten), expected.iter().map(|&kind| kind.to_owned()).collect::<Vec<_>>());
}

#[test]
fn functions_of_one_tensor() {
    let of = |op: &str, expected: &[&str]| {
        let mut net = Net::new();
        let x = net.input(&SHAPE);
        let y = net.op(op, &[x]);
        assert_spelled(net, (y, 6), expected);
    };
    of("Abs", &["Conv (grouped) + Relu", "Conv (grouped) + Add"]);
    of("Selu", &["Elu", "Mul"]);
    for two in [Tensor::scalar(2f32), Tensor::vector(vec![2i64])] {
        let mut net = Net::new();
        let x = net.input(&SHAPE);
        let exponent = net.tensor(two);
        let y = net.op("Pow", &[x, exponent]);
        assert_spelled(net, (y, 6), &["Mul"]);
    }
}

#[test]
fn functions_that_are_a_part_of_a_convolution() {
    for (op, add, expected) in [
        ("Abs", false, &["Conv", "Conv (grouped) + Relu", "Conv (grouped) + Add", "MatMul"][..]),
        ("Selu", false, &["Conv", "Elu", "Mul", "MatMul"]),
        ("Selu", true, &["Conv", "Elu", "Mul", "Add", "MatMul"]),
    ] {
        let mut net = Net::new();
        let x = net.input(&SHAPE);
        let y = net.conv(x, [5, 5], 3);
        let mut y = net.op(op, &[y]);
        if add {
            y = net.op("Add", &[y, x]);
        }
        let y = net.weigh(y, 6);
        let (rewritten, places) = rewrite(&net.finish(&[y]), &["fuse-epilogues", NAME]);
        assert!(places > 1);
        assert_eq!(
            kinds(&rewritten),
            expected.iter().map(|&kind| kind.to_owned()).collect::<Vec<_>>()
        );
    }
}

#[test]
fn means_and_sums_of_tensors() {
    let mut net = Net::new();
    let inputs = [(); 3].map(|()| net.input(&SHAPE));
    let y = net.op("Mean", &inputs);
    assert_spelled(net, (y, 6), &["Sum", "Mul"]);
    for (op, expected) in [("Sum", &["Add", "Add"][..]), ("Mean", &["Add", "Add", "Mul"])] {
        let mut net = Net::new();
        let (a, b, c) = (net.input(&SHAPE), net.random(&[5, 1, 1]), net.input(&SHAPE));
        let y = net.op(op, &[a, b, c]);
        assert_spelled(net, (y, 6), expected);
    }
}

#[test]
fn reductions() {
    for keep in [0, 1] {
        let of = |op: &str, axes: &[i64], expected: &[&str]| {
            let mut net = Net::new();
            let x = net.input(&SHAPE);
            let axes = net.ints(axes);
            let y = net.with(op, &[x, axes], &[("keepdims", Attribute::Int(keep))]);
            let last = match (op, keep) {
                ("ReduceSumSquare", _) => 6,
                (_, 0) => 5,
                _ => 1,
            };
            assert_spelled(net, (y, last), expected);
        };
        let dropped: &[&str] = if keep == 0 { &["Reshape"] } else { &[] };
        of("ReduceMin", &[2, -1], &[&["Neg", "ReduceMax", "Neg"], dropped].concat());
        of("ReduceSumSquare", &[1], &["Mul", "ReduceSum"]);
        of("ReduceL1", &[2, 3], &["Conv (grouped) + Relu", "Conv (grouped) + Add", "ReduceSum"]);
    }
}

#[test]
fn neighbors_by_other_numbers_than_powers_of_two() {
    for (times, expected) in
        [(3, "ConvTranspose"), (5, "ConvTranspose"), (4, "Resize"), (2, "Resize")]
    {
        let mut net = Net::new();
        let x = net.input(&SHAPE);
        let sizes = [1, 5, 4 * times, 6 * times];
        let y = net.resize(x, sizes, ["nearest", "asymmetric", "floor"]);
        assert_spelled(net, (y, 6 * times), &[expected]);
    }
}

#[test]
fn others_stay() {
    let mut net = Net::new();
    let x = net.input(&SHAPE);
    let three = net.scalar(3.0);
    let y = net.op("Pow", &[x, three]);
    let y = net.weigh(y, 6);
    assert_untouched(&net.finish(&[y]), NAME);
    let mut net = Net::new();
    let (a, b) = (net.input(&SHAPE), net.input(&SHAPE));
    let y = net.op("Sum", &[a, b]);
    let y = net.weigh(y, 6);
    assert_untouched(&net.finish(&[y]), NAME);
    let mut net = Net::new();
    let x = net.input(&[3, 7]);
    let y = net.op("Abs", &[x]);
    let y = net.weigh(y, 7);
    assert_untouched(&net.finish(&[y]), NAME);
    let mut net = Net::new();
    let x = net.input(&SHAPE);
    let axes = net.ints(&[1]);
    let y = net.op("ReduceMin", &[x, axes]);
    let y = net.weigh(y, 6);
    assert_untouched(&net.finish(&[y]), NAME);
    let mut net = Net::new();
    let x = net.input(&SHAPE);
    let y = net.resize(x, [1, 5, 12, 24], ["nearest", "asymmetric", "floor"]);
    let y = net.weigh(y, 24);
    assert_untouched(&net.finish(&[y]), NAME);
}

/// There the processor has the numbers in float.
#[test]
fn what_no_layer_with_weights_reads_stays() {
    let mut net = Net::new();
    let x = net.input(&SHAPE);
    let y = net.conv(x, [5, 5], 3);
    let outputs = ["Abs", "Selu", "Neg"].map(|op| net.op(op, &[y]));
    assert_untouched(&net.finish(&outputs), NAME);
}
