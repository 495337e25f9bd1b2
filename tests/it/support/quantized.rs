//! A quantized classifier of colors, written in code, for tests.

use seigo::base::arithmetic::{Base, Function, Layout, Rounding};
use seigo::frontend::ops::epilogue::Residual;
use seigo::frontend::ops::flatten::Flatten;
use seigo::frontend::ops::global_pool::GlobalPool;
use seigo::frontend::ops::window::Axis;
use seigo::model::ceras::Model;
use seigo::model::qgraph::{
    ConvOutput, Format, Layer, Operand, QConv, QGraph, QOp, QOutput, QValue, QValueId, Scale, Width,
};

fn integer(name: &str, exponent: i8, zero: i8) -> QValue {
    let format = Format::Integer { width: Width::I8, scales: vec![Scale { exponent, zero }; 3] };
    QValue { name: name.into(), shape: vec![1, 3, 8, 8], format }
}

/// A 1x1 convolution that weighs a channel against the others; `zero` is that of its input.
fn conv(zero: i32, shift: i8, function: usize, residual: Option<Residual>) -> QOp {
    let axis = Axis { input: 8, output: 8, ..Axis::UNIT };
    let weights: [i8; 9] = [64, -20, -20, -20, 64, -20, -20, -20, 64];
    QOp::Conv(Box::new(QConv {
        axes: [axis; 2],
        group: 1,
        weights: weights.to_vec(),
        exponents: vec![-5; 3],
        bias: vec![-24 * zero; 3],
        output: ConvOutput::Function {
            function,
            arguments: vec![-5; 3],
            shifts: vec![shift; 3],
            residual,
            fractions: vec![10; 3],
        },
    }))
}

pub fn classifier() -> Model {
    let silu = |t: f64| t / (1.0 + (-t).exp());
    let float = |name: &str, shape: &[usize]| QValue {
        name: name.into(),
        shape: shape.to_vec(),
        format: Format::Float,
    };
    let layer = |name: &str, op, inputs: &[usize], output| Layer {
        name: name.into(),
        op,
        inputs: inputs.iter().map(|&id| Some(Operand::Value(QValueId(id)))).collect(),
        outputs: vec![QValueId(output)],
        sources: vec![name.into()],
    };
    let mut stem = layer("stem", conv(-128, 11, 0, None), &[0], 1);
    stem.sources = ["stem", "sigmoid", "silu"].map(str::to_owned).to_vec();
    let mut mix = layer("mix", conv(-100, 12, 1, Some(Residual::AfterActivation)), &[1, 1], 2);
    mix.sources = ["mix", "sum"].map(str::to_owned).to_vec();
    let mut model = Model::new(QGraph {
        name: "colors".into(),
        values: vec![
            integer("image", 1, -128),
            integer("silu", 1, -100),
            integer("sum", 2, 0),
            float("pool", &[1, 3, 1, 1]),
            float("logits", &[1, 3]),
        ],
        layers: vec![
            stem,
            mix,
            layer("pool", QOp::Float(GlobalPool::Average.into()), &[2], 3),
            layer("flatten", QOp::Float(Flatten { axis: 1 }.into()), &[3], 4),
        ],
        inputs: vec![QValueId(0)],
        outputs: vec![QOutput { name: "logits".into(), value: QValueId(4) }],
        functions: vec![
            Function::tabulate("silu", Base::Relu, Layout::TwoSegments, false, silu),
            Function::straight("identity", Base::Identity),
        ],
        rounding: Rounding::HalfUp,
    });
    model.meta.task =
        serde_json::from_str(include_str!("../../fixtures/classifier.task.json")).ok();
    model.meta.tool = "seigo fixtures".into();
    model
}
