//! `space-to-conv`.

use seigo::frontend::graph::{Graph, ValueId};
use seigo::frontend::onnx::Attribute;

use super::net::{Net, assert_untouched, kinds, rewrite};

const NAME: &str = "space-to-conv";

/// What follows pixels that became channels.
fn network(block: i64, behind: impl Fn(&mut Net, ValueId) -> ValueId) -> Graph {
    let mut net = Net::new();
    let x = net.input(&[1, 3, 8, 12]);
    let x = net.op("Relu", &[x]);
    let x = net.with("SpaceToDepth", &[x], &[("blocksize", Attribute::Int(block))]);
    let y = behind(&mut net, x);
    net.finish(&[y])
}

#[test]
fn a_convolution_behind_takes_the_pixels_itself() {
    for kernel in [1, 3, 7] {
        let graph = network(2, |net, x| net.conv(x, [12, 5], kernel));
        let (rewritten, _) = rewrite(&graph, &[NAME]);
        assert_eq!(kinds(&rewritten), ["Relu", "Conv"]);
        let weight = rewritten.nodes[1].input(1).unwrap();
        assert_eq!(rewritten.fact(weight).shape, [5, 3, 2 * kernel, 2 * kernel]);
    }
}

#[test]
fn blocks_and_strides_of_any_size_are_one_window() {
    let graph = network(4, |net, x| net.conv(x, [48, 5], 3));
    assert_eq!(kinds(&rewrite(&graph, &[NAME]).0), ["Relu", "Conv"]);
    let attributes =
        [("strides", Attribute::Ints(vec![2, 2])), ("pads", Attribute::Ints(vec![1; 4]))];
    let graph = network(2, |net, x| {
        let weight = net.random(&[8, 12, 3, 3]);
        net.with("Conv", &[x, weight], &attributes)
    });
    assert_eq!(kinds(&rewrite(&graph, &[NAME]).0), ["Relu", "Conv"]);
}

#[test]
fn other_readers_get_them_from_a_convolution() {
    let twice = network(2, |net, x| {
        let y = net.conv(x, [12, 12], 3);
        net.op("Add", &[x, y])
    });
    let (rewritten, _) = rewrite(&twice, &[NAME]);
    assert_eq!(kinds(&rewritten), ["Relu", "Conv", "Conv", "Add"]);
    let attributes = [("strides", Attribute::Ints(vec![2, 2])), ("group", Attribute::Int(4))];
    let others = network(2, |net, x| {
        let weight = net.random(&[8, 3, 3, 3]);
        net.with("Conv", &[x, weight], &attributes)
    });
    assert_eq!(kinds(&rewrite(&others, &[NAME]).0), ["Relu", "Conv", "Conv (grouped)"]);
    let large = network(2, |net, x| net.conv(x, [12, 2], 9));
    assert_eq!(kinds(&rewrite(&large, &[NAME]).0), ["Relu", "Conv", "Conv"]);
}

/// The order of the pixels is any, as `recognize-focus` finds it.
#[test]
fn slices_in_any_order_are_gathered() {
    let mut net = Net::new();
    let x = net.input(&[1, 2, 4, 6]);
    let x = net.op("Relu", &[x]);
    let part = |net: &mut Net, row: i64, column: i64| {
        let ends = [[row, column], [i64::MAX; 2], [2, 3], [2, 2]].map(|own| net.ints(&own));
        net.op("Slice", &[x, ends[0], ends[1], ends[2], ends[3]])
    };
    let parts = [(1, 1), (0, 0), (0, 1), (1, 0)].map(|(row, column)| part(&mut net, row, column));
    let all = net.with("Concat", &parts, &[("axis", Attribute::Int(1))]);
    let y = net.conv(all, [8, 3], 3);
    let (rewritten, _) = rewrite(&net.finish(&[y]), &["recognize-focus", NAME]);
    assert_eq!(kinds(&rewritten), ["Relu", "Conv"]);
}

#[test]
fn the_image_stays() {
    let mut net = Net::new();
    let x = net.input(&[1, 3, 8, 8]);
    let x = net.with("SpaceToDepth", &[x], &[("blocksize", Attribute::Int(2))]);
    let y = net.conv(x, [12, 5], 3);
    assert_untouched(&net.finish(&[y]), NAME);
}
