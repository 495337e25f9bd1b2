//! Planes that grow: transposed convolutions, depth-to-space, linear interpolation.

use seigo::base::random::Samples;
use seigo::base::tensor::Tensor;
use seigo::compile::boards::{PortDomains, Target};
use seigo::compile::schedule::{Work, assignment};
use seigo::compile::{CompileOptions, Compiled};
use seigo::frontend::graph::{Graph, ValueId};
use seigo::frontend::onnx::Attribute;
use seigo::model::ceras::Model;
use seigo::quantize::ptq::{Frames as _, Options};

use super::{Form, conv, imported, random};
use crate::accelerator::simulate;
use crate::passes::net::Net;

fn pick(samples: &mut Samples, from: usize, to: usize) -> usize {
    from + samples.below(to + 1 - from)
}

fn ints(values: &[usize]) -> Attribute {
    Attribute::Ints(values.iter().map(|&value| value as i64).collect())
}

/// What a network has, and the dB that it keeps.
struct Case {
    what: String,
    least: f64,
}

/// A transposed convolution of random window and groups from `channels` channels, and its output channels.
fn transposed(
    net: &mut Net,
    samples: &mut Samples,
    input: ValueId,
    channels: usize,
    stride: usize,
) -> (ValueId, usize, Case) {
    let kernel = [pick(samples, stride, 5), pick(samples, stride, 5)];
    let group = [1, 2, channels][samples.below(3)];
    let outputs = group * pick(samples, 1, if group == channels { 1 } else { 24 / group });
    let pads = kernel.map(|kernel| (samples.below(kernel), samples.below(kernel)));
    let extra = [samples.below(stride), samples.below(stride)];
    let fan = (channels / group * kernel[0] * kernel[1]).div_ceil(stride * stride) as f32;
    let shape = [channels, outputs / group, kernel[0], kernel[1]];
    let weight = net.tensor(random(samples, &shape, 2.5 / fan.sqrt()));
    let bias = net.tensor(random(samples, &[outputs], 0.2));
    let attributes = [
        ("strides", ints(&[stride; 2])),
        ("pads", ints(&[pads[0].0, pads[1].0, pads[0].1, pads[1].1])),
        ("output_padding", ints(&extra)),
        ("group", Attribute::Int(group as i64)),
    ];
    let what = format!("{shape:?}, {group} groups, stride {stride}, pads {pads:?}, {extra:?}");
    // The phases of a depthwise one have few taps each, some a single one, and one scale for all.
    let least = if group == channels { 24.0 } else { 28.0 };
    (net.with("ConvTranspose", &[input, weight, bias], &attributes), outputs, Case { what, least })
}

fn network(seed: u64, stride: usize) -> (Graph, Case) {
    let mut samples = Samples::new(seed);
    let mut net = Net::new();
    let image = net.input(&[1, 3, pick(&mut samples, 5, 9), pick(&mut samples, 5, 9)]);
    let channels = 2 * pick(&mut samples, 1, 12);
    let x = conv(&mut net, &mut samples, image, [3, channels, 3], 1.0);
    let x = net.op("Relu", &[x]);
    let (x, outputs, case) = transposed(&mut net, &mut samples, x, channels, stride);
    let x =
        if samples.below(2) == 1 { net.op(["Relu", "Sigmoid"][samples.below(2)], &[x]) } else { x };
    let x = conv(&mut net, &mut samples, x, [outputs, 8, 3], 1.0);
    (imported(net, &[x]), case)
}

#[test]
fn transposed_convolutions_of_any_stride_run_on_the_accelerator() {
    for seed in 0..24 {
        let (graph, Case { what, least }) = network(seed, 1 + seed as usize % 4);
        let form = Form::new(&graph, &Options::default()).unwrap();
        assert!(form.decibels > least, "{seed}: {what}: {} dB", form.decibels);
        form.compile();
    }
}

