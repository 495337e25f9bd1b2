//! `average-to-conv`.

use seigo::frontend::onnx::Attribute;

use super::net::{Net, assert_untouched, kinds, rewrite};

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

/// The convolution, and three for each border.
#[test]
fn windows_that_count_their_elements_are_multiplied_at_the_border() {
    let mut net = Net::new();
    let x = net.input(SHAPE);
    let partial = net.with("AveragePool", &[x], &window(3, 1));
    let mut ceil = window(4, 0);
    ceil.push(("ceil_mode", Attribute::Int(1)));
    let ceil = net.with("AveragePool", &[x], &ceil);
    let mut same = window(3, 0);
    same[2] = ("auto_pad", Attribute::String("SAME_UPPER".into()));
    let same = net.with("AveragePool", &[x], &same);
    let (rewritten, rewrites) = rewrite(&net.finish(&[partial, ceil, same]), &[NAME]);
    assert_eq!(rewrites, 3);
    assert!(kinds(&rewritten).iter().all(|kind| kind.starts_with("Conv (grouped)")));
}

#[test]
fn borders_of_any_window_are_those_of_the_mean() {
    for kernel in 1..6usize {
        for pad in 0..kernel {
            for stride in 1..4 {
                let mut net = Net::new();
                let x = net.input(&[1, 2, 9, 8]);
                let attributes = [
                    ("kernel_shape", Attribute::Ints(vec![kernel as i64; 2])),
                    ("strides", Attribute::Ints(vec![stride; 2])),
                    ("pads", Attribute::Ints(vec![pad as i64, 0, 0, pad as i64])),
                    ("ceil_mode", Attribute::Int(i64::from(stride > 1))),
                ];
                let pool = net.with("AveragePool", &[x], &attributes);
                let (_, rewrites) = rewrite(&net.finish(&[pool]), &[NAME]);
                assert_eq!(rewrites, 1, "{kernel} {pad} {stride}");
            }
        }
    }
}

#[test]
fn borders_as_wide_as_no_kernel_stay() {
    let mut net = Net::new();
    let x = net.input(&[1, 2, 20, 20]);
    let wide = net.with("AveragePool", &[x], &window(10, 9));
    assert_untouched(&net.finish(&[wide]), NAME);
}

#[test]
fn pads_that_are_left_to_the_operator_are_written_out() {
    let mut net = Net::new();
    let x = net.input(SHAPE);
    let mut means = Vec::new();
    for auto_pad in ["SAME_UPPER", "SAME_LOWER", "VALID"] {
        let mut same = window(2, 0);
        same[2] = ("auto_pad", Attribute::String(auto_pad.into()));
        same.push(("count_include_pad", Attribute::Int(1)));
        means.push(net.with("AveragePool", &[x], &same));
    }
    // With `ceil_mode`, the window that is there for no more than the pad of the file.
    let mut ceil = window(3, 1);
    ceil.push(("ceil_mode", Attribute::Int(1)));
    ceil.push(("count_include_pad", Attribute::Int(1)));
    means.push(net.with("AveragePool", &[x], &ceil));
    let (rewritten, rewrites) = rewrite(&net.finish(&means), &[NAME]);
    assert_eq!((rewrites, kinds(&rewritten)), (4, vec!["Conv (grouped)".into(); 4]));
}

#[test]
fn a_mean_that_drops_its_axes_is_flattened_behind() {
    let mut net = Net::new();
    let x = net.input(SHAPE);
    let axes = net.ints(&[-2, -1]);
    let mean = net.with("ReduceMean", &[x, axes], &[("keepdims", Attribute::Int(0))]);
    let (rewritten, _) = rewrite(&net.finish(&[mean]), &[NAME]);
    assert_eq!(kinds(&rewritten), ["Conv (grouped)", "Flatten"]);
}

#[test]
fn a_sum_over_a_plane_is_a_mean_times_its_pixels() {
    for plane in [[5, 6], [20, 40]] {
        let mut net = Net::new();
        let x = net.input(&[1, 3, plane[0], plane[1]]);
        let axes = net.ints(&[3, 2]);
        let sum = net.op("ReduceSum", &[x, axes]);
        let (rewritten, rewrites) = rewrite(&net.finish(&[sum]), &[NAME]);
        assert_eq!(rewrites, 1);
        assert!(kinds(&rewritten).iter().all(|kind| kind == "Conv (grouped)"));
    }
}

#[test]
fn a_large_plane_is_a_mean_of_means() {
    let planes = [
        ([7, 7], 1),
        ([14, 14], 2),
        ([13, 13], 2),
        ([16, 16], 2),
        ([40, 40], 3),
        ([17, 3], 3),
        ([23, 40], 3),
        ([112, 56], 4),
        ([230, 17], 3),
    ];
    for (plane, steps) in planes {
        let mut net = Net::new();
        let x = net.input(&[1, 2, plane[0], plane[1]]);
        let global = net.op("GlobalAveragePool", &[x]);
        let kernel = plane.map(|extent| extent as i64).to_vec();
        let pool = net.with("AveragePool", &[x], &[("kernel_shape", Attribute::Ints(kernel))]);
        let (rewritten, rewrites) = rewrite(&net.finish(&[global, pool]), &[NAME]);
        assert_eq!((rewrites, rewritten.nodes.len()), (2, 2 * steps), "{plane:?}");
        assert!(kinds(&rewritten).iter().all(|kind| kind == "Conv (grouped)"));
    }
}

#[test]
fn larger_windows_that_slide_stay() {
    let mut net = Net::new();
    let x = net.input(&[1, 2, 20, 20]);
    let sliding = net.with("AveragePool", &[x], &window(17, 0));
    assert_untouched(&net.finish(&[sliding]), NAME);
}
