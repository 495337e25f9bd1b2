//! The model that a command was given.

use std::path::PathBuf;

use crate::session::Source;

/// The model and how to read it.
#[derive(Debug, clap::Args)]
pub struct ModelArgs {
    /// ONNX model, or .ceras model
    #[arg(value_name = "MODEL")]
    pub model: PathBuf,
    /// Shape of an input that the file leaves open, as NAME=1x3x416x416; may be repeated
    #[arg(long, value_name = "NAME=DIMS")]
    pub input_shape: Vec<String>,
}

impl ModelArgs {
    /// The file with its shapes.
    pub fn source(&self) -> Source {
        Source { path: self.model.clone(), input_shapes: self.input_shape.clone() }
    }
}
