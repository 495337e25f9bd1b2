//! YOLOX-Nano of the shared models: layer counts, and outputs as ONNX Runtime computes them.
//!
//! `python tests/ort/compare.py --write SHARED` makes tests/golden/yolox_nano.json.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::path::{Path, PathBuf};

use seigo::base::tensor::Tensor;
use seigo::frontend::graph::{Graph, ImportOptions};
use seigo::frontend::onnx::Model;
use seigo::frontend::rewrites;
use seigo::software::executor::Executor;
use serde_json::Value;

/// The model, or none where the shared data is absent.
fn model() -> Option<PathBuf> {
    let folder = std::env::var_os("SEIGO_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let path = folder.join("models/yolox_nano.onnx");
    if path.is_file() {
        return Some(path);
    }
    eprintln!("SKIPPED: no {}; set SEIGO_SHARED", path.display());
    None
}

fn graph(path: &Path) -> Graph {
    let model = Model::load(path).unwrap();
    Graph::from_model(&model, &ImportOptions::default()).unwrap()
}

#[test]
fn fusion_leaves_137_layers_and_129_with_siblings_merged() {
    let Some(path) = model() else { return };
    let mut graph = graph(&path);
    let file = Model::load(&path).unwrap();
    assert_eq!(file.nodes.len(), 369);
    let macs = |graph: &Graph| -> u64 { graph.nodes.iter().map(|node| graph.macs(node)).sum() };
    assert_eq!(macs(&graph), 522_553_408);
    let applied = rewrites::run(&mut graph, rewrites::STANDARD).unwrap();
    let layers: Vec<_> = applied.iter().map(|applied| (applied.pass, applied.layers)).collect();
    assert_eq!(layers[7..], [("fuse-epilogues", 137), ("merge-siblings", 129)]);
    assert_eq!(macs(&graph), 522_553_408);
}

/// A picture that needs no file: a linear congruential generator, its upper eight bits as pixels.
fn picture() -> Tensor {
    let mut state = 1u32;
    let values = (0..3 * 416 * 416)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as f32
        })
        .collect();
    Tensor::new(&[1, 3, 416, 416], values).unwrap()
}

#[test]
fn outputs_are_those_of_onnx_runtime() {
    let Some(path) = model() else { return };
    let golden: Value = serde_json::from_str(include_str!("golden/yolox_nano.json")).unwrap();
    let number = |value: &Value| value.as_f64().unwrap();
    let original = graph(&path);
    let mut fused = original.clone();
    rewrites::run(&mut fused, rewrites::STANDARD).unwrap();
    for graph in [&original, &fused] {
        let output = Executor::new(graph).run(&[picture()]).unwrap().remove(0);
        let values = output.values::<f32>().unwrap();
        let largest = number(&golden["largest"]);
        let close = |ours: f64, theirs: f64, scale: f64| (ours - theirs).abs() <= 1e-4 * scale;
        for sample in golden["samples"].as_array().unwrap() {
            let index = sample[0].as_u64().unwrap() as usize;
            let (ours, theirs) = (f64::from(values[index]), number(&sample[1]));
            assert!(close(ours, theirs, largest), "{index}: {ours}, not {theirs}");
        }
        let sum: f64 = values.iter().map(|&value| f64::from(value).abs()).sum();
        let theirs = number(&golden["sum_of_magnitudes"]);
        assert!(close(sum, theirs, theirs), "{sum}, not {theirs}");
    }
}
