//! The contents of the sections to a quantized graph. Every offset is checked; nothing is
//! allocated that the file does not hold.

use super::graph_form::{
    ConstantForm, ConvForm, GraphForm, LayerForm, OpForm, OperandForm, OutputForm, ValueForm, axis,
};
use super::layout::Tag;
use crate::base::arithmetic::Function;
use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::tensor::{Tensor, element_count};
use crate::model::qgraph::{
    ConvOutput, Format, Layer, Operand, QConv, QGraph, QOp, QOutput, QValue, QValueId, Scale,
};

/// Elements of one value: more than any part's memory, little enough to be checked.
const MAX_VALUE: usize = 1 << 28;

/// The arrays that the JSON form points into.
pub struct Arrays<'a> {
    pub weights: &'a [u8],
    pub params: &'a [u8],
    pub scales: &'a [u8],
    pub functions: &'a [u8],
    pub constants: &'a [u8],
}

fn damaged(message: impl Into<String>) -> Error {
    Error::new(&codes::CERAS_FORMAT, message)
}

/// `count` elements of `size` bytes, from element `first` on.
fn part(bytes: &[u8], tag: Tag, first: usize, count: usize, size: usize) -> Result<&[u8]> {
    let range = first.checked_mul(size).zip(count.checked_mul(size));
    range
        .and_then(|(start, length)| bytes.get(start..)?.get(..length))
        .ok_or_else(|| damaged(format!("{count} elements from {first} on lie outside")))
        .at(|| format!("section {} of {} bytes", tag.name(), bytes.len()))
}

fn signed(bytes: &[u8]) -> Vec<i8> {
    bytes.iter().map(|byte| byte.cast_signed()).collect()
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
            let bytes = part(arrays.functions, Tag::Functions, first, count, 2)?;
            let (entries, _) = bytes.as_chunks();
            Ok(Function {
                name: function.name,
                base: function.base,
                layout: function.layout,
                signed: function.signed,
                rom: entries.iter().map(|&entry| i16::from_le_bytes(entry)).collect(),
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
                let bytes = part(self.scales, Tag::Scales, first, channels, 2).at(place)?;
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
        let op = match form.op {
            OpForm::Conv(conv) => QOp::Conv(Box::new(self.conv(*conv)?)),
            OpForm::Add => QOp::Add,
            OpForm::DpuAdd => QOp::DpuAdd,
            OpForm::Rescale => QOp::Rescale,
            OpForm::MaxPool(op) => QOp::MaxPool(op),
            OpForm::Move(op) => QOp::Move(op),
            OpForm::Float(op) => QOp::Float(op),
        };
        let inputs = form
            .inputs
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
            .collect::<Result<_>>()?;
        let outputs = form.outputs.into_iter().map(QValueId).collect();
        let sources = form.sources.unwrap_or_else(|| vec![form.name.clone()]);
        Ok(Layer { name: form.name, op, inputs, outputs, sources })
    }

    fn constant(&self, form: &ConstantForm) -> Result<Tensor> {
        let bytes = element_count(&form.shape)?.saturating_mul(form.dtype.size());
        let bytes = part(self.constants, Tag::Constants, form.offset, bytes, 1)?;
        Tensor::from_le_bytes(form.dtype, &form.shape, bytes)
    }

    fn conv(&self, form: ConvForm) -> Result<QConv> {
        let (first, count) = form.weights;
        let weights = signed(part(self.weights, Tag::Weights, first, count, 1)?);
        let channels = form.channels;
        let mut next = form.params;
        let mut take = |size: usize| -> Result<&[u8]> {
            let length = channels.checked_mul(size).ok_or_else(|| damaged("too many channels"))?;
            let bytes = part(self.params, Tag::Params, next, length, 1)?;
            next += length;
            Ok(bytes)
        };
        let (biases, _) = take(4)?.as_chunks();
        let bias = biases.iter().map(|&bias| i32::from_le_bytes(bias)).collect();
        let exponents = signed(take(1)?);
        let output = match form.output {
            OutputForm::Direct { relu } => ConvOutput::Direct { shifts: signed(take(1)?), relu },
            OutputForm::Function { function, residual } => ConvOutput::Function {
                function,
                arguments: signed(take(1)?),
                shifts: signed(take(1)?),
                residual,
            },
            OutputForm::Dpu { accumulator_shift, bias_shift, shift, activation } => {
                ConvOutput::Dpu { accumulator_shift, bias_shift, shift, activation }
            }
        };
        let axes = form.axes.map(axis);
        Ok(QConv { axes, group: form.group, weights, exponents, bias, output })
    }
}
