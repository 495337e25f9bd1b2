//! `grow-channels`.

use seigo::base::random::Samples;
use seigo::base::tensor::Tensor;
use seigo::frontend::graph::{Graph, ValueId};
use seigo::frontend::onnx::Attribute;

use super::net::{Net, assert_untouched, kinds, rewrite};

const NAMES: &[&str] = &["fuse-epilogues", "channel-maps", "grow-channels"];

/// Zeros behind the channels.
fn padded(net: &mut Net, x: ValueId, more: usize) -> ValueId {
    let pads = net.ints(&[0, 0, 0, 0, 0, more as i64, 0, 0]);
    net.op("Pad", &[x, pads])
}

/// The same, of planes of 6 x 7, as a concatenation.
fn joined(net: &mut Net, x: ValueId, more: usize) -> ValueId {
    let zeros = net.tensor(Tensor::new(&[1, more, 6, 7], vec![0f32; more * 42]).unwrap());
    net.with("Concat", &[x, zeros], &[("axis", Attribute::Int(1))])
}

/// A depthwise convolution of 3 x 3.
fn depthwise(net: &mut Net, x: ValueId, channels: usize) -> ValueId {
    let weight = net.random(&[channels, 1, 3, 3]);
    let attributes =
        [("group", Attribute::Int(channels as i64)), ("pads", Attribute::Ints(vec![1; 4]))];
    net.with("Conv", &[x, weight], &attributes)
}

/// A depthwise and a pointwise convolution, to whose sum the input is added with channels of zeros.
fn block(net: &mut Net, x: ValueId, [from, to]: [usize; 2]) -> ValueId {
    let y = depthwise(net, x, from);
    let y = net.conv(y, [from, to], 1);
    let x = match to - from {
        0 => x,
        more if more % 2 == 0 => padded(net, x, more),
        more => joined(net, x, more),
    };
    let sum = net.op("Add", &[y, x]);
    net.op("Relu", &[sum])
}

/// Blocks of so many channels, then a convolution.
fn chain(channels: &[usize]) -> Graph {
    let mut net = Net::new();
    let x = net.input(&[1, 3, 6, 7]);
    let x = net.conv(x, [3, channels[0]], 3);
    let mut x = net.op("Relu", &[x]);
    for pair in channels.windows(2) {
        x = block(&mut net, x, [pair[0], pair[1]]);
    }
    let y = net.conv(x, [channels[channels.len() - 1], 5], 1);
    net.finish(&[y])
}

/// Convolutions that copy, by their names, of what is left.
fn copies(graph: &Graph) -> usize {
    graph.nodes.iter().filter(|node| node.name.ends_with(":padded")).count()
}

#[test]
fn zeros_within_the_last_plane_are_made_with_the_rest() {
    for (channels, places, left) in [
        (&[24, 28][..], 1, 0),
        (&[24, 28, 32], 2, 0),
        (&[24, 24, 28, 28, 31], 2, 0),
        (&[30, 32, 36, 42, 48], 3, 1),
        (&[16, 17], 0, 1),
        (&[3, 16, 32], 1, 1),
    ] {
        let (rewritten, _) = rewrite(&chain(channels), NAMES);
        assert_eq!(copies(&rewritten), left, "{channels:?}: {:?}", kinds(&rewritten));
        let (before, _) = rewrite(&chain(channels), &NAMES[..2]);
        assert_eq!(before.nodes.len() - rewritten.nodes.len(), places, "{channels:?}");
    }
}

#[test]
fn random_chains_stay_the_same() {
    let mut samples = Samples::new(31);
    for _ in 0..20 {
        let mut channels = vec![1 + samples.below(40)];
        for _ in 0..1 + samples.below(4) {
            channels.push(channels[channels.len() - 1] + samples.below(9));
        }
        let planes = |channels: usize| channels.div_ceil(16);
        let more = |pair: &&[usize]| planes(pair[0]) < planes(pair[1]);
        let left = channels.windows(2).filter(more).count();
        let (rewritten, _) = rewrite(&chain(&channels), NAMES);
        assert_eq!(copies(&rewritten), left, "{channels:?}");
    }
}

#[test]
fn a_maximum_and_an_addition_pass_them_on() {
    let mut net = Net::new();
    let x = net.input(&[1, 3, 8, 8]);
    let a = net.conv(x, [3, 10], 3);
    let b = net.conv(x, [3, 10], 1);
    let sum = net.op("Add", &[a, b]);
    let x = net.op("HardSwish", &[sum]);
    let kernel = Attribute::Ints(vec![2; 2]);
    let x = net.with("MaxPool", &[x], &[("kernel_shape", kernel.clone()), ("strides", kernel)]);
    let y = net.conv(x, [10, 14], 3);
    let x = padded(&mut net, x, 4);
    let y = net.op("Add", &[y, x]);
    let y = net.conv(y, [14, 2], 1);
    let (rewritten, _) = rewrite(&net.finish(&[y]), NAMES);
    assert_eq!(copies(&rewritten), 0, "{:?}", kinds(&rewritten));
}

/// What has no zeros to give, or other readers than these, keeps its channels.
#[test]
fn others_are_copied() {
    let all = |make: fn(&mut Net, ValueId) -> (ValueId, Vec<ValueId>)| {
        let mut net = Net::new();
        let x = net.input(&[1, 3, 6, 6]);
        let x = net.conv(x, [3, 10], 1);
        let (x, mut outputs) = make(&mut net, x);
        let y = net.conv(x, [10, 12], 3);
        let x = padded(&mut net, x, 2);
        outputs.push(net.op("Add", &[y, x]));
        let graph = net.finish(&outputs);
        let (mapped, _) = rewrite(&graph, &NAMES[..2]);
        assert_eq!(copies(&mapped), 1);
        assert_untouched(&mapped, NAMES[2]);
    };
    all(|net, x| (net.op("Sigmoid", &[x]), vec![]));
    all(|_, x| (x, vec![x]));
    all(|net, x| {
        let means = net.op("GlobalAveragePool", &[x]);
        (x, vec![means])
    });
    all(|net, x| {
        let (factor, weight) = (net.scalar(2.0), net.random(&[4, 5, 1, 1]));
        let twice = net.op("Mul", &[x, factor]);
        let grouped = net.with("Conv", &[x, weight], &[("group", Attribute::Int(2))]);
        (x, vec![twice, grouped])
    });
}

#[test]
fn an_input_of_the_network_is_copied() {
    let mut net = Net::new();
    let x = net.input(&[1, 10, 6, 6]);
    let y = net.conv(x, [10, 12], 3);
    let x = padded(&mut net, x, 2);
    let y = net.op("Add", &[y, x]);
    let (mapped, _) = rewrite(&net.finish(&[y]), &NAMES[..2]);
    assert_untouched(&mapped, NAMES[2]);
}
