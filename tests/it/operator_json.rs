//! Operators survive their JSON form, floats bit for bit.

use seigo::base::tensor::Tensor;
use seigo::frontend::ops::activation::Activation;
use seigo::frontend::ops::constant_of_shape::ConstantOfShape;
use seigo::frontend::ops::conv::Conv;
use seigo::frontend::ops::epilogue::{Epilogue, Residual};
use seigo::frontend::ops::gemm::Gemm;
use seigo::frontend::ops::pad::{Pad, PadMode};
use seigo::frontend::ops::reduce::{Reduce, Reduction};
use seigo::frontend::ops::shape::Shape;
use seigo::frontend::ops::transpose::Transpose;
use seigo::frontend::ops::window::{AutoPad, Window};
use seigo::frontend::ops::{Op, clip::Clip};

fn operators() -> Vec<Op> {
    let window = Window {
        kernel: vec![3, 1],
        strides: vec![2, 1],
        pads: vec![(1, 0), (0, 2)],
        dilations: vec![1, 5],
        auto_pad: AutoPad::SameLower,
    };
    let clamp = Activation::Clamp { min: f32::NEG_INFINITY, max: 0.1 };
    let epilogue = Epilogue { activation: Some(clamp), residual: Some(Residual::BeforeActivation) };
    vec![
        Clip.into(),
        clamp.into(),
        Activation::Clamp { min: -0.0, max: f32::INFINITY }.into(),
        Activation::Selu { alpha: 1.673_263_2, gamma: f32::MIN_POSITIVE }.into(),
        Activation::Gelu { tanh: true }.into(),
        Conv { window, group: 4, epilogue }.into(),
        Gemm { transpose_a: true, transpose_b: false, alpha: 1.0e-30, beta: 3.3, epilogue }.into(),
        ConstantOfShape { value: Tensor::vector(vec![f32::NEG_INFINITY]) }.into(),
        ConstantOfShape { value: Tensor::vector(vec![i64::MIN]) }.into(),
        Pad { mode: PadMode::Reflect }.into(),
        Reduce { reduction: Reduction::Mean, keep_dims: true, noop_with_empty_axes: false }.into(),
        Shape::Size.into(),
        Shape::Extents { start: -2, end: i64::MAX }.into(),
        Transpose { order: None }.into(),
        Transpose { order: Some(vec![0, 2, 1]) }.into(),
    ]
}

#[test]
fn every_attribute_survives() {
    for op in operators() {
        let json = serde_json::to_string(&op).unwrap();
        let back: Op = serde_json::from_str(&json).unwrap();
        assert_eq!(format!("{back:?}"), format!("{op:?}"), "{json}");
        assert_eq!(back, op);
    }
}

#[test]
fn words_that_are_no_numbers_are_refused() {
    let text = r#"{"activation":{"elu":{"alpha":"many"}}}"#;
    assert!(serde_json::from_str::<Op>(text).is_err());
}
