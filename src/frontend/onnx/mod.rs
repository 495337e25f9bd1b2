//! ONNX files: bytes to a typed [`Model`]. Nothing is executed and nothing is inferred here.

mod attribute;
pub mod proto;
mod tensor;

use std::path::{Path, PathBuf};

use prost::Message as _;

pub use attribute::{Attribute, Attributes, bad};
pub use tensor::{ExternalData, dtype, elem_type, encode_tensor};

use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::files;
use crate::base::tensor::{DType, Tensor};

/// Operator-set versions of the default domain that are read.
pub const OPSETS: std::ops::RangeInclusive<i64> = 7..=22;

/// A model as stored: nodes in file order, names as links.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Version of the default operator set.
    pub opset: i64,
    /// Name of the graph.
    pub name: String,
    /// Program that wrote the file, with its version.
    pub producer: String,
    /// Inputs that are not initializers.
    pub inputs: Vec<Input>,
    /// Names of the outputs.
    pub outputs: Vec<String>,
    /// Stored tensors by name.
    pub initializers: Vec<(String, Tensor)>,
    /// Operators in file order.
    pub nodes: Vec<Node>,
}

/// A network input.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// Name of the value.
    pub name: String,
    /// Element type.
    pub dtype: DType,
    /// Extents; `None` when the file gives no shape at all.
    pub dims: Option<Vec<Dim>>,
}

/// One extent of an input's shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dim {
    /// A number.
    Known(usize),
    /// A symbol such as `batch`, or empty when the file says nothing.
    Symbol(String),
}

/// One operator with its links.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Name, made up from the first output when the file gives none.
    pub name: String,
    /// Operator type.
    pub op_type: String,
    /// Operator domain; empty for the ONNX operators themselves.
    pub domain: String,
    /// Names of the inputs; an empty name is an omitted optional input.
    pub inputs: Vec<String>,
    /// Names of the outputs; an empty name is an unused optional output.
    pub outputs: Vec<String>,
    /// Attributes.
    pub attributes: Attributes,
}

impl Node {
    /// How errors name this node.
    pub fn place(&self) -> String {
        format!("node \"{}\" ({})", self.name, self.op_type)
    }
}

impl Model {
    /// Reads a model file and the external data beside it.
    ///
    /// # Errors
    /// `SG0101` and the `SG02` codes.
    pub fn load(path: &Path) -> Result<Self> {
        let bytes = files::read(path)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        Self::decode(&bytes, Some(folder)).at(|| path.display().to_string())
    }

    /// Reads a model from memory; external data is looked up in `folder`.
    ///
    /// # Errors
    /// The `SG02` codes.
    pub fn decode(bytes: &[u8], folder: Option<&Path>) -> Result<Self> {
        if bytes.is_empty() {
            return Err(Error::new(&codes::ONNX_DECODE, "the file is empty"));
        }
        let proto = proto::ModelProto::decode(bytes).map_err(|error| {
            Error::new(&codes::ONNX_DECODE, "not a readable ONNX model").caused_by(error)
        })?;
        let opset = opset(&proto)?;
        if let Some(function) = proto.functions.first() {
            return Err(Error::new(
                &codes::ONNX_OPERATOR,
                format!("the model defines its own function {}:{}", function.domain, function.name),
            )
            .help("inline the model's functions (onnx.inliner) and try again"));
        }
        let producer = format!("{} {}", proto.producer_name, proto.producer_version);
        let graph = proto.graph.ok_or_else(|| {
            Error::new(&codes::ONNX_DECODE, "the file holds no graph, so it is not an ONNX model")
        })?;
        let mut external = ExternalData::new(folder);
        let mut initializers = Vec::with_capacity(graph.initializer.len());
        for proto in graph.initializer {
            let name = proto.name.clone();
            initializers.push((name, tensor::tensor(proto, &mut external)?));
        }
        let inputs = graph
            .input
            .into_iter()
            .filter(|input| initializers.iter().all(|(name, _)| *name != input.name))
            .map(input)
            .collect::<Result<_>>()?;
        let nodes = graph
            .node
            .into_iter()
            .map(|proto| node(proto, &mut external))
            .collect::<Result<_>>()?;
        Ok(Self {
            opset,
            name: graph.name,
            producer: producer.trim().to_owned(),
            inputs,
            outputs: graph.output.into_iter().map(|output| output.name).collect(),
            initializers,
            nodes,
        })
    }
}

