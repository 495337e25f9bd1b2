//! `average-to-conv`.

use seigo::frontend::onnx::Attribute;

use crate::net::{Net, assert_untouched, kinds, rewrite};

const SHAPE: &[usize] = &[1, 4, 7, 6];
const NAME: &str = "average-to-conv";

fn window(kernel: i64, pads: i64) -> Vec<(&'static str, Attribute)> {
    vec![
        ("kernel_shape", Attribute::Ints(vec![kernel; 2])),
        ("strides", Attribute::Ints(vec![2, 1])),
        ("pads", Attribute::Ints(vec![pads; 4])),
    ]
}

#[test]
fn means_become_depthwise_convolutions() {
    let mut net = Net::new();
    let x = net.input(SHAPE);
    let plain = net.with("AveragePool", &[x], &window(3, 0));
    let mut padded = window(3, 1);
    padded.push(("count_include_pad", Attribute::Int(1)));
    let padded = net.with("AveragePool", &[x], &padded);
    let global = net.op("GlobalAveragePool", &[x]);
    let (rewritten, rewrites) = rewrite(&net.finish(&[plain, padded, global]), &[NAME]);
    assert_eq!(rewrites, 3);
    assert_eq!(kinds(&rewritten), ["Conv (grouped)"; 3]);
}

#[test]
fn windows_that_count_their_elements_stay() {
    let mut net = Net::new();
    let x = net.input(SHAPE);
    let partial = net.with("AveragePool", &[x], &window(3, 1));
    let mut ceil = window(3, 0);
    ceil.push(("ceil_mode", Attribute::Int(1)));
    let ceil = net.with("AveragePool", &[x], &ceil);
    assert_untouched(&net.finish(&[partial, ceil]), NAME);
}

#[test]
fn windows_larger_than_the_accelerator_takes_stay() {
    let mut net = Net::new();
    let x = net.input(&[1, 2, 16, 16]);
    let global = net.op("GlobalAveragePool", &[x]);
    assert_untouched(&net.finish(&[global]), NAME);
}
