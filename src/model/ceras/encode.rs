//! A quantized graph to the contents of its sections.

use super::graph_form::{
    ConstantForm, FloatLayerForm, FloatsForm, FunctionForm, GraphForm, LayerForm, OperandForm,
    ValueForm,
};
use crate::base::tensor::Tensor;
use crate::model::forms::FloatForm;
use crate::model::qgraph::{ArrayWriter, Format, Layer, Operand, QGraph, QValue, Scale};

/// The arrays that the JSON form points into.
#[derive(Default)]
pub struct Arrays {
    /// Weights and parameters of the layers.
    pub operators: ArrayWriter,
    pub scales: Vec<u8>,
    pub functions: Vec<u8>,
    pub constants: Vec<u8>,
}

/// Splits a graph in its JSON form and its arrays; equal scales and constants are stored once.
pub fn encode(graph: &QGraph) -> (GraphForm, Arrays) {
    let mut arrays = Arrays::default();
    let form = GraphForm {
        name: graph.name.clone(),
        rounding: graph.rounding,
        values: graph.values.iter().map(|value| arrays.value(value)).collect(),
        functions: graph
            .functions
            .iter()
            .map(|function| {
                let first = arrays.functions.len() / 2;
                let entries = function.rom.iter().flat_map(|entry| entry.to_le_bytes());
                arrays.functions.extend(entries);
                FunctionForm {
                    name: function.name.clone(),
                    base: function.base,
                    layout: function.layout,
                    signed: function.signed,
                    rom: (first, function.rom.len()),
                    unit: function.unit,
                }
            })
            .collect(),
        layers: graph.layers.iter().map(|layer| arrays.layer(layer)).collect(),
        inputs: graph.inputs.iter().map(|id| id.0).collect(),
        outputs: graph.outputs.iter().map(|out| (out.name.clone(), out.value.0)).collect(),
    };
    (form, arrays)
}

impl Arrays {
    fn value(&mut self, value: &QValue) -> ValueForm {
        let integer = match &value.format {
            Format::Float => None,
            Format::Integer { width, scales } => Some((*width, self.place_scales(scales))),
        };
        ValueForm { name: value.name.clone(), shape: value.shape.clone(), integer }
    }

    /// Where `scales` are, counted in channels; they are added if they are not there yet.
    fn place_scales(&mut self, scales: &[Scale]) -> usize {
        let bytes: Vec<u8> = scales
            .iter()
            .flat_map(|scale| [scale.exponent.cast_unsigned(), scale.zero.cast_unsigned()])
            .collect();
        find_or_add(&mut self.scales, &bytes, 2) / 2
    }

    /// Layers in float besides their integer form; their constants are added.
    pub fn floats(&mut self, forms: &[FloatForm]) -> FloatsForm {
        let layers = forms.iter().map(|form| FloatLayerForm {
            layer: form.layer,
            op: form.op.clone(),
            inputs: self.operands(&form.inputs),
        });
        FloatsForm { layers: layers.collect() }
    }

    fn operands(&mut self, operands: &[Option<Operand>]) -> Vec<Option<OperandForm>> {
        let mut form = |operand: &Operand| match operand {
            Operand::Value(id) => OperandForm::Value(id.0),
            Operand::Constant(tensor) => OperandForm::Constant(self.constant(tensor)),
        };
        operands.iter().map(|operand| operand.as_ref().map(&mut form)).collect()
    }

    fn layer(&mut self, layer: &Layer) -> LayerForm {
        LayerForm {
            name: layer.name.clone(),
            op: layer.op.store(&mut self.operators),
            inputs: self.operands(&layer.inputs),
            outputs: layer.outputs.iter().map(|id| id.0).collect(),
            sources: Some(layer.sources.clone()).filter(|own| *own != [layer.name.as_str()]),
        }
    }

    fn constant(&mut self, tensor: &Tensor) -> ConstantForm {
        let offset = find_or_add(&mut self.constants, &tensor.to_le_bytes(), 8);
        ConstantForm { dtype: tensor.dtype(), shape: tensor.shape().to_vec(), offset }
    }
}

/// The first multiple of `step` at which `bytes` are in `array`, where they are added if needed.
fn find_or_add(array: &mut Vec<u8>, bytes: &[u8], step: usize) -> usize {
    let candidates = (0..array.len()).step_by(step);
    let found = candidates.into_iter().find(|&at| array[at..].starts_with(bytes));
    found.unwrap_or_else(|| {
        array.resize(array.len().next_multiple_of(step), 0);
        array.extend_from_slice(bytes);
        array.len() - bytes.len()
    })
}
