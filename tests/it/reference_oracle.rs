//! The reference interpreter and the fast engine against the oracle, on random graphs.

use std::collections::HashMap;

use proptest::prelude::*;
use seigo::base::arithmetic::Rounding;
use seigo::base::tensor::{DType, Tensor};
use seigo::frontend::ops::window::Axis;
use seigo::model::qgraph::{
    ConvOutput, Format, Layer, Operand, QConv, QGraph, QOp, QOutput, QValue, QValueId, Scale, Width,
};
use seigo::software::engine::Engine;
use seigo::software::reference;

use crate::quantized::oracle::{self, Stored};
use crate::quantized::{self, inputs, runs};

fn stored(tensor: &Tensor) -> Stored {
    match tensor.dtype() {
        DType::F32 => Stored::Floats(tensor.values().unwrap().to_vec()),
        _ => Stored::Integers(tensor.to_i64s().unwrap().into_iter().map(i128::from).collect()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_stored_number_is_that_of_the_oracle((graph, inputs) in runs()) {
        let expected = oracle::run(&graph, &inputs);
        let mut observed = HashMap::new();
        reference::run_observed(&graph, &inputs, |id, tensor| {
            observed.insert(id.0, stored(tensor));
            Ok(())
        })
        .unwrap();
        prop_assert_eq!(observed, expected);
    }

    #[test]
    fn the_engine_gives_the_outputs_of_the_reference((graph, inputs) in runs()) {
        let expected = reference::run(&graph, &inputs).unwrap();
        let outputs = Engine::new(&graph).unwrap().run(&inputs).unwrap();
        prop_assert_eq!(outputs, expected);
    }
}

/// One 1x1 convolution over `channels` inputs with all weights -128.
fn wide(channels: usize, bias: i32) -> QGraph {
    let value = |name: &str, channels| QValue {
        name: name.into(),
        shape: vec![1, channels, 1, 1],
        format: Format::Integer { width: Width::I8, scales: vec![Scale::default(); channels] },
    };
    let conv = QConv {
        axes: [Axis::UNIT; 2],
        group: 1,
        weights: vec![-128; channels],
        exponents: vec![0],
        bias: vec![bias],
        output: ConvOutput::Direct { shifts: vec![24], relu: false },
    };
    QGraph {
        name: "wide".into(),
        values: vec![value("in", channels), value("out", 1)],
        layers: vec![Layer {
            name: "sum".into(),
            op: QOp::Conv(Box::new(conv)),
            inputs: vec![Some(Operand::Value(QValueId(0)))],
            outputs: vec![QValueId(1)],
            sources: vec![],
        }],
        inputs: vec![QValueId(0)],
        outputs: vec![QOutput { name: "out".into(), value: QValueId(1) }],
        functions: vec![],
        rounding: Rounding::HalfUp,
    }
}

#[test]
fn an_accumulator_is_allowed_up_to_its_last_value_and_not_beyond() {
    // 131,071 products of 2^14 leave 2^14 - 1 for the bias.
    let channels = (1 << 17) - 1;
    let exact = wide(channels, (1 << 14) - 1);
    let input = Tensor::new(&[1, channels, 1, 1], vec![-1000f32; channels]).unwrap();
    let sum = reference::run(&exact, std::slice::from_ref(&input)).unwrap();
    assert_eq!(sum[0].values::<f32>().unwrap(), [127.0], "(2^31 - 1) / 2^24 saturates");
    for beyond in [wide(channels, 1 << 14), wide(channels + 1, 0), wide(channels, -(1 << 14))] {
        let input = Tensor::new(&beyond.values[0].shape, vec![0f32; beyond.values[0].len()]);
        let error = reference::run(&beyond, &[input.unwrap()]).unwrap_err();
        assert_eq!(error.code().id, "SG0504", "{error}");
        assert!(error.to_string().contains("layer \"sum\" (Conv)"), "{error}");
    }
}

#[test]
fn what_cannot_be_quantized_is_refused_with_its_place() {
    let graph = wide(2, 0);
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let input = Tensor::new(&[1, 2, 1, 1], vec![0.0, bad]).unwrap();
        let error = reference::run(&graph, &[input]).unwrap_err();
        assert_eq!(error.code().id, "SG0503");
        assert!(error.to_string().contains("input \"in\""), "{error}");
    }
    let huge = Tensor::new(&[1, 2, 1, 1], vec![f32::MAX, f32::MIN]).unwrap();
    assert!(reference::run(&graph, &[huge]).is_ok(), "large numbers saturate");
}

#[test]
fn a_float_layer_that_gives_nan_is_named() {
    use seigo::frontend::ops::activation::Activation;
    let mut graph = wide(1, 0);
    graph.layers[0].op = QOp::Float(Activation::Log.into());
    let input = Tensor::new(&[1, 1, 1, 1], vec![-3f32]).unwrap();
    let error = reference::run(&graph, &[input]).unwrap_err();
    assert_eq!(error.code().id, "SG0503");
    assert!(error.to_string().contains("layer \"sum\" (Log)"), "{error}");
}

#[test]
fn inputs_that_do_not_fit_are_refused() {
    let graph = wide(2, 0);
    let integers = Tensor::new(&[1, 2, 1, 1], vec![0i8; 2]).unwrap();
    let other = Tensor::new(&[1, 1, 1, 2], vec![0f32; 2]).unwrap();
    for given in
        [vec![], vec![integers], vec![other], [inputs(&graph, 1), inputs(&graph, 2)].concat()]
    {
        assert_eq!(reference::run(&graph, &given).unwrap_err().code().id, "SG0301");
    }
}

/// The random graphs hold every kind of layer, output stage and movement, and are not all trivial.
#[test]
fn the_random_graphs_reach_every_rule() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen: HashMap<String, usize> = HashMap::new();
    for _ in 0..400 {
        let graph = quantized::graphs().new_tree(&mut runner).unwrap().current();
        for layer in &graph.layers {
            let kind = match &layer.op {
                QOp::Conv(conv) => match &conv.output {
                    ConvOutput::Direct { .. } => "direct".to_owned(),
                    ConvOutput::Function { residual, .. } => format!("function {residual:?}"),
                    ConvOutput::Dpu { activation, .. } => format!("dpu {activation:?}"),
                },
                QOp::DpuAdd => "DpuAdd".to_owned(),
                op => op.kind().to_owned(),
            };
            *seen.entry(kind).or_default() += 1;
        }
    }
    println!("{seen:?}");
    let wanted = [
        "direct",
        "function None",
        "function Some(BeforeActivation)",
        "function Some(AfterActivation)",
        "dpu None",
        "dpu Relu",
        "dpu LeakyRelu",
        "Add",
        "ChannelMul",
        "DpuAdd",
        "Rescale",
        "MaxPool",
        "Concat",
        "Split",
        "Resize",
        "SpaceToDepth",
        "ChannelShuffle",
        "Reshape",
        "Mul",
        "Relu",
    ];
    for kind in wanted {
        assert!(seen.get(kind).is_some_and(|&count| count >= 5), "{kind}: {seen:?}");
    }
}
