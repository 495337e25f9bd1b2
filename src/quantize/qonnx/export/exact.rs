//! The integers themselves: stored integers are integer-valued floats under the names of their
//! values, every rule of `docs/arithmetic.md` is a run of stock operators, and each result is
//! exact in the precision that it is computed in.
//!
//! A float layer computes as the runtime computes. Where it is a function of one quantized
//! element, it becomes a table with the reference's results, so that these too are the same.

use super::convolution::convolution;
use super::exported::Exported;
use super::operator::operator;
use super::stage::Stage;
use super::writer::{Real, Writer};
use crate::base::arithmetic::dequantize;
use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::tensor::Tensor;
use crate::frontend::ops::Op;
use crate::frontend::ops::activation::Activation;
use crate::model::qgraph::{Computation, Layer, Operand, QGraph, QValue, QValueId, Scale, Width};

/// Writes a model whose results are those of the reference, bit for bit.
///
/// Network inputs and outputs are floats, as in [`QGraph`]. A quantized value that is a network
/// output or input has the suffix `:q` where its own name is taken by the float.
///
/// # Errors
/// Those of [`QGraph::validate`]; [`codes::ACCUMULATOR`] when a layer has so many products per sum
/// that no float convolution is exact.
pub fn exact(graph: &QGraph) -> Result<Exported> {
    graph.validate()?;
    let mut export = Exact::new(graph);
    for &id in &graph.inputs {
        export.input(id);
    }
    for layer in &graph.layers {
        export.writer.enter(&layer.name);
        export.layer(layer).at(|| layer.place())?;
    }
    export.writer.enter("outputs");
    for output in &graph.outputs {
        let value = graph.value(output.value);
        let source = export.numbers(output.value);
        if source != output.name {
            export.writer.rename(&source, &output.name);
        }
        export.writer.output(&output.name, &value.shape);
    }
    export.writer.note("seigo.export", "exact".into());
    Ok(export.writer.finish(&graph.name))
}

struct Exact<'a> {
    graph: &'a QGraph,
    writer: Writer,
    /// Name under which each value is stored: integers as floats, or floats.
    names: Vec<String>,
}

impl<'a> Exact<'a> {
    fn new(graph: &'a QGraph) -> Self {
        let mut writer = Writer::default();
        let float = |id: QValueId| graph.value(id).integer().is_none();
        for output in &graph.outputs {
            writer.reserve(&output.name);
        }
        for value in &graph.values {
            writer.reserve(&value.name);
        }
        let names = graph
            .values
            .iter()
            .enumerate()
            .map(|(index, value)| {
                let id = QValueId(index);
                let leaves = graph
                    .outputs
                    .iter()
                    .any(|output| output.name == value.name && (output.value != id || !float(id)));
                let enters = graph.inputs.contains(&id) && !float(id);
                let suffix = if leaves || enters { ":q" } else { "" };
                format!("{}{suffix}", value.name)
            })
            .collect();
        Self { graph, writer, names }
    }

    fn name(&self, id: QValueId) -> &str {
        &self.names[id.0]
    }

    fn input(&mut self, id: QValueId) {
        let value = self.graph.value(id);
        self.writer.enter(&value.name);
        self.writer.input(&value.name, &value.shape);
        if let Some((width, scales)) = value.integer() {
            let codes = self.quantize(value, &value.name, width, scales);
            let name = self.name(id).to_owned();
            self.writer.rename(&codes, &name);
        }
    }

