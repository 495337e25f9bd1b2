//! A graph with QuantizeLinear and DequantizeLinear to a [`QGraph`] with the same integers.
//!
//! Nodes are visited in order of execution. Of every value it is known what stands for it: stored
//! integers, the numbers behind stored integers, a float, or a constant ([`Source`]). An operator
//! that has an integer rule becomes that rule where its inputs are quantized; every other one
//! becomes a float layer between dequantization and quantization.

mod conv;
mod join;
mod product;
mod relu;
mod values;

use std::collections::{HashMap, HashSet};

use super::lower;
use super::scale::{Quantization, TENSOR, form, uniform};
use crate::base::arithmetic::Rounding;
use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::tensor::Tensor;
use crate::frontend::graph::{self, Graph, Links, Node, ValueId};
use crate::frontend::onnx::Model;
use crate::frontend::ops::identity::Identity;
use crate::frontend::ops::{Inputs, Op};
use crate::model::qgraph::{
    Format, Operand, QGraph, QOp, QOutput, QValueId, Scale, ScaleRule, Width,
};

/// Integer rules that a model was quantized for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arithmetic {
    /// Those of the Vitis AI DPU (rule A13); rounding is half up.
    Dpu,
    /// Those of this project (rules A4, A5 and A8) with the given rounding.
    Own(Rounding),
}

/// Choices of the user about the import.
#[derive(Debug, Clone, Default)]
pub struct ImportOptions {
    /// Shapes that the file leaves open.
    pub graph: graph::ImportOptions,
    /// The rules; `None` takes the DPU's where every scale is per tensor and every zero point 0,
    /// else our own with rounding to even, as ONNX Runtime computes.
    pub arithmetic: Option<Arithmetic>,
}

/// Reads a model that is quantized already.
///
/// # Errors
/// Those of [`Graph::from_model`]; [`codes::SCALE_NOT_POWER`] and [`codes::QUANTIZED_FORM`] with
/// the tensor's name; [`codes::ACCUMULATOR`]; [`codes::NOTHING_TO_QUANTIZE`] for a float model.
pub fn import(model: &Model, options: &ImportOptions) -> Result<QGraph> {
    let mut model = model.clone();
    lower(&mut model)?;
    import_graph(&Graph::from_model(&model, &options.graph)?, options.arithmetic)
}

/// Converts a graph with the operators QuantizeLinear and DequantizeLinear.
///
/// # Errors
/// Those of [`import`].
pub fn import_graph(graph: &Graph, arithmetic: Option<Arithmetic>) -> Result<QGraph> {
    let mut import = Import::new(graph, arithmetic)?;
    for index in 0..graph.nodes.len() {
        if !import.done.contains(&index) {
            import.node(index).at(|| graph.nodes[index].place())?;
        }
    }
    import.outputs()?;
    import.quantized.validate()?;
    Ok(import.quantized)
}

/// What stands for a value of the graph.
#[derive(Debug, Clone)]
enum Source {
    /// The stored integers themselves.
    Codes(QValueId),
    /// The numbers that stored integers stand for.
    Numbers(QValueId),
    /// A float.
    Float(QValueId),
    /// A constant that was computed at import.
    Constant(Tensor),
    /// The numbers that constant integers stand for.
    Stored(Stored),
}

/// Constant integers with their scales; unsigned ones are signed already.
#[derive(Debug, Clone)]
struct Stored {
    codes: Vec<i64>,
    shape: Vec<usize>,
    quantization: Quantization,
    numbers: Tensor,
}

struct Import<'a> {
    graph: &'a Graph,
    links: Links,
    arithmetic: Arithmetic,
    sources: HashMap<ValueId, Source>,
    /// Nodes whose work another layer does already.
    done: HashSet<usize>,
    names: HashSet<String>,
    quantized: QGraph,
}

impl<'a> Import<'a> {
    fn new(graph: &'a Graph, arithmetic: Option<Arithmetic>) -> Result<Self> {
        let detected = detect(graph)?;
        let arithmetic = arithmetic.unwrap_or(detected);
        let rounding = match arithmetic {
            Arithmetic::Dpu => Rounding::HalfUp,
            Arithmetic::Own(rounding) => rounding,
        };
        let quantized = QGraph {
            name: graph.name.clone(),
            values: Vec::new(),
            layers: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            functions: Vec::new(),
            rounding,
        };
        let mut import = Self {
            graph,
            links: graph.links(),
            arithmetic,
            sources: HashMap::new(),
            done: HashSet::new(),
            names: HashSet::new(),
            quantized,
        };
        for &id in &graph.inputs {
            let value = graph.value(id);
            if value.fact.dtype != crate::base::tensor::DType::F32 {
                return Err(form(format!(
                    "input \"{}\" is {}; inputs are float and quantized inside of the model",
                    value.name, value.fact.dtype
                )));
            }
            let own = match import.quantizer(id) {
                Some(quantizer) => import.quantized_by(quantizer)?,
                None => {
                    let own = import.value(&value.name, &value.fact.shape, Format::Float);
                    import.sources.insert(id, Source::Float(own));
                    own
                }
            };
            import.quantized.inputs.push(own);
        }
        Ok(import)
    }