/// Too large for the memory: cut in strips, where the processor interleaves the phases, as is said of the layers.
#[test]
fn a_network_in_strips_has_its_phases_interleaved_by_the_processor() {
    let mut samples = Samples::new(1);
    let mut net = Net::new();
    let image = net.input(&[1, 3, 48, 48]);
    let x = conv(&mut net, &mut samples, image, [3, 16, 3], 1.0);
    let x = net.op("Relu", &[x]);
    let weight = net.tensor(random(&mut samples, &[16, 16, 2, 2], 0.6));
    let bias = net.tensor(random(&mut samples, &[16], 0.2));
    let x = net.with("ConvTranspose", &[x, weight, bias], &[("strides", ints(&[2; 2]))]);
    let x = net.op("Relu", &[x]);
    let x = conv(&mut net, &mut samples, x, [16, 8, 3], 1.0);
    let form = Form::new(&imported(net, &[x]), &Options::default()).unwrap();
    form.compile();
    let mut target = Target::load("kv260").unwrap();
    target.port_domains = PortDomains { banks: 4, bytes: 64 << 10, count: 2 };
    target.memory_bytes = 128 << 10;
    let model = Model::new(form.graph.clone());
    let compiled = Compiled::new(model, &target, CompileOptions::default()).unwrap();
    assert!(!compiled.plan.groups.is_empty());
    let mut passes = compiled.schedule().passes.iter();
    assert!(passes.any(|pass| matches!(pass.work, Work::Processor { .. })));
    simulate(&compiled, &form.frames.frame(5).unwrap()).unwrap();
    let assigned = assignment(&form.graph, &target).unwrap();
    assert!(assigned.iter().any(|assigned| assigned.worker.is_processor()));
}

/// A network that ends with phases, and one that adds to them.
#[test]
fn phases_leave_and_are_added_to() {
    for seed in 0..4 {
        let mut samples = Samples::new(seed);
        let mut net = Net::new();
        let image = net.input(&[1, 4, 6, 8]);
        let x = conv(&mut net, &mut samples, image, [4, 20, 3], 1.0);
        let x = net.op("Relu", &[x]);
        let mut double = |net: &mut Net, from: ValueId| {
            let weight = net.tensor(random(&mut samples, &[20, 12, 2, 2], 0.5));
            net.with("ConvTranspose", &[from, weight], &[("strides", ints(&[2, 2]))])
        };
        let (first, second) = (double(&mut net, x), double(&mut net, x));
        let sum = net.op("Add", &[first, second]);
        let last = double(&mut net, x);
        let graph = imported(net, &[sum, last]);
        let form = Form::new(&graph, &Options::default()).unwrap();
        assert!(form.decibels > 28.0, "{} dB", form.decibels);
        form.compile();
    }
}

/// `DepthToSpace` behind a convolution, or behind something else.
fn shuffled(seed: u64, block: usize, mode: &str, bare: bool) -> Graph {
    let mut samples = Samples::new(seed);
    let mut net = Net::new();
    let image = net.input(&[1, 3, 7, 6]);
    let channels = 5 * block * block;
    let x = conv(&mut net, &mut samples, image, [3, channels, 3], 1.0);
    let x = if bare { net.with("MaxPool", &[x], &[("kernel_shape", ints(&[2, 2]))]) } else { x };
    let mode = Attribute::String(mode.into());
    let block = Attribute::Int(block as i64);
    let x = net.with("DepthToSpace", &[x], &[("blocksize", block), ("mode", mode)]);
    let x = conv(&mut net, &mut samples, x, [5, 4, 3], 1.0);
    imported(net, &[x])
}

#[test]
fn depth_to_space_runs_on_the_accelerator() {
    for (seed, (block, mode, bare)) in
        [(2, "DCR", false), (2, "CRD", false), (3, "CRD", true), (4, "DCR", false)]
            .into_iter()
            .enumerate()
    {
        let form =
            Form::new(&shuffled(seed as u64, block, mode, bare), &Options::default()).unwrap();
        assert!(form.decibels > 28.0, "{block} {mode}: {} dB", form.decibels);
        form.compile();
    }
}

/// Linear interpolation between two convolutions.
fn linear(seed: u64, scale: usize, coordinates: &str) -> Graph {
    let mut samples = Samples::new(seed);
    let mut net = Net::new();
    let plane = [pick(&mut samples, 1, 7), pick(&mut samples, 4, 9)];
    let image = net.input(&[1, 3, plane[0], plane[1]]);
    let x = conv(&mut net, &mut samples, image, [3, 20, 3], 1.0);
    let x = net.op("Relu", &[x]);
    let sizes: Vec<i64> = match coordinates {
        "align_corners" => plane.map(|extent| ((extent - 1) * scale + 1) as i64).to_vec(),
        _ => plane.map(|extent| (extent * scale) as i64).to_vec(),
    };
    let none = net.tensor(Tensor::vector(Vec::<f32>::new()));
    let sizes = net.ints(&[1, 20, sizes[0], sizes[1]]);
    let mode = Attribute::String("linear".into());
    let coordinates = Attribute::String(coordinates.into());
    let attributes = [("mode", mode), ("coordinate_transformation_mode", coordinates)];
    let x = net.with("Resize", &[x, none, none, sizes], &attributes);
    let x = conv(&mut net, &mut samples, x, [20, 8, 1], 1.0);
    imported(net, &[x])
}

