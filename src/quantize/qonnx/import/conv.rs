//! Convolutions (rules A4 and A5, or A13).

use super::super::scale::uniform;
use super::{Arithmetic, Import, Source, Stored};
use crate::base::error::{Error, Result, codes};
use crate::frontend::graph::ValueId;
use crate::frontend::ops::Op;
use crate::frontend::ops::activation::Activation;
use crate::frontend::ops::conv::Conv;
use crate::frontend::ops::window::Axis;
use crate::model::qgraph::{
    ConvOutput, DpuActivation, Format, Operand, QConv, QOp, QValueId, Scale, Width,
};

/// What a convolution is made of before its output stage is known.
pub(super) struct Sums {
    pub axes: [Axis; 2],
    pub group: usize,
    /// `[outputs, taps]`.
    pub weights: Vec<i8>,
    /// Exponent of one accumulator step per output channel.
    pub exponents: Vec<i32>,
    /// Bias proper per output channel, with its exponent.
    pub bias: Vec<(i64, i32)>,
    /// `sum w * z` per output channel: what the zero points of the input add.
    pub correction: Vec<i64>,
    /// Whether zero points are 0 and scales are per tensor, as the DPU wants it.
    pub plain: bool,
}

impl Import<'_> {
    /// Converts the convolution at `index`; `false` when no integer rule gives its integers.
    pub(super) fn conv(&mut self, index: usize, conv: &Conv) -> Result<bool> {
        let node = &self.graph.nodes[index];
        let Some(data) = self.numbers(node.input(0)) else { return Ok(false) };
        let shape = self.quantized.value(data).shape.clone();
        let Some(weights) = self.weights(node.input(1)) else { return Ok(false) };
        let (&[_, _, rows, columns], &[outputs, _, height, width]) =
            (&shape[..], &weights.shape[..])
        else {
            return Ok(false);
        };
        let axes = conv.window.axes(&[height, width], &[rows, columns], false)?;
        let Ok(axes) = <[Axis; 2]>::try_from(axes) else { return Ok(false) };
        let Some(bias) = self.bias(node.input(2), outputs)? else { return Ok(false) };
        let Some(sums) = self.sums(data, &weights, bias, axes, conv.group) else {
            return Ok(false);
        };
        self.finish(index, data, sums)
    }

    /// Constant int8 weights with zero point 0.
    pub(super) fn weights(&self, id: Option<ValueId>) -> Option<Stored> {
        match self.sources.get(&id?)? {
            Source::Stored(stored)
                if stored.quantization.width == Width::I8
                    && stored.quantization.scales.iter().all(|scale| scale.zero == 0) =>
            {
                Some(stored.clone())
            }
            _ => None,
        }
    }

    /// Bias and exponent per output channel; `None` when it is no constant integer.
    pub(super) fn bias(
        &self,
        id: Option<ValueId>,
        outputs: usize,
    ) -> Result<Option<Vec<(i64, i32)>>> {
        let Some(id) = id else { return Ok(Some(vec![(0, 0); outputs])) };
        Ok(match self.source(id)? {
            Source::Stored(stored) if stored.codes.len() == outputs => {
                let scales = &stored.quantization.scales;
                let own = |index: usize| scales[if scales.len() == 1 { 0 } else { index }];
                let numbers = stored.codes.iter().enumerate().map(|(index, &code)| {
                    (code - i64::from(own(index).zero), i32::from(own(index).exponent))
                });
                Some(numbers.collect())
            }
            Source::Constant(value) => {
                value.values::<f32>()?.iter().map(|&value| whole(value)).collect()
            }
            _ => None,
        })
    }

    /// `None` when the exponents of the input differ, so that no product sum has one exponent.
    pub(super) fn sums(
        &self,
        data: QValueId,
        stored: &Stored,
        bias: Vec<(i64, i32)>,
        axes: [Axis; 2],
        group: usize,
    ) -> Option<Sums> {
        let outputs = bias.len();
        let scales = self.scales(data);
        let exponent = i32::from(scales.first()?.exponent);
        if scales.iter().any(|scale| i32::from(scale.exponent) != exponent) {
            return None;
        }
        let steps = &stored.quantization.scales;
        let along_outputs = stored.quantization.axis == 0
            || stored.quantization.axis == -(stored.shape.len() as i64);
        if steps.len() != 1 && (steps.len() != outputs || !along_outputs) {
            return None;
        }
        let own = |output: usize| steps[if steps.len() == 1 { 0 } else { output }];
        let taps = axes[0].kernel * axes[1].kernel;
        let (inputs, per_group) = (scales.len() / group.max(1), outputs / group.max(1));
        let filters = stored.codes.chunks((inputs * taps).max(1)).enumerate();
        let correction = filters.map(|(output, filter)| {
            let first = output / per_group.max(1) * inputs;
            let zero = |tap: usize| i64::from(scales[first + tap / taps.max(1)].zero);
            filter.iter().enumerate().map(|(tap, &weight)| weight * zero(tap)).sum()
        });
        let plain = scales.iter().all(|scale| scale.zero == 0) && uniform(steps).is_some();
        Some(Sums {
            axes,
            group,
            correction: correction.collect(),
            weights: stored.codes.iter().map(|&code| code as i8).collect(),
            exponents: (0..outputs).map(|o| exponent + i32::from(own(o).exponent)).collect(),
            bias,
            plain,
        })
    }

    /// Adds the layer with what follows the convolution in the graph: an activation and a
    /// QuantizeLinear, or nothing, and then the sums leave as int32.
    pub(super) fn finish(&mut self, index: usize, data: QValueId, sums: Sums) -> Result<bool> {
        let Some(&output) = self.graph.nodes[index].outputs.first() else { return Ok(false) };
        let Some(tail) = self.tail(output) else { return self.wide(index, data, output, &sums) };
        let (width, scales) = self.target(tail.quantizer)?;
        let dpu = self.arithmetic == Arithmetic::Dpu && sums.plain && width == Width::I8;
        let stage = match uniform(&scales).filter(|scale| dpu && scale.zero == 0) {
            Some(scale) => dpu_stage(&sums, scale.exponent.into(), tail.activation),
            None => None,
        };
        let stage = stage.or_else(|| direct_stage(&sums, &scales, tail.activation));
        let Some((output_stage, bias)) = stage else { return Ok(false) };
        let Some(conv) = assemble(&sums, output_stage, &bias)? else { return Ok(false) };
        let target = self.quantized_by(tail.quantizer)?;
        let nodes: Vec<_> =
            [Some(index), tail.function, Some(tail.quantizer)].into_iter().flatten().collect();
        self.done.extend(&nodes);
        let name = self.graph.nodes[index].name.clone();
        let inputs = vec![Some(Operand::Value(data))];
        self.layer(&name, QOp::Conv(Box::new(conv)), inputs, vec![target], &nodes);
        Ok(true)
    }

    /// The sums themselves, for a float layer behind.
    fn wide(&mut self, index: usize, data: QValueId, id: ValueId, sums: &Sums) -> Result<bool> {
        let scales: Option<Vec<Scale>> = sums
            .exponents
            .iter()
            .map(|&e| i8::try_from(e).ok().filter(|e| (-32..=31).contains(e)))
            .map(|exponent| exponent.map(|exponent| Scale { exponent, zero: 0 }))
            .collect();
        let Some(scales) = scales else { return Ok(false) };
        let Some((stage, bias)) = direct_stage(sums, &scales, None) else { return Ok(false) };
        let Some(conv) = assemble(sums, stage, &bias)? else { return Ok(false) };
        let value = self.graph.value(id);
        let format = Format::Integer { width: Width::I32, scales };
        let target = self.value(&value.name, &value.fact.shape, format);
        let name = self.graph.nodes[index].name.clone();
        let inputs = vec![Some(Operand::Value(data))];
        self.layer(&name, QOp::Conv(Box::new(conv)), inputs, vec![target], &[index]);
        self.sources.insert(id, Source::Numbers(target));
        Ok(true)
    }

    /// Activation and QuantizeLinear behind a value that nobody else reads.
    fn tail(&self, output: ValueId) -> Option<Tail> {
        if let Some(quantizer) = self.quantizer(output) {
            return Some(Tail { function: None, activation: None, quantizer });
        }
        let index = self.links.only_consumer(output)?;
        let node = &self.graph.nodes[index];
        let Op::Activation(activation) = node.op else { return None };
        let quantizer = self.quantizer(*node.outputs.first()?)?;
        let known = matches!(activation, Activation::Relu | Activation::LeakyRelu { .. });
        known.then_some(Tail { function: Some(index), activation: Some(activation), quantizer })
    }
}

