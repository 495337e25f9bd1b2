//! Addition, concatenation, pooling and everything that only moves integers (rules A8 to A10, and
//! A13 for addition and concatenation).

use super::{Arithmetic, Import, Operand};
use crate::base::error::Result;
use crate::frontend::graph::ValueId;
use crate::frontend::ops::Op;
use crate::frontend::ops::activation::Activation;
use crate::model::qgraph::{self, Moved, QOp, QValueId, Scale, Width};

impl Import<'_> {
    /// An addition of two int8 tensors of one shape, and a ReLU behind it.
    pub(super) fn add(&mut self, index: usize) -> Result<bool> {
        let node = &self.graph.nodes[index];
        let (Some(a), Some(b)) = (self.numbers(node.input(0)), self.numbers(node.input(1))) else {
            return Ok(false);
        };
        let Some(&output) = node.outputs.first() else { return Ok(false) };
        let same = self.quantized.value(a).shape == self.quantized.value(b).shape;
        let relu = self
            .links
            .only_consumer(output)
            .filter(|&next| matches!(self.graph.nodes[next].op, Op::Activation(Activation::Relu)));
        let behind = relu.and_then(|next| self.graph.nodes[next].outputs.first().copied());
        let Some(quantizer) = self.quantizer(behind.unwrap_or(output)) else { return Ok(false) };
        let (width, scales) = self.target(quantizer)?;
        if !same || width != Width::I8 || !self.addable(a, b, &scales) {
            return Ok(false);
        }
        let dpu = self.arithmetic == Arithmetic::Dpu
            && [self.scales(a), self.scales(b), scales.clone()]
                .iter()
                .all(|scales| super::uniform(scales).is_some_and(|scale| scale.zero == 0));
        let op = if dpu { QOp::DpuAdd } else { QOp::Add };
        let inputs = vec![Some(Operand::Value(a)), Some(Operand::Value(b))];
        let name = node.name.clone();
        let Some(relu) = relu else {
            let target = self.quantized_by(quantizer)?;
            self.layer(&name, op, inputs, vec![target], &[index, quantizer]);
            return Ok(true);
        };
        let sum = self.graph.value(output);
        let sum = self.int8(&sum.name, &sum.fact.shape, scales);
        self.layer(&name, op, inputs, vec![sum], &[index]);
        self.sources.insert(output, super::Source::Numbers(sum));
        self.done.insert(relu);
        if !self.relu(relu)? {
            self.float(relu)?;
        }
        Ok(true)
    }

    /// Whether the exponents of both inputs are close enough for one sum.
    fn addable(&self, a: QValueId, b: QValueId, scales: &[Scale]) -> bool {
        let (a, b) = (self.scales(a), self.scales(b));
        a.len() == scales.len()
            && a.iter()
                .zip(&b)
                .all(|(a, b)| (i32::from(a.exponent) - i32::from(b.exponent)).abs() <= 24)
    }

    /// An operator that keeps the scale, such as a pooling; a QuantizeLinear with another one behind
    /// it becomes a layer.
    pub(super) fn kept(&mut self, index: usize, op: QOp) -> Result<bool> {
        let node = &self.graph.nodes[index];
        let (Some(&output), Some(input)) = (node.outputs.first(), node.input(0)) else {
            return Ok(false);
        };
        let codes = self.codes(input).filter(|&id| self.is_int8(id));
        let Some(data) = self.numbers(Some(input)).or(codes) else { return Ok(false) };
        let value = self.graph.value(output);
        let target = self.int8(&value.name, &value.fact.shape, self.scales(data));
        self.layer(&node.name, op, vec![Some(Operand::Value(data))], vec![target], &[index]);
        self.moved(output, target, codes.is_some());
        Ok(true)
    }

    /// An operator that moves integers. The parts of a concatenation are brought to the scale of
    /// the QuantizeLinear behind it first.
    pub(super) fn movement(&mut self, index: usize, op: QOp) -> Result<bool> {
        let node = &self.graph.nodes[index];
        let mut ids = Vec::with_capacity(node.inputs.len());
        let mut stored = false;
        for &input in &node.inputs {
            let Some(id) = input else {
                ids.push(None);
                continue;
            };
            ids.push(Some(if let Some(value) = self.constant(id) {
                Operand::Constant(value)
            } else if let Some(codes) = self.codes(id) {
                stored = true;
                Operand::Value(codes)
            } else if let Some(super::Source::Numbers(own)) = self.sources.get(&id) {
                Operand::Value(*own)
            } else {
                return Ok(false);
            }));
        }
        let data = ids.iter().flatten().filter_map(Operand::value).collect::<Vec<_>>();
        let width = |id: &QValueId| self.quantized.value(*id).integer().map(|(width, _)| width);
        let one_width = data.iter().all(|id| width(id) == width(&data[0]));
        // A constant part of a concatenation would need integers of its own.
        let constant_data = match node.op {
            Op::Concat(_) => data.len() != ids.len(),
            _ => ids.first().and_then(|first| first.as_ref()?.value()).is_none(),
        };
        if data.is_empty() || !one_width || constant_data {
            return Ok(false);
        }
        if matches!(node.op, Op::Concat(_)) && !stored {
            self.align_parts(index, &mut ids)?;
        }
        let Some(scales) = self.movement_scales(&node.op, &ids) else { return Ok(false) };
        let Some((width, _)) = self.quantized.value(data[0]).integer() else { return Ok(false) };
        let mut outputs = Vec::with_capacity(node.outputs.len());
        for (&output, scales) in node.outputs.iter().zip(scales) {
            let value = self.graph.value(output);
            let format = qgraph::Format::Integer { width, scales };
            let target = self.value(&value.name, &value.fact.shape, format);
            outputs.push(target);
            self.moved(output, target, stored);
        }
        self.layer(&node.name, op, ids, outputs, &[index]);
        Ok(true)
    }

    /// The stored integers that `id` is.
    fn codes(&self, id: ValueId) -> Option<QValueId> {
        match self.sources.get(&id)? {
            super::Source::Codes(own) => Some(*own),
            _ => None,
        }
    }

    fn moved(&mut self, output: ValueId, target: QValueId, stored: bool) {
        let source =
            if stored { super::Source::Codes(target) } else { super::Source::Numbers(target) };
        self.sources.insert(output, source);
    }

    /// Scales of the outputs; `None` when the operator would mix scales in one channel.
    fn movement_scales(&self, op: &Op, inputs: &[Option<Operand>]) -> Option<Vec<Vec<Scale>>> {
        let moved: Vec<_> = inputs
            .iter()
            .map(|input| {
                input.as_ref().map(|operand| match operand {
                    Operand::Constant(tensor) => Moved::Constant(tensor),
                    Operand::Value(id) => {
                        let value = self.quantized.value(*id);
                        let scales = value.integer().map_or(&[][..], |(_, scales)| scales);
                        Moved::Quantized(&value.shape, scales)
                    }
                })
            })
            .collect();
        qgraph::moved(op, &moved).ok()
    }

    /// Rescales the parts of the concatenation at `index` that have not the scales of its output.
    fn align_parts(&mut self, index: usize, parts: &mut [Option<Operand>]) -> Result<()> {
        let node = &self.graph.nodes[index];
        let Some(quantizer) = node.outputs.first().and_then(|&id| self.quantizer(id)) else {
            return Ok(());
        };
        let (width, scales) = self.target(quantizer)?;
        let channels = matches!(&node.op, Op::Concat(concat) if concat.axis == 1);
        let mut first = 0;
        for part in parts {
            let Some(id) = part.as_ref().and_then(Operand::value) else { continue };
            let own = self.scales(id);
            let wanted = match (channels, super::uniform(&scales)) {
                (true, _) => scales.get(first..first + own.len()).map(<[Scale]>::to_vec),
                (false, Some(scale)) => Some(vec![scale; own.len()]),
                (false, None) => None,
            };
            first += own.len();
            if let Some(wanted) = wanted
                && wanted != own
                && width == Width::I8
                && self.is_int8(id)
            {
                *part = Some(Operand::Value(self.rescale(id, index, &wanted)));
            }
        }
        Ok(())
    }
}
