//! Quantized ONNX models built here: the imported integers are those that the float executor
//! computes for QuantizeLinear and DequantizeLinear, and the exports compute them again.

use seigo::base::arithmetic::{Base, Function, Layout, Rounding};
use seigo::base::tensor::{DType, Tensor};
use seigo::frontend::graph::{self, Graph};
use seigo::frontend::onnx::{Attributes, Dim, Input, Model, Node};
use seigo::frontend::ops::activation::Activation;
use seigo::frontend::ops::channel_shuffle::ChannelShuffle;
use seigo::frontend::ops::epilogue::Residual;
use seigo::frontend::ops::max_pool::MaxPool;
use seigo::frontend::ops::window::{Axis, Window};
use seigo::model::qgraph::{
    ConvOutput, Format, Layer, Operand, QConv, QGraph, QOp, QOutput, QValue, QValueId, Scale, Width,
};
use seigo::quantize::qonnx::{self, Arithmetic, ImportOptions, export, import};
use seigo::software::engine::Engine;
use seigo::software::executor::Executor;
use seigo::software::reference;

/// A generator that needs no state outside (Marsaglia 2003, xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn within(&mut self, low: i64, high: i64) -> i64 {
        low + (self.next() % (high - low + 1) as u64) as i64
    }
}

fn node(op: &str, domain: &str, inputs: &[&str], output: &str, attributes: Attributes) -> Node {
    Node {
        name: format!("{output}_node"),
        op_type: op.into(),
        domain: domain.into(),
        inputs: inputs.iter().map(|&name| name.to_owned()).collect(),
        outputs: vec![output.to_owned()],
        attributes,
    }
}

/// Convolution with a scale per channel, pooling of integers, addition, concatenation, product:
/// unsigned activations with zero points.
fn operator_form(first_scale: f32) -> Model {
    let mut random = Random(7);
    let mut initializers = vec![
        ("xs".into(), Tensor::scalar(first_scale)),
        ("xz".into(), Tensor::scalar(130u8)),
        ("ws".into(), Tensor::vector(vec![0.125f32, 0.03125, 0.0625, 0.25])),
        ("wz".into(), Tensor::vector(vec![0i8; 4])),
        ("ys".into(), Tensor::scalar(4f32)),
        ("yz".into(), Tensor::scalar(101u8)),
        ("as".into(), Tensor::scalar(8f32)),
        ("az".into(), Tensor::scalar(120u8)),
        ("ms".into(), Tensor::scalar(0.0625f32)),
        ("mz".into(), Tensor::scalar(0i8)),
        ("os".into(), Tensor::scalar(64f32)),
        ("shape".into(), Tensor::vector(vec![1i64, -1])),
    ];
    let weights = (0..4 * 3 * 9).map(|_| random.within(-128, 127) as i8).collect();
    initializers.push(("w".into(), Tensor::new(&[4, 3, 3, 3], weights).unwrap()));
    let bias = (0..4).map(|_| random.within(-900, 900) as i32).collect();
    initializers.push(("b".into(), Tensor::vector::<i32>(bias)));
    let matrix = (0..8 * 9 * 5).map(|_| random.within(-128, 127) as i8).collect();
    initializers.push(("m".into(), Tensor::new(&[72, 5], matrix).unwrap()));
    let plain = Attributes::default;
    let same = plain().with("pads", vec![1i64, 1, 1, 1]);
    let pool = plain().with("kernel_shape", vec![2i64, 2]).with("strides", vec![2i64, 2]);
    let channels = plain().with("axis", 1i64);
    let ms = "com.microsoft";
    let conv = ["q", "xs", "xz", "w", "ws", "wz", "ys", "yz", "b"];
    let nodes = vec![
        node("QuantizeLinear", "", &["x", "xs", "xz"], "q", plain()),
        node("QLinearConv", "", &conv, "c", same),
        node("MaxPool", "", &["c"], "p", pool),
        node("QLinearAdd", ms, &["p", "ys", "yz", "p", "ys", "yz", "as", "az"], "s", plain()),
        node("QLinearConcat", ms, &["as", "az", "p", "ys", "yz", "s", "as", "az"], "k", channels),
        node("Reshape", "", &["k", "shape"], "f", plain()),
        node("QLinearMatMul", "", &["f", "as", "az", "m", "ms", "mz", "os", "yz"], "o", plain()),
        node("DequantizeLinear", "", &["o", "os", "yz"], "out", plain()),
    ];
    let dims = [1, 3, 6, 6].map(Dim::Known).to_vec();
    Model {
        opset: 17,
        name: "operators".into(),
        producer: String::new(),
        inputs: vec![Input { name: "x".into(), dtype: DType::F32, dims: Some(dims) }],
        outputs: vec!["out".into()],
        initializers,
        nodes,
    }
}