/// The files that hold tensors of a model, as it names them; none for what is not an ONNX model, nor for
/// a pipe, which can be read only once.
pub fn external_files(path: &Path) -> Vec<PathBuf> {
    if !path.is_file() {
        return Vec::new();
    }
    let bytes = files::read(path).unwrap_or_default();
    let Ok(proto) = proto::ModelProto::decode(&bytes[..]) else { return Vec::new() };
    let graph = proto.graph.unwrap_or_default();
    let attributes = graph.node.into_iter().flat_map(|node| node.attribute);
    let tensors = graph.initializer.into_iter().chain(attributes.filter_map(|own| own.t));
    let entries = tensors.flat_map(|tensor| tensor.external_data);
    let locations = entries.filter(|entry| entry.key == "location").map(|entry| entry.value);
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut found: Vec<PathBuf> = locations.map(|location| folder.join(location)).collect();
    found.sort();
    found.dedup();
    found
}

/// Reads a file that holds one serialized `TensorProto`, as the ONNX test suites do.
///
/// # Errors
/// `SG0101`, [`codes::ONNX_DECODE`] and [`codes::ONNX_TENSOR`].
pub fn load_tensor(path: &Path) -> Result<Tensor> {
    let bytes = files::read(path)?;
    let proto = proto::TensorProto::decode(&bytes[..]).map_err(|error| {
        Error::new(&codes::ONNX_DECODE, "not a readable tensor")
            .caused_by(error)
            .at(path.display().to_string())
    })?;
    tensor::tensor(proto, &mut ExternalData::new(path.parent()))
}

fn opset(proto: &proto::ModelProto) -> Result<i64> {
    let default = proto
        .opset_import
        .iter()
        .find(|entry| entry.domain.is_empty() || entry.domain == "ai.onnx")
        .ok_or_else(|| {
            Error::new(
                &codes::ONNX_DECODE,
                "the file names no operator set, so it is not an ONNX model",
            )
        })?;
    if !OPSETS.contains(&default.version) {
        return Err(Error::new(
            &codes::ONNX_OPSET,
            format!(
                "the model uses opset {}; {} to {} are supported",
                default.version,
                OPSETS.start(),
                OPSETS.end()
            ),
        ));
    }
    Ok(default.version)
}

fn input(proto: proto::ValueInfoProto) -> Result<Input> {
    let name = proto.name;
    let tensor_type = proto.r#type.and_then(|kind| kind.tensor_type).ok_or_else(|| {
        Error::new(&codes::ONNX_STRUCTURE, format!("input \"{name}\" is not a tensor"))
    })?;
    let dtype = tensor::dtype(tensor_type.elem_type).at(|| format!("input \"{name}\""))?;
    let dims = tensor_type.shape.map(|shape| {
        shape
            .dim
            .into_iter()
            .map(|dim| match dim.value {
                Some(proto::Dimension::Value(value)) => {
                    usize::try_from(value).map_or_else(|_| Dim::Symbol(String::new()), Dim::Known)
                }
                Some(proto::Dimension::Param(symbol)) => Dim::Symbol(symbol),
                None => Dim::Symbol(String::new()),
            })
            .collect()
    });
    Ok(Input { name, dtype, dims })
}

fn node(proto: proto::NodeProto, external: &mut ExternalData<'_>) -> Result<Node> {
    let name = if proto.name.is_empty() {
        proto.output.first().cloned().unwrap_or_default()
    } else {
        proto.name
    };
    let place = format!("node \"{name}\" ({})", proto.op_type);
    let attributes = Attributes::decode(proto.attribute, external).at(|| place)?;
    Ok(Node {
        name,
        op_type: proto.op_type,
        domain: if proto.domain == "ai.onnx" { String::new() } else { proto.domain },
        inputs: proto.input,
        outputs: proto.output,
        attributes,
    })
}
