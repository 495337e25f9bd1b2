//! Shared data, a quantized model, and ONNX files written in code.

pub mod command;
pub mod quantized;
pub mod shared;

use prost::Message as _;
use seigo::frontend::onnx::proto::{
    AttributeProto, Dimension, DimensionProto, GraphProto, ModelProto, NodeProto,
    OperatorSetIdProto, TensorProto, TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
    attribute_type, data_type,
};

/// A model under construction.
#[derive(Clone)]
pub struct Writer(pub ModelProto);

impl Writer {
    pub fn new(name: &str) -> Self {
        Self(ModelProto {
            ir_version: 8,
            opset_import: vec![OperatorSetIdProto { domain: String::new(), version: 17 }],
            producer_name: "seigo-tests".into(),
            graph: Some(GraphProto { name: name.into(), ..GraphProto::default() }),
            ..ModelProto::default()
        })
    }

    pub fn graph(&mut self) -> &mut GraphProto {
        self.0.graph.as_mut().unwrap()
    }

    /// A float input; an extent below zero is the symbol `side`.
    pub fn input(&mut self, name: &str, dims: &[i64]) -> &mut Self {
        self.graph().input.push(value(name, dims));
        self
    }

    pub fn output(&mut self, name: &str, dims: &[i64]) -> &mut Self {
        self.graph().output.push(value(name, dims));
        self
    }

    pub fn floats(&mut self, name: &str, dims: &[i64], values: &[f32]) -> &mut Self {
        self.graph().initializer.push(TensorProto {
            dims: dims.to_vec(),
            data_type: data_type::FLOAT,
            name: name.into(),
            raw_data: Some(values.iter().flat_map(|value| value.to_le_bytes()).collect()),
            ..TensorProto::default()
        });
        self
    }

    pub fn ints(&mut self, name: &str, values: &[i64]) -> &mut Self {
        self.graph().initializer.push(TensorProto {
            dims: vec![values.len() as i64],
            data_type: data_type::INT64,
            name: name.into(),
            int64_data: values.to_vec(),
            ..TensorProto::default()
        });
        self
    }

    /// A node named like its output, `inputs` separated by spaces.
    pub fn node(
        &mut self,
        op: &str,
        output: &str,
        inputs: &str,
        attributes: &[(&str, Value)],
    ) -> &mut Self {
        self.graph().node.push(NodeProto {
            name: output.into(),
            op_type: op.into(),
            input: inputs.split(' ').map(str::to_owned).collect(),
            output: vec![output.into()],
            attribute: attributes.iter().map(|(name, value)| value.proto(name)).collect(),
            ..NodeProto::default()
        });
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.0.encode_to_vec()
    }
}

/// An attribute's value.
#[derive(Clone)]
pub enum Value {
    Int(i64),
    Ints(&'static [i64]),
}

impl Value {
    fn proto(&self, name: &str) -> AttributeProto {
        let mut proto = AttributeProto { name: name.into(), ..AttributeProto::default() };
        match self {
            Self::Int(value) => (proto.r#type, proto.i) = (attribute_type::INT, *value),
            Self::Ints(values) => {
                (proto.r#type, proto.ints) = (attribute_type::INTS, values.to_vec());
            }
        }
        proto
    }
}

fn value(name: &str, dims: &[i64]) -> ValueInfoProto {
    let dim = |&extent: &i64| DimensionProto {
        value: Some(if extent < 0 {
            Dimension::Param("side".into())
        } else {
            Dimension::Value(extent)
        }),
    };
    let shape = TensorShapeProto { dim: dims.iter().map(dim).collect() };
    let tensor = TensorTypeProto { elem_type: data_type::FLOAT, shape: Some(shape) };
    ValueInfoProto { name: name.into(), r#type: Some(TypeProto { tensor_type: Some(tensor) }) }
}

/// A detector of red and blue squares in 32 x 32 pixels, in the form of YOLOX: convolution, batch
/// normalization, SiLU, pooling, three sibling heads, a reshape whose shape is computed.
pub fn detector() -> Writer {
    let mut model = Writer::new("squares");
    model
        .input("images", &[1, 3, 32, 32])
        .output("boxes", &[1, 16, 7])
        .floats("stem.weight", &[2, 3, 1, 1], &[-0.02, -0.02, 0.04, 0.04, -0.02, -0.02])
        .floats("bn.scale", &[2], &[1.0, 1.0])
        .floats("bn.bias", &[2], &[0.5, 0.5])
        .floats("bn.mean", &[2], &[0.5, 0.5])
        .floats("bn.var", &[2], &[1.0, 1.0])
        .floats("reg.weight", &[4, 2, 1, 1], &[0.0; 8])
        .floats("reg.bias", &[4], &[0.5, 0.5, 0.0, 0.0])
        .floats("obj.weight", &[1, 2, 1, 1], &[1.0, 1.0])
        .floats("obj.bias", &[1], &[-4.0])
        .floats("cls.weight", &[2, 2, 1, 1], &[1.0, -1.0, -1.0, 1.0])
        .floats("cls.bias", &[2], &[0.0, 0.0])
        .ints("zero", &[0])
        .ints("rest", &[7, -1])
        .node("Conv", "stem", "images stem.weight", &[])
        .node("BatchNormalization", "bn", "stem bn.scale bn.bias bn.mean bn.var", &[])
        .node("Sigmoid", "gate", "bn", &[])
        .node("Mul", "silu", "bn gate", &[])
        .node(
            "AveragePool",
            "pool",
            "silu",
            &[("kernel_shape", Value::Ints(&[8, 8])), ("strides", Value::Ints(&[8, 8]))],
        )
        .node("Conv", "reg", "pool reg.weight reg.bias", &[])
        .node("Conv", "obj", "pool obj.weight obj.bias", &[])
        .node("Conv", "cls", "pool cls.weight cls.bias", &[])
        .node("Concat", "head", "reg obj cls", &[("axis", Value::Int(1))])
        .node("Shape", "extents", "head", &[])
        .node("Gather", "batch", "extents zero", &[("axis", Value::Int(0))])
        .node("Concat", "shape", "batch rest", &[("axis", Value::Int(0))])
        .node("Reshape", "flat", "head shape", &[])
        .node("Transpose", "boxes", "flat", &[("perm", Value::Ints(&[0, 2, 1]))]);
    model
}

/// A classifier by mean color: global pooling and one matrix product.
pub fn classifier() -> Writer {
    let mut model = Writer::new("colors");
    let weights = [0.1, -0.05, -0.05, -0.05, 0.1, -0.05, -0.05, -0.05, 0.1];
    model
        .input("image", &[1, 3, 8, 8])
        .output("scores", &[1, 3])
        .floats("fc.weight", &[3, 3], &weights)
        .floats("fc.bias", &[3], &[0.0; 3])
        .node("GlobalAveragePool", "mean", "image", &[])
        .node("Flatten", "features", "mean", &[])
        .node("Gemm", "logits", "features fc.weight fc.bias", &[("transB", Value::Int(1))])
        .node("Softmax", "scores", "logits", &[("axis", Value::Int(1))]);
    model
}
