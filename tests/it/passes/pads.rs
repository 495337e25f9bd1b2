//! `fold-pads`.

use seigo::frontend::graph::Graph;
use seigo::frontend::onnx::Attribute;

use super::net::{Net, assert_becomes, assert_untouched, kinds, rewrite};

/// Pad with `value`, then a 3x3 convolution.
fn padded(pads: &[i64], value: f32, mode: &str) -> Graph {
    let mut net = Net::new();
    let x = net.input(&[1, 3, 6, 7]);
    let (pads, value) = (net.ints(pads), net.scalar(value));
    let mode = Attribute::String(mode.to_owned());
    let padded = net.with("Pad", &[x, pads, value], &[("mode", mode)]);
    let weight = net.random(&[4, 3, 3, 3]);
    let strides = Attribute::Ints(vec![2, 2]);
    let pads = Attribute::Ints(vec![1, 0, 0, 1]);
    let y = net.with("Conv", &[padded, weight], &[("strides", strides), ("pads", pads)]);
    net.finish(&[y])
}

#[test]
fn zeros_around_the_image_become_the_convolutions_own() {
    assert_becomes(&padded(&[0, 0, 0, 1, 0, 0, 2, 1], 0.0, "constant"), &["fold-pads"], &["Conv"]);
}

#[test]
fn other_pads_stay() {
    assert_untouched(&padded(&[0, 0, 1, 1, 0, 0, 1, 1], 1.0, "constant"), "fold-pads");
    assert_untouched(&padded(&[0, 0, 1, 1, 0, 0, 1, 1], 0.0, "reflect"), "fold-pads");
    assert_untouched(&padded(&[0, 0, 1, 1, 0, 0, 1, 1], 0.0, "edge"), "fold-pads");
    assert_untouched(&padded(&[0, 0, -1, 0, 0, 0, 0, 0], 0.0, "constant"), "fold-pads");
    assert_untouched(&padded(&[1, 0, 1, 1, 0, 0, 1, 1], 0.0, "constant"), "fold-pads");
}

#[test]
fn a_pad_that_sets_the_size_of_same_padding_stays_right() {
    let mut net = Net::new();
    let x = net.input(&[1, 3, 6, 7]);
    let (pads, zero) = (net.ints(&[0, 0, 1, 1, 0, 0, 1, 1]), net.scalar(0.0));
    let padded = net.op("Pad", &[x, pads, zero]);
    let weight = net.random(&[4, 3, 3, 3]);
    let same = Attribute::String("SAME_UPPER".to_owned());
    let strides = Attribute::Ints(vec![2, 2]);
    let y = net.with("Conv", &[padded, weight], &[("auto_pad", same), ("strides", strides)]);
    assert_untouched(&net.finish(&[y]), "fold-pads");
}

#[test]
fn a_pad_with_two_readers_serves_the_other() {
    let mut net = Net::new();
    let x = net.input(&[1, 3, 6, 7]);
    let (pads, zero) = (net.ints(&[0, 0, 1, 1, 0, 0, 1, 1]), net.scalar(0.0));
    let padded = net.op("Pad", &[x, pads, zero]);
    let conv = net.conv(padded, [3, 4], 3);
    let relu = net.op("Relu", &[padded]);
    let (rewritten, rewrites) = rewrite(&net.finish(&[conv, relu]), &["fold-pads"]);
    assert_eq!(rewrites, 1);
    assert_eq!(kinds(&rewritten), ["Pad", "Conv", "Relu"]);
    assert_eq!(rewritten.nodes[1].sources.len(), 1);
}

