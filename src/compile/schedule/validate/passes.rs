//! What a pass computes: rules 1 to 5 for the units of the accelerator.

use std::collections::{BTreeSet, HashSet};

use super::operators::{is_filter, is_large, kernel};
use super::{Touched, Walk, whole, wrong};
use crate::base::error::{Place as _, Result};
use crate::compile::schedule::{CHANNELS, Dense, Filter, PlaneRef, PlaneWork, Source, Stage, View};
use crate::frontend::ops::Op;
use crate::model::qgraph::{Layer, QMove, QOp, QValueId};

impl Walk<'_> {
    pub(super) fn dense(&mut self, dense: &Dense, rows: &Touched) -> Result<()> {
        let layer = self.graph.layers.get(dense.layer).ok_or_else(|| wrong("no such layer"))?;
        self.dense_source(dense, &rows.input).at(|| layer.place())?;
        let output = match &layer.op {
            QOp::Move(_) => match &dense.source {
                Source::Memory(views) if views.len() == 1 => views[0].value,
                _ => return Err(wrong("a copy reads one view")),
            },
            _ => layer.outputs[0],
        };
        match (&dense.residual, &layer.op) {
            (Some(view), QOp::Conv(conv)) if conv.residual().is_some() => {
                self.reads(view, layer.input(1), false, &rows.middle).at(|| layer.place())?;
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
        self.compute(dense.layer, output, &dense.slots, (&rows.middle, dense.rows.is_some()))?;
        if let (Some(id), Some(phase)) = (dense.store, dense.phase) {
            if !dense.filters.is_empty() || dense.rows.is_some() {
                return Err(wrong("a phase with filters, or a strip of one"));
            }
            return self.fill(id, output, &dense.slots, phase).at(|| layer.place());
        }
        if dense.phase.is_some() {
            return Err(wrong("a phase that goes nowhere"));
        }
        if let Some(id) = dense.store {
            self.write(id, output, &dense.slots, &rows.middle)?;
        } else if dense.filters.is_empty() {
            return Err(wrong("the result goes nowhere"));
        }
        if dense.filters.iter().any(|filter| self.product(filter).is_some()) {
            return Err(wrong("a product behind the array has no factors"));
        }
        let strip = dense.rows.is_some();
        self.filters(&dense.filters, (output, &dense.slots), (&rows.result, strip))
    }

    fn dense_source(&mut self, dense: &Dense, rows: &BTreeSet<usize>) -> Result<()> {
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
            let reach =
                tiles.saturating_sub(1).saturating_mul(dense.advance).saturating_add(dense.planes);
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
                self.reads(view, layer.input(0), flat, rows)?;
                let group = (conv.group_inputs(), conv.outputs() / conv.group);
                self.window(dense, view, |output| {
                    let first = output / group.1 * group.0;
                    first..first + group.0
                })
            }
            (QOp::Add, [first, second]) => {
                self.reads(first, layer.input(0), false, rows)?;
                self.reads(second, layer.input(1), false, rows)?;
                self.window(dense, first, |output| output..output + 1)?;
                self.window(dense, second, |output| output..output + 1)
            }
            (QOp::Rescale, [view]) => {
                self.reads(view, layer.input(0), false, rows)?;
                self.window(dense, view, |output| output..output + 1)
            }
            (QOp::Move(_), [view]) if layer.outputs.contains(&view.value) => {
                self.lies(view, true, rows)?;
                self.window(dense, view, |output| output..output + 1)
            }
            _ => Err(wrong("the array does not do this layer with these inputs")),
        }
    }

    fn stem(&mut self, dense: &Dense, image: QValueId) -> Result<()> {
        let layer = &self.graph.layers[dense.layer];
        let input = layer.input(0);
        if !self.graph.inputs.contains(&image) {
            return Err(wrong("the stem unit reads what is not a network input"));
        }
        let mut input = input;
        let mut blocks = 0;
        while input != Some(image) {
            let made = self.graph.layers.iter().position(|layer| {
                Some(&layer.outputs[..]) == input.as_ref().map(std::slice::from_ref)
            });
            let index = made.ok_or_else(|| wrong("the stem unit reads what nobody makes"))?;
            let last = self.graph.layers[index].input(0) == Some(image);
            match &self.graph.layers[index].op {
                QOp::Move(QMove(Op::SpaceToDepth(_))) if blocks == 0 => blocks += 1,
                QOp::Move(QMove(Op::Transpose(op)))
                    if last && op.order.as_deref() == Some(&[0, 3, 1, 2]) => {}
                _ => return Err(wrong("the stem unit cannot make this input from the image")),
            }
            self.folded.insert(index);
            input = self.graph.layers[index].input(0);
        }
        Ok(())
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

    pub(super) fn plane(&mut self, plane: &PlaneWork, rows: &Touched) -> Result<()> {
        let first = plane.filters.first().ok_or_else(|| wrong("no filter"))?;
        let layer = self.graph.layers.get(first.layer).ok_or_else(|| wrong("no such layer"))?;
        one_run(&plane.source.planes)?;
        self.factor(plane).at(|| layer.place())?;
        let from = plane.source.planes.first().map(|plane| plane.stored);
        let stages = from.and_then(|from| self.partial.get(&from).copied());
        match stages {
            Some((own, done)) if own == first.layer => {
                let from = from.ok_or_else(|| wrong("a stage reads nothing"))?;
                let whole = whole(from, &self.schedule.stored[self.stored(from)?]);
                if (&plane.source.planes, &plane.source.slots) != (&whole.planes, &whole.slots) {
                    return Err(wrong("a stage reads another part than the one before made"));
                }
                let found = &self.written[from.0];
                if let Some(row) = rows.middle.iter().find(|row| !found.contains(row)) {
                    return Err(wrong(format!("a stage reads row {row} before it is written")));
                }
                self.cascade(plane, layer.outputs[0], done + 1, rows)
            }
            _ if is_large(&layer.op) => self.large(plane, layer.input(0), rows),
            _ => {
                self.reads_part(&plane.source, layer.input(0), false, &rows.middle)
                    .at(|| layer.place())?;
                let input = layer.input(0).ok_or_else(|| wrong("no input"))?;
                let strip = plane.rows.is_some();
                let from = (input, &plane.source.slots[..]);
                self.filters(&plane.filters, from, (&rows.result, strip))
            }
        }
    }

    /// A product reads its factors, one for each channel that its input holds, and nothing else has any.
    fn factor(&self, plane: &PlaneWork) -> Result<()> {
        let product = plane.filters.iter().find_map(|filter| self.product(filter));
        let (layer, view) = match (product, &plane.factor) {
            (None, None) => return Ok(()),
            (Some(layer), Some(view)) if plane.filters.len() == 1 => (layer, view),
            _ => return Err(wrong("pass and layer disagree about factors")),
        };
        self.reads(view, layer.input(1), false, &BTreeSet::from([0]))?;
        one_run(&view.planes)?;
        match view.slots == plane.source.slots {
            true => Ok(()),
            false => Err(wrong("the factors have another order than the channels")),
        }
    }

    /// The layer of a filter, if it is a product.
    fn product(&self, filter: &Filter) -> Option<&Layer> {
        self.graph.layers.get(filter.layer).filter(|layer| layer.op == QOp::ChannelMul)
    }

    /// The first stage of a large maximum: from its input, or from a smaller one on the same input.
    fn large(&mut self, plane: &PlaneWork, input: Option<QValueId>, rows: &Touched) -> Result<()> {
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
        self.reads(&plane.source, read, false, &rows.middle).at(|| layer.place())?;
        self.cascade(plane, layer.outputs[0], done + 1, rows)
    }

    /// After this stage `done` stages of 3 x 3 are done.
    fn cascade(
        &mut self,
        plane: &PlaneWork,
        output: QValueId,
        done: usize,
        rows: &Touched,
    ) -> Result<()> {
        let [filter] = &plane.filters[..] else { return Err(wrong("a maximum has one filter")) };
        let needed = kernel(&self.graph.layers[filter.layer].op) / 2;
        let natural = &self.schedule.stored[self.stored(filter.result)?].slots;
        if *natural != plane.source.slots {
            return Err(wrong("a stage changes the order of channels"));
        }
        match plane.stage {
            Stage::Cascade if done < needed => {
                let own = (filter.layer, done);
                if *self.partial.entry(filter.result).or_insert(own) != own {
                    return Err(wrong("a tensor holds two stages"));
                }
                self.written[filter.result.0].extend(&rows.result);
                Ok(())
            }
            Stage::Whole if done == needed => {
                let strip = plane.rows.is_some();
                let slots = &plane.source.slots;
                self.compute(filter.layer, output, slots, (&rows.result, strip))?;
                self.write(filter.result, output, slots, &rows.result)
            }
            _ => Err(wrong(format!("{done} of {needed} stages"))),
        }
    }

    /// Filters on planes that hold channels `slots` of `input`.
    fn filters(
        &mut self,
        filters: &[Filter],
        (input, slots): (QValueId, &[Option<usize>]),
        rows: (&BTreeSet<usize>, bool),
    ) -> Result<()> {
        if filters.len() > 2 {
            return Err(wrong("more than two filters"));
        }
        for filter in filters {
            let layer =
                self.graph.layers.get(filter.layer).ok_or_else(|| wrong("no such layer"))?;
            if !is_filter(&layer.op) || layer.input(0) != Some(input) {
                return Err(wrong("the plane engine does not do this").at(layer.place()));
            }
            self.compute(filter.layer, layer.outputs[0], slots, rows)?;
            self.write(filter.result, layer.outputs[0], slots, rows.0)?;
        }
        Ok(())
    }
}

fn pieces(planes: &[PlaneRef]) -> usize {
    let mut pieces = 0;
    let mut last: Option<PlaneRef> = None;
    for plane in planes {
        let follows = last.is_some_and(|last| {
            last.stored == plane.stored
                && last.plane.checked_add(1) == Some(plane.plane)
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
