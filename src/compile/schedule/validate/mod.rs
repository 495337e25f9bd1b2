//! Independent check of a schedule against its graph; of addresses in the file beside.
//!
//! The passes are followed one by one with what lies in every slot; the builder's notion of where
//! channels lie is not used. The rules:
//!
//! 1. every layer is done exactly once: in passes (each output channel once, or in strips each of its
//!    rows at least once), as a filter, by the processor, in the tail, or, when it is a movement, by
//!    being looked through; a rearrangement of the image may be part of a stem convolution;
//! 2. a row of a slot is read only after the channel that the reader expects was written to it, in the
//!    shared memory and in DDR alike;
//! 3. views cover exactly the channels that the layer reads, with extents that fit; a filter may read some of them in each of
//!    several passes;
//! 4. results fit their tensors in extent, width and channels;
//! 5. at most 8 pieces a pass, two filters, and one run of planes where the hardware needs one;
//! 6. what the processor and the tail read has been sent to DDR before, and outputs leave.

mod addresses;
mod operators;
mod parity;
mod passes;
mod rows;
mod views;

use std::collections::{BTreeSet, HashMap, HashSet};

pub use addresses::placed;

use rows::{Touched, height};

use super::{Buffer, CHANNELS, PlaneRef, Schedule, Stored, StoredId, Transfer, View, Work};
use crate::base::error::{Error, Place as _, Result, codes};
use crate::frontend::ops::Op;
use crate::model::qgraph::{Moved, Operand, QGraph, QMove, QOp, QValueId, moved};

/// A channel of a value that a layer computes, a network input has or the processor makes.
type Origin = (QValueId, usize);

fn wrong(message: impl Into<String>) -> Error {
    Error::new(&codes::PLAN_INVALID, message)
}

/// Checks a schedule.
///
/// # Errors
/// [`codes::PLAN_INVALID`] naming the pass and the rule that it breaks.
pub fn schedule(graph: &QGraph, schedule: &Schedule) -> Result<()> {
    let mut walk = Walk::new(graph, schedule)?;
    for (index, pass) in schedule.passes.iter().enumerate() {
        walk.pass(&pass.work).at(|| format!("pass {index}"))?;
    }
    walk.finish()
}

/// A tensor in the scratch buffer: value, channels by slot, and the rows that were sent there.
type Spilled = (QValueId, Vec<Option<usize>>, BTreeSet<usize>);

struct Walk<'a> {
    graph: &'a QGraph,
    schedule: &'a Schedule,
    /// By value, the origin of every channel; empty for values that are no planes.
    origins: Vec<Vec<Origin>>,
    /// By stored tensor and slot.
    contents: Vec<Vec<Option<Origin>>>,
    /// By stored tensor: rows of its value that have been written to it.
    written: Vec<BTreeSet<usize>>,
    /// By byte offset in the scratch buffer: channels and rows that were sent there.
    spilled: HashMap<u64, Spilled>,
    /// Rows of output channels that passes have computed, by layer.
    computed: Vec<HashMap<usize, BTreeSet<usize>>>,
    /// Rows of values that have left, by value and whether they are outputs.
    leaving: HashMap<(QValueId, bool), BTreeSet<usize>>,
    /// Layers that the processor has done.
    by_processor: Vec<bool>,
    /// Values in DDR that left the accelerator.
    sent: HashSet<(QValueId, bool)>,
    /// Results between the stages of a maximum: layer and stages done, by tensor.
    partial: HashMap<StoredId, (usize, usize)>,
    /// Rearrangements of the image that stem convolutions contain.
    folded: HashSet<usize>,
    /// By tensor that passes fill between each other's pixels: the rows and columns of a block that are filled.
    filled: HashMap<StoredId, BTreeSet<(usize, usize)>>,
}

impl<'a> Walk<'a> {
    fn new(graph: &'a QGraph, schedule: &'a Schedule) -> Result<Self> {
        for (index, stored) in schedule.stored.iter().enumerate() {
            check_stored(graph, stored).at(|| format!("tensor {index}"))?;
        }
        Ok(Self {
            graph,
            schedule,
            origins: origins(graph)?,
            contents: schedule.stored.iter().map(|stored| vec![None; stored.slots.len()]).collect(),
            written: vec![BTreeSet::new(); schedule.stored.len()],
            spilled: HashMap::new(),
            leaving: HashMap::new(),
            computed: vec![HashMap::new(); graph.layers.len()],
            by_processor: vec![false; graph.layers.len()],
            sent: HashSet::new(),
            partial: HashMap::new(),
            folded: HashSet::new(),
            filled: HashMap::new(),
        })
    }

