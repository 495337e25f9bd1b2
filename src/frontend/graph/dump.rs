//! A graph for a person (text) and for a program (JSON).

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::{Graph, Node, ValueId};
use crate::frontend::ops::Fact;

/// Version of the JSON form; it changes when a field changes meaning.
pub const JSON_VERSION: u32 = 1;

impl Graph {
    /// One line per value that enters or is computed, in order of execution.
    pub fn to_text(&self) -> String {
        let mut text = format!("graph \"{}\"\n", self.name);
        for &id in &self.inputs {
            let _ = writeln!(text, "input  {}", self.typed(id));
        }
        for node in &self.nodes {
            let outputs: Vec<_> = node.outputs.iter().map(|&id| self.typed(id)).collect();
            let inputs: Vec<_> = node.inputs.iter().map(|&id| self.operand(id)).collect();
            let _ = writeln!(
                text,
                "{} = {}({})  # {:?}, from {}",
                outputs.join(", "),
                node.op.kind(),
                inputs.join(", "),
                node.op,
                node.sources.join(" + ")
            );
        }
        for output in &self.outputs {
            let _ = writeln!(text, "output {} = {}", output.name, self.typed(output.value));
        }
        text
    }

    /// The graph without the elements of its constants.
    pub fn to_json(&self) -> Json {
        let names = |ids: &[ValueId]| -> Vec<_> {
            ids.iter().map(|&id| Json::from(&*self.value(id).name)).collect()
        };
        let node = |node: &Node| {
            let inputs = node.inputs.iter().map(|id| id.map(|id| &*self.value(id).name));
            json!({
                "name": node.name,
                "op": node.op.kind(),
                "attributes": format!("{:?}", node.op),
                "inputs": inputs.collect::<Vec<_>>(),
                "outputs": names(&node.outputs),
                "sources": node.sources,
            })
        };
        let value = |value: &super::Value| {
            json!({
                "name": value.name,
                "dtype": value.fact.dtype,
                "shape": value.fact.shape,
                "constant": value.fact.value.is_some(),
            })
        };
        let outputs = self
            .outputs
            .iter()
            .map(|output| json!({"name": output.name, "value": self.value(output.value).name}));
        json!({
            "format": "seigo-graph",
            "version": JSON_VERSION,
            "name": self.name,
            "inputs": names(&self.inputs),
            "outputs": outputs.collect::<Vec<_>>(),
            "values": self.values.iter().map(value).collect::<Vec<_>>(),
            "nodes": self.nodes.iter().map(node).collect::<Vec<_>>(),
        })
    }

    fn typed(&self, id: ValueId) -> String {
        format!("%{}: {}", self.value(id).name, type_text(self.fact(id)))
    }

    fn operand(&self, id: Option<ValueId>) -> String {
        match id {
            None => "-".into(),
            Some(id) if self.constant(id).is_some() => {
                format!("const {}", type_text(self.fact(id)))
            }
            Some(id) => format!("%{}", self.value(id).name),
        }
    }
}

/// `f32[1x3x416x416]`.
fn type_text(fact: &Fact) -> String {
    let dims: Vec<_> = fact.shape.iter().map(ToString::to_string).collect();
    format!("{}[{}]", fact.dtype, dims.join("x"))
}
