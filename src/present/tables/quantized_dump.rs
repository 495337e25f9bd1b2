//! The quantized graph itself, as text and as JSON; weights are left out.

use serde_json::{Value, json};

use super::inspect::dims;
use super::quantized::width;
use crate::base::error::{Error, Result, codes};
use crate::model::qgraph::{Layer, Operand, QGraph, QValueId};

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

/// Values with their scales, functions with their ROMs, layers with shifts and biases.
///
/// # Errors
/// [`codes::INTERNAL`].
pub fn to_json(graph: &QGraph) -> Result<Value> {
    let convert = || -> serde_json::Result<Value> {
        let layers = graph.layers.iter().map(layer).collect::<serde_json::Result<Vec<_>>>()?;
        Ok(json!({
            "format": "seigo-quantized-graph",
            "version": 1,
            "name": graph.name,
            "rounding": graph.rounding,
            "values": serde_json::to_value(&graph.values)?,
            "functions": serde_json::to_value(&graph.functions)?,
            "layers": layers,
            "inputs": graph.inputs,
            "outputs": graph.outputs,
        }))
    };
    convert().map_err(|error| Error::new(&codes::INTERNAL, error.to_string()))
}

fn layer(layer: &Layer) -> serde_json::Result<Value> {
    let inputs = layer.inputs.iter().map(|operand| match operand {
        None => Ok(Value::Null),
        Some(Operand::Value(id)) => serde_json::to_value(id),
        Some(Operand::Constant(tensor)) => Ok(json!({
            "constant": { "dtype": tensor.dtype(), "shape": tensor.shape() },
        })),
    });
    Ok(json!({
        "name": layer.name,
        "op": serde_json::to_value(&layer.op)?,
        "inputs": inputs.collect::<serde_json::Result<Vec<_>>>()?,
        "outputs": layer.outputs,
        "sources": layer.sources,
    }))
}
