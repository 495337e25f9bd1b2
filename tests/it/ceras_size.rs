//! The size of a .ceras file of YOLOX-Nano, with scales and shifts that are all different: worse
//! than what a quantizer makes.

use seigo::base::arithmetic::{Base, Function, Layout, Rounding};
use seigo::frontend::graph::{Graph, ImportOptions, Node};
use seigo::frontend::onnx;
use seigo::frontend::ops::Op;
use seigo::frontend::ops::window::Axis;
use seigo::frontend::rewrites;
use seigo::model::ceras::{Model, section_sizes};
use seigo::model::qgraph::{
    ConvOutput, Format, Layer, Operand, QConv, QGraph, QOp, QOutput, QValue, QValueId, Scale, Width,
};

use crate::support::shared;

/// Different numbers in `low..=high`.
fn numbers(seed: usize, count: usize, low: i8, high: i8) -> Vec<i8> {
    let span = (i64::from(high) - i64::from(low) + 1) as usize;
    let number = |index: usize| ((index * 7919 + seed * 104_729) % span) as i64 + i64::from(low);
    (0..count).map(|index| number(index) as i8).collect()
}

fn conv(graph: &Graph, node: &Node, op: &seigo::frontend::ops::conv::Conv, seed: usize) -> QConv {
    let weight = &graph.fact(node.input(1).unwrap()).shape;
    let input = &graph.fact(node.input(0).unwrap()).shape;
    let axes = op.window.axes(&weight[2..], &input[2..], false).unwrap();
    let outputs = weight[0];
    let axes: [Axis; 2] = axes.try_into().unwrap();
    QConv {
        axes,
        group: op.group,
        weights: numbers(seed, weight.iter().product(), -127, 127),
        exponents: numbers(seed, outputs, -20, 0),
        bias: (0..outputs).map(|o| (o * 1_000_003 + seed) as i32 & 0xf_ffff).collect(),
        output: ConvOutput::Function {
            function: 0,
            arguments: numbers(seed + 1, outputs, -2, 12),
            shifts: numbers(seed + 2, outputs, 0, 15),
            residual: op.epilogue.residual,
            fractions: vec![10; outputs],
        },
    }
}

fn quantized(graph: &Graph) -> QGraph {
    let values = graph.values.iter().enumerate().map(|(seed, value)| {
        let channels = value.fact.shape.get(1).copied().unwrap_or(1);
        let exponents = numbers(seed, channels, -9, 4);
        let zeros = numbers(seed + 1, channels, -128, 127);
        let scales = exponents.into_iter().zip(zeros);
        let scales = scales.map(|(exponent, zero)| Scale { exponent, zero }).collect();
        let used = value.fact.value.is_none();
        let format = Format::Integer { width: Width::I8, scales };
        // Constants belong to their layers: their places stay as empty values.
        let (name, shape) = (value.name.clone(), value.fact.shape.clone());
        let unused = || QValue { name: String::new(), shape: vec![], format: Format::Float };
        if used { QValue { name, shape, format } } else { unused() }
    });
    let layers = graph.nodes.iter().enumerate().map(|(seed, node)| {
        let operand = |id: &Option<seigo::frontend::graph::ValueId>| {
            id.map(|id| match graph.constant(id) {
                Some(tensor) => Operand::Constant(tensor.clone()),
                None => Operand::Value(QValueId(id.0)),
            })
        };
        let mut inputs: Vec<_> = node.inputs.iter().map(operand).collect();
        let op = match &node.op {
            Op::Conv(op) => {
                inputs.drain(1..inputs.len().min(3));
                QOp::Conv(Box::new(conv(graph, node, op, seed)))
            }
            op => QOp::Float(op.clone().into()),
        };
        let outputs = node.outputs.iter().map(|id| QValueId(id.0)).collect();
        Layer { name: node.name.clone(), op, inputs, outputs, sources: node.sources.clone() }
    });
    let outputs = graph.outputs.iter();
    let silu = |t: f64| t / (1.0 + (-t).exp());
    QGraph {
        name: graph.name.clone(),
        values: values.collect(),
        layers: layers.collect(),
        inputs: graph.inputs.iter().map(|id| QValueId(id.0)).collect(),
        outputs: outputs
            .map(|out| QOutput { name: out.name.clone(), value: QValueId(out.value.0) })
            .collect(),
        functions: vec![Function::tabulate("silu", Base::Relu, Layout::TwoSegments, false, silu)],
        rounding: Rounding::HalfUp,
    }
}

#[test]
fn yolox_nano_takes_at_most_1_100_000_bytes() {
    let Some(shared) = shared::folder() else { return };
    let model = onnx::Model::load(&shared.join("models/yolox_nano.onnx")).unwrap();
    let mut graph = Graph::from_model(&model, &ImportOptions::default()).unwrap();
    rewrites::run(&mut graph, rewrites::STANDARD).unwrap();
    let model = Model::new(quantized(&graph));
    let bytes = model.to_bytes().unwrap();
    let convs = model.graph.layers.iter().filter(|layer| matches!(layer.op, QOp::Conv(_))).count();
    println!("{convs} convolutions, {} layers, {} bytes", graph.nodes.len(), bytes.len());
    for (tag, size) in section_sizes(&bytes).unwrap() {
        println!("{} {size}", tag.name());
    }
    assert_eq!(Model::from_bytes(&bytes).unwrap(), model);
    assert!(bytes.len() <= 1_100_000, "{} bytes", bytes.len());
}
