//! The forms that operators have in a model file, byte by byte, and what they say of themselves.

use super::*;
use crate::base::arithmetic::Rounding;
use crate::frontend::ops::activation::Activation;
use crate::frontend::ops::flatten::Flatten;
use crate::frontend::ops::identity::Identity;
use crate::frontend::ops::max_pool::MaxPool;
use crate::frontend::ops::window::Window;
use crate::model::qgraph::{Format, Layer, Operand, QValue, QValueId, Scale, Width};

fn conv(output: ConvOutput) -> QConv {
    let axis = Axis { input: 2, output: 2, ..Axis::UNIT };
    let (weights, exponents, bias) = (vec![-3, 4, 5, 6], vec![-7, -8], vec![300, -2]);
    QConv { axes: [axis; 2], group: 1, weights, exponents, bias, output }
}

fn pool() -> QMaxPool {
    let window = Window {
        kernel: vec![3, 3],
        strides: vec![2, 2],
        pads: vec![(1, 1), (1, 1)],
        dilations: vec![1, 1],
        ..Window::default()
    };
    MaxPool { window, ceil: true }.into()
}

fn stored(op: &QOp) -> (String, ArrayWriter) {
    let mut arrays = ArrayWriter { weights: vec![9; 3], params: vec![9; 5] };
    let header = serde_json::to_string(&op.store(&mut arrays)).unwrap();
    (header, arrays)
}

fn loaded(header: &str, arrays: &ArrayWriter) -> Result<QOp> {
    let region = |name: &str, bytes| Region { name: name.to_owned(), bytes };
    let arrays = ArrayReader {
        weights: region("WGTS", &arrays.weights),
        params: region("PRMS", &arrays.params),
    };
    serde_json::from_str::<OpHeader>(header).unwrap().load(&arrays)
}

