//! `seigo inspect` on a .ceras model: layers, the alignment of every edge, bytes per section.

use comfy_table::Table;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::inspect::{Port, dims, grouped, right_align, table};
use crate::base::arithmetic::Rounding;
use crate::base::error::Result;
use crate::base::json::{Form, FormatOf, VersionOf};
use crate::compile::boards::Target;
use crate::compile::schedule::{Assigned, Worker, assignment};
use crate::model::ceras::{Model, section_sizes};
use crate::model::qgraph::{Format, Layer, Operand, Operands, QGraph, QValue};

/// Everything that `seigo inspect` says of a .ceras model.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct QuantizedInspection {
    /// `seigo-quantized-inspection`.
    pub format: FormatOf<Self>,
    /// Version of this form.
    pub version: VersionOf<Self>,
    /// Name of the network.
    pub name: String,
    /// What wrote the file.
    pub tool: String,
    /// Hash of the original model.
    pub source: Option<String>,
    /// Rounding of every right shift.
    pub rounding: Rounding,
    /// Network inputs.
    pub inputs: Vec<Port>,
    /// Network outputs.
    pub outputs: Vec<Port>,
    /// Int8 weights.
    pub weights: usize,
    /// Nodes of the original model.
    pub source_nodes: usize,
    /// Layers that are mere views of their input's memory.
    pub views: usize,
    /// Layers that the file holds in float besides their integer form.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub both: Vec<String>,
    /// Target whose accelerator does the layers.
    pub target: String,
    /// Layers in order of execution, views included.
    pub layers: Vec<LayerReport>,
    /// Every use of a value by a layer.
    pub edges: Vec<Edge>,
    /// Bytes of each section.
    pub sections: Vec<SectionReport>,
    /// Bytes of the file.
    pub file_bytes: usize,
}

impl Form for QuantizedInspection {
    const FORMAT: &'static str = "seigo-quantized-inspection";
    const VERSION: u32 = 2;
}

/// One layer.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct LayerReport {
    /// Name.
    pub name: String,
    /// Operator with its output stage.
    pub operator: String,
    /// Extents of the first output.
    pub shape: Vec<usize>,
    /// `i8`, `i16`, `i32` or `f32`.
    pub width: String,
    /// Whether it only gives parts of its input's memory other names.
    pub view: bool,
    /// Int8 weights.
    pub weights: usize,
    /// Who does it on the target.
    pub worker: Worker,
    /// Why, where that needs a word.
    pub why: Option<String>,
    /// Bits of a signed accumulator that holds every partial sum.
    pub accumulator_bits: Option<u32>,
    /// Nodes of the original model whose work it does.
    pub sources: Vec<String>,
}

/// A value from its producer to one consumer.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Edge {
    /// Layer or network input that computes it.
    pub producer: String,
    /// Layer that reads it.
    pub consumer: String,
    /// Least and largest exponent over its channels; none for floats.
    pub exponents: Option<(i32, i32)>,
    /// Least and largest zero point over its channels.
    pub zeros: Option<(i32, i32)>,
    /// What the consumer does with it.
    pub alignment: String,
    /// Least and largest right shift that the consumer applies; negative is to the left.
    pub shifts: Option<(i32, i32)>,
}

/// Bytes of a section.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct SectionReport {
    /// Tag.
    pub section: String,
    /// Bytes of its contents.
    pub bytes: usize,
}

impl QuantizedInspection {
    /// Inspects a model that was read from `file`, for a target.
    ///
    /// # Errors
    /// Those of [`section_sizes`] and [`assignment`].
    pub fn new(model: &Model, file: &[u8], target: &Target) -> Result<Self> {
        let graph = &model.graph;
        let sections = section_sizes(file)?.into_iter();
        let mut sections: Vec<_> =
            sections.map(|(tag, bytes)| SectionReport { section: tag.name(), bytes }).collect();
        let contents: usize = sections.iter().map(|section| section.bytes).sum();
        let rest = "header and padding".to_owned();
        sections.push(SectionReport { section: rest, bytes: file.len() - contents });
        let assigned = assignment(graph, target)?;
        let layers = graph.layers.iter().zip(assigned);
        let layers: Vec<_> =
            layers.map(|(layer, assigned)| LayerReport::new(graph, layer, assigned)).collect();
        let port = |name: &str, id| {
            let value = graph.value(id);
            Port { name: name.to_owned(), dtype: width(value), shape: value.shape.clone() }
        };
        let outputs = graph.outputs.iter();
        Ok(Self {
            format: FormatOf::default(),
            version: VersionOf::default(),
            name: graph.name.clone(),
            tool: model.meta.tool.clone(),
            source: model.meta.source.clone(),
            rounding: graph.rounding,
            inputs: graph.inputs.iter().map(|&id| port(&graph.value(id).name, id)).collect(),
            outputs: outputs.map(|output| port(&output.name, output.value)).collect(),
            weights: layers.iter().map(|layer| layer.weights).sum(),
            source_nodes: layers.iter().map(|layer| layer.sources.len()).sum(),
            views: layers.iter().filter(|layer| layer.view).count(),
            both: model.floats.iter().map(|form| graph.layers[form.layer].name.clone()).collect(),
            target: target.name.clone(),
            layers,
            edges: edges(graph),
            sections,
            file_bytes: file.len(),
        })
    }

