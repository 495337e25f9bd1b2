use super::*;
use crate::base::random::Random;
use crate::base::tensor::DType;
use crate::frontend::graph::{Graph, ImportOptions};
use crate::frontend::onnx::{Dim, Input, Model};
use crate::frontend::ops::Inputs;

fn model(op: &str, attributes: Attributes, shape: &[usize], constants: &[usize]) -> Model {
    let names = (0..constants.len()).map(|at| format!("c{at}"));
    let values = names.clone().zip(constants).enumerate().map(|(at, (name, &length))| {
        let values = (0..length).map(|k| 0.5 + at as f32 + k as f32 / 8.0).collect();
        (name, Tensor::vector::<f32>(values))
    });
    Model {
        opset: 22,
        name: "composite".into(),
        producer: String::new(),
        inputs: vec![Input {
            name: "x".into(),
            dtype: DType::F32,
            dims: Some(shape.iter().map(|&extent| Dim::Known(extent)).collect()),
        }],
        outputs: vec!["y".into()],
        initializers: values.collect(),
        nodes: vec![Node {
            name: "node".into(),
            op_type: op.into(),
            domain: String::new(),
            inputs: std::iter::once("x".into()).chain(names).collect(),
            outputs: vec!["y".into()],
            attributes,
        }],
    }
}

/// A model's output for random numbers, with these.
fn run(model: &Model, shape: &[usize]) -> (Vec<f64>, Vec<f64>) {
    let mut random = Random::new(1, 0);
    let length = shape.iter().product();
    let values: Vec<f32> = (0..length).map(|_| random.between(-400, 400) as f32 / 100.0).collect();
    let graph = Graph::from_model(model, &ImportOptions::default()).unwrap();
    let input = Tensor::new(shape, values.clone()).unwrap();
    let mut tensors: Vec<Option<Tensor>> =
        graph.values.iter().map(|value| value.fact.value.clone()).collect();
    tensors[graph.inputs[0].0] = Some(input);
    for node in &graph.nodes {
        let inputs: Vec<_> =
            node.inputs.iter().map(|id| id.and_then(|id| tensors[id.0].as_ref())).collect();
        let outputs = node.op.eval(Inputs::new(&inputs)).unwrap();
        for (id, output) in node.outputs.iter().zip(outputs) {
            tensors[id.0] = Some(output);
        }
    }
    let output = tensors[graph.outputs[0].value.0].take().unwrap();
    assert_eq!(output.shape(), shape);
    let wide = |values: &[f32]| values.iter().map(|&value| f64::from(value)).collect();
    (wide(&values), wide(output.values::<f32>().unwrap()))
}

fn near(found: &[f64], expected: &[f64]) {
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-4 * (1.0 + expected.abs()), "{found} {expected}");
    }
}

/// Numbers of a group with mean 0 and deviation 1, in double precision.
fn standard(values: &[f64]) -> Vec<f64> {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
    values.iter().map(|x| (x - mean) / (variance + 1e-5).sqrt()).collect()
}

#[test]
fn groups_are_normalized_and_channels_scaled() {
    let shape = [2, 6, 2, 5];
    let attributes = Attributes::default().with("num_groups", 3_i64);
    let (x, y) = run(&model("GroupNormalization", attributes, &shape, &[6, 6]), &shape);
    let expected: Vec<f64> = x.chunks(20).flat_map(standard).collect();
    let channel = |at: usize| (at / 10 % 6) as f64 / 8.0;
    let scaled = |(at, x): (usize, f64)| x * (0.5 + channel(at)) + 1.5 + channel(at);
    near(&y, &expected.into_iter().enumerate().map(scaled).collect::<Vec<_>>());
}

#[test]
fn planes_and_rows_are_normalized() {
    let shape = [1, 4, 3, 7];
    let none = Attributes::default();
    let (x, y) = run(&model("InstanceNormalization", none.clone(), &shape, &[4, 4]), &shape);
    let expected: Vec<f64> = x.chunks(21).flat_map(standard).collect();
    let channel = |at: usize| (at / 21) as f64 / 8.0;
    let scaled = |(at, x): (usize, f64)| x * (0.5 + channel(at)) + 1.5 + channel(at);
    near(&y, &expected.into_iter().enumerate().map(scaled).collect::<Vec<_>>());

    let (x, y) = run(&model("LayerNormalization", none, &shape, &[7]), &shape);
    let expected: Vec<f64> = x.chunks(7).flat_map(standard).collect();
    let scaled = |(at, x): (usize, f64)| x * (0.5 + (at % 7) as f64 / 8.0);
    near(&y, &expected.into_iter().enumerate().map(scaled).collect::<Vec<_>>());
}

#[test]
fn neighboring_channels_damp_each_other() {
    let shape = [1, 5, 2, 2];
    for size in [1_usize, 2, 3, 4, 7] {
        let attributes = Attributes::default()
            .with("size", size as i64)
            .with("alpha", 0.75_f32)
            .with("beta", 0.5_f32)
            .with("bias", 2.0_f32);
        let (x, y) = run(&model("LRN", attributes, &shape, &[]), &shape);
        let expected = |at: usize| {
            let (channel, place) = (at / 4, at % 4);
            let channels = channel.saturating_sub((size - 1) / 2)..=(channel + size / 2).min(4);
            let squares: f64 = channels.map(|c| x[4 * c + place].powi(2)).sum();
            x[at] / (2.0 + 0.75 * squares / size as f64).sqrt()
        };
        near(&y, &(0..x.len()).map(expected).collect::<Vec<_>>());
    }
}

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    let refused = |op: &str, attributes: Attributes, shape: &[usize], constants: &[usize]| {
        let model = model(op, attributes, shape, constants);
        let error = Graph::from_model(&model, &ImportOptions::default()).unwrap_err();
        (error.code().id, error.to_string())
    };
    let none = Attributes::default;
    let (code, text) =
        refused("GroupNormalization", none().with("num_groups", 4_i64), &[1, 6, 2, 2], &[6, 6]);
    assert_eq!(code, codes::ONNX_ATTRIBUTE.id);
    assert!(text.contains("num_groups") && text.contains("node"), "{text}");
    let far = none().with("axis", 9_i64);
    assert_eq!(refused("LayerNormalization", far, &[1, 4], &[4]).0, codes::ONNX_ATTRIBUTE.id);
    assert_eq!(refused("InstanceNormalization", none(), &[1, 4], &[4, 4]).0, codes::SHAPE.id);
    assert_eq!(refused("InstanceNormalization", none(), &[1, 4, 2], &[4]).0, codes::SHAPE.id);
    assert_eq!(refused("LRN", none(), &[1, 4, 2, 2], &[]).0, codes::ONNX_ATTRIBUTE.id);
}
