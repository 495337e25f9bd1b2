//! What `seigo inspect --target` says of every layer is what the program that `seigo build` makes does.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use seigo::base::arithmetic::Base;
use seigo::base::arithmetic::Function;
use seigo::compile::Compiled;
use seigo::compile::boards::Target;
use seigo::compile::program::fields;
use seigo::compile::program::format::decode::{Kind, decode};
use seigo::compile::schedule::{Assigned, Worker, assignment};
use seigo::frontend::ops::average_pool::AveragePool;
use seigo::frontend::ops::global_pool::GlobalPool;
use seigo::frontend::ops::max_pool::MaxPool;
use seigo::frontend::ops::window::{Axis, Window};
use seigo::model::qgraph::{ConvOutput, Format, QConv, QGraph, QOp, QValueId, Scale, Width};

use crate::accelerator::compile;
use crate::networks::{self, Net, Shape};
use crate::quantized::{self, Choices};

/// Networks that are compared, at least.
const NETWORKS: usize = 200;

/// Targets that can do all, and less.
fn targets() -> [Target; 3] {
    let all = Target::load("kv260").unwrap();
    let mut chained = Target::load("zynq7020").unwrap();
    chained.capabilities.depthwise_sequential = false;
    let mut least = all.clone();
    least.capabilities = Default::default();
    least.capabilities.depthwise_sequential = true;
    [all, chained, least]
}

fn networks() -> impl Strategy<Value = QGraph> {
    let numbers = || prop::collection::vec(any::<u32>(), 20..200);
    let known = numbers().prop_map(|numbers| {
        let mut choices = Choices::new(numbers);
        networks::random(&mut |limit| choices.below(limit))
    });
    let odd = numbers().prop_map(|numbers| {
        let mut choices = Choices::new(numbers);
        odd(&mut |limit| choices.below(limit))
    });
    prop_oneof![2 => odd, 1 => known, 1 => quantized::graphs().prop_map(packable)]
}

/// Weights of -128 have no place where two products share a multiplier, which the build refuses.
fn packable(mut graph: QGraph) -> QGraph {
    for layer in &mut graph.layers {
        if let QOp::Conv(conv) = &mut layer.op {
            conv.weights.iter_mut().for_each(|weight| *weight = (*weight).max(-127));
        }
    }
    graph
}

/// A window along an axis: large, spread, padded or stepped as the hardware takes it or not.
fn axis(below: &mut dyn FnMut(usize) -> usize, input: usize) -> Axis {
    let kernel: usize = [3, 1, 2, 5, 9, 15, 17][below(7)];
    let dilation: usize = [1, 1, 2, 3, 16][below(5)];
    let stride = [1, 2, 3, 4, 16][below(5)];
    let begin = [kernel / 2, 0, 1, 2][below(4)];
    let reach = (kernel - 1) * dilation + 1;
    let end = [begin, 0, 2][below(3)].max(reach.saturating_sub(input + begin));
    let output = (input + begin + end - reach) / stride + 1;
    Axis { input, output, kernel, stride, dilation, begin, end }
}

fn conv(
    net: &mut Net,
    name: &str,
    x: QValueId,
    axes: [Axis; 2],
    below: &mut dyn FnMut(usize) -> usize,
) -> QValueId {
    let channels = net.shape(x)[1];
    let group = if below(2) == 0 { 1 } else { channels };
    let outputs = if group == 1 { 4 } else { channels };
    let taps = axes[0].kernel * axes[1].kernel * channels / group;
    let result = net.value(name, &[1, outputs, axes[0].output, axes[1].output], Width::I8);
    let conv = QConv {
        axes,
        group,
        weights: (0..outputs * taps).map(|index| (index % 15) as i8 - 7).collect(),
        exponents: vec![-8; outputs],
        bias: vec![5; outputs],
        output: ConvOutput::Direct { shifts: vec![4; outputs], relu: false },
    };
    net.layer(name, QOp::Conv(Box::new(conv)), &[x], vec![result]);
    result
}

fn window(axes: &[Axis; 2]) -> Window {
    Window {
        kernel: axes.iter().map(|axis| axis.kernel).collect(),
        strides: axes.iter().map(|axis| axis.stride).collect(),
        pads: axes.iter().map(|axis| (axis.begin, axis.end)).collect(),
        dilations: axes.iter().map(|axis| axis.dilation).collect(),
        ..Window::default()
    }
}