/// A pad of `value` in front of a pool of kernel 3; `behind` are operators between the input and the pad.
fn pooled(
    behind: &[&str],
    value: f32,
    pads: &[i64],
    (pool, attributes): (&str, &[(&'static str, Attribute)]),
) -> Graph {
    let mut net = Net::new();
    let mut x = net.input(&[1, 3, 9, 8]);
    for kind in behind {
        x = net.op(kind, &[x]);
    }
    let (pads, value) = (net.ints(pads), net.scalar(value));
    let padded = net.op("Pad", &[x, pads, value]);
    let mut all = vec![("kernel_shape", Attribute::Ints(vec![3, 3]))];
    all.extend(attributes.iter().cloned());
    let y = net.with(pool, &[padded], &all);
    net.finish(&[y])
}

fn ints(name: &'static str, values: &[i64]) -> (&'static str, Attribute) {
    (name, Attribute::Ints(values.to_vec()))
}

/// Pads of 0 to 2, rows and columns, before and after.
fn all_pads() -> impl Iterator<Item = [i64; 8]> {
    (1..81).map(|n| [0, 0, n % 3, n / 3 % 3, 0, 0, n / 9 % 3, n / 27])
}

#[test]
fn what_never_wins_a_maximum_becomes_its_own() {
    let plain: [&[(&'static str, Attribute)]; 3] =
        [&[], &[ints("strides", &[2, 2])], &[ints("dilations", &[2, 1]), ints("strides", &[1, 2])]];
    // The last windows of these may see padding alone: right, folded or not.
    let far: [&[(&'static str, Attribute)]; 2] = [
        &[ints("strides", &[2, 3]), ("ceil_mode", Attribute::Int(1))],
        &[("auto_pad", Attribute::String("SAME_UPPER".to_owned())), ints("strides", &[2, 2])],
    ];
    let mut places = 0;
    for (index, pads) in all_pads().enumerate() {
        let pool = ("MaxPool", plain[index % plain.len()]);
        for value in [f32::NEG_INFINITY, f32::MIN, -3.4e38] {
            assert_becomes(&pooled(&[], value, &pads, pool), &["fold-pads"], &["MaxPool"]);
        }
        let graph = pooled(&["Sigmoid"], -0.5, &pads, pool);
        assert_becomes(&graph, &["fold-pads"], &["Sigmoid", "MaxPool"]);
        for attributes in far {
            let graph = pooled(&[], f32::NEG_INFINITY, &pads, ("MaxPool", attributes));
            places += rewrite(&graph, &["fold-pads"]).1;
        }
    }
    assert!(places > 60, "{places} of 160");
}

#[test]
fn a_bound_of_the_input_never_wins() {
    let pads = [0, 0, 1, 1, 0, 0, 1, 1];
    let becomes = |behind: &[&str], value: f32, folded: bool| {
        let graph = pooled(behind, value, &pads, ("MaxPool", &[]));
        if folded {
            let kinds: Vec<_> = behind.iter().copied().chain(["MaxPool"]).collect();
            assert_becomes(&graph, &["fold-pads"], &kinds);
        } else {
            assert_untouched(&graph, "fold-pads");
        }
    };
    becomes(&["Relu"], 0.0, true);
    becomes(&["Relu"], -1.0, true);
    becomes(&["Relu"], 0.1, false);
    becomes(&["Tanh"], -1.0, true);
    becomes(&["Tanh"], 0.0, false);
    becomes(&["HardSwish"], -0.3, false);
    becomes(&["Relu", "Neg"], 0.0, false);
    becomes(&["LeakyRelu"], 0.0, false);
    becomes(&[], 0.0, false);
    becomes(&[], -65504.0, false);
}

#[test]
fn a_maximum_of_padding_alone_keeps_the_pad() {
    let far = [0, 0, 3, 0, 0, 0, 0, 0];
    assert_untouched(&pooled(&["Relu"], 0.0, &far, ("MaxPool", &[])), "fold-pads");
    let far = [0, 0, 0, 0, 0, 0, 0, 5];
    assert_untouched(&pooled(&["Relu"], 0.0, &far, ("MaxPool", &[])), "fold-pads");
    // Its own pad and the other's together reach over the window.
    let (near, own) = ([0, 0, 2, 0, 0, 0, 0, 0], [ints("pads", &[2, 0, 0, 0])]);
    assert_untouched(&pooled(&["Relu"], 0.0, &near, ("MaxPool", &own)), "fold-pads");
}

#[test]
fn zeros_before_a_mean_count() {
    let counts = |include| ("count_include_pad", Attribute::Int(include));
    for pads in all_pads() {
        for include in [0, 1] {
            for attributes in
                [vec![counts(include)], vec![counts(include), ints("strides", &[2, 3])]]
            {
                let graph = pooled(&[], 0.0, &pads, ("AveragePool", &attributes));
                assert_becomes(&graph, &["fold-pads"], &["AveragePool"]);
            }
            // Windows that are cut off count fewer elements: right, folded or not.
            let ceil = ("ceil_mode", Attribute::Int(1));
            let attributes = [counts(include), ints("strides", &[2, 2]), ceil];
            rewrite(&pooled(&[], 0.0, &pads, ("AveragePool", &attributes)), &["fold-pads"]);
        }
        // Its own pads beside those of the file: they count or they do not.
        let own = ints("pads", &[1, 1, 1, 1]);
        let graph = pooled(&[], 0.0, &pads, ("AveragePool", &[counts(1), own.clone()]));
        assert_becomes(&graph, &["fold-pads"], &["AveragePool"]);
        let graph = pooled(&[], 0.0, &pads, ("AveragePool", &[counts(0), own]));
        assert_untouched(&graph, "fold-pads");
    }
    let around = [0, 0, 1, 1, 0, 0, 1, 1];
    assert_untouched(&pooled(&[], 1.0, &around, ("AveragePool", &[])), "fold-pads");
    assert_untouched(&pooled(&["Relu"], -1.0, &around, ("AveragePool", &[])), "fold-pads");
}

#[test]
fn one_pad_behind_the_other_folds_too() {
    let mut net = Net::new();
    let x = net.input(&[1, 3, 6, 7]);
    let lowest = net.scalar(f32::NEG_INFINITY);
    let (first, second) =
        (net.ints(&[0, 0, 1, 0, 0, 0, 0, 0]), net.ints(&[0, 0, 0, 1, 0, 0, 1, 1]));
    let padded = net.op("Pad", &[x, first, lowest]);
    let padded = net.op("Pad", &[padded, second, lowest]);
    let y = net.with("MaxPool", &[padded], &[("kernel_shape", Attribute::Ints(vec![3, 3]))]);
    assert_becomes(&net.finish(&[y]), &["fold-pads"], &["MaxPool"]);
}
