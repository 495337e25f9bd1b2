//! Channels that are only renamed, in the spellings of exporters: float against int8, and nothing on the processor.

use seigo::base::random::Samples;
use seigo::compile::program::buffers;
use seigo::compile::schedule::{CHANNELS, Work};
use seigo::frontend::graph::{Graph, ValueId};
use seigo::frontend::onnx::Attribute;
use seigo::quantize::ptq::Options;

use super::{Form, conv, imported};
use crate::passes::net::Net;

/// Rows and columns.
const PLANE: [i64; 2] = [6, 10];

/// Reshape, Transpose with an order, Reshape.
fn reordered(net: &mut Net, x: ValueId, split: &[i64], order: &[i64], joined: &[i64]) -> ValueId {
    let (split, joined) = (net.ints(split), net.ints(joined));
    let x = net.op("Reshape", &[x, split]);
    let x = net.with("Transpose", &[x], &[("perm", Attribute::Ints(order.to_vec()))]);
    net.op("Reshape", &[x, joined])
}

/// Channels `first` to `last` of a value in one of the spellings.
fn part(net: &mut Net, samples: &mut Samples, x: ValueId, [first, last]: [i64; 2]) -> ValueId {
    if samples.below(2) == 0 {
        let bounds = [first, last, 1].map(|bound| net.ints(&[bound]));
        return net.op("Slice", &[x, bounds[0], bounds[1], bounds[2]]);
    }
    let indices = net.ints(&(first..last).collect::<Vec<_>>());
    net.with("Gather", &[x, indices], &[("axis", Attribute::Int(1))])
}

/// The halves of a value of `channels` channels shuffled by two groups, in one of the spellings.
fn shuffled_halves(
    net: &mut Net,
    samples: &mut Samples,
    x: ValueId,
    channels: i64,
) -> [ValueId; 2] {
    let half = channels / 2;
    let [rows, columns] = PLANE;
    match samples.below(4) {
        // As torch writes it: five axes, and slices of the result.
        0 => {
            let joined = [1, channels, rows, columns];
            let split = [1, 2, half, rows, columns];
            let x = reordered(net, x, &split, &[0, 2, 1, 3, 4], &joined);
            [[0, half], [half, channels]].map(|bounds| part(net, samples, x, bounds))
        }
        // Pairs of channels in front, planes as one axis, and the halves by Gather.
        1 => {
            let joined = [2, -1, half, rows, columns];
            let x = reordered(net, x, &[half, 2, rows * columns], &[1, 0, 2], &joined);
            [0, 1].map(|number| {
                let index = net.tensor(seigo::base::tensor::Tensor::scalar(number as i64));
                net.with("Gather", &[x, index], &[("axis", Attribute::Int(0))])
            })
        }
        // Every second channel, by steps of 2.
        2 => [0, 1].map(|first| {
            let bounds = [first, channels, 1, 2].map(|bound| net.ints(&[bound]));
            net.op("Slice", &[x, bounds[0], bounds[1], bounds[2], bounds[3]])
        }),
        // Channels last, shuffled there, and back.
        _ => {
            let x = net.with("Transpose", &[x], &[("perm", Attribute::Ints(vec![0, 2, 3, 1]))]);
            let split = [1, rows, columns, half, 2];
            let joined = [1, rows, columns, channels];
            let x = reordered(net, x, &split, &[0, 1, 2, 4, 3], &joined);
            let x = net.with("Transpose", &[x], &[("perm", Attribute::Ints(vec![0, 3, 1, 2]))]);
            [[0, half], [half, channels]].map(|bounds| part(net, samples, x, bounds))
        }
    }
}

