//! The output stage of a convolution (rules A5, A6 and A13) as it is written down, a number at a time.

use crate::base::arithmetic::{Function, Rounding, X_BITS, saturate};
use crate::base::error::{Error, Result, codes};
use crate::frontend::ops::epilogue::Residual;
use crate::model::qgraph::{ConvOutput, DpuActivation, Layer, QConv, QGraph, Scale, Width};

/// What becomes of the sums of a layer.
#[derive(Debug)]
pub struct Exact<'a> {
    pub conv: &'a QConv,
    pub rounding: Rounding,
    pub width: Width,
    /// Of the result, by channel.
    pub scales: &'a [Scale],
    /// Of the residual: its scales, and the shifts that align it.
    pub residual: Option<(&'a [Scale], Vec<i32>)>,
    functions: &'a [Function],
}

impl<'a> Exact<'a> {
    /// # Errors
    /// [`codes::INTERNAL`] for a graph that is not validated.
    pub fn new(graph: &'a QGraph, layer: &'a Layer, conv: &'a QConv) -> Result<Self> {
        let integer = |id: Option<_>| id.and_then(|id| graph.value(id).integer());
        let missing = || Error::new(&codes::INTERNAL, "a convolution without integers");
        let (width, scales) = integer(layer.outputs.first().copied()).ok_or_else(missing)?;
        let residual = conv.residual().map(|_| {
            let (_, scales) = integer(layer.input(1)).ok_or_else(missing)?;
            let align = scales.iter().enumerate().map(|(channel, scale)| {
                conv.residual_shift(&graph.functions, channel, scale.exponent)
            });
            Ok((scales, align.collect()))
        });
        let (rounding, functions) = (graph.rounding, &graph.functions[..]);
        Ok(Self { conv, rounding, width, scales, residual: residual.transpose()?, functions })
    }

    /// The function behind the sums, where there is one.
    pub fn function(&self) -> Option<&'a Function> {
        match &self.conv.output {
            ConvOutput::Function { function, .. } => Some(&self.functions[*function]),
            ConvOutput::Direct { .. } | ConvOutput::Dpu { .. } => None,
        }
    }

    /// The shift from the sum to the argument of a function or to the result, by channel.
    pub fn first_shift(&self, channel: usize) -> i32 {
        match &self.conv.output {
            ConvOutput::Direct { shifts, .. } => shifts[channel].into(),
            ConvOutput::Function { arguments, .. } => arguments[channel].into(),
            ConvOutput::Dpu { shift, .. } => (*shift).into(),
        }
    }

    /// The shift behind a function, by channel.
    pub fn last_shift(&self, channel: usize) -> i32 {
        match &self.conv.output {
            ConvOutput::Function { shifts, .. } => shifts[channel].into(),
            ConvOutput::Direct { .. } | ConvOutput::Dpu { .. } => 0,
        }
    }

    /// The stored integer of an output, by the sum without its bias and the stored integer of the residual.
    pub fn at(&self, channel: usize, sum: i64, residual: i64) -> i64 {
        let bias = i64::from(self.conv.bias[channel]);
        let shift = |x: i64, by: i32| self.rounding.shift(x, by);
        match &self.conv.output {
            ConvOutput::Direct { relu, .. } => {
                let y = shift(sum + bias, self.first_shift(channel));
                self.store(channel, if *relu { y.max(0) } else { y })
            }
            ConvOutput::Function { .. } => {
                let x = saturate(shift(sum + bias, self.first_shift(channel)), X_BITS);
                self.at_argument(channel, x, residual)
            }
            ConvOutput::Dpu { accumulator_shift, bias_shift, shift: last, activation } => {
                let n = (sum << *accumulator_shift) + (bias << *bias_shift);
                let last = i32::from(*last);
                let y = match activation {
                    DpuActivation::Relu => shift(n.max(0), last),
                    DpuActivation::LeakyRelu if n < 0 => shift(26 * n, last + 8),
                    _ => shift(n, last),
                };
                self.store(channel, y)
            }
        }
    }

    /// The stored integer by the argument of the function, saturated; without a function, by the shifted sum.
    pub fn at_argument(&self, channel: usize, x: i64, residual: i64) -> i64 {
        let ConvOutput::Function { shifts, residual: place, .. } = &self.conv.output else {
            let relu = matches!(self.conv.output, ConvOutput::Direct { relu: true, .. });
            return self.store(channel, if relu { x.max(0) } else { x });
        };
        let aligned = self.residual.as_ref().map_or(0, |(scales, align)| {
            self.rounding.shift(residual - i64::from(scales[channel].zero), align[channel])
        });
        let before = *place == Some(Residual::BeforeActivation);
        let x = if before { saturate(x + aligned, X_BITS) } else { x };
        let y = self.function().map_or(x, |function| function.at(x));
        let y = if *place == Some(Residual::AfterActivation) { y + aligned } else { y };
        self.store(channel, self.rounding.shift(y, shifts[channel].into()))
    }

    fn store(&self, channel: usize, y: i64) -> i64 {
        saturate(y + i64::from(self.scales[channel].zero), self.width.bits())
    }
}

/// Half of what a shift to the right drops, which rounds it (rule A2).
pub fn half_of(shift: i32) -> i64 {
    if shift > 0 { 1 << (shift - 1) } else { 0 }
}
