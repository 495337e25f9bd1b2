//! The JSON form of a tensor: element type, extents, and the little-endian bytes in hexadecimal,
//! so that every float survives.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{DType, Tensor};

/// A tensor.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Form {
    /// Element type.
    dtype: DType,
    /// Extents.
    shape: Vec<usize>,
    /// The elements, little-endian, in hexadecimal.
    bytes: String,
}

impl JsonSchema for Tensor {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Tensor".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Form::json_schema(generator)
    }
}

impl Serialize for Tensor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes = self.to_le_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        Form { dtype: self.dtype(), shape: self.shape.clone(), bytes }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Tensor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let form = Form::deserialize(deserializer)?;
        let digit = |byte: &u8| char::from(*byte).to_digit(16).map(|digit| digit as u8);
        let (pairs, rest) = form.bytes.as_bytes().as_chunks::<2>();
        let bytes: Option<Vec<u8>> =
            pairs.iter().map(|[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect();
        let bytes = bytes
            .filter(|_| rest.is_empty())
            .ok_or_else(|| de::Error::custom("bytes are no pairs of hexadecimal digits"))?;
        Self::from_le_bytes(form.dtype, &form.shape, &bytes)
            .map_err(|error| de::Error::custom(error.message()))
    }
}
