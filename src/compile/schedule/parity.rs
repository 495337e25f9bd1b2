//! Tensors by parity: of pixels that lie one behind the other, those of even address in a row of the banks, those of odd
//! address in the next one. A convolution with a stride of 2 then finds P pixels in P banks, where they lie in half of the
//! banks otherwise and take two cycles.
//!
//! Readers of whole groups, 1 x 1 convolutions and sums, find theirs in P banks too, since the odd pixels are turned by half
//! a row. All others would lose what this gains, so a tensor lies by parity where nobody else touches it.

use super::{Buffer, Dense, Rows, Schedule, Source, StoredId, View, Work, rows};
use crate::frontend::ops::window::Axis;
use crate::model::qgraph::{QGraph, QValueId, Width};

/// Marks the tensors of a schedule for `pixels` pixels a cycle.
pub fn mark(graph: &QGraph, schedule: &mut Schedule, pixels: usize) {
    if pixels == 1 {
        return;
    }
    let mut marks = Marks {
        schedule,
        pair: 2 * pixels,
        fits: vec![true; graph.values.len()],
        gains: vec![false; graph.values.len()],
    };
    for stored in &schedule.stored {
        let [plane, above] = [stored.height, stored.first].map(|rows| rows * stored.width);
        let whole = plane.is_multiple_of(marks.pair) && above.is_multiple_of(marks.pair);
        marks.fits[stored.value.0] &= whole && stored.format == Width::I8;
    }
    for pass in &schedule.passes {
        marks.pass(graph, &pass.work);
    }
    // The processor knows nothing of it.
    let alone = !schedule.passes.iter().any(|pass| matches!(pass.work, Work::Processor { .. }));
    let Marks { fits, gains, .. } = marks;
    let moved = transferred(schedule);
    for stored in &mut schedule.stored {
        let id = stored.value;
        stored.by_parity = fits[id.0] && gains[id.0] && (alone || !moved.contains(&id));
    }
}

fn transferred(schedule: &Schedule) -> Vec<QValueId> {
    let transfers = schedule.passes.iter().filter_map(|pass| match &pass.work {
        Work::Transfer(transfer) => Some(schedule.stored[transfer.stored.0].value),
        _ => None,
    });
    transfers.collect()
}

struct Marks<'a> {
    schedule: &'a Schedule,
    /// Words of two rows of the banks.
    pair: usize,
    /// By value: everybody can take it by parity.
    fits: Vec<bool>,
    /// By value: somebody is faster then.
    gains: Vec<bool>,
}

impl Marks<'_> {
    fn pass(&mut self, graph: &QGraph, work: &Work) {
        match work {
            Work::Dense(dense) => self.dense(graph, dense),
            Work::Plane(plane) => {
                self.excludes_view(&plane.source);
                plane.factor.iter().for_each(|view| self.excludes_view(view));
                plane.filters.iter().for_each(|filter| self.excludes(filter.result));
            }
            Work::Transfer(transfer) => {
                let stored = &self.schedule.stored[transfer.stored.0];
                let rows = transfer.rows.unwrap_or(rows::held(stored));
                match transfer.buffer {
                    Buffer::Scratch => self.touches(transfer.stored, rows),
                    Buffer::Image | Buffer::Output => self.excludes(transfer.stored),
                }
            }
            Work::Processor { .. } => {}
        }
    }

    fn dense(&mut self, graph: &QGraph, dense: &Dense) {
        dense.filters.iter().for_each(|filter| self.excludes(filter.result));
        dense.residual.iter().for_each(|view| self.excludes_view(view));
        let Ok(extent) = rows::dense_extent(graph, dense) else { return };
        match dense.store {
            Some(id) if dense.phase.is_none() => self.touches(id, extent.middle),
            Some(id) => self.excludes(id),
            None => {}
        }
        let Source::Memory(views) = &dense.source else { return };
        let axes = graph.layers[dense.layer].op.conv().map(|conv| conv.axes);
        let point = |axis: &Axis| axis.kernel == 1 && axis.stride == 1;
        let flat = axes.is_none_or(|axes| axes.iter().all(point));
        let apart = axes.is_some_and(|axes| axes[1].stride.is_multiple_of(2));
        for plane in views.iter().flat_map(|view| &view.planes) {
            if plane.upsampled || !(flat || apart) {
                self.excludes(plane.stored);
                continue;
            }
            if flat {
                self.touches(plane.stored, extent.input);
            }
            let value = self.value(plane.stored);
            self.gains[value.0] |= apart;
        }
    }

    fn value(&self, id: StoredId) -> QValueId {
        self.schedule.stored[id.0].value
    }

    fn excludes(&mut self, id: StoredId) {
        let value = self.value(id);
        self.fits[value.0] = false;
    }

    fn excludes_view(&mut self, view: &View) {
        view.planes.iter().for_each(|plane| self.excludes(plane.stored));
    }

    /// Rows that are written, moved or read group by group begin and end with pairs.
    fn touches(&mut self, id: StoredId, rows: Rows) {
        let stored = &self.schedule.stored[id.0];
        let words = |count: usize| count * stored.width;
        let begins = words(rows.first.saturating_sub(stored.first)).is_multiple_of(self.pair);
        if !begins || !words(rows.count).is_multiple_of(self.pair) {
            self.excludes(id);
        }
    }
}
