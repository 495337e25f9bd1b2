//! `trim-windows`.

use seigo::frontend::graph::Graph;
use seigo::frontend::onnx::Attribute;

use super::net::{Net, assert_untouched, rewrite};

const NAME: &str = "trim-windows";

/// A convolution of `plane` by a kernel, with its stride, dilation and pads before and after.
fn network(
    plane: [usize; 2],
    kernel: usize,
    [stride, dilation]: [i64; 2],
    pads: [i64; 2],
    group: usize,
) -> Graph {
    let mut net = Net::new();
    let x = net.input(&[1, 4, plane[0], plane[1]]);
    let weight = net.random(&[8, 4 / group, kernel, kernel]);
    let attributes = [
        ("strides", Attribute::Ints(vec![stride; 2])),
        ("dilations", Attribute::Ints(vec![dilation; 2])),
        ("pads", Attribute::Ints(vec![pads[0], pads[0], pads[1], pads[1]])),
        ("group", Attribute::Int(group as i64)),
    ];
    let y = net.with("Conv", &[x, weight], &attributes);
    net.finish(&[y])
}

/// Rows and columns of the kernel that is left.
fn left(graph: &Graph) -> Vec<usize> {
    let (rewritten, rewrites) = rewrite(graph, &[NAME]);
    assert_eq!(rewrites, 1);
    let weight = rewritten.nodes[0].input(1).unwrap();
    rewritten.fact(weight).shape[2..].to_vec()
}

#[test]
fn taps_that_see_padding_alone_are_left_out() {
    assert_eq!(left(&network([6, 6], 3, [1, 24], [24, 24], 1)), [1, 1]);
    assert_eq!(left(&network([6, 30], 3, [1, 24], [24, 24], 4)), [1, 3]);
    assert_eq!(left(&network([2, 2], 7, [1, 1], [3, 3], 4)), [3, 3]);
    assert_eq!(left(&network([1, 1], 3, [2, 1], [1, 1], 1)), [1, 1]);
    assert_eq!(left(&network([4, 4], 3, [4, 1], [1, 1], 2)), [2, 2]);
}

#[test]
fn windows_whose_taps_all_see_something_stay() {
    for graph in [
        network([6, 6], 3, [1, 1], [1, 1], 1),
        network([4, 4], 3, [1, 3], [3, 3], 1),
        network([8, 8], 5, [2, 1], [2, 1], 4),
        network([3, 3], 3, [1, 1], [0, 0], 1),
    ] {
        assert_untouched(&graph, NAME);
    }
}
