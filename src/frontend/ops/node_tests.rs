//! Every operator that ONNX knows is read back from the node that it writes.

use super::epilogue::Epilogue;
use super::pad::PadMode;
use super::reduce::Reduction;
use super::resize::{Aspect, Coordinates, Mode, Rounding};
use super::window::{AutoPad, Window};
use super::*;
use crate::base::tensor::DType;

/// The newest opset that is read.
const OPSET: i64 = 22;

fn window() -> Window {
    Window {
        kernel: vec![3, 5],
        strides: vec![2, 1],
        pads: vec![(1, 2), (0, 3)],
        dilations: vec![1, 2],
        auto_pad: AutoPad::Explicit,
    }
}

fn same(auto_pad: AutoPad) -> Window {
    Window { auto_pad, pads: Vec::new(), ..window() }
}

fn activations() -> Vec<Op> {
    use activation::Activation as A;
    let plain = [
        A::Relu,
        A::Sigmoid,
        A::HardSwish,
        A::Mish,
        A::Tanh,
        A::Softplus,
        A::Softsign,
        A::Erf,
        A::Exp,
        A::Log,
        A::Sqrt,
        A::Reciprocal,
        A::Abs,
        A::Neg,
        A::Floor,
        A::Ceil,
        A::Round,
    ];
    let with_parameters = [
        A::LeakyRelu { alpha: 0.3 },
        A::HardSigmoid { alpha: 0.1, beta: 0.4 },
        A::Gelu { tanh: true },
        A::Gelu { tanh: false },
        A::Elu { alpha: 0.7 },
        A::Selu { alpha: 1.5, gamma: 1.25 },
        A::Celu { alpha: 2.0 },
    ];
    plain.into_iter().chain(with_parameters).map(Op::from).collect()
}

fn windowed() -> Vec<Op> {
    let epilogue = Epilogue::default();
    vec![
        average_pool::AveragePool { window: window(), ceil: true, count_include_pad: true }.into(),
        conv::Conv { window: same(AutoPad::SameUpper), group: 4, epilogue }.into(),
        conv::Conv { window: same(AutoPad::Valid), group: 1, epilogue }.into(),
        conv_transpose::ConvTranspose {
            window: same(AutoPad::SameLower),
            group: 2,
            output_padding: vec![1, 0],
            output_shape: vec![9, 7],
            epilogue,
        }
        .into(),
        max_pool::MaxPool { window: window(), ceil: true }.into(),
    ]
}

fn resizes() -> Vec<Op> {
    let resize = |mode, coordinates, axes, aspect| {
        Op::from(resize::Resize {
            mode,
            coordinates,
            axes,
            aspect,
            extrapolation: 0.5,
            scales_input: 2,
        })
    };
    vec![
        resize(Mode::Nearest(Rounding::Ceil), Coordinates::Asymmetric, None, Aspect::Stretch),
        resize(
            Mode::Linear { antialias: true, exclude_outside: true },
            Coordinates::HalfPixelSymmetric,
            Some(vec![2, 3]),
            Aspect::NotLarger,
        ),
        resize(
            Mode::Cubic { coefficient: -0.5, exclude_outside: false, antialias: true },
            Coordinates::CropAndResize,
            None,
            Aspect::NotSmaller,
        ),
    ]
}

fn movements() -> Vec<Op> {
    vec![
        concat::Concat { axis: -2 }.into(),
        depth_to_space::DepthToSpace { block: 2, channel_first: true }.into(),
        expand::Expand.into(),
        flatten::Flatten { axis: 2 }.into(),
        gather::Gather { axis: 1 }.into(),
        identity::Identity { mask: false }.into(),
        pad::Pad { mode: PadMode::Constant }.into(),
        pad::Pad { mode: PadMode::Reflect }.into(),
        pad::Pad { mode: PadMode::Edge }.into(),
        pad::Pad { mode: PadMode::Wrap }.into(),
        reshape::Reshape { allow_zero: true }.into(),
        slice::Slice.into(),
        space_to_depth::SpaceToDepth { block: 2, offsets: vec![(0, 0), (0, 1), (1, 0), (1, 1)] }
            .into(),
        split::Split { axis: 1, parts: 1, equal: false }.into(),
        squeeze::Squeeze.into(),
        tile::Tile.into(),
        transpose::Transpose { order: Some(vec![0, 2, 1]) }.into(),
        transpose::Transpose { order: None }.into(),
        unsqueeze::Unsqueeze.into(),
    ]
}

