//! Values and layers of the quantized graph, as the conversions of all operators need them.

use super::{Import, Source};
use crate::base::error::{Error, Place as _, Result, codes};
use crate::frontend::graph::ValueId;
use crate::frontend::ops::Op;
use crate::model::qgraph::{Format, Layer, Operand, QOp, QValue, QValueId, Scale, Width};

impl Import<'_> {
    pub(super) fn source(&self, id: ValueId) -> Result<Source> {
        if let Some(source) = self.sources.get(&id) {
            return Ok(source.clone());
        }
        self.graph.constant(id).cloned().map(Source::Constant).ok_or_else(|| {
            Error::new(&codes::INTERNAL, format!("\"{}\" has no source", self.graph.value(id).name))
        })
    }

    /// The quantized value whose numbers `id` is, if there is one of int8.
    pub(super) fn numbers(&self, id: Option<ValueId>) -> Option<QValueId> {
        match self.sources.get(&id?)? {
            Source::Numbers(own) if self.is_int8(*own) => Some(*own),
            _ => None,
        }
    }

    pub(super) fn is_int8(&self, id: QValueId) -> bool {
        self.quantized.value(id).integer().is_some_and(|(width, _)| width == Width::I8)
    }

    pub(super) fn scales(&self, id: QValueId) -> Vec<Scale> {
        self.quantized.value(id).integer().map_or_else(Vec::new, |(_, scales)| scales.to_vec())
    }

    pub(super) fn holds(&self, id: QValueId, width: Width, scales: &[Scale]) -> bool {
        self.quantized.value(id).integer() == Some((width, scales))
    }

    /// The QuantizeLinear that alone reads `id`.
    pub(super) fn quantizer(&self, id: ValueId) -> Option<usize> {
        let index = self.links.only_consumer(id)?;
        let node = &self.graph.nodes[index];
        (matches!(node.op, Op::QuantizeLinear(_)) && node.input(0) == Some(id)).then_some(index)
    }

    /// Width and scales that the QuantizeLinear at `index` writes.
    pub(super) fn target(&self, index: usize) -> Result<(Width, Vec<Scale>)> {
        let node = &self.graph.nodes[index];
        match node.outputs.first() {
            Some(&output) => self.activation(node, output).at(|| node.place()),
            None => Err(Error::new(&codes::INTERNAL, "a QuantizeLinear without output")),
        }
    }

    /// Adds the value that the QuantizeLinear at `index` writes and marks that node as done.
    pub(super) fn quantized_by(&mut self, index: usize) -> Result<QValueId> {
        let (width, scales) = self.target(index)?;
        let id = self.quantized_value(index, width, scales);
        for &output in &self.graph.nodes[index].outputs {
            self.sources.insert(output, Source::Codes(id));
        }
        self.done.insert(index);
        Ok(id)
    }

    /// Adds a quantized value, named after the number that the QuantizeLinear at `index` reads.
    pub(super) fn quantized_value(
        &mut self,
        index: usize,
        width: Width,
        scales: Vec<Scale>,
    ) -> QValueId {
        let node = &self.graph.nodes[index];
        let name = |id: Option<ValueId>| id.map_or("", |id| &*self.graph.value(id).name);
        let (number, integer) = (name(node.input(0)), name(node.outputs.first().copied()));
        let lowered = number.is_empty() || number.ends_with(":float");
        let name = if lowered { integer } else { number }.to_owned();
        let shape =
            node.outputs.first().map_or_else(Vec::new, |&id| self.graph.fact(id).shape.clone());
        self.value(&name, &shape, Format::Integer { width, scales })
    }

    /// Adds a value under a name that no other has.
    pub(super) fn value(&mut self, name: &str, shape: &[usize], format: Format) -> QValueId {
        let mut unique = name.to_owned();
        let mut suffix = 1;
        while !self.names.insert(unique.clone()) {
            unique = format!("{name}.{suffix}");
            suffix += 1;
        }
        self.quantized.values.push(QValue { name: unique, shape: shape.to_vec(), format });
        QValueId(self.quantized.values.len() - 1)
    }

    /// Adds an int8 value.
    pub(super) fn int8(&mut self, name: &str, shape: &[usize], scales: Vec<Scale>) -> QValueId {
        self.value(name, shape, Format::Integer { width: Width::I8, scales })
    }

    /// Adds a layer that does the work of `nodes`.
    pub(super) fn layer(
        &mut self,
        name: &str,
        op: QOp,
        inputs: Vec<Option<Operand>>,
        outputs: Vec<QValueId>,
        nodes: &[usize],
    ) {
        let sources = nodes.iter().flat_map(|&index| self.graph.nodes[index].sources.clone());
        let sources = sources.collect();
        self.quantized.layers.push(Layer { name: name.to_owned(), op, inputs, outputs, sources });
    }

    /// Adds a layer that brings `id` to other scales; the QuantizeLinear at `index` names it.
    pub(super) fn rescale(&mut self, id: QValueId, index: usize, scales: &[Scale]) -> QValueId {
        let value = self.quantized.value(id);
        let (name, shape) = (value.name.clone(), value.shape.clone());
        let target = self.int8(&name, &shape, scales.to_vec());
        let node = self.graph.nodes[index].name.clone();
        self.layer(&node, QOp::Rescale, vec![Some(Operand::Value(id))], vec![target], &[index]);
        target
    }
}
