//! YOLOX-Nano of the shared models: layer counts, outputs as ONNX Runtime computes them, and the
//! accelerator's program.
//!
//! `python tests/ort/compare.py --write SHARED` makes tests/golden/yolox_nano.json.

use std::path::Path;

use seigo::Result;
use seigo::base::tensor::Tensor;
use seigo::compile::boards::Target;
use seigo::frontend::graph::{Graph, ImportOptions};
use seigo::frontend::onnx::Model;
use seigo::frontend::rewrites;
use seigo::quantize::ptq::{Frames, Options, quantize};
use seigo::software::executor::Executor;
use seigo::vision::task::folder::Files;
use seigo::vision::task::image::read;
use seigo::vision::task::{Task, TaskSpec};
use serde_json::Value;

use crate::accelerator::{check, compile, simulate};
use crate::support::shared;

const MODEL: &str = "models/yolox_nano.onnx";

fn graph(shared: &Path) -> Graph {
    let model = Model::load(&shared.join(MODEL)).unwrap();
    Graph::from_model(&model, &ImportOptions::default()).unwrap()
}

#[test]
fn fusion_leaves_137_layers_and_129_with_siblings_merged() {
    let Some(shared) = shared::folder() else { return };
    let mut graph = graph(&shared);
    let file = Model::load(&shared.join(MODEL)).unwrap();
    assert_eq!(file.nodes.len(), 369);
    let macs = |graph: &Graph| -> u64 { graph.nodes.iter().map(|node| graph.macs(node)).sum() };
    assert_eq!(macs(&graph), 522_553_408);
    let applied = rewrites::run(&mut graph, rewrites::STANDARD).unwrap();
    let layers: Vec<_> =
        applied.iter().map(|applied| (&*applied.rewrite, applied.layers)).collect();
    assert!(layers.ends_with(&[("fuse-epilogues", 137), ("merge-siblings", 129)]), "{layers:?}");
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
    let Some(shared) = shared::folder() else { return };
    let golden: Value = serde_json::from_str(include_str!("../golden/yolox_nano.json")).unwrap();
    let number = |value: &Value| value.as_f64().unwrap();
    let original = graph(&shared);
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

/// The first image of a folder as the network takes it.
struct First(Tensor);

impl First {
    fn of(folder: &Path) -> Self {
        let task = Task::new(TaskSpec::load("yolox-coco").unwrap(), &[1, 3, 416, 416]).unwrap();
        let image = read(&Files::images(folder).unwrap().taken[0]).unwrap();
        Self(task.preprocess(&image).unwrap().0)
    }
}

impl Frames for First {
    fn len(&self) -> usize {
        1
    }

    fn frame(&self, _: usize) -> Result<Vec<Tensor>> {
        Ok(vec![self.0.clone()])
    }
}

/// The recipe is the quickest one: the test is about the program, not about accuracy.
#[test]
fn the_program_stores_every_tensor_of_the_reference() {
    let Some(shared) = shared::folder() else { return };
    let mut graph = graph(&shared);
    rewrites::run(&mut graph, rewrites::STANDARD).unwrap();
    let options = Options {
        range_search: false,
        range_trials: false,
        balancing: false,
        gptq: false,
        bias_correction: false,
        compensation: false,
        ..Options::default()
    };
    let calibration = First::of(&shared.join("coco/calib"));
    let graph = quantize(&graph, &calibration, &options, &|_| ()).unwrap().graph;
    let build = compile(&graph, &Target::load("kv260").unwrap()).unwrap();
    println!(
        "{} ring words, {:?}",
        build.program.stream.len() / 32,
        check(&build, &build.program.stream).unwrap()
    );
    simulate(&build, &[First::of(&shared.join("coco/eval")).0]).unwrap();
}