    fn node(&mut self, index: usize) -> Result<()> {
        let node = &self.graph.nodes[index];
        match &node.op {
            Op::QuantizeLinear(_) => return self.quantize(index),
            Op::DequantizeLinear(_) => return self.dequantize(index),
            _ => {}
        }
        if self.fold(node)? {
            return Ok(());
        }
        let converted = match &node.op {
            Op::Conv(conv) => self.conv(index, conv)?,
            Op::Gemm(_) | Op::MatMul(_) => self.product(index)?,
            Op::Binary(crate::frontend::ops::binary::Binary::Add) => self.add(index)?,
            Op::Activation(crate::frontend::ops::activation::Activation::Relu) => {
                self.relu(index)?
            }
            op => match QOp::on_integers(op) {
                Some(own) if own.operator().scales() == ScaleRule::Moved => {
                    self.movement(index, own)?
                }
                Some(own) => self.kept(index, own)?,
                None => false,
            },
        };
        if converted { Ok(()) } else { self.float(index) }
    }

    /// Evaluates a node whose inputs are all constant.
    fn fold(&mut self, node: &Node) -> Result<bool> {
        let inputs: Vec<_> =
            node.inputs.iter().map(|id| id.and_then(|id| self.constant(id))).collect();
        let all =
            node.inputs.iter().zip(&inputs).all(|(id, value)| id.is_some() == value.is_some());
        if !all {
            return Ok(false);
        }
        let references: Vec<_> = inputs.iter().map(Option::as_ref).collect();
        for (&id, value) in node.outputs.iter().zip(node.op.eval(Inputs::new(&references))?) {
            self.sources.insert(id, Source::Constant(value));
        }
        Ok(true)
    }

    fn constant(&self, id: ValueId) -> Option<Tensor> {
        match self.sources.get(&id) {
            Some(Source::Constant(value)) => Some(value.clone()),
            Some(Source::Stored(stored)) => Some(stored.numbers.clone()),
            Some(_) => None,
            None => self.graph.constant(id).cloned(),
        }
    }

    /// What a QuantizeLinear or DequantizeLinear says; the integers are its output or input.
    fn quantization(&self, node: &Node, integers: ValueId) -> Result<Quantization> {
        let value = self.graph.value(integers);
        let constant = |position: usize| node.input(position).and_then(|id| self.constant(id));
        let scale = constant(1).ok_or_else(|| {
            Error::new(&codes::NOT_CONSTANT, format!("the scale of \"{}\"", value.name))
        })?;
        let zero = constant(2);
        if node.input(2).is_some() && zero.is_none() {
            return Err(Error::new(
                &codes::NOT_CONSTANT,
                format!("the zero point of \"{}\"", value.name),
            ));
        }
        let axis = match &node.op {
            Op::QuantizeLinear(op) => op.axis,
            Op::DequantizeLinear(op) => op.axis,
            _ => 1,
        };
        Quantization::new(&value.name, value.fact.dtype, &scale, zero.as_ref(), axis)
    }

    /// Width and scale per channel of an activation.
    fn activation(&self, node: &Node, integers: ValueId) -> Result<(Width, Vec<Scale>)> {
        let value = self.graph.value(integers);
        let read = self.quantization(node, integers)?;
        let scales = read.per_channel(&value.fact.shape).ok_or_else(|| {
            form(format!("the scales of activation \"{}\" are not per channel", value.name))
        })?;
        if let Some(scale) = scales.iter().find(|own| !TENSOR.contains(&own.exponent.into())) {
            let text = format!(
                "the scale 2^{} of activation \"{}\" is not from 2^{} to 2^{}",
                scale.exponent,
                value.name,
                TENSOR.start(),
                TENSOR.end()
            );
            return Err(Error::new(&codes::SCALE_NOT_POWER, text));
        }
        Ok((read.width, scales))
    }

    fn quantize(&mut self, index: usize) -> Result<()> {
        let node = &self.graph.nodes[index];
        let (Some(input), Some(&output)) = (node.input(0), node.outputs.first()) else {
            return Err(Error::new(&codes::ONNX_STRUCTURE, "an input is missing"));
        };
        if self.fold(node)? {
            return Ok(());
        }
        let (width, scales) = self.activation(node, output)?;
        let id = match self.source(input)? {
            Source::Numbers(id) if self.holds(id, width, &scales) => id,
            Source::Numbers(id) if width == Width::I8 && self.is_int8(id) => {
                self.rescale(id, index, &scales)
            }
            Source::Numbers(id) | Source::Float(id) => {
                let target = self.quantized_value(index, width, scales);
                let op = QOp::Float(Identity { mask: false }.into());
                self.layer(&node.name, op, vec![Some(Operand::Value(id))], vec![target], &[index]);
                target
            }
            _ => return Err(form(format!("\"{}\" is quantized twice", node.name))),
        };
        self.sources.insert(output, Source::Codes(id));
        Ok(())
    }

