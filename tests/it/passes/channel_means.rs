//! `channel-means`.

use seigo::frontend::onnx::Attribute;

use super::net::{Net, assert_untouched, kinds, rewrite};

const NAME: &str = "channel-means";

#[test]
fn means_and_sums_over_channels_are_convolutions() {
    for axis in [1, -3] {
        let mut net = Net::new();
        let x = net.input(&[1, 5, 4, 6]);
        let axes = net.ints(&[axis]);
        let mean = net.op("ReduceMean", &[x, axes]);
        let sum = net.op("ReduceSum", &[x, axes]);
        let y = net.op("Mul", &[mean, sum]);
        let (rewritten, places) = rewrite(&net.finish(&[y]), &[NAME]);
        assert_eq!(
            (kinds(&rewritten), places),
            (vec!["Conv".into(), "Conv".into(), "Mul".into()], 2)
        );
    }
}

#[test]
fn other_reductions_stay() {
    let reduce = |op: &str, axes: &[i64], keep: i64| {
        let mut net = Net::new();
        let x = net.input(&[1, 5, 4, 6]);
        let axes = net.ints(axes);
        let y = net.with(op, &[x, axes], &[("keepdims", Attribute::Int(keep))]);
        assert_untouched(&net.finish(&[y]), NAME);
    };
    reduce("ReduceMax", &[1], 1);
    reduce("ReduceMean", &[2, 3], 1);
    reduce("ReduceMean", &[1, 2, 3], 1);
    reduce("ReduceMean", &[0], 1);
}
