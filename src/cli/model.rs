//! Opening the model that a command was given.

use std::path::{Path, PathBuf};

use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::files;
use crate::frontend::graph::{Graph, ImportOptions, parse_input_shape};
use crate::frontend::onnx::Model;
use crate::frontend::rewrites::{self, Applied};
use crate::model::ceras;

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
    /// Whether the file is a .ceras model, by its first bytes.
    pub fn is_ceras(&self) -> Result<bool> {
        let mut start = [0; ceras::layout::MAGIC.len()];
        Ok(files::read_start(&self.model, &mut start)?.starts_with(&ceras::layout::MAGIC[..4]))
    }

    /// The .ceras model.
    pub fn ceras(&self) -> Result<ceras::Model> {
        if !self.input_shape.is_empty() {
            return Err(Error::new(&codes::BAD_ARGUMENT, "--input-shape is for ONNX models")
                .help("the shapes of a .ceras model are fixed; quantize again for another one"));
        }
        ceras::Model::load(&self.model)
    }

    /// The graph as the file has it.
    pub fn graph(&self) -> Result<Graph> {
        let input_shapes =
            self.input_shape.iter().map(|text| parse_input_shape(text)).collect::<Result<_>>()?;
        let model = Model::load(&self.model)?;
        Graph::from_model(&model, &ImportOptions { input_shapes }).at(|| place(&self.model))
    }

    /// The graph after the standard passes, with what they did.
    pub fn fused(&self) -> Result<(Graph, Vec<Applied>)> {
        let mut graph = self.graph()?;
        let applied = rewrites::run(&mut graph, rewrites::STANDARD).at(|| place(&self.model))?;
        Ok((graph, applied))
    }
}

fn place(path: &Path) -> String {
    path.display().to_string()
}