/// A window of a pool: no window reads nothing but padding.
fn pool_axes(below: &mut dyn FnMut(usize) -> usize, [rows, columns]: [usize; 2]) -> [Axis; 2] {
    let kernel: usize = [2, 3, 4, 5, 7][below(5)];
    let stride = [1, 1, 2, 3][below(4)];
    let pad = [kernel / 2, 0, (kernel - 1) / 2][below(3)];
    [rows, columns].map(|input| {
        let (begin, end) = (pad, pad.max(kernel.saturating_sub(input + pad)));
        let output = (input + begin + end - kernel) / stride + 1;
        Axis { input, output, kernel, stride, dilation: 1, begin, end }
    })
}

/// A network of layers at the edge of what the hardware does, and beyond.
fn odd(below: &mut dyn FnMut(usize) -> usize) -> QGraph {
    let side = [12, 9, 20, 16][below(4)];
    let channels = [3, 5, 1, 20][below(4)];
    let (mut net, image) = Net::new("odd", channels, side);
    net.0.functions.push(Function::straight("relu", Base::Relu));
    let start = if side % 2 == 0 && below(2) == 1 { net.focus(image) } else { image };
    let (mut live, mut scaled) = (vec![start], Vec::new());
    for index in 0..2 + below(9) {
        let name = format!("n{index}");
        let x = live[live.len() - 1 - below(live.len().min(3))];
        let [_, count, rows, columns] = net.shape(x);
        let small = rows * columns <= 600;
        match below(16) {
            0..=3 => {
                let first = axis(below, rows);
                let second = match below(3) {
                    0 => axis(below, columns),
                    _ => {
                        let output = (columns + first.begin + first.end)
                            .checked_sub((first.kernel - 1) * first.dilation + 1);
                        let Some(room) = output else { continue };
                        Axis { input: columns, output: room / first.stride + 1, ..first }
                    }
                };
                live.push(conv(&mut net, &name, x, [first, second], below));
            }
            4 | 5 => {
                let axes = pool_axes(below, [rows, columns]);
                let shape = [1, count, axes[0].output, axes[1].output];
                let result = net.value(&name, &shape, Width::I8);
                let op = MaxPool { window: window(&axes), ceil: false };
                net.layer(&name, QOp::MaxPool(op.into()), &[x], vec![result]);
                live.push(result);
            }
            6 => {
                let axes = pool_axes(below, [rows, columns]);
                let shape = [1, count, axes[0].output, axes[1].output];
                let result = net.value(&name, &shape, Width::I8);
                let window = window(&axes);
                let op = AveragePool { window, ceil: false, count_include_pad: false };
                net.layer(&name, QOp::Float(op.into()), &[x], vec![result]);
                live.push(result);
            }
            7 => {
                let result = net.value(&name, &[1, count, 1, 1], Width::I8);
                net.layer(&name, QOp::Float(GlobalPool::Max.into()), &[x], vec![result]);
                live.push(result);
            }
            8 | 9 => {
                // Scales that are near enough, and such that are not.
                let mut to = |net: &mut Net, result: QValueId| {
                    let exponent = [-4, -7, -12, 0, 4, 12][below(6)];
                    let scales = vec![Scale { exponent, zero: 2 }; count];
                    let format = Format::Integer { width: Width::I8, scales };
                    net.0.values[result.0].format = format;
                };
                let rescaled = net.rescale(&format!("{name}.r"), x);
                to(&mut net, rescaled);
                let sum = net.add(&name, x, rescaled);
                to(&mut net, sum);
                scaled.push(sum);
            }
            10 => {
                let pieces: Vec<QValueId> = (0..1 + below(10))
                    .map(|_| live[below(live.len())])
                    .filter(|&id| net.shape(id)[2..] == [rows, columns])
                    .chain([x])
                    .collect();
                live.push(net.concat(&name, &pieces));
            }
            11 if small => live.push(net.upsample(&name, x)),
            12 => live.push(net.float(&name, x)),
            13 => {
                let wide = net.linear(&name, x, 4);
                net.output(wide);
            }
            14 => {
                let y = net.conv(&format!("{name}.p"), x, count, Shape::POINT, None);
                live.push(net.depthwise(&name, y, 3, 1 + below(2)));
            }
            _ => live.push(net.depthwise(&name, x, 3, 1 + below(2))),
        }
    }
    let read: BTreeSet<usize> = net
        .0
        .layers
        .iter()
        .flat_map(|layer| (0..layer.inputs.len()).filter_map(|position| layer.input(position)))
        .map(|id| id.0)
        .collect();
    for id in live.into_iter().chain(scaled) {
        if !read.contains(&id.0) && id != start {
            net.output(id);
        }
    }
    net.finish()
}

