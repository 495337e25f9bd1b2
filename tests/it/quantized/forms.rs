//! Float forms for the layers of a random network, with numbers of their own: what they compute does not have to be near the
//! integers for the two engines to agree on it.

use seigo::base::random::Samples;
use seigo::base::tensor::Tensor;
use seigo::frontend::ops::activation::Activation;
use seigo::frontend::ops::binary::Binary;
use seigo::frontend::ops::conv::Conv;
use seigo::frontend::ops::epilogue::Epilogue;
use seigo::frontend::ops::window::{AutoPad, Axis, Window};
use seigo::model::forms::FloatForm;
use seigo::model::qgraph::{Layer, Operand, QConv, QFloat, QGraph, QOp};

/// A float form for about two layers in three that compute.
pub fn float_forms(graph: &QGraph, seed: u64) -> Vec<FloatForm> {
    let mut random = Samples::new(seed);
    let mut forms = Vec::new();
    for (index, layer) in graph.layers.iter().enumerate() {
        let form = match &layer.op {
            QOp::Conv(conv) => conv_form(conv, layer, &mut random),
            QOp::Add => (QFloat(Binary::Add.into()), layer.inputs.clone()),
            QOp::ChannelMul => (QFloat(Binary::Mul.into()), layer.inputs.clone()),
            _ => continue,
        };
        if random.below(3) > 0 {
            forms.push(FloatForm { layer: index, op: form.0, inputs: form.1 });
        }
    }
    forms
}

fn conv_form(conv: &QConv, layer: &Layer, random: &mut Samples) -> (QFloat, Vec<Option<Operand>>) {
    let of = |number: fn(&Axis) -> usize| conv.axes.iter().map(number).collect::<Vec<_>>();
    let window = Window {
        kernel: of(|axis| axis.kernel),
        strides: of(|axis| axis.stride),
        pads: conv.axes.iter().map(|axis| (axis.begin, axis.end)).collect(),
        dilations: of(|axis| axis.dilation),
        auto_pad: AutoPad::Explicit,
    };
    let activation = [None, Some(Activation::Relu)][random.below(2)];
    let residual = conv.residual();
    let op = Conv { window, group: conv.group, epilogue: Epilogue { activation, residual } };
    let outputs = conv.bias.len();
    let taps = of(|axis| axis.kernel);
    let inputs = conv.weights.len() / (outputs * taps[0] * taps[1]).max(1);
    let weights: Vec<f32> = conv.weights.iter().map(|&weight| f32::from(weight) / 512.0).collect();
    let bias: Vec<f32> = (0..outputs).map(|_| random.below(256) as f32 / 64.0 - 2.0).collect();
    let constant =
        |shape: &[usize], values| Some(Operand::Constant(Tensor::new(shape, values).unwrap()));
    let mut operands = vec![
        layer.inputs[0].clone(),
        constant(&[outputs, inputs, taps[0], taps[1]], weights),
        constant(&[outputs], bias),
    ];
    if residual.is_some() {
        operands.push(layer.inputs[1].clone());
    }
    (QFloat(op.into()), operands)
}
