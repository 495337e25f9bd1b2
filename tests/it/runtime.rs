//! The C++ library of `runtime/` against the reference, tensor by tensor.
//!
//! In `make test`: about 40 seconds on a quiet core, of which 30 compile the library without optimization. What takes
//! longer is in `make test-runtime`.

pub mod floats;
mod forms;
mod images;
mod packages;
mod vision;
mod without;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use proptest::prelude::*;
use seigo::base::tensor::{DType, Tensor};
use seigo::frontend::ops::gather::Gather;
use seigo::frontend::ops::{Fact, Inputs, Op};
use seigo::model::ceras::Model;
use seigo::model::qgraph::{Format, Layer, Moved, Operand, QGraph, QOp, QValue, QValueId, moved};
use seigo::software::reference;
use tempfile::TempDir;

use crate::quantized::{convolution, inputs, runs};
use crate::support::quantized::classifier;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A program of `runtime/test`; `SEIGO_RUNTIME` names the `tensors` of those that are built already, as an emulator's
/// command line too.
fn command(program: &str) -> Command {
    static BUILT: OnceLock<Vec<String>> = OnceLock::new();
    let words = BUILT.get_or_init(|| match std::env::var("SEIGO_RUNTIME") {
        Ok(given) => given.split_whitespace().map(str::to_owned).collect(),
        Err(_) => vec![built().display().to_string()],
    });
    let own = |word: &String| match word.strip_suffix("tensors") {
        Some(folder) => format!("{folder}{program}"),
        None => word.clone(),
    };
    let mut command = Command::new(own(&words[0]));
    command.args(words[1..].iter().map(own));
    command
}

fn built() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("runtime");
    make(&folder, &[]);
    folder.join("tensors")
}

/// Makes the library and its programs, without optimization.
fn make(folder: &Path, arguments: &[String]) {
    let mut make = Command::new("make");
    make.args(["-s", "-j2", "-C"]).arg(Path::new(ROOT).join("runtime"));
    make.arg(format!("BUILD={}", folder.display())).args(["CXXFLAGS=-O0", "KERNEL_FLAGS=-O1"]);
    let output = make.args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Bits of every element, integers as i32.
fn words(tensor: &Tensor) -> Vec<u32> {
    match tensor.dtype() {
        DType::F32 => tensor.values::<f32>().unwrap().iter().map(|value| value.to_bits()).collect(),
        _ => tensor.to_i64s().unwrap().into_iter().map(|q| q as i32 as u32).collect(),
    }
}

fn prepare(folder: &TempDir, model: &[u8], inputs: &[Tensor]) {
    let path = |name: &str| folder.path().join(name);
    fs::write(path("model.ceras"), model).unwrap();
    let floats = inputs.iter().flat_map(|input| input.values::<f32>().unwrap());
    fs::write(path("inputs"), floats.flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>())
        .unwrap();
}

fn run(folder: &TempDir, model: &[u8], inputs: &[Tensor], kernels: &str, threads: &str) -> Output {
    run_by(command("tensors"), folder, model, inputs, [kernels, threads])
}

fn run_by(
    mut command: Command,
    folder: &TempDir,
    model: &[u8],
    inputs: &[Tensor],
    [kernels, threads]: [&str; 2],
) -> Output {
    let path = |name: &str| folder.path().join(name);
    prepare(folder, model, inputs);
    command.args([path("model.ceras"), path("inputs"), path("tensors")]).args([kernels, threads]);
    command.output().unwrap()
}

/// What the library computed: the bits of every value by its position.
fn observed(folder: &TempDir) -> HashMap<usize, Vec<u32>> {
    let bytes = fs::read(folder.path().join("tensors")).unwrap();
    let (numbers, _) = bytes.as_chunks::<4>();
    let mut numbers = numbers.iter().map(|&number| u32::from_le_bytes(number));
    let mut tensors = HashMap::new();
    while let Some(index) = numbers.next() {
        let count = numbers.next().unwrap() as usize;
        assert!(tensors.insert(index as usize, numbers.by_ref().take(count).collect()).is_none());
    }
    tensors
}

/// Every value of a frame by the reference: its position, and the bits of its elements.
fn expected(graph: &QGraph, inputs: &[Tensor]) -> Vec<(usize, Vec<u32>)> {
    let mut values = Vec::new();
    let observed = reference::run_observed(graph, inputs, |id, tensor| {
        values.push((id.0, words(tensor)));
        Ok(())
    });
    observed.map(|_| values).unwrap()
}

/// Compares every tensor of a frame; the set of kernels that ran.
fn compare(graph: &QGraph, inputs: &[Tensor], kernels: &str, threads: &str) -> String {
    compare_with(graph, &expected(graph, inputs), inputs, kernels, threads)
}

fn compare_with(
    graph: &QGraph,
    expected: &[(usize, Vec<u32>)],
    inputs: &[Tensor],
    kernels: &str,
    threads: &str,
) -> String {
    compare_by(command("tensors"), &Model::new(graph.clone()), expected, inputs, [kernels, threads])
}

fn compare_by(
    command: Command,
    model: &Model,
    expected: &[(usize, Vec<u32>)],
    inputs: &[Tensor],
    [kernels, threads]: [&str; 2],
) -> String {
    let folder = tempfile::tempdir().unwrap();
    let output = run_by(command, &folder, &model.to_bytes().unwrap(), inputs, [kernels, threads]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let own = observed(&folder);
    for (id, expected) in expected {
        let name = &model.graph.values[*id].name;
        let found = own.get(id).unwrap_or_else(|| panic!("{name} was not computed"));
        let first = expected.iter().zip(found).position(|(a, b)| a != b);
        assert_eq!(found.len(), expected.len(), "{name}");
        assert!(
            first.is_none(),
            "{name} differs at {first:?}, {kernels} kernels: {:?} {:?}",
            first.map(|at| expected[at] as i32),
            first.map(|at| found[at] as i32)
        );
    }
    assert_eq!(own.len(), expected.len());
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn random_networks_have_the_numbers_of_the_reference((graph, inputs) in runs()) {
        for kernels in kernels() {
            compare(&graph, &inputs, kernels, if kernels == "best" { "3" } else { "1" });
        }
        parts(&graph, &inputs);
        contexts(&graph, &inputs);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2 * cases(), max_shrink_iters: 0, ..ProptestConfig::default() })]

    #[test]
    fn convolutions_have_the_numbers_of_the_reference(seed: u64) {
        let (graph, inputs) = convolution(seed);
        for kernels in kernels() {
            compare(&graph, &inputs, kernels, "2");
        }
    }
}

