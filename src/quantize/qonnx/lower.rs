//! Operators on quantized tensors (QLinearConv and the like) written out as float operators
//! between DequantizeLinear and QuantizeLinear.
//!
//! Sources: the ONNX operator pages of QLinearConv and QLinearMatMul; ONNX Runtime's
//! `docs/ContribOperators.md` for those of the domain `com.microsoft`.

use std::collections::HashMap;

use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::tensor::{DType, Tensor};
use crate::frontend::onnx::{Attributes, Model, Node};

/// Data, scale and zero point: the names of three inputs.
type Triple<'a> = [&'a str; 3];

/// Writes the operators out; the other nodes stay as they are.
///
/// # Errors
/// [`codes::ONNX_STRUCTURE`] when an input is missing, [`codes::NOT_CONSTANT`] when a scale that
/// gives the scale of a bias is no constant.
pub fn lower(model: &mut Model) -> Result<()> {
    let stored = model.initializers.iter().map(|(name, value)| (name.clone(), value.clone()));
    let mut constants: HashMap<String, Tensor> = stored.collect();
    for node in model.nodes.iter().filter(|node| node.op_type == "Constant") {
        if let (Ok(Some(value)), Some(name)) =
            (node.attributes.tensor("value"), node.outputs.first())
        {
            constants.insert(name.clone(), value);
        }
    }
    let mut lowering = Lowering { nodes: Vec::new(), added: Vec::new(), constants };
    for node in std::mem::take(&mut model.nodes) {
        let place = node.place();
        lowering.node(node).at(|| place)?;
    }
    model.nodes = lowering.nodes;
    model.initializers.extend(lowering.added);
    Ok(())
}

struct Lowering {
    nodes: Vec<Node>,
    added: Vec<(String, Tensor)>,
    constants: HashMap<String, Tensor>,
}

impl Lowering {
    fn node(&mut self, mut node: Node) -> Result<()> {
        let microsoft = node.domain == "com.microsoft";
        match &*node.op_type {
            "QuantizeLinear" | "DequantizeLinear" if microsoft => {
                node.domain.clear();
                self.nodes.push(node);
                Ok(())
            }
            "QLinearConv" => self.conv(&node),
            "QLinearMatMul" => self.pair(&node, "MatMul", -1),
            "QLinearAdd" if microsoft => self.pair(&node, "Add", 1),
            "QLinearMul" if microsoft => self.pair(&node, "Mul", 1),
            "QLinearSigmoid" if microsoft => self.single(&node, "Sigmoid"),
            "QLinearLeakyRelu" if microsoft => self.single(&node, "LeakyRelu"),
            "QLinearSoftmax" if microsoft => self.single(&node, "Softmax"),
            "QLinearReduceMean" if microsoft => self.single(&node, "ReduceMean"),
            "QLinearAveragePool" if microsoft => self.pool(&node, "AveragePool"),
            "QLinearGlobalAveragePool" if microsoft => self.pool(&node, "GlobalAveragePool"),
            "QLinearConcat" if microsoft => self.concat(&node),
            "QGemm" if microsoft => self.gemm(&node),
            _ => {
                self.nodes.push(node);
                Ok(())
            }
        }
    }

    fn conv(&mut self, node: &Node) -> Result<()> {
        let x = self.dequantized(node, "x", triple(node, 0)?, 1);
        let w = self.dequantized(node, "w", triple(node, 3)?, 0);
        let mut inputs = vec![x, w];
        if let Some(bias) = node.inputs.get(8).filter(|name| !name.is_empty()) {
            inputs.push(self.bias(node, bias, input(node, 1)?, input(node, 4)?)?);
        }
        let y = self.float(node, "Conv", inputs, node.attributes.clone());
        self.quantized(node, y, [input(node, 6)?, input(node, 7)?])
    }

    fn gemm(&mut self, node: &Node) -> Result<()> {
        let axis = if node.attributes.flag("transB", false)? { 0 } else { 1 };
        let a = self.dequantized(node, "a", triple(node, 0)?, 1);
        let b = self.dequantized(node, "b", triple(node, 3)?, axis);
        let mut inputs = vec![a, b];
        if let Some(bias) = node.inputs.get(6).filter(|name| !name.is_empty()) {
            inputs.push(self.bias(node, bias, input(node, 1)?, input(node, 4)?)?);
        }
        let y = self.float(node, "Gemm", inputs, node.attributes.clone());
        if node.inputs.get(7).is_some_and(|name| !name.is_empty()) {
            return self.quantized(node, y, [input(node, 7)?, input(node, 8)?]);
        }
        let last = self.nodes.last_mut().filter(|last| last.outputs == [y]);
        if let Some(last) = last {
            last.outputs = node.outputs.clone();
        }
        Ok(())
    }