    /// Tables for a terminal.
    pub fn to_text(&self) -> String {
        let mut text = format!("model     {}\nmade by   {}\n", self.name, self.tool);
        for (kind, ports) in [("input ", &self.inputs), ("output", &self.outputs)] {
            for port in ports {
                let shape = dims(&port.shape);
                text.push_str(&format!("{kind}    {}: {}[{shape}]\n", port.name, port.dtype));
            }
        }
        text.push_str(&format!(
            "layers    {} for {} nodes of the original model; views besides: {}\n",
            self.layers.len() - self.views,
            self.source_nodes,
            self.views
        ));
        if !self.both.is_empty() {
            let count = self.both.len();
            text.push_str(&format!(
                "float     {count} layers in float besides their integer form\n"
            ));
        }
        let share = self.file_bytes as f64 / self.weights.max(1) as f64;
        text.push_str(&format!(
            "file      {} B for {} weights, {share:.3} B each\n\n",
            grouped(self.file_bytes as u64),
            grouped(self.weights as u64)
        ));
        for table in
            [self.section_table(), self.layer_table(), self.worker_table(), self.edge_table()]
        {
            text.push_str(&format!("{table}\n\n"));
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
        text
    }

    fn section_table(&self) -> Table {
        let mut table = table(&["section", "bytes"]);
        for section in &self.sections {
            table.add_row([section.section.clone(), grouped(section.bytes as u64)]);
        }
        right_align(table, 1..2)
    }

    fn layer_table(&self) -> Table {
        let header = ["layer", "operator", "output", "width", "weights", "accumulator", "nodes"];
        let mut table = table(&header);
        for layer in &self.layers {
            let bits =
                layer.accumulator_bits.map_or_else(String::new, |bits| format!("{bits} bit"));
            let both = if self.both.contains(&layer.name) { ", float too" } else { "" };
            table.add_row([
                layer.name.clone(),
                layer.operator.clone() + both,
                dims(&layer.shape),
                layer.width.clone(),
                grouped(layer.weights as u64),
                bits,
                layer.sources.len().to_string(),
            ]);
        }
        right_align(table, 4..7)
    }

    fn worker_table(&self) -> Table {
        let by = format!("on {} by", self.target);
        let mut table = table(&["layer", &by, "why"]);
        for layer in &self.layers {
            table.add_row([
                layer.name.clone(),
                layer.worker.to_string(),
                layer.why.clone().unwrap_or_default(),
            ]);
        }
        table
    }

    fn edge_table(&self) -> Table {
        let mut table = table(&["from", "to", "exponents", "zeros", "alignment", "shifts"]);
        let range = |range: Option<(i32, i32)>| match range {
            None => String::new(),
            Some((low, high)) if low == high => low.to_string(),
            Some((low, high)) => format!("{low} to {high}"),
        };
        for edge in &self.edges {
            table.add_row([
                edge.producer.clone(),
                edge.consumer.clone(),
                range(edge.exponents),
                range(edge.zeros),
                edge.alignment.clone(),
                range(edge.shifts),
            ]);
        }
        table
    }
}

/// Element type of a value.
pub(super) fn width(value: &QValue) -> String {
    match &value.format {
        Format::Float => "f32".to_owned(),
        Format::Integer { width, .. } => width.dtype().to_string(),
    }
}

fn operator(graph: &QGraph, layer: &Layer) -> String {
    if graph.is_view(layer) {
        return format!("{}, a view", layer.op.kind());
    }
    layer.op.operator().describe(graph)
}

impl LayerReport {
    fn new(graph: &QGraph, layer: &Layer, assigned: Assigned) -> Self {
        let output = layer.outputs.first().map(|&id| graph.value(id));
        Self {
            name: layer.name.clone(),
            operator: operator(graph, layer),
            shape: output.map_or_else(Vec::new, |value| value.shape.clone()),
            width: output.map_or_else(String::new, width),
            view: graph.is_view(layer),
            worker: assigned.worker,
            why: assigned.reason.map(|reason| reason.to_string()),
            weights: layer.op.operator().weights().len(),
            accumulator_bits: layer.op.operator().accumulator_bits(),
            sources: layer.sources.clone(),
        }
    }
}

fn edges(graph: &QGraph) -> Vec<Edge> {
    let mut producers: Vec<String> =
        graph.values.iter().map(|value| format!("input {}", value.name)).collect();
    for layer in &graph.layers {
        for id in &layer.outputs {
            producers[id.0].clone_from(&layer.name);
        }
    }
    let mut edges = Vec::new();
    for layer in &graph.layers {
        for (position, id) in layer.inputs.iter().enumerate() {
            let Some(id) = id.as_ref().and_then(Operand::value) else { continue };
            let scales = graph.value(id).integer().map(|(_, scales)| scales);
            let alignment = layer.op.operator().alignment(&Operands { graph, layer }, position);
            edges.push(Edge {
                producer: producers[id.0].clone(),
                consumer: layer.name.clone(),
                exponents: scales
                    .and_then(|scales| range(scales.iter().map(|scale| scale.exponent.into()))),
                zeros: scales.and_then(|scales| range(scales.iter().map(|s| s.zero.into()))),
                alignment: alignment.words.to_owned(),
                shifts: range(alignment.shifts.into_iter()),
            });
        }
    }
    edges
}

fn range(numbers: impl Iterator<Item = i32> + Clone) -> Option<(i32, i32)> {
    numbers.clone().min().zip(numbers.max())
}
