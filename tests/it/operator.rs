//! An operator as ONNX writes it, for networks that tests build node by node.

use seigo::frontend::onnx::{Attribute, Attributes, Node};
use seigo::frontend::ops::Op;

/// The operator of a node without inputs, of opset 17, and a name for it: its kind and `number`.
pub fn parse(kind: &str, number: usize, attributes: &[(&str, Attribute)]) -> (String, Op) {
    let mut node = Node {
        name: format!("{kind}{number}"),
        op_type: kind.to_owned(),
        domain: String::new(),
        inputs: Vec::new(),
        outputs: Vec::new(),
        attributes: Attributes::default(),
    };
    for (name, value) in attributes {
        node.attributes.set(name, value.clone());
    }
    let op = Op::parse(&node, 17).expect("the test writes what ONNX allows");
    (node.name, op)
}
