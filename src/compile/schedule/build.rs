//! From a quantized graph to passes, in the order of its layers.
//!
//! Stored tensors that are added or leave hold their channels in order, so that they fit each other; others may
//! have them in the order of a [`Layout`]. Where a pass cannot read a value as a view, a copy makes it a tensor
//! first.

use std::collections::BTreeMap;

use super::channels::{self, Channel};
use super::classify::Unit;
use super::layout::{self, Layout};
use super::roles::Roles;
use super::{Buffer, Leaving, Pass, Schedule, Stored, StoredId, Transfer, Work, sizes};
use crate::base::error::{Error, Place as _, Result, codes};
use crate::compile::boards::Target;
use crate::compile::capabilities::{image_extent, image_pitch};
use crate::model::qgraph::{Layer, QGraph, QValueId, Width};

/// What the passes of a network may be.
#[derive(Debug, Clone)]
pub struct Way {
    /// A convolution whose result is split by channels is a pass for each part, so that the parts live as long as each of
    /// them is needed.
    pub parts: bool,
    /// Results may be stored between each other; else the processor interleaves them.
    pub interleave: bool,
    /// Where channels lie; in the order of their numbers without one.
    pub layout: Option<Layout>,
}

impl Default for Way {
    fn default() -> Self {
        Self { parts: false, interleave: true, layout: None }
    }
}

/// The passes of a network that passed [`QGraph::validate`] on a target, in the order of the layers.
///
/// # Errors
/// Those of evaluating a movement; [`codes::INTERNAL`].
pub fn build(graph: &QGraph, target: &Target, way: &Way) -> Result<Schedule> {
    let roles = Roles::new(graph, target.capabilities, way.interleave)?;
    let free = match way.layout {
        Some(_) => layout::free(graph, &roles),
        None => vec![false; graph.values.len()],
    };
    let mut builder = Builder {
        graph,
        target,
        roles,
        free,
        schedule: Schedule::default(),
        homes: vec![None; graph.values.len()],
        waiting: vec![None; graph.values.len()],
        done: vec![false; graph.layers.len()],
        used: [0; 3],
        way,
        phases: BTreeMap::new(),
    };
    if let Some(image) = builder.roles.stems.iter().flatten().next() {
        builder.used[Buffer::Image as usize] = raw_bytes(image_extent(graph, *image));
    }
    for &id in &graph.inputs {
        if builder.roles.wanted[id.0] {
            let offset = builder.reserve(Buffer::Image, id);
            builder.waiting[id.0] = Some((Buffer::Image, offset));
        }
    }
    for (index, layer) in graph.layers.iter().enumerate() {
        if !builder.done[index] {
            builder.layer(index, layer).at(|| layer.place())?;
        }
    }
    Ok(builder.schedule)
}

/// Bytes of the image that the stem unit streams from the start of its buffer: rows of pixels, each a
/// multiple of a word.
fn raw_bytes([channels, height, width]: [usize; 3]) -> u64 {
    (height * image_pitch(width, channels)) as u64
}

pub(super) struct Builder<'a> {
    pub(super) graph: &'a QGraph,
    pub(super) target: &'a Target,
    pub(super) roles: Roles,
    /// By value: its channels may lie in any order.
    pub(super) free: Vec<bool>,
    pub(super) schedule: Schedule,
    /// By value: where its channels lie.
    pub(super) homes: Vec<Option<Vec<Channel>>>,
    /// By value: where in DDR it waits to be loaded.
    waiting: Vec<Option<(Buffer, u64)>>,
    /// By layer.
    pub(super) done: Vec<bool>,
    /// Bytes in use of each buffer in DDR.
    used: [u64; 3],
    pub(super) way: &'a Way,
    /// By value of which some phases have their passes: where they lie, and how many.
    pub(super) phases: BTreeMap<QValueId, (StoredId, usize)>,
}