/// Blocks of ShuffleNetV2: half of the channels pass, the others go through two convolutions.
fn shuffle_net(seed: u64, half: usize, blocks: usize) -> Graph {
    let mut samples = Samples::new(seed);
    let mut net = Net::new();
    let image = net.input(&[1, 3, PLANE[0] as usize, PLANE[1] as usize]);
    let mut x = conv(&mut net, &mut samples, image, [3, 2 * half, 3], 1.0);
    for _ in 0..blocks {
        let halves = shuffled_halves(&mut net, &mut samples, x, 2 * half as i64);
        let y = conv(&mut net, &mut samples, halves[1], [half, half, 1], 1.0);
        let y = net.op("Relu", &[y]);
        let y = conv(&mut net, &mut samples, y, [half, half, 3], 1.0);
        let y = net.op("Relu", &[y]);
        x = net.with("Concat", &[halves[0], y], &[("axis", Attribute::Int(1))]);
    }
    let x = conv(&mut net, &mut samples, x, [2 * half, 8, 1], 1.0);
    imported(net, &[x])
}

/// A shortcut with more channels than its source, zeros in front or behind, and a convolution on it.
fn padded(seed: u64, [before, behind]: [i64; 2]) -> Graph {
    let (mut samples, count) = (Samples::new(seed), 12 + (before + behind) as usize);
    let mut net = Net::new();
    let image = net.input(&[1, 3, 6, 10]);
    let x = conv(&mut net, &mut samples, image, [3, 12, 3], 1.0);
    let x = net.op("Relu", &[x]);
    let pads = net.ints(&[0, before, 0, 0, 0, behind, 0, 0]);
    let wide = net.op("Pad", &[x, pads]);
    let y = conv(&mut net, &mut samples, x, [12, count, 3], 1.0);
    let sum = net.op("Add", &[y, wide]);
    let sum = net.op("Relu", &[sum]);
    let y = conv(&mut net, &mut samples, sum, [count, 8, 1], 1.0);
    let z = conv(&mut net, &mut samples, wide, [count, 8, 3], 1.0);
    let both = net.op("Add", &[y, z]);
    imported(net, &[both])
}

/// An image with the channels last, as networks have it that were trained so; outputs too, where `back`.
fn channels_last(seed: u64, [channels, kernel, stride]: [usize; 3], back: bool) -> Graph {
    let mut samples = Samples::new(seed);
    let mut net = Net::new();
    let image = net.input(&[1, 18, 14, channels]);
    let x = net.with("Transpose", &[image], &[("perm", Attribute::Ints(vec![0, 3, 1, 2]))]);
    let weight = super::random(&mut samples, &[20, channels, kernel, kernel], 1.0);
    let weight = net.tensor(weight);
    let pads = [0, 0, kernel as i64 / 2, kernel as i64 / 2];
    let attributes = [
        ("pads", Attribute::Ints(pads.to_vec())),
        ("strides", Attribute::Ints(vec![stride as i64; 2])),
    ];
    let x = net.with("Conv", &[x, weight], &attributes);
    let x = net.op("Relu", &[x]);
    let x = conv(&mut net, &mut samples, x, [20, 8, 1], 1.0);
    let last = ("perm", Attribute::Ints(vec![0, 2, 3, 1]));
    let x = if back { net.with("Transpose", &[x], &[last]) } else { x };
    imported(net, &[x])
}

#[test]
fn images_with_channels_last_are_streamed() {
    for (seed, shape) in [[3, 3, 2], [1, 5, 1], [4, 7, 4], [2, 3, 1]].into_iter().enumerate() {
        let graph = channels_last(seed as u64, shape, seed % 2 == 0);
        let form = Form::new(&graph, &Options::default()).unwrap();
        assert!(form.decibels > 30.0, "{shape:?}: {} dB", form.decibels);
        let passes = &form.compile().schedule().passes.clone();
        let streamed = passes.iter().filter(|pass| buffers::streamed(&pass.work).is_some());
        assert_eq!(streamed.count(), 1, "{shape:?}");
    }
}

