//! `recognize-focus`.

use seigo::frontend::graph::{Graph, ValueId};
use seigo::frontend::onnx::Attribute;
use seigo::frontend::ops::Op;

use super::net::{Net, assert_becomes, assert_untouched, rewrite};

const NAME: &[&str] = &["recognize-focus"];
const END: i64 = i64::MAX;
const YOLOX: [[i64; 2]; 4] = [[0, 0], [1, 0], [0, 1], [1, 1]];

fn slice(net: &mut Net, x: ValueId, starts: &[i64], axes: &[i64], steps: &[i64]) -> ValueId {
    let ends = net.ints(&vec![END; axes.len()]);
    let (starts, axes, steps) = (net.ints(starts), net.ints(axes), net.ints(steps));
    net.op("Slice", &[x, starts, ends, axes, steps])
}

fn concat(net: &mut Net, parts: &[ValueId], axis: i64) -> ValueId {
    net.with("Concat", parts, &[("axis", Attribute::Int(axis))])
}

/// One slice per axis, as PyTorch exports `x[..., y::2, x::2]`: eight, or six where the first ones
/// are shared.
fn slices_per_axis(order: &[[i64; 2]], shared: bool) -> Graph {
    let mut net = Net::new();
    let image = net.input(&[1, 3, 8, 6]);
    let mut rows: Vec<(i64, ValueId)> = Vec::new();
    let mut parts = Vec::new();
    for &[y, x] in order {
        let known = rows.iter().find(|(row, _)| shared && *row == y).map(|(_, id)| *id);
        let row = known.unwrap_or_else(|| slice(&mut net, image, &[y], &[2], &[2]));
        rows.push((y, row));
        parts.push(slice(&mut net, row, &[x], &[3], &[2]));
    }
    let y = concat(&mut net, &parts, 1);
    net.finish(&[y])
}

#[test]
fn four_slices_over_both_axes() {
    let mut net = Net::new();
    let image = net.input(&[1, 3, 8, 6]);
    let parts = YOLOX.map(|[y, x]| slice(&mut net, image, &[y, x], &[2, 3], &[2, 2]));
    let y = concat(&mut net, &parts, 1);
    assert_becomes(&net.finish(&[y]), NAME, &["SpaceToDepth"]);
}

#[test]
fn eight_and_six_slices_over_one_axis_each() {
    assert_eq!(slices_per_axis(&YOLOX, false).nodes.len(), 9);
    assert_becomes(&slices_per_axis(&YOLOX, false), NAME, &["SpaceToDepth"]);
    assert_eq!(slices_per_axis(&YOLOX, true).nodes.len(), 7);
    assert_becomes(&slices_per_axis(&YOLOX, true), NAME, &["SpaceToDepth"]);
}

#[test]
fn another_order_and_a_repeated_phase_are_kept() {
    for order in [[[1, 1], [0, 1], [1, 0], [0, 0]], [[0, 0], [0, 0], [1, 1], [1, 0]]] {
        let (rewritten, _) = rewrite(&slices_per_axis(&order, false), NAME);
        let [node] = &rewritten.nodes[..] else { panic!("{} nodes", rewritten.nodes.len()) };
        let Op::SpaceToDepth(op) = &node.op else { panic!("{:?}", node.op) };
        assert_eq!(op.offsets, order.map(|[y, x]| (y as usize, x as usize)));
    }
}

#[test]
fn steps_that_differ_are_no_focus() {
    let mut net = Net::new();
    let image = net.input(&[1, 3, 8, 8]);
    let parts = [[0, 0], [1, 0], [0, 1], [1, 1]]
        .map(|[y, x]| slice(&mut net, image, &[y, x], &[2, 3], &[2, 4]));
    let y = concat(&mut net, &parts, 1);
    assert_untouched(&net.finish(&[y]), "recognize-focus");
}

#[test]
fn slices_of_two_images_are_no_focus() {
    let mut net = Net::new();
    let images = [net.input(&[1, 3, 8, 8]), net.input(&[1, 3, 8, 8])];
    let parts = YOLOX.map(|[y, x]| slice(&mut net, images[y as usize], &[y, x], &[2, 3], &[2, 2]));
    let y = concat(&mut net, &parts, 1);
    assert_untouched(&net.finish(&[y]), "recognize-focus");
}

#[test]
fn another_axis_of_concatenation_is_no_focus() {
    let mut net = Net::new();
    let image = net.input(&[1, 3, 8, 8]);
    let parts = YOLOX.map(|[y, x]| slice(&mut net, image, &[y, x], &[2, 3], &[2, 2]));
    let y = concat(&mut net, &parts, 2);
    assert_untouched(&net.finish(&[y]), "recognize-focus");
}

#[test]
fn starts_beyond_the_step_are_no_focus() {
    let mut net = Net::new();
    let image = net.input(&[1, 3, 8, 8]);
    // Three rows and columns each, all of one size.
    let parts = [[2, 2], [3, 2], [2, 3], [3, 3]]
        .map(|[y, x]| slice(&mut net, image, &[y, x], &[2, 3], &[2, 2]));
    let y = concat(&mut net, &parts, 1);
    assert_untouched(&net.finish(&[y]), "recognize-focus");
}

#[test]
fn an_odd_image_is_no_focus() {
    let mut net = Net::new();
    let image = net.input(&[1, 3, 7, 7]);
    let parts = [[0, 0]; 4].map(|[y, x]| slice(&mut net, image, &[y, x], &[2, 3], &[2, 2]));
    let y = concat(&mut net, &parts, 1);
    assert_untouched(&net.finish(&[y]), "recognize-focus");
}

#[test]
fn an_intermediate_that_leaves_stays() {
    let mut net = Net::new();
    let image = net.input(&[1, 3, 8, 8]);
    let parts = YOLOX.map(|[y, x]| slice(&mut net, image, &[y, x], &[2, 3], &[2, 2]));
    let y = concat(&mut net, &parts, 1);
    let (rewritten, _) = rewrite(&net.finish(&[y, parts[2]]), NAME);
    assert_eq!(rewritten.nodes.len(), 2);
    let sources: usize = rewritten.nodes.iter().map(|node| node.sources.len()).sum();
    assert_eq!(sources, 5, "no node is named twice");
}
