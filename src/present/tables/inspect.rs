//! `seigo inspect`: what a network consists of, before and after fusion.

use std::collections::BTreeMap;

use comfy_table::{CellAlignment, Table, presets};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::json::{Form, FormatOf, VersionOf};
use crate::frontend::graph::{Graph, Node};
use crate::frontend::rewrites::Applied;
use crate::quantize::ptq::{Decision, Preview};

/// Everything `seigo inspect` says of a model.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Inspection {
    /// `seigo-inspection`.
    pub format: FormatOf<Self>,
    /// Version of this form.
    pub version: VersionOf<Self>,
    /// Name of the graph.
    pub name: String,
    /// Network inputs.
    pub inputs: Vec<Port>,
    /// Network outputs.
    pub outputs: Vec<Port>,
    /// ONNX nodes by operator, as in the file.
    pub operators: BTreeMap<String, usize>,
    /// Totals as in the file.
    pub before: Totals,
    /// Totals after fusion.
    pub after: Totals,
    /// What each rewrite did.
    pub rewrites: Vec<Applied>,
    /// The fused nodes in order of execution.
    pub nodes: Vec<NodeReport>,
}

impl Form for Inspection {
    const FORMAT: &'static str = "seigo-inspection";
    const VERSION: u32 = 2;
}

/// A network input or output.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Port {
    /// Name.
    pub name: String,
    /// Element type.
    pub dtype: String,
    /// Extents.
    pub shape: Vec<usize>,
}

/// Sizes of a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Totals {
    /// All nodes.
    pub nodes: usize,
    /// Nodes that compute or move data: all but the views.
    pub layers: usize,
    /// Multiply-accumulate operations per frame.
    pub macs: u64,
    /// Elements of the float constants: weights, biases and the like.
    pub parameters: usize,
    /// Bytes of all constants.
    pub constant_bytes: usize,
    /// Bytes of all computed values, were each kept.
    pub activation_bytes: usize,
}

/// One fused node.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct NodeReport {
    /// Name.
    pub name: String,
    /// Operator, with what is fused to it.
    pub operator: String,
    /// Extents of the first output.
    pub shape: Vec<usize>,
    /// Multiply-accumulate operations per frame.
    pub macs: u64,
    /// Elements of its float constants.
    pub parameters: usize,
    /// Bytes of its outputs.
    pub output_bytes: usize,
    /// What quantization would make of it.
    pub quantized: Computation,
    /// Why, where that needs a word.
    pub why: String,
    /// ONNX nodes that became this one.
    pub sources: Vec<String>,
}

/// How a node computes after quantization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Computation {
    /// In integers.
    Int8,
    /// In float.
    Float,
    /// Not at all: it only gives parts of its input's memory other names.
    View,
}

impl Computation {
    fn name(self) -> &'static str {
        match self {
            Self::Int8 => "int8",
            Self::Float => "float",
            Self::View => "view",
        }
    }
}

impl Inspection {
    /// Compares the graph of the file with the fused one; `preview` says what quantization would make of
    /// it.
    pub fn new(original: &Graph, fused: &Graph, rewrites: Vec<Applied>, preview: &Preview) -> Self {
        let mut operators = BTreeMap::new();
        for node in &original.nodes {
            *operators.entry(node.op.kind().to_owned()).or_default() += 1;
        }
        let port = |name: &str, id| Port {
            name: name.to_owned(),
            dtype: original.fact(id).dtype.to_string(),
            shape: original.fact(id).shape.clone(),
        };
        Self {
            format: FormatOf::default(),
            version: VersionOf::default(),
            name: original.name.clone(),
            inputs: original.inputs.iter().map(|&id| port(&original.value(id).name, id)).collect(),
            outputs: original.outputs.iter().map(|out| port(&out.name, out.value)).collect(),
            operators,
            before: Totals::new(original),
            after: Totals::new(fused),
            rewrites,
            nodes: fused.nodes.iter().map(|node| NodeReport::new(fused, node, preview)).collect(),
        }
    }

    /// Tables for a terminal.
    pub fn to_text(&self) -> String {
        let mut text = format!("model     {}\n", self.name);
        for (kind, ports) in [("input ", &self.inputs), ("output", &self.outputs)] {
            for port in ports {
                let shape = dims(&port.shape);
                text.push_str(&format!("{kind}    {}: {}[{shape}]\n", port.name, port.dtype));
            }
        }
        let operators: Vec<_> =
            self.operators.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        text.push_str(&format!("operators {}\n\n", operators.join(", ")));
        text.push_str(&format!("{}\n\n", self.totals_table().trim_fmt()));
        text.push_str(&format!("{}\n\n", self.rewrite_table().trim_fmt()));
        text.push_str(&format!("{}\n", self.node_table().trim_fmt()));
        text
    }