/// What follows a convolution.
struct Tail {
    function: Option<usize>,
    activation: Option<Activation>,
    quantizer: usize,
}

/// Rule A13. `None` when a shift is outside of the rule, or the activation is not the DPU's.
fn dpu_stage(
    sums: &Sums,
    output: i32,
    activation: Option<Activation>,
) -> Option<(ConvOutput, Vec<i64>)> {
    let activation = match activation {
        None => DpuActivation::None,
        Some(Activation::Relu) => DpuActivation::Relu,
        // The DPU multiplies by 26 / 256, which models write as 0.1 or 0.1015625.
        Some(Activation::LeakyRelu { alpha }) if (alpha * 256.0 - 26.0).abs() < 0.5 => {
            DpuActivation::LeakyRelu
        }
        Some(_) => return None,
    };
    let accumulator = *sums.exponents.first()?;
    let exponent = sums.bias.first()?.1;
    if sums.bias.iter().any(|&(_, own)| own != exponent) {
        return None;
    }
    let zero_bias = sums.bias.iter().all(|&(bias, _)| bias == 0);
    let shift_bias = if zero_bias { 0 } else { exponent - accumulator };
    let accumulator_shift = (-shift_bias).max(0);
    let shift = output - accumulator + accumulator_shift;
    let within = accumulator_shift <= 24 && shift_bias <= 16 && (0..=40).contains(&shift);
    within.then(|| {
        let stage = ConvOutput::Dpu {
            accumulator_shift: accumulator_shift as u8,
            bias_shift: shift_bias.max(0) as u8,
            shift: shift as u8,
            activation,
        };
        (stage, sums.bias.iter().map(|&(bias, _)| bias).collect())
    })
}

