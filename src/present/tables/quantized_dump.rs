//! The quantized graph itself, as text and as JSON; weights are left out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::inspect::dims;
use super::quantized::width;
use crate::base::arithmetic::{Function, Rounding};
use crate::base::json::{Form, FormatOf, VersionOf};
use crate::base::tensor::DType;
use crate::model::qgraph::{Layer, OpDump, Operand, QGraph, QOutput, QValue, QValueId};

/// One line per layer: outputs, operator, inputs.
pub fn to_text(graph: &QGraph) -> String {
    let value = |id: &QValueId| {
        let value = graph.value(*id);
        format!("{}: {}[{}]", value.name, width(value), dims(&value.shape))
    };
    let list = |ids: Vec<String>| ids.join(", ");
    let mut text = format!("inputs {}\n", list(graph.inputs.iter().map(value).collect()));
    for layer in &graph.layers {
        let inputs = layer.inputs.iter().map(|operand| match operand {
            None => "none".to_owned(),
            Some(Operand::Value(id)) => graph.value(*id).name.clone(),
            Some(Operand::Constant(tensor)) => format!("{tensor:?}"),
        });
        let outputs = list(layer.outputs.iter().map(value).collect());
        let inputs = list(inputs.collect());
        text.push_str(&format!("{outputs} = {}({inputs})  # {}\n", layer.op.kind(), layer.name));
    }
    let outputs =
        graph.outputs.iter().map(|out| format!("{} = {}", out.name, graph.value(out.value).name));
    text.push_str(&format!("outputs {}\n", list(outputs.collect())));
    text
}

/// A quantized network without its weights: values with their scales, functions with their ROMs, layers
/// with shifts and biases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QuantizedDump {
    /// `seigo-quantized-graph`.
    pub format: FormatOf<Self>,
    /// Version of this form.
    pub version: VersionOf<Self>,
    /// Name from the original model.
    pub name: String,
    /// Rounding of every right shift.
    pub rounding: Rounding,
    /// Everything that flows between layers.
    pub values: Vec<QValue>,
    /// Activation functions that layers share.
    pub functions: Vec<Function>,
    /// Layers in order of execution.
    pub layers: Vec<LayerDump>,
    /// Network inputs, as places in `values`.
    pub inputs: Vec<QValueId>,
    /// Network outputs.
    pub outputs: Vec<QOutput>,
}

impl Form for QuantizedDump {
    const FORMAT: &'static str = "seigo-quantized-graph";
    const VERSION: u32 = 2;
}

/// A layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LayerDump {
    /// Name of the node it came from.
    pub name: String,
    /// What it computes.
    pub op: OpDump,
    /// Its inputs by position; null is an omitted optional one.
    pub inputs: Vec<Option<OperandDump>>,
    /// Its outputs, as places in `values`.
    pub outputs: Vec<QValueId>,
    /// Names of the nodes of the original model whose work it does.
    pub sources: Vec<String>,
}

/// An input of a layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OperandDump {
    /// Place in `values`.
    Value(QValueId),
    /// A constant, without its elements.
    Constant {
        /// Element type.
        dtype: DType,
        /// Extents.
        shape: Vec<usize>,
    },
}

impl QuantizedDump {
    /// Of a network.
    pub fn new(graph: &QGraph) -> Self {
        Self {
            format: FormatOf::default(),
            version: VersionOf::default(),
            name: graph.name.clone(),
            rounding: graph.rounding,
            values: graph.values.clone(),
            functions: graph.functions.clone(),
            layers: graph.layers.iter().map(LayerDump::new).collect(),
            inputs: graph.inputs.clone(),
            outputs: graph.outputs.clone(),
        }
    }
}

impl LayerDump {
    fn new(layer: &Layer) -> Self {
        let input = |operand: &Operand| match operand {
            Operand::Value(id) => OperandDump::Value(*id),
            Operand::Constant(tensor) => {
                OperandDump::Constant { dtype: tensor.dtype(), shape: tensor.shape().to_vec() }
            }
        };
        Self {
            name: layer.name.clone(),
            op: layer.op.dump(),
            inputs: layer.inputs.iter().map(|operand| operand.as_ref().map(input)).collect(),
            outputs: layer.outputs.clone(),
            sources: layer.sources.clone(),
        }
    }
}
