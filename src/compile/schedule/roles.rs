//! What becomes of every layer and value: what the stem folds, what the accelerator needs, what
//! the processor does before and after.

use super::classify::{self, Unit};
use super::late::leave_to_processor;
use super::phases::{self, Part, Phases};
use crate::base::error::Result;
use crate::compile::boards::Capabilities;
use crate::compile::capabilities::{Fit, Pixels, Reason, Stem};
use crate::model::qgraph::{Layer, Operand, QGraph, QValueId};

/// Roles of all layers and values.
pub struct Roles {
    /// By layer, or why it is the processor.
    pub units: Vec<Fit<Unit>>,
    /// By layer: the image behind a convolution that the stem unit feeds.
    pub stems: Vec<Option<QValueId>>,
    /// By layer: why the stem unit does not feed a convolution on an image.
    pub not_stems: Vec<Option<Reason>>,
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
    /// By layer: the phase of a value that its result is.
    pub phases: Vec<Option<Part>>,
}

impl Roles {
    /// Decides the roles.
    ///
    /// # Errors
    /// Those of evaluating a movement.
    pub fn new(graph: &QGraph, capabilities: Capabilities, interleave: bool) -> Result<Self> {
        let (layers, values) = (graph.layers.len(), graph.values.len());
        let mut units = classify::units(graph, interleave)?;
        if !capabilities.depthwise_sequential {
            let alone = units.iter_mut().filter(|unit| **unit == Ok(Unit::ChannelMul));
            alone.for_each(|unit| *unit = Err(Reason::NotChained));
        }
        leave_to_processor(graph, &mut units);
        let mut roles = Self {
            units,
            stems: vec![None; layers],
            not_stems: vec![None; layers],
            folded: vec![false; layers],
            middle: vec![false; layers],
            tail: vec![false; layers],
            wanted: vec![false; values],
            to_middle: vec![false; values],
            to_tail: vec![false; values],
            readers: readers(graph),
            phases: vec![None; layers],
        };
        for Phases { movement, parts } in phases::find(graph) {
            if roles.units[movement] == Ok(Unit::Phases) {
                parts.into_iter().for_each(|(layer, part)| roles.phases[layer] = Some(part));
            }
        }
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
            Ok(Unit::Dense | Unit::Plane(_) | Unit::ChannelMul | Unit::Cascade(_)) => read = true,
            Ok(Unit::Phases) => {}
            Ok(Unit::View) => {
                (read, read_middle, read_tail) = (wanted, middle, tail);
                (self.middle[index], self.tail[index]) = (middle, tail && !middle);
            }
            Err(_) if self.folded[index] => {}
            Err(_) if wanted || middle => {
                self.middle[index] = true;
                read_middle = true;
            }
            Err(_) => {
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
        let mut streamed: Option<(QValueId, Stem)> = None;
        let mut rearrangements: Vec<usize> = Vec::new();
        for (index, layer) in graph.layers.iter().enumerate() {
            let Some(conv) = layer.op.conv() else { continue };
            if self.units[index] != Ok(Unit::Dense) {
                continue;
            }
            let Some(pixels) = Pixels::of(graph, index) else { continue };
            let shape = Stem::fit(conv, graph.value(pixels.planes), &pixels).and_then(|stem| {
                let own = (pixels.planes, stem);
                if streamed.is_none_or(|streamed| streamed == own) {
                    Ok(own)
                } else {
                    Err(Reason::StemTaken)
                }
            });
            match shape {
                Ok(shape) => {
                    streamed = Some(shape);
                    self.stems[index] = Some(pixels.image);
                    rearrangements.extend(pixels.rearrangements);
                }
                Err(reason) => self.not_stems[index] = Some(reason),
            }
        }
        // Readers of a rearrangement are streamed themselves, or rearrange what is streamed.
        rearrangements.sort_unstable();
        rearrangements.dedup();
        for &index in rearrangements.iter().rev() {
            let output = graph.layers[index].outputs[0];
            // Nobody but stem convolutions reads it, and those as their pixels only.
            let streams = |&reader: &usize| {
                let residual = graph.layers[reader].input(1);
                let streamed = self.stems[reader].is_some() && residual != Some(output);
                streamed || self.folded[reader]
            };
            self.folded[index] =
                !self.to_tail[output.0] && self.readers[output.0].iter().all(streams);
        }
    }
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
