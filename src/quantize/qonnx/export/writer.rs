//! Nodes, constants and names of a model that is being written.

use std::collections::{HashMap, HashSet};

use super::exported::Exported;
use crate::base::tensor::Tensor;
use crate::frontend::onnx::proto::{
    Dimension, DimensionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    StringStringEntryProto, TensorProto, TensorShapeProto, TensorTypeProto, TypeProto,
    ValueInfoProto, data_type,
};
use crate::frontend::onnx::{Attributes, encode_tensor};

/// Operator set of the models that are written: the first with 16-bit QuantizeLinear.
const OPSET: i64 = 21;
/// Version of the file format that belongs to [`OPSET`].
const IR_VERSION: i64 = 10;

/// Precision in which a run of nodes computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Real {
    /// Single: integers below 2^24 are exact.
    F32,
    /// Double: integers below 2^53 are exact.
    F64,
}

/// Collects the parts of a model.
#[derive(Debug, Default)]
pub struct Writer {
    graph: GraphProto,
    names: HashSet<String>,
    /// Constants by type, shape and bytes, so that none is stored twice.
    constants: HashMap<(i32, Vec<i64>, Vec<u8>), String>,
    /// Name of the layer that is being written.
    layer: String,
    metadata: Vec<StringStringEntryProto>,
}

impl Writer {
    /// Names the layer to which the following nodes belong.
    pub fn enter(&mut self, layer: &str) {
        self.layer = layer.to_owned();
    }

    /// Keeps a name for a value that a later node writes.
    pub fn reserve(&mut self, name: &str) {
        self.names.insert(name.to_owned());
    }

    /// A name that nothing else has.
    pub fn fresh(&mut self, wish: &str) -> String {
        let mut name = wish.to_owned();
        let mut suffix = 1;
        while !self.names.insert(name.clone()) {
            name = format!("{wish}.{suffix}");
            suffix += 1;
        }
        name
    }

    /// Adds a node that writes to given names.
    pub fn write(
        &mut self,
        op_type: &str,
        inputs: Vec<String>,
        outputs: Vec<String>,
        attributes: &Attributes,
    ) {
        let name = format!("{}/{}", self.layer, op_type);
        let name = self.fresh(&name);
        self.graph.node.push(NodeProto {
            name,
            op_type: op_type.to_owned(),
            input: inputs,
            output: outputs,
            attribute: attributes.encode(),
            ..NodeProto::default()
        });
    }

    /// Adds a node and returns the name of its output.
    pub fn node(&mut self, op_type: &str, inputs: &[&str], attributes: &Attributes) -> String {
        let wish = format!("{}/{}:out", self.layer, op_type);
        let output = self.fresh(&wish);
        let inputs = inputs.iter().map(|&name| name.to_owned()).collect();
        self.write(op_type, inputs, vec![output.clone()], attributes);
        output
    }

    /// A node without attributes.
    pub fn plain(&mut self, op_type: &str, inputs: &[&str]) -> String {
        self.node(op_type, inputs, &Attributes::default())
    }

    /// Gives a value another name.
    pub fn rename(&mut self, from: &str, to: &str) {
        let attributes = Attributes::default();
        self.write("Identity", vec![from.to_owned()], vec![to.to_owned()], &attributes);
    }

    /// Adds a constant.
    pub fn constant(&mut self, tensor: &Tensor) -> String {
        self.stored(encode_tensor("", tensor))
    }

    /// Adds numbers as a constant of the given precision.
    pub fn numbers(&mut self, real: Real, shape: &[usize], numbers: &[f64]) -> String {
        let (data_type, raw) = match real {
            Real::F32 => (
                data_type::FLOAT,
                numbers.iter().flat_map(|&number| (number as f32).to_le_bytes()).collect(),
            ),
            Real::F64 => (
                data_type::DOUBLE,
                numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>(),
            ),
        };
        self.stored(TensorProto {
            dims: shape.iter().map(|&extent| extent as i64).collect(),
            data_type,
            raw_data: Some(raw),
            ..TensorProto::default()
        })
    }

    fn stored(&mut self, mut proto: TensorProto) -> String {
        let key = (proto.data_type, proto.dims.clone(), proto.raw_data.clone().unwrap_or_default());
        if let Some(name) = self.constants.get(&key) {
            return name.clone();
        }
        let wish = format!("{}/constant", self.layer);
        let name = self.fresh(&wish);
        proto.name.clone_from(&name);
        self.graph.initializer.push(proto);
        self.constants.insert(key, name.clone());
        name
    }

    /// Changes the precision.
    pub fn cast(&mut self, x: &str, to: Real) -> String {
        let code = match to {
            Real::F32 => data_type::FLOAT,
            Real::F64 => data_type::DOUBLE,
        };
        self.node("Cast", &[x], &Attributes::default().with("to", i64::from(code)))
    }

    /// Adds a network input.
    pub fn input(&mut self, name: &str, shape: &[usize]) {
        self.graph.input.push(described(name, shape));
    }

    /// Adds a network output.
    pub fn output(&mut self, name: &str, shape: &[usize]) {
        self.graph.output.push(described(name, shape));
    }

    /// Adds an entry that readers keep and runtimes ignore.
    pub fn note(&mut self, key: &str, value: String) {
        self.metadata.push(StringStringEntryProto { key: key.to_owned(), value });
    }

    /// The model.
    pub fn finish(mut self, name: &str) -> Exported {
        self.graph.name = name.to_owned();
        Exported(ModelProto {
            ir_version: IR_VERSION,
            opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPSET }],
            producer_name: "seigo".into(),
            producer_version: env!("CARGO_PKG_VERSION").into(),
            graph: Some(self.graph),
            metadata_props: self.metadata,
            functions: Vec::new(),
        })
    }
}

fn described(name: &str, shape: &[usize]) -> ValueInfoProto {
    let extent = |&extent: &usize| DimensionProto { value: Some(Dimension::Value(extent as i64)) };
    let shape = TensorShapeProto { dim: shape.iter().map(extent).collect() };
    let tensor_type = TensorTypeProto { elem_type: data_type::FLOAT, shape: Some(shape) };
    let kind = TypeProto { tensor_type: Some(tensor_type) };
    ValueInfoProto { name: name.to_owned(), r#type: Some(kind) }
}
