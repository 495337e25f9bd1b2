//! The file of a model, ONNX or .ceras.

use std::path::{Path, PathBuf};

use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::files;
use crate::frontend::graph::{Graph, ImportOptions, parse_input_shape};
use crate::frontend::onnx::Model;
use crate::frontend::rewrites::{self, Applied};
use crate::model::ceras;

/// A model file and the shapes that it leaves open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file.
    pub path: PathBuf,
    /// Shapes of inputs that an ONNX file leaves open, each as `NAME=1x3x416x416`.
    pub input_shapes: Vec<String>,
}

impl Source {
    /// A file that leaves nothing open.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), input_shapes: Vec::new() }
    }

    /// Whether it is a .ceras model, by its first bytes.
    ///
    /// # Errors
    /// [`codes::FILE_READ`] when the file cannot be read.
    pub fn is_ceras(&self) -> Result<bool> {
        let mut start = [0; ceras::layout::MAGIC.len()];
        Ok(files::read_start(&self.path, &mut start)?.starts_with(&ceras::layout::MAGIC[..4]))
    }

    /// The .ceras model.
    ///
    /// # Errors
    /// [`codes::BAD_ARGUMENT`] where input shapes are given, which such a model does not leave
    /// open; the codes of the model file for a damaged one.
    pub fn quantized(&self) -> Result<ceras::Model> {
        if !self.input_shapes.is_empty() {
            return Err(Error::new(&codes::BAD_ARGUMENT, "input shapes are for ONNX models")
                .help("the shapes of a .ceras model are fixed; quantize again for another one"));
        }
        ceras::Model::load(&self.path)
    }

    /// The graph as the ONNX file has it.
    ///
    /// # Errors
    /// The codes of ONNX files and graphs, naming the file and the node.
    pub fn graph(&self) -> Result<Graph> {
        let shapes = self.input_shapes.iter().map(|text| parse_input_shape(text));
        let input_shapes = shapes.collect::<Result<_>>()?;
        let model = Model::load(&self.path)?;
        Graph::from_model(&model, &ImportOptions { input_shapes }).at(|| name(&self.path))
    }

    /// The graph after the standard rewrites, with what they did.
    ///
    /// # Errors
    /// Those of [`Self::graph`].
    pub fn fused(&self) -> Result<(Graph, Vec<Applied>)> {
        let mut graph = self.graph()?;
        let applied = rewrites::run(&mut graph, rewrites::STANDARD).at(|| name(&self.path))?;
        Ok((graph, applied))
    }
}

impl<P: Into<PathBuf>> From<P> for Source {
    fn from(path: P) -> Self {
        Self::new(path)
    }
}

/// A path as error messages name it.
pub(super) fn name(path: &Path) -> String {
    path.display().to_string()
}