#[test]
fn linear_interpolation_runs_on_the_accelerator() {
    let modes = ["half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners"];
    for (seed, mode) in modes.into_iter().cycle().enumerate().take(12) {
        let scale = [2, 4][seed / 4 % 2];
        let form = Form::new(&linear(seed as u64, scale, mode), &Options::default()).unwrap();
        assert!(form.decibels > 28.0, "{mode} by {scale}: {} dB", form.decibels);
        form.compile();
    }
}

/// One network with all of it, so that one design is simulated.
#[test]
fn the_hardware_enlarges_planes() {
    let mut samples = Samples::new(5);
    let mut net = Net::new();
    let image = net.input(&[1, 3, 7, 6]);
    let x = conv(&mut net, &mut samples, image, [3, 12, 3], 1.0);
    let x = net.op("Relu", &[x]);
    let (three, outputs, _) = transposed(&mut net, &mut samples, x, 12, 3);
    let three = conv(&mut net, &mut samples, three, [outputs, 4, 1], 1.0);
    let weight = net.tensor(random(&mut samples, &[12, 20, 4, 4], 0.2));
    let attributes = [("strides", ints(&[2, 2])), ("pads", ints(&[1; 4]))];
    let two = net.with("ConvTranspose", &[x, weight], &attributes);
    let attributes = [("mode", Attribute::String("linear".into()))];
    let none = net.tensor(Tensor::vector(Vec::<f32>::new()));
    let scales = net.tensor(Tensor::vector(vec![1.0f32, 1.0, 2.0, 2.0]));
    let four = net.with("Resize", &[two, none, scales], &attributes);
    let four = conv(&mut net, &mut samples, four, [20, 4, 3], 1.0);
    let graph = imported(net, &[three, two, four]);
    Form::new(&graph, &Options::default()).unwrap().verify();
}

/// The fusion of a multi-resolution network, the image-level branch of a segmentation network, and a kernel whose
/// taps lie farther apart than the array takes.
#[test]
fn repeated_pixels_and_wide_dilations_run_on_the_accelerator() {
    for (seed, scale) in [(1, 4), (2, 8), (3, 2)] {
        let mut samples = Samples::new(seed);
        let mut net = Net::new();
        let side = 8 * scale;
        let image = net.input(&[1, 3, side, side]);
        let x = conv(&mut net, &mut samples, image, [3, 16, 3], 1.0);
        let x = net.op("Relu", &[x]);
        let pool = [
            ("kernel_shape", Attribute::Ints(vec![scale as i64; 2])),
            ("strides", Attribute::Ints(vec![scale as i64; 2])),
        ];
        let small = net.with("MaxPool", &[x], &pool);
        let far =
            [("dilations", Attribute::Ints(vec![24; 2])), ("pads", Attribute::Ints(vec![24; 4]))];
        let weight = net.tensor(random(&mut samples, &[16, 16, 3, 3], 0.5));
        let small = net.with("Conv", &[small, weight], &far);
        let small = net.op("Relu", &[small]);
        let how = ["nearest", "half_pixel", "round_prefer_floor"];
        let grown = net.resize(small, [1, 16, side, side], how);
        let sum = net.op("Add", &[grown, x]);
        let pixel = net.op("GlobalAveragePool", &[sum]);
        let pixel = conv(&mut net, &mut samples, pixel, [16, 16, 1], 1.0);
        let spread = net.resize(pixel, [1, 16, side, side], ["linear", "half_pixel", "floor"]);
        let all = net.with("Concat", &[sum, spread], &[("axis", Attribute::Int(1))]);
        let end = conv(&mut net, &mut samples, all, [32, 8, 1], 1.0);
        let form = Form::new(&imported(net, &[end]), &Options::default()).unwrap();
        assert!(form.decibels > 28.0, "{scale}: {} dB", form.decibels);
        form.compile();
    }
}
