//! ONNX model to graph: names become indices, shapes become numbers.

use std::collections::{BTreeMap, HashMap};

use super::composites;
use super::order::{self, structure};
use super::{Graph, Node, Output, Value, ValueId};
use crate::base::error::{Error, Place as _, Remedy, Result, codes};
use crate::base::tensor::Tensor;
use crate::frontend::onnx::{self, Attribute, Dim, Model};
use crate::frontend::ops::{Fact, Inputs, Op};

/// Values up to this many elements are computed while shapes are inferred, since they may be
/// shapes themselves; larger ones wait for the rewrite `fold-constants`.
const MAX_SHAPE_ELEMENTS: usize = 4096;

/// Choices of the user about the import.
#[derive(Debug, Clone, Default)]
pub struct ImportOptions {
    /// Shapes of inputs, by name, that the file leaves open (or that shall be others).
    pub input_shapes: BTreeMap<String, Vec<usize>>,
}

/// Reads `NAME=1x3x416x416`, the form of `--input-shape`.
///
/// # Errors
/// [`codes::BAD_ARGUMENT`].
pub fn parse_input_shape(text: &str) -> Result<(String, Vec<usize>)> {
    let parse = || {
        let (name, dims) = text.rsplit_once('=')?;
        let dims = dims
            .split('x')
            .map(|dim| dim.parse().ok().filter(|&extent: &usize| extent > 0))
            .collect::<Option<Vec<_>>>()?;
        (!name.is_empty()).then(|| (name.to_owned(), dims))
    };
    parse().ok_or_else(|| {
        Error::new(&codes::BAD_ARGUMENT, format!("\"{text}\" is not an input shape"))
            .help("write it as NAME=1x3x416x416")
    })
}

impl Graph {
    /// Turns a model into a graph with every shape known.
    ///
    /// # Errors
    /// The `SG02` and `SG03` codes, naming the node, input or tensor.
    pub fn from_model(model: &Model, options: &ImportOptions) -> Result<Self> {
        for name in options.input_shapes.keys() {
            if model.inputs.iter().all(|input| input.name != *name) {
                return Err(Error::new(
                    &codes::BAD_ARGUMENT,
                    format!("a shape is given for \"{name}\", which is not an input"),
                )
                .help(format!("the inputs are: {}", input_names(model))));
            }
        }
        let mut import = Import::new(model)?;
        for input in &model.inputs {
            let fact = Fact::new(input.dtype, input_shape(input, options)?);
            fact.check_size().at(|| format!("input \"{}\"", input.name))?;
            let id = import.define(&input.name, fact)?;
            import.graph.inputs.push(id);
        }
        for node in order::sorted(model)? {
            import.whole(node).at(|| node.place())?;
        }
        for name in &model.outputs {
            let value = import.lookup(name)?;
            import.graph.outputs.push(Output { name: name.clone(), value });
        }
        if import.graph.outputs.is_empty() {
            return Err(structure("the graph has no output".into()));
        }
        import.graph.validate()?;
        Ok(import.graph)
    }
}

struct Import {
    graph: Graph,
    ids: HashMap<String, ValueId>,
    opset: i64,
}

impl Import {
    fn new(model: &Model) -> Result<Self> {
        let graph = Graph {
            name: model.name.clone(),
            values: Vec::new(),
            nodes: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
        };
        let mut import = Self { graph, ids: HashMap::new(), opset: model.opset };
        for (name, value) in &model.initializers {
            check_not_nan(name, value).map_err(|error| {
                let mut readers = model.nodes.iter().filter(|node| node.inputs.contains(name));
                readers.next().map_or(error.clone(), |node| error.at(node.place()))
            })?;
            import.define(name, value.clone().into())?;
        }
        Ok(import)
    }

    fn define(&mut self, name: &str, fact: Fact) -> Result<ValueId> {
        let id = ValueId(self.graph.values.len());
        if self.ids.insert(name.to_owned(), id).is_some() {
            return Err(structure(format!("the name \"{name}\" is given twice")));
        }
        self.graph.values.push(Value { name: name.to_owned(), fact });
        Ok(id)
    }

