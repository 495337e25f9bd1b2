//! The JSON form of a float attribute: a number, or `"inf"`, `"-inf"`, `"nan"`, which JSON lacks.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A number, or the word for one that JSON lacks.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Form {
    Number(f32),
    Word(String),
}

pub fn serialize<S: Serializer>(value: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    if value.is_finite() {
        return value.serialize(serializer);
    }
    serializer.serialize_str(match value {
        value if value.is_nan() => "nan",
        value if *value > 0.0 => "inf",
        _ => "-inf",
    })
}

pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f32, D::Error> {
    match Form::deserialize(deserializer)? {
        Form::Number(value) => Ok(value),
        Form::Word(word) => match &*word {
            "inf" => Ok(f32::INFINITY),
            "-inf" => Ok(f32::NEG_INFINITY),
            "nan" => Ok(f32::NAN),
            _ => Err(de::Error::custom(format!("\"{word}\" is not a number"))),
        },
    }
}