/// Contexts of one model on threads of their own give what one alone gives.
fn contexts(graph: &QGraph, inputs: &[Tensor]) {
    let folder = tempfile::tempdir().unwrap();
    prepare(&folder, &Model::new(graph.clone()).to_bytes().unwrap(), inputs);
    let mut command = command("contexts");
    let output = command.args(["model.ceras", "inputs"].map(|name| folder.path().join(name)));
    let output = output.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
}

/// A network that begins at any of its values gives the outputs of the whole one.
fn parts(graph: &QGraph, inputs: &[Tensor]) {
    let folder = tempfile::tempdir().unwrap();
    prepare(&folder, &Model::new(graph.clone()).to_bytes().unwrap(), inputs);
    let mut command = command("parts");
    let output = command.args(["model.ceras", "inputs"].map(|name| folder.path().join(name)));
    let output = output.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
}

/// Sets of kernels that this machine runs, or the one that an emulator is.
fn kernels() -> Vec<&'static str> {
    let mut all = vec!["portable", "best"];
    // What `best` is not: sets of kernels whose instructions the processor has, too.
    #[cfg(target_arch = "x86_64")]
    if !std::env::var("SEIGO_RUNTIME").is_ok_and(|own| own.contains(' ')) {
        all.extend(std::arch::is_x86_feature_detected!("avx2").then_some("avx2"));
        all.extend(std::arch::is_x86_feature_detected!("avx512vnni").then_some("avx512-vnni"));
    }
    all
}

/// Random networks that are compared; `make test-runtime` asks for 500.
fn cases() -> u32 {
    std::env::var("SEIGO_RUNTIME_CASES").ok().and_then(|own| own.parse().ok()).unwrap_or(60)
}

