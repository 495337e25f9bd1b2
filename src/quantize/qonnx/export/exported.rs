//! What an export gives.

use std::path::Path;

use prost::Message as _;

use crate::base::error::Result;
use crate::base::files;
use crate::frontend::onnx::proto::ModelProto;

/// An ONNX file in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Exported(pub(crate) ModelProto);

impl Exported {
    /// The bytes of the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.encode_to_vec()
    }

    /// Writes the file.
    ///
    /// # Errors
    /// [`FILE_WRITE`](crate::base::error::codes::FILE_WRITE).
    pub fn write(&self, path: &Path) -> Result<()> {
        files::write(path, &self.to_bytes())
    }
}