    fn pass(&mut self, work: &Work) -> Result<()> {
        let rows = rows::touched(self.graph, work)?;
        match (work, &rows) {
            (Work::Dense(dense), Some(rows)) => self.dense(dense, rows),
            (Work::Plane(plane), Some(rows)) => self.plane(plane, rows),
            _ => self.transport(work),
        }
    }

    fn transport(&mut self, work: &Work) -> Result<()> {
        match work {
            Work::Dense(_) | Work::Plane(_) => Err(wrong("a pass without rows")),
            Work::Transfer(transfer) => self.transfer(transfer),
            Work::Processor { layers } => {
                layers.iter().try_for_each(|&layer| self.processor(layer))
            }
        }
    }

    fn transfer(&mut self, transfer: &Transfer) -> Result<()> {
        let index = self.stored(transfer.stored)?;
        let stored = &self.schedule.stored[index];
        let all = height(self.graph, stored.value);
        let rows: BTreeSet<usize> = match transfer.rows {
            None if (stored.first, stored.height) == (0, all) => (0..all).collect(),
            Some(rows) if rows.count > 0 => (rows.first..rows.first + rows.count).collect(),
            _ => return Err(wrong("a transfer of rows that it does not say")),
        };
        if transfer.to_memory {
            let key = (stored.value, &stored.slots);
            let spilled = self.spilled.get(&transfer.offset);
            let spilled = spilled
                .filter(|(value, slots, there)| (*value, slots) == key && rows.is_subset(there));
            let ready = match transfer.buffer {
                Buffer::Scratch if spilled.is_some() => true,
                Buffer::Image => self.graph.inputs.contains(&stored.value),
                Buffer::Scratch => {
                    let made = self.graph.layers.iter().enumerate();
                    let mut made = made.filter(|(_, layer)| layer.outputs.contains(&stored.value));
                    made.any(|(layer, _)| self.by_processor[layer])
                }
                Buffer::Output => false,
            };
            if !ready {
                return Err(wrong("what is loaded is not there"));
            }
            return self.write(transfer.stored, stored.value, &stored.slots, &rows);
        }
        let view = whole(transfer.stored, stored);
        self.lies(&view, false, &rows)?;
        let output = transfer.buffer == Buffer::Output;
        let whole =
            view.slots.iter().flatten().count() == self.graph.value(stored.value).channels();
        if output && !whole {
            return Err(wrong("a part of a value leaves"));
        }
        if transfer.buffer == Buffer::Scratch {
            let fresh = || (stored.value, stored.slots.clone(), BTreeSet::new());
            let spilled = self.spilled.entry(transfer.offset).or_insert_with(fresh);
            if (spilled.0, &spilled.1) != (stored.value, &stored.slots) {
                return Err(wrong(format!("two tensors at byte {} of scratch", transfer.offset)));
            }
            spilled.2.extend(&rows);
        }
        if whole {
            let left = self.leaving.entry((stored.value, output)).or_default();
            left.extend(rows);
            if left.len() == all {
                self.sent.insert((stored.value, output));
            }
        }
        Ok(())
    }

    /// The processor does a layer: its inputs have been sent, or the processor made them.
    fn processor(&mut self, index: usize) -> Result<()> {
        let layer = self.graph.layers.get(index).ok_or_else(|| wrong("no such layer"))?;
        for id in layer.inputs.iter().flatten().filter_map(Operand::value) {
            if !self.is_at_processor(id, false) {
                let name = &self.graph.value(id).name;
                return Err(wrong(format!("\"{name}\" has not left")).at(layer.place()));
            }
        }
        if std::mem::replace(&mut self.by_processor[index], true) {
            return Err(wrong("the processor does a layer twice").at(layer.place()));
        }
        Ok(())
    }

    fn is_at_processor(&self, id: QValueId, tail: bool) -> bool {
        let made = self.graph.layers.iter().position(|layer| layer.outputs.contains(&id));
        self.graph.inputs.contains(&id)
            || self.sent.contains(&(id, tail))
            || made.is_some_and(|layer| self.by_processor[layer])
    }

