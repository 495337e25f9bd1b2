//! A layer of one frame: what the arithmetic of an operator reads and where its results go.

use super::format::{channel_of, store};
use crate::base::arithmetic::saturate;
use crate::base::error::{Error, Result, codes};
use crate::base::tensor::Tensor;
use crate::frontend::ops::{Inputs, Op};
use crate::model::qgraph::{Layer, Operand, QGraph, QValue, QValueId, Scale, Width};

/// A quantized tensor while a layer reads it.
pub struct Quantized<'a> {
    pub value: &'a QValue,
    pub scales: &'a [Scale],
    /// The stored integers.
    pub q: Vec<i64>,
}

/// Where the integers of a layer's output go.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    pub value: &'a QValue,
    pub width: Width,
    pub scales: &'a [Scale],
}

impl Quantized<'_> {
    /// `q - z` of an element.
    pub fn difference(&self, index: usize, channel: usize) -> i64 {
        self.q[index] - i64::from(self.scales[channel].zero)
    }

    /// The exponent of a channel.
    pub fn exponent(&self, channel: usize) -> i32 {
        self.scales[channel].exponent.into()
    }
}

impl Target<'_> {
    /// `sat(y + z)` of a channel (rules A3, A5, A6, A8).
    pub fn finish(&self, y: i64, channel: usize) -> i64 {
        saturate(y + i64::from(self.scales[channel].zero), self.width.bits())
    }

    /// The integers as the one output of the layer.
    pub fn store(&self, q: Vec<i64>) -> Result<Vec<Tensor>> {
        Ok(vec![store(self.width, &self.value.shape, q)?])
    }

    /// Computes every element from its index and channel; adds the zero point and saturates.
    pub fn map(&self, y: impl Fn(usize, usize) -> i64) -> Result<Vec<Tensor>> {
        let channel = channel_of(self.value);
        let elements = 0..self.value.len();
        let finished = |index| self.finish(y(index, channel(index)), channel(index));
        self.store(elements.map(finished).collect())
    }
}

/// One layer and the values that it can read.
pub struct Frame<'a> {
    pub graph: &'a QGraph,
    pub layer: &'a Layer,
    pub values: &'a [Option<Tensor>],
}

impl<'a> Frame<'a> {
    /// A quantized input.
    pub fn input(&self, position: usize) -> Result<Quantized<'a>> {
        let missing = || Error::new(&codes::INTERNAL, format!("input {position} is not quantized"));
        let id = self.layer.input(position).ok_or_else(missing)?;
        let value = self.graph.value(id);
        let (_, scales) = value.integer().ok_or_else(missing)?;
        Ok(Quantized { value, scales, q: present(self.values, id)?.to_i64s()? })
    }

    /// The one output, which is quantized.
    pub fn output(&self) -> Result<Target<'a>> {
        let value = self.layer.outputs.first().map(|&id| self.graph.value(id));
        let target = value.and_then(|value| {
            value.integer().map(|(width, scales)| Target { value, width, scales })
        });
        target.ok_or_else(|| Error::new(&codes::INTERNAL, "the output is not quantized"))
    }

    /// Runs an operator, its sums by rule A14, on what `carried` makes of the stored values.
    pub fn eval(
        &self,
        op: &Op,
        carried: impl Fn(&QValue, &Tensor) -> Result<Tensor>,
    ) -> Result<Vec<Tensor>> {
        let inputs = self
            .layer
            .inputs
            .iter()
            .map(|operand| {
                Ok(match operand {
                    None => None,
                    Some(Operand::Constant(tensor)) => Some(tensor.clone()),
                    Some(Operand::Value(id)) => {
                        Some(carried(self.graph.value(*id), present(self.values, *id)?)?)
                    }
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let references: Vec<_> = inputs.iter().map(Option::as_ref).collect();
        op.eval_in_order(Inputs::new(&references))
    }
}

/// A stored value.
///
/// # Errors
/// [`codes::INTERNAL`] when it is not there.
pub fn present(values: &[Option<Tensor>], id: QValueId) -> Result<&Tensor> {
    values[id.0]
        .as_ref()
        .ok_or_else(|| Error::new(&codes::INTERNAL, format!("value {} is not there", id.0)))
}
