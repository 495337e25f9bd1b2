//! The ONNX project's own node tests: small models with inputs and expected outputs.
//!
//! Every model whose operators and element types are supported must give the expected outputs, by
//! the tolerances of the ONNX project's runner, and must give the same after all rewrites. Inputs that must be known at conversion time, such
//! as shapes and axes, are turned into constants, which they are in models from practice.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use prost::Message as _;
use seigo::base::error::{Error, Result, codes};
use seigo::base::tensor::{DType, Tensor};
use seigo::frontend::graph::{Graph, ImportOptions};
use seigo::frontend::onnx::proto::{self, data_type};
use seigo::frontend::onnx::{self, Model};
use seigo::frontend::rewrites;
use seigo::software::executor::Executor;

use crate::operators_page;

/// Tests whose expected output is disputed, with the reason.
const EXCEPTIONS: &[(&str, &str)] = &[
    (
        "test_averagepool_3d_dilations_large_count_include_pad_is_1_ceil_mode_is_True",
        "AveragePool that counts elements behind the end pad (PyTorch and ONNX Runtime do not)",
    ),
    ("test_dequantizelinear_blocked", BLOCKS),
    ("test_quantizelinear_blocked_asymmetric", BLOCKS),
    ("test_quantizelinear_blocked_symmetric", BLOCKS),
];

const BLOCKS: &str = "scales per block (block_size), which are refused by name";

/// How one test ended.
enum Outcome {
    Passed,
    Failed(String),
    NotClaimed(String),
}

/// Runs all tests under `folder`.
pub fn run(folder: &Path, list: bool) -> Result<ExitCode> {
    let mut passed = 0;
    let mut failures = Vec::new();
    let mut reasons: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for test in tests(folder)? {
        let name = test.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let exception = EXCEPTIONS.iter().find(|(test, _)| *test == name);
        let outcome = match exception {
            Some((_, reason)) => Outcome::NotClaimed((*reason).to_owned()),
            None => run_test(&test),
        };
        match outcome {
            Outcome::Passed => passed += 1,
            Outcome::Failed(why) => failures.push((name, why)),
            Outcome::NotClaimed(why) => reasons.entry(why).or_default().push(name),
        }
    }
    println!("not claimed, by reason:");
    for (reason, names) in &reasons {
        println!("  {:4}  {reason}", names.len());
        if list {
            names.iter().for_each(|name| println!("          {name}"));
        }
    }
    for (name, why) in &failures {
        println!("FAILED {name}: {}", why.replace('\n', "\n    "));
    }
    let not_claimed: usize = reasons.values().map(Vec::len).sum();
    println!("passed {passed}, failed {}, not claimed {not_claimed}", failures.len());
    let clean = failures.is_empty() && passed > 0;
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Folders `test_*` below `folder`, sorted.
fn tests(folder: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = |error: std::io::Error| {
        Error::new(&codes::FILE_READ, format!("{}: {error}", folder.display()))
    };
    let mut tests = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if entry.file_name().to_string_lossy().starts_with("test_") {
            tests.push(entry.path());
        }
    }
    tests.sort();
    Ok(tests)
}

