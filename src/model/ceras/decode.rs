//! The contents of the sections to a quantized graph. Every offset is checked; nothing is
//! allocated that the file does not hold.

use super::graph_form::{
    ConstantForm, FloatLayerForm, FloatsForm, GraphForm, LayerForm, OperandForm, ValueForm,
};
use super::layout::MAX_VALUE;
use crate::base::arithmetic::Function;
use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::tensor::{Tensor, element_count};
use crate::model::forms::FloatForm;
use crate::model::qgraph::{
    ArrayReader, Format, Layer, Operand, QGraph, QOutput, QValue, QValueId, Region, Scale,
};

/// The arrays that the JSON form points into.
pub struct Arrays<'a> {
    /// Weights and parameters of the layers.
    pub operators: ArrayReader<'a>,
    pub scales: Region<'a>,
    pub functions: Region<'a>,
    pub constants: Region<'a>,
}

fn damaged(message: impl Into<String>) -> Error {
    Error::new(&codes::CERAS_FORMAT, message)
}

/// Puts a graph together; the caller validates it.
pub fn decode(form: GraphForm, arrays: &Arrays<'_>) -> Result<QGraph> {
    let values = form.values.into_iter().map(|value| arrays.value(value)).collect::<Result<_>>()?;
    let layers = form
        .layers
        .into_iter()
        .map(|layer| {
            let place = format!("layer \"{}\"", layer.name);
            arrays.layer(layer).at(|| place)
        })
        .collect::<Result<_>>()?;
    let functions = form
        .functions
        .into_iter()
        .map(|function| {
            let (first, count) = function.rom;
            let bytes = arrays.functions.part(first, count, 2)?;
            let (entries, _) = bytes.as_chunks();
            Ok(Function {
                name: function.name,
                base: function.base,
                layout: function.layout,
                signed: function.signed,
                rom: entries.iter().map(|&entry| i16::from_le_bytes(entry)).collect(),
                unit: function.unit,
            })
        })
        .collect::<Result<_>>()?;
    let outputs = form.outputs.into_iter();
    Ok(QGraph {
        name: form.name,
        values,
        layers,
        inputs: form.inputs.into_iter().map(QValueId).collect(),
        outputs: outputs.map(|(name, value)| QOutput { name, value: QValueId(value) }).collect(),
        functions,
        rounding: form.rounding,
    })
}

/// Layers in float besides their integer form; the caller checks them.
pub fn floats(form: FloatsForm, arrays: &Arrays<'_>) -> Result<Vec<FloatForm>> {
    if form.layers.is_empty() {
        return Err(damaged("section FLTS without a layer"));
    }
    let layers = form.layers.into_iter();
    let form = |form: FloatLayerForm| {
        let place = format!("float form of layer {}", form.layer);
        let inputs = arrays.operands(form.inputs).at(|| place)?;
        Ok(FloatForm { layer: form.layer, op: form.op, inputs })
    };
    layers.map(form).collect()
}

impl Arrays<'_> {
    fn value(&self, form: ValueForm) -> Result<QValue> {
        let place = || format!("value \"{}\"", form.name);
        if element_count(&form.shape).at(place)? > MAX_VALUE {
            return Err(damaged(format!("a shape {:?}", form.shape)).at(place()));
        }
        let format = match form.integer {
            None => Format::Float,
            Some((width, first)) => {
                let channels = form.shape.get(1).copied().unwrap_or(1);
                let bytes = self.scales.part(first, channels, 2).at(place)?;
                let (pairs, _) = bytes.as_chunks::<2>();
                let scales = pairs.iter().map(|pair| {
                    let [exponent, zero] = pair.map(u8::cast_signed);
                    Scale { exponent, zero }
                });
                Format::Integer { width, scales: scales.collect() }
            }
        };
        Ok(QValue { name: form.name, shape: form.shape, format })
    }

    fn layer(&self, form: LayerForm) -> Result<Layer> {
        let op = form.op.load(&self.operators)?;
        let inputs = self.operands(form.inputs)?;
        let outputs = form.outputs.into_iter().map(QValueId).collect();
        let sources = form.sources.unwrap_or_else(|| vec![form.name.clone()]);
        Ok(Layer { name: form.name, op, inputs, outputs, sources })
    }

    fn operands(&self, forms: Vec<Option<OperandForm>>) -> Result<Vec<Option<Operand>>> {
        forms
            .into_iter()
            .map(|operand| {
                Ok(match operand {
                    None => None,
                    Some(OperandForm::Value(id)) => Some(Operand::Value(QValueId(id))),
                    Some(OperandForm::Constant(form)) => {
                        Some(Operand::Constant(self.constant(&form)?))
                    }
                })
            })
            .collect()
    }

    fn constant(&self, form: &ConstantForm) -> Result<Tensor> {
        let bytes = element_count(&form.shape)?.saturating_mul(form.dtype.size());
        let bytes = self.constants.part(form.offset, bytes, 1)?;
        Tensor::from_le_bytes(form.dtype, &form.shape, bytes)
    }
}
