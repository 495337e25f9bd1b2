//! Inputs and outputs of a layer, as the rules of its operator ask for them.

use super::Alignment;
use crate::base::error::{Error, Result, codes};
use crate::base::tensor::DType;
use crate::frontend::ops::Fact;
use crate::model::qgraph::{Layer, Operand, QGraph, QValue, Scale, Width};

/// Largest left shift between two scales (rules A8 and A13): 64 bits hold every sum.
pub const MAX_ALIGNMENT: i32 = 24;

/// Largest right shift between two scales.
pub const MAX_SHIFT: i32 = 55;

/// The error for a layer that breaks a rule.
pub fn wrong(message: impl Into<String>) -> Error {
    Error::new(&codes::QUANTIZED_GRAPH, message)
}

/// A layer in its graph. The values that it names exist, and quantized ones have a scale for each
/// channel.
#[derive(Debug, Clone, Copy)]
pub struct Operands<'a> {
    /// The graph.
    pub graph: &'a QGraph,
    /// The layer.
    pub layer: &'a Layer,
}

impl<'a> Operands<'a> {
    /// A quantized input with its width and its scales.
    ///
    /// # Errors
    /// [`codes::QUANTIZED_GRAPH`], as for all functions here.
    pub fn integers(&self, position: usize) -> Result<(&'a QValue, Width, &'a [Scale])> {
        let id = self.layer.input(position).ok_or_else(|| wrong(format!("no input {position}")))?;
        let value = self.graph.value(id);
        let (width, scales) =
            value.integer().ok_or_else(|| wrong(format!("input {position} is not quantized")))?;
        Ok((value, width, scales))
    }

    /// An int8 input with its scales.
    pub fn int8(&self, position: usize) -> Result<(&'a QValue, &'a [Scale])> {
        let (value, width, scales) = self.integers(position)?;
        if width != Width::I8 {
            return Err(wrong(format!("input {position} is not int8")));
        }
        Ok((value, scales))
    }

    /// Width and scales of a quantized output.
    pub fn output(&self, position: usize) -> Result<(Width, &'a [Scale])> {
        let id = self.layer.outputs.get(position);
        let id = id.ok_or_else(|| wrong(format!("no output {position}")))?;
        let integer = self.graph.value(*id).integer();
        integer.ok_or_else(|| wrong(format!("output {position} is not quantized")))
    }

    /// Refuses outputs that have not these shapes.
    pub fn check_shapes(&self, shapes: &[Vec<usize>]) -> Result<()> {
        let outputs = &self.layer.outputs;
        if outputs.len() != shapes.len() {
            return Err(wrong(format!("{} outputs instead of {}", outputs.len(), shapes.len())));
        }
        for (&id, shape) in outputs.iter().zip(shapes) {
            let own = &self.graph.value(id).shape;
            if own != shape {
                return Err(wrong(format!("an output has shape {own:?} instead of {shape:?}")));
            }
        }
        Ok(())
    }

    /// Refuses sums with exponents `from` that reach the output's by a shift which rules A8 and A13
    /// do not allow.
    pub fn check_shifts(&self, from: impl Iterator<Item = i32>) -> Result<()> {
        let (_, scales) = self.output(0)?;
        let mut shifts = scales.iter().zip(from).map(|(to, from)| i32::from(to.exponent) - from);
        match shifts.find(|shift| !(-MAX_ALIGNMENT..=MAX_SHIFT).contains(shift)) {
            None => Ok(()),
            Some(shift) => Err(wrong(format!("the output needs a shift of {shift}"))),
        }
    }

    /// Refuses zero points of inputs and outputs (rule A13).
    pub fn check_zeros(&self) -> Result<()> {
        let inputs = self.layer.inputs.iter().flatten().filter_map(Operand::value);
        let all = inputs.chain(self.layer.outputs.iter().copied());
        let mut scales = all.filter_map(|id| self.graph.value(id).integer()).flat_map(|(_, s)| s);
        if scales.any(|scale| scale.zero != 0) {
            return Err(wrong("zero points other than 0 under the DPU rules"));
        }
        Ok(())
    }

    /// What shape rules of the float network know of the inputs: `float`, or as they are stored.
    pub fn facts(&self, float: bool) -> Vec<Option<Fact>> {
        let operands = self.layer.inputs.iter();
        operands
            .map(|operand| match operand {
                None => None,
                Some(Operand::Constant(tensor)) => Some(Fact::from(tensor.clone())),
                Some(Operand::Value(id)) => {
                    let value = self.graph.value(*id);
                    let dtype = value.integer().map_or(DType::F32, |(width, _)| width.dtype());
                    Some(Fact::new(if float { DType::F32 } else { dtype }, value.shape.clone()))
                }
            })
            .collect()
    }

    /// Exponents of the input at a position; none for one that is not quantized.
    pub fn exponents(&self, position: usize) -> Vec<i32> {
        let value = self.layer.input(position).map(|id| self.graph.value(id));
        exponents(value)
    }

    /// Exponents of the first output; none for one that is not quantized.
    pub fn output_exponents(&self) -> Vec<i32> {
        exponents(self.layer.outputs.first().map(|&id| self.graph.value(id)))
    }

    /// The alignment of an addition: both operands to the finer one of the two.
    pub fn finer(&self, position: usize) -> Alignment {
        let (own, other) = (self.exponents(position), self.exponents(1 - position.min(1)));
        let shifts = own.iter().zip(&other).map(|(own, other)| own.min(other) - own);
        Alignment::new("to the finer operand", shifts)
    }
}

fn exponents(value: Option<&QValue>) -> Vec<i32> {
    let scales = value.and_then(|value| value.integer()).map_or(&[][..], |(_, scales)| scales);
    scales.iter().map(|scale| scale.exponent.into()).collect()
}
