//! The model file, `.ceras`: the quantized graph and all that is needed to run it.
//!
//! `docs/model-format.md` describes every byte. [`Model::from_bytes`] checks everything that it
//! reads; a model that opens can run.

mod container;
mod decode;
mod encode;
mod graph_form;
pub mod layout;

use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use layout::Tag;

use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::files;
use crate::model::forms::{self, FloatForm};
use crate::model::qgraph::{ArrayReader, QGraph, Region};
use container::Section;
use layout::CONTENTS;

/// A model file in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// The network.
    pub graph: QGraph,
    /// Layers that it holds in float too, in the order of the network.
    pub floats: Vec<FloatForm>,
    /// Where it comes from and what it is for.
    pub meta: Meta,
    /// Later stages' sections, sorted by tag: version and contents.
    stages: Vec<(Tag, u32, Vec<u8>)>,
}

/// What the model is, besides its numbers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Meta {
    /// Name and version of the program that wrote the file.
    pub tool: String,
    /// Hash of the model file that was quantized, as `algorithm:hex`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The task file (docs/task.md).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<serde_json::Value>,
    /// What the quantizer measured per layer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<serde_json::Value>,
}

/// Whether a file begins as a .ceras file does.
pub fn is_ceras(bytes: &[u8]) -> bool {
    bytes.starts_with(&layout::MAGIC)
}

impl Model {
    /// A model without sections of later stages, written by this version of Seigo.
    pub fn new(graph: QGraph) -> Self {
        let tool = concat!("seigo ", env!("CARGO_PKG_VERSION")).to_owned();
        let meta = Meta { tool, ..Meta::default() };
        Self { graph, floats: Vec::new(), meta, stages: Vec::new() }
    }

    /// The contents of a later stage's section, with their version.
    pub fn section(&self, tag: Tag) -> Option<(u32, &[u8])> {
        self.stages.iter().find(|(own, ..)| *own == tag).map(|(_, v, bytes)| (*v, &bytes[..]))
    }

    /// Sets a later stage's section.
    ///
    /// # Errors
    /// [`codes::INTERNAL`] for a section that the graph itself fills.
    pub fn set_section(&mut self, tag: Tag, version: u32, bytes: Vec<u8>) -> Result<()> {
        if !matches!(tag, Tag::Plan | Tag::Program) {
            let message = format!("section {} is made from the graph", tag.name());
            return Err(Error::new(&codes::INTERNAL, message));
        }
        self.stages.retain(|(own, ..)| *own != tag);
        self.stages.push((tag, version, bytes));
        self.stages.sort_unstable_by_key(|(tag, ..)| *tag);
        Ok(())
    }

    /// The file; the same model gives the same bytes.
    ///
    /// # Errors
    /// Those of [`QGraph::validate`].
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        self.graph.validate()?;
        forms::check(&self.graph, &self.floats)?;
        let (form, mut arrays) = encode::encode(&self.graph);
        let floats = arrays.floats(&self.floats);
        let (meta, graph, floats) = (json(&self.meta)?, json(&form)?, json(&floats)?);
        let own = [
            (Tag::Meta, &meta),
            (Tag::Graph, &graph),
            (Tag::Weights, &arrays.operators.weights),
            (Tag::Params, &arrays.operators.params),
            (Tag::Scales, &arrays.scales),
            (Tag::Functions, &arrays.functions),
            (Tag::Constants, &arrays.constants),
        ];
        let floats = (!self.floats.is_empty()).then_some((Tag::Floats, &floats));
        let own = own.into_iter().chain(floats);
        let own = own.map(|(tag, bytes)| Section { tag, version: CONTENTS, offset: 0, bytes });
        let later = self.stages.iter().map(|(tag, version, bytes)| Section {
            tag: *tag,
            version: *version,
            offset: 0,
            bytes,
        });
        Ok(container::write(&own.chain(later).collect::<Vec<_>>()))
    }

    /// Reads a file and checks everything in it.
    ///
    /// # Errors
    /// [`codes::CERAS_FORMAT`] for damaged and foreign files, [`codes::CERAS_VERSION`] for newer
    /// ones, and those of [`QGraph::validate`].
    pub fn from_bytes(file: &[u8]) -> Result<Self> {
        let sections = container::read(file)?;
        let mut stages = Vec::new();
        for Section { tag, version, bytes, .. } in &sections {
            if matches!(tag, Tag::Plan | Tag::Program) {
                stages.push((*tag, *version, bytes.to_vec()));
            } else if *version > CONTENTS {
                let message = format!("version {version} of section {}", tag.name());
                return Err(container::newer(message));
            } else if *version == 0 {
                let message = format!("version 0 of section {}", tag.name());
                return Err(Error::new(&codes::CERAS_FORMAT, message));
            }
        }
        let bytes = |tag| {
            let section = sections.iter().find(|section| section.tag == tag);
            section.map_or(&[][..], |section| section.bytes)
        };
        let region = |tag: Tag| Region { name: tag.name(), bytes: bytes(tag) };
        let arrays = decode::Arrays {
            operators: ArrayReader { weights: region(Tag::Weights), params: region(Tag::Params) },
            scales: region(Tag::Scales),
            functions: region(Tag::Functions),
            constants: region(Tag::Constants),
        };
        let meta = parse(Tag::Meta, bytes(Tag::Meta))?;
        let graph = decode::decode(parse(Tag::Graph, bytes(Tag::Graph))?, &arrays)?;
        graph.validate()?;
        let floats = if sections.iter().any(|section| section.tag == Tag::Floats) {
            decode::floats(parse(Tag::Floats, bytes(Tag::Floats))?, &arrays)?
        } else {
            Vec::new()
        };
        forms::check(&graph, &floats)?;
        Ok(Self { graph, floats, meta, stages })
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`codes::FILE_READ`] and those of [`Model::from_bytes`], with the path.
    pub fn load(path: &Path) -> Result<Self> {
        Self::from_bytes(&files::read(path)?).at(|| path.display().to_string())
    }

    /// Writes a file beside its destination and renames it into place.
    ///
    /// # Errors
    /// [`codes::FILE_WRITE`] and those of [`Model::to_bytes`].
    pub fn save(&self, path: &Path) -> Result<()> {
        files::write(path, &self.to_bytes()?)
    }
}

/// Tag and bytes of every section of a file, in order; header, table and padding are the rest.
///
/// # Errors
/// Those of [`Model::from_bytes`] about header and sections.
pub fn section_sizes(file: &[u8]) -> Result<Vec<(Tag, usize)>> {
    let sections = container::read(file)?;
    Ok(sections.iter().map(|section| (section.tag, section.bytes.len())).collect())
}

fn json(form: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(form).map_err(|error| Error::new(&codes::INTERNAL, error.to_string()))
}

fn parse<T: DeserializeOwned>(tag: Tag, bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|error| {
        Error::new(&codes::CERAS_FORMAT, error.to_string()).at(format!("section {}", tag.name()))
    })
}
