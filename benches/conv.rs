//! Convolutions of YOLOX-Nano at 416 x 416, one by one and all together.
//!
//! Run with one thread by `RAYON_NUM_THREADS=1 cargo bench --bench conv`.

#![allow(missing_docs, clippy::unwrap_used, reason = "criterion's macros; a benchmark may panic")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use seigo::base::tensor::Tensor;
use seigo::frontend::ops::activation::Activation;
use seigo::frontend::ops::conv::Conv;
use seigo::frontend::ops::epilogue::Epilogue;
use seigo::frontend::ops::window::Window;
use seigo::frontend::ops::{Inputs, Operator as _};

/// Input channels, output channels, kernel, stride, groups and input side.
type Shape = (usize, usize, usize, usize, usize, usize);

/// The kinds of layers that take the time.
const SHAPES: &[(&str, Shape)] = &[
    ("stem 3x3", (12, 16, 3, 1, 1, 208)),
    ("depthwise 3x3 stride 2", (16, 16, 3, 2, 16, 208)),
    ("depthwise 3x3", (64, 64, 3, 1, 64, 52)),
    ("pointwise at 104", (32, 16, 1, 1, 1, 104)),
    ("pointwise at 52", (64, 64, 1, 1, 1, 52)),
    ("pointwise at 26", (128, 128, 1, 1, 1, 26)),
    ("pointwise at 13", (256, 256, 1, 1, 1, 13)),
    ("dense 3x3 at 26", (64, 64, 3, 1, 1, 26)),
];

fn tensor(shape: &[usize]) -> Tensor {
    let count: usize = shape.iter().product();
    let values = (0..count).map(|index| ((index * 37 + 11) % 101) as f32 / 50.0 - 1.0);
    Tensor::new(shape, values.collect()).unwrap()
}

fn convolutions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("conv");
    for &(name, (inputs, outputs, kernel, stride, groups, side)) in SHAPES {
        let conv = Conv {
            window: Window {
                strides: vec![stride; 2],
                pads: vec![(kernel / 2, kernel / 2); 2],
                ..Window::default()
            },
            group: groups,
            epilogue: Epilogue { activation: Some(Activation::Silu), residual: None },
        };
        let data = tensor(&[1, inputs, side, side]);
        let weight = tensor(&[outputs, inputs / groups, kernel, kernel]);
        let bias = tensor(&[outputs]);
        let pixels = (side / stride) * (side / stride);
        let macs = pixels * outputs * inputs / groups * kernel * kernel;
        group.throughput(Throughput::Elements(macs as u64));
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            let tensors = [Some(&data), Some(&weight), Some(&bias)];
            bencher.iter(|| conv.eval(Inputs::new(&tensors)).unwrap());
        });
    }
    group.finish();
}

criterion_group!(benches, convolutions);
criterion_main!(benches);
