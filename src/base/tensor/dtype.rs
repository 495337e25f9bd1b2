//! Element types.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Data;

/// Element type of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the variants are the Rust types of the same name")]
pub enum DType {
    F32,
    I64,
    I32,
    I16,
    I8,
    U64,
    U32,
    U16,
    U8,
    Bool,
}

impl DType {
    /// Size of one element in bytes.
    pub fn size(self) -> usize {
        match self {
            Self::I64 | Self::U64 => 8,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::I16 | Self::U16 => 2,
            Self::I8 | Self::U8 | Self::Bool => 1,
        }
    }

    /// Whether the elements are integers (booleans are not).
    pub fn is_integer(self) -> bool {
        !matches!(self, Self::F32 | Self::Bool)
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::I64 => "i64",
            Self::I32 => "i32",
            Self::I16 => "i16",
            Self::I8 => "i8",
            Self::U64 => "u64",
            Self::U32 => "u32",
            Self::U16 => "u16",
            Self::U8 => "u8",
            Self::Bool => "bool",
        })
    }
}

/// A Rust type that tensors can hold.
pub trait Element: Copy + Send + Sync + PartialEq + fmt::Debug + Default + 'static {
    /// The element type.
    const DTYPE: DType;

    /// The buffer as a slice, if it holds this type.
    fn slice(data: &Data) -> Option<&[Self]>;

    /// The buffer, if it holds this type and nobody else has it.
    fn only_owner(data: Data) -> Option<Vec<Self>>;
}
