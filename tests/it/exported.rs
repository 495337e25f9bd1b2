//! Networks as C++ files (`seigo export` to cpp): compiled alone, without exceptions, and run against the reference.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, TestRunner};
use seigo::base::error::codes;
use seigo::base::tensor::Tensor;
use seigo::emit::cpp;
use seigo::frontend::ops::activation::Activation;
use seigo::frontend::ops::reduce::{Reduce, Reduction};
use seigo::model::ceras::Model;
use seigo::model::qgraph::{QGraph, QOp};
use seigo::software::reference;
use tempfile::TempDir;

use crate::quantized::{Choices, inputs, runs};
use crate::runtime::floats::Builder;
use crate::support::command::Bench;
use crate::support::quantized::classifier;

const FLAGS: [&str; 8] = [
    "-std=c++17",
    "-O1",
    "-ffp-contract=off",
    "-fno-exceptions",
    "-fno-rtti",
    "-Wall",
    "-Wextra",
    "-Werror",
];

fn done(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    assert!(output.status.success(), "{command:?}: {}", text.concat());
    text[0].clone().into_owned()
}

/// Reads the floats of all inputs from a file and writes those of all outputs.
fn program(name: &str, graph: &QGraph, header: &str) -> String {
    let names = |kind: &str| -> Vec<String> {
        let part = header.split(&format!("struct {kind} {{")).nth(1).unwrap();
        let lines = part
            .lines()
            .take_while(|line| !line.starts_with('}'))
            .filter(|line| line.contains(';'));
        lines
            .map(|line| {
                line.split(';').next().unwrap().rsplit(['*', ' ']).next().unwrap().to_owned()
            })
            .collect()
    };
    let lens = |all: Vec<usize>| all.into_iter().sum::<usize>() + 1;
    let given: Vec<_> = graph.inputs.iter().map(|&id| graph.value(id).len()).collect();
    let made: Vec<_> = graph.outputs.iter().map(|output| graph.value(output.value).len()).collect();
    let fields = |names: &[String], lens: &[usize], array: &str| {
        let mut first = 0;
        let field = |(_, len): (&String, &usize)| {
            first += len;
            format!("{array} + {}", first - len)
        };
        names.iter().zip(lens).map(field).collect::<Vec<_>>().join(", ")
    };
    let (inputs, outputs) = (names("Inputs"), names("Outputs"));
    assert_eq!((inputs.len(), outputs.len()), (given.len(), made.len()));
    format!(
        "#include <cstdio>\n#include \"{name}.h\"\n\
         static float given[{}], made[{}];\n\
         alignas(16) static unsigned char arena[{name}::kArenaBytes];\n\
         int main(int, char** arguments) {{\n\
           std::FILE* file = std::fopen(arguments[1], \"rb\");\n\
           if (std::fread(given, 4, sizeof given / 4, file) == 0) return 1;\n\
           {name}::Inputs inputs{{{}}};\n  {name}::Outputs outputs{{{}}};\n\
           if (!{name}::run(inputs, outputs, arena)) return 2;\n\
           std::fwrite(made, 4, sizeof made / 4 - 1, stdout);\n}}\n",
        lens(given.clone()),
        lens(made.clone()),
        fields(&inputs, &given, "given"),
        fields(&outputs, &made, "made")
    )
}

/// Compiles an exported network alone, looks at what it asks of the linker, and links it with a program.
fn build(folder: &Path, name: &str, graph: &QGraph) -> PathBuf {
    let header = fs::read_to_string(folder.join(format!("{name}.h"))).unwrap();
    let (source, object) = (format!("{name}.cpp"), format!("{name}.o"));
    done(Command::new("g++").args(FLAGS).args(["-c", &source, "-o", &object]).current_dir(folder));
    let symbols = done(Command::new("nm").args(["-u", &object]).current_dir(folder));
    let known = [
        "memcpy",
        "memset",
        "memmove",
        "ldexp",
        "floor",
        "nearbyint",
        "exp",
        "expm1",
        "log",
        "log1p",
        "tanh",
        "erf",
        "sqrt",
        "fmaf",
        "floorf",
        "ceilf",
        "nearbyintf",
        "scalbn",
        "_GLOBAL_OFFSET_TABLE_",
        "__stack_chk_fail",
    ];
    for symbol in symbols.split_whitespace().filter(|word| *word != "U") {
        assert!(known.contains(&symbol), "{name} needs {symbol}");
    }
    let main = format!("{name}_main.cpp");
    fs::write(folder.join(&main), program(name, graph, &header)).unwrap();
    let arguments = ["-std=c++17", &main, &object, "-lm", "-o", &format!("{name}_program")];
    done(Command::new("g++").args(arguments).current_dir(folder));
    folder.join(format!("{name}_program"))
}

/// Every output of a frame, bit by bit.
fn compare(program: &Path, graph: &QGraph, inputs: &[Tensor]) {
    let bits = |tensors: &[Tensor]| -> Vec<u32> {
        let floats = tensors.iter().flat_map(|tensor| tensor.values::<f32>().unwrap());
        floats.map(|value| value.to_bits()).collect()
    };
    let file = program.with_extension("inputs");
    fs::write(&file, bits(inputs).iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>())
        .unwrap();
    let output = Command::new(program).arg(&file).output().unwrap();
    assert!(output.status.success(), "{}: {}", program.display(), output.status);
    let (words, _) = output.stdout.as_chunks::<4>();
    let found: Vec<_> = words.iter().map(|&word| u32::from_le_bytes(word)).collect();
    let expected = bits(&reference::run(graph, inputs).unwrap());
    let first = found.iter().zip(&expected).position(|(a, b)| a != b);
    assert!(
        first.is_none() && found.len() == expected.len(),
        "{}: output {first:?} of {} and {}",
        program.display(),
        found.len(),
        expected.len()
    );
}