#[test]
fn a_classifier_has_the_numbers_of_the_reference() {
    let graph = classifier().graph;
    compare(&graph, &inputs(&graph, 7), "best", "2");
}

/// What `SEIGO_RUNTIME_MODELS` names, blanks between: `make test-runtime` quantizes the models that ship, and
/// YOLOX-Nano where it is there.
#[test]
#[ignore = "minutes in a debug build: make test-runtime"]
fn whole_models_have_the_numbers_of_the_reference() {
    let models = std::env::var("SEIGO_RUNTIME_MODELS").unwrap();
    for name in models.split_whitespace() {
        let graph = Model::load(Path::new(name)).unwrap().graph;
        for (seed, kernels) in kernels().into_iter().enumerate() {
            let seed = seed as u64;
            println!("{name}: {}", compare(&graph, &inputs(&graph, seed), kernels, "2"));
        }
    }
}

/// The library refuses what the converter refuses, by the same code.
#[test]
fn damaged_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let fixtures = Path::new(ROOT).join("tests/fixtures/bad");
    for (name, code) in [
        ("short.ceras", "SG0601"),
        ("cut.ceras", "SG0601"),
        ("text.ceras", "SG0601"),
        ("flipped.ceras", "SG0601"),
        ("header.ceras", "SG0601"),
        ("newer.ceras", "SG0602"),
    ] {
        let bytes = fs::read(fixtures.join(name)).unwrap();
        let expected = Model::from_bytes(&bytes).unwrap_err().code().id;
        let output = run(&folder, &bytes, &[], "best", "1");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!((output.status.code(), expected), (Some(2), code), "{name}: {text}");
        assert!(text.starts_with(&format!("error[{code}]: ")), "{name}: {text}");
    }
}

/// Operators that the library has not are named, and refused when a model is opened.
#[test]
fn what_it_has_not_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = classifier().to_bytes().unwrap();
    let model = Model::from_bytes(&bytes).unwrap();
    let mut graph = model.graph;
    let op = seigo::frontend::ops::cast::Cast { to: Some(DType::F32) };
    let layer = graph.layers.iter_mut().find(|layer| layer.name == "flatten").unwrap();
    layer.op = seigo::model::qgraph::QOp::Float(op.into());
    let shape = graph.values[3].shape.clone();
    graph.values[4].shape = shape;
    let bytes = Model::new(graph).to_bytes().unwrap();
    let output = run(&folder, &bytes, &[], "best", "1");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.starts_with("error[SG0603]: layer \"flatten\""), "{text}");
}

/// Gather along every axis, with a list of positions and with one.
#[test]
fn picked_elements_have_the_numbers_of_the_reference() {
    for seed in 0..24u64 {
        let (mut graph, inputs) = convolution(seed);
        let from = graph.outputs[0].value;
        let value = graph.values[from.0].clone();
        let (axis, one) = (seed as usize % value.shape.len(), seed % 3 == 2);
        let extent = value.shape[axis] as i64;
        let positions = [extent / 2, -1, 0, -extent];
        let indices = match one {
            true => Tensor::scalar(positions[seed as usize % 4]),
            false => Tensor::vector(positions.to_vec()),
        };
        let op = Op::from(Gather { axis: axis as i64 });
        let facts = [Fact::new(DType::I8, value.shape.clone()), Fact::from(indices.clone())];
        let facts = op.infer(Inputs::new(&facts.each_ref().map(Some))).unwrap();
        let (width, scales) = value.integer().unwrap();
        let marks = [Some(Moved::Quantized(&value.shape, scales)), Some(Moved::Constant(&indices))];
        let Ok(mut scales) = moved(&op, &marks) else { continue };
        let to = QValueId(graph.values.len());
        let format = Format::Integer { width, scales: scales.remove(0) };
        graph.values.push(QValue { name: "picked".into(), shape: facts[0].shape.clone(), format });
        graph.layers.push(Layer {
            name: "pick".into(),
            op: QOp::Move(op.into()),
            inputs: vec![Some(Operand::Value(from)), Some(Operand::Constant(indices))],
            outputs: vec![to],
            sources: Vec::new(),
        });
        graph.outputs[0].value = to;
        graph.validate().unwrap();
        for kernels in kernels() {
            compare(&graph, &inputs, kernels, "2");
        }
    }
}