    fn dequantize(&mut self, index: usize) -> Result<()> {
        let node = &self.graph.nodes[index];
        let (Some(input), Some(&output)) = (node.input(0), node.outputs.first()) else {
            return Err(Error::new(&codes::ONNX_STRUCTURE, "an input is missing"));
        };
        if let Some(codes) = self.constant(input) {
            let quantization = self.quantization(node, input)?;
            let inputs: Vec<_> =
                node.inputs.iter().map(|id| id.and_then(|id| self.constant(id))).collect();
            let references: Vec<_> = inputs.iter().map(Option::as_ref).collect();
            let numbers = node.op.eval(Inputs::new(&references))?.remove(0);
            let offset = quantization.offset;
            let stored = Stored {
                codes: codes.to_i64s()?.into_iter().map(|code| code - offset).collect(),
                shape: codes.shape().to_vec(),
                quantization,
                numbers,
            };
            self.sources.insert(output, Source::Stored(stored));
            return Ok(());
        }
        let (width, scales) = self.activation(node, input)?;
        match self.source(input)? {
            Source::Codes(id) if self.holds(id, width, &scales) => {
                self.sources.insert(output, Source::Numbers(id));
                Ok(())
            }
            _ => Err(form(format!(
                "\"{}\" is dequantized under another scale than it was quantized",
                self.graph.value(input).name
            ))),
        }
    }

    /// An operator on the processor. A QuantizeLinear behind it is part of the layer.
    fn float(&mut self, index: usize) -> Result<()> {
        let node = &self.graph.nodes[index];
        let mut inputs = Vec::with_capacity(node.inputs.len());
        for input in &node.inputs {
            inputs.push(match *input {
                None => None,
                Some(id) => Some(match self.constant(id) {
                    Some(value) => Operand::Constant(value),
                    None => Operand::Value(self.number(id)?),
                }),
            });
        }
        let mut outputs = Vec::with_capacity(node.outputs.len());
        let mut nodes = vec![index];
        for &id in &node.outputs {
            outputs.push(match self.quantizer(id) {
                Some(quantizer) => {
                    let target = self.quantized_by(quantizer)?;
                    nodes.push(quantizer);
                    target
                }
                None => {
                    let value = self.graph.value(id);
                    let own = self.value(&value.name, &value.fact.shape, Format::Float);
                    self.sources.insert(id, Source::Float(own));
                    own
                }
            });
        }
        self.layer(&node.name, QOp::Float(node.op.clone().into()), inputs, outputs, &nodes);
        Ok(())
    }

    /// The value that a float layer reads for `id`.
    fn number(&self, id: ValueId) -> Result<QValueId> {
        match self.source(id)? {
            Source::Numbers(own) | Source::Float(own) => Ok(own),
            _ => Err(form(format!(
                "\"{}\" is read as an integer by an operator that does not just move it",
                self.graph.value(id).name
            ))),
        }
    }

    /// Network outputs leave as floats, under their names.
    fn outputs(&mut self) -> Result<()> {
        for output in &self.graph.outputs {
            let value = match self.source(output.value)? {
                Source::Float(id) => id,
                Source::Numbers(id) | Source::Codes(id) => id,
                Source::Constant(_) | Source::Stored(_) => {
                    return Err(form(format!("output \"{}\" is constant", output.name)));
                }
            };
            self.quantized.outputs.push(QOutput { name: output.name.clone(), value });
        }
        Ok(())
    }
}

/// The rules that fit a model: the DPU's where every activation and weight is int8 under one scale
/// with zero point 0.
fn detect(graph: &Graph) -> Result<Arithmetic> {
    let mut any = false;
    let mut plain = true;
    for node in &graph.nodes {
        let integers = match node.op {
            Op::QuantizeLinear(_) => node.outputs.first().copied(),
            Op::DequantizeLinear(_) => node.input(0),
            _ => continue,
        };
        any = true;
        let dtype = integers.map(|id| graph.fact(id).dtype);
        let scale = node.input(1).map(|id| graph.fact(id).len());
        let zero =
            node.input(2).and_then(|id| graph.constant(id)).map(Tensor::to_i64s).transpose()?;
        let bias = dtype == Some(crate::base::tensor::DType::I32);
        plain &= (dtype == Some(crate::base::tensor::DType::I8) || bias)
            && scale == Some(1)
            && zero.is_none_or(|zeros| zeros.iter().all(|&zero| zero == 0));
    }
    if !any {
        return Err(Error::new(
            &codes::NOTHING_TO_QUANTIZE,
            "the model has no QuantizeLinear or DequantizeLinear, so it is not quantized",
        )
        .help("quantize it with `seigo quantize`"));
    }
    Ok(if plain { Arithmetic::Dpu } else { Arithmetic::Own(Rounding::HalfEven) })
}
