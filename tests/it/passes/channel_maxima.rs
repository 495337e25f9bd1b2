//! `channel-maxima` and `maxima-to-sums`.

use seigo::frontend::onnx::Attribute;

use super::net::{Net, assert_untouched, kinds, rewrite};

const NAMES: [&str; 2] = ["channel-maxima", "maxima-to-sums"];

fn keep(keep: i64) -> [(&'static str, Attribute); 1] {
    [("keepdims", Attribute::Int(keep))]
}

/// `rewrite` compares the outputs; no reduction is left.
#[test]
fn maxima_and_minima_over_channels_are_chains() {
    for channels in [1, 2, 3, 16, 24, 32, 40, 48, 80, 128] {
        for (op, axis) in [("ReduceMax", 1), ("ReduceMin", -3)] {
            let mut net = Net::new();
            let x = net.input(&[2, channels, 4, 6]);
            let axes = net.ints(&[axis]);
            let y = net.with(op, &[x, axes], &keep(1));
            let y = net.conv(y, [1, 3], 1);
            let (rewritten, places) = rewrite(&net.finish(&[y]), &NAMES[..1]);
            assert_eq!(places, 1);
            let left = kinds(&rewritten);
            let allowed = |kind: &String| {
                kind.starts_with("Conv") || ["Slice", "Max", "Min"].contains(&&kind[..])
            };
            assert!(left.iter().all(allowed), "{channels}: {left:?}");
        }
    }
}

/// 128 channels: 64 and 32 by elements, then 16, 8, 4, 2 and 1 by convolutions.
#[test]
fn whole_planes_are_compared_as_they_lie() {
    let mut net = Net::new();
    let x = net.input(&[1, 128, 4, 6]);
    let axes = net.ints(&[1]);
    let y = net.with("ReduceMax", &[x, axes], &keep(1));
    let y = net.conv(y, [1, 3], 1);
    let (rewritten, _) = rewrite(&net.finish(&[y]), &NAMES);
    let count = |kind: &str| kinds(&rewritten).iter().filter(|own| own.starts_with(kind)).count();
    assert_eq!(["Slice", "Sub", "Relu", "Add", "Conv"].map(count), [5, 2, 2, 2, 10]);
}

#[test]
fn a_dropped_axis_comes_back_without_a_node() {
    for op in ["ReduceMax", "ReduceMean"] {
        let name = if op == "ReduceMax" { NAMES[0] } else { "channel-means" };
        let build = |also: bool| {
            let mut net = Net::new();
            let x = net.input(&[1, 5, 4, 6]);
            let axes = net.ints(&[1]);
            let dropped = net.with(op, &[x, axes], &keep(0));
            let back = net.op("Unsqueeze", &[dropped, axes]);
            let y = net.op("Relu", &[back]);
            let y = net.conv(y, [1, 3], 1);
            let outputs = [y, dropped];
            net.finish(&outputs[..1 + usize::from(also)])
        };
        let others = |graph| {
            let (rewritten, places) = rewrite(&graph, &[name]);
            assert_eq!(places, 1);
            let mut left = kinds(&rewritten);
            left.retain(|kind| !kind.starts_with("Conv"));
            left.sort();
            left
        };
        assert_eq!(others(build(false)), ["Relu"]);
        assert_eq!(others(build(true)), ["Relu", "Reshape"]);
    }
}

#[test]
fn groups_of_channels_are_compared_with_each_other() {
    for (shape, axis) in [([1, 4, 3, 5, 6], 2), ([1, 3, 4, 5, 6], 1), ([1, 4, 3, 5, 6], -3)] {
        let mut net = Net::new();
        let x = net.input(&[1, 12, 5, 6]);
        let shape = net.ints(&shape);
        let axes = net.ints(&[axis]);
        let parts = net.op("Reshape", &[x, shape]);
        let y = net.with("ReduceMax", &[parts, axes], &keep(0));
        let y = net.conv(y, [4, 3], 1);
        let (rewritten, places) = rewrite(&net.finish(&[y]), &NAMES[..1]);
        assert_eq!(
            (places, kinds(&rewritten)),
            (1, ["Slice", "Slice", "Slice", "Max", "Conv"].map(String::from).to_vec())
        );
    }
}

#[test]
fn maxima_and_minima_of_tensors_are_sums() {
    for (op, last) in [("Max", "Add"), ("Min", "Sub")] {
        for terms in [2, 4] {
            let mut net = Net::new();
            let inputs: Vec<_> = (0..terms).map(|_| net.input(&[1, 5, 4, 6])).collect();
            let y = net.op(op, &inputs);
            let y = net.conv(y, [5, 3], 1);
            let (rewritten, places) = rewrite(&net.finish(&[y]), &NAMES[1..]);
            let mut expected = ["Sub", "Relu", last].repeat(terms - 1);
            expected.push("Conv");
            assert_eq!(
                (places, kinds(&rewritten)),
                (1, expected.into_iter().map(String::from).collect())
            );
        }
    }
}

#[test]
fn others_stay() {
    let reduce = |op: &str, axes: &[i64], shape: &[usize], last: usize| {
        let mut net = Net::new();
        let x = net.input(shape);
        let axes = net.ints(axes);
        let y = net.with(op, &[x, axes], &keep(1));
        let y = net.weigh(y, last);
        assert_untouched(&net.finish(&[y]), NAMES[0]);
    };
    reduce("ReduceProd", &[1], &[1, 5, 4, 6], 6);
    reduce("ReduceMax", &[2], &[1, 5, 4, 6], 6);
    reduce("ReduceMax", &[1, 2, 3], &[1, 5, 4, 6], 1);
    reduce("ReduceMax", &[1], &[1, 5, 4], 4);

    // One that broadcasts, and a constant.
    let mut net = Net::new();
    let (x, other) = (net.input(&[1, 5, 4, 6]), net.input(&[1, 5, 1, 1]));
    let y = net.op("Max", &[x, other]);
    let y = net.weigh(y, 6);
    assert_untouched(&net.finish(&[y]), NAMES[1]);
    let mut net = Net::new();
    let x = net.input(&[1, 5, 4, 6]);
    let constant = net.random(&[1, 5, 4, 6]);
    let y = net.op("Min", &[x, constant]);
    let y = net.weigh(y, 6);
    assert_untouched(&net.finish(&[y]), NAMES[1]);
}

/// There the processor has the numbers in float.
#[test]
fn what_no_layer_with_weights_reads_stays() {
    let mut net = Net::new();
    let x = net.input(&[1, 5, 4, 6]);
    let (a, b) = (net.conv(x, [5, 48], 1), net.conv(x, [5, 48], 3));
    let axes = net.ints(&[1]);
    let most = net.with("ReduceMax", &[a, axes], &keep(1));
    let larger = net.op("Max", &[a, b]);
    let graph = net.finish(&[most, larger]);
    NAMES.iter().for_each(|name| assert_untouched(&graph, name));
}