/// Numbers on the grid of the first scale, so that no rounding rule matters for them.
fn frame(random: &mut Random, shape: &[usize], step: f32, largest: i64) -> Tensor {
    let count = shape.iter().product();
    let values = (0..count).map(|_| random.within(-largest, largest) as f32 * step).collect();
    Tensor::new(shape, values).unwrap()
}

#[test]
fn operators_on_unsigned_tensors_keep_their_integers() {
    let model = operator_form(0.5);
    let graph = import(&model, &ImportOptions::default()).unwrap();
    assert_eq!(graph.rounding, Rounding::HalfEven);
    assert!(graph.layers.iter().all(|layer| !layer.op.is_float()), "{:?}", graph.layers);
    let mut lowered = model;
    qonnx::lower(&mut lowered).unwrap();
    let float = Graph::from_model(&lowered, &Default::default()).unwrap();
    let (executor, engine) = (Executor::new(&float), Engine::new(&graph).unwrap());
    let mut random = Random(99);
    let mut distinct = std::collections::BTreeSet::new();
    for _ in 0..40 {
        let input = [frame(&mut random, &[1, 3, 6, 6], 0.5, 150)];
        let (ours, theirs) = (engine.run(&input).unwrap(), executor.run(&input).unwrap());
        assert_eq!(ours, theirs);
        distinct.extend(ours[0].values::<f32>().unwrap().iter().map(|value| value.to_bits()));
    }
    assert!(distinct.len() > 20, "the outputs say nothing");
}

#[test]
fn a_free_scale_is_refused_by_name_and_requantized_to_float() {
    let model = operator_form(0.3);
    let error = import(&model, &ImportOptions::default()).unwrap_err();
    assert_eq!(error.code().id, "SG0505");
    assert!(error.message().contains("\"q\""), "{error}");
    let mut lowered = model;
    qonnx::lower(&mut lowered).unwrap();
    let mut graph = Graph::from_model(&lowered, &Default::default()).unwrap();
    let before = graph.clone();
    assert!(qonnx::dequantize(&mut graph).unwrap() > 5);
    let left = |name: &str| graph.nodes.iter().any(|node| node.op.kind() == name);
    assert!(!left("QuantizeLinear") && !left("DequantizeLinear") && left("Conv"));
    // So small that nothing saturates inside of the quantized model.
    let input = [frame(&mut Random(3), &[1, 3, 6, 6], 0.3, 3)];
    let quantized = Executor::new(&before).run(&input).unwrap();
    let float = Executor::new(&graph).run(&input).unwrap();
    for (a, b) in quantized[0].values::<f32>().unwrap().iter().zip(float[0].values().unwrap()) {
        let b: f32 = *b;
        assert!((a - b).abs() < 300.0, "{a} and {b}");
    }
}

