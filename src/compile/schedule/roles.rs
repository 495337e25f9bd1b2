//! What becomes of every layer and value: what the stem folds, what the accelerator needs, what
//! the processor does before and after.

use super::classify::{self, Unit};
use crate::base::error::Result;
use crate::compile::boards::Capabilities;
use crate::frontend::ops::Op;
use crate::model::qgraph::{Layer, Operand, QConv, QGraph, QOp, QValueId, Width};

/// Image channels that the stem unit takes.
const STEM_CHANNELS: std::ops::RangeInclusive<usize> = 1..=4;
/// Largest kernel and stride of the stem unit, in pixels.
const MAX_STEM_REACH: usize = 15;

/// Roles of all layers and values.
pub struct Roles {
    /// By layer.
    pub units: Vec<Unit>,
    /// By layer: the image behind a convolution that the stem unit feeds.
    pub stems: Vec<Option<QValueId>>,
    /// By layer: a rearrangement of the image that is part of a stem convolution.
    pub folded: Vec<bool>,
    /// By layer: the processor does it while the accelerator waits.
    pub middle: Vec<bool>,
    /// By layer: the processor does it when the accelerator is done.
    pub tail: Vec<bool>,
    /// By value: a pass reads it.
    pub wanted: Vec<bool>,
    /// By value: the processor reads it in the middle.
    pub to_middle: Vec<bool>,
    /// By value: it leaves, for the tail or as an output.
    pub to_tail: Vec<bool>,
    /// By value: the layers that read it.
    pub readers: Vec<Vec<usize>>,
}

impl Roles {
    /// Decides the roles.
    ///
    /// # Errors
    /// Those of evaluating a movement.
    pub fn new(graph: &QGraph, capabilities: Capabilities) -> Result<Self> {
        let (layers, values) = (graph.layers.len(), graph.values.len());
        let mut roles = Self {
            units: classify::units(graph)?,
            stems: vec![None; layers],
            folded: vec![false; layers],
            middle: vec![false; layers],
            tail: vec![false; layers],
            wanted: vec![false; values],
            to_middle: vec![false; values],
            to_tail: vec![false; values],
            readers: readers(graph),
        };
        for output in &graph.outputs {
            roles.to_tail[output.value.0] = true;
        }
        if capabilities.stem_unit && capabilities.input_streamed {
            roles.find_stems(graph);
        }
        for (index, layer) in graph.layers.iter().enumerate().rev() {
            roles.spread(index, layer);
        }
        Ok(roles)
    }

    /// From what a layer's outputs are for to what its inputs are for.
    fn spread(&mut self, index: usize, layer: &Layer) {
        let any = |flags: &[bool]| layer.outputs.iter().any(|id| flags[id.0]);
        let (wanted, middle, tail) = (any(&self.wanted), any(&self.to_middle), any(&self.to_tail));
        let (mut read, mut read_middle, mut read_tail) = (false, false, false);
        match self.units[index] {
            Unit::Dense | Unit::Plane(_) | Unit::Cascade(_) => read = true,
            Unit::View => {
                (read, read_middle, read_tail) = (wanted, middle, tail);
                (self.middle[index], self.tail[index]) = (middle, tail && !middle);
            }
            Unit::Processor if self.folded[index] => {}
            Unit::Processor if wanted || middle => {
                self.middle[index] = true;
                read_middle = true;
            }
            Unit::Processor => {
                self.tail[index] = true;
                read_tail = true;
            }
        }
        for (position, operand) in layer.inputs.iter().enumerate() {
            let Some(id) = operand.as_ref().and_then(Operand::value) else { continue };
            let streamed = position == 0 && self.stems[index].is_some();
            self.wanted[id.0] |= read && !streamed;
            self.to_middle[id.0] |= read_middle;
            self.to_tail[id.0] |= read_tail;
        }
    }

    /// Convolutions on one image, directly or behind a space-to-depth, as long as one stem unit fits
    /// all of them.
    fn find_stems(&mut self, graph: &QGraph) {
        let mut streamed = None;
        let mut rearrangements: Vec<usize> = Vec::new();
        for (index, layer) in graph.layers.iter().enumerate() {
            let QOp::Conv(conv) = &layer.op else { continue };
            let Some(image) = self.units[index].eq(&Unit::Dense).then(|| self.image(graph, layer))
            else {
                continue;
            };
            let Some((id, block, producer)) = image else { continue };
            let own = stem_shape(graph, conv, id, block).map(|shape| (id, shape));
            if own.is_none() || streamed.is_some_and(|streamed| Some(streamed) != own) {
                continue;
            }
            streamed = own;
            self.stems[index] = Some(id);
            rearrangements.extend(producer);
        }
        for index in rearrangements {
            let output = graph.layers[index].outputs[0];
            // Nobody but stem convolutions reads it, and those as their pixels only.
            let streams = |&reader: &usize| {
                let residual = graph.layers[reader].input(1);
                self.stems[reader].is_some() && residual != Some(output)
            };
            self.folded[index] =
                !self.to_tail[output.0] && self.readers[output.0].iter().all(streams);
        }
    }

    /// The network input behind a layer, the side of a block of its pixels, and the layer between.
    fn image(&self, graph: &QGraph, layer: &Layer) -> Option<(QValueId, usize, Option<usize>)> {
        let input = layer.input(0)?;
        if graph.inputs.contains(&input) {
            return Some((input, 1, None));
        }
        let index = graph.layers.iter().position(|layer| layer.outputs == [input])?;
        let producer = &graph.layers[index];
        let QOp::Move(Op::SpaceToDepth(op)) = &producer.op else { return None };
        let mut offsets = op.offsets.clone();
        offsets.sort_unstable();
        offsets.dedup();
        let image = producer.input(0).filter(|id| graph.inputs.contains(id))?;
        (offsets.len() == op.offsets.len()).then_some((image, op.block, Some(index)))
    }
}

/// Kernel, stride and channels of a convolution on raw pixels, where the stem unit can do it.
fn stem_shape(
    graph: &QGraph,
    conv: &QConv,
    image: QValueId,
    block: usize,
) -> Option<(usize, usize, usize)> {
    let value = graph.value(image);
    let [rows, columns] = conv.axes;
    let square = rows.kernel == columns.kernel && rows.stride == columns.stride;
    let dilated = rows.kernel > 1 && (rows.dilation > 1 || columns.dilation > 1);
    let bytes = value.shape.len() == 4 && matches!(value.integer(), Some((Width::I8, _)));
    let reach = rows.kernel.max(rows.stride) * block;
    let padded = rows.begin.max(columns.begin) * block < rows.kernel * block;
    let fits = square && !dilated && bytes && padded && conv.group == 1 && reach <= MAX_STEM_REACH;
    (fits && STEM_CHANNELS.contains(&value.channels()))
        .then(|| (rows.kernel * block, rows.stride * block, value.channels()))
}

fn readers(graph: &QGraph) -> Vec<Vec<usize>> {
    let mut readers = vec![Vec::new(); graph.values.len()];
    for (index, layer) in graph.layers.iter().enumerate() {
        for id in layer.inputs.iter().flatten().filter_map(Operand::value) {
            if readers[id.0].last() != Some(&index) {
                readers[id.0].push(index);
            }
        }
    }
    readers
}