/// Rule A5. `None` when a shift is out of range, the bias is finer than the sums, or the
/// activation is more than a limit at 0.
fn direct_stage(
    sums: &Sums,
    scales: &[Scale],
    activation: Option<Activation>,
) -> Option<(ConvOutput, Vec<i64>)> {
    let relu = match activation {
        None => false,
        Some(Activation::Relu) => true,
        Some(_) => return None,
    };
    let mut shifts = Vec::with_capacity(scales.len());
    let mut bias = Vec::with_capacity(scales.len());
    for (output, scale) in scales.iter().enumerate() {
        let shift = i32::from(scale.exponent) - sums.exponents[output];
        shifts.push(i8::try_from(shift).ok().filter(|shift| (-2..=31).contains(shift))?);
        let (own, exponent) = sums.bias[output];
        let steps = aligned(own, exponent - sums.exponents[output])?;
        bias.push(steps - sums.correction[output]);
    }
    Some((ConvOutput::Direct { shifts, relu }, bias))
}

/// `value * 2^shift`, when that is an integer.
fn aligned(value: i64, shift: i32) -> Option<i64> {
    if value == 0 {
        return Some(0);
    }
    if shift >= 0 {
        return (shift < 31).then(|| value << shift);
    }
    let divisor = 1i64.checked_shl(shift.unsigned_abs()).filter(|&divisor| divisor > 0)?;
    (value % divisor == 0).then(|| value / divisor)
}

/// A finite float as an integer of at most 24 bits times a power of two.
fn whole(value: f32) -> Option<(i64, i32)> {
    if value == 0.0 {
        return Some((0, 0));
    }
    if !value.is_normal() {
        return None;
    }
    let bits = value.to_bits();
    let mantissa = i64::from(bits & 0x007f_ffff | 0x0080_0000);
    let zeros = mantissa.trailing_zeros();
    let exponent = (bits >> 23 & 0xff) as i32 - 150 + zeros as i32;
    let sign = if value < 0.0 { -1 } else { 1 };
    Some((sign * (mantissa >> zeros), exponent))
}

/// The convolution; `None` when an exponent cannot be stored.
fn assemble(sums: &Sums, output: ConvOutput, bias: &[i64]) -> Result<Option<QConv>> {
    let bias = bias.iter().map(|&bias| i32::try_from(bias)).collect::<Result<Vec<_>, _>>();
    let bias = bias.map_err(|_| {
        Error::new(&codes::ACCUMULATOR, "a bias with the zero points folded in leaves int32")
    })?;
    let exponents: Option<Vec<i8>> =
        sums.exponents.iter().map(|&exponent| i8::try_from(exponent).ok()).collect();
    Ok(exponents.map(|exponents| QConv {
        axes: sums.axes,
        group: sums.group,
        weights: sums.weights.clone(),
        exponents,
        bias,
        output,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_integers_times_powers_of_two() {
        for value in [1.0f32, -0.375, 5.25e-12, 3.0e20, -1.0 / 3.0] {
            let (own, exponent) = whole(value).unwrap();
            assert_eq!(own as f64 * 2f64.powi(exponent), f64::from(value));
            assert!(own % 2 != 0);
        }
        assert_eq!(whole(f32::NAN), None);
    }

    #[test]
    fn only_whole_steps_are_aligned() {
        assert_eq!(aligned(12, -2), Some(3));
        assert_eq!(aligned(13, -2), None);
        assert_eq!(aligned(-3, 4), Some(-48));
        assert_eq!(aligned(1, -64), None);
        assert_eq!(aligned(0, 99), Some(0));
    }
}