/// A convolution whose output is quantized with `zero`, as ONNX Runtime writes it where a ReLU was, and again
/// behind a pooling; in operators on quantized tensors or in pairs.
fn folded_relu(zero: Tensor, operators: bool) -> Model {
    let mut model = operator_form(0.5);
    let names = ["xs", "xz", "w", "ws", "wz", "b"];
    model.initializers.retain(|(name, _)| names.contains(&&**name));
    let range = Tensor::scalar(6f32 / 255.0);
    model.initializers.extend([("ys".into(), range), ("yz".into(), zero)]);
    let plain = Attributes::default;
    let channels = || plain().with("axis", 0i64);
    let pool = plain().with("kernel_shape", vec![2i64, 2]);
    let conv = ["q", "xs", "xz", "w", "ws", "wz", "ys", "yz", "b"];
    model.outputs = vec!["e".into(), "out".into()];
    model.nodes = vec![node("QuantizeLinear", "", &["x", "xs", "xz"], "q", plain())];
    model.nodes.extend(match operators {
        true => vec![node("QLinearConv", "", &conv, "c", plain())],
        false => vec![
            node("DequantizeLinear", "", &["q", "xs", "xz"], "d", plain()),
            node("DequantizeLinear", "", &["w", "ws", "wz"], "v", channels()),
            node("Conv", "", &["d", "v"], "f", plain()),
            node("QuantizeLinear", "", &["f", "ys", "yz"], "c", plain()),
        ],
    });
    model.nodes.extend([
        node("DequantizeLinear", "", &["c", "ys", "yz"], "e", plain()),
        node("MaxPool", "", &["e"], "p", pool),
        node("QuantizeLinear", "", &["p", "ys", "yz"], "o", plain()),
        node("DequantizeLinear", "", &["o", "ys", "yz"], "out", plain()),
    ]);
    model
}

#[test]
fn a_relu_that_saturation_expresses_comes_back() {
    let zeros = [Tensor::scalar(0u8), Tensor::scalar(-128i8), Tensor::scalar(128u8)];
    for (zero, operators) in zeros.into_iter().flat_map(|z| [(z.clone(), true), (z, false)]) {
        let symmetric = zero == Tensor::scalar(128u8);
        let mut model = folded_relu(zero, operators);
        qonnx::lower(&mut model).unwrap();
        let mut graph = Graph::from_model(&model, &Default::default()).unwrap();
        let before = graph.clone();
        qonnx::dequantize(&mut graph).unwrap();
        let clips = graph.nodes.iter().filter(|node| node.op.kind() == "Clip").count();
        // Neither the image nor what a pooling makes of clipped numbers is clipped again.
        assert_eq!(clips, usize::from(!symmetric));
        if symmetric {
            continue;
        }
        let input = [frame(&mut Random(3), &[1, 3, 6, 6], 0.5, 9)];
        let quantized = Executor::new(&before).run(&input).unwrap();
        let float = Executor::new(&graph).run(&input).unwrap();
        let pairs = || quantized[0].values::<f32>().unwrap().iter().zip(float[0].values().unwrap());
        assert!(pairs().all(|(a, b): (&f32, &f32)| (a - b).abs() < 0.02));
        let ends = |end: f32| pairs().filter(|(a, _)| (**a - end).abs() < 1e-4).count();
        assert!(ends(0.0) > 3 && ends(6.0) > 3, "both ends are reached");
    }
}

#[test]
fn a_float_model_is_refused() {
    let mut model = operator_form(0.5);
    model.nodes = vec![node("Relu", "", &["x"], "out", Attributes::default())];
    let error = import(&model, &ImportOptions::default()).unwrap_err();
    assert_eq!(error.code().id, "SG0502");
}

#[test]
fn the_arithmetic_can_be_chosen() {
    let own = Arithmetic::Own(Rounding::HalfUp);
    let options = ImportOptions { arithmetic: Some(own), ..ImportOptions::default() };
    assert_eq!(import(&operator_form(0.5), &options).unwrap().rounding, Rounding::HalfUp);
}

