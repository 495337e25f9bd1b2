//! What lies where: the contents of slots, written and read.

use std::collections::{BTreeSet, HashSet};

use super::{Walk, height, wrong};
use crate::base::error::Result;
use crate::compile::schedule::{CHANNELS, Phase, StoredId, View};
use crate::frontend::ops::Op;
use crate::model::qgraph::{QMove, QOp, QValueId};

impl Walk<'_> {
    pub(super) fn compute(
        &mut self,
        layer: usize,
        output: QValueId,
        slots: &[Option<usize>],
        rows: (&BTreeSet<usize>, bool),
    ) -> Result<()> {
        let place = || self.graph.layers[layer].place();
        let channels = self.graph.value(output).channels();
        let movement = matches!(self.graph.layers[layer].op, QOp::Move(_));
        let mut seen = HashSet::new();
        for &channel in slots.iter().flatten() {
            if channel >= channels || !seen.insert(channel) {
                return Err(
                    wrong(format!("channel {channel} comes twice or not at all")).at(place())
                );
            }
            if movement {
                continue;
            }
            // Strips may compute rows again that several of them need.
            let (rows, strip) = rows;
            let computed = self.computed[layer].entry(channel).or_default();
            if !strip && !computed.is_empty() {
                return Err(wrong(format!("channel {channel} is computed twice")).at(place()));
            }
            computed.extend(rows);
        }
        Ok(())
    }

    /// A result of channels `slots` of `value` goes to a tensor.
    pub(super) fn write(
        &mut self,
        id: StoredId,
        value: QValueId,
        slots: &[Option<usize>],
        rows: &BTreeSet<usize>,
    ) -> Result<()> {
        let index = self.stored(id)?;
        let stored = &self.schedule.stored[index];
        if stored.value != value || stored.slots != slots {
            return Err(wrong(format!("tensor {index} is for another result")));
        }
        let held = stored.first..stored.first + stored.height;
        if let Some(row) = rows.iter().find(|row| !held.contains(row)) {
            return Err(wrong(format!("tensor {index} has no row {row}")));
        }
        if rows.is_subset(&self.written[index]) {
            return Err(wrong(format!("tensor {index} is written twice")));
        }
        self.written[index].extend(rows);
        let origins = &self.origins[value.0];
        self.contents[index] =
            slots.iter().map(|slot| slot.map(|channel| origins[channel])).collect();
        Ok(())
    }

    /// A result goes between the pixels of others of a tensor, which is written when all are there.
    pub(super) fn fill(
        &mut self,
        id: StoredId,
        output: QValueId,
        slots: &[Option<usize>],
        phase: Phase,
    ) -> Result<()> {
        let index = self.stored(id)?;
        let stored = &self.schedule.stored[index];
        let made = |id: QValueId| {
            self.graph.layers.iter().find(|layer| layer.outputs == [id]).map(|layer| &layer.op)
        };
        let reader = self.graph.layers.iter().find(|layer| layer.outputs == [stored.value]);
        let joined = reader.and_then(|layer| layer.input(0));
        let parts =
            self.graph.layers.iter().find(|layer| {
                Some(&layer.outputs[..]) == joined.as_ref().map(std::slice::from_ref)
            });
        let (Some(QOp::Move(QMove(Op::DepthToSpace(op)))), Some(parts)) =
            (made(stored.value), parts)
        else {
            return Err(wrong(format!("tensor {index} is not made of phases")));
        };
        let Phase { block, row, column } = phase;
        let side = matches!(&parts.op, QOp::Move(QMove(Op::Concat(op))) if op.axis == 1)
            && parts.inputs.len() == block * block
            && (op.block, op.channel_first) == (block, false)
            && row.max(column) < block;
        let height = height(self.graph, stored.value);
        let whole = stored.slots == slots && (stored.first, stored.height) == (0, height);
        if !side || !whole || parts.input(row * block + column) != Some(output) {
            return Err(wrong(format!("tensor {index} has other phases")));
        }
        let channels = self.graph.value(stored.value).channels();
        let filled = self.filled.entry(id).or_default();
        if !filled.insert((row, column)) {
            return Err(wrong(format!("a phase of tensor {index} is written twice")));
        }
        if filled.len() == block * block {
            let origins = &self.origins[stored.value.0];
            let slots = slots.iter().map(|slot| slot.filter(|&own| own < channels));
            self.contents[index] = slots.map(|slot| slot.map(|own| origins[own])).collect();
            self.written[index].extend(0..height);
        }
        Ok(())
    }

    /// A view is that of `input`, all of it, and lies there.
    pub(super) fn reads(
        &self,
        view: &View,
        input: Option<QValueId>,
        resized: bool,
        rows: &BTreeSet<usize>,
    ) -> Result<()> {
        let mut seen: Vec<usize> = view.slots.iter().flatten().copied().collect();
        seen.sort_unstable();
        if seen != (0..self.graph.value(view.value).channels()).collect::<Vec<_>>() {
            return Err(wrong("a view has not exactly the channels of its value"));
        }
        self.reads_part(view, input, resized, rows)
    }

    /// A view is that of `input`, or some of its channels, and lies there.
    pub(super) fn reads_part(
        &self,
        view: &View,
        input: Option<QValueId>,
        resized: bool,
        rows: &BTreeSet<usize>,
    ) -> Result<()> {
        if Some(view.value) != input {
            return Err(wrong("the pass reads another value than the layer"));
        }
        self.lies(view, resized, rows)
    }

    /// These rows of every slot of a view hold the channel that it claims, in planes of the right extent.
    pub(super) fn lies(&self, view: &View, resized: bool, rows: &BTreeSet<usize>) -> Result<()> {
        if view.slots.len() != view.planes.len() * CHANNELS || view.planes.is_empty() {
            return Err(wrong("a view needs 16 slots for each of its planes"));
        }
        let value = &self.graph.value(view.value);
        let extent = |axis: usize| value.shape.get(axis).copied().unwrap_or(1);
        for (plane, slots) in view.planes.iter().zip(view.slots.chunks(CHANNELS)) {
            let index = self.stored(plane.stored)?;
            let stored = &self.schedule.stored[index];
            let times = if plane.upsampled { 2 } else { 1 };
            let own = [height(self.graph, stored.value) * times, stored.width * times];
            // Pixels lie one behind another: other rows and columns of as many are the same plane.
            let same = own == [extent(2), extent(3)];
            let renamed = !plane.upsampled && own[0] * own[1] == extent(2) * extent(3);
            if !(same || renamed) || (plane.upsampled && !resized) {
                return Err(wrong(format!(
                    "planes of tensor {index} do not fit \"{}\"",
                    value.name
                )));
            }
            if value.integer().map(|(width, _)| width) != Some(stored.format) {
                return Err(wrong(format!("tensor {index} has another width")));
            }
            let held = |row: usize| match same {
                true => row / times..row / times + 1,
                false => {
                    let (from, to) = (row * extent(3), (row + 1) * extent(3));
                    from / stored.width..to.div_ceil(stored.width)
                }
            };
            let written = &self.written[index];
            if let Some(row) =
                rows.iter().find(|&&row| held(row).any(|own| !written.contains(&own)))
            {
                return Err(wrong(format!(
                    "row {row} of tensor {index} is read before it is written"
                )));
            }
            let mut planes = self.contents[index].chunks(CHANNELS);
            let Some(contents) = planes.nth(plane.plane) else {
                return Err(wrong(format!("tensor {index} has no plane {}", plane.plane)));
            };
            for (slot, content) in slots.iter().zip(contents) {
                let Some(channel) = *slot else { continue };
                let expected = self.origins[view.value.0].get(channel);
                if expected.is_none() || content.as_ref() != expected {
                    return Err(wrong(format!(
                        "channel {channel} of \"{}\" does not lie in tensor {index}",
                        value.name
                    )));
                }
            }
        }
        Ok(())
    }

    pub(super) fn stored(&self, id: StoredId) -> Result<usize> {
        let exists = id.0 < self.schedule.stored.len();
        exists.then_some(id.0).ok_or_else(|| wrong(format!("there is no tensor {}", id.0)))
    }
}