    fn lookup(&self, name: &str) -> Result<ValueId> {
        self.ids
            .get(name)
            .copied()
            .ok_or_else(|| structure(format!("\"{name}\" is used but never produced")))
    }

    /// A node of the model, or the nodes that it stands for.
    fn whole(&mut self, source: &onnx::Node) -> Result<()> {
        if !composites::is_composite(source) {
            return self.node(source, self.opset, &source.name);
        }
        let shape = |name: &String| match name.is_empty() {
            true => Ok(None),
            false => self.lookup(name).map(|id| Some(self.graph.fact(id).shape.clone())),
        };
        let shapes = source.inputs.iter().map(shape).collect::<Result<Vec<_>>>()?;
        let parts = composites::parts(source, &shapes, self.opset)?;
        parts.iter().try_for_each(|part| self.node(part, composites::OPSET, &source.name))
    }

    /// A node; `origin` is that of the model.
    fn node(&mut self, source: &onnx::Node, opset: i64, origin: &str) -> Result<()> {
        if source.op_type == "Constant" && source.domain.is_empty() {
            let value = constant(source)?;
            let name = source.outputs.first().map_or("", |name| name);
            check_not_nan(name, &value)?;
            self.define(name, value.into())?;
            return Ok(());
        }
        let mut op = Op::parse(source, opset)?;
        let mut inputs = source
            .inputs
            .iter()
            .map(|name| if name.is_empty() { Ok(None) } else { self.lookup(name).map(Some) })
            .collect::<Result<Vec<_>>>()?;
        if let Some(&Some(first)) = inputs.first() {
            op.count_axes(self.graph.fact(first).shape.len());
        }
        for &(attribute, position) in op.attributes_now_inputs() {
            if let Some(value) = source.attributes.get(attribute)
                && inputs.get(position).copied().flatten().is_none()
            {
                let value = attribute_tensor(attribute, value)?;
                inputs.resize(inputs.len().max(position + 1), None);
                let name = format!("{}:{attribute}", source.name);
                inputs[position] = Some(self.graph.add_constant(&name, value));
            }
        }
        let mut node = Node {
            name: source.name.clone(),
            op,
            inputs,
            outputs: Vec::new(),
            sources: vec![origin.to_owned()],
        };
        self.check_weights_finite(&node)?;
        let facts = self.facts(&node)?;
        if source.outputs.len() > facts.len() {
            let extra = &source.outputs[facts.len()];
            if source.outputs[facts.len()..].iter().any(|name| !name.is_empty()) {
                return Err(Error::new(
                    &codes::ONNX_OPERATOR,
                    format!("optional output {} (\"{extra}\") is not supported", facts.len()),
                ));
            }
        }
        for (position, fact) in facts.into_iter().enumerate() {
            let name = source.outputs.get(position).filter(|name| !name.is_empty());
            let id = match name {
                Some(name) => self.define(name, fact)?,
                None => self.graph.add_value(&format!("{}:unused{position}", node.name), fact),
            };
            node.outputs.push(id);
        }
        self.graph.nodes.push(node);
        Ok(())
    }

    /// Constants of most operators may be infinite (bounds, masks); those which are multiplied
    /// with the data may not.
    fn check_weights_finite(&self, node: &Node) -> Result<()> {
        let weighted = matches!(
            node.op,
            Op::Conv(_) | Op::ConvTranspose(_) | Op::Gemm(_) | Op::MatMul(_) | Op::BatchNorm(_)
        );
        let infinite = |id: &ValueId| {
            let values = self.graph.constant(*id).and_then(|value| value.values::<f32>().ok());
            values.is_some_and(|values| values.iter().any(|value| value.is_infinite()))
        };
        match node.inputs.iter().flatten().copied().find(infinite) {
            Some(id) if weighted => {
                let name = &self.graph.value(id).name;
                let message = format!("tensor \"{name}\" contains an infinite value");
                Err(Error::new(&codes::NON_FINITE, message))
            }
            _ => Ok(()),
        }
    }