/// Two convolutions with functions, residuals before and after, and zero points.
fn functions(random: &mut Random, rounding: Rounding) -> QGraph {
    let scale = |random: &mut Random| Scale {
        exponent: random.within(-7, -4) as i8,
        zero: random.within(-128, 127) as i8,
    };
    let value = |name: &str, scales: Vec<Scale>| QValue {
        name: name.into(),
        shape: vec![1, 4, 5, 5],
        format: Format::Integer { width: Width::I8, scales },
    };
    let scales = |random: &mut Random| (0..4).map(|_| scale(random)).collect::<Vec<_>>();
    let values = ["x", "a", "b", "c", "d"].map(|name| value(name, scales(random))).to_vec();
    let axis = Axis { input: 5, output: 5, kernel: 3, begin: 1, end: 1, ..Axis::UNIT };
    let conv = |random: &mut Random, function, group: usize, residual| QConv {
        axes: [axis, axis],
        group,
        weights: (0..4 * 4 / group * 9).map(|_| random.within(-128, 127) as i8).collect(),
        exponents: vec![-12; 4],
        bias: (0..4).map(|_| random.within(-9000, 9000) as i32).collect(),
        output: ConvOutput::Function {
            function,
            arguments: (0..4).map(|_| random.within(1, 6) as i8).collect(),
            shifts: (0..4).map(|_| random.within(3, 6) as i8).collect(),
            residual,
            fractions: vec![10; 4],
        },
    };
    let layer = |name: &str, conv: QConv, inputs: &[usize], output| Layer {
        name: name.into(),
        op: QOp::Conv(Box::new(conv)),
        inputs: inputs.iter().map(|&id| Some(Operand::Value(QValueId(id)))).collect(),
        outputs: vec![QValueId(output)],
        sources: vec![name.into()],
    };
    let sigmoid = |t: f64| 1.0 / (1.0 + (-t).exp());
    let clamp = Base::Clamp { min: -700, max: 3000 };
    let layers = vec![
        layer("first", conv(random, 0, 1, None), &[0], 1),
        layer("second", conv(random, 1, 4, Some(Residual::BeforeActivation)), &[1, 0], 2),
        layer("third", conv(random, 2, 2, Some(Residual::AfterActivation)), &[2, 1], 3),
        Layer {
            name: "sum".into(),
            op: QOp::Add,
            inputs: [3, 2].map(|id| Some(Operand::Value(QValueId(id)))).to_vec(),
            outputs: vec![QValueId(4)],
            sources: Vec::new(),
        },
    ];
    QGraph {
        name: "functions".into(),
        values,
        layers,
        inputs: vec![QValueId(0)],
        outputs: vec![QOutput { name: "y".into(), value: QValueId(4) }],
        functions: vec![
            Function::tabulate("silu", Base::Relu, Layout::TwoSegments, false, |t| t * sigmoid(t)),
            Function::tabulate("sigmoid", Base::Zero, Layout::Uniform, true, sigmoid),
            Function::straight("clamp", clamp),
        ],
        rounding,
    }
}

#[test]
fn the_exact_export_of_functions_computes_the_references_integers() {
    let mut random = Random(2024);
    for case in 0..12 {
        let rounding = if case % 2 == 0 { Rounding::HalfUp } else { Rounding::HalfEven };
        let graph = functions(&mut random, rounding);
        let bytes = export::exact(&graph).unwrap().to_bytes();
        let model = Model::decode(&bytes, None).unwrap();
        let exported = Graph::from_model(&model, &Default::default()).unwrap();
        for _ in 0..3 {
            let input = [frame(&mut random, &[1, 4, 5, 5], 0.0078125, 150)];
            let ours = reference::run(&graph, &input).unwrap();
            assert_eq!(Executor::new(&exported).run(&input).unwrap(), ours, "case {case}");
        }
    }
}