fn run_test(test: &Path) -> Outcome {
    let path = test.join("model.onnx");
    match unsupported_model(&path) {
        Ok(Some(reason)) => return Outcome::NotClaimed(reason),
        Ok(None) => {}
        Err(error) => return Outcome::Failed(error.to_string()),
    }
    let result = Model::load(&path).and_then(|model| {
        let mut standard = model.nodes.iter().filter(|node| node.domain.is_empty());
        match standard.find(|node| !operators_page::lists(&node.op_type)) {
            Some(node) => Ok(Some(format!("docs/operators.md does not list {}", node.op_type))),
            None => run_model(&model, test),
        }
    });
    match result {
        Ok(None) => Outcome::Passed,
        Ok(Some(difference)) => Outcome::Failed(difference),
        Err(error)
            if [codes::ONNX_OPERATOR.id, codes::ONNX_OPSET.id].contains(&error.code().id) =>
        {
            Outcome::NotClaimed(error.message().to_owned())
        }
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

/// Why a model is not claimed because of its operator sets or its inputs and outputs.
fn unsupported_model(path: &Path) -> Result<Option<String>> {
    let bytes = seigo::base::files::read(path)?;
    let model = proto::ModelProto::decode(&bytes[..])
        .map_err(|error| Error::new(&codes::ONNX_DECODE, error.to_string()))?;
    if model.opset_import.iter().all(|set| !["", "ai.onnx"].contains(&&*set.domain)) {
        return Ok(Some("operators of other domains alone".to_owned()));
    }
    let Some(graph) = model.graph else { return Ok(None) };
    for value in graph.input.iter().chain(&graph.output) {
        let tensor = value.r#type.as_ref().and_then(|kind| kind.tensor_type.as_ref());
        let Some(tensor) = tensor else {
            return Ok(Some("a sequence, map or optional value".to_owned()));
        };
        let reason = match tensor.elem_type {
            data_type::FLOAT16 | data_type::BFLOAT16 | data_type::DOUBLE => {
                "half, bfloat16 and double inputs or outputs (held as f32)"
            }
            other if onnx::dtype(other).is_err() => {
                "element types string, complex, float8 and int4"
            }
            _ => continue,
        };
        return Ok(Some(reason.to_owned()));
    }
    Ok(None)
}

/// Runs all data sets of a test; the first difference, if there is one.
fn run_model(model: &Model, test: &Path) -> Result<Option<String>> {
    for set in 0.. {
        let folder = test.join(format!("test_data_set_{set}"));
        if !folder.is_dir() {
            break;
        }
        let inputs = tensors(&folder, "input")?;
        let expected = tensors(&folder, "output")?;
        let outputs = evaluate(model, &inputs)?;
        for (index, (output, expected)) in outputs.iter().zip(&expected).enumerate() {
            if let Some(difference) = difference(output, expected)? {
                return Ok(Some(format!("output {index}: {difference}")));
            }
        }
    }
    Ok(None)
}

fn tensors(folder: &Path, kind: &str) -> Result<Vec<Tensor>> {
    (0..)
        .map(|index| folder.join(format!("{kind}_{index}.pb")))
        .take_while(|path| path.is_file())
        .map(|path| onnx::load_tensor(&path))
        .collect()
}

/// Runs a model; inputs become constants only where they must be known.
fn evaluate(model: &Model, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
    let mut result = evaluate_with(model, inputs, inputs.len());
    for variable in [1, 0] {
        match &result {
            Err(error) if error.code() == &codes::NOT_CONSTANT => {
                result = evaluate_with(model, inputs, variable);
            }
            _ => break,
        }
    }
    result
}

/// Runs a model whose first `variable` inputs stay inputs; the others become constants.
fn evaluate_with(model: &Model, inputs: &[Tensor], variable: usize) -> Result<Vec<Tensor>> {
    let mut model = model.clone();
    let variable = variable.min(model.inputs.len());
    for (input, tensor) in model.inputs.drain(variable..).zip(&inputs[variable..]) {
        model.initializers.push((input.name, tensor.clone()));
    }
    let shapes = model.inputs.iter().zip(inputs);
    let options = ImportOptions {
        input_shapes: shapes
            .map(|(input, tensor)| (input.name.clone(), tensor.shape().to_vec()))
            .collect(),
    };
    let graph = Graph::from_model(&model, &options)?;
    let outputs = Executor::new(&graph).run(&inputs[..variable])?;
    let mut rewritten = graph.clone();
    rewrites::run(&mut rewritten, rewrites::STANDARD)?;
    let after = Executor::new(&rewritten).run(&inputs[..variable])?;
    for (index, (after, before)) in after.iter().zip(&outputs).enumerate() {
        if let Some(difference) = difference(after, before)? {
            let message = format!("the rewrites change output {index}: {difference}");
            return Err(Error::new(&codes::INTERNAL, message));
        }
    }
    Ok(outputs)
}

/// The first difference beyond the tolerances of ONNX's runner.
fn difference(got: &Tensor, expected: &Tensor) -> Result<Option<String>> {
    if (got.dtype(), got.shape()) != (expected.dtype(), expected.shape()) {
        return Ok(Some(format!(
            "{}{:?}, expected {}{:?}",
            got.dtype(),
            got.shape(),
            expected.dtype(),
            expected.shape()
        )));
    }
    if got.dtype() != DType::F32 {
        return Ok((got != expected).then(|| format!("{got:?}, expected {expected:?}")));
    }
    let pairs = got.values::<f32>()?.iter().zip(expected.values::<f32>()?);
    for (index, (&got, &expected)) in pairs.enumerate() {
        let same = got == expected || (got.is_nan() && expected.is_nan());
        let tolerance = 1e-7 + 1e-3 * expected.abs();
        let close = expected.is_finite() && (got - expected).abs() <= tolerance;
        if !(same || close) {
            return Ok(Some(format!("element {index} is {got}, expected {expected}")));
        }
    }
    Ok(None)
}
