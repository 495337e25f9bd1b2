//! From a quantized graph to passes, in the order of its layers.
//!
//! Every stored tensor holds its channels in order, so that tensors that are added, pooled or
//! convolved channel by channel fit each other. Where a pass cannot read a value as a view, a copy
//! makes it a tensor first.

use std::collections::BTreeMap;

use super::channels::{self, Channel};
use super::classify::Unit;
use super::roles::Roles;
use super::{
    Buffer, Dense, Leaving, Pass, Schedule, Source, Stored, StoredId, Transfer, View, Work, sizes,
};
use crate::base::error::{Error, Place as _, Result, codes};
use crate::compile::boards::Target;
use crate::compile::capabilities::{SEGMENTS, image_extent, image_pitch};
use crate::model::qgraph::{Layer, QGraph, QValueId, Width};

/// The passes of a network that passed [`QGraph::validate`] on a target, in the order of the layers.
///
/// # Errors
/// Those of evaluating a movement; [`codes::INTERNAL`].
pub fn build(graph: &QGraph, target: &Target) -> Result<Schedule> {
    build_parts(graph, target, false)
}

/// As [`build`]; with `parts`, a convolution whose result is split by channels is a pass for each
/// part, so that the parts live as long as each of them is needed.
///
/// # Errors
/// Those of [`build`].
pub fn build_parts(graph: &QGraph, target: &Target, parts: bool) -> Result<Schedule> {
    build_with(graph, target, parts, true)
}

/// The same, with `interleave` or without results that are stored between each other: the processor interleaves them then.
pub(super) fn build_with(
    graph: &QGraph,
    target: &Target,
    parts: bool,
    interleave: bool,
) -> Result<Schedule> {
    let roles = Roles::new(graph, target.capabilities, interleave)?;
    let mut builder = Builder {
        graph,
        target,
        roles,
        schedule: Schedule::default(),
        homes: vec![None; graph.values.len()],
        waiting: vec![None; graph.values.len()],
        done: vec![false; graph.layers.len()],
        used: [0; 3],
        parts,
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
    pub(super) schedule: Schedule,
    /// By value: where its channels lie.
    homes: Vec<Option<Vec<Channel>>>,
    /// By value: where in DDR it waits to be loaded.
    waiting: Vec<Option<(Buffer, u64)>>,
    /// By layer.
    pub(super) done: Vec<bool>,
    /// Bytes in use of each buffer in DDR.
    used: [u64; 3],
    /// A pass for each part of a result that is split.
    pub(super) parts: bool,
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
        let new = StoredId(self.schedule.stored.len());
        self.schedule.stored.push(stored(self.graph, id));
        self.homes[id.0] = Some(channels::home(&self.schedule, new));
        new
    }

    /// A new tensor for channels `first` to `first + count` of a value.
    pub(super) fn store_part(&mut self, id: QValueId, first: usize, count: usize) -> StoredId {
        let new = StoredId(self.schedule.stored.len());
        let slots = channels::natural(count).into_iter().map(|slot| slot.map(|own| own + first));
        let part = Stored { slots: slots.collect(), ..stored(self.graph, id) };
        self.schedule.stored.push(part);
        new
    }

    /// A value lies in several tensors, which hold its channels in order.
    pub(super) fn settle(&mut self, id: QValueId, tensors: &[StoredId]) {
        let homes = tensors.iter().flat_map(|&stored| channels::home(&self.schedule, stored));
        self.homes[id.0] = Some(homes.collect());
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

    /// A value as planes; resized planes are only allowed where `resized` says so.
    pub(super) fn any_view(&mut self, id: QValueId, resized: bool) -> Result<View> {
        let home = self.home(id)?;
        if !resized && home.iter().any(|channel| channel.upsampled) {
            self.copy(id)?;
        }
        self.join(id)?;
        Ok(channels::view(id, 0, &self.home(id)?))
    }

    /// A value as one run of planes with every channel in the slot of its number.
    pub(super) fn natural_view(&mut self, id: QValueId) -> Result<View> {
        let count = self.graph.value(id).channels();
        let view = channels::view(id, 0, &self.home(id)?);
        if channels::is_natural(&view, count) {
            return Ok(view);
        }
        self.copy(id)?;
        Ok(channels::view(id, 0, &self.home(id)?))
    }

    /// Makes a view a tensor.
    fn copy(&mut self, id: QValueId) -> Result<()> {
        self.join(id)?;
        let home = self.home(id)?;
        let new = StoredId(self.schedule.stored.len());
        let tensor = stored(self.graph, id);
        let slots = tensor.slots.clone();
        self.schedule.stored.push(tensor);
        self.copy_channels(id, 0, &home, new, slots)?;
        self.homes[id.0] = Some(channels::home(&self.schedule, new));
        Ok(())
    }

    /// Copies leading channels together until the value has few enough pieces.
    fn join(&mut self, id: QValueId) -> Result<()> {
        let pieces = |own: &[Channel]| channels::segments(&channels::view(id, 0, own).planes);
        let mut home = self.home(id)?;
        let mut joined = 0;
        while pieces(&home) > SEGMENTS {
            // What is joined already stays; the rest is joined piece by piece.
            let own = &home[joined..];
            let count = (1..=own.len())
                .take_while(|&count| pieces(&own[..count]) <= SEGMENTS)
                .last()
                .unwrap_or(own.len());
            let part: Vec<Channel> = own[..count].to_vec();
            let new = self.store_part(id, joined, count);
            let slots = self.schedule.stored[new.0].slots.clone();
            self.copy_channels(id, joined, &part, new, slots)?;
            for (channel, own) in channels::home(&self.schedule, new).into_iter().enumerate() {
                home[joined + channel] = own;
            }
            joined = if joined + count == home.len() { 0 } else { joined + count };
        }
        self.homes[id.0] = Some(home);
        Ok(())
    }

    fn copy_channels(
        &mut self,
        id: QValueId,
        first: usize,
        channels: &[Channel],
        to: StoredId,
        slots: Vec<Option<usize>>,
    ) -> Result<()> {
        let layer = self.graph.layers.iter().position(|layer| layer.outputs.contains(&id));
        let layer = layer.filter(|&layer| self.graph.layers[layer].op.movement().is_some());
        let layer = layer.ok_or_else(|| {
            let name = &self.graph.value(id).name;
            Error::new(&codes::INTERNAL, format!("\"{name}\" is not a view that could be copied"))
        })?;
        let view = channels::view(id, first, channels);
        // Planes that stay whole are copied one by one.
        let whole = channels::segments(&view.planes) == 1 && view.slots == slots;
        let (planes, advance) = if whole { (1, 1) } else { (view.planes.len(), 0) };
        self.pass(Work::Dense(Dense {
            layer,
            planes,
            source: Source::Memory(vec![view]),
            advance,
            slots,
            store: Some(to),
            phase: None,
            filters: Vec::new(),
            residual: None,
            rows: None,
        }));
        Ok(())
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