    fn finish(mut self) -> Result<()> {
        for index in self.schedule.tail.clone() {
            let layer = self.graph.layers.get(index).ok_or_else(|| wrong("no such layer"))?;
            let inputs = layer.inputs.iter().flatten().filter_map(Operand::value);
            let mut missing = inputs.filter(|&id| !self.is_at_processor(id, true));
            if let Some(id) = missing.next() {
                let name = &self.graph.value(id).name;
                return Err(wrong(format!("\"{name}\" has not left")).at(layer.place()));
            }
            if std::mem::replace(&mut self.by_processor[index], true) {
                return Err(wrong("the processor does a layer twice").at(layer.place()));
            }
        }
        for leaving in &self.schedule.leaving {
            if !self.sent.contains(&(leaving.value, true)) {
                return Err(wrong("a value does not leave that is said to"));
            }
        }
        for output in &self.graph.outputs {
            if !self.is_at_processor(output.value, true) {
                return Err(wrong(format!("output \"{}\" never leaves", output.name)));
            }
        }
        let needed = rows::needed(self.graph);
        for (index, layer) in self.graph.layers.iter().enumerate() {
            let movement = matches!(layer.op, QOp::Move(_));
            let all = self.graph.value(layer.outputs[0]).channels();
            let needed = &needed[layer.outputs[0].0];
            let computed = &self.computed[index];
            let done = match (computed.len(), self.by_processor[index]) {
                _ if movement => true,
                (0, by_processor) => by_processor,
                (count, by_processor) => {
                    let whole = computed.values().all(|own| needed.is_subset(own));
                    count == all && whole && !by_processor
                }
            };
            if !done {
                return Err(wrong("the layer is not done, or done twice").at(layer.place()));
            }
        }
        Ok(())
    }
}

fn whole(id: StoredId, stored: &Stored) -> View {
    let planes = stored.slots.len() / CHANNELS;
    View {
        value: stored.value,
        planes: (0..planes).map(|plane| PlaneRef { stored: id, plane, upsampled: false }).collect(),
        slots: stored.slots.clone(),
    }
}

fn check_stored(graph: &QGraph, stored: &Stored) -> Result<()> {
    let value = graph.values.get(stored.value.0).ok_or_else(|| wrong("no such value"))?;
    let extent = |axis: usize| value.shape.get(axis).copied().unwrap_or(1);
    let slots = !stored.slots.is_empty() && stored.slots.len().is_multiple_of(CHANNELS);
    let mut channels: Vec<usize> = stored.slots.iter().flatten().copied().collect();
    channels.sort_unstable();
    let known = channels.last().is_none_or(|&last| last < value.channels());
    let once = channels.windows(2).all(|pair| pair[0] < pair[1]);
    let end = stored.first.checked_add(stored.height);
    let fits = stored.height > 0
        && end.is_some_and(|end| end <= extent(2))
        && stored.width == extent(3)
        && value.integer().map(|(width, _)| width) == Some(stored.format);
    match slots && known && once && fits && value.shape.first() == Some(&1) {
        true => Ok(()),
        false => Err(wrong(format!("it does not fit \"{}\"", value.name))),
    }
}

/// The origin of every channel of every quantized value: movements are looked through, everything
/// else makes new channels.
fn origins(graph: &QGraph) -> Result<Vec<Vec<Origin>>> {
    let own = |id: QValueId| -> Vec<Origin> {
        (0..graph.value(id).channels()).map(|channel| (id, channel)).collect()
    };
    let mut origins: Vec<Vec<Origin>> = (0..graph.values.len()).map(QValueId).map(own).collect();
    for layer in &graph.layers {
        let QOp::Move(QMove(op)) = &layer.op else { continue };
        let marks: Vec<Option<Moved<'_, Origin>>> = layer
            .inputs
            .iter()
            .map(|operand| match operand {
                None => None,
                Some(Operand::Constant(tensor)) => Some(Moved::Constant(tensor)),
                Some(Operand::Value(id)) => {
                    Some(Moved::Quantized(&graph.value(*id).shape, &origins[id.0]))
                }
            })
            .collect();
        // A movement that mixes channels is the processor's: its results are new channels.
        if let Ok(moved) = moved(op, &marks) {
            for (id, channels) in layer.outputs.iter().zip(moved) {
                if !rearranges(op) {
                    origins[id.0] = channels;
                }
            }
        }
    }
    Ok(origins)
}

/// Movements that rearrange pixels between channels.
fn rearranges(op: &Op) -> bool {
    matches!(op, Op::SpaceToDepth(_) | Op::DepthToSpace(_))
}