fn others() -> Vec<Op> {
    let scalar = Tensor::vector(vec![7i64]);
    let gemm = gemm::Gemm {
        transpose_a: true,
        transpose_b: true,
        alpha: 0.5,
        beta: 2.0,
        epilogue: Epilogue::default(),
    };
    vec![
        arg_max::ArgMax { axis: -1, keep_dims: false, last: true, smallest: true }.into(),
        arg_max::ArgMax { axis: 1, keep_dims: true, last: false, smallest: false }.into(),
        batch_norm::BatchNorm { epsilon: 0.25 }.into(),
        cast::Cast { to: Some(DType::U16) }.into(),
        cast::Cast { to: None }.into(),
        clip::Clip.into(),
        constant_of_shape::ConstantOfShape { value: scalar }.into(),
        dequantize_linear::DequantizeLinear { axis: 0 }.into(),
        quantize_linear::QuantizeLinear { axis: 2, to: Some(DType::I16) }.into(),
        gemm.into(),
        global_pool::GlobalPool::Average.into(),
        global_pool::GlobalPool::Max.into(),
        matmul::MatMul.into(),
        min_max::MinMax::Max.into(),
        min_max::MinMax::Min.into(),
        pow::Pow.into(),
        prelu::PRelu.into(),
        range::Range.into(),
        remainder::Remainder { fmod: true }.into(),
        select::Select.into(),
        shape::Shape::Extents { start: 1, end: -1 }.into(),
        shape::Shape::Size.into(),
        softmax::Softmax { axis: 1, flatten: false, log: true }.into(),
        softmax::Softmax { axis: -1, flatten: false, log: false }.into(),
        sum::Sum { mean: true }.into(),
        sum::Sum { mean: false }.into(),
    ]
}

fn families() -> Vec<Op> {
    use binary::Binary as B;
    use compare::Compare as C;
    let reductions = [
        Reduction::Max,
        Reduction::Min,
        Reduction::Sum,
        Reduction::Product,
        Reduction::Mean,
        Reduction::L1,
        Reduction::L2,
        Reduction::SumSquare,
        Reduction::LogSum,
        Reduction::LogSumExp,
    ];
    let compares = [
        C::Equal,
        C::Greater,
        C::Less,
        C::GreaterOrEqual,
        C::LessOrEqual,
        C::And,
        C::Or,
        C::Xor,
        C::Not,
    ];
    let reduce = |reduction| {
        reduce::Reduce { reduction, keep_dims: false, noop_with_empty_axes: true }.into()
    };
    let binaries = [B::Add, B::Sub, B::Mul, B::Div].map(Op::from);
    reductions.map(reduce).into_iter().chain(compares.map(Op::from)).chain(binaries).collect()
}

#[test]
fn nodes_are_read_back_as_the_operator_that_wrote_them() {
    let groups = [activations(), windowed(), resizes(), movements(), others(), families()];
    let mut kinds = std::collections::BTreeSet::new();
    for op in groups.concat() {
        let node = Node {
            name: "n".into(),
            op_type: op.kind().into(),
            domain: String::new(),
            inputs: vec!["x".into()],
            outputs: vec!["y".into()],
            attributes: op.attributes(),
        };
        assert_eq!(Op::parse(&node, OPSET).unwrap(), op);
        kinds.insert(op.kind());
    }
    // Upsample is read as Resize, and Dropout as Identity.
    let missing: Vec<_> = Op::supported()
        .into_iter()
        .filter(|name| !kinds.contains(name) && !["Upsample", "Dropout"].contains(name))
        .collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}