#[test]
fn headers_keep_their_bytes() {
    let direct = ConvOutput::Direct { shifts: vec![1, -2], relu: true };
    let dpu = ConvOutput::Dpu {
        accumulator_shift: 1,
        bias_shift: 2,
        shift: 3,
        activation: DpuActivation::LeakyRelu,
    };
    let function = ConvOutput::Function {
        function: 4,
        arguments: vec![5, 6],
        shifts: vec![7, 8],
        residual: None,
        fractions: vec![10; 2],
    };
    let conv = |output, tail: &str| {
        let head = r#"{"conv":{"axes":[[2,2,1,1,1,0,0],[2,2,1,1,1,0,0]],"group":1,"channels":2,"weights":[3,4],"params":8,"output":"#;
        (QOp::Conv(Box::new(self::conv(output))), format!("{head}{tail}}}}}"))
    };
    let cases = [
        conv(direct, r#"{"direct":{"relu":true}}"#),
        conv(function, r#"{"function":{"function":4}}"#),
        conv(dpu, r#"{"dpu":{"accumulator_shift":1,"bias_shift":2,"shift":3,"activation":"leaky-relu"}}"#),
        (QOp::Add, r#""add""#.to_owned()),
        (QOp::DpuAdd, r#""dpu-add""#.to_owned()),
        (QOp::Rescale, r#""rescale""#.to_owned()),
        (
            QOp::MaxPool(pool()),
            r#"{"max-pool":{"max-pool":{"window":{"kernel":[3,3],"strides":[2,2],"pads":[[1,1],[1,1]],"dilations":[1,1],"auto-pad":"explicit"},"ceil":true}}}"#.to_owned(),
        ),
        (QOp::Move(Flatten { axis: 1 }.into()), r#"{"move":{"flatten":{"axis":1}}}"#.to_owned()),
        (
            QOp::Float(Activation::Relu.into()),
            r#"{"float":{"activation":"relu"}}"#.to_owned(),
        ),
    ];
    for (op, expected) in cases {
        let (header, arrays) = stored(&op);
        assert_eq!(header, expected);
        assert_eq!(loaded(&header, &arrays).unwrap(), op);
    }
}

#[test]
fn numbers_follow_each_other_from_a_multiple_of_four() {
    let output = ConvOutput::Function {
        function: 0,
        arguments: vec![5, 6],
        shifts: vec![7, 8],
        residual: None,
        fractions: vec![10; 2],
    };
    let (_, arrays) = stored(&QOp::Conv(Box::new(conv(output))));
    assert_eq!(arrays.weights, [9, 9, 9, 253, 4, 5, 6]);
    let params = [9, 9, 9, 9, 9, 0, 0, 0, 44, 1, 0, 0, 254, 255, 255, 255, 249, 248, 5, 6, 7, 8];
    assert_eq!(arrays.params, params);
}

#[test]
fn numbers_outside_of_their_section_are_refused() {
    let output = ConvOutput::Direct { shifts: vec![1, -2], relu: true };
    let (header, mut arrays) = stored(&QOp::Conv(Box::new(conv(output))));
    arrays.params.pop();
    let error = loaded(&header, &arrays).unwrap_err();
    assert_eq!(error.code().id, "SG0601");
    assert!(error.to_string().contains("section PRMS"), "{error}");
}

/// A layer on two int8 inputs and an int8 output of a shape.
fn layer(op: QOp, shapes: [&[usize]; 2]) -> QGraph {
    let value = |name: &str, shape: &[usize], exponent| QValue {
        name: name.to_owned(),
        shape: shape.to_vec(),
        format: Format::Integer {
            width: Width::I8,
            scales: vec![Scale { exponent, zero: 0 }; shape.get(1).copied().unwrap_or(1)],
        },
    };
    let [input, output] = shapes;
    let values = vec![value("x", input, -4), value("y", input, -4), value("z", output, -4)];
    let inputs = [0, 1].map(|id| Some(Operand::Value(QValueId(id))));
    let inputs = inputs[..if matches!(op, QOp::Add | QOp::DpuAdd) { 2 } else { 1 }].to_vec();
    let (name, sources) = ("layer".to_owned(), Vec::new());
    let layer = Layer { name, op, inputs, outputs: vec![QValueId(2)], sources };
    QGraph {
        name: String::new(),
        values,
        layers: vec![layer],
        inputs: vec![QValueId(0), QValueId(1)],
        outputs: Vec::new(),
        functions: Vec::new(),
        rounding: Rounding::HalfUp,
    }
}

/// Every operator with the shapes that it takes and gives.
fn operators() -> Vec<QGraph> {
    let direct = ConvOutput::Direct { shifts: vec![1, 2], relu: true };
    let (feature, same) = ([1, 2, 2, 2], [1, 2, 2, 2]);
    vec![
        layer(QOp::Conv(Box::new(conv(direct))), [&feature, &same]),
        layer(QOp::Add, [&feature, &same]),
        layer(QOp::DpuAdd, [&feature, &same]),
        layer(QOp::Rescale, [&feature, &same]),
        layer(QOp::MaxPool(pool()), [&[1, 2, 5, 5], &[1, 2, 3, 3]]),
        layer(QOp::Move(Identity { mask: false }.into()), [&feature, &same]),
        layer(QOp::Float(Activation::Relu.into()), [&feature, &same]),
    ]
}

#[test]
fn results_of_another_shape_are_refused() {
    for mut graph in operators() {
        graph.validate().unwrap();
        let result = &mut graph.values[2];
        result.shape[3] += 1;
        let error = graph.validate().unwrap_err();
        assert_eq!(error.code().id, "SG0506", "{error}");
        assert!(error.to_string().contains("instead of [1, 2"), "{error}");
    }
}

#[test]
fn results_without_scales_are_refused_and_scales_are_kept_where_they_have_to_be() {
    for mut graph in operators() {
        let rule = graph.layers[0].op.operator().scales();
        if let Format::Integer { scales, .. } = &mut graph.values[2].format {
            scales[1].exponent = -3;
        }
        let fixed = matches!(rule, ScaleRule::Kept | ScaleRule::Moved);
        assert_eq!(graph.validate().is_err(), fixed, "{graph:?}");
        graph.values[2].format = Format::Float;
        assert_eq!(graph.validate().is_ok(), rule == ScaleRule::Processor, "{graph:?}");
    }
}

#[test]
fn operators_say_what_they_are() {
    let said: Vec<_> = operators()
        .iter()
        .map(|graph| {
            let layer = &graph.layers[0];
            let (operator, at) = (layer.op.operator(), Operands { graph, layer });
            let window = operator.window(&graph.values[0].shape).unwrap();
            (
                operator.describe(graph),
                operator.alignment(&at, 0).words,
                window.map(|axes| axes.iter().map(|axis| axis.kernel).collect::<Vec<_>>()),
                operator.macs(&graph.values[2].shape),
                operator.accumulator_bits(),
            )
        })
        .collect();
    let (aligned, none) = ("to the finer operand", "none needed");
    let text = |words: &str| words.to_owned();
    let expected = [
        (
            text("Conv + Relu"),
            "folded in the weights; sum to output",
            Some(vec![1, 1]),
            16,
            Some(12),
        ),
        (text("Add"), aligned, None, 0, None),
        (text("Add"), aligned, None, 0, None),
        (text("Rescale"), "to the output", None, 0, None),
        (text("MaxPool"), none, Some(vec![3, 3]), 0, None),
        (text("Identity"), none, None, 0, None),
        (text("Relu in float"), "dequantized", None, 0, None),
    ];
    assert_eq!(said, expected);
}
