//! `fold-constants`.

use seigo::base::tensor::{DType, Tensor};
use seigo::frontend::graph::{Graph, ImportOptions};
use seigo::frontend::onnx::{Attribute, Attributes, Dim, Input, Model, Node};

use super::net::{Net, assert_untouched, kinds, rewrite};

/// `x.view(x.size(0), x.size(1), -1)` as PyTorch exports it.
fn view() -> Model {
    let mut nodes = Vec::new();
    let mut node = |op: &str, output: &str, inputs: &[&str], attributes: &[(&str, Attribute)]| {
        let mut all = Attributes::default();
        for (name, value) in attributes {
            all.set(name, value.clone());
        }
        nodes.push(Node {
            name: output.into(),
            op_type: op.into(),
            domain: String::new(),
            inputs: inputs.iter().map(ToString::to_string).collect(),
            outputs: vec![output.into()],
            attributes: all,
        });
    };
    let axis = ("axis", Attribute::Int(0));
    for index in ["0", "1"] {
        let name = |what: &str| format!("{what}{index}");
        node("Shape", &name("shape"), &["x"], &[]);
        let value = Attribute::Tensor(Tensor::scalar(index.parse::<i64>().unwrap()));
        node("Constant", &name("index"), &[], &[("value", value)]);
        let (shape, index) = (name("shape"), name("index"));
        node("Gather", &name("extent"), &[&shape, &index], std::slice::from_ref(&axis));
        node("Unsqueeze", &name("dim"), &[&name("extent"), "zero"], &[]);
    }
    node("Concat", "shape", &["dim0", "dim1", "rest"], std::slice::from_ref(&axis));
    node("Reshape", "y", &["x", "shape"], &[]);
    Model {
        opset: 17,
        name: "view".into(),
        producer: String::new(),
        inputs: vec![Input {
            name: "x".into(),
            dtype: DType::F32,
            dims: Some([1, 6, 4, 5].map(Dim::Known).to_vec()),
        }],
        outputs: vec!["y".into()],
        initializers: vec![
            ("zero".into(), Tensor::vector(vec![0i64])),
            ("rest".into(), Tensor::vector(vec![-1i64])),
        ],
        nodes,
    }
}

#[test]
fn computed_shapes_fold() {
    let graph = Graph::from_model(&view(), &ImportOptions::default()).unwrap();
    assert_eq!(graph.nodes.len(), 8);
    assert_eq!(graph.fact(graph.outputs[0].value).shape, [1, 6, 20]);
    let (rewritten, rewrites) = rewrite(&graph, &["fold-constants"]);
    assert_eq!((rewrites, kinds(&rewritten)), (7, vec!["Reshape".to_owned()]));
}

#[test]
fn arithmetic_on_constants_folds_and_may_be_an_output() {
    let mut net = Net::new();
    let x = net.input(&[2, 3]);
    let (a, b) = (net.random(&[3]), net.random(&[3]));
    let sum = net.op("Add", &[a, b]);
    let y = net.op("Mul", &[x, sum]);
    let (rewritten, rewrites) = rewrite(&net.finish(&[y, sum]), &["fold-constants"]);
    assert_eq!((rewrites, kinds(&rewritten)), (1, vec!["Mul".to_owned()]));
}

#[test]
fn what_depends_on_the_input_stays() {
    let mut net = Net::new();
    let x = net.input(&[2, 3]);
    let zero = net.scalar(0.0);
    let y = net.op("Mul", &[x, zero]);
    assert_untouched(&net.finish(&[y]), "fold-constants");
}