/// Numbers in steps of 1/4 are quantized to steps of 1/2 at the input and, behind an operator in float, to
/// whole ones: every second number is a tie at the input, and every second of the results.
fn ties(rounding: Rounding) -> QGraph {
    let value = |name: &str, exponent, zero| QValue {
        name: name.into(),
        shape: vec![1, 2, 9, 9],
        format: Format::Integer { width: Width::I8, scales: vec![Scale { exponent, zero }; 2] },
    };
    QGraph {
        name: "ties".into(),
        values: vec![value("x", -1, 3), value("y", 0, -5)],
        layers: vec![Layer {
            name: "neg".into(),
            op: QOp::Float(Activation::Neg.into()),
            inputs: vec![Some(Operand::Value(QValueId(0)))],
            outputs: vec![QValueId(1)],
            sources: vec!["neg".into()],
        }],
        inputs: vec![QValueId(0)],
        outputs: vec![QOutput { name: "y".into(), value: QValueId(1) }],
        functions: vec![],
        rounding,
    }
}

#[test]
fn ties_of_floats_go_where_the_network_says() {
    let numbers: Vec<f32> = (0..162).map(|index| (index as f32 - 81.0) / 4.0).collect();
    let input = [Tensor::new(&[1, 2, 9, 9], numbers.clone()).unwrap()];
    for rounding in [Rounding::HalfUp, Rounding::HalfEven] {
        let whole = |x: f32| match rounding {
            Rounding::HalfUp => (x + 0.5).floor(),
            Rounding::HalfEven => x.round_ties_even(),
        };
        let expected: Vec<f32> = numbers.iter().map(|x| whole(-whole(2.0 * x) / 2.0)).collect();
        let graph = ties(rounding);
        let outputs = reference::run(&graph, &input).unwrap();
        assert_eq!(outputs[0].values::<f32>().unwrap(), expected);
        assert_eq!(Engine::new(&graph).unwrap().run(&input).unwrap(), outputs);
        let model = Model::decode(&export::exact(&graph).unwrap().to_bytes(), None).unwrap();
        let exported = Graph::from_model(&model, &Default::default()).unwrap();
        assert_eq!(Executor::new(&exported).run(&input).unwrap(), outputs);
    }
}

/// A layer of every kind but convolution: an addition by the DPU rule whose result is fine enough to
/// show the bits that it drops, and a chain of the others.
fn chain() -> QGraph {
    let value = |name: &str, side, width, exponent| QValue {
        name: name.into(),
        shape: vec![1, 2, side, side],
        format: Format::Integer { width, scales: vec![Scale { exponent, zero: 0 }; 2] },
    };
    let layer = |name: &str, op, inputs: &[usize], output| Layer {
        name: name.into(),
        op,
        inputs: inputs.iter().map(|&id| Some(Operand::Value(QValueId(id)))).collect(),
        outputs: vec![QValueId(output)],
        sources: vec![name.into()],
    };
    let window = Window { kernel: vec![2, 2], strides: vec![2, 2], ..Window::default() };
    QGraph {
        name: "chain".into(),
        values: vec![
            value("x", 4, Width::I8, -2),
            value("fine", 4, Width::I8, -11),
            value("sum", 4, Width::I16, -9),
            value("add", 4, Width::I8, -3),
            value("rescale", 4, Width::I8, -1),
            value("pool", 2, Width::I8, -1),
            value("move", 2, Width::I8, -1),
            value("relu", 2, Width::I8, -2),
        ],
        layers: vec![
            layer("sum", QOp::DpuAdd, &[0, 1], 2),
            layer("add", QOp::Add, &[0, 1], 3),
            layer("rescale", QOp::Rescale, &[3], 4),
            layer("pool", QOp::MaxPool(MaxPool { window, ceil: false }.into()), &[4], 5),
            layer("move", QOp::Move(ChannelShuffle { groups: 2 }.into()), &[5], 6),
            layer("relu", QOp::Float(Activation::Relu.into()), &[6], 7),
        ],
        inputs: vec![QValueId(0), QValueId(1)],
        outputs: [("sum", 2), ("relu", 7)]
            .map(|(name, id)| QOutput { name: name.into(), value: QValueId(id) })
            .to_vec(),
        functions: vec![],
        rounding: Rounding::HalfUp,
    }
}

