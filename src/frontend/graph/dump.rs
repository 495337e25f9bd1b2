//! A graph for a person (text) and for a program (JSON).

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Graph, Node, ValueId};
use crate::base::json::{Form, FormatOf, VersionOf};
use crate::base::tensor::DType;
use crate::frontend::ops::{Fact, Op};

/// A float network without the elements of its constants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GraphDump {
    /// `seigo-graph`.
    pub format: FormatOf<Self>,
    /// Version of this form.
    pub version: VersionOf<Self>,
    /// Name from the file.
    pub name: String,
    /// Names of the values that enter.
    pub inputs: Vec<String>,
    /// The values that leave.
    pub outputs: Vec<OutputDump>,
    /// Every value.
    pub values: Vec<ValueDump>,
    /// Nodes in order of execution.
    pub nodes: Vec<NodeDump>,
}

impl Form for GraphDump {
    const FORMAT: &'static str = "seigo-graph";
    const VERSION: u32 = 2;
}

/// A network output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OutputDump {
    /// Name from the file.
    pub name: String,
    /// Name of the value that leaves.
    pub value: String,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ValueDump {
    /// Its unique name.
    pub name: String,
    /// Element type.
    pub dtype: DType,
    /// Extents.
    pub shape: Vec<usize>,
    /// Whether its elements are in the file.
    pub constant: bool,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NodeDump {
    /// Name.
    pub name: String,
    /// Operator, as ONNX calls it.
    pub op: String,
    /// The operator with its attributes.
    pub attributes: Op,
    /// Names of its inputs by position; null is an omitted optional one.
    pub inputs: Vec<Option<String>>,
    /// Names of its outputs.
    pub outputs: Vec<String>,
    /// ONNX nodes that became this one.
    pub sources: Vec<String>,
}

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
    pub fn dump(&self) -> GraphDump {
        let name = |id: ValueId| self.value(id).name.clone();
        let names = |ids: &[ValueId]| -> Vec<_> { ids.iter().map(|&id| name(id)).collect() };
        let node = |node: &Node| NodeDump {
            name: node.name.clone(),
            op: node.op.kind().to_owned(),
            attributes: node.op.clone(),
            inputs: node.inputs.iter().map(|id| id.map(name)).collect(),
            outputs: names(&node.outputs),
            sources: node.sources.clone(),
        };
        let value = |value: &super::Value| ValueDump {
            name: value.name.clone(),
            dtype: value.fact.dtype,
            shape: value.fact.shape.clone(),
            constant: value.fact.value.is_some(),
        };
        let outputs = self.outputs.iter();
        let outputs =
            outputs.map(|out| OutputDump { name: out.name.clone(), value: name(out.value) });
        GraphDump {
            format: FormatOf::default(),
            version: VersionOf::default(),
            name: self.name.clone(),
            inputs: names(&self.inputs),
            outputs: outputs.collect(),
            values: self.values.iter().map(value).collect(),
            nodes: self.nodes.iter().map(node).collect(),
        }
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