    fn stage(&mut self, value: &QValue, real: Real) -> Stage<'_> {
        let rounding = self.graph.rounding;
        Stage { writer: &mut self.writer, real, rank: value.shape.len(), rounding }
    }

    fn layer(&mut self, layer: &Layer) -> Result<()> {
        let graph = self.graph;
        let result = match layer.op.operator().computation() {
            Computation::OnIntegers(op) => return self.generic(layer, &op),
            Computation::Float(op) => return self.float(layer, op),
            Computation::Conv(conv) => {
                let names: Vec<_> = self.quantized(layer).collect();
                let inputs: Vec<_> =
                    names.iter().map(|(id, name)| (graph.value(*id), name.as_str())).collect();
                let output = first(layer)?;
                convolution(&mut self.writer, graph, conv, &inputs, graph.value(output))?
            }
            Computation::Add => self.sum(layer, false)?,
            Computation::ChannelMul => self.channel_product(layer)?,
            Computation::DpuAdd => self.sum(layer, true)?,
            Computation::Rescale => self.rescale(layer)?,
        };
        let name = self.name(first(layer)?).to_owned();
        self.writer.rename(&result, &name);
        Ok(())
    }

    fn quantized(&self, layer: &Layer) -> impl Iterator<Item = (QValueId, String)> {
        let ids = layer.inputs.iter().flatten().filter_map(Operand::value);
        ids.map(|id| (id, self.name(id).to_owned())).collect::<Vec<_>>().into_iter()
    }

    /// `q - z`.
    fn centered(&mut self, id: QValueId, real: Real) -> String {
        let value = self.graph.value(id);
        let name = self.name(id).to_owned();
        let zeros: Vec<f64> = scales(value).iter().map(|scale| scale.zero.into()).collect();
        let mut stage = self.stage(value, real);
        let entered = stage.enter(&name);
        stage.sub(&entered, &zeros)
    }

    /// Rules A8 and A13; in double precision, which holds every sum.
    fn sum(&mut self, layer: &Layer, dpu: bool) -> Result<String> {
        let ids: Vec<_> = self.quantized(layer).map(|(id, _)| id).collect();
        let output = self.graph.value(first(layer)?);
        let exponents = |id: QValueId| -> Vec<i32> {
            scales(self.graph.value(id)).iter().map(|scale| scale.exponent.into()).collect()
        };
        let all: Vec<Vec<i32>> = ids.iter().map(|&id| exponents(id)).collect();
        // The unit of the sum: the finer exponent; the DPU has 7 more bits below the coarser one.
        let units: Vec<i32> = (0..output.channels())
            .map(|channel| {
                let own = all.iter().map(|exponents| exponents[channel]);
                if dpu { own.max().unwrap_or(0) - 7 } else { own.min().unwrap_or(0) }
            })
            .collect();
        let mut sum: Option<String> = None;
        for (&id, exponents) in ids.iter().zip(&all) {
            let centered = self.centered(id, Real::F64);
            let mut stage = self.stage(output, Real::F64);
            let shifts: Vec<i32> = exponents.iter().zip(&units).map(|(e, unit)| e - unit).collect();
            let mut term = stage.scale(&centered, &shifts);
            if shifts.iter().any(|&shift| shift < 0) {
                term = stage.writer.plain("Floor", &[&term]);
            }
            sum = Some(match sum {
                None => term,
                Some(sum) => stage.writer.plain("Add", &[&sum, &term]),
            });
        }
        let sum = sum.ok_or_else(|| Error::new(&codes::INTERNAL, "a sum of nothing"))?;
        let shifts: Vec<i32> = scales(output)
            .iter()
            .zip(&units)
            .map(|(scale, unit)| i32::from(scale.exponent) - unit)
            .collect();
        Ok(self.store(output, Real::F64, &sum, &shifts))
    }

    /// Rule A15; in double precision, which holds every product.
    fn channel_product(&mut self, layer: &Layer) -> Result<String> {
        let output = self.graph.value(first(layer)?);
        let mut factors = Vec::with_capacity(2);
        let mut units = vec![0; output.channels()];
        for (id, _) in self.quantized(layer).collect::<Vec<_>>() {
            let own = scales(self.graph.value(id)).iter();
            units.iter_mut().zip(own).for_each(|(unit, own)| *unit += i32::from(own.exponent));
            factors.push(self.centered(id, Real::F64));
        }
        let [data, factor] = &factors[..] else {
            return Err(Error::new(&codes::INTERNAL, "a product of other than two"));
        };
        let product = self.writer.plain("Mul", &[data, factor]);
        let shifts = scales(output).iter().zip(units);
        let shifts: Vec<i32> = shifts.map(|(to, unit)| i32::from(to.exponent) - unit).collect();
        Ok(self.store(output, Real::F64, &product, &shifts))
    }

    fn rescale(&mut self, layer: &Layer) -> Result<String> {
        let output = self.graph.value(first(layer)?);
        let input = layer.input(0).ok_or_else(|| Error::new(&codes::INTERNAL, "no input"))?;
        let own = scales(self.graph.value(input));
        let shifts: Vec<i32> = scales(output)
            .iter()
            .zip(own)
            .map(|(to, from)| i32::from(to.exponent) - i32::from(from.exponent))
            .collect();
        let centered = self.centered(input, Real::F64);
        Ok(self.store(output, Real::F64, &centered, &shifts))
    }

    /// `sat(rshift(x, shift) + z)`.
    fn store(&mut self, output: &QValue, real: Real, x: &str, shifts: &[i32]) -> String {
        let width = output.integer().map_or(Width::I8, |(width, _)| width);
        let zeros: Vec<f64> = scales(output).iter().map(|scale| scale.zero.into()).collect();
        let mut stage = self.stage(output, real);
        let shifted = stage.shift(x, shifts);
        let stored = stage.add(&shifted, &zeros);
        let stored = stage.narrow(&stored, width);
        stage.leave(stored)
    }

    /// Rule A11.
    fn quantize(&mut self, value: &QValue, x: &str, width: Width, scales: &[Scale]) -> String {
        let exponents: Vec<i32> = scales.iter().map(|scale| -i32::from(scale.exponent)).collect();
        let zeros: Vec<f64> = scales.iter().map(|scale| scale.zero.into()).collect();
        let mut stage = self.stage(value, Real::F64);
        let x = stage.enter(x);
        let x = stage.scale(&x, &exponents);
        let x = stage.round(&x);
        let x = stage.add(&x, &zeros);
        let x = stage.saturate(&x, width.bits());
        stage.leave(x)
    }

    /// The floats that a value stands for (rule A12).
    fn numbers(&mut self, id: QValueId) -> String {
        let value = self.graph.value(id);
        let Some((_, scales)) = value.integer() else { return self.name(id).to_owned() };
        let centered = self.centered(id, Real::F32);
        let exponents: Vec<i32> = scales.iter().map(|scale| scale.exponent.into()).collect();
        let mut stage = self.stage(value, Real::F32);
        stage.scale(&centered, &exponents)
    }

    fn generic(&mut self, layer: &Layer, op: &Op) -> Result<()> {
        let inputs = self.operands(layer, |export, id| export.name(id).to_owned());
        let outputs = layer.outputs.iter().map(|&id| self.name(id).to_owned()).collect();
        let shape = self.shape(layer);
        operator(&mut self.writer, op, &shape, inputs, outputs)
    }

    fn float(&mut self, layer: &Layer, op: &Op) -> Result<()> {
        let graph = self.graph;
        let own =
            |id: &QValueId| graph.value(*id).integer().map(|(width, scales)| (*id, width, scales));
        let mut results = Vec::with_capacity(layer.outputs.len());
        for id in &layer.outputs {
            let name = self.name(*id).to_owned();
            let wish = format!("{}:float", graph.value(*id).name);
            results.push(if own(id).is_some() { self.writer.fresh(&wish) } else { name });
        }
        let table = match (op, layer.input(0).as_ref().and_then(own)) {
            (Op::Activation(function), Some((id, width, _))) if width != Width::I32 => {
                Some((*function, id))
            }
            _ => None,
        };
        if let Some((function, id)) = table {
            let values = self.table(&function, id)?;
            self.writer.rename(&values, &results[0]);
        } else {
            let inputs = self.operands(layer, Self::numbers);
            let shape = self.shape(layer);
            operator(&mut self.writer, op, &shape, inputs, results.clone())?;
        }
        for (id, result) in layer.outputs.iter().zip(results) {
            if let Some((id, width, scales)) = own(id) {
                let codes = self.quantize(graph.value(id), &result, width, scales);
                let name = self.name(id).to_owned();
                self.writer.rename(&codes, &name);
            }
        }
        Ok(())
    }

    /// A function of a quantized value as a table of its results, one block per distinct scale.
    fn table(&mut self, function: &Activation, id: QValueId) -> Result<String> {
        let value = self.graph.value(id);
        let name = self.name(id).to_owned();
        let Some((width, scales)) = value.integer() else {
            return Err(Error::new(&codes::INTERNAL, "a table over a float"));
        };
        let half = 1i64 << (width.bits() - 1);
        let mut distinct: Vec<Scale> = Vec::new();
        let mut offsets = Vec::with_capacity(scales.len());
        for scale in scales {
            let block = distinct.iter().position(|known| known == scale).unwrap_or_else(|| {
                distinct.push(*scale);
                distinct.len() - 1
            });
            offsets.push((block as i64 * 2 * half + half) as f64);
        }
        let mut entries = Vec::with_capacity(distinct.len() * 2 * half as usize);
        for scale in distinct {
            let number = |q| dequantize(q, scale.exponent.into(), scale.zero.into());
            entries.extend((-half..half).map(number));
        }
        function.apply(&mut entries);
        let entries = self.writer.constant(&Tensor::vector(entries));
        let mut stage = self.stage(value, Real::F32);
        let index = stage.add(&name, &offsets);
        Ok(stage.look_up(&entries, &index))
    }

    fn operands(
        &mut self,
        layer: &Layer,
        mut value: impl FnMut(&mut Self, QValueId) -> String,
    ) -> Vec<String> {
        layer
            .inputs
            .iter()
            .map(|operand| match operand {
                None => String::new(),
                Some(Operand::Constant(tensor)) => self.writer.constant(tensor),
                Some(Operand::Value(id)) => value(self, *id),
            })
            .collect()
    }

    /// Shape of the first input.
    fn shape(&self, layer: &Layer) -> Vec<usize> {
        match layer.inputs.first() {
            Some(Some(Operand::Value(id))) => self.graph.value(*id).shape.clone(),
            Some(Some(Operand::Constant(tensor))) => tensor.shape().to_vec(),
            _ => Vec::new(),
        }
    }
}

fn first(layer: &Layer) -> Result<QValueId> {
    layer.outputs.first().copied().ok_or_else(|| Error::new(&codes::INTERNAL, "no output"))
}

fn scales(value: &QValue) -> &[Scale] {
    value.integer().map_or(&[], |(_, scales)| scales)
}
