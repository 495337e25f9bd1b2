//! Where the values of a frame are: slots of bytes that values share one after the other, and tensors.

use std::ops::Range;

use super::layout::{Border, Layout, SLACK};
use super::{edges, missing};
use crate::base::error::Result;
use crate::base::tensor::Tensor;
use crate::model::qgraph::{Operand, QGraph, QValueId, Width};

/// The memory of a frame.
#[derive(Debug)]
pub struct Frame {
    pub slots: Vec<Vec<u8>>,
    pub tensors: Vec<Option<Tensor>>,
}

impl Frame {
    /// Lets go of a value that nobody reads any more.
    pub fn forget(&mut self, id: QValueId) {
        self.tensors[id.0] = None;
    }

    /// Lets go of all values.
    pub fn clear(&mut self) {
        self.tensors.fill(None);
    }
}

/// A value that is held as bytes.
#[derive(Debug, Clone)]
pub struct Place {
    pub slot: usize,
    pub layout: Layout,
}

/// The place of every value of some layers.
#[derive(Debug)]
pub struct Plan {
    /// `None` for values that are tensors, and for those of other layers.
    pub places: Vec<Option<Place>>,
    /// Bytes of each slot.
    slots: Vec<usize>,
}

impl Plan {
    /// Values that are alive at the same time never share a slot.
    ///
    /// # Errors
    /// [`crate::base::error::codes::QUANTIZED_GRAPH`] for padding beyond all memory.
    pub fn new(graph: &QGraph, layers: Range<usize>) -> Result<Self> {
        let borders = borders(graph, layers.clone());
        let mut plan = Self { places: vec![None; graph.values.len()], slots: Vec::new() };
        let mut free = Vec::new();
        let inputs = graph.layers[layers.clone()].iter().flat_map(|layer| &layer.inputs);
        let read: Vec<QValueId> = inputs.flatten().filter_map(Operand::value).collect();
        let computed: Vec<QValueId> =
            graph.layers[layers.clone()].iter().flat_map(|layer| layer.outputs.clone()).collect();
        let entering = graph.inputs.iter().chain(&read).filter(|id| !computed.contains(id));
        for &id in entering {
            plan.place(graph, id, borders[id.0], &mut free)?;
        }
        let dead_after = graph.dead_after();
        for index in layers {
            for &id in &graph.layers[index].outputs {
                plan.place(graph, id, borders[id.0], &mut free)?;
            }
            let dead = dead_after[index].iter().filter_map(|id| plan.places[id.0].as_ref());
            free.extend(dead.map(|place| place.slot));
        }
        Ok(plan)
    }

    /// The free slot that fits best: the smallest that is large enough, else the largest, which grows.
    fn place(
        &mut self,
        graph: &QGraph,
        id: QValueId,
        border: Border,
        free: &mut Vec<usize>,
    ) -> Result<()> {
        let value = graph.value(id);
        let narrow = value.integer().is_some_and(|(width, _)| width == Width::I8);
        if !narrow || self.places[id.0].is_some() {
            return Ok(());
        }
        let layout = Layout::new(value, border)?;
        let bytes = layout.bytes() + SLACK;
        let key = |slot: usize| {
            let own = self.slots[slot];
            (own < bytes, if own < bytes { usize::MAX - own } else { own })
        };
        let best = (0..free.len()).min_by_key(|&index| key(free[index]));
        let slot = match best {
            Some(index) => free.swap_remove(index),
            None => {
                self.slots.push(0);
                self.slots.len() - 1
            }
        };
        self.slots[slot] = self.slots[slot].max(bytes);
        self.places[id.0] = Some(Place { slot, layout });
        Ok(())
    }

    /// Memory for a frame.
    pub fn frame(&self) -> Frame {
        let slots = self.slots.iter().map(|&bytes| vec![0; bytes]).collect();
        Frame { slots, tensors: vec![None; self.places.len()] }
    }

    /// Takes floats into a value (rule A11).
    ///
    /// # Errors
    /// [`crate::base::error::codes::ACTIVATION_NON_FINITE`].
    pub fn quantize(
        &self,
        graph: &QGraph,
        frame: &mut Frame,
        id: QValueId,
        tensor: &Tensor,
    ) -> Result<()> {
        let value = graph.value(id);
        match &self.places[id.0] {
            Some(Place { slot, layout }) => {
                let bytes = &mut frame.slots[*slot];
                edges::quantize(graph.rounding, value, layout, tensor, bytes)?;
                self.fill_border(graph, frame, id);
            }
            None => {
                let tensor = edges::carry(graph.rounding, value, tensor.clone())?;
                frame.tensors[id.0] = Some(tensor);
            }
        }
        Ok(())
    }

    /// Takes numbers as they are carried into a value.
    ///
    /// # Errors
    /// For a tensor of another type.
    pub fn enter(
        &self,
        graph: &QGraph,
        frame: &mut Frame,
        id: QValueId,
        tensor: &Tensor,
    ) -> Result<()> {
        match &self.places[id.0] {
            Some(Place { slot, layout }) => {
                edges::enter(graph.value(id), layout, tensor, &mut frame.slots[*slot])?;
                self.fill_border(graph, frame, id);
            }
            None => frame.tensors[id.0] = Some(tensor.clone()),
        }
        Ok(())
    }

    /// A value as it is carried.
    ///
    /// # Errors
    /// [`crate::base::error::codes::INTERNAL`] for a value that was not computed.
    pub fn carried(&self, graph: &QGraph, frame: &Frame, id: QValueId) -> Result<Tensor> {
        match &self.places[id.0] {
            Some(Place { slot, layout }) => {
                edges::carried(graph.value(id), layout, &frame.slots[*slot])
            }
            None => frame.tensors[id.0].clone().ok_or_else(|| missing(id)),
        }
    }

    /// The real numbers of a value (rule A12).
    ///
    /// # Errors
    /// [`crate::base::error::codes::INTERNAL`] for a value that was not computed.
    pub fn real(&self, graph: &QGraph, frame: &Frame, id: QValueId) -> Result<Tensor> {
        let value = graph.value(id);
        match &self.places[id.0] {
            Some(Place { slot, layout }) => edges::real(value, layout, &frame.slots[*slot]),
            None => {
                let tensor = frame.tensors[id.0].as_ref().ok_or_else(|| missing(id))?;
                edges::dequantized(value, tensor)
            }
        }
    }

    /// Writes the border of a value, whose slot another one had.
    pub fn fill_border(&self, graph: &QGraph, frame: &mut Frame, id: QValueId) {
        let scales = graph.value(id).integer().map(|(_, scales)| scales);
        if let (Some(Place { slot, layout }), Some(scales)) = (&self.places[id.0], scales) {
            layout.fill_border(&mut frame.slots[*slot], scales);
        }
    }
}

/// What convolutions read around each value.
fn borders(graph: &QGraph, layers: Range<usize>) -> Vec<Border> {
    let mut borders = vec![Border::default(); graph.values.len()];
    for layer in &graph.layers[layers] {
        if let (Some(conv), Some(id)) = (layer.op.conv(), layer.input(0)) {
            borders[id.0] = borders[id.0].join(Border::of(conv.axes));
        }
    }
    borders
}