    /// Output facts, with values where all inputs are known and small.
    fn facts(&self, node: &Node) -> Result<Vec<Fact>> {
        let inputs = self.graph.input_facts(node);
        let mut facts = node.op.infer(Inputs::new(&inputs))?;
        for fact in &facts {
            fact.check_size()?;
        }
        let small = |fact: &Fact| fact.len() <= MAX_SHAPE_ELEMENTS;
        let known = |fact: &&Fact| fact.value.is_some() && small(fact);
        let tensors: Vec<_> = inputs
            .iter()
            .map(|input| input.filter(known).and_then(|fact| fact.value.as_ref()))
            .collect();
        let all_known =
            inputs.iter().zip(&tensors).all(|(fact, value)| fact.is_some() == value.is_some());
        if all_known && facts.iter().all(|fact| small(fact) && fact.value.is_none()) {
            for (fact, value) in facts.iter_mut().zip(node.op.eval(Inputs::new(&tensors))?) {
                fact.value = Some(value);
            }
        }
        Ok(facts)
    }
}

fn input_shape(input: &onnx::Input, options: &ImportOptions) -> Result<Vec<usize>> {
    if let Some(shape) = options.input_shapes.get(&input.name) {
        return given_shape(input, shape);
    }
    let open = |what: String| {
        Error::new(&codes::ONNX_INPUT_SHAPE, format!("input \"{}\" has {what}", input.name))
            .help("give its shape")
            .remedied_by(Remedy::InputShape)
    };
    let dims = input.dims.as_ref().ok_or_else(|| open("no shape".into()))?;
    dims.iter()
        .enumerate()
        .map(|(index, dim)| match dim {
            Dim::Known(extent) => Ok(*extent),
            // The batch: a frame at a time.
            Dim::Symbol(_) if index == 0 => Ok(1),
            Dim::Symbol(symbol) => Err(open(format!("the open extent \"{symbol}\" at {index}"))),
        })
        .collect()
}

fn given_shape(input: &onnx::Input, shape: &[usize]) -> Result<Vec<usize>> {
    let rank = input.dims.as_ref().map_or(shape.len(), Vec::len);
    if rank != shape.len() {
        return Err(Error::new(
            &codes::BAD_ARGUMENT,
            format!("the shape given for \"{}\" has rank {}, not {rank}", input.name, shape.len()),
        )
        .help("give as many extents as the input has")
        .remedied_by(Remedy::InputShape));
    }
    Ok(shape.to_vec())
}

fn input_names(model: &Model) -> String {
    model.inputs.iter().map(|input| &*input.name).collect::<Vec<_>>().join(", ")
}

/// The value of a `Constant` node.
fn constant(node: &onnx::Node) -> Result<Tensor> {
    for name in ["value", "value_float", "value_floats", "value_int", "value_ints"] {
        if let Some(value) = node.attributes.get(name) {
            return attribute_tensor(name, value);
        }
    }
    Err(Error::new(&codes::ONNX_ATTRIBUTE, "a constant without a numeric value"))
}

fn attribute_tensor(name: &str, attribute: &Attribute) -> Result<Tensor> {
    match attribute {
        Attribute::Tensor(value) => Ok(value.clone()),
        Attribute::Float(value) => Ok(Tensor::scalar(*value)),
        Attribute::Floats(values) => Ok(Tensor::vector(values.clone())),
        Attribute::Int(value) => Ok(Tensor::scalar(*value)),
        Attribute::Ints(values) => Ok(Tensor::vector(values.clone())),
        Attribute::String(_) | Attribute::Strings(_) | Attribute::Unsupported => {
            Err(onnx::bad(name, "holds no numbers"))
        }
    }
}

fn check_not_nan(name: &str, value: &Tensor) -> Result<()> {
    let broken = value.values::<f32>().is_ok_and(|values| values.iter().any(|v| v.is_nan()));
    if broken {
        return Err(Error::new(&codes::NON_FINITE, format!("tensor \"{name}\" contains NaN")));
    }
    Ok(())
}
