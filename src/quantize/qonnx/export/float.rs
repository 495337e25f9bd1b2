//! A float graph as an ONNX model, with the operators that rewrites made written out.

use super::exported::Exported;
use super::operator::operator;
use super::writer::Writer;
use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::tensor::DType;
use crate::frontend::graph::{Graph, ValueId};

/// Writes a float graph; values keep their names.
///
/// # Errors
/// Those of [`Graph::validate`]; [`codes::SHAPE`] for an input or output that is not float.
pub fn float(graph: &Graph) -> Result<Exported> {
    graph.validate()?;
    let mut writer = Writer::default();
    for value in &graph.values {
        writer.reserve(&value.name);
    }
    for &id in &graph.inputs {
        is_float(graph, id)?;
        writer.input(&graph.value(id).name, &graph.fact(id).shape);
    }
    for node in &graph.nodes {
        writer.enter(&node.name);
        let mut inputs = Vec::with_capacity(node.inputs.len());
        for &input in &node.inputs {
            inputs.push(match input {
                None => String::new(),
                Some(id) => match graph.constant(id) {
                    Some(value) => writer.constant(value),
                    None => graph.value(id).name.clone(),
                },
            });
        }
        let shape = node.input(0).map_or_else(Vec::new, |id| graph.fact(id).shape.clone());
        let outputs = node.outputs.iter().map(|&id| graph.value(id).name.clone()).collect();
        operator(&mut writer, &node.op, &shape, inputs, outputs).at(|| node.place())?;
    }
    writer.enter("outputs");
    for output in &graph.outputs {
        is_float(graph, output.value)?;
        let value = graph.value(output.value);
        if value.name != output.name {
            writer.rename(&value.name, &output.name);
        }
        writer.output(&output.name, &value.fact.shape);
    }
    Ok(writer.finish(&graph.name))
}

fn is_float(graph: &Graph, id: ValueId) -> Result<()> {
    let value = graph.value(id);
    if value.fact.dtype == DType::F32 {
        return Ok(());
    }
    Err(Error::new(&codes::SHAPE, format!("\"{}\" is {}, not f32", value.name, value.fact.dtype)))
}
