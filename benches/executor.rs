//! One frame of YOLOX-Nano in float, on one thread and on all.
//!
//! The model is looked for in `SEIGO_SHARED`, else in `../shared`; without it nothing is measured.

#![allow(missing_docs, clippy::unwrap_used, reason = "criterion's macros; a benchmark may panic")]

use std::path::{Path, PathBuf};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use seigo::base::tensor::Tensor;
use seigo::frontend::graph::{Graph, ImportOptions};
use seigo::frontend::onnx::Model;
use seigo::frontend::rewrites;
use seigo::software::executor::Executor;

fn frames(criterion: &mut Criterion) {
    let folder = std::env::var_os("SEIGO_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let path = folder.join("models/yolox_nano.onnx");
    if !path.is_file() {
        eprintln!("SKIPPED: no {}; set SEIGO_SHARED", path.display());
        return;
    }
    let model = Model::load(&path).unwrap();
    let mut graph = Graph::from_model(&model, &ImportOptions::default()).unwrap();
    rewrites::run(&mut graph, rewrites::STANDARD).unwrap();
    let values = (0..3 * 416 * 416).map(|index| (index * 31 % 256) as f32).collect();
    let input = [Tensor::new(&[1, 3, 416, 416], values).unwrap()];
    let executor = Executor::new(&graph);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut group = criterion.benchmark_group("yolox-nano frame");
    group.sample_size(20);
    for threads in if cores > 1 { vec![1, cores] } else { vec![1] } {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        group.bench_function(BenchmarkId::new("threads", threads), |bencher| {
            pool.install(|| bencher.iter(|| executor.run(&input).unwrap()));
        });
    }
    group.finish();
}

criterion_group!(benches, frames);
criterion_main!(benches);