impl Builder<'_> {
    fn layer(&mut self, index: usize, layer: &Layer) -> Result<()> {
        self.done[index] = true;
        match self.roles.units[index] {
            Ok(Unit::Dense) => self.dense(index)?,
            Ok(Unit::Plane(walk)) => self.plane(index, walk)?,
            Ok(Unit::ChannelMul) => self.channel_mul(index)?,
            Ok(Unit::Cascade(_)) => self.cascades(index)?,
            Ok(Unit::View) => self.view(layer)?,
            Ok(Unit::Phases) | Err(_) => {}
        }
        if self.roles.middle[index] {
            self.processor(index, layer);
        }
        if self.roles.tail[index] {
            self.schedule.tail.push(index);
        }
        Ok(())
    }

    /// Channels of a movement's outputs, if a pass wants them.
    fn view(&mut self, layer: &Layer) -> Result<()> {
        let Some(op) = layer.op.movement() else { return Ok(()) };
        if !layer.outputs.iter().any(|id| self.roles.wanted[id.0]) {
            return Ok(());
        }
        for id in layer.inputs.iter().flatten().filter_map(crate::model::qgraph::Operand::value) {
            let home = self.home(id)?;
            let plain = channels::keeps_pixels(op);
            if !plain && home.iter().any(|channel| channel.upsampled) {
                self.copy(id)?;
            }
        }
        let outputs = channels::move_channels(self.graph, layer, op, &self.homes)?;
        for (&id, channels) in layer.outputs.iter().zip(outputs) {
            self.homes[id.0] = Some(channels);
        }
        Ok(())
    }

    fn processor(&mut self, index: usize, layer: &Layer) {
        match self.schedule.passes.last_mut().map(|pass| &mut pass.work) {
            Some(Work::Processor { layers }) => layers.push(index),
            _ => self.pass(Work::Processor { layers: vec![index] }),
        }
        if self.roles.units[index] == Ok(Unit::View) {
            return;
        }
        for &id in &layer.outputs {
            if self.roles.wanted[id.0] {
                let offset = self.reserve(Buffer::Scratch, id);
                self.waiting[id.0] = Some((Buffer::Scratch, offset));
            }
        }
    }

    pub(super) fn pass(&mut self, work: Work) {
        self.schedule.passes.push(Pass { work, waits: false });
    }

    /// Room for a value in a buffer in DDR.
    fn reserve(&mut self, buffer: Buffer, id: QValueId) -> u64 {
        let words = sizes::words(&stored(self.graph, id), self.target.pixels);
        let used = &mut self.used[buffer as usize];
        let offset = *used;
        *used += words * sizes::WORD;
        offset
    }

    /// Where a value's channels lie; loads it from DDR when it is there.
    pub(super) fn home(&mut self, id: QValueId) -> Result<Vec<Channel>> {
        if let Some((buffer, offset)) = self.waiting[id.0].take() {
            let stored = self.store(id);
            self.pass(Work::Transfer(Transfer {
                stored,
                to_memory: true,
                buffer,
                offset,
                rows: None,
            }));
        }
        self.homes[id.0].clone().ok_or_else(|| {
            let name = &self.graph.value(id).name;
            Error::new(&codes::INTERNAL, format!("\"{name}\" is read before it is stored"))
        })
    }

    /// A new tensor for a value, in which it lies from now on.
    pub(super) fn store(&mut self, id: QValueId) -> StoredId {
        let slots = channels::natural(self.graph.value(id).channels());
        self.store_whole(id, slots)
    }

    /// A new tensor for all channels of a value, in these slots, in which it lies from now on.
    pub(super) fn store_whole(&mut self, id: QValueId, slots: Vec<Option<usize>>) -> StoredId {
        let new = self.store_slots(id, slots);
        self.settle(id, &[new]);
        new
    }

    /// A new tensor for the channels of a value in these slots.
    pub(super) fn store_slots(&mut self, id: QValueId, slots: Vec<Option<usize>>) -> StoredId {
        let new = StoredId(self.schedule.stored.len());
        self.schedule.stored.push(Stored { slots, ..stored(self.graph, id) });
        new
    }

    /// A value lies in these tensors, which hold all of its channels.
    pub(super) fn settle(&mut self, id: QValueId, tensors: &[StoredId]) {
        self.homes[id.0] = Some(channels::home(&self.schedule, tensors));
    }

    /// Sends a result that was just computed where it is needed in DDR.
    pub(super) fn leave(&mut self, id: QValueId, stored: StoredId) {
        let to = [
            (Buffer::Scratch, self.roles.to_middle[id.0]),
            (Buffer::Output, self.roles.to_tail[id.0]),
        ];
        for (buffer, _) in to.into_iter().filter(|(_, needed)| *needed) {
            let offset = self.reserve(buffer, id);
            self.pass(Work::Transfer(Transfer {
                stored,
                to_memory: false,
                buffer,
                offset,
                rows: None,
            }));
            if buffer == Buffer::Output {
                self.schedule.leaving.push(Leaving { value: id, stored, offset });
            }
        }
    }
}

/// The tensor of a value, its channels in order.
pub(super) fn stored(graph: &QGraph, id: QValueId) -> Stored {
    let [height, width] = channels::extent(graph, id);
    let value = graph.value(id);
    Stored {
        value: id,
        first: 0,
        height,
        width,
        format: value.integer().map_or(Width::I8, |(width, _)| width),
        by_parity: false,
        slots: channels::natural(value.channels()),
    }
}
