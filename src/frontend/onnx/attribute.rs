//! Node attributes, read by name and type.

use std::collections::BTreeMap;

use super::proto::{AttributeProto, attribute_type};
use super::tensor::{ExternalData, encode_tensor, tensor};
use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::tensor::Tensor;

/// The value of one attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum Attribute {
    /// A float.
    Float(f32),
    /// An integer.
    Int(i64),
    /// A string.
    String(String),
    /// A tensor.
    Tensor(Tensor),
    /// A list of floats.
    Floats(Vec<f32>),
    /// A list of integers.
    Ints(Vec<i64>),
    /// A list of strings.
    Strings(Vec<String>),
    /// A subgraph, a sparse tensor or another kind that no supported operator uses.
    Unsupported,
}

/// The attributes of one node.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attributes(BTreeMap<String, Attribute>);

macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident: $variant:ident -> $type:ty, $words:literal;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// [`codes::ONNX_ATTRIBUTE`] when the attribute has another type.
        pub fn $name(&self, name: &str) -> Result<Option<$type>> {
            match self.0.get(name) {
                None => Ok(None),
                Some(Attribute::$variant(value)) => Ok(Some(value.clone())),
                Some(_) => Err(bad(name, concat!("is not ", $words))),
            }
        }
    )*};
}

impl Attributes {
    getters! {
        /// A float, if present.
        float: Float -> f32, "a float";
        /// An integer, if present.
        int: Int -> i64, "an integer";
        /// A string, if present.
        string: String -> String, "a string";
        /// A tensor, if present.
        tensor: Tensor -> Tensor, "a tensor";
        /// A list of floats, if present.
        floats: Floats -> Vec<f32>, "a list of floats";
        /// A list of integers, if present.
        ints: Ints -> Vec<i64>, "a list of integers";
        /// A list of strings, if present.
        strings: Strings -> Vec<String>, "a list of strings";
    }

    /// An integer that means yes or no; absent means `default`.
    ///
    /// # Errors
    /// [`codes::ONNX_ATTRIBUTE`] when it is neither 0 nor 1.
    pub fn flag(&self, name: &str, default: bool) -> Result<bool> {
        match self.int(name)? {
            None => Ok(default),
            Some(0) => Ok(false),
            Some(1) => Ok(true),
            Some(other) => Err(bad(name, &format!("is {other}, not 0 or 1"))),
        }
    }

    /// A list of non-negative integers; absent means `None`.
    ///
    /// # Errors
    /// [`codes::ONNX_ATTRIBUTE`] when an entry is negative.
    pub fn sizes(&self, name: &str) -> Result<Option<Vec<usize>>> {
        let Some(values) = self.ints(name)? else { return Ok(None) };
        values
            .iter()
            .map(|&value| {
                usize::try_from(value).map_err(|_| bad(name, &format!("has the entry {value}")))
            })
            .collect::<Result<_>>()
            .map(Some)
    }

    /// Any attribute, as read.
    pub fn get(&self, name: &str) -> Option<&Attribute> {
        self.0.get(name)
    }

    /// Sets an attribute; for graphs built in code.
    pub fn set(&mut self, name: &str, value: Attribute) {
        self.0.insert(name.to_owned(), value);
    }

    /// The same with one more attribute.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Attribute>) -> Self {
        self.set(name, value.into());
        self
    }

    /// The same with a list of sizes, unless it is empty.
    #[must_use]
    pub fn with_list(self, name: &str, sizes: &[usize]) -> Self {
        if sizes.is_empty() {
            return self;
        }
        self.with(name, sizes.iter().map(|&size| size as i64).collect::<Vec<_>>())
    }

    /// As they are stored in a node.
    pub fn encode(&self) -> Vec<AttributeProto> {
        self.0.iter().map(|(name, value)| encode(name, value)).collect()
    }

    pub(super) fn decode(
        protos: Vec<AttributeProto>,
        external: &mut ExternalData<'_>,
    ) -> Result<Self> {
        let mut attributes = BTreeMap::new();
        for proto in protos {
            let name = proto.name.clone();
            let value = attribute(proto, external).at(|| format!("attribute \"{name}\""))?;
            attributes.insert(name, value);
        }
        Ok(Self(attributes))
    }
}

macro_rules! from {
    ($($type:ty: $variant:ident),*) => {
        $(impl From<$type> for Attribute {
            fn from(value: $type) -> Self { Self::$variant(value) }
        })*
    };
}

from!(f32: Float, i64: Int, Tensor: Tensor, Vec<f32>: Floats, Vec<i64>: Ints);

impl From<&str> for Attribute {
    fn from(value: &str) -> Self {
        Self::String(value.to_owned())
    }
}

impl From<bool> for Attribute {
    fn from(value: bool) -> Self {
        Self::Int(value.into())
    }
}

fn encode(name: &str, value: &Attribute) -> AttributeProto {
    let mut proto = AttributeProto { name: name.to_owned(), ..AttributeProto::default() };
    proto.r#type = match value {
        Attribute::Float(value) => {
            proto.f = *value;
            attribute_type::FLOAT
        }
        Attribute::Int(value) => {
            proto.i = *value;
            attribute_type::INT
        }
        Attribute::String(value) => {
            proto.s = value.clone().into_bytes();
            attribute_type::STRING
        }
        Attribute::Tensor(value) => {
            proto.t = Some(encode_tensor("", value));
            attribute_type::TENSOR
        }
        Attribute::Floats(values) => {
            proto.floats = values.clone();
            attribute_type::FLOATS
        }
        Attribute::Ints(values) => {
            proto.ints = values.clone();
            attribute_type::INTS
        }
        Attribute::Strings(values) => {
            proto.strings = values.iter().map(|value| value.clone().into_bytes()).collect();
            attribute_type::STRINGS
        }
        Attribute::Unsupported => attribute_type::UNDEFINED,
    };
    proto
}

/// An attribute whose value cannot be accepted; `what` completes `attribute "name" ...`.
pub fn bad(name: &str, what: &str) -> Error {
    Error::new(&codes::ONNX_ATTRIBUTE, format!("attribute \"{name}\" {what}"))
}

fn attribute(proto: AttributeProto, external: &mut ExternalData<'_>) -> Result<Attribute> {
    let name = &proto.name;
    let text =
        |bytes: Vec<u8>| String::from_utf8(bytes).map_err(|_| bad(name, "is not valid UTF-8"));
    Ok(match proto.r#type {
        attribute_type::FLOAT => Attribute::Float(proto.f),
        attribute_type::INT => Attribute::Int(proto.i),
        attribute_type::STRING => Attribute::String(text(proto.s)?),
        attribute_type::TENSOR => {
            let value = proto.t.ok_or_else(|| bad(name, "holds no tensor"))?;
            Attribute::Tensor(tensor(value, external)?)
        }
        attribute_type::FLOATS => Attribute::Floats(proto.floats),
        attribute_type::INTS => Attribute::Ints(proto.ints),
        attribute_type::STRINGS => {
            Attribute::Strings(proto.strings.into_iter().map(text).collect::<Result<_>>()?)
        }
        _ => Attribute::Unsupported,
    })
}