/// Whether the file can hold the network; the refusal names the layer.
fn export(folder: &Path, name: &str, graph: &QGraph) -> bool {
    match cpp::source(graph, name) {
        Ok(source) => {
            fs::write(folder.join(format!("{name}.cpp")), source.code).unwrap();
            fs::write(folder.join(format!("{name}.h")), source.header).unwrap();
            true
        }
        Err(error) => {
            assert_eq!(error.code(), &codes::RUNTIME_OPERATOR, "{error}");
            assert!(error.to_string().contains("layer \""), "{error}");
            false
        }
    }
}

#[test]
fn random_networks_equal_the_reference() {
    let folder = tempfile::tempdir().unwrap();
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    );
    for index in 0..cases() {
        let (graph, given) = runs().new_tree(&mut runner).unwrap().current();
        let name = format!("network{index}");
        assert!(export(folder.path(), &name, &graph), "{name}");
        let program = build(folder.path(), &name, &graph);
        compare(&program, &graph, &given);
        compare(&program, &graph, &inputs(&graph, 17));
    }
}

#[test]
fn layers_in_float_equal_the_reference() {
    use seigo::frontend::ops::binary::Binary;
    use seigo::frontend::ops::softmax::Softmax;
    use seigo::frontend::ops::transpose::Transpose;
    use seigo::model::qgraph::{Operand, QValueId};

    let folder = tempfile::tempdir().unwrap();
    for seed in 0..4u32 {
        let numbers =
            (0..400u32).map(|at| at.wrapping_mul(2_654_435_761).wrapping_add(seed * 40_503) >> 7);
        let mut builder = Builder::new(Choices::new(numbers.collect()));
        let value = |id: QValueId| Some(Operand::Value(id));
        let limited =
            builder.add(Activation::Clamp { min: -3.0, max: 3.0 }, vec![value(QValueId(0))]);
        let mut last = limited;
        for function in [
            Activation::Sigmoid,
            Activation::Silu,
            Activation::HardSwish,
            Activation::Mish,
            Activation::Tanh,
            Activation::Elu { alpha: 0.5 },
            Activation::Exp,
            Activation::LeakyRelu { alpha: 0.125 },
        ] {
            let mapped = builder.add(function, vec![value(last)]);
            last = builder.add(Binary::Add, vec![value(mapped), value(limited)]);
            last = builder.add(Activation::Clamp { min: -3.0, max: 3.0 }, vec![value(last)]);
        }
        let half = Some(Operand::Constant(Tensor::new(&[1, 1, 1], vec![0.375f32]).unwrap()));
        let product = builder.add(Binary::Mul, vec![half, value(last)]);
        for (axis, log) in [(1, false), (3, true), (-2, false)] {
            builder.add(Softmax { axis, flatten: false, log }, vec![value(product)]);
        }
        builder.add(Transpose { order: Some(vec![0, 2, 3, 1]) }, vec![value(product)]);
        let graph = builder.finish();
        let name = format!("floats{seed}");
        assert!(export(folder.path(), &name, &graph));
        compare(&build(folder.path(), &name, &graph), &graph, &inputs(&graph, seed.into()));
    }
    let graph = classifier().graph;
    assert!(export(folder.path(), "pooled", &graph));
    compare(&build(folder.path(), "pooled", &graph), &graph, &inputs(&graph, 5));
}

/// The models that ship, by the command.
#[test]
fn models_that_ship_equal_the_reference() {
    let folder: TempDir = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    for (name, onnx, samples) in [
        ("classifier", "shape-classifier/shape_classifier.onnx", "shape-classifier/samples"),
        ("detector", "shapes/shapes.onnx", "shapes/samples"),
    ] {
        let seigo = |arguments: &[&str]| {
            let mut seigo = Command::new(env!("CARGO_BIN_EXE_seigo"));
            done(seigo.args(arguments).current_dir(folder.path()));
        };
        let [onnx, samples] = [onnx, samples].map(|path| root.join(path).display().to_string());
        let (model, code) = (format!("{name}.ceras"), format!("{name}.cpp"));
        seigo(&["quantize", &onnx, "--calib", &samples, "--frames", "4", "-o", &model]);
        seigo(&["export", &model, "--to", "cpp", "-o", &code]);
        let graph = Model::load(&folder.path().join(&model)).unwrap().graph;
        let program = build(folder.path(), name, &graph);
        for seed in 0..2 {
            compare(&program, &graph, &inputs(&graph, seed));
        }
    }
}

#[test]
fn layers_that_it_cannot_hold_are_named() {
    let bench = Bench::new();
    let mut graph = classifier().graph;
    let layer = graph.layers.iter_mut().find(|layer| layer.name == "flatten").unwrap();
    let reduce = Reduce { reduction: Reduction::Max, keep_dims: true, noop_with_empty_axes: true };
    layer.op = QOp::Float(seigo::frontend::ops::Op::from(reduce).into());
    layer.inputs.truncate(1);
    let shape = graph.values[3].shape.clone();
    graph.values[4].shape = shape;
    bench.write("model.ceras", Model::new(graph).to_bytes().unwrap());
    let text = bench.refused("export model.ceras --to cpp -o network.cpp", "SG0603");
    assert!(text.contains("layer \"flatten\" (ReduceMax)"), "{text}");
    assert!(!bench.path("network.cpp").exists() && !bench.path("network.h").exists());
}

/// Random networks that are compiled, one compiler run each.
fn cases() -> usize {
    std::env::var("SEIGO_RUNTIME_CASES").ok().and_then(|own| own.parse().ok()).unwrap_or(12)
}
