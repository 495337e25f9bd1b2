//! JSON: documents that say what they are, read with the name of the field that is wrong.
//!
//! A document of Seigo's own begins with `format` and `version` ([`FormatOf`], [`VersionOf`]), is one
//! type on both sides, and has a JSON Schema ([`Form`]). Forms of others (COCO's) are read and written
//! by the same calls.

pub mod fields;

use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{DeserializeOwned, Error as _, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::{Error, Result, codes};

/// A JSON document of Seigo's own.
pub trait Form: Serialize + DeserializeOwned + JsonSchema {
    /// What its field `format` says.
    const FORMAT: &'static str;
    /// What its field `version` says; it rises when a field changes its meaning.
    const VERSION: u32;

    /// The JSON Schema (draft 2020-12) of the document.
    fn schema() -> Schema {
        schemars::schema_for!(Self)
    }
}

/// The field `format` of a document: always [`Form::FORMAT`]; anything else is refused.
pub struct FormatOf<T>(PhantomData<fn() -> T>);

/// The field `version` of a document: always [`Form::VERSION`]; anything else is refused.
pub struct VersionOf<T>(PhantomData<fn() -> T>);

/// What derives would give, without asking it of `T`.
macro_rules! stateless {
    ($name:ident) => {
        impl<T> Default for $name<T> {
            fn default() -> Self {
                Self(PhantomData)
            }
        }
        impl<T> Clone for $name<T> {
            fn clone(&self) -> Self {
                *self
            }
        }
        impl<T> Copy for $name<T> {}
        impl<T> PartialEq for $name<T> {
            fn eq(&self, _: &Self) -> bool {
                true
            }
        }
        impl<T> Eq for $name<T> {}
        impl<T> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    };
}

stateless!(FormatOf);
stateless!(VersionOf);

impl<T: Form> Serialize for FormatOf<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(T::FORMAT)
    }
}

impl<T: Form> Serialize for VersionOf<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(T::VERSION)
    }
}

impl<'de, T: Form> Deserialize<'de> for FormatOf<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let found = String::deserialize(deserializer)?;
        match found == T::FORMAT {
            true => Ok(Self::default()),
            false => Err(D::Error::invalid_value(
                Unexpected::Str(&found),
                &&*format!("\"{}\"", T::FORMAT),
            )),
        }
    }
}

impl<'de, T: Form> Deserialize<'de> for VersionOf<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let found = u64::deserialize(deserializer)?;
        match found == u64::from(T::VERSION) {
            true => Ok(Self::default()),
            false => Err(D::Error::invalid_value(
                Unexpected::Unsigned(found),
                &&*format!("version {} of {}", T::VERSION, T::FORMAT),
            )),
        }
    }
}

impl<T: Form> JsonSchema for FormatOf<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Format".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "const": T::FORMAT })
    }
}

impl<T: Form> JsonSchema for VersionOf<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Version".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "const": T::VERSION })
    }
}

/// Why a text is not the document that it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The field, such as `input.mean[1]`; empty for the document as a whole.
    pub field: String,
    /// What is wrong with it, as it follows the name.
    pub problem: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.is_empty() {
            true => write!(f, "the file{}", self.problem),
            false => write!(f, "`{}`{}", self.field, self.problem),
        }
    }
}

/// Reads one JSON document and nothing behind it.
///
/// # Errors
/// The first field that is wrong.
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Wrong> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let document = serde_path_to_error::deserialize(&mut reader).map_err(wrong)?;
    reader.end().map_err(|error| Wrong { field: String::new(), problem: format!(": {error}") })?;
    Ok(document)
}

/// Reads JSON documents that follow each other.
///
/// # Errors
/// The first field that is wrong.
pub fn parse_all<T: DeserializeOwned>(text: &str) -> Result<Vec<T>, Wrong> {
    let mut documents = Vec::new();
    for value in serde_json::Deserializer::from_str(text).into_iter::<serde_json::Value>() {
        let value =
            value.map_err(|error| Wrong { field: String::new(), problem: format!(": {error}") })?;
        documents.push(serde_path_to_error::deserialize(value).map_err(wrong)?);
    }
    Ok(documents)
}

fn wrong(error: serde_path_to_error::Error<serde_json::Error>) -> Wrong {
    let field = error.path().to_string();
    let field = if field == "." { String::new() } else { field };
    Wrong { field, problem: format!(": {}", error.inner()) }
}

/// JSON, indented, with a line end.
///
/// # Errors
/// [`codes::INTERNAL`] for what JSON cannot hold.
pub fn pretty(form: &impl Serialize) -> Result<String> {
    serde_json::to_string_pretty(form).map(|text| text + "\n").map_err(internal)
}

/// JSON on one line, with a line end.
///
/// # Errors
/// [`codes::INTERNAL`] for what JSON cannot hold.
pub fn line(form: &impl Serialize) -> Result<String> {
    serde_json::to_string(form).map(|text| text + "\n").map_err(internal)
}

/// JSON as a value in another document.
///
/// # Errors
/// [`codes::INTERNAL`] for what JSON cannot hold.
pub fn value(form: &impl Serialize) -> Result<serde_json::Value> {
    serde_json::to_value(form).map_err(internal)
}

fn internal(error: serde_json::Error) -> Error {
    Error::new(&codes::INTERNAL, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
    struct Point {
        format: FormatOf<Self>,
        version: VersionOf<Self>,
        x: Vec<u8>,
    }

    impl Form for Point {
        const FORMAT: &'static str = "seigo-point";
        const VERSION: u32 = 3;
    }

    #[test]
    fn a_document_says_what_it_is() {
        let point =
            Point { format: FormatOf::default(), version: VersionOf::default(), x: vec![7] };
        let text = line(&point).unwrap();
        assert_eq!(text, "{\"format\":\"seigo-point\",\"version\":3,\"x\":[7]}\n");
        assert_eq!(parse::<Point>(&text).unwrap(), point);
        assert_eq!(parse_all::<Point>(&format!("{text}{text}")).unwrap().len(), 2);
        let schema = Point::schema();
        let constant = |field: &str| schema.pointer(&format!("/properties/{field}/const")).cloned();
        assert_eq!(constant("format"), Some("seigo-point".into()));
        assert_eq!(constant("version"), Some(3.into()));
    }

    #[test]
    fn other_documents_are_refused_by_the_field() {
        let read = |text: &str| parse::<Point>(text).unwrap_err().to_string();
        assert!(read(r#"{"format": "seigo-line", "version": 3, "x": []}"#).starts_with(
            "`format`: invalid value: string \"seigo-line\", expected \"seigo-point\""
        ));
        assert!(read(r#"{"format": "seigo-point", "version": 4, "x": []}"#).starts_with(
            "`version`: invalid value: integer `4`, expected version 3 of seigo-point"
        ));
        let item = r#"{"format": "seigo-point", "version": 3, "x": [1, "y"]}"#;
        assert!(read(item).starts_with("`x[1]`: invalid type: string \"y\""));
        assert!(read(r#"{"version": 3, "x": []}"#).starts_with("the file: missing field `format`"));
        assert!(read("{} {}").starts_with("the file: "));
    }
}