#[test]
fn every_form_of_a_network_computes_every_layer() {
    let graph = chain();
    let mut plain = graph.clone();
    plain.layers[0].op = QOp::Add;
    let read = |bytes: Vec<u8>| {
        let model = Model::decode(&bytes, None).unwrap();
        Graph::from_model(&model, &Default::default()).unwrap()
    };
    let exact = read(export::exact(&graph).unwrap().to_bytes());
    let functions = export::Functions::Tables;
    let float = read(export::qdq(&graph, functions).unwrap().to_bytes());
    let mut random = Random(77);
    for _ in 0..20 {
        let shape = [1, 2, 4, 4];
        let input =
            [frame(&mut random, &shape, 0.25, 30), frame(&mut random, &shape, 2f32.powi(-11), 127)];
        let ours = reference::run(&graph, &input).unwrap();
        assert_ne!(reference::run(&plain, &input).unwrap()[0], ours[0], "the DPU drops bits");
        assert_eq!(Engine::new(&graph).unwrap().run(&input).unwrap(), ours);
        assert_eq!(Executor::new(&exact).run(&input).unwrap(), ours);
        // ONNX rounds ties to even: a step of the output is allowed.
        let near = Executor::new(&float).run(&input).unwrap();
        for ((ours, near), step) in ours.iter().zip(&near).zip([2f32.powi(-9), 0.5]) {
            let pairs = ours.values::<f32>().unwrap().iter().zip(near.values::<f32>().unwrap());
            for (ours, near) in pairs {
                assert!((ours - near).abs() <= step, "{ours} {near}");
            }
        }
    }
}

/// A resize by 2 and 3 in a form of before opset 11: the scales second, or an attribute.
fn old_resize(op: &str, opset: i64, mode: &str) -> Model {
    let scales = vec![1f32, 1.0, 2.0, 3.0];
    let attributes = Attributes::default().with("mode", mode);
    let (inputs, attributes, initializers) = if opset < 9 {
        (vec!["x"], attributes.with("scales", scales), Vec::new())
    } else {
        (vec!["x", "s"], attributes, vec![("s".into(), Tensor::vector(scales))])
    };
    let dims = [1, 2, 3, 4].map(Dim::Known).to_vec();
    Model {
        opset,
        name: "old".into(),
        producer: String::new(),
        inputs: vec![Input { name: "x".into(), dtype: DType::F32, dims: Some(dims) }],
        outputs: vec!["y".into()],
        initializers,
        nodes: vec![node(op, "", &inputs, "y", attributes)],
    }
}

#[test]
fn scales_of_an_old_resize_are_exported_as_the_third_input() {
    let frame = frame(&mut Random(5), &[1, 2, 3, 4], 0.25, 100);
    let graph = |model: &Model| Graph::from_model(model, &graph::ImportOptions::default()).unwrap();
    let run = |graph: &Graph| Executor::new(graph).run(std::slice::from_ref(&frame)).unwrap();
    for (op, opset) in [("Upsample", 7), ("Upsample", 9), ("Resize", 10)] {
        for mode in ["nearest", "linear"] {
            let old = graph(&old_resize(op, opset, mode));
            let bytes = export::float(&old).unwrap().to_bytes();
            let written = Model::decode(&bytes, None).unwrap();
            assert!(written.opset >= 11);
            let [resize] = &written.nodes[..] else { panic!("one node, not {:?}", written.nodes) };
            assert_eq!(resize.op_type, "Resize");
            let [x, region, scales] = &resize.inputs[..] else { panic!("{:?}", resize.inputs) };
            assert_eq!((&**x, &**region), ("x", ""));
            let (_, scales) = written.initializers.iter().find(|(name, _)| name == scales).unwrap();
            assert_eq!(scales.values::<f32>().unwrap(), [1.0, 1.0, 2.0, 3.0]);
            let output = run(&old);
            assert_eq!(output[0].shape(), [1, 2, 6, 12]);
            assert_eq!(run(&graph(&written)), output, "{op} {opset} {mode}");
        }
    }
}
