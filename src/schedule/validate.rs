//! Independent check of a schedule against its graph.
//!
//! The passes are followed one by one with what lies in every slot; the builder's notion of where
//! channels lie is not used. The rules:
//!
//! 1. every layer is done exactly once: in passes (each output channel once), as a filter, by the
//!    processor, in the tail, or, when it is a movement, by being looked through; a rearrangement of
//!    the image may be part of a stem convolution;
//! 2. a slot is read only after the channel that the reader expects was written to it;
//! 3. views cover exactly the channels that the layer reads, with extents that fit;
//! 4. results fit their tensors in extent, width and channels;
//! 5. at most 8 pieces a pass, two filters, and one run of planes where the hardware needs one;
//! 6. what the processor and the tail read has been sent to DDR before, and outputs leave.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{
    Buffer, CHANNELS, Dense, Filter, PlaneRef, PlaneWork, Schedule, Source, Stage, Stored,
    StoredId, Transfer, View, Work,
};
use crate::error::{Error, Place as _, Result, codes};
use crate::ops::Op;
use crate::qgraph::{Moved, Operand, QGraph, QOp, QValueId, moved};

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

struct Walk<'a> {
    graph: &'a QGraph,
    schedule: &'a Schedule,
    /// By value, the origin of every channel; empty for values that are no planes.
    origins: Vec<Vec<Origin>>,
    /// By stored tensor and slot.
    contents: Vec<Vec<Option<Origin>>>,
    /// Output channels that passes have computed, by layer.
    computed: Vec<BTreeSet<usize>>,
    /// Layers that the processor has done.
    by_processor: Vec<bool>,
    /// Values in DDR that left the accelerator.
    sent: HashSet<(QValueId, bool)>,
    /// Results between the stages of a maximum: layer and stages done, by tensor.
    partial: HashMap<StoredId, (usize, usize)>,
    /// Rearrangements of the image that stem convolutions contain.
    folded: HashSet<usize>,
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
            computed: vec![BTreeSet::new(); graph.layers.len()],
            by_processor: vec![false; graph.layers.len()],
            sent: HashSet::new(),
            partial: HashMap::new(),
            folded: HashSet::new(),
        })
    }

    fn pass(&mut self, work: &Work) -> Result<()> {
        match work {
            Work::Dense(dense) => self.dense(dense),
            Work::Plane(plane) => self.plane(plane),
            Work::Transfer(transfer) => self.transfer(transfer),
            Work::Processor { layers } => {
                layers.iter().try_for_each(|&layer| self.processor(layer))
            }
        }
    }

    fn dense(&mut self, dense: &Dense) -> Result<()> {
        let layer = self.graph.layers.get(dense.layer).ok_or_else(|| wrong("no such layer"))?;
        self.dense_source(dense).at(|| layer.place())?;
        let output = match &layer.op {
            QOp::Move(_) => match &dense.source {
                Source::Memory(views) if views.len() == 1 => views[0].value,
                _ => return Err(wrong("a copy reads one view")),
            },
            _ => layer.outputs[0],
        };
        match (&dense.residual, &layer.op) {
            (Some(view), QOp::Conv(conv)) if conv.residual().is_some() => {
                self.reads(view, layer.input(1), false).at(|| layer.place())?;
                one_run(&view.planes)?;
                let same = view.slots.iter().zip(&dense.slots);
                let differs =
                    same.filter(|(own, result)| result.is_some() && own != result).count();
                if view.slots.len() != dense.slots.len() || differs > 0 {
                    return Err(wrong("the residual has another order than the result"));
                }
            }
            (None, QOp::Conv(conv)) if conv.residual().is_none() => {}
            (None, QOp::Add | QOp::Rescale | QOp::Move(_)) => {}
            _ => return Err(wrong("pass and layer disagree about the residual")),
        }
        self.compute(dense.layer, output, &dense.slots)?;
        if let Some(id) = dense.store {
            self.write(id, output, &dense.slots)?;
        } else if dense.filters.is_empty() {
            return Err(wrong("the result goes nowhere"));
        }
        self.filters(&dense.filters, output, &dense.slots)
    }

    fn dense_source(&mut self, dense: &Dense) -> Result<()> {
        let layer = &self.graph.layers[dense.layer];
        let views = match &dense.source {
            Source::Stem(image) => return self.stem(dense, *image),
            Source::Memory(views) => views,
        };
        let pieces: usize = views.iter().map(|view| pieces(&view.planes)).sum();
        if pieces > 8 {
            return Err(wrong(format!("{pieces} pieces; the plane table has 8")));
        }
        let tiles = dense.slots.len() / CHANNELS;
        for view in views {
            let reach = tiles.saturating_sub(1) * dense.advance + dense.planes;
            let fits = match dense.advance {
                0 => dense.planes == view.planes.len(),
                _ => reach <= view.planes.len() && pieces == views.len(),
            };
            if !fits {
                return Err(wrong(format!("{} planes do not fit the view", dense.planes)));
            }
        }
        match (&layer.op, &views[..]) {
            (QOp::Conv(conv), [view]) => {
                let flat = conv
                    .axes
                    .iter()
                    .all(|axis| (axis.kernel, axis.stride, axis.begin, axis.end) == (1, 1, 0, 0));
                self.reads(view, layer.input(0), flat)?;
                let group = (conv.group_inputs(), conv.outputs() / conv.group);
                self.window(dense, view, |output| {
                    let first = output / group.1 * group.0;
                    first..first + group.0
                })
            }
            (QOp::Add, [first, second]) => {
                self.reads(first, layer.input(0), false)?;
                self.reads(second, layer.input(1), false)?;
                self.window(dense, first, |output| output..output + 1)?;
                self.window(dense, second, |output| output..output + 1)
            }
            (QOp::Rescale, [view]) => {
                self.reads(view, layer.input(0), false)?;
                self.window(dense, view, |output| output..output + 1)
            }
            (QOp::Move(_), [view]) if layer.outputs.contains(&view.value) => {
                self.lies(view, true)?;
                self.window(dense, view, |output| output..output + 1)
            }
            _ => Err(wrong("the array does not do this layer with these inputs")),
        }
    }

    fn stem(&mut self, dense: &Dense, image: QValueId) -> Result<()> {
        let layer = &self.graph.layers[dense.layer];
        let input = layer.input(0);
        if !self.graph.inputs.contains(&image) {
            return Err(wrong("the stem unit reads what is no network input"));
        }
        if input == Some(image) {
            return Ok(());
        }
        let made = |layer: &crate::qgraph::Layer| input.is_some_and(|id| layer.outputs == [id]);
        match self.graph.layers.iter().position(made) {
            Some(index)
                if matches!(self.graph.layers[index].op, QOp::Move(Op::SpaceToDepth(_)))
                    && self.graph.layers[index].input(0) == Some(image) =>
            {
                self.folded.insert(index);
                Ok(())
            }
            _ => Err(wrong("the stem unit cannot make this input from the image")),
        }
    }

    /// Every output channel finds the input channels that it needs in the planes of its tile.
    fn window(
        &self,
        dense: &Dense,
        view: &View,
        needs: impl Fn(usize) -> std::ops::Range<usize>,
    ) -> Result<()> {
        for (tile, slots) in dense.slots.chunks(CHANNELS).enumerate() {
            let first = tile * dense.advance * CHANNELS;
            let Some(seen) = view.slots.get(first..first + dense.planes * CHANNELS) else {
                return Err(wrong("a tile reads behind the end of the view"));
            };
            let seen: HashSet<usize> = seen.iter().flatten().copied().collect();
            let missing = slots.iter().flatten().flat_map(|&output| needs(output));
            if let Some(channel) = missing.into_iter().find(|channel| !seen.contains(channel)) {
                return Err(wrong(format!("tile {tile} does not see input channel {channel}")));
            }
        }
        Ok(())
    }

    fn plane(&mut self, plane: &PlaneWork) -> Result<()> {
        let first = plane.filters.first().ok_or_else(|| wrong("no filter"))?;
        let layer = self.graph.layers.get(first.layer).ok_or_else(|| wrong("no such layer"))?;
        one_run(&plane.source.planes)?;
        let from = plane.source.planes.first().map(|plane| plane.stored);
        let stages = from.and_then(|from| self.partial.get(&from).copied());
        match stages {
            Some((own, done)) if own == first.layer => {
                self.cascade(plane, layer.outputs[0], done + 1)
            }
            _ if is_large(&layer.op) => self.large(plane, layer.input(0)),
            _ => {
                self.reads(&plane.source, layer.input(0), false).at(|| layer.place())?;
                let input = layer.input(0).ok_or_else(|| wrong("no input"))?;
                self.filters(&plane.filters, input, &plane.source.slots)
            }
        }
    }

    /// The first stage of a large maximum: from its input, or from a smaller one on the same input.
    fn large(&mut self, plane: &PlaneWork, input: Option<QValueId>) -> Result<()> {
        let layer = &self.graph.layers[plane.filters[0].layer];
        let source = plane.source.value;
        let smaller = self.graph.layers.iter().enumerate().find(|(_, other)| {
            other.outputs == [source] && is_large(&other.op) && other.input(0) == input
        });
        let done = match smaller {
            Some((_, other)) if Some(source) != input => kernel(&other.op) / 2,
            _ => 0,
        };
        let read = if done > 0 { Some(source) } else { input };
        self.reads(&plane.source, read, false).at(|| layer.place())?;
        self.cascade(plane, layer.outputs[0], done + 1)
    }

    /// After this stage `done` stages of 3 x 3 are done.
    fn cascade(&mut self, plane: &PlaneWork, output: QValueId, done: usize) -> Result<()> {
        let [filter] = &plane.filters[..] else { return Err(wrong("a maximum has one filter")) };
        let needed = kernel(&self.graph.layers[filter.layer].op) / 2;
        let natural = &self.schedule.stored[self.stored(filter.result)?].slots;
        if *natural != plane.source.slots {
            return Err(wrong("a stage changes the order of channels"));
        }
        match plane.stage {
            Stage::Cascade if done < needed => {
                self.partial.insert(filter.result, (filter.layer, done));
                Ok(())
            }
            Stage::Whole if done == needed => {
                self.compute(filter.layer, output, &plane.source.slots)?;
                self.write(filter.result, output, &plane.source.slots)
            }
            _ => Err(wrong(format!("{done} of {needed} stages"))),
        }
    }

    /// Filters on planes that hold channels `slots` of `input`.
    fn filters(
        &mut self,
        filters: &[Filter],
        input: QValueId,
        slots: &[Option<usize>],
    ) -> Result<()> {
        if filters.len() > 2 {
            return Err(wrong("more than two filters"));
        }
        for filter in filters {
            let layer =
                self.graph.layers.get(filter.layer).ok_or_else(|| wrong("no such layer"))?;
            let depthwise = match &layer.op {
                QOp::Conv(conv) => conv.group_inputs() == 1 && conv.group == conv.outputs(),
                QOp::MaxPool(_) => !is_large(&layer.op),
                _ => false,
            };
            if !depthwise || layer.input(0) != Some(input) {
                return Err(wrong("the plane engine does not do this").at(layer.place()));
            }
            self.compute(filter.layer, layer.outputs[0], slots)?;
            self.write(filter.result, layer.outputs[0], slots)?;
        }
        Ok(())
    }

    fn transfer(&mut self, transfer: &Transfer) -> Result<()> {
        let index = self.stored(transfer.stored)?;
        let stored = &self.schedule.stored[index];
        if transfer.to_memory {
            let ready = match transfer.buffer {
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
            return self.write(transfer.stored, stored.value, &stored.slots);
        }
        let view = whole(transfer.stored, stored);
        self.lies(&view, false)?;
        if view.slots.iter().flatten().count() != self.graph.value(stored.value).channels() {
            return Err(wrong("a part of a value leaves"));
        }
        self.sent.insert((stored.value, transfer.buffer == Buffer::Output));
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
        for (index, layer) in self.graph.layers.iter().enumerate() {
            let movement = matches!(layer.op, QOp::Move(_));
            let all = self.graph.value(layer.outputs[0]).channels();
            let passes = self.computed[index].len();
            let done = match (passes, self.by_processor[index]) {
                _ if movement => true,
                (0, by_processor) => by_processor,
                (count, by_processor) => count == all && !by_processor,
            };
            if !done {
                return Err(wrong("the layer is not done, or done twice").at(layer.place()));
            }
        }
        Ok(())
    }

    fn compute(&mut self, layer: usize, output: QValueId, slots: &[Option<usize>]) -> Result<()> {
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
            if !movement && !self.computed[layer].insert(channel) {
                return Err(wrong(format!("channel {channel} is computed twice")).at(place()));
            }
        }
        Ok(())
    }

    /// A result of channels `slots` of `value` goes to a tensor.
    fn write(&mut self, id: StoredId, value: QValueId, slots: &[Option<usize>]) -> Result<()> {
        let index = self.stored(id)?;
        let stored = &self.schedule.stored[index];
        if stored.value != value || stored.slots != slots {
            return Err(wrong(format!("tensor {index} is for another result")));
        }
        if self.contents[index].iter().any(Option::is_some) {
            return Err(wrong(format!("tensor {index} is written twice")));
        }
        let origins = &self.origins[value.0];
        self.contents[index] =
            slots.iter().map(|slot| slot.map(|channel| origins[channel])).collect();
        Ok(())
    }

    /// A view is that of `input`, all of it, and lies there.
    fn reads(&self, view: &View, input: Option<QValueId>, resized: bool) -> Result<()> {
        if Some(view.value) != input {
            return Err(wrong("the pass reads another value than the layer"));
        }
        let mut seen: Vec<usize> = view.slots.iter().flatten().copied().collect();
        seen.sort_unstable();
        if seen != (0..self.graph.value(view.value).channels()).collect::<Vec<_>>() {
            return Err(wrong("a view has not exactly the channels of its value"));
        }
        self.lies(view, resized)
    }

    /// Every slot of a view holds the channel that it claims, in planes of the right extent.
    fn lies(&self, view: &View, resized: bool) -> Result<()> {
        if view.slots.len() != view.planes.len() * CHANNELS || view.planes.is_empty() {
            return Err(wrong("a view needs 16 slots for each of its planes"));
        }
        let value = &self.graph.value(view.value);
        let pixels: usize = value.shape.iter().skip(2).product();
        for (plane, slots) in view.planes.iter().zip(view.slots.chunks(CHANNELS)) {
            let index = self.stored(plane.stored)?;
            let stored = &self.schedule.stored[index];
            let own = stored.height * stored.width * if plane.upsampled { 4 } else { 1 };
            if own != pixels || (plane.upsampled && !resized) {
                return Err(wrong(format!(
                    "planes of tensor {index} do not fit \"{}\"",
                    value.name
                )));
            }
            if value.integer().map(|(width, _)| width) != Some(stored.format) {
                return Err(wrong(format!("tensor {index} has another width")));
            }
            let first = plane.plane * CHANNELS;
            let Some(contents) = self.contents[index].get(first..first + CHANNELS) else {
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

    fn stored(&self, id: StoredId) -> Result<usize> {
        let exists = id.0 < self.schedule.stored.len();
        exists.then_some(id.0).ok_or_else(|| wrong(format!("there is no tensor {}", id.0)))
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
    let fits = (stored.height, stored.width) == (extent(2), extent(3))
        && value.integer().map(|(width, _)| width) == Some(stored.format);
    match slots && fits && value.shape.first() == Some(&1) {
        true => Ok(()),
        false => Err(wrong(format!("it does not fit \"{}\"", value.name))),
    }
}

fn pieces(planes: &[PlaneRef]) -> usize {
    let mut pieces = 0;
    let mut last: Option<PlaneRef> = None;
    for plane in planes {
        let follows = last.is_some_and(|last| {
            last.stored == plane.stored
                && last.plane + 1 == plane.plane
                && last.upsampled == plane.upsampled
        });
        pieces += usize::from(!follows);
        last = Some(*plane);
    }
    pieces
}

fn one_run(planes: &[PlaneRef]) -> Result<()> {
    match pieces(planes) {
        1 => Ok(()),
        count => Err(wrong(format!("{count} pieces where planes must lie one behind the other"))),
    }
}

fn kernel(op: &QOp) -> usize {
    match op {
        QOp::MaxPool(Op::MaxPool(pool)) => pool.window.kernel.iter().copied().max().unwrap_or(1),
        _ => 1,
    }
}

fn is_large(op: &QOp) -> bool {
    kernel(op) > 3
}

/// The origin of every channel of every quantized value: movements are looked through, everything
/// else makes new channels.
fn origins(graph: &QGraph) -> Result<Vec<Vec<Origin>>> {
    let own = |id: QValueId| -> Vec<Origin> {
        (0..graph.value(id).channels()).map(|channel| (id, channel)).collect()
    };
    let mut origins: Vec<Vec<Origin>> = (0..graph.values.len()).map(QValueId).map(own).collect();
    for layer in &graph.layers {
        let QOp::Move(op) = &layer.op else { continue };
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