    fn totals_table(&self) -> Table {
        let mut table =
            table(&["", "nodes", "layers", "MACs", "parameters", "constants", "values"]);
        for (name, totals) in [("as exported", self.before), ("after fusion", self.after)] {
            table.add_row([
                name.to_owned(),
                totals.nodes.to_string(),
                totals.layers.to_string(),
                grouped(totals.macs),
                grouped(totals.parameters as u64),
                format!("{} B", grouped(totals.constant_bytes as u64)),
                format!("{} B", grouped(totals.activation_bytes as u64)),
            ]);
        }
        right_align(table, 1..7)
    }

    fn rewrite_table(&self) -> Table {
        let mut table = table(&["rewrite", "places", "layers after"]);
        for applied in &self.rewrites {
            table.add_row([
                applied.rewrite.clone().into_owned(),
                applied.places.to_string(),
                applied.layers.to_string(),
            ]);
        }
        right_align(table, 1..3)
    }

    fn node_table(&self) -> Table {
        let mut table =
            table(&["node", "operator", "output", "MACs", "parameters", "quantized", "why"]);
        for node in &self.nodes {
            table.add_row([
                node.name.clone(),
                node.operator.clone(),
                dims(&node.shape),
                grouped(node.macs),
                grouped(node.parameters as u64),
                node.quantized.name().to_owned(),
                node.why.clone(),
            ]);
        }
        right_align(table, 3..5)
    }
}

impl Totals {
    fn new(graph: &Graph) -> Self {
        let mut constant = vec![false; graph.values.len()];
        for id in graph.nodes.iter().flat_map(|node| node.inputs.iter().flatten()) {
            constant[id.0] = graph.constant(*id).is_some();
        }
        let constants = || {
            graph.values.iter().zip(&constant).filter(|(_, is)| **is).map(|(value, _)| &value.fact)
        };
        Self {
            nodes: graph.nodes.len(),
            layers: graph.layers().count(),
            macs: graph.nodes.iter().map(|node| graph.macs(node)).sum(),
            parameters: constants().filter(|fact| !fact.dtype.is_integer()).map(|f| f.len()).sum(),
            constant_bytes: constants().map(|fact| fact.bytes()).sum(),
            activation_bytes: graph
                .layers()
                .flat_map(|node| &node.outputs)
                .map(|&id| graph.fact(id).bytes())
                .sum(),
        }
    }
}

impl NodeReport {
    fn new(graph: &Graph, node: &Node, preview: &Preview) -> Self {
        let (quantized, why) = form(graph, node, preview);
        let parameters = graph
            .input_facts(node)
            .into_iter()
            .flatten()
            .filter(|fact| fact.value.is_some() && !fact.dtype.is_integer())
            .map(|fact| fact.len())
            .sum();
        Self {
            name: node.name.clone(),
            operator: node.op.describe(),
            shape: node.outputs.first().map_or_else(Vec::new, |&id| graph.fact(id).shape.clone()),
            macs: graph.macs(node),
            parameters,
            output_bytes: node.outputs.iter().map(|&id| graph.fact(id).bytes()).sum(),
            quantized,
            why,
            sources: node.sources.clone(),
        }
    }
}

/// What quantization makes of a node, and why.
fn form(graph: &Graph, node: &Node, preview: &Preview) -> (Computation, String) {
    if graph.is_view(node) {
        return (Computation::View, String::new());
    }
    match preview.of(node) {
        Some((Decision::Float(reason), _)) => (Computation::Float, reason.to_string()),
        Some((_, Some(reason))) => {
            (Computation::Int8, format!("its activation in float: {reason}"))
        }
        Some((Decision::Moved, None)) => (Computation::Int8, "moves integers".to_owned()),
        Some((Decision::Integer, None)) => (Computation::Int8, String::new()),
        None => (Computation::Int8, "part of another layer".to_owned()),
    }
}

pub(super) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header.iter().copied());
    table
}

pub(super) fn right_align(mut table: Table, columns: std::ops::Range<usize>) -> Table {
    for index in columns {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// `1x3x416x416`.
pub fn dims(shape: &[usize]) -> String {
    shape.iter().map(ToString::to_string).collect::<Vec<_>>().join("x")
}

/// Digits in groups of three.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}
