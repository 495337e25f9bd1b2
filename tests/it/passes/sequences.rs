//! Layers over sequences become layers over planes.

use seigo::frontend::graph::{Graph, ValueId};
use seigo::frontend::onnx::Attribute;

use super::net::{Net, rewrite};

const NAME: &str = "lift-sequences";

fn ints(values: &[i64]) -> Attribute {
    Attribute::Ints(values.to_vec())
}

fn only_planes(graph: &Graph) -> bool {
    let of = |id: ValueId| graph.fact(id).shape.len();
    graph.nodes.iter().filter(|node| node.op.kind() == "Conv").all(|node| of(node.outputs[0]) == 4)
}

#[test]
fn windows_slide_over_one_row() {
    for (kernel, stride, dilation, pads) in
        [(3, 1, 1, [1, 1]), (5, 2, 1, [0, 3]), (3, 1, 4, [2, 1])]
    {
        let mut net = Net::new();
        let x = net.input(&[1, 4, 40]);
        let attributes =
            [("strides", ints(&[stride])), ("dilations", ints(&[dilation])), ("pads", ints(&pads))];
        let (weight, bias) = (net.random(&[6, 4, kernel]), net.random(&[6]));
        let y = net.with("Conv", &[x, weight, bias], &attributes);
        let y = net.op("Relu", &[y]);
        let slope = net.random(&[6, 1]);
        let y = net.op("PRelu", &[y, slope]);
        let window = [("kernel_shape", ints(&[2])), ("strides", ints(&[2]))];
        let (a, b) = (net.with("MaxPool", &[y], &window), net.with("AveragePool", &[y], &window));
        let sum = net.op("Add", &[a, b]);
        let y = net.with("Concat", &[sum, b], &[("axis", Attribute::Int(1))]);
        let weight = net.random(&[5, 12, 1]);
        let y = net.op("Conv", &[y, weight]);
        let scale = net.random(&[1, 5, 1]);
        let y = net.op("Mul", &[y, scale]);
        let (graph, _) = rewrite(&net.finish(&[y]), &[NAME]);
        assert!(only_planes(&graph));
    }
}

#[test]
fn a_sequence_ends_in_a_mean_or_a_vector() {
    for (end, keep) in
        [("GlobalAveragePool", 1), ("ReduceMean", 0), ("ReduceMax", 1), ("Flatten", 1)]
    {
        let mut net = Net::new();
        let x = net.input(&[1, 3, 20]);
        let weight = net.random(&[8, 3, 5]);
        let y = net.op("Conv", &[x, weight]);
        let y = match end {
            "Flatten" => y,
            "GlobalAveragePool" => net.op(end, &[y]),
            _ => {
                let axes = net.ints(&[-1]);
                net.with(end, &[y, axes], &[("keepdims", Attribute::Int(keep))])
            }
        };
        let y = net.op("Flatten", &[y]);
        let (graph, _) = rewrite(&net.finish(&[y]), &[NAME]);
        assert!(only_planes(&graph));
    }
}

/// The length is no axis of channels, and a product of two sequences may broadcast.
#[test]
fn what_is_no_window_stays_or_broadcasts() {
    let mut net = Net::new();
    let x = net.input(&[1, 3, 20]);
    let weight = net.random(&[3, 3, 1]);
    let y = net.op("Conv", &[x, weight]);
    let mean = net.op("GlobalAveragePool", &[y]);
    let y = net.op("Mul", &[y, mean]);
    let longer = net.with("Concat", &[y, x], &[("axis", Attribute::Int(2))]);
    let along = net.random(&[20]);
    let shifted = net.op("Add", &[y, along]);
    rewrite(&net.finish(&[longer, shifted]), &[NAME]);
}