    /// Two quantized inputs; a scale per slice of the second runs along `axis`.
    fn pair(&mut self, node: &Node, op_type: &str, axis: i64) -> Result<()> {
        let a = self.dequantized(node, "a", triple(node, 0)?, 1);
        let b = self.dequantized(node, "b", triple(node, 3)?, axis);
        let y = self.float(node, op_type, vec![a, b], node.attributes.clone());
        self.quantized(node, y, [input(node, 6)?, input(node, 7)?])
    }

    fn single(&mut self, node: &Node, op_type: &str) -> Result<()> {
        let x = self.dequantized(node, "x", triple(node, 0)?, 1);
        let y = self.float(node, op_type, vec![x], node.attributes.clone());
        self.quantized(node, y, [input(node, 3)?, input(node, 4)?])
    }

    fn pool(&mut self, node: &Node, op_type: &str) -> Result<()> {
        if node.attributes.flag("channels_last", false)? {
            return Err(Error::new(&codes::ONNX_OPERATOR, "pooling with the channels last"));
        }
        self.single(node, op_type)
    }

    fn concat(&mut self, node: &Node) -> Result<()> {
        let parts = node.inputs.len().saturating_sub(2) / 3;
        let mut inputs = Vec::with_capacity(parts);
        for part in 0..parts {
            let data = triple(node, 2 + 3 * part)?;
            inputs.push(self.dequantized(node, &format!("x{part}"), data, 1));
        }
        let y = self.float(node, "Concat", inputs, node.attributes.clone());
        self.quantized(node, y, [input(node, 0)?, input(node, 1)?])
    }

    /// The bias has the scale of a product of input and weight.
    fn bias(&mut self, node: &Node, bias: &str, x: &str, w: &str) -> Result<String> {
        let x = self.constant(x)?.values::<f32>()?.first().copied().unwrap_or(1.0);
        let steps: Vec<f32> =
            self.constant(w)?.values::<f32>()?.iter().map(|step| step * x).collect();
        let scale = if steps.len() == 1 { Tensor::scalar(steps[0]) } else { Tensor::vector(steps) };
        let name = format!("{}:bias_scale", node.name);
        self.added.push((name.clone(), scale));
        Ok(self.dequantized(node, "bias", [bias, &name, ""], 0))
    }

    fn constant(&self, name: &str) -> Result<&Tensor> {
        self.constants.get(name).filter(|value| value.dtype() == DType::F32).ok_or_else(|| {
            Error::new(
                &codes::NOT_CONSTANT,
                format!("the scale \"{name}\" is not a float constant"),
            )
        })
    }

    fn dequantized(&mut self, node: &Node, tag: &str, triple: Triple<'_>, axis: i64) -> String {
        let name = format!("{}:{tag}", node.name);
        let inputs = triple.into_iter().filter(|name| !name.is_empty()).map(str::to_owned);
        self.nodes.push(Node {
            name: name.clone(),
            op_type: "DequantizeLinear".into(),
            domain: String::new(),
            inputs: inputs.collect(),
            outputs: vec![name.clone()],
            attributes: Attributes::default().with("axis", axis),
        });
        name
    }

    /// The float operator; it keeps the node's name.
    fn float(
        &mut self,
        node: &Node,
        op_type: &str,
        inputs: Vec<String>,
        attributes: Attributes,
    ) -> String {
        let output = format!("{}:float", node.name);
        self.nodes.push(Node {
            name: node.name.clone(),
            op_type: op_type.into(),
            domain: String::new(),
            inputs,
            outputs: vec![output.clone()],
            attributes,
        });
        output
    }

    fn quantized(&mut self, node: &Node, value: String, [scale, zero]: [&str; 2]) -> Result<()> {
        let mut inputs = vec![value, scale.to_owned()];
        inputs.extend((!zero.is_empty()).then(|| zero.to_owned()));
        self.nodes.push(Node {
            name: format!("{}:quantize", node.name),
            op_type: "QuantizeLinear".into(),
            domain: String::new(),
            inputs,
            outputs: node.outputs.clone(),
            attributes: Attributes::default(),
        });
        Ok(())
    }
}

fn input(node: &Node, position: usize) -> Result<&str> {
    node.inputs
        .get(position)
        .map(String::as_str)
        .ok_or_else(|| Error::new(&codes::ONNX_STRUCTURE, format!("input {position} is missing")))
}

fn triple(node: &Node, first: usize) -> Result<Triple<'_>> {
    Ok([input(node, first)?, input(node, first + 1)?, input(node, first + 2)?])
}
