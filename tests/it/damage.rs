//! Damaged model files end in an error, never in a panic, and never take much memory or time.

use std::sync::LazyLock;

use proptest::prelude::*;
use prost::Message as _;
use seigo::frontend::graph::{Graph, ImportOptions};
use seigo::frontend::onnx::{Model, proto};
use seigo::frontend::rewrites;

use crate::support;

static MODELS: LazyLock<[Vec<u8>; 2]> =
    LazyLock::new(|| [support::detector().bytes(), support::classifier().bytes()]);

/// Decodes, imports and rewrites, whatever the bytes are.
fn open(bytes: &[u8]) -> seigo::Result<Graph> {
    let model = Model::decode(bytes, None)?;
    let mut graph = Graph::from_model(&model, &ImportOptions::default())?;
    rewrites::run(&mut graph, rewrites::STANDARD)?;
    graph.validate()?;
    Ok(graph)
}

#[test]
fn every_truncation_is_an_error() {
    for model in MODELS.iter() {
        assert!(open(model).is_ok());
        for length in 0..model.len() {
            // Unless only a trailing optional field is lost.
            if let Err(error) = open(&model[..length]) {
                assert!(!error.advice().is_empty() && error.code().id != "SG0399", "{error}");
            }
        }
        assert!(open(&model[..model.len() / 2]).is_err());
    }
}

/// Numbers at which sizes, axes and indices go wrong.
fn odd_integer() -> impl Strategy<Value = i64> {
    prop_oneof![
        Just(0),
        Just(-1),
        Just(1),
        Just(i64::MAX),
        Just(i64::MIN),
        Just(1 << 31),
        Just((1 << 32) + 1),
        -9i64..70,
        any::<i64>(),
    ]
}

/// One change to the decoded file, so that it stays readable and reaches the operators.
fn damage(model: &mut proto::ModelProto, kind: u8, at: usize, with: i64, name: usize) {
    let graph = model.graph.as_mut().unwrap();
    let names: Vec<String> =
        graph.node.iter().flat_map(|node| node.input.iter().chain(&node.output)).cloned().collect();
    let name = names[name % names.len()].clone();
    let node_at = at % graph.node.len();
    let types = [
        "Conv",
        "Reshape",
        "Slice",
        "Gather",
        "Resize",
        "Pad",
        "Split",
        "Transpose",
        "Softmax",
        "MaxPool",
        "ConvTranspose",
        "Gemm",
        "MatMul",
        "Expand",
        "Tile",
        "DepthToSpace",
        "SpaceToDepth",
        "ReduceMean",
        "Squeeze",
        "Unsqueeze",
        "ConstantOfShape",
        "Range",
        "Flatten",
        "ArgMax",
        "Clip",
        "Where",
        "Cast",
        "Mod",
        "Pow",
        "PRelu",
        "GlobalAveragePool",
        "Shape",
    ];
    let node = &mut graph.node[node_at];
    match kind % 9 {
        0 => node.op_type = types[with.unsigned_abs() as usize % types.len()].to_owned(),
        1 => {
            let count = node.input.len().max(1);
            if let Some(input) = node.input.get_mut(at % count) {
                *input = name;
            }
        }
        2 => node.output[0] = name,
        3 => node.input.push(name),
        4 => drop(node.input.pop()),
        5 => {
            for attribute in &mut node.attribute {
                attribute.i = with;
                let count = attribute.ints.len().max(1);
                if let Some(value) = attribute.ints.get_mut(at % count) {
                    *value = with;
                }
            }
        }
        6 | 7 => {
            let count = graph.initializer.len();
            let tensor = &mut graph.initializer[at % count];
            let count = tensor.int64_data.len().max(1);
            if let Some(value) = tensor.int64_data.get_mut(at % count) {
                *value = with;
            } else if let Some(extent) = tensor.dims.first_mut() {
                *extent = with;
            }
        }
        _ => {
            let tensor = graph.input[0].r#type.as_mut().and_then(|t| t.tensor_type.as_mut());
            let shape = &mut tensor.unwrap().shape.as_mut().unwrap().dim;
            // Large inputs would only be slow.
            let extent = with.clamp(-1, 64);
            let count = shape.len();
            shape[at % count].value = Some(proto::Dimension::Value(extent));
        }
    }
}

/// 2000 cases each, or as many as `PROPTEST_CASES` says.
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|count| count.parse().ok());
    ProptestConfig {
        cases: cases.unwrap_or(2000),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn changed_bytes_never_panic(
        which in 0usize..2,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = MODELS[which].clone();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = open(&bytes);
    }

    #[test]
    fn changed_fields_never_panic(
        which in 0usize..2,
        changes in prop::collection::vec((any::<u8>(), 0usize..64, odd_integer(), 0usize..64), 1..4),
    ) {
        let mut model = proto::ModelProto::decode(&MODELS[which][..]).unwrap();
        for (kind, at, with, name) in changes {
            damage(&mut model, kind, at, with, name);
        }
        if let Err(error) = open(&model.encode_to_vec()) {
            prop_assert!(error.code().id != "SG0399", "a defect of ours: {}", error);
        }
    }

    #[test]
    fn noise_is_no_model(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(open(&bytes).is_err());
    }
}