#[test]
fn shuffles_of_every_spelling_move_nothing() {
    for seed in 0..12 {
        let half = [8, 16, 12, 29][seed as usize % 4];
        let form = Form::new(&shuffle_net(seed, half, 2), &Options::default()).unwrap();
        assert!(form.decibels > 26.0, "half {half}, seed {seed}: {} dB", form.decibels);
        form.compile();
    }
}

/// A stage of ShuffleNetV2 with what is behind it: a depthwise filter on all channels, a pool, and a convolution on both.
fn shuffle_stage(seed: u64, half: usize, blocks: usize) -> Graph {
    let mut samples = Samples::new(seed);
    let mut net = Net::new();
    let image = net.input(&[1, 3, PLANE[0] as usize, PLANE[1] as usize]);
    let mut parts = [0, 1].map(|_| conv(&mut net, &mut samples, image, [3, half, 3], 1.0));
    let mut x = net.with("Concat", &parts, &[("axis", Attribute::Int(1))]);
    for _ in 0..blocks {
        parts = shuffled_halves(&mut net, &mut samples, x, 2 * half as i64);
        parts[1] = conv(&mut net, &mut samples, parts[1], [half, half, 3], 1.0);
        parts[1] = net.op("Relu", &[parts[1]]);
        x = net.with("Concat", &parts, &[("axis", Attribute::Int(1))]);
    }
    let halves = shuffled_halves(&mut net, &mut samples, x, 2 * half as i64);
    let x = net.with("Concat", &halves, &[("axis", Attribute::Int(1))]);
    let weight = super::random(&mut samples, &[2 * half, 1, 3, 3], 0.8);
    let weight = net.tensor(weight);
    let pads = || ("pads", Attribute::Ints(vec![1; 4]));
    let group = ("group", Attribute::Int(2 * half as i64));
    let y = net.with("Conv", &[x, weight], &[pads(), group]);
    let kernel = ("kernel_shape", Attribute::Ints(vec![3, 3]));
    let z = net.with("MaxPool", &[x], &[pads(), kernel]);
    let outputs = [y, z].map(|x| conv(&mut net, &mut samples, x, [2 * half, 40, 1], 1.0));
    let both = net.op("Add", &outputs);
    imported(net, &[both])
}

/// Filters by channel behind a shuffle read its channels from where they lie: no plane is copied for each of those behind it.
#[test]
fn what_is_behind_a_stage_of_shuffles_reads_it_where_it_lies() {
    for (seed, half) in [29, 58, 24, 20].into_iter().enumerate() {
        let form = Form::new(&shuffle_stage(seed as u64, half, 3), &Options::default()).unwrap();
        assert!(form.decibels > 25.0, "half {half}: {} dB", form.decibels);
        let compiled = form.compile();
        let copies = compiled.schedule().passes.iter().filter_map(|pass| match &pass.work {
            Work::Dense(dense) if form.graph.layers[dense.layer].op.movement().is_some() => {
                Some(dense.slots.len() / CHANNELS)
            }
            _ => None,
        });
        assert!(copies.sum::<usize>() <= 4, "half {half}");
    }
}

#[test]
fn channels_of_zeros_cost_a_pass_at_most() {
    for (seed, pads) in [[0, 4], [0, 12], [3, 0], [5, 20]].into_iter().enumerate() {
        let form = Form::new(&padded(seed as u64, pads), &Options::default()).unwrap();
        assert!(form.decibels > 28.0, "{pads:?}: {} dB", form.decibels);
        form.compile();
    }
}

#[test]
#[ignore = "make test-forms: each network is compiled by Verilator"]
fn the_hardware_has_renamed_channels() {
    Form::new(&shuffle_net(5, 12, 2), &Options::default()).unwrap().verify();
    Form::new(&shuffle_stage(2, 24, 3), &Options::default()).unwrap().verify();
    Form::new(&padded(1, [0, 12]), &Options::default()).unwrap().verify();
    Form::new(&channels_last(0, [3, 3, 2], true), &Options::default()).unwrap().verify();
}