/// Who does each layer, by name, as the bytes of the program and the list of what is left to the
/// processor say.
fn done_by(compiled: &Compiled) -> BTreeMap<String, BTreeSet<&'static str>> {
    let mut done: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
    let mut add = |name: &str, by| {
        done.entry(name.to_owned()).or_default().insert(by);
    };
    let passes = decode(&compiled.program.stream).unwrap();
    for (pass, entry) in passes.iter().zip(&compiled.program.entries) {
        let names: Vec<&str> = entry.name.split(" + ").collect();
        let chain = pass.descriptor.get(fields::CHAIN);
        match pass.kind {
            Kind::Dense => {
                let stem = pass.descriptor.flag(fields::FROM_STEM);
                add(names[0], if stem { "stem" } else { "array" });
                assert_eq!(names.len(), 1 + chain);
                names[1..].iter().for_each(|name| add(name, "plane engine"));
            }
            Kind::Plane => {
                assert_eq!(names.len(), chain);
                names.iter().for_each(|name| add(name, "plane engine"));
            }
            Kind::Processor => entry.name.split(", ").for_each(|name| add(name, "processor")),
            Kind::Dma | Kind::End => {}
        }
    }
    for &index in &compiled.schedule().tail {
        add(&compiled.graph().layers[index].name, "processor after");
    }
    done
}

/// What the program must do with a layer that is assigned so.
fn check(compiled: &Compiled, assigned: &[Assigned]) -> Result<(), TestCaseError> {
    let done = done_by(compiled);
    for (layer, own) in compiled.graph().layers.iter().zip(assigned) {
        let expected: &[&str] = match own.worker {
            Worker::Array => &["array"],
            Worker::StemUnit => &["stem"],
            Worker::PlaneEngine => &["plane engine"],
            Worker::Processor => &["processor"],
            Worker::ProcessorAfter => &["processor after"],
            Worker::View | Worker::FoldedIntoStem => &[],
        };
        let mut found = done.get(&layer.name).cloned().unwrap_or_default();
        if matches!(layer.op, QOp::Move(_)) {
            // A view that some reader cannot take as it lies is copied besides.
            found.remove("array");
        }
        prop_assert_eq!(&found, &expected.iter().copied().collect(), "{}: {:?}", layer.name, own);
        let needs_reason = own.worker.is_processor();
        let may_have = needs_reason || own.worker == Worker::Array;
        prop_assert!(
            if needs_reason { own.reason.is_some() } else { may_have || own.reason.is_none() },
            "{}: {:?}",
            layer.name,
            own
        );
    }
    Ok(())
}

/// The name of a reason without its numbers.
fn kind(assigned: &Assigned) -> Option<String> {
    let text = format!("{:?}", assigned.reason?);
    text.split(['(', ' ']).next().map(str::to_owned)
}

#[test]
fn inspection_and_build_agree_on_every_layer_of_200_networks() {
    let config = Config { cases: NETWORKS as u32 + 60, ..Config::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let built = RefCell::new(0);
    let kinds = RefCell::new(BTreeMap::<String, usize>::new());
    let run = TestRunner::new_with_rng(config, rng).run(&networks(), |graph| {
        graph.validate().map_err(|error| TestCaseError::fail(error.to_string()))?;
        let mut all = true;
        for target in targets() {
            let assigned = assignment(&graph, &target)
                .map_err(|error| TestCaseError::fail(error.to_string()))?;
            for kind in assigned.iter().filter_map(kind) {
                *kinds.borrow_mut().entry(kind).or_default() += 1;
            }
            match compile(&graph, &target) {
                Ok(compiled) => check(&compiled, &assigned)?,
                // A kernel too large for the weight ring, tensors too large for the memory.
                Err(error) if ["SG0901", "SG0702"].contains(&error.code().id) => all = false,
                Err(error) => return Err(TestCaseError::fail(error.to_string())),
            }
        }
        *built.borrow_mut() += usize::from(all);
        Ok(())
    });
    run.unwrap_or_else(|error| panic!("{error}"));
    let (built, kinds) = (built.into_inner(), kinds.into_inner());
    assert!(built >= NETWORKS, "{built} networks were built");
    let missing: Vec<&str> =
        REASONS.into_iter().filter(|reason| !kinds.contains_key(*reason)).collect();
    assert!(missing.is_empty(), "{missing:?} of {kinds:?}");
}

/// Reasons that must come up; the others are those of `compile::capabilities`' own tests.
const REASONS: [&str; 20] = [
    "RoundsHalfEven",
    "Float",
    "DpuRules",
    "Tensor",
    "SplitsChannels",
    "ArrayKernel",
    "ArrayStride",
    "ArrayDilation",
    "Strides",
    "Dilations",
    "PlaneStride",
    "PlaneKernel",
    "PlanePadding",
    "MaximumKernel",
    "Alignment",
    "StemChannels",
    "StemReach",
    "NotChained",
    "ReadByProcessor",
    "LittleBehindProcessor",
];
